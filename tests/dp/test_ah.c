/* SPDX-License-Identifier: BSD-2-Clause */
/* AH: layout, what a router may change and what nobody may, numbers, refusals. ICVs: tests/diff/test_ah.py. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>

#include <cmocka.h>

#include "dp/ah_peer.h"
#include "dp/eal.h"
#include "unit/hexpkt.h"
#include "wire/ip.h"

#define MAC "hmac-sha256"

/* UDP from one end of the SA to the other, with options or extension headers. */
#define UDP4    "450000240001400040110000c0000201c0000202123456780010000068656c6c6f213132"
#define UDP4OPT "460000280001400040110000c0000201c000020294040000123456780010000068656c6c6f213132"
#define A6(n)   "20010db80000000000000000000000" n
#define UDP6    "6000000000101140" A6("01") A6("02") "123456780010000068656c6c6f213132"
#define UDP6HBH \
	"6000000000180040" A6("01") A6("02") "1100050200000100123456780010000068656c6c6f213132"

static const char *const clears[] = { UDP4, UDP4OPT, UDP6, UDP6HBH };

/* The packet of the text with a right IPv4 checksum. */
static struct hexpkt
clear_of(const char *hex)
{
	struct hexpkt p = hexpkt(hex);
	uint16_t csum;

	if (p.b[0] >> 4 == 4) {
		csum = ip4_csum(p.b, (p.b[0] & 15u) * 4u);
		memcpy(p.b + 10, &csum, sizeof(csum));
	}
	return p;
}

static struct sa_rt *
open_mode(const char *auth, uint8_t af, uint8_t mode, uint32_t flags)
{
	struct sa_spec spec = ah_spec(auth, af, flags);

	assert_non_null(spec.auth);
	spec.idx.mode = mode;
	if (flags & SA_F_OLD)
		spec.window_pkts = 0;
	return ah_open(&spec);
}

static uint8_t
af_of(const struct hexpkt *p)
{
	return p->b[0] >> 4 == 4 ? AF_INET : AF_INET6;
}

/* Seal a packet, and take the bytes from its mbuf. */
static struct hexpkt
sealed(struct sa_rt *sa, const struct hexpkt *clear)
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

static void
expect_open(struct sa_rt *sa, const struct hexpkt *p, const struct hexpkt *clear)
{
	struct rte_mbuf *m = ah_pkt(sa, p->b, (unsigned int)p->len);

	assert_int_equal(ah_in(&m, 1), 1);
	assert_int_equal(m->data_len, clear->len);
	assert_int_equal(m->pkt_len, clear->len);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), clear->b, clear->len);
	assert_int_equal(pkt_meta(m)->depth, 1);
	rte_pktmbuf_free(m);
}

static void
expect_drop(struct rte_mbuf *m, enum drop_reason reason)
{
	const uint64_t before = lane->drop[reason];

	assert_int_equal(ah_in(&m, 1), 0);
	assert_int_equal(lane->drop[reason], before + 1);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
}

static void
expect_drop_bytes(struct sa_rt *sa, const struct hexpkt *p, enum drop_reason reason)
{
	expect_drop(ah_pkt(sa, p->b, (unsigned int)p->len), reason);
}

/* Where the AH is. */
static unsigned int
ah_off(const struct hexpkt *p)
{
	struct ip6_upper up = { 0 };

	if (af_of(p) == AF_INET)
		return (p->b[0] & 15u) * 4u;
	assert_int_equal(ip6_find_upper(p->b, p->len, &up), 0);
	assert_int_equal(up.proto, IPPROTO_AH);
	return up.off;
}

/* ---- layout ---- */

/* The header by the algorithm, its alignment, and what stands in its first 12 bytes. */
static void
ah_header_is_as_long_as_the_rfc_and_linux_say(void **state)
{
	static const struct {
		const char *auth, *clear;
		uint32_t flags;
		unsigned int len;
	} rows[] = {
		{ "hmac-sha1", UDP4, 0, 24 },
		{ "hmac-sha1", UDP6, 0, 24 },
		{ "hmac-sha256", UDP4, 0, 28 },
		{ "hmac-sha256", UDP4, SA_F_ALIGN8, 32 },
		{ "hmac-sha256", UDP6, 0, 32 },
		{ "hmac-sha384", UDP4, 0, 36 },
		{ "hmac-sha384", UDP6, 0, 40 },
		{ "hmac-sha512", UDP4, 0, 44 },
		{ "hmac-sha512", UDP4, SA_F_ALIGN8 | SA_F_ESN, 48 },
		{ "hmac-sha1", UDP4, SA_F_OLD, 20 },
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_LEN(rows); i++) {
		const struct hexpkt clear = clear_of(rows[i].clear);
		struct sa_rt *sa =
			open_mode(rows[i].auth, af_of(&clear), MODE_TRANSPORT, rows[i].flags);
		const struct hexpkt out = sealed(sa, &clear);
		const uint8_t *ah = out.b + ah_off(&out);
		const uint8_t fixed[] = { IPPROTO_UDP, (uint8_t)(rows[i].len / 4 - 2), 0, 0, 0x10,
			0x20, 0x30, 0x40, 0, 0, 0, 1 };

		assert_int_equal(out.len, clear.len + rows[i].len);
		assert_memory_equal(ah, fixed, rows[i].flags & SA_F_OLD ? 8 : 12);
		if (af_of(&clear) == AF_INET)
			assert_int_equal(ip4_csum(out.b, ah_off(&out)), 0);
		expect_open(sa, &out, &clear);
		assert_int_equal(sa->lc[0].pkts, 2);
		assert_int_equal(sa->lc[0].bytes, 2 * out.len);
		ah_close(sa);
	}
}

/* Over IPv4 either alignment is taken, whatever the SA sends; over IPv6 only its own. */
static void
ah_takes_both_alignments_over_ipv4(void **state)
{
	const struct hexpkt clear = clear_of(UDP4);
	struct sa_rt *rfc = open_mode(MAC, AF_INET, MODE_TRANSPORT, 0);
	struct sa_rt *wide = open_mode(MAC, AF_INET, MODE_TRANSPORT, SA_F_ALIGN8);
	const struct hexpkt a = sealed(rfc, &clear), b = sealed(wide, &clear);

	(void)state;
	assert_int_equal(a.len + 4, b.len);
	expect_open(wide, &a, &clear);
	expect_open(rfc, &b, &clear);
	ah_close(rfc);
	ah_close(wide);
}

/* Transport, tunnel and any; a packet's own mode decides where the SA leaves it open. */
static void
ah_opens_what_it_seals_in_every_mode(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARRAY_LEN(clears) * 2 * 3 * 2; i++) {
		const struct hexpkt clear = clear_of(clears[i % 4]);
		const uint8_t outer = i / 4 % 2 ? AF_INET6 : AF_INET, mode = (uint8_t)(i / 8 % 3);
		struct sa_rt *sa;
		struct hexpkt out;

		if (mode == MODE_TRANSPORT && outer != af_of(&clear))
			continue;
		sa = open_mode(MAC, outer, mode, i / 24 ? SA_F_ESN : 0);
		out = sealed(sa, &clear);
		if (mode != MODE_TRANSPORT)
			assert_int_equal(af_of(&out), outer);
		expect_open(sa, &out, &clear);
		ah_close(sa);
	}
}

/* ---- integrity ---- */

/* Bits that a router may change: DSCP and ECN, flags and offset, TTL, checksum; class, label, hop limit. */
static bool
is_mutable(const struct hexpkt *p, unsigned int bit)
{
	const unsigned int byte = bit / 8;

	if (af_of(p) == AF_INET)
		return byte == 1 || byte == 6 || byte == 7 || byte == 8 || byte == 10 || byte == 11;
	return (byte == 0 && bit % 8 < 4) || (byte >= 1 && byte <= 3) || byte == 7;
}

/* The packet as it is, with the meta of one that is not damaged: AH alone has to find the damage. */
static uint16_t
open_flipped(struct sa_rt *sa, const struct hexpkt *p, unsigned int bit)
{
	struct rte_mbuf *m = ah_pkt(sa, p->b, (unsigned int)p->len);
	uint16_t n;

	rte_pktmbuf_mtod_offset(m, uint8_t *, pkt_meta(m)->l3_off)[bit / 8] ^=
		(uint8_t)(1u << bit % 8);
	replay_init(sa->rp, AH_WINDOW);
	n = ah_in(&m, 1);
	if (n == 1)
		rte_pktmbuf_free(m);
	return n;
}

static void
ah_refuses_every_flipped_bit_that_is_not_mutable(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARRAY_LEN(clears) * 2; i++) {
		const struct hexpkt clear = clear_of(clears[i / 2]);
		struct sa_rt *sa = open_mode(
			MAC, af_of(&clear), MODE_TRANSPORT, i & 1 ? SA_F_ESN : SA_F_ALIGN8);
		const struct hexpkt out = sealed(sa, &clear);

		assert_int_equal(sa->lc[0].pkts, 1);
		for (unsigned int bit = 0; bit < out.len * 8; bit++)
			assert_int_equal(open_flipped(sa, &out, bit), is_mutable(&out, bit));
		assert_true(lane->drop[DROP_SEC_AUTH] > 200);
		assert_true(sa->lc[0].auth_fail > 200);
		ah_close(sa);
	}
}

/* test_integrity: the ICV is zero, and nothing else is touched. */
static void
ah_test_integrity_spoils_the_icv_only(void **state)
{
	const struct hexpkt clear = clear_of(UDP4);
	struct sa_rt *sa = open_mode(MAC, AF_INET, MODE_TRANSPORT, 0);
	struct hexpkt good = sealed(sa, &clear), bad;

	(void)state;
	atomic_store(&sa->seq, 0);
	knobs.test_integrity = 1;
	bad = sealed(sa, &clear);
	knobs.test_integrity = 0;
	memset(good.b + 20 + 12, 0, 16);
	assert_int_equal(bad.len, good.len);
	assert_memory_equal(bad.b, good.b, good.len);
	expect_drop_bytes(sa, &bad, DROP_SEC_AUTH);
	ah_close(sa);
}

/* ---- numbers ---- */

static struct hexpkt
numbered(struct sa_rt *sa, uint64_t seq)
{
	const struct hexpkt clear = clear_of(UDP4);

	atomic_store(&sa->seq, seq - 1);
	return sealed(sa, &clear);
}

static void
ah_refuses_replays(void **state)
{
	const struct hexpkt clear = clear_of(UDP4);
	struct sa_rt *sa = open_mode(MAC, AF_INET, MODE_TRANSPORT, 0);
	const struct hexpkt p100 = numbered(sa, 100), p36 = numbered(sa, 36),
			    p37 = numbered(sa, 37);
	struct hexpkt zero = numbered(sa, 1);

	(void)state;
	zero.b[31] = 0;
	expect_drop_bytes(sa, &zero, DROP_SEC_SEQ_ZERO);
	expect_open(sa, &p100, &clear);
	expect_drop_bytes(sa, &p100, DROP_SEC_REPLAY_DUP);
	expect_drop_bytes(sa, &p36, DROP_SEC_REPLAY_OLD);
	expect_open(sa, &p37, &clear);
	assert_int_equal(sa->lc[0].replayed, 3);
	ah_close(sa);
}

/* With ESN the high half is authenticated although it is not in the packet. */
static void
ah_esn_carries_over_the_low_half(void **state)
{
	const struct hexpkt clear = clear_of(UDP4);
	struct sa_rt *sa = open_mode(MAC, AF_INET, MODE_TRANSPORT, SA_F_ESN);
	const struct hexpkt last = numbered(sa, UINT32_MAX), next = sealed(sa, &clear);
	struct hexpkt again;

	(void)state;
	sa->rp->top = UINT32_MAX - 1;
	expect_open(sa, &last, &clear);
	expect_open(sa, &next, &clear);
	assert_int_equal(sa->rp->top, (uint64_t)1 << 32);
	again = numbered(sa, 2); /* of the first 2^32: taken for the second, so its ICV is wrong */
	expect_drop_bytes(sa, &again, DROP_SEC_AUTH);
	ah_close(sa);
}

static void
ah_stops_at_the_last_number(void **state)
{
	const struct hexpkt clear = clear_of(UDP4);
	struct sa_rt *sa = open_mode(MAC, AF_INET, MODE_TRANSPORT, 0);
	struct rte_mbuf *m[3];

	(void)state;
	atomic_store(&sa->seq, UINT32_MAX - 2);
	for (unsigned int i = 0; i < 3; i++)
		m[i] = ah_pkt(sa, clear.b, (unsigned int)clear.len);
	assert_int_equal(ah_out(m, 3), 2);
	assert_int_equal(lane->drop[DROP_OUT_SEQ], 1);
	assert_int_equal(sa->lc[0].seq_overflow, 1);
	rte_pktmbuf_free_bulk(m, 2);
	atomic_store(&sa->state, SA_DEAD);
	m[0] = ah_pkt(sa, clear.b, (unsigned int)clear.len);
	assert_int_equal(ah_out(m, 1), 0);
	assert_int_equal(lane->drop[DROP_OUT_SA_STATE], 1);
	ah_close(sa);
}

static void
ah_test_replay_repeats_the_number(void **state)
{
	const struct hexpkt clear = clear_of(UDP4);
	struct sa_rt *sa = open_mode(MAC, AF_INET, MODE_TRANSPORT, 0);
	const struct hexpkt first = sealed(sa, &clear);
	struct hexpkt again;

	(void)state;
	knobs.test_replay = 1;
	again = sealed(sa, &clear);
	knobs.test_replay = 0;
	assert_memory_equal(first.b, again.b, first.len);
	expect_open(sa, &first, &clear);
	expect_drop_bytes(sa, &again, DROP_SEC_REPLAY_DUP);
	ah_close(sa);
}

/* ---- refusals ---- */

static void
ah_refuses_fragments(void **state)
{
	const struct hexpkt clear = clear_of(UDP4);
	struct sa_rt *sa = open_mode(MAC, AF_INET, MODE_TRANSPORT, 0);
	const struct hexpkt out = sealed(sa, &clear);
	struct rte_mbuf *m = ah_pkt(sa, out.b, (unsigned int)out.len);
	struct hexpkt frag = clear_of(UDP4);

	(void)state;
	pkt_meta(m)->flags |= PKT_F_FRAG;
	expect_drop(m, DROP_SEC_FRAG);
	frag.b[6] = 0x20;
	m = ah_pkt(sa, frag.b, (unsigned int)frag.len);
	pkt_meta(m)->flags |= PKT_F_FRAG;
	assert_int_equal(ah_out(&m, 1), 0);
	assert_int_equal(lane->drop[DROP_OUT_FRAG], 1);
	ah_close(sa);
	/* A tunnel carries them like all else (RFC 4302 3.3.4). */
	sa = open_mode(MAC, AF_INET, MODE_TUNNEL, 0);
	m = ah_pkt(sa, frag.b, (unsigned int)frag.len);
	pkt_meta(m)->flags |= PKT_F_FRAG;
	assert_int_equal(ah_out(&m, 1), 1);
	assert_int_equal(pkt_meta(m)->flags & PKT_F_FRAG, 0);
	rte_pktmbuf_free(m);
	ah_close(sa);
}

static void
ah_refuses_headers_that_it_cannot_predict(void **state)
{
	/* A routing header of unknown type under way; options past the header. */
	static const char *const heads[] = {
		"6000000000282b40" A6("01")
			A6("02") "1102fd0100000000" A6("03") "123456780010000068656c6c6f213132",
		"460000280001400040110000c0000201c000020207ff0400123456780010000068656c6c6f213132",
	};

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		struct hexpkt clear = clear_of(heads[i]), in;
		struct sa_rt *sa = open_mode(MAC, af_of(&clear), MODE_TRANSPORT, 0);
		struct rte_mbuf *m = ah_pkt(sa, clear.b, (unsigned int)clear.len);
		const unsigned int head = i == 0 ? 64 : 24, len = i == 0 ? 32 : 28;

		assert_int_equal(ah_out(&m, 1), 0);
		assert_int_equal(lane->drop[DROP_SEC_HEAD], 1);
		in = (struct hexpkt){ .len = head + len + 16 };
		memcpy(in.b, clear.b, head);
		in.b[i == 0 ? 40 : 9] = IPPROTO_AH;
		in.b[head + 1] = (uint8_t)(len / 4 - 2);
		in.b[head + 11] = 1;
		expect_drop_bytes(sa, &in, DROP_SEC_HEAD);
		assert_int_equal(sa->rp->top, 0);
		ah_close(sa);
	}
}

static void
ah_refuses_wrong_lengths(void **state)
{
	for (unsigned int i = 0; i < 2; i++) {
		const struct hexpkt clear = clear_of(i == 0 ? UDP4 : UDP6);
		struct sa_rt *sa = open_mode(MAC, af_of(&clear), MODE_TRANSPORT, 0);
		const struct hexpkt out = sealed(sa, &clear);
		const unsigned int off = ah_off(&out);

		(void)state;
		for (unsigned int field = 0; field < 256; field++) {
			struct hexpkt p = out;

			p.b[off + 1] = (uint8_t)field;
			if (field == out.b[off + 1])
				continue;
			/* 8 words would be right for IPv4 aligned to 8 bytes, but the ICV is not. */
			expect_drop_bytes(
				sa, &p, field == 6 && i == 0 ? DROP_SEC_AUTH : DROP_SEC_ICV_LEN);
		}
		for (uint16_t len = 0; len < 28; len++) {
			struct rte_mbuf *m = ah_pkt(sa, out.b, (unsigned int)out.len);

			pkt_meta(m)->l4_len = len;
			expect_drop(m, DROP_SEC_SHORT);
		}
		assert_true(sa->lc[0].malformed > 250);
		ah_close(sa);
	}
}

static void
ah_refuses_other_addresses(void **state)
{
	const struct hexpkt clear = clear_of(UDP4);
	struct sa_rt *sa = open_mode(MAC, AF_INET, MODE_TRANSPORT, 0);
	struct hexpkt out = sealed(sa, &clear);

	(void)state;
	out.b[15]++;
	expect_drop_bytes(sa, &out, DROP_SEC_SA_ADDR);
	ah_close(sa);
}

static void
ah_refuses_what_has_no_room(void **state)
{
	const struct hexpkt clear = clear_of(UDP4);
	struct sa_rt *sa = open_mode(MAC, AF_INET, MODE_TUNNEL, SA_F_ESN);
	struct rte_mbuf *m = ah_pkt(sa, clear.b, (unsigned int)clear.len);
	const struct hexpkt out = sealed(sa, &clear);
	struct rte_mbuf *cut;
	uint16_t buf_len;

	(void)state;
	m->data_off = 20;
	assert_int_equal(ah_out(&m, 1), 0);
	assert_int_equal(lane->drop[DROP_OUT_NO_ROOM], 1);
	/* Inbound the high half of the number has no place: the buffer ends with the packet. */
	m = ah_pkt(sa, out.b, (unsigned int)out.len);
	m->data_len = m->pkt_len = (uint16_t)(14 + out.len);
	cut = m;
	buf_len = m->buf_len;
	m->buf_len = (uint16_t)(m->data_off + m->data_len + 3);
	assert_int_equal(ah_in(&m, 1), 0);
	assert_int_equal(lane->drop[DROP_OUT_NO_ROOM], 2);
	cut->buf_len = buf_len; /* it is back in the pool */
	ah_close(sa);
}

/* What an engine reports is an error outbound and a wrong ICV inbound. */
static void
ah_obeys_the_verdict_of_the_engine(void **state)
{
	const struct hexpkt clear = clear_of(UDP4);
	struct sa_rt *sa = open_mode(MAC, AF_INET, MODE_TRANSPORT, 0);
	const struct hexpkt out = sealed(sa, &clear);
	struct rte_mbuf *m = ah_pkt(sa, clear.b, (unsigned int)clear.len);

	(void)state;
	pkt_meta(m)->flags |= PKT_F_TRANSPORT;
	assert_int_equal(xform_ah.out_begin(lane, &m, 1), 1);
	pkt_meta(m)->flags |= PKT_F_CRYPTO_ERR;
	assert_int_equal(xform_ah.out_end(lane, &m, 1), 0);
	assert_int_equal(lane->drop[DROP_CRYPTO_ERROR], 1);
	m = ah_pkt(sa, out.b, (unsigned int)out.len);
	assert_int_equal(xform_ah.in_begin(lane, &m, 1), 1);
	pkt_meta(m)->flags |= PKT_F_CRYPTO_ERR;
	assert_int_equal(xform_ah.in_end(lane, &m, 1), 0);
	assert_int_equal(lane->drop[DROP_CRYPTO_ERROR], 2);
	ah_close(sa);
}

/* Bursts of SAs in runs, with packets that must go between those that stay. */
static void
ah_bursts_of_several_sas_keep_their_order(void **state)
{
	const struct hexpkt c4 = clear_of(UDP4), c6 = clear_of(UDP6HBH);
	struct sa_rt *sa[3] = { open_mode("hmac-sha1", AF_INET, MODE_TRANSPORT, 0),
		open_mode("hmac-sha512", AF_INET6, MODE_TUNNEL, SA_F_ESN),
		open_mode(MAC, AF_INET6, MODE_TRANSPORT, 0) };
	struct rte_mbuf *m[30];

	(void)state;
	for (unsigned int i = 0; i < 30; i++) {
		const struct hexpkt *c = i / 10 == 2 ? &c6 : &c4;

		m[i] = ah_pkt(sa[i / 10], c->b, (unsigned int)c->len);
		m[i]->hash.usr = i;
	}
	m[3]->data_off = 10;
	m[12]->data_off = 10;
	pkt_meta(m[25])->l4_len = AH_BUF;
	assert_int_equal(ah_out(m, 30), 27);
	rte_pktmbuf_mtod(m[26], uint8_t *)[60] ^= 1;
	assert_int_equal(ah_in(m, 27), 26);
	for (unsigned int i = 0, k = 0; i < 29; i++) {
		const struct hexpkt *c = i / 10 == 2 ? &c6 : &c4;

		if (i == 3 || i == 12 || i == 25)
			continue;
		assert_int_equal(m[k]->hash.usr, i);
		assert_int_equal(m[k]->data_len, c->len);
		assert_memory_equal(rte_pktmbuf_mtod(m[k], void *), c->b, c->len);
		rte_pktmbuf_free(m[k++]);
	}
	for (unsigned int i = 0; i < 3; i++)
		ah_close(sa[i]);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
}

/* AH in AH in transport mode: the outer one covers the inner one. */
static void
ah_nests(void **state)
{
	const struct hexpkt clear = clear_of(UDP6HBH);
	struct sa_rt *in = open_mode("hmac-sha1", AF_INET6, MODE_TRANSPORT, 0);
	struct sa_rt *out = open_mode(MAC, AF_INET6, MODE_TRANSPORT, SA_F_ESN);
	const struct hexpkt once = sealed(in, &clear);
	struct hexpkt twice = sealed(out, &once);

	(void)state;
	assert_int_equal(twice.b[ah_off(&twice)], IPPROTO_AH);
	expect_open(out, &twice, &once);
	expect_open(in, &once, &clear);
	twice.b[twice.len - 30] ^= 1;
	replay_init(out->rp, AH_WINDOW);
	expect_drop_bytes(out, &twice, DROP_SEC_AUTH);
	ah_close(in);
	ah_close(out);
}

/* ---- algorithms with a form of their own ---- */

/* GMAC (RFC 4543): IV and tag are the ICV field, and no IV comes twice, not even when numbers do. */
static void
ah_gmac_has_its_iv_in_the_icv_field(void **state)
{
	const struct hexpkt clear = clear_of(UDP6HBH);
	struct hexpkt out[3];
	struct sa_rt *sa;

	(void)state;
	if (!crypto_offers(crypto, NULL, alg_by_code(ALG_AES_GMAC_AUTH)))
		return; /* test_engines.c says who must */
	sa = open_mode("aes-gmac", AF_INET6, MODE_TRANSPORT, SA_F_ESN);
	for (unsigned int i = 0; i < 3; i++) {
		knobs.test_replay = i == 2;
		out[i] = sealed(sa, &clear);
		assert_int_equal(out[i].len, clear.len + 40);
		for (unsigned int k = 0; k < i; k++)
			assert_memory_not_equal(out[i].b + 48 + 12, out[k].b + 48 + 12, 8);
	}
	knobs.test_replay = 0;
	expect_open(sa, &out[0], &clear);
	expect_open(sa, &out[1], &clear);
	expect_drop_bytes(sa, &out[2], DROP_SEC_REPLAY_DUP);
	for (unsigned int bit = 0; bit < out[0].len * 8; bit += 3)
		assert_int_equal(open_flipped(sa, &out[0], bit), is_mutable(&out[0], bit));
	ah_close(sa);
}

/* An ICV of zeros proves nothing: such an SA does not count as protection, and has no window to move. */
static void
ah_null_is_no_authentication(void **state)
{
	const struct hexpkt clear = clear_of(UDP4);
	struct hexpkt out;
	struct sa_rt *sa;

	(void)state;
	if (!crypto_offers(crypto, NULL, alg_by_code(ALG_NULL_AUTH)))
		return;
	sa = open_mode("null", AF_INET, MODE_TRANSPORT, 0);
	assert_int_equal(sa->auth, 0);
	assert_null(sa->rp);
	out = sealed(sa, &clear);
	assert_int_equal(out.len, clear.len + 24);
	expect_open(sa, &out, &clear);
	expect_open(sa, &out, &clear);
	ah_close(sa);
}

/* ---- control ---- */

static void
ah_sa_init_refuses_what_is_no_ah(void **state)
{
	struct sa_rt *sa = open_mode(MAC, AF_INET, MODE_ANY, 0);
	struct sa_spec spec = ah_spec(MAC, AF_INET, 0);
	struct err err = { 0 };

	(void)state;
	assert_int_equal(xform_ah.sa_check(&spec, &err), 0);
	spec.enc = alg_by_name(ALG_ENC, "aes-cbc");
	assert_int_equal(xform_ah.sa_check(&spec, &err), -EINVAL);
	assert_non_null(strstr(err.text, "aes-cbc"));
	spec = ah_spec(MAC, AF_INET, SA_F_OLD);
	assert_int_equal(xform_ah.sa_check(&spec, &err), -EINVAL);
	assert_non_null(strstr(err.text, "sequence"));
	spec = ah_spec("tcp-md5", AF_INET, 0);
	assert_int_equal(xform_ah.sa_check(&spec, &err), -EOPNOTSUPP);
	spec = ah_spec(MAC, AF_INET, 0);
	spec.auth = NULL;
	assert_int_equal(xform_ah.sa_check(&spec, &err), -EINVAL);
	spec = ah_spec(MAC, AF_INET, 0);
	spec.natt.type = 2;
	assert_int_equal(xform_ah.sa_check(&spec, &err), -EINVAL);
	spec = ah_spec(MAC, AF_INET, 0);
	spec.idx.dst = test_ip("2001:db8::2");
	assert_int_equal(xform_ah.sa_check(&spec, &err), -EINVAL);
	assert_int_equal(sa->auth, 1);
	ah_close(sa);
}

static const struct engine *engine;

static int
start(void **state)
{
	(void)state;
	ah_start(engine);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	ah_stop();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ah_header_is_as_long_as_the_rfc_and_linux_say),
		cmocka_unit_test(ah_takes_both_alignments_over_ipv4),
		cmocka_unit_test(ah_opens_what_it_seals_in_every_mode),
		cmocka_unit_test(ah_refuses_every_flipped_bit_that_is_not_mutable),
		cmocka_unit_test(ah_test_integrity_spoils_the_icv_only),
		cmocka_unit_test(ah_refuses_replays),
		cmocka_unit_test(ah_esn_carries_over_the_low_half),
		cmocka_unit_test(ah_stops_at_the_last_number),
		cmocka_unit_test(ah_test_replay_repeats_the_number),
		cmocka_unit_test(ah_refuses_fragments),
		cmocka_unit_test(ah_refuses_headers_that_it_cannot_predict),
		cmocka_unit_test(ah_refuses_wrong_lengths),
		cmocka_unit_test(ah_refuses_other_addresses),
		cmocka_unit_test(ah_refuses_what_has_no_room),
		cmocka_unit_test(ah_obeys_the_verdict_of_the_engine),
		cmocka_unit_test(ah_bursts_of_several_sas_keep_their_order),
		cmocka_unit_test(ah_nests),
		cmocka_unit_test(ah_gmac_has_its_iv_in_the_icv_field),
		cmocka_unit_test(ah_null_is_no_authentication),
		cmocka_unit_test(ah_sa_init_refuses_what_is_no_ah),
	};
	int failed = 0;

	for (unsigned int i = 0; i < ENGINES; i++) {
		if (strcmp(engines[i].name, "aesni_gcm") == 0)
			continue; /* knows no MAC */
		engine = &engines[i];
		failed += cmocka_run_group_tests_name(engine->name, tests, start, stop);
	}
	return failed + (rte_eal_cleanup() != 0);
}
