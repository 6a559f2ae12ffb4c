/* SPDX-License-Identifier: BSD-2-Clause */
/* IPComp both ways against zlib: thresholds, layout, what does not shrink, what must not be opened. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_malloc.h>

#include <cmocka.h>
#include <zlib.h>

#include "crypto/crypto.h"
#include "dp/eal.h"
#include "ipsec/ipcomp.h"
#include "wire/ip.h"
#include "xform/xform.h"

#define L2      14u
#define ROOM    2048u
#define IPC     108u /* by number: the protocol's, not our header's */
#define MAX_OUT 16000u

static struct rte_mempool *pool;
static struct crypto *crypto;
static struct lane lane;
static const struct knobs knobs = KNOBS_INIT;

static int
start(void **state)
{
	const struct crypto_conf conf = {
		.nworkers = 1, .engine = CRYPTO_DIRECT, .compress_device = ""
	};
	struct err err = { 0 };

	(void)state;
	pool = pkt_pool_create("pkts", 255, ROOM + RTE_PKTMBUF_HEADROOM, 0);
	crypto = crypto_new(&conf, &err);
	if (pool == NULL || crypto == NULL || crypto_lane_open(crypto, &lane) != 0)
		abort();
	lane.knobs = &knobs;
	assert_true(crypto_offers_comp(crypto, alg_by_code(ALG_DEFLATE)));
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	assert_int_equal(crypto_inflight(&lane), 0);
	crypto_lane_close(crypto, &lane);
	crypto_free(crypto);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
	rte_mempool_free(pool);
	return 0;
}

static struct sa_spec
spec_of(bool v6, uint8_t mode, uint32_t spi, uint32_t flags)
{
	return (struct sa_spec){
		.idx = { .src = test_ip(v6 ? "2001:db8::1" : "192.0.2.1"),
			.dst = test_ip(v6 ? "2001:db8::2" : "192.0.2.2"),
			.proto = IPC,
			.mode = mode },
		.spi = spi,
		.comp = alg_by_code(ALG_DEFLATE),
		.flags = flags,
	};
}

static struct sa_rt *
open_spec(const struct sa_spec *spec)
{
	struct sa_rt *sa = rte_zmalloc("sa", sizeof(*sa) + sizeof(struct sa_lc), 64);
	struct err err = { 0 };

	assert_non_null(sa);
	assert_int_equal(xform_find(IPC)->sa_init(sa, spec, &knobs, &err), 0);
	atomic_store(&sa->state, SA_MATURE);
	assert_int_equal(crypto_sa_open(crypto, sa, spec, 0, &err), 0);
	return sa;
}

static struct sa_rt *
open_sa(bool v6, uint8_t mode)
{
	const struct sa_spec spec = spec_of(v6, mode, 1000, 0);

	return open_spec(&spec);
}

static void
close_sa(struct sa_rt *sa)
{
	assert_int_equal(sa->lc[0].inflight, 0);
	crypto_sa_close(crypto, sa);
	sa->xf->sa_fini(sa);
	rte_free(sa);
}

/* An IP packet of head and payload. */
struct ip {
	uint8_t b[MAX_OUT];
	uint16_t len, head;
};

static void
ip_begin(struct ip *p, bool v6, uint8_t proto, uint16_t payload)
{
	memset(p, 0, sizeof(*p));
	p->head = v6 ? 40 : 20;
	p->len = (uint16_t)(p->head + payload);
	if (v6) {
		memcpy(p->b, "\x60\x00\x00\x00\x00\x00\x00\x40", 8);
		p->b[4] = (uint8_t)(payload >> 8);
		p->b[5] = (uint8_t)payload;
		p->b[6] = proto;
		memcpy(p->b + 8, test_ip("2001:db8::1").b, 16);
		memcpy(p->b + 24, test_ip("2001:db8::2").b, 16);
		return;
	}
	p->b[0] = 0x45;
	p->b[2] = (uint8_t)(p->len >> 8);
	p->b[3] = (uint8_t)p->len;
	p->b[8] = 64;
	p->b[9] = proto;
	memcpy(p->b + 12, test_ip("192.0.2.1").b, 4);
	memcpy(p->b + 16, test_ip("192.0.2.2").b, 4);
	const uint16_t csum = ip4_csum(p->b, 20);
	memcpy(p->b + 10, &csum, 2);
}

/* A UDP packet whose payload of so many bytes shrinks, or does not. */
static struct ip
clear_of(bool v6, uint16_t payload, bool shrinks)
{
	struct ip p;
	uint32_t r = 12345;

	ip_begin(&p, v6, IPPROTO_UDP, payload);
	for (unsigned int i = 0; i < payload; i++) {
		r = r * 1664525u + 1013904223u;
		p.b[p.head + i] = shrinks ? (uint8_t)(i / 16) : (uint8_t)(r >> 24);
	}
	return p;
}

static struct rte_mbuf *
pkt_of(struct sa_rt *sa, const struct ip *p, uint16_t flags)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	struct pkt_meta *meta = pkt_meta(m);
	char *data = rte_pktmbuf_append(m, (uint16_t)(L2 + p->len));

	assert_non_null(data);
	memset(data, 0xee, L2);
	memcpy(data + L2, p->b, p->len);
	memset(meta, 0, sizeof(*meta));
	meta->sa = sa;
	meta->l3_off = L2;
	meta->l4_off = (uint16_t)(L2 + p->head);
	meta->l4_len = (uint16_t)(p->len - p->head);
	meta->flags = flags;
	pkt_set_proto(meta, p->b[0] >> 4 == 6 ? AF_INET6 : AF_INET,
		p->b[0] >> 4 == 6 ? p->b[6] : p->b[9]);
	return m;
}

static struct rte_mbuf *
through(struct rte_mbuf *m, bool out)
{
	const struct xform_ops *xf = pkt_meta(m)->sa->xf;
	uint16_t n = out ? xf->out_begin(&lane, &m, 1) : xf->in_begin(&lane, &m, 1);

	if (n == 1)
		n = pkt_meta(m)->sa->crypto->submit(&lane, 0, &m, 1);
	if (n == 1)
		n = out ? xf->out_end(&lane, &m, 1) : xf->in_end(&lane, &m, 1);
	return n == 1 ? m : NULL;
}

static struct ip
taken(struct rte_mbuf *m)
{
	struct ip p = { 0 };

	assert_non_null(m);
	assert_int_equal(pkt_meta(m)->l3_off, 0);
	assert_int_equal(m->pkt_len, m->data_len);
	assert_int_equal(pkt_meta(m)->l4_off + pkt_meta(m)->l4_len, m->data_len);
	p.len = m->data_len;
	p.head = pkt_meta(m)->l4_off;
	memcpy(p.b, rte_pktmbuf_mtod(m, void *), p.len);
	rte_pktmbuf_free(m);
	return p;
}

static void
expect_drop(struct rte_mbuf *m, bool out, enum drop_reason why)
{
	const uint64_t before = lane.drop[why];

	assert_null(through(m, out));
	assert_int_equal(lane.drop[why], before + 1);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
}

static uint16_t
z_inflate(const uint8_t *p, uint16_t len, uint8_t *out)
{
	uint8_t in[MAX_OUT];
	z_stream z = { .next_in = in, .avail_in = len, .next_out = out, .avail_out = MAX_OUT };

	memcpy(in, p, len);
	assert_int_equal(inflateInit2(&z, -15), Z_OK);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.avail_in, 0);
	(void)inflateEnd(&z);
	return (uint16_t)z.total_out;
}

/* What a peer sends: head, IPComp header, zlib's raw DEFLATE of these bytes. */
static struct ip
peer_packet(bool v6, uint8_t next, const uint8_t *bytes, uint32_t len)
{
	static uint8_t in[200000], out[MAX_OUT];
	z_stream z = { .next_in = in, .avail_in = len, .next_out = out, .avail_out = sizeof(out) };
	struct ip p;

	memcpy(in, bytes, len);
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	ip_begin(&p, v6, IPC, (uint16_t)(4 + z.total_out));
	p.b[p.head] = next;
	p.b[p.head + 3] = 2;
	memcpy(p.b + p.head + 4, out, z.total_out);
	(void)deflateEnd(&z);
	return p;
}

static uint64_t
left(enum comp_left why)
{
	uint64_t n[COMP_LEFT_MAX];

	crypto_comp_left(crypto, n);
	return n[why];
}

/* ---- outbound ---- */

static void
out_is_read_by_zlib(void **state)
{
	uint8_t text[MAX_OUT];

	(void)state;
	for (unsigned int i = 0; i < 8; i++) {
		const bool v6 = i & 1, inner6 = i & 2, tunnel = i & 4;
		struct sa_rt *sa = open_sa(v6, tunnel ? MODE_TUNNEL : MODE_TRANSPORT);
		const struct ip clear = clear_of(tunnel ? inner6 : v6, 700, true);
		const struct ip p =
			taken(through(pkt_of(sa, &clear, tunnel ? 0 : PKT_F_TRANSPORT), true));
		const unsigned int from = tunnel ? 0 : clear.head;

		assert_int_equal(p.head, v6 ? 40 : 20);
		assert_int_equal(v6 ? p.b[6] : p.b[9], IPC);
		assert_int_equal(p.b[p.head],
			!tunnel        ? IPPROTO_UDP :
				inner6 ? IPPROTO_IPV6 :
					 IPPROTO_IPIP);
		assert_memory_equal(p.b + p.head + 1, "\0\0\2", 3);
		assert_int_equal(
			z_inflate(p.b + p.head + 4, p.len - p.head - 4, text), clear.len - from);
		assert_memory_equal(text, clear.b + from, clear.len - from);
		if (v6)
			assert_int_equal(p.b[4] << 8 | p.b[5], p.len - 40);
		else
			assert_int_equal(ip4_csum(p.b, 20), 0);
		assert_int_equal(sa->lc[0].pkts, 1);
		assert_int_equal(sa->lc[0].bytes, clear.len - from);
		close_sa(sa);
	}
}

static void
out_cpi_is_the_algorithm_unless_raw(void **state)
{
	static const struct {
		uint32_t spi, flags;
		uint8_t cpi[2];
	} rows[] = { { 10000, 0, { 0, 2 } }, { 0x1234, SA_F_RAWCPI, { 0x12, 0x34 } },
		{ 0x45678, SA_F_RAWCPI, { 0x56, 0x78 } } };
	const struct ip clear = clear_of(false, 300, true);

	(void)state;
	for (unsigned int i = 0; i < ARRAY_LEN(rows); i++) {
		const struct sa_spec spec =
			spec_of(false, MODE_TRANSPORT, rows[i].spi, rows[i].flags);
		struct sa_rt *sa = open_spec(&spec);
		const struct ip p = taken(through(pkt_of(sa, &clear, PKT_F_TRANSPORT), true));

		assert_memory_equal(p.b + p.head + 2, rows[i].cpi, 2);
		close_sa(sa);
	}
}

/* 89 bytes stay, 90 are compressed; in a tunnel the inner header counts. */
static void
out_short_payload_is_left_alone(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		const bool v6 = i & 1, tunnel = i & 2;
		struct sa_rt *sa = open_sa(v6, tunnel ? MODE_TUNNEL : MODE_TRANSPORT);
		const unsigned int head = tunnel ? (v6 ? 40 : 20) : 0;
		struct ip clear = clear_of(v6, (uint16_t)(89 - head), true);
		const uint16_t flags = tunnel ? 0 : PKT_F_TRANSPORT;
		const uint64_t before = left(COMP_MINLEN);
		struct ip p = taken(through(pkt_of(sa, &clear, flags), true));

		assert_int_equal(left(COMP_MINLEN), before + 1);
		assert_int_equal(sa->lc[0].pkts, 0);
		assert_memory_equal(p.b + (tunnel ? p.head : 0), clear.b, clear.len);
		assert_int_equal(p.len, clear.len + head);
		if (tunnel)
			assert_int_equal(v6 ? p.b[6] : p.b[9], v6 ? IPPROTO_IPV6 : IPPROTO_IPIP);
		if (!v6)
			assert_int_equal(ip4_csum(p.b, 20), 0);
		clear = clear_of(v6, (uint16_t)(90 - head), true);
		p = taken(through(pkt_of(sa, &clear, flags), true));
		assert_int_equal(v6 ? p.b[6] : p.b[9], IPC);
		close_sa(sa);
	}
}

static void
out_never_expands(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		const bool v6 = i & 1, tunnel = i & 2;
		struct sa_rt *sa = open_sa(v6, tunnel ? MODE_TUNNEL : MODE_TRANSPORT);
		const struct ip clear = clear_of(v6, 1200, false);
		const uint64_t before = left(COMP_USELESS);
		const struct ip p =
			taken(through(pkt_of(sa, &clear, tunnel ? 0 : PKT_F_TRANSPORT), true));

		assert_int_equal(left(COMP_USELESS), before + 1);
		assert_int_equal(p.len, clear.len + (tunnel ? p.head : 0));
		assert_memory_equal(p.b + (tunnel ? p.head : 0), clear.b, clear.len);
		close_sa(sa);
	}
}

/* Around the point where compressed text and header are as long as the original. */
static void
out_gains_or_leaves_alone(void **state)
{
	struct sa_rt *sa = open_sa(false, MODE_TRANSPORT);
	unsigned int compressed = 0;

	(void)state;
	for (unsigned int same = 0; same <= 64; same++) {
		struct ip clear = clear_of(false, 200, false);
		struct ip p;

		memset(clear.b + clear.head, 'x', same);
		p = taken(through(pkt_of(sa, &clear, PKT_F_TRANSPORT), true));
		if (p.b[9] == IPC) {
			assert_true(p.len < clear.len);
			compressed++;
		} else {
			assert_int_equal(p.len, clear.len);
			assert_memory_equal(p.b, clear.b, clear.len);
		}
	}
	assert_in_range(compressed, 10, 60);
	close_sa(sa);
}

static void
out_fragment_and_protected_are_left_alone(void **state)
{
	struct sa_rt *sa = open_sa(false, MODE_TRANSPORT);
	struct ip clear = clear_of(false, 400, true), p;
	uint16_t csum = 0;

	(void)state;
	clear.b[9] = IPPROTO_ESP;
	memcpy(clear.b + 10, &csum, 2);
	csum = ip4_csum(clear.b, 20);
	memcpy(clear.b + 10, &csum, 2);
	p = taken(through(pkt_of(sa, &clear, PKT_F_TRANSPORT), true));
	assert_int_equal(p.len, clear.len);
	assert_memory_equal(p.b, clear.b, clear.len);
	clear = clear_of(false, 400, true);
	clear.b[6] = 0x20; /* more fragments */
	p = taken(through(pkt_of(sa, &clear, PKT_F_TRANSPORT | PKT_F_FRAG), true));
	assert_memory_equal(p.b, clear.b, clear.len);
	close_sa(sa);
}

/* Behind a hop-by-hop header, whose next header is what moves into IPComp. */
static void
out_ip6_header_before_names_ipcomp(void **state)
{
	struct sa_rt *sa = open_sa(true, MODE_TRANSPORT);
	struct ip clear = clear_of(true, 408, true), p, back;

	(void)state;
	clear.b[6] = 0;
	memcpy(clear.b + 40, "\x11\0\1\4\0\0\0\0", 8);
	p = taken(through(pkt_of(sa, &clear, PKT_F_TRANSPORT), true));
	assert_int_equal(p.b[6], 0);
	assert_int_equal(p.b[40], IPC);
	assert_int_equal(p.b[48], IPPROTO_UDP);
	assert_int_equal(p.head, 48);
	back = taken(through(pkt_of(sa, &p, 0), false));
	assert_int_equal(back.len, clear.len);
	assert_memory_equal(back.b, clear.b, clear.len);
	close_sa(sa);
}

static void
out_dead_sa_and_no_room_are_drops(void **state)
{
	struct sa_rt *sa = open_sa(false, MODE_TUNNEL);
	const struct ip clear = clear_of(false, 400, true);
	struct rte_mbuf *m = pkt_of(sa, &clear, 0);

	(void)state;
	assert_non_null(rte_pktmbuf_prepend(m, RTE_PKTMBUF_HEADROOM));
	pkt_meta(m)->l3_off = 0;
	expect_drop(m, true, DROP_OUT_NO_ROOM);
	atomic_store(&sa->state, SA_DEAD);
	expect_drop(pkt_of(sa, &clear, 0), true, DROP_OUT_SA_STATE);
	close_sa(sa);
}

/* ---- inbound ---- */

static void
in_opens_what_zlib_wrote(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 12; i++) {
		const bool v6 = i & 1, inner6 = i & 2, any = i & 4, tunnel = i < 8;
		struct sa_rt *sa = open_sa(v6,
			any            ? MODE_ANY :
				tunnel ? MODE_TUNNEL :
					 MODE_TRANSPORT);
		const struct ip clear = clear_of(tunnel ? inner6 : v6, 900, true);
		const unsigned int from = tunnel ? 0 : clear.head;
		const struct ip p = peer_packet(v6,
			!tunnel        ? IPPROTO_UDP :
				inner6 ? IPPROTO_IPV6 :
					 IPPROTO_IPIP,
			clear.b + from, clear.len - from);
		struct rte_mbuf *m = through(pkt_of(sa, &p, 0), false);

		assert_non_null(m);
		assert_int_equal(pkt_meta(m)->depth, 1);
		assert_int_equal((pkt_meta(m)->flags & PKT_F_TUNNEL) != 0, tunnel);
		const struct ip got = taken(m);
		assert_int_equal(got.len, clear.len);
		assert_memory_equal(got.b, clear.b, clear.len);
		assert_int_equal(sa->lc[0].pkts, 1);
		close_sa(sa);
	}
}

/* A packet of 9 kB does not fit the port's buffer: it changes buffers, with all that is known of it. */
static void
in_large_packet_changes_buffers(void **state)
{
	struct sa_rt *sa = open_sa(false, MODE_TUNNEL);
	const struct ip clear = clear_of(false, 9000, true);
	const struct ip p = peer_packet(false, IPPROTO_IPIP, clear.b, clear.len);
	struct rte_mbuf *m = pkt_of(sa, &p, 0);

	(void)state;
	pkt_meta(m)->depth = 1;
	pkt_meta(m)->in_if = 7;
	memset(pkt_priv(m)->history, 0x5a, sizeof(pkt_priv(m)->history));
	m = through(m, false);
	assert_non_null(m);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
	assert_int_equal(pkt_meta(m)->depth, 2);
	assert_int_equal(pkt_meta(m)->in_if, 7);
	assert_ptr_equal(pkt_meta(m)->sa, sa);
	assert_int_equal(((uint8_t *)pkt_priv(m)->history)[5], 0x5a);
	assert_memory_equal(taken(m).b, clear.b, clear.len);
	close_sa(sa);
}

static void
in_bomb_is_a_drop(void **state)
{
	static uint8_t zeros[200000];
	struct sa_rt *sa = open_sa(false, MODE_TRANSPORT);
	const uint32_t lens[] = { 11000, 65535, 65536, 200000 };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_LEN(lens); i++) {
		const struct ip p = peer_packet(false, IPPROTO_UDP, zeros, lens[i]);

		expect_drop(pkt_of(sa, &p, 0), false, DROP_COMP_TOO_BIG);
	}
	assert_int_equal(sa->lc[0].pkts, 0);
	assert_int_equal(sa->lc[0].malformed, ARRAY_LEN(lens));
	close_sa(sa);
}

/* Extension headers of kilobytes in front of what was opened: further back than our buffers are long. */
static void
in_far_back_in_its_buffer_is_a_drop(void **state)
{
	static const uint16_t at[] = { 9000, 10180, 10240, 11000, 30000 };
	struct rte_mempool *large = pkt_pool_create("far", 7, 40000, 0);
	struct sa_rt *sa = open_sa(false, MODE_TRANSPORT);
	const struct ip clear = clear_of(false, 1000, true);
	const struct ip p = peer_packet(false, IPPROTO_UDP, clear.b + 20, 1000);
	const uint64_t before = lane.drop[DROP_COMP_TOO_BIG];

	(void)state;
	assert_non_null(large);
	for (unsigned int i = 0; i < ARRAY_LEN(at); i++) {
		struct rte_mbuf *from = pkt_of(sa, &p, 0), *m = rte_pktmbuf_alloc(large);

		assert_non_null(m);
		m->data_off = at[i];
		memcpy(rte_pktmbuf_append(m, from->data_len), rte_pktmbuf_mtod(from, void *),
			from->data_len);
		*pkt_meta(m) = *pkt_meta(from);
		rte_pktmbuf_free(from);
		m = through(m, false);
		assert_int_equal(m != NULL, i == 0);
		rte_pktmbuf_free(m);
	}
	assert_int_equal(lane.drop[DROP_COMP_TOO_BIG], before + ARRAY_LEN(at) - 1);
	assert_int_equal(rte_mempool_in_use_count(large), 0);
	rte_mempool_free(large);
	close_sa(sa);
}

static void
in_broken_stream_is_a_drop(void **state)
{
	struct sa_rt *sa = open_sa(false, MODE_TRANSPORT);
	const struct ip clear = clear_of(false, 600, false);
	const struct ip good = peer_packet(false, IPPROTO_UDP, clear.b, 600);
	struct ip p = good;

	(void)state;
	p.b[p.head + 4] = 0x07; /* block type 3 */
	expect_drop(pkt_of(sa, &p, 0), false, DROP_COMP_DATA);
	/* Bytes behind the stream. */
	p = good;
	p.len += 3;
	expect_drop(pkt_of(sa, &p, 0), false, DROP_COMP_DATA);
	/* Cut anywhere, the stream has no end. */
	for (uint16_t cut = 1; good.len - cut > good.head + 4; cut += 37) {
		p = good;
		p.len = (uint16_t)(good.len - cut);
		expect_drop(pkt_of(sa, &p, 0), false, DROP_COMP_DATA);
	}
	close_sa(sa);
}

static void
in_refusals_have_names(void **state)
{
	struct sa_rt *sa = open_sa(false, MODE_TRANSPORT), *tun = open_sa(false, MODE_TUNNEL);
	const struct ip clear = clear_of(false, 600, true);
	static const uint8_t nested[] = { IPPROTO_ESP, IPPROTO_AH, IPC };
	struct ip p;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_LEN(nested); i++) {
		p = peer_packet(false, nested[i], clear.b, 600);
		expect_drop(pkt_of(sa, &p, 0), false, DROP_SEC_NEXT);
	}
	p = peer_packet(false, IPPROTO_UDP, clear.b, 600);
	expect_drop(pkt_of(tun, &p, 0), false, DROP_SEC_NEXT);
	p.b[15]++;
	expect_drop(pkt_of(sa, &p, 0), false, DROP_SEC_SA_ADDR);
	p.b[15]--;
	p.len = (uint16_t)(p.head + 4);
	expect_drop(pkt_of(sa, &p, 0), false, DROP_SEC_SHORT);
	close_sa(sa);
	close_sa(tun);
}

static void
sa_without_device_is_refused(void **state)
{
	const struct crypto_conf conf = { .nworkers = 1, .engine = CRYPTO_DIRECT };
	const struct sa_spec spec = spec_of(false, MODE_TUNNEL, 1000, 0);
	struct err err = { 0 };
	struct crypto *c = crypto_new(&conf, &err);
	struct sa_rt sa = { 0 };

	(void)state;
	assert_non_null(c);
	assert_false(crypto_offers_comp(c, spec.comp));
	assert_int_equal(crypto_sa_open(c, &sa, &spec, 0, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "ipcomp is not offered"));
	crypto_free(c);
}

static void
device_that_was_named_must_be_there(void **state)
{
	const struct crypto_conf conf = {
		.nworkers = 1, .engine = CRYPTO_DIRECT, .compress_device = "compress_nothing0"
	};
	struct err err = { 0 };

	(void)state;
	assert_null(crypto_new(&conf, &err));
	assert_non_null(strstr(err.text, "compress_nothing0"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(out_is_read_by_zlib),
		cmocka_unit_test(out_cpi_is_the_algorithm_unless_raw),
		cmocka_unit_test(out_short_payload_is_left_alone),
		cmocka_unit_test(out_never_expands),
		cmocka_unit_test(out_gains_or_leaves_alone),
		cmocka_unit_test(out_fragment_and_protected_are_left_alone),
		cmocka_unit_test(out_ip6_header_before_names_ipcomp),
		cmocka_unit_test(out_dead_sa_and_no_room_are_drops),
		cmocka_unit_test(in_opens_what_zlib_wrote),
		cmocka_unit_test(in_large_packet_changes_buffers),
		cmocka_unit_test(in_bomb_is_a_drop),
		cmocka_unit_test(in_far_back_in_its_buffer_is_a_drop),
		cmocka_unit_test(in_broken_stream_is_a_drop),
		cmocka_unit_test(in_refusals_have_names),
		cmocka_unit_test(sa_without_device_is_refused),
		cmocka_unit_test(device_that_was_named_must_be_there),
	};

	test_eal(256, "--log-level=4");
	return cmocka_run_group_tests_name("ipcomp", tests, start, stop);
}
