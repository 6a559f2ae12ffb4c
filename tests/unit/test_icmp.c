/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/hexpkt.h"
#include "unit/scapy_bytes.h"
#include "wire/icmp.h"
#include "wire/ip.h"

static const uint8_t us4[4] = { 192, 0, 2, 1 };
static const uint8_t us6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };

static void
icmp_echo_reply_equals_scapys(void **state)
{
	static const struct {
		const char *ask, *want;
	} rows[] = {
		{ SCAPY_ECHO4, SCAPY_REPLY4 },
		{ SCAPY_ECHO4_OPTIONS, SCAPY_REPLY4 },
		{ SCAPY_ECHO6, SCAPY_REPLY6 },
		{ SCAPY_ECHO6_DESTOPT, SCAPY_REPLY6 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct hexpkt p = hexpkt(rows[i].ask);
		struct hexpkt want = hexpkt(rows[i].want);
		size_t len = p.len + 9; /* Ethernet padding does not count */

		assert_int_equal(icmp_echo_reply(p.b, &len), 0);
		assert_int_equal(len, want.len);
		assert_memory_equal(p.b, want.b, want.len);
	}
}

static void
icmp_echo_reply_refuses_damage(void **state)
{
	static const struct {
		const char *hex;
		size_t l4;
	} rows[] = { { SCAPY_ECHO4, 20 }, { SCAPY_ECHO6, 40 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct hexpkt p = hexpkt(rows[i].hex);

		for (size_t len = 0; len < p.len; len++) {
			size_t n = len;

			assert_int_equal(icmp_echo_reply(p.b, &n), -EBADMSG);
		}
		for (size_t bit = rows[i].l4 * 8; bit < p.len * 8; bit++) {
			struct hexpkt q = p;
			size_t n = q.len;

			q.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_int_equal(icmp_echo_reply(q.b, &n), -EBADMSG);
		}
	}
}

static void
icmp_echo_reply_leaves_other_packets_alone(void **state)
{
	static const char *const hex[] = { SCAPY_REPLY4, SCAPY_REPLY6, SCAPY_TTL4, SCAPY_TTL6,
		SCAPY_UDP4, SCAPY_UDP6 };
	struct hexpkt p;
	size_t len;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hex); i++) {
		p = hexpkt(hex[i]);
		len = p.len;
		assert_int_equal(icmp_echo_reply(p.b, &len), -ENOMSG);
	}
	p = hexpkt(SCAPY_ECHO4);
	len = p.len;
	p.b[12] = 224; /* a group asks */
	assert_int_equal(icmp_echo_reply(p.b, &len), -ENOMSG);
	p = hexpkt(SCAPY_ECHO4);
	p.b[6] = 0x20; /* first fragment */
	assert_int_equal(icmp_echo_reply(p.b, &len), -EBADMSG);
}

static void
icmp_err_put_equals_scapys(void **state)
{
	static const struct {
		enum icmp_err what;
		const char *want4, *want6;
	} rows[] = {
		{ ICMP_ERR_TTL, SCAPY_TTL4, SCAPY_TTL6 },
		{ ICMP_ERR_TOO_BIG, SCAPY_BIG4, SCAPY_BIG6 },
		{ ICMP_ERR_NET, SCAPY_NET4, SCAPY_NET6 },
		{ ICMP_ERR_HOST, SCAPY_HOST4, SCAPY_HOST6 },
		{ ICMP_ERR_PROTO, SCAPY_PROTO4, SCAPY_PROTO6 },
		{ ICMP_ERR_PORT, SCAPY_PORT4, SCAPY_PORT6 },
	};
	const struct hexpkt udp[2] = { hexpkt(SCAPY_UDP4), hexpkt(SCAPY_UDP6) };
	uint8_t got[ICMP6_ERR_MAX];

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
		const bool v6 = i % 2 == 1;
		const struct hexpkt *p = &udp[v6];
		const struct hexpkt want = hexpkt(v6 ? rows[i / 2].want6 : rows[i / 2].want4);
		struct wbuf w = wbuf_make(got, sizeof(got));

		assert_true(icmp_err_allowed(p->b, p->len, rows[i / 2].what));
		/* 9 bytes of padding, which must not be quoted. */
		assert_int_equal(icmp_err_put(&w, rows[i / 2].what, v6 ? us6 : us4, 1400,
					 rbuf_make(p->b, p->len + 9)),
			0);
		assert_int_equal(wbuf_len(&w), want.len);
		assert_memory_equal(got, want.b, want.len);
		w = wbuf_make(got, want.len - 1);
		assert_int_equal(icmp_err_put(&w, rows[i / 2].what, v6 ? us6 : us4, 1400,
					 rbuf_make(p->b, p->len)),
			-ENOBUFS);
	}
}

static void
icmp_err_put_quotes_no_more_than_allowed(void **state)
{
	struct hexpkt p = hexpkt(SCAPY_UDP4);
	uint8_t got[2048];
	struct wbuf w = wbuf_make(got, sizeof(got));

	(void)state;
	p.len = 1500;
	p.b[2] = 1500 >> 8;
	p.b[3] = 1500 & 0xff;
	assert_int_equal(icmp_err_put(&w, ICMP_ERR_TOO_BIG, us4, 100000, rbuf_make(p.b, p.len)), 0);
	assert_int_equal(wbuf_len(&w), ICMP4_ERR_MAX);
	assert_int_equal(got[2] << 8 | got[3], ICMP4_ERR_MAX);
	assert_int_equal(got[26] << 8 | got[27], UINT16_MAX);
	assert_int_equal(ip_csum_fold(ip_csum_add(got + 20, wbuf_len(&w) - 20, 0)), 0);
	p = hexpkt(SCAPY_UDP6);
	p.len = 1500;
	p.b[4] = 1460 >> 8;
	p.b[5] = 1460 & 0xff;
	w = wbuf_make(got, sizeof(got));
	assert_int_equal(icmp_err_put(&w, ICMP_ERR_TOO_BIG, us6, 1200, rbuf_make(p.b, p.len)), 0);
	assert_int_equal(wbuf_len(&w), ICMP6_ERR_MAX);
	assert_memory_equal(got + 44, "\0\0\x05\0", 4); /* 1280: less would be ignored */
	assert_int_equal(ip_csum_pseudo(got + 8, 32, 58, got + 40, wbuf_len(&w) - 40), 0);
	assert_int_equal(icmp_err_put(&w, ICMP_ERR_NET, us4, 0, rbuf_make("x", 1)), -EINVAL);
}

static void
icmp_err_put_points_at_the_unknown_protocol(void **state)
{
	struct hexpkt p = hexpkt(SCAPY_ECHO6_DESTOPT);
	uint8_t got[ICMP6_ERR_MAX];
	struct wbuf w = wbuf_make(got, sizeof(got));

	(void)state;
	p.b[40] = 200;
	assert_int_equal(icmp_err_put(&w, ICMP_ERR_PROTO, us6, 0, rbuf_make(p.b, p.len)), 0);
	assert_memory_equal(got + 44, "\0\0\0\x28", 4);
}

/* One changed byte, and whether an error may still be sent about the packet. */
static void
icmp_err_allowed_keeps_each_rule(void **state)
{
	static const struct {
		const char *hex;
		uint8_t at, value;
		enum icmp_err what;
		bool want;
	} rows[] = {
		{ SCAPY_UDP4, 8, 1, ICMP_ERR_TTL, true },
		{ SCAPY_UDP4, 6, 0x20, ICMP_ERR_TTL, true }, /* first fragment */
		{ SCAPY_UDP4, 7, 1, ICMP_ERR_TTL, false }, /* a later one */
		{ SCAPY_UDP4, 12, 0, ICMP_ERR_TTL, false }, /* sources */
		{ SCAPY_UDP4, 12, 127, ICMP_ERR_TTL, false },
		{ SCAPY_UDP4, 12, 224, ICMP_ERR_TTL, false },
		{ SCAPY_UDP4, 12, 255, ICMP_ERR_TTL, false },
		{ SCAPY_UDP4, 16, 224, ICMP_ERR_PORT, false }, /* destinations */
		{ SCAPY_UDP4, 16, 255, ICMP_ERR_PORT, false },
		{ SCAPY_UDP4, 16, 239, ICMP_ERR_TOO_BIG, false },
		{ SCAPY_UDP4, 0, 0x44, ICMP_ERR_TTL, false }, /* not an IP header */
		{ SCAPY_UDP4, 0, 0x55, ICMP_ERR_TTL, false },
		{ SCAPY_UDP4, 2, 0xff, ICMP_ERR_TTL, false },
		{ SCAPY_TTL4, 8, 1, ICMP_ERR_TTL, false }, /* ICMP errors */
		{ SCAPY_PORT4, 8, 1, ICMP_ERR_TTL, false },
		{ SCAPY_ECHO4, 20, 4, ICMP_ERR_TTL, false },
		{ SCAPY_ECHO4, 20, 5, ICMP_ERR_TTL, false },
		{ SCAPY_ECHO4, 20, 12, ICMP_ERR_TTL, false },
		{ SCAPY_ECHO4, 8, 1, ICMP_ERR_TTL, true },
		{ SCAPY_REPLY4, 8, 1, ICMP_ERR_TTL, true },
		{ SCAPY_UDP6, 7, 1, ICMP_ERR_TTL, true },
		{ SCAPY_UDP6, 8, 0xff, ICMP_ERR_TTL, false },
		{ SCAPY_UDP6, 24, 0xff, ICMP_ERR_TTL, false },
		{ SCAPY_UDP6, 24, 0xff, ICMP_ERR_TOO_BIG, true },
		{ SCAPY_TTL6, 7, 1, ICMP_ERR_TTL, false },
		{ SCAPY_ECHO6, 40, 137, ICMP_ERR_TTL, false },
		{ SCAPY_ECHO6, 40, 127, ICMP_ERR_TTL, false },
		{ SCAPY_ECHO6, 40, 200, ICMP_ERR_TTL, true },
		{ SCAPY_ECHO6, 7, 1, ICMP_ERR_TTL, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct hexpkt p = hexpkt(rows[i].hex);

		p.b[rows[i].at] = rows[i].value;
		if (icmp_err_allowed(p.b, p.len, rows[i].what) != rows[i].want)
			fail_msg("row %zu", i);
	}
}

static void
icmp_err_allowed_refuses_hosts_that_are_none_and_cut_icmp(void **state)
{
	struct hexpkt p = hexpkt(SCAPY_UDP6);

	(void)state;
	memset(p.b + 8, 0, 16);
	assert_false(icmp_err_allowed(p.b, p.len, ICMP_ERR_TTL));
	p.b[23] = 1;
	assert_false(icmp_err_allowed(p.b, p.len, ICMP_ERR_TTL));
	p.b[23] = 2;
	assert_true(icmp_err_allowed(p.b, p.len, ICMP_ERR_TTL));
	p = hexpkt(SCAPY_ECHO4);
	p.b[3] = 20; /* nothing behind the IP header: could have been an error */
	assert_false(icmp_err_allowed(p.b, p.len, ICMP_ERR_TTL));
	assert_false(icmp_err_allowed(p.b, 0, ICMP_ERR_TTL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(icmp_echo_reply_equals_scapys),
		cmocka_unit_test(icmp_echo_reply_refuses_damage),
		cmocka_unit_test(icmp_echo_reply_leaves_other_packets_alone),
		cmocka_unit_test(icmp_err_put_equals_scapys),
		cmocka_unit_test(icmp_err_put_quotes_no_more_than_allowed),
		cmocka_unit_test(icmp_err_put_points_at_the_unknown_protocol),
		cmocka_unit_test(icmp_err_allowed_keeps_each_rule),
		cmocka_unit_test(icmp_err_allowed_refuses_hosts_that_are_none_and_cut_icmp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
