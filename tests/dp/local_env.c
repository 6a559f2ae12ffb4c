/* SPDX-License-Identifier: BSD-2-Clause */
#include "local_env.h"

#include <netinet/in.h>

#include <rte_eal.h>

#include "dp/eal.h"
#include "unit/hexpkt.h"
#include "wire/arp.h"
#include "wire/ip.h"

struct env world;

static void
ports(void)
{
	world.ports.nport = 3;
	world.ports.niface = 3;
	for (uint8_t i = 0; i < 3; i++)
		world.ports.port[i].mac = (struct rte_ether_addr){ { 2, 0, 0, 0, 0, 0xb + i } };
	world.ports.iface[WAN] = (struct iface){ .name = "wan",
		.port = 0,
		.mtu = 1500,
		.naddr = 2,
		.addr = { test_ip("192.0.2.1/24"), test_ip("2001:db8::1/64") } };
	world.ports.iface[LAN] = (struct iface){ .name = "lan",
		.port = 1,
		.vlan = 100,
		.mtu = 1500,
		.naddr = 2,
		.addr = { test_ip("10.1.0.1/16"), test_ip("2001:db8:1::1/64") } };
	world.ports.iface[V4] = (struct iface){ .name = "v4",
		.port = 2,
		.mtu = 1500,
		.naddr = 1,
		.addr = { test_ip("198.18.0.1/24") } };
}

int
env_start(void **state)
{
	const struct crypto_conf cc = { .nworkers = 1 };

	(void)state;
	test_eal(512, NULL);
	ports();
	world.pool = pkt_pool_create("local", NPOOL, 2048 + RTE_PKTMBUF_HEADROOM, 0);
	world.crypto = crypto_new(&cc, NULL);
	return world.pool == NULL || world.crypto == NULL;
}

int
env_stop(void **state)
{
	(void)state;
	crypto_free(world.crypto);
	rte_mempool_free(world.pool);
	return rte_eal_cleanup();
}

static void
capture(void *arg, struct rte_mbuf *m)
{
	(void)arg;
	assert_true(world.nout < ARRAY_LEN(world.out));
	world.out[world.nout++] = m;
}

int
env_make(void **state)
{
	const struct snap_conf sc = { .nworkers = 1,
		.max_sa = 64,
		.max_acl_bytes = 1u << 20,
		.ports = &world.ports,
		.crypto = world.crypto };
	struct local_conf lc = {
		.ports = &world.ports, .pool = world.pool, .lane = &world.lane, .inject = capture
	};
	struct err err = { 0 };

	(void)state;
	memset(&world.lane, 0, sizeof(world.lane));
	world.now = 1000000;
	world.snap = snap_new(&sc, &err);
	if (world.snap == NULL)
		fail_msg("%s", err.text);
	assert_int_equal(keyd_init(&world.kd, snap_knobs(world.snap), &snap_dp_ops, world.snap), 0);
	snap_set_keyd(world.snap, &world.kd);
	assert_int_equal(snap_add_connected(world.snap, &err), 0);
	assert_int_equal(snap_commit(world.snap, &err), 0);
	lc.snap = world.snap;
	world.l = local_new(&lc, &err);
	assert_non_null(world.l);
	return 0;
}

int
env_unmake(void **state)
{
	(void)state;
	local_free(world.l);
	(void)flush(0);
	snap_free(world.snap);
	keyd_fini(&world.kd);
	assert_int_equal(rte_mempool_avail_count(world.pool), NPOOL);
	return 0;
}

struct rte_mbuf *
frame(uint8_t in_if, uint16_t type, const void *data, size_t len)
{
	const uint8_t head[18] = { 2, 0, 0, 0, 0, (uint8_t)(0xb + in_if), 2, 0, 0, 0, 0, 0xa, 0x81,
		0, 0, 100, (uint8_t)(type >> 8), (uint8_t)type };
	struct rte_mbuf *m = rte_pktmbuf_alloc(world.pool);
	const uint16_t n = in_if == LAN ? 18 : 14;
	uint8_t *p;

	assert_non_null(m);
	p = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(n + len));
	assert_non_null(p);
	memcpy(p, head, n);
	memcpy(p + n - 2, head + 16, 2);
	memcpy(p + n, data, len);
	*pkt_meta(m) = (struct pkt_meta){ .in_if = in_if, .out_if = IFACE_NONE, .l3_off = n };
	return m;
}

/* What a worker's parse stage leaves in the metadata. */
static void
parse(struct rte_mbuf *m, uint8_t kind)
{
	struct pkt_meta *meta = pkt_meta(m);
	const uint8_t *p = rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l3_off);
	const size_t len = (size_t)(m->data_len - meta->l3_off);
	struct ip6_upper u = { 0 };

	meta->kind = kind;
	meta->af = p[0] >> 4 == 4 ? AF_INET : AF_INET6;
	if (meta->af == AF_INET) {
		u.off = (uint16_t)((p[0] & 15) * 4);
		u.proto = p[9];
	} else if (ip6_find_upper(p, len, &u) != 0) {
		u.off = 40;
	}
	meta->l4_off = (uint16_t)(meta->l3_off + u.off);
	meta->l4_proto = u.proto;
	meta->l4_len = (uint16_t)(len - u.off);
}

struct rte_mbuf *
ip_frame(uint8_t in_if, uint8_t kind, const char *hex)
{
	const struct hexpkt p = hexpkt(hex);
	struct rte_mbuf *m = frame(in_if, p.b[0] >> 4 == 4 ? 0x0800 : 0x86dd, p.b, p.len);

	parse(m, kind);
	return m;
}

struct rte_mbuf *
udp(uint8_t in_if, uint8_t kind, const char *src, const char *dst, uint32_t id)
{
	const struct addr s = test_ip(src);
	const struct addr d = test_ip(dst);
	const bool v6 = s.af == AF_INET6;
	uint8_t p[64] = { v6 ? 0x60 : 0x45 };
	const size_t hl = v6 ? 40 : 20;
	struct rte_mbuf *m;

	p[v6 ? 5 : 3] = (uint8_t)(v6 ? 12 : 32);
	p[v6 ? 6 : 9] = IPPROTO_UDP;
	p[v6 ? 7 : 8] = 64;
	memcpy(p + (v6 ? 8 : 12), s.b, addr_len(&s));
	memcpy(p + (v6 ? 24 : 16), d.b, addr_len(&d));
	p[hl + 5] = 12;
	memcpy(p + hl + 8, &id, 4);
	m = frame(in_if, v6 ? 0x86dd : 0x0800, p, hl + 12);
	parse(m, kind);
	return m;
}

uint32_t
udp_id(struct rte_mbuf *m)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t id;

	memcpy(&id, p + (p[0] >> 4 == 4 ? 28 : 48), 4);
	return id;
}

void
punt(struct rte_mbuf *m)
{
	local_punt(world.l, m, world.now);
}

void
resolve(const char *dst, uint32_t id)
{
	const bool v6 = strchr(dst, ':') != NULL;
	struct rte_mbuf *m = udp(WAN, PUNT_RESOLVE, v6 ? "2001:db8::10" : "192.0.2.10", dst, id);

	pkt_meta(m)->out_if = LAN;
	punt(m);
}

void
run(uint64_t ms)
{
	for (uint64_t end = world.now + ms; world.now < end;) {
		world.now += 100;
		local_tick(world.l, world.now);
		if (snap_is_dirty(world.snap))
			assert_int_equal(snap_commit(world.snap, NULL), 0);
		snap_reclaim(world.snap);
	}
}

struct rte_mbuf *
take(uint8_t kind)
{
	struct rte_mbuf *m;

	if (world.head == world.nout)
		fail_msg("nothing was injected");
	m = world.out[world.head++];
	assert_int_equal(pkt_meta(m)->kind, kind);
	assert_int_equal(m->data_len, m->pkt_len);
	return m;
}

void
quiet(void)
{
	assert_int_equal(world.nout - world.head, 0);
}

unsigned int
flush(uint8_t kind)
{
	unsigned int n = 0;

	for (; world.head < world.nout; world.head++) {
		n += pkt_meta(world.out[world.head])->kind == kind;
		rte_pktmbuf_free(world.out[world.head]);
	}
	world.head = world.nout = 0;
	return n;
}

void
arp(uint8_t iface, uint16_t op, const char *sender, uint8_t mac, const char *target)
{
	const struct addr s = test_ip(sender);
	const struct addr t = test_ip(target);
	uint8_t p[46] = { 0, 1, 8, 0, 6, 4, 0, (uint8_t)op, 2, 0, 0, 0, 0, mac };
	struct rte_mbuf *m;

	memcpy(p + 14, s.b, 4);
	memcpy(p + 24, t.b, 4);
	m = frame(iface, 0x0806, p, sizeof(p));
	pkt_meta(m)->kind = PUNT_ARP;
	punt(m);
}

uint8_t
kind_of(const char *dst)
{
	const struct addr a = test_ip(dst);

	return snap_nexthop(world.snap, snap_route_lookup(world.snap, &a))->kind;
}

const char *
state_of(const char *addr)
{
	static struct nbr_row rows[NH_MAX];
	const struct addr a = test_ip(addr);
	const unsigned int n = local_neighbours(world.l, world.now, rows, NH_MAX);

	for (unsigned int i = 0; i < n; i++) {
		if (addr_eq(&rows[i].addr, &a))
			return rows[i].state;
	}
	return "";
}
