/* SPDX-License-Identifier: BSD-2-Clause */
/* Drop reasons of the link, the IP header, routes, fragments, ports and queues: each once, by a packet. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dp/drop_claims.h"
#include "dp/gw_case.h"
#include "pkt/pkt.h"
#include "pkt/punt.h"
#include "wire/ip.h"

#define V4    14u /* where the IP header is in an untagged frame */
#define NMAX  8u
#define RINGN 1023u /* what a ring of 1024 holds */

/* One byte of the frame is replaced; the row ends with offset 0, which no row replaces. */
struct patch {
	uint16_t off;
	uint8_t value;
};
struct row {
	const char *what;
	enum drop_reason reason;
	const char *src, *dst; /* NULL: 10.1.0.2, or fd00:1::2, to the far side */
	bool v6;
	uint16_t cut; /* bytes of the frame that arrive; 0 = all */
	struct patch patch[NMAX];
};

static void
recompute_csum(uint8_t *ip)
{
	const unsigned int ihl = (ip[0] & 15u) * 4u;
	uint16_t csum;

	ip[10] = ip[11] = 0;
	csum = ip4_csum(ip, ihl);
	memcpy(ip + 10, &csum, sizeof(csum));
}

static void
send_row(const struct row *r)
{
	struct gw_frame f = gw_frame(GW_LAN,
		r->src != NULL ? r->src :
			r->v6  ? "fd00:1::2" :
				 "10.1.0.2",
		r->dst != NULL ? r->dst :
			r->v6  ? "fd00:2::2" :
				 "10.2.0.2");
	unsigned int len = gw_build(&gw, &f, case_frame);
	bool keep_csum = r->reason == DROP_IP_CHECKSUM;

	for (unsigned int i = 0; i < NMAX && r->patch[i].off != 0; i++)
		case_frame[r->patch[i].off] = r->patch[i].value;
	if (!r->v6 && !keep_csum)
		recompute_csum(case_frame + V4);
	case_send_raw(GW_LAN, case_frame, r->cut != 0 ? r->cut : len);
}

/* Each row on a fresh gateway, so that "once" counts the row alone. */
static void
send_rows(const struct row *row, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i > 0) {
			gw_close(&gw);
			gw_open(&gw, CRYPTO_DIRECT, NULL);
		}
		print_message("    %s\n", row[i].what);
		send_row(&row[i]);
		if (row[i].reason == DROP_IP_TTL)
			case_dropped_and_punted(row[i].reason, PUNT_TTL);
		else if (row[i].reason == DROP_IP_NO_ROUTE)
			case_dropped_and_punted(row[i].reason, PUNT_NO_ROUTE);
		else
			case_dropped_once(row[i].reason);
	}
}

static void
drop_l2_names_what_is_wrong_with_the_frame(void **state)
{
	static const struct row rows[] = {
		{ "13 bytes", DROP_L2_SHORT, .cut = 13 },
		{ "half a VLAN tag", DROP_L2_SHORT, .cut = 17,
			.patch = { { 12, 0x81 }, { 13, 0 } } },
		{ "LLDP", DROP_L2_UNKNOWN_TYPE, .patch = { { 12, 0x88 }, { 13, 0xcc } } },
		{ "tag in tag", DROP_L2_UNKNOWN_TYPE,
			.patch = { { 12, 0x81 }, { 14, 0 }, { 15, 100 }, { 16, 0x81 },
				{ 17, 0 } } },
		{ "another station's", DROP_L2_NOT_FOR_US, .patch = { { 5, 0x77 } } },
		{ "VLAN 101 has no interface", DROP_L2_VLAN,
			.patch = { { 12, 0x81 }, { 14, 0 }, { 15, 101 }, { 16, 8 }, { 17, 0 } } },
	};

	(void)state;
	send_rows(rows, ARRAY_LEN(rows));
}

static void
drop_l2_group_is_not_forwarded(void **state)
{
	const struct gw_frame f = gw_frame(GW_LAN, "10.1.0.2", "10.2.0.2");
	const unsigned int len = gw_build(&gw, &f, case_frame);

	(void)state;
	memset(case_frame, 0xff, 6);
	case_send_raw(GW_LAN, case_frame, len);
	case_dropped_once(DROP_L2_GROUP);
}

static void
drop_ip4_names_what_is_wrong_with_the_header(void **state)
{
	static const struct row rows[] = {
		{ "no IP at all", DROP_IP_SHORT, .cut = V4 },
		{ "19 bytes", DROP_IP_SHORT, .cut = V4 + 19 },
		{ "total length beyond the frame", DROP_IP_SHORT, .cut = V4 + 99 },
		{ "total length below the header", DROP_IP_SHORT, .patch = { { V4 + 3, 19 } } },
		{ "options beyond total length", DROP_IP_SHORT,
			.patch = { { V4, 0x4f }, { V4 + 3, 59 } } },
		{ "UDP without ports", DROP_IP_SHORT, .patch = { { V4 + 3, 23 } } },
		{ "version 5", DROP_IP_VERSION, .patch = { { V4, 0x55 } } },
		{ "version 6 in 0x0800", DROP_IP_VERSION,
			.patch = { { V4, 0x65 }, { V4 + 6, IPPROTO_UDP } } },
		{ "IPv4 in 0x86dd", DROP_IP_VERSION, .patch = { { 12, 0x86 }, { 13, 0xdd } } },
		{ "16 bytes of header", DROP_IP_HLEN, .patch = { { V4, 0x44 } } },
		{ "checksum", DROP_IP_CHECKSUM, .patch = { { V4 + 10, 0x12 } } },
		{ "checksum with options", DROP_IP_CHECKSUM, .patch = { { V4, 0x46 } } },
		{ "loose source route", DROP_IP_OPTIONS,
			.patch = { { V4, 0x46 }, { V4 + 20, 0x83 }, { V4 + 21, 3 } } },
		{ "strict source route behind no-ops", DROP_IP_OPTIONS,
			.patch = { { V4, 0x46 }, { V4 + 20, 1 }, { V4 + 21, 0x89 } } },
		{ "option of length 1", DROP_IP_OPTIONS,
			.patch = { { V4, 0x46 }, { V4 + 20, 7 }, { V4 + 21, 1 } } },
		{ "option beyond the header", DROP_IP_OPTIONS,
			.patch = { { V4, 0x46 }, { V4 + 20, 7 }, { V4 + 21, 5 } } },
		{ "option without a length", DROP_IP_OPTIONS,
			.patch = { { V4, 0x46 }, { V4 + 20, 1 }, { V4 + 21, 1 }, { V4 + 22, 1 },
				{ V4 + 23, 7 } } },
	};

	(void)state;
	send_rows(rows, ARRAY_LEN(rows));
}

static void
drop_ip6_names_what_is_wrong_with_the_header(void **state)
{
	static const struct row rows[] = {
		{ "39 bytes", DROP_IP_SHORT, .v6 = true, .cut = V4 + 39 },
		{ "payload length beyond the frame", DROP_IP_SHORT, .v6 = true, .cut = V4 + 99 },
		{ "TCP without ports", DROP_IP_SHORT, .v6 = true,
			.patch = { { V4 + 5, 3 }, { V4 + 6, IPPROTO_TCP } } },
		{ "IPv6 in 0x0800", DROP_IP_VERSION, .v6 = true,
			.patch = { { 12, 8 }, { 13, 0 } } },
		{ "version 4 in 0x86dd", DROP_IP_VERSION, .v6 = true, .patch = { { V4, 0x40 } } },
		{ "hop-by-hop beyond the packet", DROP_IP_EXTHDR, .v6 = true,
			.patch = { { V4 + 6, 0 }, { V4 + 40, IPPROTO_UDP }, { V4 + 41, 7 } } },
		{ "fragment header cut off", DROP_IP_EXTHDR, .v6 = true,
			.patch = { { V4 + 5, 7 }, { V4 + 6, 44 } } },
	};

	(void)state;
	send_rows(rows, ARRAY_LEN(rows));
}

static void
drop_ip_refuses_addresses_and_routes(void **state)
{
	static const struct row rows[] = {
		{ "source loopback", DROP_IP_BAD_ADDR, .src = "127.0.0.1" },
		{ "source 0.0.0.0", DROP_IP_BAD_ADDR, .src = "0.0.0.0" },
		{ "source multicast", DROP_IP_BAD_ADDR, .src = "224.0.0.5" },
		{ "source broadcast", DROP_IP_BAD_ADDR, .src = "255.255.255.255" },
		{ "source is ours", DROP_IP_BAD_ADDR, .src = "10.1.0.1" },
		{ "destination loopback", DROP_IP_BAD_ADDR, .dst = "127.1.2.3" },
		{ "destination 0", DROP_IP_BAD_ADDR, .dst = "0.0.0.0" },
		{ "destination multicast", DROP_IP_MULTICAST, .dst = "239.1.1.1" },
		{ "destination broadcast", DROP_IP_MULTICAST, .dst = "255.255.255.255" },
		{ "no route", DROP_IP_NO_ROUTE, .dst = "198.51.100.1" },
		{ "TTL 1", DROP_IP_TTL, .patch = { { V4 + 8, 1 } } },
		{ "TTL 0", DROP_IP_TTL, .patch = { { V4 + 8, 0 } } },
		{ "v6 source ::", DROP_IP_BAD_ADDR, .src = "::", .v6 = true },
		{ "v6 source loopback", DROP_IP_BAD_ADDR, .src = "::1", .v6 = true },
		{ "v6 source mapped", DROP_IP_BAD_ADDR, .src = "::ffff:10.1.0.2", .v6 = true },
		{ "v6 source multicast", DROP_IP_BAD_ADDR, .src = "ff02::1", .v6 = true },
		{ "v6 source link-local", DROP_IP_BAD_ADDR, .src = "fe80::1", .v6 = true },
		{ "v6 source is ours", DROP_IP_BAD_ADDR, .src = "2001:db8::1", .v6 = true },
		{ "v6 destination loopback", DROP_IP_BAD_ADDR, .dst = "::1", .v6 = true },
		{ "v6 destination multicast", DROP_IP_MULTICAST, .dst = "ff0e::1", .v6 = true },
		{ "v6 destination link-local", DROP_IP_LOCAL, .dst = "fe80::2", .v6 = true },
		{ "v6 no route", DROP_IP_NO_ROUTE, .dst = "2001:db9::1", .v6 = true },
		{ "v6 hop limit 1", DROP_IP_TTL, .v6 = true, .patch = { { V4 + 7, 1 } } },
	};

	(void)state;
	send_rows(rows, ARRAY_LEN(rows));
}

static void
drop_ip_exthdr_refuses_endless_chains(void **state)
{
	struct gw_frame f = gw_frame(GW_LAN, "fd00:1::2", "fd00:2::2");
	unsigned int len;

	(void)state;
	/* Eight destination options of eight bytes are walked, nine are not. */
	f.len = 140;
	len = gw_build(&gw, &f, case_frame);
	memset(case_frame + V4 + 40, 0, 100);
	case_frame[V4 + 6] = 60;
	for (unsigned int i = 0; i < 7; i++)
		case_frame[V4 + 40 + 8 * i] = 60;
	case_frame[V4 + 40 + 56] = 59;
	case_send_raw(GW_LAN, case_frame, len);
	assert_int_equal(gw_all_drops(&gw), 0);
	assert_int_equal(case_drain(GW_WAN), 1);
	len = gw_build(&gw, &f, case_frame);
	memset(case_frame + V4 + 40, 0, 100);
	case_frame[V4 + 6] = 60;
	for (unsigned int i = 0; i < 8; i++)
		case_frame[V4 + 40 + 8 * i] = 60;
	case_frame[V4 + 40 + 64] = 59;
	case_send_raw(GW_LAN, case_frame, len);
	case_dropped_once(DROP_IP_EXTHDR);
}

static void
drop_ip_ttl_holds_in_the_flow_cache_too(void **state)
{
	struct gw_frame f = gw_frame(GW_LAN, "10.1.0.2", "10.2.0.2");

	(void)state;
	case_send(&f);
	case_sent_once(GW_WAN, 114);
	f.ttl = 1;
	case_send(&f);
	case_dropped_and_punted(DROP_IP_TTL, PUNT_TTL);
}

static void
drop_ip_too_big_tells_the_mtu(void **state)
{
	struct gw_frame f = gw_frame(GW_LAN, "10.1.0.2", "10.2.0.2");
	struct rte_mbuf *m;

	(void)state;
	gw_set_mtu(&gw, GW_WAN, 1400);
	f.len = 1400;
	f.frag = IP4_DF;
	case_send(&f);
	case_sent_once(GW_WAN, 1414);
	f.len = 1401;
	case_send(&f);
	m = gw_punted(&gw);
	assert_non_null(m);
	assert_int_equal(pkt_meta(m)->kind, PUNT_TOO_BIG);
	assert_int_equal(pkt_meta(m)->mtu, 1400);
	rte_pktmbuf_free(m);
	case_dropped_once(DROP_IP_TOO_BIG);
}

/* What we protected ourselves and then find to be for ourselves is a loop, not a packet for us. */
static void
drop_out_no_sa_for_a_tunnel_to_ourselves(void **state)
{
	struct gw_frame f = gw_frame(GW_LAN, "10.1.0.2", "10.2.0.2");

	(void)state;
	gw_setkey(&gw,
		CASE_SA_IN "spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec "
			   "esp/tunnel/192.0.2.2-192.0.2.1/require;");
	case_send(&f);
	case_dropped_once(DROP_OUT_NO_SA);
}

static void
drop_rx_not_linear_when_segments_do_not_join(void **state)
{
	struct gw_frame f = gw_frame(GW_LAN, "10.1.0.2", "10.2.0.2");
	struct rte_mbuf *head, *tail;

	(void)state;
	(void)gw_build(&gw, &f, case_frame);
	for (unsigned int full = 0; full < 2; full++) {
		head = rte_pktmbuf_alloc(gw.pool);
		tail = rte_pktmbuf_alloc(gw.pool);
		memcpy(rte_pktmbuf_append(head, 60), case_frame, 60);
		memcpy(rte_pktmbuf_append(tail, 54), case_frame + 60, 54);
		if (full)
			(void)rte_pktmbuf_append(head, rte_pktmbuf_tailroom(head));
		assert_int_equal(rte_pktmbuf_chain(head, tail), 0);
		assert_int_equal(rte_ring_enqueue(gw.rx[GW_LAN], head), 0);
		(void)gw_step(&gw);
		if (full)
			case_dropped_once(DROP_RX_NOT_LINEAR);
		else
			case_sent_once(GW_WAN, 114); /* what can be joined is */
	}
}

/* ---- fragments ---- */

static void
drop_frag_ports_when_the_first_one_was_not_seen(void **state)
{
	struct gw_frame f = gw_frame(GW_LAN, "10.1.0.2", "10.2.0.2");

	(void)state;
	gw_setkey(&gw,
		"spdadd 10.1.0.0/16 10.2.0.0/16[53] udp -P out discard;"
		"spdadd 10.1.0.0/16 10.2.0.0/16 any -P out none;");
	f.frag = IP4_MF | 10;
	case_send(&f);
	case_dropped_once(DROP_FRAG_PORTS);
}

static void
drop_frag_nobuf_when_the_pool_is_empty(void **state)
{
	struct gw_frame f = gw_frame(GW_LAN, "10.1.0.2", "10.2.0.2");
	struct rte_mbuf *held[4096];
	unsigned int n = 0;

	(void)state;
	gw_set_mtu(&gw, GW_WAN, 600);
	f.len = 1000;
	gw_rx(&gw, GW_LAN, case_frame, gw_build(&gw, &f, case_frame));
	while (n < ARRAY_LEN(held) && (held[n] = rte_pktmbuf_alloc(gw.pool)) != NULL)
		n++;
	assert_int_equal(gw_step(&gw), 1);
	case_dropped_once(DROP_FRAG_NOBUF);
	rte_pktmbuf_free_bulk(held, n);
}

/* A burst of packets that fall into 31 pieces each is more than a vector holds. */
static void
drop_vec_full_bounds_fragments(void **state)
{
	struct gw_frame f = gw_frame(GW_LAN, "10.1.0.2", "10.2.0.2");
	struct rte_mbuf *m;
	unsigned int sent = 0;

	(void)state;
	gw_setkey(&gw, CASE_SA_OUT CASE_POLICY_OUT);
	gw_set_mtu(&gw, GW_WAN, 124); /* 70 bytes of packet per tunnel packet, 48 of payload */
	gw_commit(&gw);
	f.len = 20 + 48 * 31;
	for (unsigned int i = 0; i < 9; i++)
		gw_rx(&gw, GW_LAN, case_frame, gw_build(&gw, &f, case_frame));
	assert_int_equal(gw_step(&gw), 9);
	for (; (m = gw_tx(&gw, GW_WAN)) != NULL; sent++) {
		assert_int_equal(rte_pktmbuf_mtod_offset(m, uint8_t *, 23)[0], IPPROTO_ESP);
		rte_pktmbuf_free(m);
	}
	assert_int_equal(sent, PVEC_MAX);
	assert_int_equal(gw_drops(&gw, DROP_VEC_FULL), 9 * 31 - PVEC_MAX);
	assert_int_equal(gw_all_drops(&gw), 9 * 31 - PVEC_MAX);
}

/* The same, so that exactly one piece is too many. */
static void
drop_vec_full_is_counted_once_per_piece(void **state)
{
	struct gw_frame f = gw_frame(GW_LAN, "10.1.0.2", "10.2.0.2");

	(void)state;
	gw_setkey(&gw, CASE_SA_OUT CASE_POLICY_OUT);
	gw_set_mtu(&gw, GW_WAN, 124);
	gw_commit(&gw);
	for (unsigned int i = 0; i < 9; i++) {
		f.len = 20 + 48 * (i < 8 ? 31 : 9);
		gw_rx(&gw, GW_LAN, case_frame, gw_build(&gw, &f, case_frame));
	}
	assert_int_equal(gw_step(&gw), 9);
	assert_int_equal(case_drain(GW_WAN), PVEC_MAX);
	case_dropped_once(DROP_VEC_FULL);
}

/* ---- ports and queues ---- */

static void
drop_tx_link_when_the_port_is_down(void **state)
{
	struct gw_frame f = gw_frame(GW_LAN, "10.1.0.2", "10.2.0.2");

	(void)state;
	atomic_store(&gw.ports.port[GW_WAN].link, 0);
	case_send(&f);
	case_dropped_once(DROP_TX_LINK);
}

static void
drop_tx_full_when_the_port_takes_no_more(void **state)
{
	struct gw_frame f = gw_frame(GW_LAN, "10.1.0.2", "10.2.0.2");
	const struct worker_rows *rows = worker_rows(gw.w);

	(void)state;
	for (unsigned int i = 0; i < RINGN; i++)
		case_send(&f);
	assert_int_equal(gw_all_drops(&gw), 0);
	case_send(&f);
	assert_int_equal(gw_drops(&gw, DROP_TX_FULL), 1);
	assert_int_equal(case_drain(GW_WAN), RINGN);
	case_dropped_once(DROP_TX_FULL);
	assert_int_equal(rows->port[GW_WAN].tx_pkts, RINGN);
	assert_int_equal(rows->port[GW_WAN].tx_bytes, RINGN * 114);
}

static void
drop_punt_full_when_control_does_not_look(void **state)
{
	static const uint8_t who_has[28] = { 0, 1, 8, 0, 6, 4, 0, 1 };
	struct gw_frame f = gw_frame(GW_LAN, "10.1.0.2", "10.2.0.2");

	(void)state;
	(void)gw_build(&gw, &f, case_frame);
	case_frame[13] = 6;
	memcpy(case_frame + 14, who_has, sizeof(who_has));
	for (unsigned int i = 0; i < 64; i++)
		case_send_raw(GW_LAN, case_frame, 60);
	assert_int_equal(worker_rows(gw.w)->punted, 63);
	assert_int_equal(case_drain_punt(), 63);
	case_dropped_once(DROP_PUNT_FULL);
}

/* What is counted already is not counted again when control cannot even be told. */
static void
drop_punt_full_does_not_count_twice(void **state)
{
	struct gw_frame f = gw_frame(GW_LAN, "10.1.0.2", "198.51.100.1");

	(void)state;
	for (unsigned int i = 0; i < 70; i++)
		case_send(&f);
	assert_int_equal(gw_drops(&gw, DROP_IP_NO_ROUTE), 70);
	assert_int_equal(gw_all_drops(&gw), 70);
	assert_int_equal(case_drain_punt(), 63);
}

static void
drop_not_ready_until_the_configuration_is_complete(void **state)
{
	struct gw_frame f = gw_frame(GW_LAN, "10.1.0.2", "10.2.0.2");

	(void)state;
	snap_set_ready(gw.snap, false);
	gw_commit(&gw);
	case_send(&f);
	case_dropped_once(DROP_NOT_READY);
	snap_set_ready(gw.snap, true);
	gw_commit(&gw);
	case_send(&f);
	assert_int_equal(case_drain(GW_WAN), 1);
}

/* ---- the table ---- */

static void
drop_reasons_all_have_a_witness(void **state)
{
	(void)state;
	for (unsigned int r = 0; r < DROP_MAX; r++) {
		if (drop_claims[r] == BY_NOBODY)
			fail_msg("no test shows %s", drop_name((enum drop_reason)r));
		if (drop_claims[r] == BY_DROPS_RX && !case_has_shown((enum drop_reason)r))
			fail_msg("%s was not shown here", drop_name((enum drop_reason)r));
	}
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, case_start, case_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(drop_l2_names_what_is_wrong_with_the_frame),
		CASE(drop_l2_group_is_not_forwarded),
		CASE(drop_ip4_names_what_is_wrong_with_the_header),
		CASE(drop_ip6_names_what_is_wrong_with_the_header),
		CASE(drop_ip_refuses_addresses_and_routes),
		CASE(drop_ip_exthdr_refuses_endless_chains),
		CASE(drop_ip_ttl_holds_in_the_flow_cache_too),
		CASE(drop_ip_too_big_tells_the_mtu),
		CASE(drop_out_no_sa_for_a_tunnel_to_ourselves),
		CASE(drop_rx_not_linear_when_segments_do_not_join),
		CASE(drop_frag_ports_when_the_first_one_was_not_seen),
		CASE(drop_frag_nobuf_when_the_pool_is_empty),
		CASE(drop_vec_full_bounds_fragments),
		CASE(drop_vec_full_is_counted_once_per_piece),
		CASE(drop_tx_link_when_the_port_is_down),
		CASE(drop_tx_full_when_the_port_takes_no_more),
		CASE(drop_punt_full_when_control_does_not_look),
		CASE(drop_punt_full_does_not_count_twice),
		CASE(drop_not_ready_until_the_configuration_is_complete),
		cmocka_unit_test(drop_reasons_all_have_a_witness),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
