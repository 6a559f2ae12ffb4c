/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/addr.h"
#include "support/rng.h"

static void
addr_parse_accepts_and_prints_back(void **state)
{
	static const struct {
		const char *in, *out;
		uint8_t plen;
	} good[] = {
		{ "10.0.0.1", "10.0.0.1", 32 },
		{ "10.0.0.0/8", "10.0.0.0/8", 8 },
		{ "0.0.0.0/0", "0.0.0.0/0", 0 },
		{ "fd00::1", "fd00::1", 128 },
		{ "FD00:0::/64", "fd00::/64", 64 },
		{ "::/0", "::/0", 0 },
		{ "1.2.3.4/32", "1.2.3.4", 32 },
	};
	char buf[ADDR_STRLEN];
	struct addr a;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(addr_parse(good[i].in, &a), 0);
		assert_int_equal(a.plen, good[i].plen);
		assert_string_equal(addr_prefix_str(&a, buf), good[i].out);
	}
}

static void
addr_parse_refuses(void **state)
{
	static const struct {
		const char *in;
		int code;
	} bad[] = {
		{ "", -EINVAL },
		{ "/8", -EINVAL },
		{ "10.0.0", -EINVAL },
		{ "10.0.0.256", -EINVAL },
		{ "10.0.0.1/", -EINVAL },
		{ "10.0.0.1/33", -ERANGE },
		{ "10.0.0.1/-1", -EINVAL },
		{ "10.0.0.1/8x", -EINVAL },
		{ "10.0.0.1/0008", -EINVAL },
		{ "fd00::/129", -ERANGE },
		{ "fe80::1%eth0", -EINVAL },
		{ "gateway", -EINVAL },
		{ " 10.0.0.1", -EINVAL },
		{ "1111111111111111111111111111111111111111111111111111111111111111111", -EINVAL },
	};
	struct addr a = { .af = 99 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(addr_parse(bad[i].in, &a), bad[i].code);
		assert_int_equal(a.af, 99); /* untouched on error */
	}
}

static bool
naive_bit(const struct addr *a, unsigned int i)
{
	return (a->b[i / 8] >> (7 - i % 8)) & 1;
}

static void
addr_in_prefix_and_mask_match_bit_by_bit(void **state)
{
	uint64_t rng = rng_seed("addr");

	(void)state;
	for (unsigned int n = 0; n < 20000; n++) {
		struct addr p = { .af = rng_next(&rng) & 1 ? AF_INET : AF_INET6 };
		struct addr h = { .af = p.af };
		bool inside = true;

		for (unsigned int i = 0; i < addr_len(&p); i++) {
			p.b[i] = (uint8_t)rng_next(&rng);
			h.b[i] = p.b[i];
		}
		p.plen = (uint8_t)(rng_next(&rng) % (addr_full_plen(&p) + 1u));
		h.plen = addr_full_plen(&h);
		h.b[rng_next(&rng) % addr_len(&h)] ^= (uint8_t)(1u << (rng_next(&rng) % 8));
		for (unsigned int i = 0; i < p.plen; i++)
			inside = inside && naive_bit(&p, i) == naive_bit(&h, i);
		assert_int_equal(addr_in_prefix(&p, &h), inside);
		h = p;
		addr_mask(&h);
		for (unsigned int i = 0; i < addr_full_plen(&p); i++)
			assert_int_equal(naive_bit(&h, i), i < p.plen && naive_bit(&p, i));
	}
}

static void
addr_classes(void **state)
{
	static const struct {
		const char *text;
		bool any, multicast;
	} row[] = {
		{ "0.0.0.0", true, false },
		{ "::", true, false },
		{ "224.0.0.1", false, true },
		{ "239.255.255.255", false, true },
		{ "240.0.0.1", false, false },
		{ "255.255.255.255", false, true },
		{ "ff02::1", false, true },
		{ "fe80::1", false, false },
	};
	struct addr a;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		assert_int_equal(addr_parse(row[i].text, &a), 0);
		assert_int_equal(addr_is_any(&a), row[i].any);
		assert_int_equal(addr_is_multicast(&a), row[i].multicast);
	}
}

static void
addr_cmp_is_a_total_order(void **state)
{
	struct addr a;
	struct addr b;

	(void)state;
	assert_int_equal(addr_parse("10.0.0.1", &a), 0);
	assert_int_equal(addr_parse("10.0.0.1/24", &b), 0);
	assert_true(addr_eq(&a, &b));
	assert_true(addr_cmp(&a, &b) > 0 && addr_cmp(&b, &a) < 0);
	b = a;
	assert_int_equal(addr_cmp(&a, &b), 0);
	b.port_be = 1;
	assert_true(addr_cmp(&a, &b) < 0);
	assert_int_equal(addr_parse("::1", &b), 0);
	assert_false(addr_eq(&a, &b));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addr_parse_accepts_and_prints_back),
		cmocka_unit_test(addr_parse_refuses),
		cmocka_unit_test(addr_in_prefix_and_mask_match_bit_by_bit),
		cmocka_unit_test(addr_classes),
		cmocka_unit_test(addr_cmp_is_a_total_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
