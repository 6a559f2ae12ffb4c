/* SPDX-License-Identifier: BSD-2-Clause */
#include "dp/gw.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "base/hex.h"
#include "ctl/keyload.h"
#include "dp/eal.h"
#include "pkt/pkt.h"
#include "setkey/setkey.h"
#include "wire/ip.h"

#define RING      1024u
#define STEPS_MAX 1000000u /* a second and more: the devices are software */

static void
open_eal(void)
{
	static bool done;

	if (done)
		return;
	test_eal(768, "--log-level=lib.eal:4");
	/* A compression device can be made 64 times in one process, so that it outlives a gateway, too. */
	if (rte_dev_probe("compress_zlib") != 0)
		fail_msg("no compress_zlib");
	done = true;
}

/* Ring ports cannot be made twice under one name, so they outlive a gateway. */
static struct wire {
	struct rte_ring *rx, *tx;
	uint16_t ethdev;
} wires[2];

static void
make_wire(struct wire *wire, const char *name, struct rte_mempool *pool)
{
	char ring[2][32];
	struct rte_eth_conf conf = { 0 };
	int id;

	(void)snprintf(ring[0], sizeof(ring[0]), "%s_rx", name);
	(void)snprintf(ring[1], sizeof(ring[1]), "%s_tx", name);
	wire->rx = rte_ring_create(ring[0], RING, 0, RING_F_SP_ENQ | RING_F_SC_DEQ);
	wire->tx = rte_ring_create(ring[1], RING, 0, RING_F_SP_ENQ | RING_F_SC_DEQ);
	id = rte_eth_from_rings(name, &wire->rx, 1, &wire->tx, 1, 0);
	assert_true(id >= 0);
	wire->ethdev = (uint16_t)id;
	assert_int_equal(rte_eth_dev_configure(wire->ethdev, 1, 1, &conf), 0);
	assert_int_equal(rte_eth_rx_queue_setup(wire->ethdev, 0, RING, 0, NULL, pool), 0);
	assert_int_equal(rte_eth_tx_queue_setup(wire->ethdev, 0, RING, 0, NULL), 0);
	assert_int_equal(rte_eth_dev_start(wire->ethdev), 0);
}

static void
open_port(struct gw *g, unsigned int i)
{
	struct port *p = &g->ports.port[i];

	if (wires[i].rx == NULL)
		make_wire(&wires[i], i == GW_LAN ? "lan" : "wan", g->pool);
	g->rx[i] = wires[i].rx;
	g->tx[i] = wires[i].tx;
	p->id = wires[i].ethdev;
	p->nrxq = p->ntxq = 1;
	p->mtu = 1500;
	p->mac = (struct rte_ether_addr){ { 2, 0, 0, 0, 1, (uint8_t)i } };
	atomic_store(&p->link, 1);
}

static void
neighbour(struct gw *g, const char *addr, uint8_t iface, uint8_t last)
{
	const struct rte_ether_addr mac = { { 2, 0, 0, 0, 9, last } };
	struct addr a = test_ip(addr);

	a.plen = addr_full_plen(&a);
	snap_nbr_set(g->snap, snap_nbr_get(g->snap, &a, iface), &mac);
}

/* One end of the link between the two gateways. */
struct side {
	const char *lan4, *lan6, *wan4, *wan6, *tag4; /* own addresses */
	const char *host4, *host6; /* on the LAN */
	const char *net4, *net6; /* behind the other one */
};

static const struct side sides[2] = {
	{ "10.1.0.1/16", "fd00:1::1/64", "192.0.2.1/24", "2001:db8::1/64", "10.3.0.1/16",
		"10.1.0.2", "fd00:1::2", "10.2.0.0/16", "fd00:2::/64" },
	{ "10.2.0.1/16", "fd00:2::1/64", "192.0.2.2/24", "2001:db8::2/64", "10.4.0.1/16",
		"10.2.0.2", "fd00:2::2", "10.1.0.0/16", "fd00:1::/64" },
};

static void
open_routes(struct gw *g, const struct side *s, const struct side *other)
{
	struct addr to = test_ip(s->net4), via = test_ip(other->wan4);

	via.plen = addr_full_plen(&via);
	assert_int_equal(snap_add_connected(g->snap, NULL), 0);
	assert_int_equal(snap_route_add(g->snap, &to, &via, GW_WAN, NULL), 0);
	to = test_ip(s->net6);
	via = test_ip(other->wan6);
	via.plen = addr_full_plen(&via);
	assert_int_equal(snap_route_add(g->snap, &to, &via, GW_WAN, NULL), 0);
	neighbour(g, other->wan4, GW_WAN, 1);
	neighbour(g, other->wan6, GW_WAN, 1);
	neighbour(g, s->host4, GW_LAN, 2);
	neighbour(g, s->host6, GW_LAN, 2);
}

void
gw_open(struct gw *g, enum crypto_engine engine, const char *const *devices)
{
	gw_open_side(g, 0, engine, devices);
}

void
gw_open_side(struct gw *g, unsigned int side, enum crypto_engine engine, const char *const *devices)
{
	const struct side *own = &sides[side];
	struct crypto_conf cc = {
		.engine = engine, .devices = devices, .compress_device = "", .nworkers = 1
	};
	struct snap_conf sc = {
		.nworkers = 1, .max_sa = 2048, .max_acl_bytes = 64u << 20, .ports = &g->ports
	};
	struct worker_env env = { .ports = &g->ports, .poll_always = true };
	struct err err = { 0 };

	memset(g, 0, sizeof(*g));
	open_eal();
	while (devices != NULL && devices[cc.ndevices] != NULL)
		cc.ndevices++;
	g->pool = pkt_pool_create("gw_pool", 4095, 2048 + RTE_PKTMBUF_HEADROOM, 0);
	g->punt = rte_ring_create("gw_punt", 64, 0, RING_F_SC_DEQ);
	g->reass = reass_new(GW_FRAGS, 0);
	assert_true(g->pool != NULL && g->punt != NULL && g->reass != NULL);
	open_port(g, GW_LAN);
	open_port(g, GW_WAN);
	g->ports.nport = 2;
	g->ports.niface = 3;
	g->ports.iface[GW_LAN] = (struct iface){ .name = "lan",
		.port = GW_LAN,
		.mtu = 1500,
		.naddr = 2,
		.addr = { test_ip(own->lan4), test_ip(own->lan6) } };
	g->ports.iface[GW_WAN] = (struct iface){ .name = "wan",
		.port = GW_WAN,
		.mtu = 1500,
		.naddr = 2,
		.addr = { test_ip(own->wan4), test_ip(own->wan6) } };
	g->ports.iface[GW_TAG] = (struct iface){ .name = "tag",
		.port = GW_LAN,
		.vlan = 100,
		.mtu = 1500,
		.naddr = 1,
		.addr = { test_ip(own->tag4) } };
	g->crypto = sc.crypto = crypto_new(&cc, &err);
	g->snap = g->crypto != NULL ? snap_new(&sc, &err) : NULL;
	if (g->snap == NULL)
		fail_msg("%s", err.text);
	assert_int_equal(keyd_init(&g->kd, snap_knobs(g->snap), &snap_dp_ops, g->snap), 0);
	snap_set_keyd(g->snap, &g->kd);
	open_routes(g, own, &sides[1 - side]);
	env.snap = snap_current(g->snap);
	env.qs = snap_qsbr(g->snap);
	env.crypto = g->crypto;
	env.pool = g->pool;
	env.reass = g->reass;
	env.punt = g->punt;
	g->w = worker_new(&env, 0, 0, &err);
	if (g->w == NULL)
		fail_msg("%s", err.text);
	assert_int_equal(worker_add_rxq(g->w, GW_LAN, 0), 0);
	assert_int_equal(worker_add_rxq(g->w, GW_WAN, 0), 0);
	snap_set_ready(g->snap, true);
	gw_commit(g);
	g->now = 1000;
}

static struct rte_mbuf *
take(struct rte_ring *r)
{
	void *m = NULL;

	return rte_ring_dequeue(r, &m) == 0 ? m : NULL;
}

void
gw_close(struct gw *g)
{
	uint64_t created, destroyed;
	struct rte_mbuf *m;

	for (unsigned int i = 0; i < 2; i++) {
		while ((m = gw_tx(g, i)) != NULL || (m = take(g->rx[i])) != NULL)
			rte_pktmbuf_free(m);
	}
	while ((m = gw_punted(g)) != NULL)
		rte_pktmbuf_free(m);
	keyd_sa_flush(&g->kd, 0);
	keyd_sp_flush(&g->kd);
	gw_commit(g);
	(void)gw_step(g);
	worker_free(g->w);
	snap_free(g->snap);
	keyd_fini(&g->kd);
	crypto_session_counts(g->crypto, &created, &destroyed);
	assert_int_equal(created, destroyed);
	assert_int_equal(g->kd.sad.created, g->kd.sad.destroyed);
	assert_int_equal(g->kd.spd.created, g->kd.spd.destroyed);
	crypto_free(g->crypto);
	assert_int_equal(reass_large_in_use(g->reass), 0);
	reass_free(g->reass);
	assert_int_equal(rte_mempool_in_use_count(g->pool), 0);
	rte_ring_free(g->punt);
	rte_mempool_free(g->pool);
}

void
gw_setkey(struct gw *g, const char *text)
{
	struct setkey_err err = { 0 };

	if (setkey_parse(text, strlen(text), keyload_run, &g->kd, &err) != 0)
		fail_msg("setkey %u:%u: %s", err.line, err.col, err.err.text);
	gw_commit(g);
}

void
gw_commit(struct gw *g)
{
	struct err err = { 0 };

	if (snap_commit(g->snap, &err) != 0)
		fail_msg("commit: %s", err.text);
}

void
gw_set_mtu(struct gw *g, uint8_t iface, uint16_t mtu)
{
	struct nexthop *nh = atomic_load(snap_current(g->snap))->nh;

	g->ports.iface[iface].mtu = mtu;
	for (unsigned int i = 0; i < NH_MAX; i++) {
		if (nh[i].iface == iface)
			nh[i].mtu = mtu;
	}
}

void
gw_rx(struct gw *g, unsigned int port, const uint8_t *frame, unsigned int len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(g->pool);
	char *p;

	assert_non_null(m);
	p = rte_pktmbuf_append(m, (uint16_t)len);
	assert_non_null(p);
	memcpy(p, frame, len);
	assert_int_equal(rte_ring_enqueue(g->rx[port], m), 0);
}

unsigned int
gw_step(struct gw *g)
{
	const unsigned int n = worker_step(g->w, g->now++);

	(void)snap_reclaim(g->snap);
	return n;
}

void
gw_settle(struct gw *g)
{
	unsigned int i = 0;

	do {
		if (i++ == STEPS_MAX)
			fail_msg("a crypto device does not answer");
		(void)gw_step(g);
	} while (crypto_inflight(worker_lane(g->w)) > 0);
}

struct rte_mbuf *
gw_tx(struct gw *g, unsigned int port)
{
	return take(g->tx[port]);
}

struct rte_mbuf *
gw_punted(struct gw *g)
{
	return take(g->punt);
}

uint64_t
gw_drops(const struct gw *g, enum drop_reason r)
{
	return worker_lane(g->w)->drop[r];
}

uint64_t
gw_all_drops(const struct gw *g)
{
	uint64_t n = 0;

	for (unsigned int r = 0; r < DROP_MAX; r++)
		n += gw_drops(g, (enum drop_reason)r);
	return n;
}

struct gw_frame
gw_frame(unsigned int port, const char *src, const char *dst)
{
	return (struct gw_frame){ .port = port,
		.src = src,
		.dst = dst,
		.proto = IPPROTO_UDP,
		.ttl = 64,
		.len = 100,
		.sport = 1000,
		.dport = 2000 };
}

static void
put_ip(const struct gw_frame *f, uint8_t *p)
{
	const struct addr src = test_ip(f->src), dst = test_ip(f->dst);
	uint16_t csum;

	if (dst.af == AF_INET6) {
		struct ip6 h = { .vtf_be = htonl(6u << 28 | (uint32_t)f->tos << 20),
			.plen_be = htons((uint16_t)(f->len - 40)),
			.next = f->proto,
			.hop_limit = f->ttl };

		memcpy(h.src, src.b, 16);
		memcpy(h.dst, dst.b, 16);
		memcpy(p, &h, sizeof(h));
		return;
	}
	{
		struct ip4 h = { .ver_ihl = 0x45,
			.tos = f->tos,
			.len_be = htons((uint16_t)f->len),
			.id_be = htons(7),
			.frag_be = htons(f->frag),
			.ttl = f->ttl,
			.proto = f->proto };

		memcpy(h.src, src.b, 4);
		memcpy(h.dst, dst.b, 4);
		memcpy(p, &h, sizeof(h));
		csum = ip4_csum(p, sizeof(h));
		memcpy(p + 10, &csum, 2);
	}
}

static void
put_eth(const struct gw *g, unsigned int port, uint16_t type, uint8_t *out)
{
	static const uint8_t host[6] = { 2, 0, 0, 0, 9, 9 };

	memcpy(out, g->ports.port[port].mac.addr_bytes, 6);
	memcpy(out + 6, host, 6);
	out[12] = (uint8_t)(type >> 8);
	out[13] = (uint8_t)type;
}

unsigned int
gw_build(const struct gw *g, const struct gw_frame *f, uint8_t *out)
{
	const bool v6 = strchr(f->dst, ':') != NULL;
	const unsigned int hdr = v6 ? 40 : 20;
	uint8_t *l4 = out + 14 + hdr;
	const uint16_t ports[2] = { htons(f->sport), htons(f->dport) };

	put_eth(g, f->port, v6 ? 0x86dd : 0x0800, out);
	put_ip(f, out + 14);
	for (unsigned int i = 0; i < f->len - hdr; i++)
		l4[i] = (uint8_t)i;
	if (f->len >= hdr + 4 && (f->proto == IPPROTO_UDP || f->proto == IPPROTO_TCP))
		memcpy(l4, ports, 4);
	return 14 + f->len;
}

static void
gcm_seal(const uint8_t *key, const uint8_t *esp, uint8_t *text, unsigned int len)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t nonce[12];
	int n = 0;

	memcpy(nonce, key + 16, 4);
	memcpy(nonce + 4, esp + 8, 8);
	assert_int_equal(EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, key, nonce), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, NULL, &n, esp, 8), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, text, &n, text, (int)len), 1);
	assert_int_equal(EVP_EncryptFinal_ex(ctx, text + len, &n), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, text + len), 1);
	EVP_CIPHER_CTX_free(ctx);
}

unsigned int
gw_seal(const struct gw *g, const struct gw_esp *e, uint8_t *out)
{
	const unsigned int hdr = e->outer6 ? 40 : 20;
	uint8_t *esp = out + 14 + hdr, *text = esp + 16, key[20];
	const unsigned int pad = (0u - (e->inner_len + 2)) & 3u;
	const uint32_t words[4] = { htonl(e->spi), htonl(e->seq), 0x5a5a5a5a, htonl(e->seq) };
	struct gw_frame f = gw_frame(GW_WAN, "192.0.2.2", "192.0.2.1");

	if (e->outer6) {
		f.src = "2001:db8::2";
		f.dst = "2001:db8::1";
	}
	f.proto = IPPROTO_ESP;
	f.tos = e->tos;
	f.len = hdr + 16 + e->inner_len + pad + 2 + 16;
	(void)gw_build(g, &f, out);
	memcpy(esp, words, sizeof(words));
	memcpy(text, e->inner, e->inner_len);
	for (unsigned int i = 0; i < pad; i++)
		text[e->inner_len + i] = (uint8_t)((i + 1) ^ e->pad_xor);
	text[e->inner_len + pad] = (uint8_t)pad;
	text[e->inner_len + pad + 1] =
		e->next != 0 ? e->next : (uint8_t)(e->inner[0] >> 4 == 6 ? 41 : 4);
	assert_int_equal(hex_decode(e->key, 40, key, sizeof(key)), 20);
	gcm_seal(key, esp, text, e->inner_len + pad + 2);
	return 14 + f.len;
}
