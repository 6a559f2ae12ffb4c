/* SPDX-License-Identifier: BSD-2-Clause */
/* Where transport mode stands in a packet (RFC 4303 3.1.1), and checksums behind a NAT (RFC 3948 3.1.2). */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ipsec/transport.h"
#include "support/rng.h"
#include "wire/ip.h"

static uint64_t rng;

#define H 0 /* hop-by-hop options */
#define R 43 /* routing */
#define D 60 /* destination options */
#define F 44 /* fragment */
#define U 17

/* An IPv6 packet whose chain is kinds[0..n), each header 8 * (1 + extra) bytes. @return its length */
static size_t
chain(uint8_t *p, const uint8_t *kinds, unsigned int n, unsigned int extra)
{
	size_t off = 40, next = 6;

	memset(p, 0, 40);
	p[0] = 0x60;
	for (unsigned int i = 0; i < n; i++) {
		size_t len = 8;

		p[next] = kinds[i];
		if (kinds[i] == H || kinds[i] == R || kinds[i] == D)
			len = 8 * (1 + (size_t)extra);
		memset(p + off, 0, len);
		p[off + 1] = kinds[i] == F || kinds[i] == U ? 0 : (uint8_t)extra;
		next = off;
		off += len;
	}
	return off;
}

/* keep is the number of extension headers that stay in front. */
static void
transport_find_places_behind_ipv6_headers(void **state)
{
	static const struct {
		uint8_t kinds[6];
		unsigned int n, keep;
		int rc;
	} rows[] = {
		{ { U }, 1, 0, 0 },
		{ { H, U }, 2, 1, 0 },
		{ { D, U }, 2, 0, 0 }, /* alone: for the last destination */
		{ { H, D, U }, 3, 1, 0 },
		{ { R, U }, 2, 1, 0 },
		{ { R, D, U }, 3, 1, 0 },
		{ { D, R, U }, 3, 2, 0 }, /* for every hop of the routing header */
		{ { H, D, R, D, U }, 5, 3, 0 },
		{ { H, D, R, 50 }, 4, 3, 0 },
		{ { D, 51 }, 2, 0, 0 },
		{ { H, 51 }, 2, 1, 0 },
		{ { F, U }, 2, 1, 0 }, /* whole, RFC 6946 */
		{ { D, F, D, U }, 4, 2, 0 },
		{ { H, 59 }, 2, 1, 0 },
		{ { D, H, U }, 3, 0, -EINVAL },
		{ { H, H, U }, 3, 0, -EINVAL },
	};
	uint8_t p[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows) * 3; i++) {
		const size_t row = i / 3, extra = i % 3;
		size_t len = chain(p, rows[row].kinds, rows[row].n, (unsigned int)extra), keep;
		struct transport_place at;

		assert_int_equal(transport_find(p, len, true, &at), rows[row].rc);
		if (rows[row].rc != 0)
			continue;
		keep = chain(p, rows[row].kinds, rows[row].keep, (unsigned int)extra);
		(void)chain(p, rows[row].kinds, rows[row].n, (unsigned int)extra);
		assert_int_equal(at.off, keep);
		assert_int_equal(at.next, rows[row].kinds[rows[row].keep]);
		assert_int_equal(p[at.next_off], at.next);
		/* The receiver walks the same head to the same byte, whatever follows. */
		assert_int_equal(transport_next_off(p, at.off, true), at.next_off);
		p[at.next_off] = IPPROTO_ESP;
		assert_int_equal(transport_next_off(p, at.off, true), at.next_off);
	}
}

static void
transport_find_refuses_what_is_cut_or_endless(void **state)
{
	const uint8_t kinds[6] = { H, D, R, D, U, 0 }, many[9] = { R, R, R, R, R, R, R, R, R };
	const uint8_t frag[2] = { F, U };
	uint8_t p[256];
	struct transport_place at;
	size_t len = chain(p, kinds, 4, 1);

	(void)state;
	p[len - 16] = U;
	for (size_t n = 0; n <= len; n++)
		assert_int_equal(transport_find(p, n, true, &at), n < len ? -EINVAL : 0);
	(void)chain(p, many, 9, 0);
	assert_int_equal(transport_find(p, sizeof(p), true, &at), -ELOOP);
	len = chain(p, frag, 2, 0);
	p[43] = 1; /* more fragments */
	assert_int_equal(transport_find(p, len, true, &at), -ENOTSUP);
	p[43] = 8; /* the second eight bytes */
	assert_int_equal(transport_find(p, len, true, &at), -ENOTSUP);
	p[43] = 6; /* reserved bits say nothing */
	assert_int_equal(transport_find(p, len, true, &at), 0);
	p[0] = 0x45;
	assert_int_equal(transport_find(p, len, true, &at), -EINVAL);
}

static void
transport_find_places_behind_ipv4_options(void **state)
{
	uint8_t p[64] = { 0 };
	struct transport_place at;

	(void)state;
	for (unsigned int ihl = 0; ihl < 16; ihl++) {
		p[0] = (uint8_t)(0x40 | ihl);
		p[9] = 17;
		for (size_t len = 0; len <= 64; len++) {
			const bool ok = ihl >= 5 && len >= 20 && len >= 4 * (size_t)ihl;

			assert_int_equal(transport_find(p, len, false, &at), ok ? 0 : -EINVAL);
			if (ok)
				assert_true(at.off == 4 * ihl && at.next == 17 && at.next_off == 9);
		}
		assert_int_equal(
			transport_next_off(p, (size_t)4 * ihl, false), ihl >= 5 ? 9 : -EINVAL);
		assert_int_equal(transport_next_off(p, (size_t)4 * ihl + 1, false), -EINVAL);
	}
	p[0] = 0x45;
	for (unsigned int bit = 0; bit < 16; bit++) {
		p[6] = (uint8_t)(1u << bit >> 8);
		p[7] = (uint8_t)(1u << bit);
		/* DF and the reserved bit do not make a fragment. */
		assert_int_equal(transport_find(p, 64, false, &at), bit >= 14 ? 0 : -ENOTSUP);
	}
}

static void
transport_next_off_wants_the_headers_to_end_there(void **state)
{
	const uint8_t kinds[4] = { H, D, R, U };
	uint8_t p[256];
	size_t len = chain(p, kinds, 3, 2);

	(void)state;
	for (size_t n = 40; n <= len; n++) {
		const bool whole = (n - 40) % 24 == 0;

		assert_int_equal(transport_next_off(p, n, true) >= 0, whole);
	}
	p[6] = IPPROTO_AH;
	assert_int_equal(transport_next_off(p, len, true), -EINVAL);
}

/* ---- checksums ---- */

static void
random_bytes(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)rng_next(&rng);
}

static uint16_t
l4_sum(const uint8_t *p, size_t len, size_t head, uint8_t proto, bool v6)
{
	return ip_csum_pseudo(p + (v6 ? 8 : 12), v6 ? 32 : 8, proto, p + head, len - head);
}

/* A packet with a right checksum for its addresses. @return offset of the checksum */
static size_t
make_l4(uint8_t *p, size_t len, size_t head, uint8_t proto, bool v6)
{
	const size_t field = head + (proto == IPPROTO_TCP ? 16 : 6);
	uint16_t csum;

	random_bytes(p, len);
	p[0] = (uint8_t)(v6 ? 0x60 : 0x40 | head / 4);
	p[v6 ? 6 : 9] = proto;
	if (!v6)
		p[6] = p[7] = 0;
	if (v6 && head == 48) {
		p[6] = D;
		p[40] = proto;
		p[41] = 0;
	}
	memset(p + field, 0, 2);
	csum = l4_sum(p, len, head, proto, v6);
	if (csum == 0)
		csum = 0xffff;
	memcpy(p + field, &csum, 2);
	return field;
}

static void
transport_mend_csum_repairs_what_a_nat_broke(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 4000; i++) {
		const bool v6 = (i & 1) != 0, tcp = (i & 2) != 0, know_src = (i & 4) != 0,
			   know_dst = (i & 8) != 0, opts = (i & 16) != 0;
		const uint8_t proto = tcp ? IPPROTO_TCP : IPPROTO_UDP;
		const size_t alen = v6 ? 16 : 4, at = v6 ? 8 : 12;
		const size_t head = v6 ? (opts ? 48 : 40) : (opts ? 24 : 20);
		const size_t len = head + 20 + rng_next(&rng) % 60;
		struct transport_oa oa = { .src = know_src, .dst = know_dst };
		uint8_t p[160];

		(void)make_l4(p, len, head, proto, v6);
		if (know_src)
			transport_oa_add(&oa, p + at, alen);
		if (know_dst)
			transport_oa_add(&oa, p + at + alen, alen);
		/* The NAT changes what we know of; or anything, when we know of nothing. */
		if (know_src || !know_dst)
			random_bytes(p + at, alen);
		if (know_dst || !know_src)
			random_bytes(p + at + alen, alen);
		transport_mend_csum(p, len, v6, &oa);
		assert_int_equal(l4_sum(p, len, head, proto, v6), 0);
	}
}

/* With a known original address a payload that was wrong stays wrong; nothing else hides it. */
static void
transport_mend_csum_hides_no_corruption(void **state)
{
	struct transport_oa oa = { .src = true };
	uint8_t p[80];

	(void)state;
	(void)make_l4(p, sizeof(p), 20, IPPROTO_UDP, false);
	transport_oa_add(&oa, p + 12, 4);
	p[12] ^= 0x55;
	p[70] ^= 1;
	transport_mend_csum(p, sizeof(p), false, &oa);
	assert_int_not_equal(l4_sum(p, sizeof(p), 20, IPPROTO_UDP, false), 0);
}

static void
transport_mend_csum_leaves_the_rest_alone(void **state)
{
	const struct transport_oa oa = { 0 };
	uint8_t p[160], before[160];
	size_t field;

	(void)state;
	for (unsigned int i = 0; i < 7; i++) {
		const bool v6 = i == 4 || i == 5;
		size_t len = 100;

		field = make_l4(p, 100, v6 ? 40 : 20, IPPROTO_UDP, v6);
		p[50] ^= 1; /* so that a repair would show */
		if (i == 0)
			memset(p + field, 0, 2); /* the sender took none */
		if (i == 1)
			p[9] = IPPROTO_ICMP;
		if (i == 2)
			p[7] = 1; /* a later fragment */
		if (i == 3)
			len = 27; /* not even a UDP header */
		if (i == 4)
			p[6] = F, p[40] = IPPROTO_UDP, p[42] = 0, p[43] = 9;
		if (i == 5)
			p[6] = IPPROTO_ESP;
		if (i == 6)
			p[9] = IPPROTO_TCP, len = 39;
		memcpy(before, p, sizeof(p));
		transport_mend_csum(p, len, v6, &oa);
		assert_memory_equal(p, before, 100);
	}
}

/* RFC 768: a sum that comes out as 0 is sent as all ones. */
static void
transport_mend_csum_never_makes_a_udp_sum_of_zero(void **state)
{
	struct transport_oa oa = { 0 };
	uint8_t p[28];
	uint16_t rest;

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		(void)make_l4(p, sizeof(p), 20, IPPROTO_UDP, false);
		oa.src = i == 1;
		if (oa.src)
			transport_oa_add(&oa, p + 12, 4);
		/* Choose the NAT's source so that everything together is ffff. */
		memset(p + 12, 0, 4);
		memset(p + 26, 0, 2);
		rest = l4_sum(p, sizeof(p), 20, IPPROTO_UDP, false);
		memcpy(p + 12, &rest, 2);
		if (oa.src) {
			uint8_t orig[4] = { 1, 2, 3, 4 };
			uint16_t csum;

			memcpy(p + 12, orig, 4);
			csum = l4_sum(p, sizeof(p), 20, IPPROTO_UDP, false);
			memcpy(p + 26, &csum, 2);
			oa.sum = 0;
			transport_oa_add(&oa, orig, 4);
			memset(p + 12, 0, 4);
			memcpy(p + 12, &rest, 2);
		} else {
			p[26] = 1;
		}
		transport_mend_csum(p, sizeof(p), false, &oa);
		assert_true(p[26] == 0xff && p[27] == 0xff);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(transport_find_places_behind_ipv6_headers),
		cmocka_unit_test(transport_find_refuses_what_is_cut_or_endless),
		cmocka_unit_test(transport_find_places_behind_ipv4_options),
		cmocka_unit_test(transport_next_off_wants_the_headers_to_end_there),
		cmocka_unit_test(transport_mend_csum_repairs_what_a_nat_broke),
		cmocka_unit_test(transport_mend_csum_hides_no_corruption),
		cmocka_unit_test(transport_mend_csum_leaves_the_rest_alone),
		cmocka_unit_test(transport_mend_csum_never_makes_a_udp_sum_of_zero),
	};

	rng = rng_seed("transport");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
