/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/rng.h"
#include "wire/ip.h"

/* RFC 1071 word by word, big endian, the slow way. @return checksum in host order */
static uint16_t
naive_csum(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++) {
		sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
		while (sum > 0xffff)
			sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)~sum;
}

static void
ip_csum_equals_the_naive_sum(void **state)
{
	uint64_t rng = rng_seed("ip_csum");
	uint8_t data[256];

	(void)state;
	for (unsigned int n = 0; n < 5000; n++) {
		size_t len = rng_next(&rng) % sizeof(data);
		uint16_t got;
		uint8_t wire[2];

		for (size_t i = 0; i < len; i++)
			data[i] = rng_next(&rng) % 4 == 0 ? 0xff : (uint8_t)rng_next(&rng);
		got = ip_csum_fold(ip_csum_add(data, len, 0));
		memcpy(wire, &got, 2);
		assert_int_equal(wire[0] << 8 | wire[1], naive_csum(data, len));
	}
}

static void
ip4_csum_of_a_known_header(void **state)
{
	/* The example header of many textbooks: checksum b861. */
	const uint8_t hdr[20] = { 0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11, 0xb8,
		0x61, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7 };

	(void)state;
	assert_int_equal(ip4_csum(hdr, sizeof(hdr)), 0);
}

static void
ip6_find_upper_walks_known_chains(void **state)
{
	uint8_t p[40 + 8 + 16 + 8 + 4] = { 0x60 };
	struct ip6_upper u;

	(void)state;
	p[6] = 0; /* hop-by-hop, 8 bytes */
	p[40] = 43; /* then routing, 16 bytes */
	p[48] = 44; /* then fragment */
	p[49] = 1;
	p[64] = 17;
	p[64 + 3] = 1; /* offset 0, more fragments */
	assert_int_equal(ip6_find_upper(p, sizeof(p), &u), 0);
	assert_int_equal(u.off, 72);
	assert_int_equal(u.proto, 17);
	assert_true(u.is_frag && u.first_frag && u.more_frags);
	for (size_t len = 0; len < 72; len++)
		assert_int_equal(ip6_find_upper(p, len, &u), -EINVAL);
	p[6] = 6;
	assert_int_equal(ip6_find_upper(p, sizeof(p), &u), 0);
	assert_int_equal(u.off, 40);
	assert_false(u.is_frag);
}

static void
ip6_find_upper_gives_up_on_endless_chains(void **state)
{
	uint8_t p[40 + 8 * 12] = { 0x60 };
	struct ip6_upper u;

	(void)state;
	p[6] = 60;
	for (unsigned int i = 0; i < 12; i++)
		p[40 + 8 * i] = 60;
	assert_int_equal(ip6_find_upper(p, sizeof(p), &u), -ELOOP);
}

static void
ip6_find_upper_stays_inside_random_bytes(void **state)
{
	uint64_t rng = rng_seed("ip6_walk");

	(void)state;
	for (unsigned int n = 0; n < 50000; n++) {
		size_t len = rng_next(&rng) % 120;
		uint8_t *p = malloc(len == 0 ? 1 : len); /* exact size: ASan sees an over-read */
		static const uint8_t likely[] = { 0, 43, 44, 60, 6, 50 };
		struct ip6_upper u;

		assert_non_null(p);
		for (size_t i = 0; i < len; i++)
			p[i] = rng_next(&rng) % 2 ? likely[rng_next(&rng) % 6] :
						    (uint8_t)(rng_next(&rng) % 4);
		if (ip6_find_upper(p, len, &u) == 0)
			assert_in_range(u.off, 40, len);
		free(p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ip_csum_equals_the_naive_sum),
		cmocka_unit_test(ip4_csum_of_a_known_header),
		cmocka_unit_test(ip6_find_upper_walks_known_chains),
		cmocka_unit_test(ip6_find_upper_gives_up_on_endless_chains),
		cmocka_unit_test(ip6_find_upper_stays_inside_random_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
