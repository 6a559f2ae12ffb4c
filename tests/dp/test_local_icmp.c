/* SPDX-License-Identifier: BSD-2-Clause */
/* The gateway as a host and router: echo, what it refuses, and the errors it sends, with their limits. */
#include <netinet/in.h>

#include "local_env.h"
#include "unit/hexpkt.h"
#include "unit/scapy_bytes.h"
#include "wire/ip.h"

static uint64_t
dropped(enum drop_reason r)
{
	return world.lane.drop[r];
}

static uint64_t
all_drops(void)
{
	uint64_t n = 0;

	for (unsigned int r = 0; r < DROP_MAX; r++)
		n += world.lane.drop[r];
	return n;
}

/* The next injected packet is an ICMP message of our own: addresses, type and code. */
static void
expect_icmp_as(uint8_t kind, const char *src, const char *dst, uint8_t type, uint8_t code)
{
	struct rte_mbuf *m = take(kind);
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	const struct addr s = test_ip(src);
	const struct addr d = test_ip(dst);
	const bool v6 = s.af == AF_INET6;
	const size_t n = addr_len(&s);

	assert_int_equal(pkt_meta(m)->af, s.af);
	assert_memory_equal(p + (v6 ? 8 : 12), s.b, n);
	assert_memory_equal(p + (v6 ? 8 : 12) + n, d.b, n);
	assert_int_equal(p[v6 ? 40 : 20], type);
	assert_int_equal(p[v6 ? 41 : 21], code);
	rte_pktmbuf_free(m);
}

static void
expect_icmp(const char *src, const char *dst, uint8_t type, uint8_t code)
{
	expect_icmp_as(INJECT_LOCAL, src, dst, type, code);
}

static void
echo_is_answered_in_both_families_and_from_tunnels(void **state)
{
	static const struct {
		const char *ask, *want;
	} rows[] = { { SCAPY_ECHO4, SCAPY_REPLY4 }, { SCAPY_ECHO6, SCAPY_REPLY6 } };

	(void)state;
	for (unsigned int i = 0; i < 8; i++) {
		const struct hexpkt want = hexpkt(rows[i % 2].want);
		struct rte_mbuf *m = ip_frame(i & 2 ? LAN : WAN, PUNT_LOCAL, rows[i % 2].ask);

		pkt_meta(m)->depth = (uint8_t)(i >> 2);
		m->ol_flags |= RTE_MBUF_F_RX_VLAN;
		assert_non_null(rte_pktmbuf_append(m, 9)); /* Ethernet padding */
		punt(m);
		m = take(INJECT_LOCAL);
		assert_int_equal(m->data_len, want.len);
		assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), want.b, want.len);
		assert_int_equal(pkt_meta(m)->depth, 0);
		assert_int_equal(pkt_meta(m)->flags, PKT_F_LOCAL_OUT);
		assert_int_equal(m->ol_flags, 0);
		rte_pktmbuf_free(m);
	}
	assert_int_equal(all_drops(), 0);
}

static void
echo_of_a_link_local_host_goes_back_to_its_station(void **state)
{
	static const uint8_t them[16] = { 0xfe, 0x80, [15] = 9 };
	static const uint8_t us[16] = { 0xfe, 0x80, [9] = 0, [11] = 0xff, [12] = 0xfe, [15] = 0xc };
	struct rte_mbuf *m;

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		struct hexpkt p = hexpkt(SCAPY_ECHO6);
		uint16_t sum;

		memcpy(p.b + 8, them, 16);
		memcpy(p.b + 24, us, 16);
		memset(p.b + 42, 0, 2);
		sum = ip_csum_pseudo(p.b + 8, 32, 58, p.b + 40, p.len - 40);
		memcpy(p.b + 42, &sum, 2);
		m = frame(i == 0 ? LAN : WAN, 0x86dd, p.b, p.len);
		pkt_meta(m)->kind = PUNT_LOCAL;
		pkt_meta(m)->l4_proto = 58;
		pkt_meta(m)->l4_off = (uint16_t)(pkt_meta(m)->l3_off + 40);
		punt(m);
	}
	m = take(INJECT_FRAME);
	assert_int_equal(pkt_meta(m)->out_if, LAN);
	assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *),
		"\x02\0\0\0\0\x0a\x02\0\0\0\0\x0c\x81\0\0\x64\x86\xdd", 18);
	assert_memory_equal(rte_pktmbuf_mtod_offset(m, uint8_t *, 18 + 8), us, 16);
	assert_memory_equal(rte_pktmbuf_mtod_offset(m, uint8_t *, 18 + 24), them, 16);
	rte_pktmbuf_free(m);
	quiet();
	assert_int_equal(dropped(DROP_ICMP_IGNORED), 1); /* not ours on the other interface */
}

static void
icmp_that_is_damaged_or_of_no_use_is_counted(void **state)
{
	struct rte_mbuf *m = ip_frame(WAN, PUNT_LOCAL, SCAPY_ECHO4);

	(void)state;
	rte_pktmbuf_mtod(m, uint8_t *)[m->data_len - 1] ^= 1;
	punt(m);
	m = ip_frame(WAN, PUNT_LOCAL, SCAPY_ECHO6);
	rte_pktmbuf_mtod(m, uint8_t *)[m->data_len - 1] ^= 1;
	punt(m);
	assert_int_equal(dropped(DROP_ICMP_MALFORMED), 2);
	m = ip_frame(WAN, PUNT_LOCAL, SCAPY_ECHO4);
	rte_pktmbuf_mtod(m, uint8_t *)[14 + 19] = 255; /* to the broadcast address */
	punt(m);
	m = ip_frame(WAN, PUNT_LOCAL, SCAPY_ECHO4);
	rte_pktmbuf_mtod(m, uint8_t *)[14 + 15] = 255; /* from it */
	punt(m);
	m = ip_frame(WAN, PUNT_LOCAL, SCAPY_REPLY4);
	memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, 14 + 16), "\xc0\0\x02\x01", 4);
	punt(m);
	assert_int_equal(dropped(DROP_ICMP_IGNORED), 3);
	m = ip_frame(WAN, PUNT_LOCAL, SCAPY_ECHO4);
	m->data_len = m->pkt_len = 14 + 19;
	punt(m);
	assert_int_equal(dropped(DROP_IP_SHORT), 1);
	quiet();
}

static void
other_protocols_are_unreachable(void **state)
{
	static const struct {
		uint8_t proto, type4, code4, type6, code6;
	} rows[] = {
		{ IPPROTO_UDP, 3, 3, 1, 4 },
		{ IPPROTO_TCP, 3, 3, 1, 4 },
		{ 132, 3, 2, 4, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rte_mbuf *m = udp(WAN, PUNT_LOCAL, "10.2.0.9", "192.0.2.1", 1);

		/* From elsewhere, yet from the address that it was sent to. */
		rte_pktmbuf_mtod(m, uint8_t *)[14 + 9] = rows[i].proto;
		pkt_meta(m)->l4_proto = rows[i].proto;
		pkt_meta(m)->in_if = LAN;
		punt(m);
		expect_icmp("192.0.2.1", "10.2.0.9", rows[i].type4, rows[i].code4);
		m = udp(WAN, PUNT_LOCAL, "2001:db8:2::9", "2001:db8::1", 1);
		rte_pktmbuf_mtod(m, uint8_t *)[14 + 6] = rows[i].proto;
		pkt_meta(m)->l4_proto = rows[i].proto;
		punt(m);
		expect_icmp("2001:db8::1", "2001:db8:2::9", rows[i].type6, rows[i].code6);
	}
	assert_int_equal(dropped(DROP_IP_LOCAL), 6);
	/* Multicast that got here is dropped in silence. */
	punt(udp(WAN, PUNT_LOCAL, "10.2.0.9", "224.0.0.251", 1));
	punt(udp(WAN, PUNT_LOCAL, "2001:db8:2::9", "ff02::fb", 1));
	punt(udp(WAN, 99, "10.2.0.9", "192.0.2.1", 1));
	assert_int_equal(dropped(DROP_IP_LOCAL), 9);
	quiet();
}

static void
router_errors_come_from_where_the_packet_came_in(void **state)
{
	struct rte_mbuf *m;

	(void)state;
	punt(udp(LAN, PUNT_TTL, "10.1.0.9", "8.8.8.8", 1));
	expect_icmp("10.1.0.1", "10.1.0.9", 11, 0);
	punt(udp(LAN, PUNT_NO_ROUTE, "10.1.0.9", "8.8.8.8", 1));
	expect_icmp("10.1.0.1", "10.1.0.9", 3, 0);
	punt(udp(LAN, PUNT_TTL, "2001:db8:1::9", "2600::1", 1));
	expect_icmp("2001:db8:1::1", "2001:db8:1::9", 3, 0);
	punt(udp(LAN, PUNT_NO_ROUTE, "2001:db8:1::9", "2600::1", 1));
	expect_icmp("2001:db8:1::1", "2001:db8:1::9", 1, 0);
	m = udp(WAN, PUNT_TOO_BIG, "192.0.2.7", "10.1.0.9", 1);
	pkt_meta(m)->mtu = 1387;
	punt(m);
	m = take(INJECT_LOCAL);
	assert_memory_equal(rte_pktmbuf_mtod_offset(m, uint8_t *, 20), "\x03\x04", 2);
	assert_memory_equal(rte_pktmbuf_mtod_offset(m, uint8_t *, 26), "\x05\x6b", 2);
	rte_pktmbuf_free(m);
	m = udp(WAN, PUNT_TOO_BIG, "2001:db8::7", "2001:db8:1::9", 1);
	pkt_meta(m)->mtu = 1387;
	punt(m);
	m = take(INJECT_LOCAL);
	assert_memory_equal(rte_pktmbuf_mtod_offset(m, uint8_t *, 40), "\x02\0", 2);
	assert_memory_equal(rte_pktmbuf_mtod_offset(m, uint8_t *, 44), "\0\0\x05\x6b", 4);
	rte_pktmbuf_free(m);
	/* No IPv6 on the interface: an address of another one is better than none. */
	punt(udp(V4, PUNT_TTL, "2001:db8:9::9", "2600::1", 1));
	expect_icmp("2001:db8::1", "2001:db8:9::9", 3, 0);
	/* Out of a tunnel: ours in the network that it was sent to. */
	m = udp(WAN, PUNT_TTL, "10.2.0.9", "10.1.0.9", 1);
	pkt_meta(m)->depth = 1;
	punt(m);
	expect_icmp_as(INJECT_SECRET, "10.1.0.1", "10.2.0.9", 11, 0);
	assert_int_equal(all_drops(), 0); /* the worker has counted them */
	quiet();
}

static void
router_errors_are_not_sent_against_the_rules(void **state)
{
	struct rte_mbuf *m;

	(void)state;
	punt(ip_frame(WAN, PUNT_TTL, SCAPY_TTL4)); /* about an error */
	punt(ip_frame(WAN, PUNT_TTL, SCAPY_TTL6));
	punt(udp(WAN, PUNT_TTL, "192.0.2.1", "8.8.8.8", 1)); /* to ourselves */
	punt(udp(WAN, PUNT_TTL, "192.0.2.255", "8.8.8.8", 1)); /* to many */
	punt(udp(WAN, PUNT_TTL, "0.0.0.0", "8.8.8.8", 1));
	punt(udp(WAN, PUNT_TTL, "fe80::9", "2600::1", 1)); /* to where no route leads */
	punt(udp(WAN, PUNT_TTL, "192.0.2.9", "10.1.255.255", 1)); /* about a broadcast */
	m = udp(WAN, PUNT_TTL, "192.0.2.9", "8.8.8.8", 1);
	memset(rte_pktmbuf_mtod(m, uint8_t *), 0xff, 6); /* in a broadcast frame */
	punt(m);
	m = udp(WAN, PUNT_TTL, "192.0.2.9", "8.8.8.8", 1);
	rte_pktmbuf_mtod(m, uint8_t *)[14 + 7] = 9; /* a later fragment */
	punt(m);
	quiet();
	assert_int_equal(all_drops(), 0);
}

static void
errors_are_limited_by_destination_and_over_all(void **state)
{
	char src[32];

	(void)state;
	for (unsigned int i = 0; i < 100; i++)
		punt(udp(WAN, PUNT_TTL, "198.51.100.7", "8.8.8.8", 1));
	assert_int_equal(flush(INJECT_LOCAL), 10);
	run(500);
	for (unsigned int i = 0; i < 100; i++)
		punt(udp(WAN, PUNT_TTL, "198.51.100.8", "8.8.8.8", 1));
	assert_int_equal(flush(INJECT_LOCAL), 5);
	run(10000);
	for (unsigned int i = 0; i < 200; i++) {
		(void)snprintf(src, sizeof(src), "100.64.%u.7", i);
		punt(udp(WAN, PUNT_TTL, src, "8.8.8.8", 1));
	}
	assert_int_equal(flush(INJECT_LOCAL), 50);
	run(100);
	for (unsigned int i = 0; i < 200; i++) {
		(void)snprintf(src, sizeof(src), "100.65.%u.7", i);
		punt(udp(WAN, PUNT_TTL, src, "8.8.8.8", 1));
	}
	assert_int_equal(flush(INJECT_LOCAL), 10);
}

static void
empty_pool_loses_answers_and_nothing_else(void **state)
{
	static struct rte_mbuf *all[NPOOL];
	struct rte_mbuf *m = udp(WAN, PUNT_TTL, "192.0.2.7", "8.8.8.8", 1);
	struct rte_mbuf *e = ip_frame(WAN, PUNT_LOCAL, SCAPY_ECHO4);
	struct rte_mbuf *r = udp(WAN, PUNT_RESOLVE, "192.0.2.7", "10.1.0.9", 1);
	unsigned int n = 0;

	(void)state;
	while (n < NPOOL && (all[n] = rte_pktmbuf_alloc(world.pool)) != NULL)
		n++;
	punt(r);
	punt(m);
	rte_pktmbuf_free_bulk(all, n);
	punt(e); /* made in place, it needs no buffer */
	expect_icmp("192.0.2.1", "192.0.2.10", 0, 0);
	quiet();
	run(1100); /* the request that could not be made is made again */
	assert_int_equal(flush(INJECT_FRAME), 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, env_make, env_unmake)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(echo_is_answered_in_both_families_and_from_tunnels),
		CASE(echo_of_a_link_local_host_goes_back_to_its_station),
		CASE(icmp_that_is_damaged_or_of_no_use_is_counted),
		CASE(other_protocols_are_unreachable),
		CASE(router_errors_come_from_where_the_packet_came_in),
		CASE(router_errors_are_not_sent_against_the_rules),
		CASE(errors_are_limited_by_destination_and_over_all),
		CASE(empty_pool_loses_answers_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, env_start, env_stop);
}
