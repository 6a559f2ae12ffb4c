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
#include "wire/ip.h"
#include "wire/nd.h"

static int
parse(const struct hexpkt *p, struct nd_msg *m)
{
	return nd_parse(p->b, p->len, 40, m);
}

/* Make the checksum right again after a change, so that the change itself is what is refused. */
static void
fix(struct hexpkt *p)
{
	uint16_t sum;

	memset(p->b + 42, 0, 2);
	sum = ip_csum_pseudo(p->b + 8, 32, 58, p->b + 40, p->len - 40);
	memcpy(p->b + 42, &sum, 2);
}

static void
nd_parse_reads_scapys_messages(void **state)
{
	struct hexpkt p = hexpkt(SCAPY_NS);
	struct nd_msg m;

	(void)state;
	assert_int_equal(parse(&p, &m), 0);
	assert_int_equal(m.type, ND_SOLICIT);
	assert_true(m.has_mac);
	assert_memory_equal(m.mac, "\x02\0\0\0\0\x0a", 6);
	assert_int_equal(m.target[15], 1);
	assert_int_equal(m.src[15], 0x10);
	p = hexpkt(SCAPY_NS_DAD);
	assert_int_equal(parse(&p, &m), 0);
	assert_false(m.has_mac);
	p = hexpkt(SCAPY_NA);
	assert_int_equal(parse(&p, &m), 0);
	assert_int_equal(m.type, ND_ADVERT);
	assert_true(m.is_router && m.is_solicited && m.is_override && m.has_mac);
	p.b[44] = 0x20;
	fix(&p);
	assert_int_equal(parse(&p, &m), 0);
	assert_true(!m.is_router && !m.is_solicited && m.is_override);
}

static void
nd_put_equals_scapys_messages(void **state)
{
	static const char *const hex[] = { SCAPY_NS, SCAPY_NS_DAD, SCAPY_NA };
	uint8_t got[ND_MSG_MAX];
	struct nd_msg m;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hex); i++) {
		struct hexpkt p = hexpkt(hex[i]);
		struct wbuf w = wbuf_make(got, sizeof(got));

		assert_int_equal(parse(&p, &m), 0);
		nd_put(&w, &m);
		assert_int_equal(wbuf_len(&w), p.len);
		assert_memory_equal(got, p.b, p.len);
		w = wbuf_make(got, p.len - 1);
		nd_put(&w, &m);
		assert_true(w.overflow);
	}
}

static void
nd_parse_refuses_each_broken_rule(void **state)
{
	static const struct {
		const char *hex;
		uint8_t at, value;
	} rows[] = {
		{ SCAPY_NS, 7, 254 }, /* hop limit: from behind a router */
		{ SCAPY_NS, 41, 1 }, /* code */
		{ SCAPY_NS, 48, 0xff }, /* multicast target */
		{ SCAPY_NS, 65, 0 }, /* option without length */
		{ SCAPY_NS, 65, 2 }, /* option longer than the message */
		{ SCAPY_NS, 66, 1 }, /* group link address */
		{ SCAPY_NS, 8, 0xff }, /* multicast source */
		{ SCAPY_NS_DAD, 39, 2 }, /* not to the target's group */
		{ SCAPY_NA, 24, 0xff }, /* solicited, yet to a group */
		{ SCAPY_NA, 48, 0xff },
		{ SCAPY_NA, 65, 0 },
	};
	struct nd_msg m;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct hexpkt p = hexpkt(rows[i].hex);

		p.b[rows[i].at] = rows[i].value;
		fix(&p);
		assert_int_equal(parse(&p, &m), -EINVAL);
	}
}

static void
nd_parse_refuses_dad_that_names_a_link_address(void **state)
{
	struct hexpkt p = hexpkt(SCAPY_NS);
	struct nd_msg m;

	(void)state;
	memset(p.b + 8, 0, 16);
	fix(&p);
	assert_int_equal(parse(&p, &m), -EINVAL);
}

static void
nd_parse_refuses_short_and_damaged_messages(void **state)
{
	struct hexpkt p = hexpkt(SCAPY_NA);
	struct nd_msg m;

	(void)state;
	for (size_t len = 0; len < p.len; len++)
		assert_int_equal(nd_parse(p.b, len, 40, &m), -EINVAL);
	assert_int_equal(nd_parse(p.b, p.len, 39, &m), -EINVAL);
	assert_int_equal(nd_parse(p.b, p.len, p.len + 1, &m), -EINVAL);
	for (size_t bit = 0; bit < 8 * p.len; bit++) {
		struct hexpkt q = p;

		/* Version, traffic class, flow label, length and next header are the caller's. */
		if (bit / 8 < 7)
			continue;
		q.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_not_equal(parse(&q, &m), 0);
	}
	p = hexpkt(SCAPY_ECHO6);
	assert_int_equal(parse(&p, &m), -ENOMSG);
}

static void
nd_parse_skips_unknown_options(void **state)
{
	struct hexpkt p = hexpkt(SCAPY_NS);
	struct nd_msg m;

	(void)state;
	p.b[64] = 14; /* nonce, RFC 3971 */
	fix(&p);
	assert_int_equal(parse(&p, &m), 0);
	assert_false(m.has_mac);
	p.len -= 7; /* one byte of an option */
	fix(&p);
	assert_int_equal(parse(&p, &m), -EINVAL);
}

static void
nd_addresses_are_derived_as_the_rfcs_say(void **state)
{
	static const uint8_t mac[6] = { 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde };
	static const uint8_t want[16] = { 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0x36, 0x56, 0x78, 0xff,
		0xfe, 0x9a, 0xbc, 0xde }; /* RFC 2464 4 with its own example */
	static const uint8_t group[16] = { 0xff, 2, [11] = 1, [12] = 0xff, 0x9a, 0xbc, 0xde };
	uint8_t a[16];
	uint8_t g[16];
	uint8_t to[6];

	(void)state;
	nd_link_local(mac, a);
	assert_memory_equal(a, want, 16);
	assert_true(nd_is_link_local(a));
	nd_solicited_node(a, g);
	assert_memory_equal(g, group, 16);
	assert_false(nd_is_link_local(g));
	nd_multicast_mac(g, to);
	assert_memory_equal(to, "\x33\x33\xff\x9a\xbc\xde", 6);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nd_parse_reads_scapys_messages),
		cmocka_unit_test(nd_put_equals_scapys_messages),
		cmocka_unit_test(nd_parse_refuses_each_broken_rule),
		cmocka_unit_test(nd_parse_refuses_dad_that_names_a_link_address),
		cmocka_unit_test(nd_parse_refuses_short_and_damaged_messages),
		cmocka_unit_test(nd_parse_skips_unknown_options),
		cmocka_unit_test(nd_addresses_are_derived_as_the_rfcs_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
