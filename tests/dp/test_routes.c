/* SPDX-License-Identifier: BSD-2-Clause */
/* Routes, neighbours and next hop slots of a real struct snap, against rules and a naive model. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <rte_eal.h>

#include <cmocka.h>

#include "dp/eal.h"
#include "snap/snap.h"
#include "support/rng.h"

static struct portset ports;
static struct crypto *crypto;
static struct keyd kd;
static struct snap *snap; /* a new one for each case */
static const struct rte_ether_addr mac = { { 2, 0, 0, 0, 0, 9 } };

static int
start(void **state)
{
	const struct crypto_conf cc = { .nworkers = 1 };

	(void)state;
	test_eal(512, NULL);
	ports.nport = 1;
	ports.niface = 2;
	ports.iface[0] = (struct iface){ .name = "wan",
		.naddr = 4,
		.addr = { test_ip("192.0.2.1/24"), test_ip("192.0.2.2/24"),
			test_ip("2001:db8::1/64"), test_ip("fe80::77/64") } };
	ports.iface[1] = (struct iface){
		.name = "lan", .vlan = 100, .naddr = 1, .addr = { test_ip("10.1.0.1/16") }
	};
	crypto = crypto_new(&cc, NULL);
	return crypto == NULL;
}

static int
stop(void **state)
{
	(void)state;
	crypto_free(crypto);
	return rte_eal_cleanup();
}

static int
make(void **state)
{
	const struct snap_conf sc = { .nworkers = 1,
		.max_sa = 64,
		.max_acl_bytes = 1u << 20,
		.ports = &ports,
		.crypto = crypto };
	struct err err = { 0 };

	(void)state;
	snap = snap_new(&sc, &err);
	if (snap == NULL)
		fail_msg("%s", err.text);
	assert_int_equal(keyd_init(&kd, snap_knobs(snap), &snap_dp_ops, snap), 0);
	snap_set_keyd(snap, &kd);
	assert_int_equal(snap_add_connected(snap, &err), 0);
	assert_true(snap_is_dirty(snap));
	assert_int_equal(snap_commit(snap, &err), 0);
	assert_false(snap_is_dirty(snap));
	return 0;
}

static int
unmake(void **state)
{
	(void)state;
	snap_free(snap);
	keyd_fini(&kd);
	return 0;
}

static void
commit(void)
{
	assert_int_equal(snap_commit(snap, NULL), 0);
	snap_reclaim(snap);
}

static uint16_t
lookup(const char *dst)
{
	const struct addr a = test_ip(dst);

	return snap_route_lookup(snap, &a);
}

static enum nh_kind
kind(const char *dst)
{
	return snap_nexthop(snap, lookup(dst))->kind;
}

static int
add(const char *to, const char *via, uint8_t iface)
{
	const struct addr t = test_ip(to);
	const struct addr v = test_ip(via != NULL ? via : "0.0.0.0");

	return snap_route_add(snap, &t, via != NULL ? &v : NULL, iface, NULL);
}

static int
del(const char *to)
{
	const struct addr t = test_ip(to);

	return snap_route_del(snap, &t, NULL);
}

static uint16_t
neighbour(const char *addr, uint8_t iface)
{
	const struct addr a = test_ip(addr);
	const uint16_t i = snap_nbr_get(snap, &a, iface);

	if (i != 0)
		snap_nbr_set(snap, i, &mac);
	return i;
}

static void
routes_are_added_once_and_only_static_ones_deleted(void **state)
{
	(void)state;
	assert_int_equal(add("10.2.0.0/16", "192.0.2.9", 0), 0);
	assert_true(snap_is_dirty(snap));
	assert_int_equal(add("10.2.0.0/16", "192.0.2.8", 0), -EEXIST);
	assert_int_equal(add("10.2.99.99/16", NULL, 0), -EEXIST);
	assert_int_equal(add("192.0.2.0/24", "10.1.0.9", 1), -EEXIST);
	assert_int_equal(add("192.0.2.1/32", "10.1.0.9", 1), -EEXIST);
	assert_int_equal(add("10.3.0.0/16", "192.0.2.2", 0), -EINVAL);
	assert_int_equal(add("10.3.0.0/16", "2001:db8::9", 0), -EINVAL);
	assert_int_equal(del("192.0.2.0/24"), -ENOENT);
	assert_int_equal(del("192.0.2.1/32"), -ENOENT);
	assert_int_equal(del("192.0.2.9/32"), -ENOENT); /* the gateway's own host route */
	assert_int_equal(del("10.3.0.0/16"), -ENOENT);
	assert_int_equal(lookup("10.2.1.1"), lookup("192.0.2.9"));
	assert_int_equal(add("0.0.0.0/0", "192.0.2.8", 0), 0);
	assert_int_equal(add("::/0", "2001:db8::8", 0), 0);
	assert_int_equal(del("10.2.0.0/16"), 0);
	assert_int_equal(lookup("10.2.1.1"), lookup("192.0.2.8"));
	assert_int_equal(kind("192.0.2.9"), NH_GLEAN); /* no gateway any more */
	assert_int_equal(del("0.0.0.0/0"), 0);
	assert_int_equal(del("::/0"), 0);
	assert_int_equal(kind("10.2.1.1"), NH_NONE);
	assert_int_equal(kind("2600::1"), NH_NONE);
}

static void
gateway_stays_while_a_route_uses_it(void **state)
{
	uint16_t gw;

	(void)state;
	assert_int_equal(add("10.2.0.0/16", "192.0.2.9", 0), 0);
	assert_int_equal(add("10.3.0.0/16", "192.0.2.9", 0), 0);
	gw = neighbour("192.0.2.9", 0);
	assert_int_equal(gw, lookup("10.2.0.1"));
	assert_int_equal(kind("10.3.0.1"), NH_REACHABLE);
	snap_nbr_del(snap, gw);
	assert_int_equal(lookup("10.3.0.1"), gw);
	assert_int_equal(kind("10.3.0.1"), NH_PENDING);
	assert_int_equal(neighbour("192.0.2.9", 0), gw);
	assert_int_equal(del("10.2.0.0/16"), 0);
	assert_int_equal(del("10.3.0.0/16"), 0);
	assert_int_equal(lookup("192.0.2.9"), gw); /* still a neighbour */
	assert_int_equal(kind("192.0.2.9"), NH_REACHABLE);
	snap_nbr_del(snap, gw);
	assert_int_equal(kind("192.0.2.9"), NH_GLEAN);
}

static void
static_route_rules_over_a_neighbours_host_route(void **state)
{
	uint16_t nbr;

	(void)state;
	nbr = neighbour("10.1.0.5", 1);
	assert_int_equal(lookup("10.1.0.5"), nbr);
	/* The very prefix, then one around it: both win over "it is on link". */
	assert_int_equal(add("10.1.0.5/32", "192.0.2.9", 0), 0);
	assert_int_equal(lookup("10.1.0.5"), lookup("192.0.2.9"));
	assert_int_equal(neighbour("10.1.0.5", 1), nbr);
	assert_int_equal(lookup("10.1.0.5"), lookup("192.0.2.9"));
	assert_int_equal(del("10.1.0.5/32"), 0);
	assert_int_equal(lookup("10.1.0.5"), nbr);
	assert_int_equal(add("10.1.0.0/24", "192.0.2.9", 0), 0);
	assert_int_equal(lookup("10.1.0.5"), lookup("192.0.2.9"));
	assert_int_equal(del("10.1.0.0/24"), 0);
	assert_int_equal(lookup("10.1.0.5"), nbr);
	/* Wider than the connected prefix: changes nothing. */
	assert_int_equal(add("10.0.0.0/8", "192.0.2.9", 0), 0);
	assert_int_equal(lookup("10.1.0.5"), nbr);
	snap_nbr_del(snap, nbr);
	assert_int_equal(kind("10.1.0.5"), NH_GLEAN);
}

static void
on_link_route_to_one_host_is_a_neighbour(void **state)
{
	uint16_t nbr;

	(void)state;
	assert_int_equal(add("203.0.113.7/32", NULL, 1), 0);
	nbr = lookup("203.0.113.7");
	assert_int_equal(snap_nexthop(snap, nbr)->kind, NH_PENDING);
	assert_int_equal(snap_nexthop(snap, nbr)->hdr_len, 18);
	assert_int_equal(neighbour("203.0.113.7", 1), nbr);
	assert_int_equal(del("203.0.113.7/32"), 0);
	assert_int_equal(kind("203.0.113.7"), NH_NONE); /* not on link any more */
	assert_int_equal(add("203.0.113.0/24", NULL, 1), 0);
	assert_int_equal(lookup("203.0.113.7"), nbr);
	assert_int_equal(del("203.0.113.0/24"), 0);
	assert_int_equal(kind("203.0.113.7"), NH_NONE);
	snap_nbr_del(snap, nbr);
}

static void
link_local_gateways_have_no_host_route(void **state)
{
	(void)state;
	assert_int_equal(add("2001:db8:1::/48", "fe80::1", 0), 0);
	assert_int_equal(add("2001:db8:2::/48", "fe80::1", 1), 0);
	assert_int_not_equal(lookup("2001:db8:1::1"), lookup("2001:db8:2::1"));
	assert_int_equal(snap_nexthop(snap, lookup("2001:db8:2::1"))->iface, 1);
	assert_int_equal(kind("fe80::1"), NH_NONE);
	assert_int_equal(kind("fe80::77"), NH_NONE);
	assert_int_equal(neighbour("192.0.2.1", 0), 0); /* our own address is no neighbour */
}

static void
slot_is_reused_only_after_commit_and_grace(void **state)
{
	struct rte_rcu_qsbr *qs = snap_qsbr(snap);
	uint16_t a;
	uint16_t b;

	(void)state;
	assert_int_equal(rte_rcu_qsbr_thread_register(qs, 0), 0);
	rte_rcu_qsbr_thread_online(qs, 0);
	a = neighbour("10.1.0.5", 1);
	snap_nbr_del(snap, a);
	assert_true(snap_is_dirty(snap));
	assert_int_equal(snap_nexthop(snap, a)->kind, NH_PENDING);
	snap_reclaim(snap);
	b = neighbour("10.1.0.6", 1);
	assert_int_not_equal(a, b);
	commit();
	assert_int_not_equal(neighbour("10.1.0.7", 1), a); /* a worker may still hold it */
	rte_rcu_qsbr_quiescent(qs, 0);
	snap_reclaim(snap);
	assert_int_equal(snap_nexthop(snap, a)->kind, NH_NONE);
	assert_int_equal(neighbour("10.1.0.8", 1), a);
	assert_int_equal(neighbour("10.1.0.6", 1), b);
	rte_rcu_qsbr_thread_offline(qs, 0);
	rte_rcu_qsbr_thread_unregister(qs, 0);
}

static void
all_slots_come_back(void **state)
{
	struct addr a = test_ip("10.1.1.0");
	unsigned int n;

	(void)state;
	for (unsigned int round = 0; round < 3; round++) {
		uint16_t got[NH_MAX];

		for (n = 0; n < NH_MAX; n++) {
			a.b[2] = (uint8_t)(1 + n / 250);
			a.b[3] = (uint8_t)(1 + n % 250);
			got[n] = snap_nbr_get(snap, &a, 1);
			if (got[n] == 0)
				break;
		}
		assert_true(n > NH_MAX - 20);
		assert_int_equal(add("10.9.0.0/16", "10.1.99.99", 1), -ENOSPC);
		while (n-- > 0)
			snap_nbr_del(snap, got[n]);
		commit();
		assert_int_equal(kind("10.1.1.1"), NH_GLEAN);
	}
}

/* Host routes of random IPv6 identifiers are the costly ones: all neighbours must fit. */
static void
four_thousand_random_ipv6_neighbours_fit(void **state)
{
	uint64_t rng = rng_seed("random_ipv6_neighbours");
	struct addr a = test_ip("2001:db8::");

	(void)state;
	for (unsigned int n = 0; n < 4000; n++) {
		const uint64_t id = rng_next(&rng) | 1;

		memcpy(a.b + 8, &id, 8);
		if (snap_nbr_get(snap, &a, 0) == 0)
			fail_msg("neighbour %u does not fit", n);
	}
}

/* What rte_fib 22.11 counts wrongly: a long prefix with its parent's next hop comes and goes. */
static void
route_like_its_parent_comes_and_goes(void **state)
{
	(void)state;
	assert_int_equal(add("10.8.0.0/13", "10.1.0.9", 1), 0);
	assert_int_equal(add("2001:db8:8::/48", "2001:db8::9", 0), 0);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(add("10.9.0.9/32", "10.1.0.9", 1), 0);
		assert_int_equal(add("2001:db8:8:8::/64", "2001:db8::9", 0), 0);
		assert_int_equal(del("10.9.0.9/32"), 0);
		assert_int_equal(del("2001:db8:8:8::/64"), 0);
		assert_int_equal(lookup("10.9.0.9"), lookup("10.1.0.9"));
	}
	assert_int_equal(del("10.8.0.0/13"), 0);
	assert_int_equal(del("2001:db8:8::/48"), 0);
	assert_int_not_equal(neighbour("10.1.200.1", 1), 0);
	assert_int_not_equal(neighbour("2001:db8::5", 0), 0);
}

/* ---- random sequences against a model that says for each address what the rules give ---- */

#define NROUTES 12
#define NNBRS   6

struct model {
	struct addr route[NROUTES];
	int via[NROUTES]; /* neighbour number; -1 on link of interface 1 */
	bool is_route[NROUTES], is_nbr[NNBRS];
	struct addr nbr[NNBRS];
};

static bool
is_gateway(const struct model *m, int n)
{
	for (int i = 0; i < NROUTES; i++) {
		if (m->is_route[i] && m->via[i] == n)
			return true;
	}
	return false;
}

/* Best static or connected route; -2 none, -1 on link, else neighbour number. */
static int
covering(const struct model *m, const struct addr *a, int *plen)
{
	const struct addr connected = test_ip("10.1.0.0/16");
	int best = -2;

	*plen = -1;
	if (addr_in_prefix(&connected, a)) {
		best = -1;
		*plen = 16;
	}
	for (int i = 0; i < NROUTES; i++) {
		if (m->is_route[i] && m->route[i].plen > *plen && addr_in_prefix(&m->route[i], a)) {
			best = m->via[i];
			*plen = m->route[i].plen;
		}
	}
	return best;
}

static int
want(const struct model *m, const struct addr *a)
{
	int plen;
	const int best = covering(m, a, &plen);

	if (plen == 32)
		return best;
	for (int n = 0; n < NNBRS; n++) {
		if (addr_eq(&m->nbr[n], a) && (is_gateway(m, n) || (m->is_nbr[n] && best == -1)))
			return n;
	}
	return best;
}

static void
check(const struct model *m, const char *dst)
{
	const struct addr a = test_ip(dst);
	const int w = want(m, &a);
	const struct nexthop *nh = snap_nexthop(snap, snap_route_lookup(snap, &a));

	if (w == -2) {
		assert_int_equal(nh->kind, NH_NONE);
	} else if (w == -1) {
		assert_int_equal(nh->kind, NH_GLEAN);
	} else {
		assert_true(addr_eq(&nh->gw, &m->nbr[w]));
		assert_int_equal(nh->kind, m->is_nbr[w] ? NH_REACHABLE : NH_PENDING);
	}
}

static void
step(struct model *m, uint64_t *rng)
{
	const unsigned int r = rng_next(rng) % NROUTES;
	const unsigned int n = rng_next(rng) % NNBRS;

	if (rng_next(rng) & 1) {
		const struct addr *via = m->via[r] >= 0 ? &m->nbr[m->via[r]] : NULL;

		if (m->is_route[r])
			assert_int_equal(snap_route_del(snap, &m->route[r], NULL), 0);
		else
			assert_int_equal(snap_route_add(snap, &m->route[r], via, 1, NULL), 0);
		m->is_route[r] = !m->is_route[r];
	} else if (m->is_nbr[n]) {
		snap_nbr_del(snap, snap_nbr_find(snap, &m->nbr[n], 1));
		m->is_nbr[n] = false;
	} else {
		const uint16_t i = snap_nbr_get(snap, &m->nbr[n], 1);

		assert_int_not_equal(i, 0);
		snap_nbr_set(snap, i, &mac);
		m->is_nbr[n] = true;
	}
	if (rng_next(rng) % 8 == 0)
		commit();
}

static void
random_changes_equal_the_model(void **state)
{
	static const char *const prefixes[NROUTES] = { "0.0.0.0/0", "10.0.0.0/8", "10.1.2.0/24",
		"10.1.2.1/32", "10.1.2.2/32", "10.1.2.0/31", "10.1.0.0/17", "10.2.0.0/16",
		"10.2.2.2/32", "172.16.0.0/12", "10.1.2.128/25", "172.16.1.1/32" };
	static const char *const hosts[NNBRS] = { "10.1.2.1", "10.1.2.2", "10.1.2.200",
		"10.1.200.1", "172.16.1.1", "10.2.2.2" };
	uint64_t rng = rng_seed("routes");
	struct model m = { 0 };

	(void)state;
	for (int n = 0; n < NNBRS; n++)
		m.nbr[n] = test_ip(hosts[n]);
	for (unsigned int i = 0; i < NROUTES; i++) {
		m.route[i] = test_ip(prefixes[i]);
		m.via[i] = (int)(rng_next(&rng) % NNBRS);
		/* On link only where it is a prefix: a single host would be a neighbour of its own. */
		if (m.route[i].plen < 32 && rng_next(&rng) % 3 == 0)
			m.via[i] = -1;
	}
	for (unsigned int i = 0; i < 4000; i++) {
		step(&m, &rng);
		for (int n = 0; n < NNBRS; n++)
			check(&m, hosts[n]);
		check(&m, "10.1.2.3");
		check(&m, "10.1.99.3");
		check(&m, "172.16.9.9");
		check(&m, "8.8.8.8");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			routes_are_added_once_and_only_static_ones_deleted, make, unmake),
		cmocka_unit_test_setup_teardown(gateway_stays_while_a_route_uses_it, make, unmake),
		cmocka_unit_test_setup_teardown(
			static_route_rules_over_a_neighbours_host_route, make, unmake),
		cmocka_unit_test_setup_teardown(
			on_link_route_to_one_host_is_a_neighbour, make, unmake),
		cmocka_unit_test_setup_teardown(
			link_local_gateways_have_no_host_route, make, unmake),
		cmocka_unit_test_setup_teardown(
			slot_is_reused_only_after_commit_and_grace, make, unmake),
		cmocka_unit_test_setup_teardown(all_slots_come_back, make, unmake),
		cmocka_unit_test_setup_teardown(
			four_thousand_random_ipv6_neighbours_fit, make, unmake),
		cmocka_unit_test_setup_teardown(route_like_its_parent_comes_and_goes, make, unmake),
		cmocka_unit_test_setup_teardown(random_changes_equal_the_model, make, unmake),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
