/* SPDX-License-Identifier: BSD-2-Clause */
/* Defects known of DPDK's sample gateway (ipsec-secgw), and our own: each with the packet that found it. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dp/gw_case.h"
#include "pkt/pkt.h"
#include "pkt/punt.h"
#include "pkt/sa_rt.h"
#include "wire/ip.h"

#define TO_PEER4 "esp/tunnel/192.0.2.1-192.0.2.2/require"
#define TO_PEER6 "esp/tunnel/2001:db8::1-2001:db8::2/require"
#define SA6_OUT  "add 2001:db8::1 2001:db8::2 esp 0x1005 -m tunnel -E aes-gcm-16 0x" CASE_KEY_OUT ";"

static struct gw_frame
lan4(void)
{
	return gw_frame(GW_LAN, "10.1.0.2", "10.2.0.2");
}

static struct gw_frame
lan6(void)
{
	return gw_frame(GW_LAN, "fd00:1::2", "fd00:2::2");
}

/* SPI of the ESP packet behind an untagged IPv4 or IPv6 header; 0 when it is something else. */
static uint32_t
spi_of(struct rte_mbuf *m)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	const bool v6 = p[12] == 0x86;
	const uint8_t *esp = p + 14 + (v6 ? 40 : 20);

	if (p[14 + (v6 ? 6 : 9)] != IPPROTO_ESP)
		return 0;
	return (uint32_t)esp[0] << 24 | (uint32_t)esp[1] << 16 | (uint32_t)esp[2] << 8 | esp[3];
}

/* One frame left on the WAN port, with this SPI (0: in clear). */
static void
expect_spi(uint32_t spi)
{
	struct rte_mbuf *m = gw_tx(&gw, GW_WAN);

	assert_non_null(m);
	assert_int_equal(spi_of(m), spi);
	rte_pktmbuf_free(m);
	assert_null(gw_tx(&gw, GW_WAN));
}

static void
neighbour(const char *addr, uint8_t iface)
{
	const struct rte_ether_addr mac = { { 2, 0, 0, 0, 9, 3 } };
	struct addr a;

	assert_int_equal(addr_parse(addr, &a), 0);
	snap_nbr_set(gw.snap, snap_nbr_get(gw.snap, &a, iface), &mac);
}

static struct sa_rt *
sa_rt(uint32_t spi, const char *dst)
{
	struct addr a;
	struct sa *sa;

	assert_int_equal(addr_parse(dst, &a), 0);
	sa = sad_find(&gw.kd.sad, spi, IPPROTO_ESP, &a);
	assert_non_null(sa);
	return sa->rt;
}

/* ---- 1: an address family without policies ---- */

static void
secgw1_family_without_policies_follows_its_own_default(void **state)
{
	struct gw_frame f;

	(void)state;
	for (unsigned int v6 = 0; v6 < 2; v6++) {
		/* The other family has policies, both ways. */
		gw_setkey(&gw, "spdflush;");
		gw_setkey(&gw,
			v6 ? "spdadd 10.1.0.0/16 10.2.0.0/16 any -P out none;"
			     "spdadd 10.1.0.0/16 10.2.0.0/16 any -P in none;" :
			     "spdadd fd00:1::/64 fd00:2::/64 any -P out none;"
			     "spdadd fd00:1::/64 fd00:2::/64 any -P in none;");
		snap_knobs(gw.snap)->af[v6].def_policy = SP_DISCARD;
		snap_knobs(gw.snap)->af[!v6].def_policy = SP_DISCARD;
		gw_commit(&gw);
		f = v6 ? lan6() : lan4();
		case_send(&f);
		assert_int_equal(gw_drops(&gw, DROP_POLICY_IN), 2 * v6 + 1);
		f = v6 ? lan4() : lan6();
		case_send(&f);
		expect_spi(0);
		/* Inbound satisfied by a policy, outbound by none: it still does not leave. */
		gw_setkey(&gw,
			v6 ? "spdadd fd00:1::/64 fd00:2::/64 any -P in none;" :
			     "spdadd 10.1.0.0/16 10.2.0.0/16 any -P in none;");
		f = v6 ? lan6() : lan4();
		case_send(&f);
		assert_int_equal(gw_drops(&gw, DROP_POLICY_OUT), v6 + 1);
		/* Only its own default opens it, at once, whatever was cached. */
		snap_knobs(gw.snap)->af[v6].def_policy = SP_NONE;
		gw_commit(&gw);
		case_send(&f);
		expect_spi(0);
		snap_knobs(gw.snap)->af[v6].def_policy = SP_DISCARD;
		gw_setkey(&gw,
			v6 ? "spddelete fd00:1::/64 fd00:2::/64 any -P in;" :
			     "spddelete 10.1.0.0/16 10.2.0.0/16 any -P in;");
		case_send(&f);
		assert_int_equal(gw_drops(&gw, DROP_POLICY_IN), 2 * v6 + 2);
	}
	assert_int_equal(case_drain(GW_WAN), 0);
}

/* ---- 2: one odd packet in a burst ---- */

static void
put_esp(uint32_t seq, bool tag)
{
	struct gw_esp e = { .spi = 0x1002, .seq = seq, .key = CASE_KEY_IN };
	unsigned int len;

	e.inner_len = case_inner(&e.inner, false, 100);
	len = gw_seal(&gw, &e, case_frame);
	if (tag) { /* a priority tag on VLAN 0 */
		memmove(case_frame + 16, case_frame + 12, len - 12);
		memcpy(case_frame + 12, "\x81\0\xa0\0", 4);
		len += 4;
	}
	gw_rx(&gw, GW_WAN, case_frame, len);
}

static void
put_odd(unsigned int kind)
{
	struct gw_frame f = gw_frame(GW_WAN, "10.2.0.2", "10.1.0.2");
	unsigned int len;

	if (kind == 1) {
		f.src = "fd00:2::2";
		f.dst = "fd00:1::2";
	}
	len = gw_build(&gw, &f, case_frame);
	if (kind == 0) { /* IPv4 with options */
		uint16_t csum;

		case_frame[14] = 0x48;
		memset(case_frame + 34, 1, 12);
		case_frame[24] = case_frame[25] = 0;
		csum = ip4_csum(case_frame + 14, 32);
		memcpy(case_frame + 24, &csum, 2);
	} else if (kind == 1) { /* a destination option of 16 bytes */
		case_frame[14 + 6] = 60;
		memset(case_frame + 54, 0, 16);
		case_frame[54] = IPPROTO_UDP;
		case_frame[55] = 1;
	} else { /* what is not even IP */
		case_frame[12] = 0x88;
	}
	gw_rx(&gw, GW_WAN, case_frame, len);
}

static void
secgw2_odd_packet_does_not_poison_its_burst(void **state)
{
	(void)state;
	gw_setkey(&gw, CASE_SA_IN);
	for (uint32_t seq = 1; seq <= 12; seq++) {
		put_odd(seq % 3);
		put_esp(seq, (seq & 1) != 0);
	}
	assert_int_equal(gw_step(&gw), 24);
	assert_int_equal(gw_drops(&gw, DROP_L2_UNKNOWN_TYPE), 4);
	assert_int_equal(gw_all_drops(&gw), 4);
	assert_int_equal(case_drain(GW_LAN), 20);
	assert_int_equal(sa_rt(0x1002, "192.0.2.1")->lc[0].pkts, 12);
}

/* ---- 3: statistics accumulate; 5 of the brief: they say what was sent, and when ---- */

static void
secgw3_counters_accumulate_over_bursts(void **state)
{
	const struct worker_rows *rows = worker_rows(gw.w);
	struct gw_frame f = lan4();
	struct sp_rt *sp;
	struct sa_rt *sa;

	(void)state;
	gw_setkey(&gw, CASE_SA_OUT CASE_POLICY_OUT);
	sp = TAILQ_FIRST(&gw.kd.spd.list[DIR_OUT])->rt;
	sa = sa_rt(0x1001, "192.0.2.2");
	for (unsigned int i = 1; i <= 5; i++) {
		const uint64_t now = 5000 * i;
		const uint64_t text = 104; /* 100 bytes, 2 of padding, trailer */

		gw.now = now;
		for (unsigned int k = 0; k < i; k++)
			gw_rx(&gw, GW_LAN, case_frame, gw_build(&gw, &f, case_frame));
		assert_int_equal(gw_step(&gw), i);
		const unsigned int sum = i * (i + 1) / 2;

		assert_int_equal(rows->port[GW_LAN].rx_pkts, sum);
		assert_int_equal(rows->port[GW_LAN].rx_bytes, sum * 114);
		assert_int_equal(rows->port[GW_WAN].tx_pkts, sum);
		assert_int_equal(rows->port[GW_WAN].tx_bytes, sum * (14 + 20 + 8 + 8 + 104 + 16));
		assert_int_equal(sa->lc[0].pkts, sum);
		assert_int_equal(sa->lc[0].bytes, sum * text);
		assert_int_equal(sa->lc[0].last_tsc, now);
		assert_int_equal(sp->lc[0].pkts, sum);
		assert_int_equal(sp->lc[0].bytes, sum * 100);
		assert_int_equal(sp->lc[0].last_tsc, now);
		assert_int_equal(worker_lane(gw.w)->now_tsc, now);
		assert_int_equal(rows->stage[STAGE_PARSE].pkts, sum);
		assert_int_equal(rows->stage[STAGE_OUT].pkts, sum);
		assert_int_equal(rows->stage[STAGE_TX].pkts, sum);
	}
	assert_int_equal(rows->stage[STAGE_OUT].calls, 5);
	assert_int_equal(case_drain(GW_WAN), 15);
}

/* ---- 6: fragments and ports ---- */

/* The payload of a later fragment looks like the ports of a policy that lets it pass. */
static void
secgw6_fragment_payload_is_not_ports(void **state)
{
	struct gw_frame f = lan4();

	(void)state;
	gw_setkey(&gw,
		CASE_SA_OUT
		"spdadd 10.1.0.0/16[53] 10.2.0.0/16[53] udp -P out none;" CASE_POLICY_OUT);
	f.sport = f.dport = 53;
	case_send(&f);
	expect_spi(0);
	f.frag = 100; /* not the first one */
	case_send(&f);
	assert_int_equal(gw_drops(&gw, DROP_FRAG_PORTS), 1);
	/* A first fragment has ports, and the others are judged by them. */
	f.frag = IP4_MF;
	case_send(&f);
	expect_spi(0);
	f.frag = 100;
	case_send(&f);
	expect_spi(0);
	/* Another protocol's fragment cannot meet that policy. */
	f.proto = IPPROTO_TCP;
	f.frag = 100;
	case_send(&f);
	expect_spi(0x1001);
	assert_int_equal(gw_all_drops(&gw), 1);
}

static void
secgw6_fragment_under_a_policy_without_ports_is_protected(void **state)
{
	static const uint16_t frags[] = { IP4_MF, IP4_MF | 10, 10, 0x1fff - 20 };
	struct gw_frame f = lan4();

	(void)state;
	gw_setkey(&gw, CASE_SA_OUT CASE_POLICY_OUT);
	for (size_t i = 0; i < ARRAY_LEN(frags); i++) {
		f.frag = frags[i];
		case_send(&f);
		expect_spi(0x1001);
	}
	assert_int_equal(gw_all_drops(&gw), 0);
}

/* An IPv6 fragment may begin with an extension header, so its protocol is unknown as well. */
static void
fragment6_behind_an_option_does_not_evade_a_protocol(void **state)
{
	struct gw_frame f = lan6();
	unsigned int len;

	(void)state;
	gw_setkey(&gw,
		"spdadd fd00:1::/64 fd00:2::/64 udp -P out discard;"
		"spdadd fd00:1::/64 fd00:2::/64 any -P out none;");
	case_send(&f);
	assert_int_equal(gw_drops(&gw, DROP_POLICY_OUT), 1);
	len = gw_build(&gw, &f, case_frame);
	memset(case_frame + 54, 0, 16);
	case_frame[14 + 6] = 44; /* fragment, then destination options, then UDP */
	case_frame[54] = 60;
	case_frame[57] = 1;
	case_frame[62] = IPPROTO_UDP;
	case_send_raw(GW_LAN, case_frame, len);
	assert_null(gw_tx(&gw, GW_WAN));
	assert_int_equal(gw_drops(&gw, DROP_POLICY_OUT), 2);
	case_frame[57] = 0x81; /* a later one: what its payload looks like counts for nothing */
	case_frame[58] = 1; /* of a packet whose first was not seen */
	case_send_raw(GW_LAN, case_frame, len);
	assert_int_equal(gw_drops(&gw, DROP_FRAG_PORTS), 1);
	case_frame[58] = 0;
	case_send_raw(GW_LAN, case_frame, len);
	assert_int_equal(gw_drops(&gw, DROP_POLICY_OUT), 3);
	/* Without the option the protocol is known. */
	case_frame[57] = 1;
	case_frame[54] = IPPROTO_UDP;
	case_send_raw(GW_LAN, case_frame, len);
	assert_int_equal(gw_drops(&gw, DROP_POLICY_OUT), 4);
	case_frame[54] = IPPROTO_TCP;
	case_send_raw(GW_LAN, case_frame, len);
	expect_spi(0);
}

/* ---- 7: one SA, both families, dummies ---- */

static void
secgw7_one_sa_carries_both_families_and_dummies(void **state)
{
	struct gw_esp e = { .seq = 1 };

	(void)state;
	gw_setkey(&gw, CASE_SA_IN CASE_SA_OUT CASE_POLICY_IN CASE_POLICY_OUT);
	gw_setkey(&gw,
		"spdadd fd00:1::/64 fd00:2::/64 any -P out ipsec " TO_PEER4 ";"
		"spdadd fd00:2::/64 fd00:1::/64 any -P in ipsec "
		"esp/tunnel/192.0.2.2-192.0.2.1/require;");
	for (; e.seq <= 6; e.seq++) {
		e.inner_len = case_inner(&e.inner, (e.seq & 1) != 0, 100);
		e.next = e.seq > 4 ? IPPROTO_NONE : 0;
		case_send_esp(&e);
	}
	assert_int_equal(case_drain(GW_LAN), 4);
	assert_int_equal(gw_drops(&gw, DROP_SEC_DUMMY), 2);
	assert_int_equal(gw_all_drops(&gw), 2);
	assert_int_equal(sa_rt(0x1002, "192.0.2.1")->lc[0].pkts, 6);
	for (unsigned int i = 0; i < 4; i++) {
		struct gw_frame f = (i & 1) != 0 ? lan6() : lan4();

		case_send(&f);
		expect_spi(0x1001);
	}
}

/* ---- our own ---- */

/* The second packet of a flow came out of the cache with the first request only. */
static void
bundle_is_applied_to_every_packet_of_a_flow(void **state)
{
	struct gw_frame f = lan4();

	(void)state;
	neighbour("192.0.2.3", GW_WAN);
	gw_setkey(&gw,
		CASE_SA_OUT
		"add 192.0.2.1 192.0.2.3 esp 0x2001 -m tunnel -E aes-gcm-16 0x" CASE_KEY_IN ";"
		"spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec " TO_PEER4
		" esp/tunnel/192.0.2.1-192.0.2.3/require;");
	for (unsigned int i = 1; i <= 3; i++) {
		case_send(&f);
		expect_spi(0x2001);
		assert_int_equal(sa_rt(0x1001, "192.0.2.2")->lc[0].pkts, i);
	}
	assert_int_equal(gw_all_drops(&gw), 0);
}

/* The first request of a bundle is passed over at level use; the second is still required. */
static void
bundle_passes_over_use_but_not_require(void **state)
{
	struct gw_frame f = lan4();

	(void)state;
	gw_setkey(&gw,
		"spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec "
		"esp/tunnel/192.0.2.1-192.0.2.3/use " TO_PEER4 ";");
	case_send(&f);
	case_send(&f);
	assert_int_equal(gw_drops(&gw, DROP_OUT_NO_SA), 2);
	assert_int_equal(case_drain(GW_WAN), 0);
	gw_setkey(&gw, CASE_SA_OUT);
	case_send(&f);
	expect_spi(0x1001);
	case_send(&f);
	expect_spi(0x1001);
}

/* A flow that met an unresolved neighbour went to control for ever, though the neighbour had answered. */
/* ---- an error message that quotes what a tunnel protected ---- */

static void
inject_from_lan(uint8_t kind)
{
	struct gw_frame f = lan4();
	struct rte_mbuf *m = rte_pktmbuf_alloc(gw.pool);
	const unsigned int len = gw_build(&gw, &f, case_frame) - 14;

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), case_frame + 14, len);
	*pkt_meta(m) = (struct pkt_meta){ .af = AF_INET, .flags = PKT_F_LOCAL_OUT, .kind = kind };
	assert_int_equal(rte_ring_enqueue(worker_inject_ring(gw.w), m), 0);
	(void)gw_step(&gw);
}

static void
secret_of_our_own_leaves_protected_or_not_at_all(void **state)
{
	(void)state;
	inject_from_lan(INJECT_LOCAL);
	expect_spi(0);
	inject_from_lan(INJECT_SECRET);
	assert_int_equal(gw_drops(&gw, DROP_POLICY_OUT), 1);
	gw_setkey(&gw, "spdadd 10.1.0.0/16 10.2.0.0/16 any -P out none;");
	inject_from_lan(INJECT_SECRET);
	assert_int_equal(gw_drops(&gw, DROP_POLICY_OUT), 2);
	gw_setkey(&gw,
		"spdupdate 10.1.0.0/16 10.2.0.0/16 any -P out ipsec "
		"esp/tunnel/192.0.2.1-192.0.2.2/use;");
	inject_from_lan(INJECT_SECRET);
	assert_int_equal(gw_drops(&gw, DROP_OUT_NO_SA), 1);
	inject_from_lan(INJECT_LOCAL);
	expect_spi(0);
	gw_setkey(&gw, CASE_SA_OUT);
	inject_from_lan(INJECT_SECRET);
	expect_spi(0x1001);
	assert_int_equal(gw_all_drops(&gw), 3);
}

/* Compression is no protection, though it is a step of the policy that was taken. */
static void
secret_of_our_own_is_not_protected_by_ipcomp(void **state)
{
	(void)state;
	gw_setkey(&gw,
		"spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec "
		"ipcomp/tunnel/192.0.2.1-192.0.2.2/use esp/transport//use;"
		"add 192.0.2.1 192.0.2.2 ipcomp 0x1003 -m any -C deflate;");
	inject_from_lan(INJECT_SECRET);
	assert_int_equal(gw_drops(&gw, DROP_OUT_NO_SA), 1);
	assert_int_equal(case_drain(GW_WAN), 0);
	inject_from_lan(INJECT_LOCAL);
	assert_int_equal(case_drain(GW_WAN), 1);
}

/* Each SA behind the first counts once. */
static void
bundle_is_counted_once(void **state)
{
	struct gw_frame f = lan4();

	(void)state;
	gw_setkey(&gw,
		CASE_SA_OUT "add 192.0.2.1 192.0.2.2 ah 0x1004 -m transport -A hmac-sha256 "
			    "0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f;"
			    "spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec " TO_PEER4
			    " ah/transport//require;");
	case_send(&f);
	assert_int_equal(case_drain(GW_WAN), 1);
	assert_int_equal(worker_lane(gw.w)->bundles, 1);
}

static void
flow_notices_that_its_neighbour_answered(void **state)
{
	struct gw_frame f = gw_frame(GW_LAN, "10.1.0.2", "192.0.2.77");

	(void)state;
	case_send(&f);
	case_send(&f);
	assert_int_equal(case_drain_punt(), 2);
	neighbour("192.0.2.77", GW_WAN);
	case_send(&f);
	expect_spi(0);
	case_send(&f);
	expect_spi(0);
	assert_int_equal(case_drain_punt(), 0);
}

/* The same for the outer destination of an SA. */
static void
sa_notices_that_its_neighbour_answered(void **state)
{
	struct gw_frame f = lan4();

	(void)state;
	gw_setkey(&gw,
		"add 192.0.2.1 192.0.2.78 esp 0x2001 -m tunnel -E aes-gcm-16 0x" CASE_KEY_OUT
		";spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec "
		"esp/tunnel/192.0.2.1-192.0.2.78/require;");
	case_send(&f);
	case_send(&f);
	assert_int_equal(case_drain_punt(), 2);
	neighbour("192.0.2.78", GW_WAN);
	case_send(&f);
	expect_spi(0x2001);
}

static unsigned int freed;

static void
count_free(void *addr, void *arg)
{
	(void)addr;
	(void)arg;
	freed++;
}

/* Some NICs receive into buffers of their own: transmission forgot that they are to be given back. */
static void
external_buffer_is_given_back(void **state)
{
	static uint8_t buf[512];
	static struct rte_mbuf_ext_shared_info info = { .free_cb = count_free };
	struct gw_frame f = lan4();

	(void)state;
	gw_setkey(&gw, CASE_SA_OUT CASE_POLICY_OUT);
	for (unsigned int i = 1; i <= 2; i++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(gw.pool);
		const unsigned int len = gw_build(&gw, &f, buf + 128);

		rte_mbuf_ext_refcnt_set(&info, 1);
		rte_pktmbuf_attach_extbuf(m, buf, 0, sizeof(buf), &info);
		m->data_off = 128;
		m->data_len = (uint16_t)len;
		m->pkt_len = len;
		assert_int_equal(rte_ring_enqueue(gw.rx[GW_LAN], m), 0);
		(void)gw_step(&gw);
		expect_spi(i == 1 ? 0x1001 : 0);
		assert_int_equal(freed, i);
		gw_setkey(&gw, "spdflush;");
	}
}

/* Out of one tunnel into another: the second SA sees the packet with a hop less. */
static void
hub_and_spoke_protects_again(void **state)
{
	struct gw_esp e = { .seq = 1 };

	(void)state;
	gw_setkey(&gw,
		CASE_SA_IN CASE_POLICY_IN SA6_OUT
		"spdadd 10.2.0.0/16 10.1.0.0/16 any -P out ipsec " TO_PEER6 ";");
	for (; e.seq <= 3; e.seq++) {
		e.inner_len = case_inner(&e.inner, false, 100);
		case_send_esp(&e);
		expect_spi(0x1005);
	}
	assert_int_equal(case_drain(GW_LAN), 0);
	assert_int_equal(gw_all_drops(&gw), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, case_start, case_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(secgw1_family_without_policies_follows_its_own_default),
		CASE(secgw2_odd_packet_does_not_poison_its_burst),
		CASE(secgw3_counters_accumulate_over_bursts),
		CASE(secgw6_fragment_payload_is_not_ports),
		CASE(secgw6_fragment_under_a_policy_without_ports_is_protected),
		CASE(fragment6_behind_an_option_does_not_evade_a_protocol),
		CASE(secgw7_one_sa_carries_both_families_and_dummies),
		CASE(bundle_is_applied_to_every_packet_of_a_flow),
		CASE(bundle_passes_over_use_but_not_require),
		CASE(secret_of_our_own_leaves_protected_or_not_at_all),
		cmocka_unit_test_setup_teardown(
			secret_of_our_own_is_not_protected_by_ipcomp, case_start, case_stop),
		CASE(bundle_is_counted_once),
		CASE(flow_notices_that_its_neighbour_answered),
		CASE(sa_notices_that_its_neighbour_answered),
		CASE(external_buffer_is_given_back),
		CASE(hub_and_spoke_protects_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
