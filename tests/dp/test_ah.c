/* SPDX-License-Identifier: BSD-2-Clause */
/* AH: layout, what a router may change and what nobody may, numbers. ICVs: tests/diff/test_ah.py. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>

#include <cmocka.h>

#include "dp/ah_peer.h"
#include "unit/hexpkt.h"
#include "wire/ip.h"

#define MAC "hmac-sha256"

static const char *const clears[] = { UDP4, UDP4OPT, UDP6, UDP6HBH };

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
		const struct hexpkt clear = ah_clear(rows[i].clear);
		struct sa_rt *sa =
			ah_open_mode(rows[i].auth, ah_af(&clear), MODE_TRANSPORT, rows[i].flags);
		const struct hexpkt out = ah_sealed(sa, &clear);
		const uint8_t *ah = out.b + ah_off(&out);
		const uint8_t fixed[] = { IPPROTO_UDP, (uint8_t)(rows[i].len / 4 - 2), 0, 0, 0x10,
			0x20, 0x30, 0x40, 0, 0, 0, 1 };

		assert_int_equal(out.len, clear.len + rows[i].len);
		assert_memory_equal(ah, fixed, rows[i].flags & SA_F_OLD ? 8 : 12);
		if (ah_af(&clear) == AF_INET)
			assert_int_equal(ip4_csum(out.b, ah_off(&out)), 0);
		ah_expect_open(sa, &out, &clear);
		assert_int_equal(sa->lc[0].pkts, 2);
		assert_int_equal(sa->lc[0].bytes, 2 * out.len);
		ah_close(sa);
	}
}

/* Over IPv4 either alignment is taken, whatever the SA sends; over IPv6 only its own. */
static void
ah_takes_both_alignments_over_ipv4(void **state)
{
	const struct hexpkt clear = ah_clear(UDP4);
	struct sa_rt *rfc = ah_open_mode(MAC, AF_INET, MODE_TRANSPORT, 0);
	struct sa_rt *wide = ah_open_mode(MAC, AF_INET, MODE_TRANSPORT, SA_F_ALIGN8);
	const struct hexpkt a = ah_sealed(rfc, &clear), b = ah_sealed(wide, &clear);

	(void)state;
	assert_int_equal(a.len + 4, b.len);
	ah_expect_open(wide, &a, &clear);
	ah_expect_open(rfc, &b, &clear);
	ah_close(rfc);
	ah_close(wide);
}

/* Transport, tunnel and any; a packet's own mode decides where the SA leaves it open. */
static void
ah_opens_what_it_seals_in_every_mode(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARRAY_LEN(clears) * 2 * 3 * 2; i++) {
		const struct hexpkt clear = ah_clear(clears[i % 4]);
		const uint8_t outer = i / 4 % 2 ? AF_INET6 : AF_INET, mode = (uint8_t)(i / 8 % 3);
		struct sa_rt *sa;
		struct hexpkt out;

		if (mode == MODE_TRANSPORT && outer != ah_af(&clear))
			continue;
		sa = ah_open_mode(MAC, outer, mode, i / 24 ? SA_F_ESN : 0);
		out = ah_sealed(sa, &clear);
		if (mode != MODE_TRANSPORT)
			assert_int_equal(ah_af(&out), outer);
		ah_expect_open(sa, &out, &clear);
		ah_close(sa);
	}
}

/* ---- integrity ---- */

/* Bits that a router may change: DSCP and ECN, flags and offset, TTL, checksum; class, label, hop limit. */
static bool
is_mutable(const struct hexpkt *p, unsigned int bit)
{
	const unsigned int byte = bit / 8;

	if (ah_af(p) == AF_INET)
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
		const struct hexpkt clear = ah_clear(clears[i / 2]);
		struct sa_rt *sa = ah_open_mode(
			MAC, ah_af(&clear), MODE_TRANSPORT, i & 1 ? SA_F_ESN : SA_F_ALIGN8);
		const struct hexpkt out = ah_sealed(sa, &clear);

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
	const struct hexpkt clear = ah_clear(UDP4);
	struct sa_rt *sa = ah_open_mode(MAC, AF_INET, MODE_TRANSPORT, 0);
	struct hexpkt good = ah_sealed(sa, &clear), bad;

	(void)state;
	atomic_store(&sa->seq, 0);
	knobs.test_integrity = 1;
	bad = ah_sealed(sa, &clear);
	knobs.test_integrity = 0;
	memset(good.b + 20 + 12, 0, 16);
	assert_int_equal(bad.len, good.len);
	assert_memory_equal(bad.b, good.b, good.len);
	ah_expect_drop_bytes(sa, &bad, DROP_SEC_AUTH);
	ah_close(sa);
}

/* ---- numbers ---- */

static struct hexpkt
numbered(struct sa_rt *sa, uint64_t seq)
{
	const struct hexpkt clear = ah_clear(UDP4);

	atomic_store(&sa->seq, seq - 1);
	return ah_sealed(sa, &clear);
}

static void
ah_refuses_replays(void **state)
{
	const struct hexpkt clear = ah_clear(UDP4);
	struct sa_rt *sa = ah_open_mode(MAC, AF_INET, MODE_TRANSPORT, 0);
	const struct hexpkt p100 = numbered(sa, 100), p36 = numbered(sa, 36),
			    p37 = numbered(sa, 37);
	struct hexpkt zero = numbered(sa, 1);

	(void)state;
	zero.b[31] = 0;
	ah_expect_drop_bytes(sa, &zero, DROP_SEC_SEQ_ZERO);
	ah_expect_open(sa, &p100, &clear);
	ah_expect_drop_bytes(sa, &p100, DROP_SEC_REPLAY_DUP);
	ah_expect_drop_bytes(sa, &p36, DROP_SEC_REPLAY_OLD);
	ah_expect_open(sa, &p37, &clear);
	assert_int_equal(sa->lc[0].replayed, 3);
	ah_close(sa);
}

/* With ESN the high half is authenticated although it is not in the packet. */
static void
ah_esn_carries_over_the_low_half(void **state)
{
	const struct hexpkt clear = ah_clear(UDP4);
	struct sa_rt *sa = ah_open_mode(MAC, AF_INET, MODE_TRANSPORT, SA_F_ESN);
	const struct hexpkt last = numbered(sa, UINT32_MAX), next = ah_sealed(sa, &clear);
	struct hexpkt again;

	(void)state;
	sa->rp->top = UINT32_MAX - 1;
	ah_expect_open(sa, &last, &clear);
	ah_expect_open(sa, &next, &clear);
	assert_int_equal(sa->rp->top, (uint64_t)1 << 32);
	again = numbered(sa, 2); /* of the first 2^32: taken for the second, so its ICV is wrong */
	ah_expect_drop_bytes(sa, &again, DROP_SEC_AUTH);
	ah_close(sa);
}

static void
ah_stops_at_the_last_number(void **state)
{
	const struct hexpkt clear = ah_clear(UDP4);
	struct sa_rt *sa = ah_open_mode(MAC, AF_INET, MODE_TRANSPORT, 0);
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
	const struct hexpkt clear = ah_clear(UDP4);
	struct sa_rt *sa = ah_open_mode(MAC, AF_INET, MODE_TRANSPORT, 0);
	const struct hexpkt first = ah_sealed(sa, &clear);
	struct hexpkt again;

	(void)state;
	knobs.test_replay = 1;
	again = ah_sealed(sa, &clear);
	knobs.test_replay = 0;
	assert_memory_equal(first.b, again.b, first.len);
	ah_expect_open(sa, &first, &clear);
	ah_expect_drop_bytes(sa, &again, DROP_SEC_REPLAY_DUP);
	ah_close(sa);
}

/* ---- algorithms with a form of their own ---- */

/* GMAC (RFC 4543): IV and tag are the ICV field, and no IV comes twice, not even when numbers do. */
static void
ah_gmac_has_its_iv_in_the_icv_field(void **state)
{
	const struct hexpkt clear = ah_clear(UDP6HBH);
	struct hexpkt out[3];
	struct sa_rt *sa;

	(void)state;
	if (!crypto_offers(crypto, NULL, alg_by_code(ALG_AES_GMAC_AUTH)))
		return; /* test_engines.c says who must */
	sa = ah_open_mode("aes-gmac", AF_INET6, MODE_TRANSPORT, SA_F_ESN);
	for (unsigned int i = 0; i < 3; i++) {
		knobs.test_replay = i == 2;
		out[i] = ah_sealed(sa, &clear);
		assert_int_equal(out[i].len, clear.len + 40);
		for (unsigned int k = 0; k < i; k++)
			assert_memory_not_equal(out[i].b + 48 + 12, out[k].b + 48 + 12, 8);
	}
	knobs.test_replay = 0;
	ah_expect_open(sa, &out[0], &clear);
	ah_expect_open(sa, &out[1], &clear);
	ah_expect_drop_bytes(sa, &out[2], DROP_SEC_REPLAY_DUP);
	for (unsigned int bit = 0; bit < out[0].len * 8; bit += 3)
		assert_int_equal(open_flipped(sa, &out[0], bit), is_mutable(&out[0], bit));
	ah_close(sa);
}

/* An ICV of zeros proves nothing: such an SA does not count as protection, and has no window to move. */
static void
ah_null_is_no_authentication(void **state)
{
	const struct hexpkt clear = ah_clear(UDP4);
	struct hexpkt out;
	struct sa_rt *sa;

	(void)state;
	if (!crypto_offers(crypto, NULL, alg_by_code(ALG_NULL_AUTH)))
		return;
	sa = ah_open_mode("null", AF_INET, MODE_TRANSPORT, 0);
	assert_int_equal(sa->auth, 0);
	assert_null(sa->rp);
	out = ah_sealed(sa, &clear);
	assert_int_equal(out.len, clear.len + 24);
	ah_expect_open(sa, &out, &clear);
	ah_expect_open(sa, &out, &clear);
	ah_close(sa);
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
		cmocka_unit_test(ah_gmac_has_its_iv_in_the_icv_field),
		cmocka_unit_test(ah_null_is_no_authentication),
	};
	const struct engine_group group = {
		.start = ah_start, .stop = ah_stop, .without = "aesni_gcm"
	}; /* knows no MAC */

	return engine_groups(&group, tests, ARRAY_LEN(tests));
}
