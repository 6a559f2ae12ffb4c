/* SPDX-License-Identifier: BSD-2-Clause */
/* Snapshots: the compiled SPD against the linear one, routes, neighbours, grace and drain. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_eal.h>

#include <cmocka.h>

#include "dp/eal.h"
#include "snap/snap.h"
#include "support/rng.h"

#define ACL_BYTES (1u << 20)

static struct portset ports;
static struct crypto *crypto;
static struct snap *snap;
static struct keyd kd;

static int
start(void **state)
{
	const struct crypto_conf cc = { .nworkers = 1 };
	struct snap_conf sc = {
		.nworkers = 1, .max_sa = 1024, .max_acl_bytes = ACL_BYTES, .ports = &ports
	};
	struct err err = { 0 };

	(void)state;
	test_eal(512, NULL);
	ports.nport = 1;
	ports.niface = 2;
	ports.iface[0] = (struct iface){ .name = "wan",
		.mtu = 1500,
		.naddr = 2,
		.addr = { test_ip("192.0.2.1/24"), test_ip("2001:db8::1/64") } };
	ports.iface[1] = (struct iface){ .name = "lan",
		.vlan = 100,
		.mtu = 1500,
		.naddr = 1,
		.addr = { test_ip("10.1.0.1/16") } };
	crypto = crypto_new(&cc, &err);
	sc.crypto = crypto;
	snap = crypto != NULL ? snap_new(&sc, &err) : NULL;
	if (snap == NULL)
		fail_msg("%s", err.text);
	assert_int_equal(keyd_init(&kd, snap_knobs(snap), &snap_dp_ops, snap), 0);
	snap_set_keyd(snap, &kd);
	assert_int_equal(snap_add_connected(snap, &err), 0);
	assert_int_equal(snap_commit(snap, &err), 0);
	return 0;
}

static int
stop(void **state)
{
	uint64_t created;
	uint64_t destroyed;

	(void)state;
	keyd_sa_flush(&kd, 0);
	keyd_sp_flush(&kd);
	assert_int_equal(snap_commit(snap, NULL), 0);
	snap_free(snap);
	keyd_fini(&kd);
	crypto_session_counts(crypto, &created, &destroyed);
	assert_int_equal(created, destroyed);
	assert_int_equal(kd.sad.created, kd.sad.destroyed);
	assert_int_equal(kd.spd.created, kd.spd.destroyed);
	crypto_free(crypto);
	return rte_eal_cleanup();
}

static struct addr
random_addr(uint64_t *rng, uint8_t af)
{
	struct addr a = { .af = af };

	/* Few distinct values, so that policies overlap and packets hit them. */
	for (unsigned int i = 0; i < addr_len(&a); i++)
		a.b[i] = (uint8_t)(rng_next(rng) % 3 == 0 ? rng_next(rng) % 2 * 0x80 : 1);
	a.plen = addr_full_plen(&a);
	return a;
}

static struct sp_spec
random_policy(uint64_t *rng)
{
	const uint8_t af = rng_next(rng) & 1 ? AF_INET : AF_INET6;
	struct sp_spec s = { .action = rng_next(rng) & 1 ? SP_DISCARD : SP_NONE };
	static const uint8_t protos[] = { ULPROTO_ANY, IPPROTO_TCP, IPPROTO_UDP };

	s.sel.src = random_addr(rng, af);
	s.sel.dst = random_addr(rng, af);
	s.sel.src.plen = (uint8_t)(rng_next(rng) % (s.sel.src.plen + 1u));
	s.sel.dst.plen = (uint8_t)(rng_next(rng) % (s.sel.dst.plen + 1u));
	s.sel.proto = protos[rng_next(rng) % 3];
	s.sel.dir = rng_next(rng) & 1 ? DIR_IN : DIR_OUT;
	if (s.sel.proto != ULPROTO_ANY) {
		s.sel.src.port_be = rte_cpu_to_be_16((uint16_t)(rng_next(rng) % 3));
		s.sel.dst.port_be = rte_cpu_to_be_16((uint16_t)(rng_next(rng) % 3));
	}
	return s;
}

static uint32_t
classify(const struct snapshot *s, enum sp_dir dir, const struct selector_pkt *p)
{
	struct key4 k4 = { .proto = p->proto, .sport_be = p->sport_be, .dport_be = p->dport_be };
	struct key6 k6 = { .proto = p->proto, .sport_be = p->sport_be, .dport_be = p->dport_be };
	const bool v6 = p->src.af == AF_INET6;
	const uint8_t *data = v6 ? (const uint8_t *)&k6 : (const uint8_t *)&k4;
	uint32_t result = 0;

	memcpy(&k4.src_be, p->src.b, 4);
	memcpy(&k4.dst_be, p->dst.b, 4);
	memcpy(k6.src, p->src.b, 16);
	memcpy(k6.dst, p->dst.b, 16);
	if (s->acl[dir][v6] == NULL)
		return 0;
	assert_int_equal(rte_acl_classify(s->acl[dir][v6], &data, &result, 1, 1), 0);
	return result;
}

static struct sp_spec
scattered_policy(uint64_t *rng)
{
	struct sp_spec s = { .action = SP_DISCARD };
	const uint64_t x = rng_next(rng);

	s.sel = (struct selector){ test_ip("10.0.0.0/8"), test_ip("10.0.0.0/8"), ULPROTO_ANY,
		DIR_OUT };
	memcpy(s.sel.src.b, &x, 4);
	memcpy(s.sel.dst.b, (const uint8_t *)&x + 4, 4);
	s.sel.src.plen = (uint8_t)(18 + rng_next(rng) % 12);
	s.sel.dst.plen = (uint8_t)(18 + rng_next(rng) % 12);
	return s;
}

static void
policies_that_do_not_fit_change_nothing(void **state)
{
	const struct sp_spec one = { .sel = { test_ip("10.1.0.0/16"), test_ip("10.2.0.0/16"),
					     ULPROTO_ANY, DIR_OUT },
		.action = SP_DISCARD };
	const struct snapshot *s;
	uint64_t rng = rng_seed("fit");
	struct err err = { 0 };
	struct keyd next = { .next_reqid = 1 };
	struct rte_acl_ctx *acl;
	struct sp *sp;

	(void)state;
	spd_init(&next.spd);
	for (unsigned int i = 0; i < 6000; i++) {
		const struct sp_spec spec = scattered_policy(&rng);

		assert_int_equal(spd_add(&next.spd, &spec, 0, &sp), 0);
	}
	assert_int_equal(keyd_sp_add(&kd, &one, NULL, &err), 0);
	assert_int_equal(snap_commit(snap, &err), 0);
	acl = atomic_load(snap_current(snap))->acl[DIR_OUT][0];
	assert_int_equal(keyd_sp_replace_all(&kd, &next, &err), -ENOBUFS);
	assert_non_null(strstr(err.text, "limits.acl_bytes"));
	assert_int_equal(kd.spd.n, 1);
	/* Later commits succeed, and need not compile what is compiled. */
	assert_int_equal(snap_commit(snap, &err), 0);
	s = atomic_load(snap_current(snap));
	assert_ptr_equal(s->acl[DIR_OUT][0], acl);
	assert_int_equal(s->norder[DIR_OUT], 1);
	assert_ptr_equal(s->sp[s->order[DIR_OUT][0]->slot], s->order[DIR_OUT][0]);
	(void)snap_reclaim(snap);
	assert_int_equal(kd.spd.created - kd.spd.destroyed, 1);
	keyd_sp_flush(&kd);
	assert_int_equal(snap_commit(snap, &err), 0);
	assert_null(atomic_load(snap_current(snap))->acl[DIR_OUT][0]);
	spd_fini(&next.spd);
}

static void
acl_equals_linear_first_match(void **state)
{
	uint64_t rng = rng_seed("acl");
	unsigned int hits = 0;

	(void)state;
	for (unsigned int round = 0; round < 15; round++) {
		const struct snapshot *s;

		for (unsigned int i = 0; i < 60; i++) {
			struct sp_spec spec = random_policy(&rng);
			int ret = keyd_sp_add(&kd, &spec, NULL, NULL);

			assert_true(ret == 0 || ret == -EEXIST);
		}
		assert_int_equal(snap_commit(snap, NULL), 0);
		s = atomic_load(snap_current(snap));
		for (unsigned int i = 0; i < 2000; i++) {
			const enum sp_dir dir = rng_next(&rng) & 1 ? DIR_IN : DIR_OUT;
			const uint8_t af = rng_next(&rng) & 1 ? AF_INET : AF_INET6;
			const struct selector_pkt p = { random_addr(&rng, af),
				random_addr(&rng, af),
				rng_next(&rng) & 1 ? IPPROTO_TCP : IPPROTO_UDP, true,
				rte_cpu_to_be_16((uint16_t)(1 + rng_next(&rng) % 2)),
				rte_cpu_to_be_16((uint16_t)(1 + rng_next(&rng) % 2)) };
			const struct sp *want = spd_lookup(&kd.spd, dir, &p);
			const uint32_t got = classify(s, dir, &p);

			if (want == NULL)
				assert_int_equal(got, 0);
			else
				assert_ptr_equal(s->sp[got - 1]->rec, want);
			hits += want != NULL;
		}
		keyd_sp_flush(&kd);
		assert_int_equal(snap_commit(snap, NULL), 0);
		assert_int_equal(snap_reclaim(snap), 0);
	}
	assert_true(hits > 3000);
}

static uint64_t
lookup4(const struct snapshot *s, const char *dst)
{
	struct addr a = test_ip(dst);
	uint32_t be;
	uint32_t host;
	uint64_t nh = 0;

	memcpy(&be, a.b, 4);
	host = rte_be_to_cpu_32(be);
	assert_int_equal(rte_fib_lookup_bulk(s->fib4, &host, &nh, 1), 0);
	return nh;
}

static uint64_t
lookup6(const struct snapshot *s, const char *dst)
{
	struct addr a = test_ip(dst);
	uint8_t bytes[1][RTE_FIB6_IPV6_ADDR_SIZE];
	uint64_t nh = 0;

	memcpy(bytes[0], a.b, 16);
	assert_int_equal(rte_fib6_lookup_bulk(s->fib6, bytes, &nh, 1), 0);
	return nh;
}

static void
fib_finds_local_connected_and_gateway_routes(void **state)
{
	const struct snapshot *s = atomic_load(snap_current(snap));
	const struct rte_ether_addr mac = { { 2, 0, 0, 0, 0, 9 } };
	struct addr to = test_ip("10.2.0.0/16");
	struct addr via = test_ip("192.0.2.2");
	uint64_t nh;

	(void)state;
	assert_int_equal(snap_route_add(snap, &to, &via, 0, NULL), 0);
	to = test_ip("::/0");
	via = test_ip("2001:db8::2");
	assert_int_equal(snap_route_add(snap, &to, &via, 0, NULL), 0);
	assert_int_equal(s->nh[lookup4(s, "192.0.2.1")].kind, NH_LOCAL);
	assert_int_equal(s->nh[lookup4(s, "192.0.2.77")].kind, NH_GLEAN);
	assert_int_equal(s->nh[lookup4(s, "10.1.2.3")].iface, 1);
	assert_int_equal(s->nh[lookup4(s, "8.8.8.8")].kind, NH_NONE);
	assert_int_equal(s->nh[lookup6(s, "2001:db8::1")].kind, NH_LOCAL);
	assert_int_equal(lookup6(s, "2600::1"), lookup6(s, "2001:db8::2"));
	nh = lookup4(s, "10.2.3.4");
	assert_int_equal(nh, lookup4(s, "192.0.2.2"));
	assert_int_equal(s->nh[nh].kind, NH_PENDING);
	snap_nbr_set(snap, (uint16_t)nh, &mac);
	assert_int_equal(s->nh[nh].kind, NH_REACHABLE);
	assert_memory_equal(s->nh[nh].hdr[s->nh[nh].slot], &mac, 6);
	assert_int_equal(s->nh[nh].hdr_len, 14);
	via = test_ip("10.1.0.9");
	nh = snap_nbr_get(snap, &via, 1);
	snap_nbr_set(snap, (uint16_t)nh, &mac);
	assert_int_equal(s->nh[nh].hdr_len, 18);
	assert_int_equal(s->nh[nh].hdr[s->nh[nh].slot][15], 100);
	assert_int_equal(lookup4(s, "10.1.0.9"), nh);
}

static struct sa_spec
gcm_spec(uint32_t spi, const char *src, const char *dst)
{
	struct sa_spec s = {
		.spi = spi, .enc = alg_by_name(ALG_ENC, "aes-gcm-16"), .window_pkts = 64
	};

	s.idx = (struct saidx){ test_ip(src), test_ip(dst), IPPROTO_ESP, MODE_TUNNEL, 0 };
	s.enckey.len = 20;
	return s;
}

static void
sa_is_found_replaced_and_freed_only_after_grace(void **state)
{
	struct sa_spec out = gcm_spec(0x1001, "192.0.2.1", "192.0.2.2");
	struct sa_spec in = gcm_spec(0x1002, "192.0.2.2", "192.0.2.1");
	struct sp_spec sp = { .action = SP_IPSEC, .nreq = 1 };
	struct sad_key key = { .spi_be = rte_cpu_to_be_32(0x1002),
		.proto = IPPROTO_ESP,
		.af = AF_INET,
		.dst = { 192, 0, 2, 1 } };
	struct rte_rcu_qsbr *qs = snap_qsbr(snap);
	const struct snapshot *s;
	struct sa_rt *rt;
	struct err err = { 0 };

	(void)state;
	sp.sel = (struct selector){ test_ip("10.1.0.0/16"), test_ip("10.2.0.0/16"), ULPROTO_ANY,
		DIR_OUT };
	sp.req[0] = (struct sp_req){ IPPROTO_ESP, MODE_TUNNEL, LEVEL_DEFAULT, 0,
		test_ip("192.0.2.1"), test_ip("192.0.2.2") };
	assert_int_equal(keyd_sp_add(&kd, &sp, NULL, &err), 0);
	assert_int_equal(keyd_sa_add(&kd, &in, &err), 0);
	assert_int_equal(snap_commit(snap, &err), 0);
	s = atomic_load(snap_current(snap));
	assert_null(s->order[DIR_OUT][0]->step[0].sa);
	assert_int_equal(s->order[DIR_OUT][0]->step[0].level, LEVEL_USE);
	rt = sadtbl_lookup(s, &key);
	assert_non_null(rt);
	assert_int_equal(rt->dir, DIR_IN);
	assert_int_equal(keyd_sa_add(&kd, &out, &err), 0);
	assert_int_equal(snap_commit(snap, &err), 0);
	s = atomic_load(snap_current(snap));
	rt = s->order[DIR_OUT][0]->step[0].sa;
	assert_int_equal(rt->spi_be, rte_cpu_to_be_32(0x1001));
	assert_int_equal(rt->dir, DIR_OUT);
	snap_reclaim(snap);

	/* A worker that has not passed a quiescent state holds everything back. */
	assert_int_equal(rte_rcu_qsbr_thread_register(qs, 0), 0);
	rte_rcu_qsbr_thread_online(qs, 0);
	keyd_sa_flush(&kd, 0);
	assert_int_equal(keyd_sa_add(&kd, &in, &err), 0); /* the same name again, in one commit */
	assert_int_equal(snap_commit(snap, &err), 0);
	assert_non_null(sadtbl_lookup(s, &key));
	assert_int_equal(snap_reclaim(snap), 3); /* two SAs and the old snapshot */
	assert_int_equal(kd.sad.created - kd.sad.destroyed, 3);
	rt->lc[0].inflight = 1;
	rte_rcu_qsbr_quiescent(qs, 0);
	assert_int_equal(snap_reclaim(snap), 2);
	rte_rcu_qsbr_quiescent(qs, 0);
	assert_int_equal(snap_reclaim(snap), 1); /* in an engine: drain comes after grace */
	rt->lc[0].inflight = 0;
	assert_int_equal(
		snap_reclaim(snap), 1); /* and the step that polled the packet after drain */
	rte_rcu_qsbr_quiescent(qs, 0);
	assert_int_equal(snap_reclaim(snap), 0);
	assert_int_equal(kd.sad.created - kd.sad.destroyed, 1);
	rte_rcu_qsbr_thread_offline(qs, 0);
	rte_rcu_qsbr_thread_unregister(qs, 0);
}

static void
sa_install_refuses_what_no_engine_offers(void **state)
{
	struct sa_spec s = gcm_spec(0x2001, "192.0.2.1", "192.0.2.2");
	struct err err = { 0 };
	const uint32_t before = kd.sad.n;

	(void)state;
	s.enc = alg_by_name(ALG_ENC, "twofish-cbc");
	s.enckey.len = 16;
	s.auth = alg_by_name(ALG_AUTH, "hmac-sha1");
	s.authkey.len = 20;
	assert_int_equal(keyd_sa_add(&kd, &s, &err), -EOPNOTSUPP);
	assert_int_equal(kd.sad.n, before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policies_that_do_not_fit_change_nothing),
		cmocka_unit_test(acl_equals_linear_first_match),
		cmocka_unit_test(fib_finds_local_connected_and_gateway_routes),
		cmocka_unit_test(sa_is_found_replaced_and_freed_only_after_grace),
		cmocka_unit_test(sa_install_refuses_what_no_engine_offers),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
