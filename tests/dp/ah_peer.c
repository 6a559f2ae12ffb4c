/* SPDX-License-Identifier: BSD-2-Clause */
#include "ah_peer.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <rte_malloc.h>

#include <cmocka.h>

#include "wire/ip.h"

struct rte_mempool *pool;
struct lane *lane;
struct crypto *crypto;
struct knobs knobs = KNOBS_INIT;

void
ah_start(const struct engine *e)
{
	static bool started;

	if (!started)
		engine_eal();
	started = true;
	pool = pkt_pool_create("ah", 127, AH_BUF + RTE_PKTMBUF_HEADROOM, 0);
	lane = rte_zmalloc("lane", sizeof(*lane), RTE_CACHE_LINE_SIZE);
	if (pool == NULL || lane == NULL)
		abort();
	lane->knobs = &knobs;
	crypto = engine_open(e, lane);
}

void
ah_stop(void)
{
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
	engine_close(crypto, lane);
	rte_free(lane);
	rte_mempool_free(pool);
}

struct sa_spec
ah_spec(const char *auth, uint8_t af, uint32_t flags)
{
	const uint8_t src4[4] = { 192, 0, 2, 1 }, dst4[4] = { 192, 0, 2, 2 };
	const uint8_t src6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };
	const uint8_t dst6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 2 };
	struct sa_spec spec = { .spi = AH_SPI, .window_pkts = AH_WINDOW, .flags = flags };

	spec.idx.proto = IPPROTO_AH;
	spec.idx.mode = MODE_ANY;
	spec.idx.src = addr_make(af, af == AF_INET ? src4 : src6);
	spec.idx.dst = addr_make(af, af == AF_INET ? dst4 : dst6);
	spec.auth = alg_by_name(ALG_AUTH, auth);
	if (spec.auth != NULL)
		spec.authkey.len = spec.auth->key_min_bits / 8;
	for (unsigned int i = 0; i < spec.authkey.len; i++)
		spec.authkey.b[i] = (uint8_t)i;
	return spec;
}

struct sa_rt *
ah_open(const struct sa_spec *spec)
{
	struct err err = { 0 };
	struct sa_rt *sa =
		rte_zmalloc("sa", sizeof(*sa) + sizeof(struct sa_lc), RTE_CACHE_LINE_SIZE);

	if (sa == NULL || xform_ah.sa_init(sa, spec, &knobs, &err) != 0 ||
		crypto_sa_open(crypto, sa, spec, 0, &err) != 0) {
		fail_msg("%s: %s", spec->auth->name, err.text);
		abort();
	}
	atomic_store(&sa->state, SA_MATURE);
	memset(lane->drop, 0, sizeof(lane->drop));
	return sa;
}

void
ah_close(struct sa_rt *sa)
{
	crypto_sa_close(crypto, sa);
	xform_ah.sa_fini(sa);
	rte_free(sa);
}

/* What the worker's parser finds; a header that it would refuse has no upper layer. */
static void
find_l4(struct pkt_meta *meta, const uint8_t *p, unsigned int len)
{
	struct ip6_upper up = { .off = sizeof(struct ip6) };
	unsigned int off = (p[0] & 0xfu) * 4u;
	uint8_t proto = p[9];

	if (p[0] >> 4 == 6) {
		if (ip6_find_upper(p, len, &up) != 0)
			abort();
		off = up.off;
		proto = up.proto;
	}
	meta->l4_off = (uint16_t)(meta->l3_off + off);
	meta->l4_len = (uint16_t)(len - off);
	pkt_set_proto(meta, p[0] >> 4 == 6 ? AF_INET6 : AF_INET, proto);
}

struct rte_mbuf *
ah_pkt(struct sa_rt *sa, const uint8_t *p, unsigned int len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	if (m == NULL || len < 20 || len > 1500)
		abort();
	m->data_len = (uint16_t)(14 + len + 6);
	m->pkt_len = m->data_len;
	memset(rte_pktmbuf_mtod(m, void *), 0xee, m->data_len);
	memcpy(rte_pktmbuf_mtod_offset(m, void *, 14), p, len);
	*pkt_meta(m) = (struct pkt_meta){ .sa = sa, .l3_off = 14 };
	find_l4(pkt_meta(m), p, len);
	return m;
}

uint16_t
ah_out(struct rte_mbuf **m, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		if (pkt_meta(m[i])->sa->mode == MODE_TRANSPORT)
			pkt_meta(m[i])->flags |= PKT_F_TRANSPORT;
	}
	n = xform_ah.out_begin(lane, m, n);
	n = engine_run(lane, 0, m, n);
	return xform_ah.out_end(lane, m, n);
}

uint16_t
ah_in(struct rte_mbuf **m, uint16_t n)
{
	n = xform_ah.in_begin(lane, m, n);
	n = engine_run(lane, 0, m, n);
	return xform_ah.in_end(lane, m, n);
}

/* The packet of the text with a right IPv4 checksum. */
struct hexpkt
ah_clear(const char *hex)
{
	struct hexpkt p = hexpkt(hex);
	uint16_t csum;

	if (p.b[0] >> 4 == 4) {
		csum = ip4_csum(p.b, (p.b[0] & 15u) * 4u);
		memcpy(p.b + 10, &csum, sizeof(csum));
	}
	return p;
}

struct sa_rt *
ah_open_mode(const char *auth, uint8_t af, uint8_t mode, uint32_t flags)
{
	struct sa_spec spec = ah_spec(auth, af, flags);

	assert_non_null(spec.auth);
	spec.idx.mode = mode;
	if (flags & SA_F_OLD)
		spec.window_pkts = 0;
	return ah_open(&spec);
}

uint8_t
ah_af(const struct hexpkt *p)
{
	return p->b[0] >> 4 == 4 ? AF_INET : AF_INET6;
}

/* Seal a packet, and take the bytes from its mbuf. */
struct hexpkt
ah_sealed(struct sa_rt *sa, const struct hexpkt *clear)
{
	struct rte_mbuf *m = ah_pkt(sa, clear->b, (unsigned int)clear->len);
	struct hexpkt out = { 0 };

	assert_int_equal(ah_out(&m, 1), 1);
	out.len = m->data_len;
	memcpy(out.b, rte_pktmbuf_mtod(m, void *), out.len);
	assert_int_equal(m->pkt_len, out.len);
	assert_int_equal(pkt_meta(m)->l4_off + pkt_meta(m)->l4_len, out.len);
	assert_int_equal(pkt_meta(m)->l4_proto, IPPROTO_AH);
	assert_int_equal(pkt_meta(m)->flags & PKT_F_OUT, 0);
	rte_pktmbuf_free(m);
	return out;
}

void
ah_expect_open(struct sa_rt *sa, const struct hexpkt *p, const struct hexpkt *clear)
{
	struct rte_mbuf *m = ah_pkt(sa, p->b, (unsigned int)p->len);

	assert_int_equal(ah_in(&m, 1), 1);
	assert_int_equal(m->data_len, clear->len);
	assert_int_equal(m->pkt_len, clear->len);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), clear->b, clear->len);
	assert_int_equal(pkt_meta(m)->depth, 1);
	rte_pktmbuf_free(m);
}

void
ah_expect_drop(struct rte_mbuf *m, enum drop_reason reason)
{
	const uint64_t before = lane->drop[reason];

	assert_int_equal(ah_in(&m, 1), 0);
	assert_int_equal(lane->drop[reason], before + 1);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
}

void
ah_expect_drop_bytes(struct sa_rt *sa, const struct hexpkt *p, enum drop_reason reason)
{
	ah_expect_drop(ah_pkt(sa, p->b, (unsigned int)p->len), reason);
}

/* Where the AH is. */
unsigned int
ah_off(const struct hexpkt *p)
{
	struct ip6_upper up = { 0 };

	if (ah_af(p) == AF_INET)
		return (p->b[0] & 15u) * 4u;
	assert_int_equal(ip6_find_upper(p->b, p->len, &up), 0);
	assert_int_equal(up.proto, IPPROTO_AH);
	return up.off;
}
