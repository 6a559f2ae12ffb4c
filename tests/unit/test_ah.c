/* SPDX-License-Identifier: BSD-2-Clause */
/* What of an IP header AH authenticates: RFC 4302 A1 and A2 option by option, and hostile headers. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/defs.h"
#include "ipsec/ah.h"
#include "support/rng.h"
#include "unit/hexpkt.h"

static const struct ah_rules rfc = { 0 };

/* Mask head bytes; whatever the outcome, unmasking or the refusal leaves what was there. */
static void
check_mask(
	const struct hexpkt *in, const struct hexpkt *want, const struct ah_rules *rules, int ret)
{
	uint8_t save[AH_HEAD_MAX];
	struct hexpkt p = *in;

	assert_int_equal(ah_mask(p.b, (unsigned int)p.len, rules, save), ret);
	if (ret == 0) {
		assert_int_equal(p.len, want->len);
		assert_memory_equal(p.b, want->b, p.len);
		ah_unmask(p.b, (unsigned int)p.len, save);
	}
	assert_memory_equal(p.b, in->b, sizeof(p.b));
}

/* ---- IPv4 ---- */

static struct hexpkt
head4(const char *fixed, const char *dst, const char *options)
{
	char text[200];
	struct hexpkt p;

	(void)snprintf(text, sizeof(text), "%s%s%s", fixed, dst, options);
	p = hexpkt(text);
	p.b[0] = (uint8_t)(0x40 | p.len / 4);
	return p;
}

#define FIXED4  "452800641234600140331badc0000201"
#define MASKED4 "450000641234000000330000c0000201"
#define DST     "c0000202"

/* Options, what becomes of them, and of the destination if that changes. */
static const struct opt4 {
	const char *in, *out, *dst;
	int ret;
} opts4[] = {
	{ "", "", DST, 0 }, { "01010101", "01010101", DST, 0 }, /* no operation */
	{ "00000000", "00000000", DST, 0 }, /* end */
	{ "00830702", "00830702", DST, 0 }, /* behind the end nothing is looked at */
	{ "820b112233445566778899aa", NULL, NULL, -EINVAL }, /* aa has no length */
	{ "820b112233445566778899"
	  "00",
		"820b112233445566778899"
		"00",
		DST, 0 }, /* security */
	{ "8505112233000000", "8505112233000000", DST, 0 }, /* extended security */
	{ "8606000000010101", "8606000000010101", DST, 0 }, /* commercial security */
	{ "94040000", "94040000", DST, 0 }, /* router alert */
	{ "9506c000020a0000", "9506c000020a0000", DST, 0 }, /* sender directed delivery */
	{ "07070400000000"
	  "00",
		"00000000000000"
		"00",
		DST, 0 }, /* record route */
	{ "0707080a09080701", "0000000000000001", DST, 0 },
	{ "4408050011223344", "0000000000000000", DST, 0 }, /* time stamp */
	{ "520c12340001ffffc0000201", "000000000000000000000000", DST, 0 }, /* traceroute */
	{ "88041234", "00000000", DST, 0 }, /* stream identifier */
	{ "0b0405dc", "00000000", DST, 0 }, /* MTU probe */
	{ "0c0405dc", "00000000", DST, 0 }, /* MTU reply */
	{ "910411220a041122", "0000000000000000", DST, 0 }, /* EIP, ZSU */
	{ "cd0400018e040001", "0000000000000000", DST, 0 }, /* flow control, access control */
	{ "0f04000190040001", "0000000000000000", DST, 0 }, /* encode, IMI */
	{ "930a0102030405060708"
	  "0101",
		"00000000000000000000"
		"0101",
		DST, 0 }, /* extension */
	{ "1e04aabb9e04aabb", "0000000000000000", DST, 0 }, /* experiments */
	{ "0194040000070304", "0194040000000000", DST, 0 }, /* several */
	/* Source routes: one left, two left, the second left, none left. */
	{ "830704c000020900", "0000000000000000", "c0000209", 0 },
	{ "830b04c0000209c633640100", "000000000000000000000000", "c6336401", 0 },
	{ "890b08c0000209c633640100", "000000000000000000000000", "c6336401", 0 },
	{ "890b0cc0000209c633640100", "000000000000000000000000", DST, 0 },
	{ "830704c0000209"
	  "01"
	  "94040000",
		"00000000000000"
		"01"
		"94040000",
		"c0000209", 0 },
	/* Malformed. */
	{ "01010182", NULL, NULL, -EINVAL }, /* no length */
	{ "82000000", NULL, NULL, -EINVAL }, /* lengths below 2 */
	{ "82010000", NULL, NULL, -EINVAL },
	{ "82050000", NULL, NULL, -EINVAL }, /* past the header */
	{ "07ff0400", NULL, NULL, -EINVAL },
	{ "83020000", NULL, NULL, -EINVAL }, /* a route without pointer */
	{ "830703c000020900", NULL, NULL, -EINVAL }, /* pointer before the addresses */
	{ "830804c000020900", NULL, NULL, -EINVAL }, /* not a whole number of addresses */
	{ "83030400", "00000000", DST, 0 }, /* an empty route leads nowhere */
};

static void
ah_mask_follows_the_table_of_ipv4_options(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARRAY_LEN(opts4); i++) {
		const struct opt4 *o = &opts4[i];
		const struct hexpkt in = head4(FIXED4, DST, o->in);
		const struct hexpkt want = head4(MASKED4, o->dst != NULL ? o->dst : DST,
			o->out != NULL ? o->out : "00000000");

		check_mask(&in, &want, &rfc, o->ret);
	}
}

/* Each type that is not named immutable is zeroed, with its length. */
static void
ah_mask_zeroes_every_other_ipv4_option(void **state)
{
	static const uint8_t immutable[] = { 0, 1, 130, 133, 134, 148, 149 };

	(void)state;
	for (unsigned int type = 2; type < 256; type++) {
		struct hexpkt in = head4(FIXED4, DST, "ff0805aabbccddee");
		struct hexpkt want = head4(MASKED4, DST, "ff0805aabbccddee");

		if (type == 131 || type == 137)
			in.b[22] = want.b[22] = 9; /* used up, or it were malformed */
		in.b[20] = want.b[20] = (uint8_t)type;
		if (memchr(immutable, (int)type, sizeof(immutable)) == NULL)
			memset(want.b + 20, 0, 8);
		check_mask(&in, &want, &rfc, 0);
	}
}

static void
ah_mask_obeys_cleartos_and_offsetmask(void **state)
{
	static const struct {
		int32_t cleartos, offsetmask;
		const char *want;
	} rows[] = {
		{ 1, 0, "450000641234000000330000c0000201" },
		{ -1, 0, "450000641234000000330000c0000201" },
		{ 0, 0, "452800641234000000330000c0000201" },
		{ 1, 0x4000, "450000641234400000330000c0000201" },
		{ 1, 0xffff, "450000641234600100330000c0000201" },
		{ 0, 0x1fff, "452800641234000100330000c0000201" },
	};
	const struct hexpkt in = head4(FIXED4, DST, "");

	(void)state;
	for (unsigned int i = 0; i < ARRAY_LEN(rows); i++) {
		const struct hexpkt want = head4(rows[i].want, DST, "");
		struct knobs knobs = KNOBS_INIT;
		struct ah_rules rules;

		knobs.ah_cleartos = rows[i].cleartos;
		knobs.ah_offsetmask = rows[i].offsetmask;
		ah_rules_init(&rules, &knobs);
		check_mask(&in, &want, &rules, 0);
	}
}

/* ---- IPv6 ---- */

#define ADDR6(last) "20010db80000000000000000000000" last
#define PROTO_HBH   0x00
#define PROTO_RH    0x2b
#define PROTO_DST   0x3c
#define PROTO_AH    0x33

/* First next header, extension headers, what becomes of them, and of the destination. */
static const struct ext6 {
	uint8_t first;
	const char *in, *out, *dst;
	int ret;
} exts6[] = {
	{ PROTO_AH, "", "", ADDR6("02"), 0 },
	{ 58, "", NULL, NULL, -EINVAL }, /* no AH there */
	{ 50, "", NULL, NULL, -EINVAL },
	{ PROTO_HBH, "3300010411223344", "3300010411223344", ADDR6("02"), 0 }, /* PadN */
	{ PROTO_HBH, "3300000000000000", "3300000000000000", ADDR6("02"), 0 }, /* Pad1 */
	{ PROTO_HBH, "3300050200000100", "3300050200000100", ADDR6("02"), 0 }, /* router alert */
	/* Only the data of a mutable option is zero: type and length stay. */
	{ PROTO_HBH, "33003e0411223344", "33003e0400000000", ADDR6("02"), 0 },
	{ PROTO_HBH, "330020001e020102", "330020001e020102", ADDR6("02"), 0 },
	{ PROTO_HBH,
		"33013e02aabb"
		"1e04aabbccdd"
		"ff00"
		"2000",
		"33013e020000"
		"1e04aabbccdd"
		"ff00"
		"2000",
		ADDR6("02"), 0 },
	{ PROTO_DST, "33003e0411223344", "33003e0400000000", ADDR6("02"), 0 },
	{ PROTO_DST, "33001e0411223344", "33001e0411223344", ADDR6("02"), 0 },
	{ PROTO_DST, "3300fe04ffffffff", "3300fe0400000000", ADDR6("02"), 0 },
	/* Hop-by-hop, destination, routing without segments left. */
	{ PROTO_HBH,
		"3c003e0411223344"
		"2b003e0411223344"
		"3300000000000000",
		"3c003e0400000000"
		"2b003e0400000000"
		"3300000000000000",
		ADDR6("02"), 0 },
	/* Type 0: one left of one; two of two; one of two; all of three; none of one. */
	{ PROTO_RH, "3302000100000000" ADDR6("0a"), "3302000000000000" ADDR6("02"), ADDR6("0a"),
		0 },
	{ PROTO_RH, "3304000200000000" ADDR6("0a") ADDR6("0b"),
		"3304000000000000" ADDR6("02") ADDR6("0a"), ADDR6("0b"), 0 },
	{ PROTO_RH, "3304000100000000" ADDR6("0a") ADDR6("0b"),
		"3304000000000000" ADDR6("0a") ADDR6("02"), ADDR6("0b"), 0 },
	{ PROTO_RH, "3306000311223344" ADDR6("0a") ADDR6("0b") ADDR6("0c"),
		"3306000011223344" ADDR6("02") ADDR6("0a") ADDR6("0b"), ADDR6("0c"), 0 },
	{ PROTO_RH, "3302000000000000" ADDR6("0a"), "3302000000000000" ADDR6("0a"), ADDR6("02"),
		0 },
	{ PROTO_RH, "3302020100000000" ADDR6("0a"), "3302020000000000" ADDR6("02"), ADDR6("0a"),
		0 }, /* type 2 */
	{ PROTO_RH, "3300fd0000000000", "3300fd0000000000", ADDR6("02"),
		0 }, /* type 253, arrived */
	{ PROTO_RH, "3302040100000000" ADDR6("0a"), NULL, NULL, -EOPNOTSUPP }, /* SRv6 under way */
	{ PROTO_RH, "3302000200000000" ADDR6("0a"), NULL, NULL, -EINVAL }, /* two of one */
	{ PROTO_RH, "3300000100000000", NULL, NULL, -EINVAL }, /* one of none */
	{ PROTO_RH,
		"3301000100000000"
		"0000000000000000",
		NULL, NULL, -EINVAL }, /* half one */
	{ PROTO_RH, "3304020100000000" ADDR6("0a") ADDR6("0b"), NULL, NULL,
		-EINVAL }, /* 2 of type 2 */
	/* What cannot stand there. */
	{ 0x2c, "3300000000000001", NULL, NULL, -EOPNOTSUPP }, /* fragment */
	{ 0x2c, "33ff000000000001", NULL, NULL, -EOPNOTSUPP },
	{ 0x87, "3300000000000000", NULL, NULL, -EOPNOTSUPP }, /* mobility */
	{ PROTO_HBH, "3300", NULL, NULL, -EINVAL },
	{ PROTO_HBH, "3301000000000000", NULL, NULL, -EINVAL }, /* longer than the head */
	{ PROTO_HBH, "3a00000000000000", NULL, NULL, -EINVAL }, /* no AH behind */
	{ PROTO_HBH, "3300010511223344", NULL, NULL, -EINVAL }, /* option past its header */
	{ PROTO_HBH, "330001030000003e", NULL, NULL, -EINVAL }, /* option without length */
	{ PROTO_DST, "33003eff11223344", NULL, NULL, -EINVAL },
};

/* A header before or after masking, which takes class, label and hop limit. */
static struct hexpkt
head6(bool masked, uint8_t first, const char *dst, const char *exts)
{
	char text[400];

	(void)snprintf(text, sizeof(text), "%s%02x%s%s%s%s",
		masked ? "600000000064" : "6a5bcdef0064", first, masked ? "00" : "40", ADDR6("01"),
		dst, exts);
	return hexpkt(text);
}

static void
ah_mask_follows_the_table_of_ipv6_headers(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARRAY_LEN(exts6); i++) {
		const struct ext6 *e = &exts6[i];
		const struct hexpkt in = head6(false, e->first, ADDR6("02"), e->in);
		const struct hexpkt want = head6(
			true, e->first, e->dst != NULL ? e->dst : "", e->out != NULL ? e->out : "");

		check_mask(&in, &want, &rfc, e->ret);
	}
}

/* ---- sizes and noise ---- */

static void
ah_mask_refuses_heads_of_impossible_size(void **state)
{
	struct hexpkt p = head6(false, PROTO_HBH, ADDR6("02"), "331a");
	const struct hexpkt none = { 0 };
	uint8_t save[AH_HEAD_MAX];

	(void)state;
	p.len = AH_HEAD_MAX; /* 40 + 27 * 8 = 256 */
	assert_int_equal(ah_mask(p.b, AH_HEAD_MAX, &rfc, save), 0);
	p.b[41]++;
	p.len += 8;
	check_mask(&p, &none, &rfc, -EMSGSIZE);
	for (p.len = 0; p.len < 40; p.len++)
		check_mask(&p, &none, &rfc, -EINVAL);
	p = head4(FIXED4, DST, "01010101");
	for (unsigned int len = 0; len <= 60; len++) {
		p.len = len;
		if (len != 24)
			check_mask(&p, &none, &rfc, -EINVAL);
	}
	p.len = 24;
	p.b[0] = 0x56;
	check_mask(&p, &none, &rfc, -EINVAL);
	p.b[0] = 0x46;
	p.b[9] = 6;
	check_mask(&p, &none, &rfc, -EINVAL);
}

/* Nothing is read or written outside; a refusal changes nothing; masking twice is masking once. */
static void
ah_mask_of_noise_stays_inside(void **state)
{
	uint64_t rng = rng_seed("ah");
	unsigned int masked = 0;

	(void)state;
	for (unsigned int i = 0; i < 100000; i++) {
		const unsigned int head = 20 + (unsigned int)(rng_next(&rng) % 24) * 4;
		uint8_t *p = malloc(head), *was = malloc(head), *once = malloc(head);
		uint8_t save[AH_HEAD_MAX], again[AH_HEAD_MAX];

		assert_true(p != NULL && was != NULL && once != NULL);
		for (unsigned int b = 0; b < head; b++)
			p[b] = (uint8_t)(rng_next(&rng) % (b < 40 ? 256 : 7));
		p[0] = i & 1 ? 0x60 : (uint8_t)(0x40 | head / 4);
		if (i & 1)
			p[6] = (uint8_t[]){ 0, 43, 60, 51 }[rng_next(&rng) % 4];
		else
			p[9] = 51;
		if (head > 40)
			p[40] = 51;
		memcpy(was, p, head);
		if (ah_mask(p, head, &rfc, save) == 0) {
			masked++;
			memcpy(once, p, head);
			assert_int_equal(ah_mask(p, head, &rfc, again), 0);
			assert_memory_equal(p, once, head);
			ah_unmask(p, head, save);
		}
		assert_memory_equal(p, was, head);
		free(p);
		free(was);
		free(once);
	}
	assert_true(masked > 1000);
}

static void
ah_len_pads_to_the_alignment_of_the_family(void **state)
{
	/* ICV, IPv4, aligned to 8; RFC 4302 2.2 has 96 bits: 4 for IPv4 and IPv6. */
	static const struct {
		unsigned int icv, len4, len8;
		uint8_t field4, field8;
	} rows[] = {
		{ 12, 24, 24, 4, 4 },
		{ 16, 28, 32, 5, 6 },
		{ 20, 32, 32, 6, 6 },
		{ 24, 36, 40, 7, 8 },
		{ 32, 44, 48, 9, 10 },
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(ah_len(AH_HDR_LEN, rows[i].icv, 4), rows[i].len4);
		assert_int_equal(ah_len(AH_HDR_LEN, rows[i].icv, 8), rows[i].len8);
		assert_int_equal(ah_len_field(rows[i].len4), rows[i].field4);
		assert_int_equal(ah_len_field(rows[i].len8), rows[i].field8);
	}
	assert_int_equal(ah_len(AH_OLD_LEN, 16, 4), 24);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ah_mask_follows_the_table_of_ipv4_options),
		cmocka_unit_test(ah_mask_zeroes_every_other_ipv4_option),
		cmocka_unit_test(ah_mask_obeys_cleartos_and_offsetmask),
		cmocka_unit_test(ah_mask_follows_the_table_of_ipv6_headers),
		cmocka_unit_test(ah_mask_refuses_heads_of_impossible_size),
		cmocka_unit_test(ah_mask_of_noise_stays_inside),
		cmocka_unit_test(ah_len_pads_to_the_alignment_of_the_family),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
