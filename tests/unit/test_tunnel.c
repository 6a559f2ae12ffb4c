/* SPDX-License-Identifier: BSD-2-Clause */
/* Outer headers (RFC 4301 5.1.2), congestion marks (RFC 6040) and the ESP trailer, by table and at random. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ipsec/ecn.h"
#include "ipsec/esp.h"
#include "ipsec/tunnel.h"
#include "support/rng.h"

static uint64_t rng;

static void
random_bytes(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)rng_next(&rng);
}

/* A header with this TOS and DF bit; all else is noise that must not show outside. */
static void
make_inner(uint8_t *p, bool v6, uint8_t tos, bool df)
{
	random_bytes(p, 40);
	if (v6) {
		p[0] = (uint8_t)(0x60 | tos >> 4);
		p[1] = (uint8_t)((p[1] & 0x0f) | (uint32_t)tos << 4);
		return;
	}
	p[0] = 0x45;
	p[1] = tos;
	p[6] = (uint8_t)((p[6] & 0xbf) | (df ? 0x40 : 0));
}

/* What ipsec(4) says of net.inet.ipsec.dfbit. IPv6 has no such bit. */
static bool
want_df(int32_t dfbit, bool v6, bool inner_df)
{
	if (v6 || dfbit == 0)
		return false;
	return dfbit == 1 || inner_df;
}

static void
tunnel_outer_follows_df_and_ecn_of_every_combination(void **state)
{
	uint8_t inner[40];
	struct tunnel_rules rules;
	struct tunnel_outer o;

	(void)state;
	for (unsigned int i = 0; i < 5 * 3 * 2 * 2 * 256; i++) {
		static const int32_t dfbits[5] = { 0, 1, 2, -1, INT32_MAX };
		const uint8_t tos = (uint8_t)i;
		const bool v6 = (i >> 8 & 1) != 0, df = (i >> 9 & 1) != 0;
		const int32_t dfbit = dfbits[(i >> 10) % 5], ecn = (int32_t)((i >> 10) / 5) - 1;
		struct knobs k = KNOBS_INIT;

		k.dfbit = dfbit;
		k.af[v6].ecn = ecn;
		k.af[!v6].ecn = ecn == 0; /* the other family's must not matter */
		k.ip_ttl = 1 + (int32_t)(i % 255);
		make_inner(inner, v6, tos, df);
		tunnel_rules_init(&rules, &k);
		tunnel_outer_init(&o, &rules, inner, v6);
		assert_int_equal(o.df_be, want_df(dfbit, v6, df) ? htons(IP4_DF) : 0);
		assert_int_equal(o.tos, ecn == 0 ? tos & 0xfc : tos);
		assert_int_equal(o.ttl, k.ip_ttl);
		assert_int_equal(rules.ecn_in[v6], ecn >= 0);
	}
}

/* Every DSCP, set or copied, of each inner family; the congestion bits go their own way. */
static void
tunnel_outer_dscp_is_copied_or_set(void **state)
{
	uint8_t inner[40];
	struct tunnel_rules rules;
	struct tunnel_outer o;

	(void)state;
	for (unsigned int i = 0; i < 65 * 3 * 2 * 256; i++) {
		const uint8_t tos = (uint8_t)i;
		const bool v6 = (i >> 8 & 1) != 0;
		const int32_t dscp = (int32_t)((i >> 9) % 65) - 1,
			      ecn = (int32_t)((i >> 9) / 65) - 1;
		struct knobs k = KNOBS_INIT;
		uint8_t want = ecn == 0 ? 0 : tos & 3;

		k.af[v6].dscp = dscp;
		k.af[!v6].dscp = 63 - (dscp & 31); /* the other family's must not matter */
		k.af[v6].ecn = ecn;
		want |= dscp < 0 ? tos & 0xfc : (uint8_t)(dscp << 2);
		make_inner(inner, v6, tos, false);
		tunnel_rules_init(&rules, &k);
		tunnel_outer_init(&o, &rules, inner, v6);
		assert_int_equal(o.tos, want);
	}
}

/* The label of an inner IPv6 header, and only that, reaches an outer IPv6 header, and only if asked for. */
static void
tunnel_outer_flow_label_is_zero_or_copied(void **state)
{
	uint8_t inner[40], template[40], addr[32] = { 0 }, p[40];
	struct tunnel_rules rules;
	struct tunnel_outer o;

	(void)state;
	tunnel_template6(template, addr, addr + 16, IPPROTO_ESP);
	for (unsigned int i = 0; i < 2 * 2 * 256; i++) {
		const uint8_t tos = (uint8_t)i;
		const bool v6 = (i >> 8 & 1) != 0, copy = (i >> 9 & 1) != 0, kept = v6 && copy;
		struct knobs k = KNOBS_INIT;

		k.flowlabel = copy;
		k.af[v6].ecn = 1;
		make_inner(inner, v6, tos, false);
		tunnel_rules_init(&rules, &k);
		tunnel_outer_init(&o, &rules, inner, v6);
		o.len = 0;
		tunnel_put6(p, template, &o);
		assert_int_equal(p[0], 0x60 | tos >> 4);
		assert_int_equal(p[1] >> 4, tos & 15);
		assert_int_equal(p[1] & 15, kept ? inner[1] & 15 : 0);
		assert_int_equal(p[2], kept ? inner[2] : 0);
		assert_int_equal(p[3], kept ? inner[3] : 0);
	}
}

static void
tunnel_put4_is_a_header_with_its_checksum(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 20000; i++) {
		uint8_t addr[8], template[20], p[20];
		struct tunnel_outer o = { .len = (uint16_t)(rng_next(&rng) % 65000),
			.id = (uint16_t)rng_next(&rng),
			.df_be = i & 1 ? htons(IP4_DF) : 0,
			.tos = (uint8_t)rng_next(&rng),
			.ttl = (uint8_t)rng_next(&rng) };
		uint8_t fill =
			i % 3 == 0 ? 0xff : 0; /* sums that carry, and sums of almost nothing */

		random_bytes(addr, sizeof(addr));
		if (i % 3 < 2)
			memset(addr, fill, sizeof(addr));
		tunnel_template4(template, addr, addr + 4, IPPROTO_ESP);
		tunnel_put4(p, template, &o);
		assert_int_equal(ip4_csum(p, 20), 0);
		assert_int_equal(p[0], 0x45);
		assert_int_equal(p[1], o.tos);
		assert_int_equal(tunnel_get16(p + 2), o.len + 20);
		assert_int_equal(tunnel_get16(p + 4), o.id);
		assert_int_equal(tunnel_get16(p + 6), ntohs(o.df_be));
		assert_int_equal(p[8], o.ttl);
		assert_int_equal(p[9], IPPROTO_ESP);
		assert_memory_equal(p + 12, addr, 8);
	}
}

static void
tunnel_put6_is_a_header(void **state)
{
	const struct tunnel_outer o = {
		.len = 0x1234, .df_be = htons(IP4_DF), .tos = 0xb9, .ttl = 33
	};
	uint8_t addr[32], template[40], p[40];

	(void)state;
	random_bytes(addr, sizeof(addr));
	tunnel_template6(template, addr, addr + 16, IPPROTO_ESP);
	tunnel_put6(p, template, &o);
	assert_memory_equal(p, "\x6b\x90\0\0\x12\x34\x32\x21", 8);
	assert_memory_equal(p + 8, addr, 32);
	assert_int_equal(tunnel_tos(p, 1), 0xb9);
}

/* RFC 6040 figure 4, inner by outer; 9 stands for drop. */
static void
tunnel_ecn_decap_equals_figure_4(void **state)
{
	static const uint8_t figure[4][4] = { { 0, 0, 0, 9 }, { 1, 1, 1, 3 }, { 2, 1, 2, 3 },
		{ 3, 3, 3, 3 } };
	uint8_t p[40], before[40];

	(void)state;
	for (unsigned int i = 0; i < 256 * 4 * 2; i++) {
		const uint8_t tos = (uint8_t)i, outer = (uint8_t)(i >> 8 & 3);
		const unsigned int v6 = i >> 10;
		const uint8_t want = figure[tos & 3][outer];
		uint16_t csum;

		make_inner(p, v6 != 0, tos, false);
		p[10] = v6 ? p[10] : 0;
		p[11] = v6 ? p[11] : 0;
		csum = ip4_csum(p, 20);
		if (!v6)
			memcpy(p + 10, &csum, 2);
		memcpy(before, p, sizeof(p));
		assert_int_equal(tunnel_ecn_decap(p, v6, outer | 0xa8), want != 9);
		if (want == 9) {
			assert_memory_equal(p, before, sizeof(p));
			continue;
		}
		assert_int_equal(tunnel_tos(p, v6), (tos & 0xfc) | want);
		if (!v6)
			assert_int_equal(ip4_csum(p, 20), 0);
		/* Nothing else has changed: put the codepoint back and compare. */
		tunnel_ecn_set(p, v6, tos & 3);
		assert_memory_equal(p + 12, before + 12, 28);
		assert_memory_equal(p, before, 10);
	}
}

static void
tunnel_inner_len_never_exceeds_what_is_there(void **state)
{
	static const struct {
		unsigned int len, v6, want;
		uint8_t hi, lo; /* of the length field */
	} row[] = {
		{ 20, 0, 20, 0, 20 },
		{ 19, 0, 0, 0, 20 },
		{ 100, 0, 0, 0, 19 },
		{ 100, 0, 60, 0, 60 },
		{ 100, 0, 0, 0, 101 },
		{ 100, 0, 0, 0xff, 0xff },
		{ 0, 0, 0, 0, 0 },
		{ 40, 1, 40, 0, 0 },
		{ 39, 1, 0, 0, 0 },
		{ 100, 1, 100, 0, 60 },
		{ 99, 1, 0, 0, 60 },
		{ 100, 1, 41, 0, 1 },
		{ 100, 1, 0, 0xff, 0xff },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		uint8_t p[100] = { 0 };

		p[row[i].v6 ? 4 : 2] = row[i].hi;
		p[row[i].v6 ? 5 : 3] = row[i].lo;
		assert_int_equal(tunnel_inner_len(p, row[i].len, row[i].v6), row[i].want);
	}
}

static void
esp_trailer_of_every_length_comes_back(void **state)
{
	static const unsigned int blocks[] = { 4, 8, 16 };

	(void)state;
	for (unsigned int i = 0; i < 3 * 200; i++) {
		const unsigned int blk = blocks[i % 3], len = i / 3;
		const unsigned int pad = esp_pad_len(len, blk);
		uint8_t text[256];
		struct esp_payload got;

		assert_true(pad < blk);
		assert_int_equal((len + pad + 2) % blk, 0);
		random_bytes(text, sizeof(text));
		esp_trailer_put(text + len, pad, 41);
		assert_true(esp_trailer_get(text, len + pad + 2, &got));
		assert_int_equal(got.len, len);
		assert_int_equal(got.next, 41);
		for (unsigned int k = 0; k < pad; k++) { /* each padding byte counts */
			text[len + k] ^= 0x80;
			assert_false(esp_trailer_get(text, len + pad + 2, &got));
			text[len + k] ^= 0x80;
		}
	}
}

static void
esp_trailer_get_bounds_the_padding(void **state)
{
	uint8_t text[257];
	struct esp_payload got;

	(void)state;
	for (unsigned int i = 0; i < 255; i++)
		text[i] = (uint8_t)(i + 1);
	text[255] = 255; /* the largest padding, and nothing else */
	text[256] = 4;
	assert_true(esp_trailer_get(text, 257, &got));
	assert_int_equal(got.len, 0);
	assert_false(esp_trailer_get(text + 1, 256, &got));
	assert_false(esp_trailer_get(text + 255, 2, &got));
	assert_false(esp_trailer_get(text + 256, 1, &got));
	assert_false(esp_trailer_get(text, 0, &got));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tunnel_outer_follows_df_and_ecn_of_every_combination),
		cmocka_unit_test(tunnel_outer_dscp_is_copied_or_set),
		cmocka_unit_test(tunnel_outer_flow_label_is_zero_or_copied),
		cmocka_unit_test(tunnel_put4_is_a_header_with_its_checksum),
		cmocka_unit_test(tunnel_put6_is_a_header),
		cmocka_unit_test(tunnel_ecn_decap_equals_figure_4),
		cmocka_unit_test(tunnel_inner_len_never_exceeds_what_is_there),
		cmocka_unit_test(esp_trailer_of_every_length_comes_back),
		cmocka_unit_test(esp_trailer_get_bounds_the_padding),
	};

	rng = rng_seed("tunnel");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
