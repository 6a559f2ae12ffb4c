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
#include "wire/arp.h"

static void
arp_parse_reads_scapys_request(void **state)
{
	struct hexpkt p = hexpkt(SCAPY_ARP_REQUEST);
	struct arp_msg m;

	(void)state;
	assert_int_equal(arp_parse(p.b, p.len, &m), 0);
	assert_int_equal(m.op, ARP_REQUEST);
	assert_memory_equal(m.sender_mac, "\x02\0\0\0\0\x0a", 6);
	assert_memory_equal(m.sender_ip, "\xc0\0\x02\x0a", 4);
	assert_memory_equal(m.target_ip, "\xc0\0\x02\x01", 4);
	/* Ethernet pads to 46 bytes: what follows is not looked at. */
	assert_int_equal(arp_parse(p.b, 46, &m), 0);
	for (size_t len = 0; len < ARP_LEN; len++)
		assert_int_equal(arp_parse(p.b, len, &m), -EINVAL);
}

static void
arp_put_equals_scapys_reply(void **state)
{
	struct hexpkt want = hexpkt(SCAPY_ARP_REPLY);
	const struct arp_msg m = { ARP_REPLY, { 2, 0, 0, 0, 0, 0xb }, { 192, 0, 2, 1 },
		{ 2, 0, 0, 0, 0, 0xa }, { 192, 0, 2, 10 } };
	uint8_t got[ARP_LEN];
	struct wbuf w = wbuf_make(got, sizeof(got));

	(void)state;
	arp_put(&w, &m);
	assert_false(w.overflow);
	assert_int_equal(wbuf_len(&w), want.len);
	assert_memory_equal(got, want.b, want.len);
	arp_put(&w, &m);
	assert_true(w.overflow);
}

static void
arp_parse_refuses_what_is_not_ethernet_and_ipv4(void **state)
{
	static const struct {
		uint8_t at, value;
		int ret;
	} rows[] = {
		{ 1, 6, -EINVAL }, /* hardware type */
		{ 3, 1, -EINVAL }, /* protocol type */
		{ 4, 8, -EINVAL }, /* address lengths */
		{ 5, 16, -EINVAL },
		{ 7, 0, -EINVAL }, /* operation */
		{ 7, 3, -EINVAL },
		{ 6, 1, -EINVAL },
		{ 8, 3, -EINVAL }, /* group sender */
		{ 14, 224, -EINVAL }, /* multicast, loopback and "this net" senders */
		{ 14, 255, -EINVAL },
		{ 14, 127, -EINVAL },
		{ 14, 0, -EINVAL },
		{ 14, 10, 0 },
		{ 24, 0, 0 },
	};
	struct arp_msg m;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct hexpkt p = hexpkt(SCAPY_ARP_REQUEST);

		p.b[rows[i].at] = rows[i].value;
		assert_int_equal(arp_parse(p.b, p.len, &m), rows[i].ret);
	}
}

static void
arp_parse_takes_a_probe_but_no_zero_link_address(void **state)
{
	struct hexpkt p = hexpkt(SCAPY_ARP_REQUEST);
	struct arp_msg m;

	(void)state;
	memset(p.b + 14, 0, 4);
	assert_int_equal(arp_parse(p.b, p.len, &m), 0);
	memset(p.b + 8, 0, 6);
	assert_int_equal(arp_parse(p.b, p.len, &m), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arp_parse_reads_scapys_request),
		cmocka_unit_test(arp_put_equals_scapys_reply),
		cmocka_unit_test(arp_parse_refuses_what_is_not_ethernet_and_ipv4),
		cmocka_unit_test(arp_parse_takes_a_probe_but_no_zero_link_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
