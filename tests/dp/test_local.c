/* SPDX-License-Identifier: BSD-2-Clause */
/* ARP, Neighbour Discovery and the neighbour table of the gateway, each rule by a case. */
#include <errno.h>

#include "local_env.h"
#include "support/rng.h"
#include "unit/hexpkt.h"
#include "unit/scapy_bytes.h"
#include "wire/arp.h"
#include "wire/nd.h"

static uint64_t
dropped(enum drop_reason r)
{
	return world.lane.drop[r];
}

/* The next injected frame is an ARP packet for dst station (0xff: all), from our address. */
static void
expect_arp(uint8_t iface, uint16_t op, uint8_t station, const char *us, const char *target)
{
	struct rte_mbuf *m = take(INJECT_FRAME);
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	const size_t off = iface == LAN ? 18 : 14;
	const struct addr u = test_ip(us);
	const struct addr t = test_ip(target);
	struct arp_msg a;

	assert_int_equal(pkt_meta(m)->out_if, iface);
	assert_int_equal(p[5], station);
	assert_int_equal(p[0], station == 0xff ? 0xff : 2);
	assert_memory_equal(p + 6, &world.ports.port[iface].mac, 6);
	if (iface == LAN)
		assert_memory_equal(p + 12, "\x81\0\0\x64", 4);
	assert_memory_equal(p + off - 2, "\x08\x06", 2);
	assert_int_equal(m->data_len, off + ARP_LEN);
	assert_int_equal(arp_parse(p + off, ARP_LEN, &a), 0);
	assert_int_equal(a.op, op);
	assert_memory_equal(a.sender_mac, &world.ports.port[iface].mac, 6);
	assert_memory_equal(a.sender_ip, u.b, 4);
	assert_memory_equal(a.target_ip, t.b, 4);
	rte_pktmbuf_free(m);
}

/* The next injected frame is an ND message; its Ethernet destination ends in last. */
static struct nd_msg
expect_nd(uint8_t iface, uint8_t type, uint8_t last, const char *src, const char *dst)
{
	struct rte_mbuf *m = take(INJECT_FRAME);
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	const size_t off = iface == LAN ? 18 : 14;
	const struct addr s = test_ip(src);
	const struct addr d = test_ip(dst);
	struct nd_msg msg;

	assert_int_equal(pkt_meta(m)->out_if, iface);
	assert_int_equal(p[5], last);
	assert_int_equal(p[0], d.b[0] == 0xff ? 0x33 : 2);
	assert_memory_equal(p + off - 2, "\x86\xdd", 2);
	assert_int_equal(nd_parse(p + off, m->data_len - off, 40, &msg), 0);
	assert_int_equal(msg.type, type);
	assert_true(msg.has_mac);
	assert_memory_equal(msg.mac, &world.ports.port[iface].mac, 6);
	assert_memory_equal(msg.src, s.b, 16);
	assert_memory_equal(msg.dst, d.b, 16);
	rte_pktmbuf_free(m);
	return msg;
}

static void
expect_routed(uint32_t id)
{
	struct rte_mbuf *m = take(INJECT_ROUTED);

	assert_int_equal(udp_id(m), id);
	rte_pktmbuf_free(m);
}

/* An ND message to the gateway. @param mac  link address option, 0: none */
static void
nd(uint8_t iface, uint8_t type, const char *src, const char *target, uint8_t flags, uint8_t mac)
{
	const struct addr s = test_ip(src);
	const struct addr t = test_ip(target);
	const struct addr d = test_ip("2001:db8::1");
	struct nd_msg msg = { .type = type,
		.is_solicited = (flags & 1) != 0,
		.is_override = (flags & 2) != 0,
		.has_mac = mac != 0,
		.mac = { 2, 0, 0, 0, 0, mac } };
	uint8_t p[ND_MSG_MAX];
	struct wbuf w = wbuf_make(p, sizeof(p));
	struct rte_mbuf *m;

	memcpy(msg.src, s.b, 16);
	memcpy(msg.target, t.b, 16);
	memcpy(msg.dst, d.b, 16);
	if (type == ND_SOLICIT)
		nd_solicited_node(t.b, msg.dst);
	nd_put(&w, &msg);
	m = frame(iface, 0x86dd, p, wbuf_len(&w));
	pkt_meta(m)->kind = PUNT_LOCAL;
	pkt_meta(m)->af = AF_INET6;
	pkt_meta(m)->l4_proto = 58;
	pkt_meta(m)->l4_off = (uint16_t)(pkt_meta(m)->l3_off + 40);
	punt(m);
}

static void
arp_request_for_us_is_answered_and_learnt(void **state)
{
	const struct hexpkt ask = hexpkt(SCAPY_ARP_REQUEST);
	const struct hexpkt want = hexpkt(SCAPY_ARP_REPLY);
	struct rte_mbuf *m = frame(WAN, 0x0806, ask.b, 46);

	(void)state;
	pkt_meta(m)->kind = PUNT_ARP;
	punt(m);
	m = take(INJECT_FRAME);
	assert_int_equal(m->data_len, 14 + want.len);
	assert_memory_equal(
		rte_pktmbuf_mtod(m, uint8_t *), "\x02\0\0\0\0\x0a\x02\0\0\0\0\x0b\x08\x06", 14);
	assert_memory_equal(rte_pktmbuf_mtod_offset(m, uint8_t *, 14), want.b, want.len);
	rte_pktmbuf_free(m);
	assert_string_equal(state_of("192.0.2.10"), "reachable");
	assert_int_equal(kind_of("192.0.2.10"), NH_REACHABLE);
	assert_true(snap_is_dirty(world.snap)); /* flows cached as "on link" must look again */
	arp(LAN, ARP_REQUEST, "10.1.0.9", 9, "10.1.0.1");
	expect_arp(LAN, ARP_REPLY, 9, "10.1.0.1", "10.1.0.9");
	quiet();
}

static void
arp_for_others_or_by_impostors_changes_nothing(void **state)
{
	(void)state;
	arp(WAN, ARP_REQUEST, "192.0.2.10", 10, "192.0.2.99"); /* not ours */
	arp(WAN, ARP_REQUEST, "192.0.2.10", 10, "10.1.0.1"); /* ours, but elsewhere */
	arp(LAN, ARP_REQUEST, "10.1.0.9", 9, "192.0.2.1");
	arp(WAN, ARP_REQUEST, "192.0.2.1", 10, "192.0.2.1"); /* conflict */
	arp(WAN, ARP_REPLY, "192.0.2.1", 10, "192.0.2.1");
	arp(WAN, ARP_REQUEST, "192.0.2.10", 0xb, "192.0.2.1"); /* our own link address */
	arp(WAN, ARP_REPLY, "192.0.2.10", 10, "192.0.2.1"); /* nobody asked */
	arp(WAN, ARP_REQUEST, "192.0.2.10", 10, "192.0.2.10"); /* gratuitous, unknown */
	quiet();
	arp(WAN, ARP_REQUEST, "10.1.0.10", 10, "192.0.2.1"); /* not on this link */
	arp(WAN, ARP_REQUEST, "192.0.2.255", 10, "192.0.2.1"); /* broadcast address */
	arp(WAN, ARP_REQUEST, "0.0.0.0", 10, "192.0.2.1"); /* probe */
	assert_int_equal(flush(INJECT_FRAME), 3); /* are answered all the same */
	assert_string_equal(state_of("192.0.2.10"), "");
	assert_string_equal(state_of("10.1.0.10"), "");
	assert_int_equal(local_neighbours(world.l, world.now, NULL, 0), 0);
	arp(WAN, 3, "192.0.2.10", 10, "192.0.2.1");
	assert_int_equal(dropped(DROP_ARP_MALFORMED), 1);
}

static void
gratuitous_arp_updates_who_is_known_and_is_verified(void **state)
{
	(void)state;
	arp(WAN, ARP_REQUEST, "192.0.2.10", 10, "192.0.2.1");
	(void)flush(0);
	arp(WAN, ARP_REQUEST, "192.0.2.10", 20, "192.0.2.10"); /* within the lock */
	run(1000);
	resolve("192.0.2.10", 1);
	expect_routed(1);
	arp(WAN, ARP_REQUEST, "192.0.2.10", 20, "192.0.2.99"); /* talks to somebody else */
	run(100);
	quiet();
	arp(WAN, ARP_REQUEST, "192.0.2.10", 20, "192.0.2.10");
	run(100);
	expect_arp(WAN, ARP_REQUEST, 20, "192.0.2.1", "192.0.2.10"); /* to the new station alone */
	assert_string_equal(state_of("192.0.2.10"), "probe");
	arp(WAN, ARP_REPLY, "192.0.2.10", 20, "192.0.2.1");
	assert_string_equal(state_of("192.0.2.10"), "reachable");
	run(30000);
	quiet();
}

static void
resolve_asks_holds_and_releases_in_order(void **state)
{
	(void)state;
	for (uint32_t id = 1; id <= 10; id++)
		resolve("10.1.0.9", id);
	expect_arp(LAN, ARP_REQUEST, 0xff, "10.1.0.1", "10.1.0.9");
	quiet();
	assert_int_equal(dropped(DROP_NBR_QUEUE), 2); /* the two oldest */
	assert_string_equal(state_of("10.1.0.9"), "incomplete");
	assert_int_equal(kind_of("10.1.0.9"), NH_GLEAN); /* who does not answer gets no next hop */
	assert_false(snap_is_dirty(world.snap));
	run(1000);
	expect_arp(LAN, ARP_REQUEST, 0xff, "10.1.0.1", "10.1.0.9");
	arp(WAN, ARP_REPLY, "10.1.0.9", 9, "192.0.2.1"); /* on the wrong link */
	quiet();
	arp(LAN, ARP_REPLY, "10.1.0.9", 9, "10.1.0.1");
	for (uint32_t id = 3; id <= 10; id++)
		expect_routed(id);
	quiet();
	assert_int_equal(kind_of("10.1.0.9"), NH_REACHABLE);
	assert_true(snap_is_dirty(world.snap));
	resolve("10.1.0.9", 11); /* punted before the worker saw it */
	expect_routed(11);
}

static void
resolve_gives_up_tells_the_source_and_holds_down(void **state)
{
	struct rte_mbuf *m;

	(void)state;
	for (uint32_t id = 1; id <= 3; id++)
		resolve("10.1.0.9", id);
	run(2900);
	for (unsigned int i = 0; i < 3; i++)
		expect_arp(LAN, ARP_REQUEST, 0xff, "10.1.0.1", "10.1.0.9");
	quiet();
	assert_int_equal(dropped(DROP_NBR_FAILED), 0);
	run(200);
	m = take(INJECT_LOCAL);
	assert_memory_equal(rte_pktmbuf_mtod_offset(m, uint8_t *, 12),
		"\xc0\0\x02\x01\xc0\0\x02\x0a\x03\x01", 10); /* host unreachable */
	assert_int_equal(rte_pktmbuf_mtod(m, uint8_t *)[28 + 28], 1); /* about the first */
	rte_pktmbuf_free(m);
	quiet();
	assert_int_equal(dropped(DROP_NBR_FAILED), 3);
	resolve("10.1.0.9", 4);
	assert_int_equal(dropped(DROP_NBR_FAILED), 4);
	quiet();
	run(1100);
	assert_string_equal(state_of("10.1.0.9"), "");
	resolve("10.1.0.9", 5);
	expect_arp(LAN, ARP_REQUEST, 0xff, "10.1.0.1", "10.1.0.9");
	arp(LAN, ARP_REPLY, "10.1.0.9", 9, "10.1.0.1");
	expect_routed(5);
}

static void
resolve_asks_for_the_gateway_of_a_route(void **state)
{
	const struct addr to = test_ip("10.2.0.0/16");
	const struct addr via = test_ip("192.0.2.9");

	(void)state;
	assert_int_equal(snap_route_add(world.snap, &to, &via, WAN, NULL), 0);
	resolve("10.2.3.4", 1);
	expect_arp(WAN, ARP_REQUEST, 0xff, "192.0.2.1", "192.0.2.9");
	resolve("10.2.3.5", 2);
	quiet();
	arp(WAN, ARP_REPLY, "192.0.2.9", 9, "192.0.2.1");
	expect_routed(1);
	expect_routed(2);
	assert_int_equal(kind_of("10.2.3.4"), NH_REACHABLE);
	run(70000); /* it falls silent: its next hop stays, for the route */
	(void)flush(0);
	assert_string_equal(state_of("192.0.2.9"), "");
	assert_int_equal(kind_of("10.2.3.4"), NH_PENDING);
	resolve("10.2.3.4", 3);
	expect_arp(WAN, ARP_REQUEST, 0xff, "192.0.2.1", "192.0.2.9");
}

static void
resolve_never_makes_neighbours_of_what_is_none(void **state)
{
	struct rte_mbuf *m;

	(void)state;
	resolve("10.1.255.255", 1);
	resolve("10.1.0.0", 2);
	resolve("10.1.0.1", 3);
	resolve("2001:db8::1", 4);
	assert_int_equal(dropped(DROP_IP_BAD_ADDR), 4);
	resolve("8.8.8.8", 5);
	resolve("fe80::5", 6);
	resolve("224.0.0.1", 7);
	assert_int_equal(dropped(DROP_IP_NO_ROUTE), 3);
	m = frame(WAN, 0x0800, "\x45", 1);
	pkt_meta(m)->kind = PUNT_RESOLVE;
	punt(m);
	assert_int_equal(dropped(DROP_IP_SHORT), 1);
	quiet();
	assert_int_equal(local_neighbours(world.l, world.now, NULL, 0), 0);
}

static void
held_packets_are_bounded_over_all(void **state)
{
	char dst[32];
	uint32_t id = 0;

	(void)state;
	for (unsigned int host = 1; host <= 140; host++) {
		(void)snprintf(dst, sizeof(dst), "10.1.2.%u", host);
		for (unsigned int i = 0; i < 8; i++)
			resolve(dst, ++id);
	}
	assert_int_equal(id, 1120);
	assert_int_equal(dropped(DROP_NBR_QUEUE), 1120 - 1024);
	(void)flush(0);
	arp(LAN, ARP_REPLY, "10.1.2.1", 9, "10.1.0.1"); /* its packets were the oldest */
	quiet();
	arp(LAN, ARP_REPLY, "10.1.2.140", 9, "10.1.0.1");
	assert_int_equal(flush(INJECT_ROUTED), 8);
}

static void
neighbours_are_asked_again_and_forgotten(void **state)
{
	(void)state;
	arp(LAN, ARP_REQUEST, "10.1.0.9", 9, "10.1.0.1");
	arp(LAN, ARP_REQUEST, "10.1.0.8", 8, "10.1.0.1");
	(void)flush(0);
	run(59900);
	quiet();
	run(200);
	expect_arp(LAN, ARP_REQUEST, 9, "10.1.0.1", "10.1.0.9");
	expect_arp(LAN, ARP_REQUEST, 8, "10.1.0.1", "10.1.0.8");
	assert_string_equal(state_of("10.1.0.9"), "probe");
	assert_int_equal(kind_of("10.1.0.9"), NH_REACHABLE); /* meanwhile it is used */
	arp(LAN, ARP_REPLY, "10.1.0.8", 8, "10.1.0.1");
	run(2900);
	assert_int_equal(flush(INJECT_FRAME), 2);
	run(200);
	assert_string_equal(state_of("10.1.0.9"), "");
	assert_string_equal(state_of("10.1.0.8"), "reachable");
	assert_int_equal(kind_of("10.1.0.9"), NH_GLEAN);
	assert_int_equal(kind_of("10.1.0.8"), NH_REACHABLE);
}

static void
scan_pushes_out_no_neighbour_that_answered(void **state)
{
	char dst[32];

	(void)state;
	arp(LAN, ARP_REQUEST, "10.1.0.9", 9, "10.1.0.1");
	for (uint32_t i = 0; i < 6000; i++) {
		(void)snprintf(dst, sizeof(dst), "10.1.%u.%u", 1 + i / 250, 1 + i % 250);
		resolve(dst, i);
	}
	assert_int_equal(local_neighbours(world.l, world.now, NULL, 0), 4000);
	assert_string_equal(state_of("10.1.0.9"), "reachable");
	assert_string_equal(state_of("10.1.1.1"), "");
	assert_string_equal(state_of(dst), "incomplete");
	assert_in_range(flush(INJECT_FRAME), 1, 1001); /* nor does it flood the link */
}

static void
full_table_forgets_who_was_not_heard_for_longest(void **state)
{
	char src[32];

	(void)state;
	for (uint32_t i = 0; i < 4001; i++) {
		(void)snprintf(src, sizeof(src), "10.1.%u.%u", 1 + i / 250, 1 + i % 250);
		arp(LAN, ARP_REQUEST, src, 9, "10.1.0.1");
		if (i == 10)
			arp(LAN, ARP_REQUEST, "10.1.1.1", 9, "10.1.0.1"); /* speaks again */
		if (i % 100 == 0)
			(void)flush(0);
	}
	assert_int_equal(local_neighbours(world.l, world.now, NULL, 0), 4000);
	assert_string_equal(state_of("10.1.1.1"), "reachable");
	assert_string_equal(state_of("10.1.1.2"), "");
	assert_int_equal(kind_of("10.1.1.2"), NH_GLEAN);
	assert_string_equal(state_of(src), "reachable");
}

static void
static_neighbours_stay_as_they_are(void **state)
{
	const struct rte_ether_addr mac = { { 2, 0, 0, 0, 0, 0x77 } };
	const struct addr a = test_ip("10.1.0.9");
	const struct addr us = test_ip("192.0.2.1");

	(void)state;
	resolve("10.1.0.9", 1);
	(void)flush(0);
	assert_int_equal(local_add_static(world.l, &us, LAN, &mac, NULL), -EINVAL);
	assert_int_equal(local_add_static(world.l, &a, LAN, &mac, NULL), 0);
	expect_routed(1);
	run(2000);
	arp(LAN, ARP_REQUEST, "10.1.0.9", 9, "10.1.0.9");
	run(200000);
	quiet();
	assert_string_equal(state_of("10.1.0.9"), "static");
	resolve("10.1.0.9", 2);
	expect_routed(2);
	assert_int_equal(local_del_static(world.l, &us, LAN, NULL), -ENOENT);
	assert_int_equal(local_del_static(world.l, &a, LAN, NULL), 0);
	assert_int_equal(kind_of("10.1.0.9"), NH_GLEAN);
}

static void
nd_solicitation_is_answered_as_scapy_would(void **state)
{
	const struct hexpkt want = hexpkt(SCAPY_NA);
	struct rte_mbuf *m;

	(void)state;
	punt(ip_frame(WAN, PUNT_LOCAL, SCAPY_NS));
	m = take(INJECT_FRAME);
	assert_int_equal(m->data_len, 14 + want.len);
	assert_memory_equal(rte_pktmbuf_mtod_offset(m, uint8_t *, 14), want.b, want.len);
	assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), "\x02\0\0\0\0\x0a", 6);
	rte_pktmbuf_free(m);
	assert_string_equal(state_of("2001:db8::10"), "reachable");
	assert_int_equal(kind_of("2001:db8::10"), NH_REACHABLE);
}

static void
nd_answers_duplicate_address_detection_to_all(void **state)
{
	struct nd_msg msg;

	(void)state;
	punt(ip_frame(WAN, PUNT_LOCAL, SCAPY_NS_DAD));
	msg = expect_nd(WAN, ND_ADVERT, 1, "2001:db8::1", "ff02::1");
	assert_true(!msg.is_solicited && msg.is_override && msg.is_router);
	assert_int_equal(local_neighbours(world.l, world.now, NULL, 0), 0);
}

static void
nd_knows_the_link_local_address_of_each_interface(void **state)
{
	struct nd_msg msg;

	(void)state;
	nd(WAN, ND_SOLICIT, "fe80::10", "fe80::ff:fe00:b", 0, 10);
	msg = expect_nd(WAN, ND_ADVERT, 10, "fe80::ff:fe00:b", "fe80::10");
	assert_true(msg.is_solicited);
	nd(LAN, ND_SOLICIT, "fe80::10", "fe80::ff:fe00:b", 0, 10); /* of another interface */
	nd(V4, ND_SOLICIT, "fe80::10", "fe80::ff:fe00:d", 0, 10); /* no IPv6 there */
	nd(WAN, ND_SOLICIT, "2001:db8::10", "2001:db8::99", 0, 10);
	assert_int_equal(dropped(DROP_ICMP_IGNORED), 3);
	quiet();
	/* Link-local hosts are no neighbours, unless a route goes by them. */
	assert_int_equal(local_neighbours(world.l, world.now, NULL, 0), 0);
}

static void
nd_from_a_tunnel_or_malformed_is_refused(void **state)
{
	struct rte_mbuf *m = ip_frame(WAN, PUNT_LOCAL, SCAPY_NS);

	(void)state;
	pkt_meta(m)->depth = 1;
	punt(m);
	assert_int_equal(dropped(DROP_ICMP_IGNORED), 1);
	m = ip_frame(WAN, PUNT_LOCAL, SCAPY_NS);
	rte_pktmbuf_mtod(m, uint8_t *)[14 + 7] = 64; /* hop limit */
	punt(m);
	assert_int_equal(dropped(DROP_ICMP_MALFORMED), 1);
	nd(WAN, ND_SOLICIT, "2001:db8::1", "2001:db8::1", 0, 9); /* conflict */
	nd(WAN, ND_ADVERT, "2001:db8::1", "2001:db8::1", 2, 9);
	nd(WAN, ND_ADVERT, "2001:db8::10", "2001:db8::10", 3, 9); /* nobody asked */
	quiet();
	assert_int_equal(local_neighbours(world.l, world.now, NULL, 0), 0);
}

static void
nd_resolves_and_follows_the_flags(void **state)
{
	(void)state;
	resolve("2001:db8:1::9", 1);
	(void)expect_nd(LAN, ND_SOLICIT, 9, "2001:db8:1::1", "ff02::1:ff00:9");
	nd(LAN, ND_ADVERT, "2001:db8:1::9", "2001:db8:1::9", 3, 0); /* says no link address */
	quiet();
	nd(LAN, ND_ADVERT, "2001:db8:1::9", "2001:db8:1::9", 3, 9);
	expect_routed(1);
	run(2000);
	nd(LAN, ND_ADVERT, "2001:db8:1::9", "2001:db8:1::9", 1, 8); /* no override: kept */
	nd(LAN, ND_ADVERT, "2001:db8:1::9", "2001:db8:1::9", 0, 9); /* proves nothing */
	run(58200);
	(void)expect_nd(LAN, ND_SOLICIT, 9, "2001:db8:1::1", "2001:db8:1::9");
	nd(LAN, ND_ADVERT, "2001:db8:1::9", "2001:db8:1::9", 1, 0); /* the answer to that */
	assert_string_equal(state_of("2001:db8:1::9"), "reachable");
	nd(LAN, ND_ADVERT, "2001:db8:1::9", "2001:db8:1::9", 2, 8); /* moved, unsolicited */
	run(100);
	(void)expect_nd(LAN, ND_SOLICIT, 8, "2001:db8:1::1", "2001:db8:1::9");
	quiet();
}

static void
nd_asks_link_local_gateways_from_link_local(void **state)
{
	const struct addr to = test_ip("::/0");
	const struct addr via = test_ip("fe80::1");

	(void)state;
	assert_int_equal(snap_route_add(world.snap, &to, &via, WAN, NULL), 0);
	resolve("2600::1", 1);
	(void)expect_nd(WAN, ND_SOLICIT, 1, "fe80::ff:fe00:b", "ff02::1:ff00:1");
	nd(WAN, ND_SOLICIT, "fe80::1", "2001:db8::1", 0, 9); /* the gateway asks us: learnt */
	(void)expect_nd(WAN, ND_ADVERT, 9, "2001:db8::1", "fe80::1");
	expect_routed(1);
	assert_int_equal(kind_of("2600::1"), NH_REACHABLE);
}

static void
announce_names_all_our_addresses(void **state)
{
	struct nd_msg msg;

	(void)state;
	local_announce(world.l, world.now);
	expect_arp(WAN, ARP_REQUEST, 0xff, "192.0.2.1", "192.0.2.1");
	msg = expect_nd(WAN, ND_ADVERT, 1, "2001:db8::1", "ff02::1");
	assert_true(!msg.is_solicited && msg.is_override);
	(void)expect_nd(WAN, ND_ADVERT, 1, "fe80::ff:fe00:b", "ff02::1");
	expect_arp(LAN, ARP_REQUEST, 0xff, "10.1.0.1", "10.1.0.1");
	(void)expect_nd(LAN, ND_ADVERT, 1, "2001:db8:1::1", "ff02::1");
	(void)expect_nd(LAN, ND_ADVERT, 1, "fe80::ff:fe00:c", "ff02::1");
	expect_arp(V4, ARP_REQUEST, 0xff, "198.18.0.1", "198.18.0.1");
	quiet();
}

/* ---- anything in any order ---- */

static void
random_punt(uint64_t *rng)
{
	static const char *const hex[] = { SCAPY_NS, SCAPY_NS_DAD, SCAPY_NA, SCAPY_ECHO4,
		SCAPY_ECHO6, SCAPY_UDP4, SCAPY_UDP6, SCAPY_TTL4, SCAPY_ARP_REQUEST };
	static const uint8_t kinds[] = { PUNT_ARP, PUNT_LOCAL, PUNT_RESOLVE, PUNT_TTL, PUNT_TOO_BIG,
		PUNT_NO_ROUTE, 77 };
	const struct hexpkt p = hexpkt(hex[rng_next(rng) % ARRAY_LEN(hex)]);
	struct rte_mbuf *m = frame((uint8_t)(rng_next(rng) % 3), 0x0800, p.b, p.len);
	struct pkt_meta *meta = pkt_meta(m);

	meta->kind = kinds[rng_next(rng) % ARRAY_LEN(kinds)];
	meta->l4_proto = (uint8_t)(rng_next(rng) & 1 ? 58 : 1);
	meta->l4_off = (uint16_t)(meta->l3_off + (meta->l4_proto == 58 ? 40 : 20));
	if (rng_next(rng) % 4 == 0)
		rte_pktmbuf_mtod(m, uint8_t *)[rng_next(rng) % m->data_len] =
			(uint8_t)rng_next(rng);
	if (rng_next(rng) % 8 == 0)
		meta->l3_off = (uint16_t)(rng_next(rng) % 200);
	if (rng_next(rng) % 8 == 0)
		meta->l4_off = (uint16_t)(rng_next(rng) % 200);
	if (rng_next(rng) % 16 == 0)
		meta->in_if = IFACE_NONE;
	meta->depth = (uint8_t)(rng_next(rng) % 8 == 0);
	punt(m);
}

static void
random_step(uint64_t *rng)
{
	static const char *const hosts[] = { "10.1.0.9", "10.1.0.8", "10.2.0.1", "10.1.7.7",
		"2001:db8:1::9", "2001:db8:1::8" };
	const char *host = hosts[rng_next(rng) % ARRAY_LEN(hosts)];
	const struct addr to = test_ip(rng_next(rng) & 1 ? "10.2.0.0/16" : "10.1.0.8/32");
	const struct addr via = test_ip("10.1.0.9");
	const uint8_t mac = (uint8_t)(7 + rng_next(rng) % 3);

	switch (rng_next(rng) % 8) {
	case 0:
	case 1:
	case 2:
		resolve(host, 1);
		break;
	case 3:
		random_punt(rng);
		break;
	case 4:
		arp(LAN, (uint16_t)(1 + rng_next(rng) % 2), "10.1.0.9", mac, "10.1.0.1");
		break;
	case 5:
		nd(LAN, ND_ADVERT, "2001:db8:1::9", "2001:db8:1::9", (uint8_t)(rng_next(rng) % 4),
			mac);
		break;
	case 6:
		if (snap_route_add(world.snap, &to, &via, LAN, NULL) != 0)
			assert_int_equal(snap_route_del(world.snap, &to, NULL), 0);
		break;
	default:
		run(rng_next(rng) % 3 == 0 ? 3100 : 300);
		break;
	}
}

static void
random_sequences_lose_no_packet(void **state)
{
	uint64_t rng = rng_seed("local");

	(void)state;
	for (unsigned int i = 0; i < 30000; i++) {
		random_step(&rng);
		if (i % 16 == 0)
			(void)flush(0);
	}
	run(200000); /* everything waiting has been given up */
	(void)flush(0);
	assert_int_equal(rte_mempool_avail_count(world.pool), NPOOL);
	assert_int_equal(local_neighbours(world.l, world.now, NULL, 0), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, env_make, env_unmake)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(arp_request_for_us_is_answered_and_learnt),
		CASE(arp_for_others_or_by_impostors_changes_nothing),
		CASE(gratuitous_arp_updates_who_is_known_and_is_verified),
		CASE(resolve_asks_holds_and_releases_in_order),
		CASE(resolve_gives_up_tells_the_source_and_holds_down),
		CASE(resolve_asks_for_the_gateway_of_a_route),
		CASE(resolve_never_makes_neighbours_of_what_is_none),
		CASE(held_packets_are_bounded_over_all),
		CASE(neighbours_are_asked_again_and_forgotten),
		CASE(scan_pushes_out_no_neighbour_that_answered),
		CASE(full_table_forgets_who_was_not_heard_for_longest),
		CASE(static_neighbours_stay_as_they_are),
		CASE(nd_solicitation_is_answered_as_scapy_would),
		CASE(nd_answers_duplicate_address_detection_to_all),
		CASE(nd_knows_the_link_local_address_of_each_interface),
		CASE(nd_from_a_tunnel_or_malformed_is_refused),
		CASE(nd_resolves_and_follows_the_flags),
		CASE(nd_asks_link_local_gateways_from_link_local),
		CASE(announce_names_all_our_addresses),
		CASE(random_sequences_lose_no_packet),
	};

	return cmocka_run_group_tests(tests, env_start, env_stop);
}
