/* SPDX-License-Identifier: BSD-2-Clause */
/* Fragments that leave: outer packets cut by us, path MTU learnt; ports remembered; TCP segments. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_cycles.h>

#include <cmocka.h>

#include "dp/gw_case.h"
#include "pkt/pkt.h"
#include "pkt/sa_rt.h"
#include "wire/ip.h"

#define TUNNEL6                                                                              \
	"add 2001:db8::1 2001:db8::2 esp 0x1001 -m tunnel -E aes-gcm-16 0x" CASE_KEY_OUT ";" \
	"spdadd fd00:1::/64 fd00:2::/64 any -P out ipsec "                                   \
	"esp/tunnel/2001:db8::1-2001:db8::2/require;"

static unsigned int
be16(const uint8_t *p)
{
	return (unsigned int)p[0] << 8 | p[1];
}

/* Fragments of one IPv6 packet, in order and without gaps. @return its payload; id is set */
static unsigned int
take_pieces6(unsigned int mtu, uint32_t *id)
{
	unsigned int end = 0, n = 0;
	struct rte_mbuf *m;
	bool more = true;

	for (; (m = gw_tx(&gw, GW_WAN)) != NULL; n++) {
		const uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, 14);
		uint32_t its;

		assert_true(m->pkt_len - 14 <= mtu);
		assert_int_equal(be16(ip + 4) + 40, m->pkt_len - 14);
		assert_int_equal(ip[6], 44);
		assert_int_equal(ip[40], IPPROTO_ESP);
		assert_true(more);
		assert_int_equal(be16(ip + 42) & 0xfff8, end);
		more = (ip[43] & 1) != 0;
		memcpy(&its, ip + 44, sizeof(its));
		assert_true(n == 0 || its == *id);
		*id = its;
		end += be16(ip + 4) - 8;
		rte_pktmbuf_free(m);
	}
	assert_true(n >= 2);
	assert_false(more);
	return end;
}

/* A path of 1280 bytes must take an inner packet of 1280: RFC 8200 5. */
static void
frag_out_ip6_path_of_1280_is_no_black_hole(void **state)
{
	struct gw_frame f = gw_frame(GW_LAN, "fd00:1::2", "fd00:2::2");
	uint32_t id[2];

	(void)state;
	gw_setkey(&gw, TUNNEL6);
	gw_set_mtu(&gw, GW_WAN, 1280);
	f.len = 1280;
	for (unsigned int i = 0; i < 2; i++) {
		case_send(&f);
		/* ESP, IV, text to the block of 4, ICV */
		assert_int_equal(take_pieces6(1280, &id[i]), 8 + 8 + 1284 + 16);
	}
	assert_int_not_equal(id[0], id[1]);
	assert_int_equal(gw_all_drops(&gw), 0);
}

/* Of a packet that we only forward we are not the source. */
static void
frag_out_ip6_of_others_is_never_cut(void **state)
{
	struct gw_frame f = gw_frame(GW_LAN, "fd00:1::2", "fd00:2::2");
	struct rte_mbuf *m;

	(void)state;
	gw_set_mtu(&gw, GW_WAN, 1300);
	f.len = 1400;
	case_send(&f);
	m = gw_punted(&gw);
	assert_non_null(m);
	assert_int_equal(pkt_meta(m)->mtu, 1300);
	rte_pktmbuf_free(m);
	case_dropped_once(DROP_IP_TOO_BIG);
}

/* @return fragments of one IPv4 packet */
static unsigned int
count_pieces4(unsigned int mtu)
{
	struct rte_mbuf *m;
	unsigned int n = 0;

	for (; (m = gw_tx(&gw, GW_WAN)) != NULL; n++) {
		const uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, 14);

		assert_true(m->pkt_len - 14 <= mtu);
		assert_int_equal(ip[9], IPPROTO_ESP);
		assert_int_equal(ip4_csum(ip, 20), 0);
		assert_int_not_equal(be16(ip + 6), 0);
		rte_pktmbuf_free(m);
	}
	return n;
}

static void
frag_out_df_cleared_outside_is_cut_there(void **state)
{
	struct gw_frame f = gw_frame(GW_LAN, "10.1.0.2", "10.2.0.2");

	(void)state;
	gw_setkey(&gw, CASE_SA_OUT CASE_POLICY_OUT);
	snap_knobs(gw.snap)->dfbit = 0;
	gw_commit(&gw);
	f.len = 1490;
	f.frag = IP4_DF;
	case_send(&f);
	assert_int_equal(count_pieces4(1500), 2);
	snap_knobs(gw.snap)->dfbit = 2;
	gw_commit(&gw);
	case_send(&f);
	assert_int_equal(case_drain_punt(), 1);
	case_dropped_once(DROP_IP_TOO_BIG);
}

static void
frag_out_cut_afterwards_without_prefrag(void **state)
{
	struct gw_frame f = gw_frame(GW_LAN, "10.1.0.2", "10.2.0.2");

	(void)state;
	gw_setkey(&gw, CASE_SA_OUT CASE_POLICY_OUT);
	snap_knobs(gw.snap)->prefrag = 0;
	gw_commit(&gw);
	f.len = 1490;
	case_send(&f);
	assert_int_equal(count_pieces4(1500), 2);
	assert_int_equal(gw_all_drops(&gw), 0);
}

static void
learn(uint16_t pmtu)
{
	struct addr dst;
	struct sa *sa;

	assert_int_equal(addr_parse("192.0.2.2", &dst), 0);
	sa = sad_find(&gw.kd.sad, 0x1001, IPPROTO_ESP, &dst);
	assert_non_null(sa);
	atomic_store(&((struct sa_rt *)sa->rt)->pmtu, pmtu);
}

static void
frag_out_learnt_path_mtu_is_kept(void **state)
{
	struct gw_frame f = gw_frame(GW_LAN, "10.1.0.2", "10.2.0.2");
	struct rte_mbuf *m;

	(void)state;
	gw_setkey(&gw,
		CASE_SA_OUT CASE_POLICY_OUT "spdadd fd00:1::/64 fd00:2::/64 any -P out ipsec "
					    "esp/tunnel/192.0.2.1-192.0.2.2/require;");
	learn(700);
	f.len = 700;
	f.frag = IP4_DF;
	case_send(&f);
	m = gw_punted(&gw);
	assert_non_null(m);
	/* 700 less IP, ESP, IV and ICV is 648 of text, of which two bytes are the trailer. */
	assert_int_equal(pkt_meta(m)->mtu, 700 - 20 - 8 - 8 - 16 - 2);
	rte_pktmbuf_free(m);
	/* IPv6 need not take less than 1280: then the outer packet is cut to the path. */
	f = gw_frame(GW_LAN, "fd00:1::2", "fd00:2::2");
	f.len = 1280;
	case_send(&f);
	assert_int_equal(count_pieces4(700), 2);
	assert_int_equal(gw_all_drops(&gw), 1);
}

/* ---- ports remembered ---- */

static void
send_piece(uint16_t frag, uint16_t dport, uint8_t id)
{
	struct gw_frame f = gw_frame(GW_LAN, "10.1.0.2", "10.2.0.2");
	unsigned int len;
	uint16_t csum;

	f.frag = frag;
	f.dport = dport;
	len = gw_build(&gw, &f, case_frame);
	case_frame[14 + 5] = id;
	case_frame[14 + 10] = case_frame[14 + 11] = 0;
	csum = ip4_csum(case_frame + 14, 20);
	memcpy(case_frame + 24, &csum, 2);
	case_send_raw(GW_LAN, case_frame, len);
}

static void
frag_ports_of_the_first_hold_for_the_others(void **state)
{
	(void)state;
	gw_setkey(&gw,
		"spdadd 10.1.0.0/16 10.2.0.0/16[53] udp -P out none;"
		"spdadd 10.1.0.0/16 10.2.0.0/16 any -P out discard;");
	send_piece(IP4_MF, 53, 1);
	send_piece(IP4_MF, 54, 2);
	assert_int_equal(case_drain(GW_WAN), 1);
	assert_int_equal(gw_drops(&gw, DROP_POLICY_OUT), 1);
	for (unsigned int i = 0; i < 3; i++) {
		send_piece(IP4_MF | 10, 54, 1);
		send_piece(20, 53, 2);
	}
	assert_int_equal(case_drain(GW_WAN), 3);
	assert_int_equal(gw_drops(&gw, DROP_POLICY_OUT), 4);
	/* Another first one is judged by its own ports. */
	send_piece(IP4_MF, 54, 1);
	assert_int_equal(gw_drops(&gw, DROP_POLICY_OUT), 5);
	/* Nothing is known of others, nor after the time is over. */
	send_piece(10, 53, 3);
	assert_int_equal(gw_drops(&gw, DROP_FRAG_PORTS), 1);
	gw.now += 16 * rte_get_tsc_hz();
	send_piece(20, 53, 2);
	assert_int_equal(gw_drops(&gw, DROP_FRAG_PORTS), 2);
	assert_int_equal(gw_all_drops(&gw), 7);
}

/* Whoever floods the table makes it forget, never remember wrongly. */
static void
frag_ports_flood_forgets(void **state)
{
	unsigned int known = 0;

	(void)state;
	gw_setkey(&gw,
		"spdadd 10.1.0.0/16 10.2.0.0/16[53] udp -P out none;"
		"spdadd 10.1.0.0/16 10.2.0.0/16 any -P out discard;");
	for (unsigned int i = 0; i < 256; i++)
		send_piece(IP4_MF, 54, (uint8_t)i);
	for (unsigned int i = 0; i < 256; i++)
		send_piece(10, 53, (uint8_t)i);
	known = (unsigned int)gw_drops(&gw, DROP_POLICY_OUT) - 256;
	assert_int_equal(known + gw_drops(&gw, DROP_FRAG_PORTS), 256);
	assert_true(known > 200);
	assert_int_equal(case_drain(GW_WAN), 0);
}

/* ---- TCP ---- */

static unsigned int
send_syn(uint16_t mss)
{
	struct gw_frame f = gw_frame(GW_LAN, "10.1.0.2", "10.2.0.2");
	uint8_t *tcp = case_frame + 34;
	struct rte_mbuf *m;
	unsigned int got;

	f.proto = IPPROTO_TCP;
	f.len = 44;
	(void)gw_build(&gw, &f, case_frame);
	tcp[12] = 0x60;
	tcp[13] = 0x02;
	tcp[20] = 2;
	tcp[21] = 4;
	tcp[22] = (uint8_t)(mss >> 8);
	tcp[23] = (uint8_t)mss;
	case_send_raw(GW_LAN, case_frame, 58);
	m = gw_tx(&gw, GW_WAN);
	assert_non_null(m);
	/* NULL encryption: IP, ESP, inner IP, TCP. */
	got = be16(rte_pktmbuf_mtod_offset(m, uint8_t *, 14 + 20 + 8 + 20 + 22));
	rte_pktmbuf_free(m);
	return got;
}

static void
frag_mss_fits_the_tunnel(void **state)
{
	(void)state;
	gw_setkey(&gw,
		"add 192.0.2.1 192.0.2.2 esp 0x1001 -m tunnel -E null "
		"-A hmac-sha1 0x000102030405060708090a0b0c0d0e0f10111213;" CASE_POLICY_OUT);
	assert_int_equal(send_syn(1460), 1460);
	snap_knobs(gw.snap)->mss_clamp = 1;
	gw_commit(&gw);
	/* 1500 less IP, ESP, trailer in blocks of 4, ICV: 1458; less 40. */
	assert_int_equal(send_syn(1460), 1458 - 40);
	assert_int_equal(send_syn(1200), 1200);
	snap_knobs(gw.snap)->mss_clamp = 1300;
	gw_commit(&gw);
	assert_int_equal(send_syn(1460), 1300);
	assert_int_equal(gw_all_drops(&gw), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, case_start, case_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(frag_out_ip6_path_of_1280_is_no_black_hole),
		CASE(frag_out_ip6_of_others_is_never_cut),
		CASE(frag_out_df_cleared_outside_is_cut_there),
		CASE(frag_out_cut_afterwards_without_prefrag),
		CASE(frag_out_learnt_path_mtu_is_kept),
		CASE(frag_ports_of_the_first_hold_for_the_others),
		CASE(frag_ports_flood_forgets),
		CASE(frag_mss_fits_the_tunnel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
