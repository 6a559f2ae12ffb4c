/* SPDX-License-Identifier: BSD-2-Clause */
/* Drop reasons of policies, SAs and ESP in the whole worker: each exactly once, by a real packet. */
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
#include "pkt/sa_rt.h"
#include "wire/ip.h"

static struct sa *
sa_find(uint32_t spi, const char *dst)
{
	struct addr a;
	struct sa *sa;

	assert_int_equal(addr_parse(dst, &a), 0);
	sa = sad_find(&gw.kd.sad, spi, IPPROTO_ESP, &a);
	assert_non_null(sa);
	return sa;
}

static struct sa_rt *
sa_out(void)
{
	return sa_find(0x1001, "192.0.2.2")->rt;
}

static void
send_out(void)
{
	struct gw_frame f = gw_frame(GW_LAN, "10.1.0.2", "10.2.0.2");

	case_send(&f);
}

static void
send_in(uint32_t seq)
{
	struct gw_esp e = { .seq = seq };

	e.inner_len = case_inner(&e.inner, false, 100);
	case_send_esp(&e);
}

static int
start_out(void **state)
{
	(void)case_start(state);
	gw_setkey(&gw, CASE_SA_OUT CASE_POLICY_OUT);
	return 0;
}

static int
start_in(void **state)
{
	(void)case_start(state);
	gw_setkey(&gw, CASE_SA_IN CASE_POLICY_IN);
	return 0;
}

/* ---- outbound ---- */

static void
drop_policy_out_when_a_policy_discards(void **state)
{
	(void)state;
	gw_setkey(&gw, "spdadd 10.1.0.0/16 10.2.0.0/16 any -P out discard;");
	send_out();
	case_dropped_once(DROP_POLICY_OUT);
}

static void
drop_out_no_sa_when_none_is_there(void **state)
{
	(void)state;
	gw_setkey(&gw, CASE_POLICY_OUT);
	send_out();
	case_dropped_once(DROP_OUT_NO_SA);
	/* The second packet of the flow comes by the cache. */
	send_out();
	assert_int_equal(gw_drops(&gw, DROP_OUT_NO_SA), 2);
	gw_setkey(&gw, CASE_SA_OUT);
	send_out();
	assert_int_equal(case_drain(GW_WAN), 1);
}

/* The SA of another request number will not do at level unique, though it has the right end points. */
static void
drop_out_no_sa_when_its_reqid_differs(void **state)
{
	(void)state;
	gw_setkey(&gw,
		CASE_SA_OUT "spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec "
			    "esp/tunnel/192.0.2.1-192.0.2.2/unique:7;");
	send_out();
	case_dropped_once(DROP_OUT_NO_SA);
}

static void
drop_out_no_room_when_the_buffer_is_full(void **state)
{
	struct gw_frame f = gw_frame(GW_LAN, "10.1.0.2", "10.2.0.2");
	struct rte_mbuf *m = rte_pktmbuf_alloc(gw.pool);

	(void)state;
	gw_set_mtu(&gw, GW_WAN, 9000);
	gw_commit(&gw);
	f.len = 2030;
	memcpy(rte_pktmbuf_append(m, 2044), case_frame, gw_build(&gw, &f, case_frame));
	assert_int_equal(rte_ring_enqueue(gw.rx[GW_LAN], m), 0);
	(void)gw_step(&gw);
	case_dropped_once(DROP_OUT_NO_ROOM);
}

static void
drop_out_seq_at_the_last_number(void **state)
{
	struct sa_rt *sa = sa_out();

	(void)state;
	atomic_store(&sa->seq, UINT32_MAX - 1u);
	send_out();
	assert_int_equal(case_drain(GW_WAN), 1);
	send_out();
	case_dropped_once(DROP_OUT_SEQ);
	assert_int_equal(sa->lc[0].seq_overflow, 1);
	assert_int_equal(sa->lc[0].pkts, 1);
}

/* Deleted, but not committed: the policy still points at it, and it must not be used any more. */
static void
drop_out_sa_state_once_it_is_deleted(void **state)
{
	struct sa *sa = sa_find(0x1001, "192.0.2.2");

	(void)state;
	assert_int_equal(keyd_sa_delete(&gw.kd, &sa->spec.idx, 0x1001, NULL), 0);
	send_out();
	case_dropped_once(DROP_OUT_SA_STATE);
}

static void
drop_esp_disabled_in_both_directions(void **state)
{
	(void)state;
	gw_setkey(&gw, CASE_SA_IN);
	snap_knobs(gw.snap)->esp_enable = 0;
	gw_commit(&gw);
	send_out();
	case_dropped_once(DROP_ESP_DISABLED);
	send_in(1);
	assert_int_equal(gw_drops(&gw, DROP_ESP_DISABLED), 2);
	assert_int_equal(gw_all_drops(&gw), 2);
}

/* The policy of a bundle is replaced while its packet is in the engine for the first request. */
static void
drop_policy_changed_between_two_requests(void **state)
{
	struct gw_frame f = gw_frame(GW_LAN, "10.1.0.2", "10.2.0.2");
	static const char bundle[] =
		"spdupdate 10.1.0.0/16 10.2.0.0/16 any -P out ipsec "
		"esp/tunnel/192.0.2.1-192.0.2.2/require esp/tunnel/192.0.2.1-192.0.2.2/require;";

	(void)state;
	gw_setkey(&gw, CASE_SA_OUT);
	gw_setkey(&gw, bundle);
	gw_rx(&gw, GW_LAN, case_frame, gw_build(&gw, &f, case_frame));
	case_settle();
	assert_int_equal(case_drain(GW_WAN), 1);
	case_send(&f);
	assert_int_equal(crypto_inflight(worker_lane(gw.w)), 1);
	gw_setkey(&gw, bundle); /* another policy, though it says the same */
	case_settle();
	case_dropped_once(DROP_POLICY_CHANGED);
}

/* ---- inbound: the SA ---- */

static void
drop_sec_no_sa_for_an_unknown_spi(void **state)
{
	struct gw_esp e = { .spi = 0x1003, .seq = 1 };

	(void)state;
	e.inner_len = case_inner(&e.inner, false, 100);
	case_send_esp(&e);
	case_dropped_once(DROP_SEC_NO_SA);
}

/* Our own outbound SPI opens nothing. */
static void
drop_sec_no_sa_for_an_outbound_spi(void **state)
{
	struct gw_esp e = { .spi = 0x1001, .seq = 1, .key = CASE_KEY_OUT };

	(void)state;
	gw_setkey(&gw, CASE_SA_OUT);
	e.inner_len = case_inner(&e.inner, false, 100);
	case_send_esp(&e);
	case_dropped_once(DROP_SEC_NO_SA);
}

static void
drop_sec_sa_state_once_it_is_deleted(void **state)
{
	struct sa *sa = sa_find(0x1002, "192.0.2.1");

	(void)state;
	send_in(1);
	assert_int_equal(case_drain(GW_LAN), 1);
	/* The worker remembers the SPI until the next snapshot. */
	assert_int_equal(keyd_sa_delete(&gw.kd, &sa->spec.idx, 0x1002, NULL), 0);
	send_in(2);
	case_dropped_once(DROP_SEC_SA_STATE);
	gw_commit(&gw);
	send_in(3);
	assert_int_equal(gw_drops(&gw, DROP_SEC_NO_SA), 1);
}

static void
drop_sec_sa_addr_from_elsewhere(void **state)
{
	struct gw_esp e = { .spi = 0x1002, .seq = 1, .key = CASE_KEY_IN };
	unsigned int len;
	uint16_t csum;

	(void)state;
	e.inner_len = case_inner(&e.inner, false, 100);
	len = gw_seal(&gw, &e, case_frame);
	case_frame[14 + 15] = 3; /* from 192.0.2.3 */
	case_frame[24] = case_frame[25] = 0;
	csum = ip4_csum(case_frame + 14, 20);
	memcpy(case_frame + 24, &csum, 2);
	case_send_raw(GW_WAN, case_frame, len);
	case_dropped_once(DROP_SEC_SA_ADDR);
}

/* ---- inbound: lengths, numbers, integrity ---- */

/* An ESP packet of n bytes behind its IPv4 header that claims our SPI. */
static void
send_esp_of(unsigned int n)
{
	struct gw_frame f = gw_frame(GW_WAN, "192.0.2.2", "192.0.2.1");
	unsigned int len;

	f.proto = IPPROTO_ESP;
	f.len = 20 + n;
	len = gw_build(&gw, &f, case_frame);
	if (n >= 8)
		memcpy(case_frame + 34, "\0\0\x10\x02\0\0\0\1", 8);
	case_send_raw(GW_WAN, case_frame, len);
}

static void
drop_sec_short_below_the_header(void **state)
{
	(void)state;
	send_esp_of(7);
	case_dropped_once(DROP_SEC_SHORT);
}

static void
drop_sec_short_below_the_trailer(void **state)
{
	(void)state;
	send_esp_of(8 + 8 + 16 + 1);
	case_dropped_once(DROP_SEC_SHORT);
}

static void
drop_sec_length_off_the_block(void **state)
{
	(void)state;
	send_esp_of(8 + 8 + 16 + 22);
	case_dropped_once(DROP_SEC_LENGTH);
}

static void
drop_sec_seq_zero(void **state)
{
	(void)state;
	send_in(0);
	case_dropped_once(DROP_SEC_SEQ_ZERO);
}

static void
drop_sec_replay_dup(void **state)
{
	(void)state;
	send_in(5);
	assert_int_equal(case_drain(GW_LAN), 1);
	send_in(5);
	case_dropped_once(DROP_SEC_REPLAY_DUP);
}

static void
drop_sec_replay_old(void **state)
{
	(void)state;
	send_in(1000);
	send_in(489); /* the last one of a window of 64 bytes, as setkey(8) counts */
	assert_int_equal(case_drain(GW_LAN), 2);
	send_in(488);
	case_dropped_once(DROP_SEC_REPLAY_OLD);
}

static void
drop_sec_auth_with_another_key(void **state)
{
	struct gw_esp e = { .seq = 1, .key = CASE_KEY_OUT };

	(void)state;
	e.inner_len = case_inner(&e.inner, false, 100);
	case_send_esp(&e);
	case_dropped_once(DROP_SEC_AUTH);
	send_in(1); /* the forgery did not use the number up */
	assert_int_equal(case_drain(GW_LAN), 1);
}

/* ---- inbound: what was inside ---- */

static void
send_inside(const uint8_t *inner, unsigned int len, uint8_t next, uint8_t tos, uint8_t pad_xor)
{
	const struct gw_esp e = { .seq = 1,
		.inner = inner,
		.inner_len = len,
		.next = next,
		.tos = tos,
		.pad_xor = pad_xor };

	case_send_esp(&e);
}

static void
drop_sec_pad_not_counting(void **state)
{
	const uint8_t *ip;
	const unsigned int len = case_inner(&ip, false, 100);

	(void)state;
	send_inside(ip, len, 0, 0, 0x10);
	case_dropped_once(DROP_SEC_PAD);
}

static void
drop_sec_next_that_is_no_packet(void **state)
{
	const uint8_t *ip;
	const unsigned int len = case_inner(&ip, false, 100);

	(void)state;
	send_inside(ip, len, IPPROTO_TCP, 0, 0);
	case_dropped_once(DROP_SEC_NEXT);
}

static void
drop_sec_dummy_as_it_was_meant(void **state)
{
	const uint8_t *ip;
	const unsigned int len = case_inner(&ip, false, 100);

	(void)state;
	send_inside(ip, len, IPPROTO_NONE, 0, 0);
	case_dropped_once(DROP_SEC_DUMMY);
}

static void
drop_sec_inner_longer_than_it_is(void **state)
{
	const uint8_t *ip;
	const unsigned int len = case_inner(&ip, false, 100);

	(void)state;
	send_inside(ip, len - 1, 4, 0, 0);
	case_dropped_once(DROP_SEC_INNER);
}

static void
drop_sec_inner_with_a_bad_header(void **state)
{
	uint8_t inner[100];
	const uint8_t *ip;

	(void)state;
	(void)case_inner(&ip, false, 100);
	memcpy(inner, ip, 100);
	inner[0] = 0x44;
	send_inside(inner, 100, 4, 0, 0);
	case_dropped_once(DROP_SEC_INNER);
}

static void
drop_sec_inner_with_a_bad_checksum(void **state)
{
	uint8_t inner[100];
	const uint8_t *ip;

	(void)state;
	(void)case_inner(&ip, false, 100);
	memcpy(inner, ip, 100);
	inner[10] ^= 1;
	send_inside(inner, 100, 4, 0, 0);
	case_dropped_once(DROP_SEC_INNER);
}

static void
drop_sec_ecn_when_congestion_meets_not_ect(void **state)
{
	const uint8_t *ip;
	const unsigned int len = case_inner(&ip, false, 100);

	(void)state;
	send_inside(ip, len, 4, 3, 0);
	case_dropped_once(DROP_SEC_ECN);
}

/* The inner packet claims one of our own addresses as its source. */
static void
send_spoofed(uint32_t seq)
{
	struct gw_frame f = gw_frame(GW_WAN, "10.1.0.1", "10.1.0.2");
	struct gw_esp e = { .seq = seq, .inner_len = 100 };
	uint8_t inner[128];

	(void)gw_build(&gw, &f, inner);
	e.inner = inner + 14;
	case_send_esp(&e);
}

static void
drop_sec_spoof_unless_told_otherwise(void **state)
{
	(void)state;
	send_spoofed(1);
	case_dropped_once(DROP_SEC_SPOOF);
	snap_knobs(gw.snap)->ipip_spoofcheck = 0;
	keyd_sp_flush(&gw.kd); /* or no policy would cover our own address as a source */
	gw_commit(&gw);
	send_spoofed(2);
	assert_int_equal(case_drain(GW_LAN), 1);
	assert_int_equal(gw_all_drops(&gw), 1);
}

/* depth tunnels of one SA in each other; the number of the outermost is first + depth - 1 */
static unsigned int
nest(unsigned int depth, uint32_t first, uint8_t *out)
{
	static uint8_t buf[2][CASE_FRAME_MAX];
	struct gw_esp e = { .spi = 0x1002, .key = CASE_KEY_IN, .seq = first };
	unsigned int len = 0;

	e.inner_len = case_inner(&e.inner, false, 100);
	for (unsigned int i = 0; i < depth; i++, e.seq++) {
		len = gw_seal(&gw, &e, buf[i & 1]);
		e.inner = buf[i & 1] + 14;
		e.inner_len = len - 14;
	}
	memcpy(out, e.inner - 14, len);
	return len;
}

static void
drop_sec_nest_beyond_four(void **state)
{
	(void)state;
	/* The outer source of the inner tunnels is the peer, which is no address of ours. */
	case_send_raw(GW_WAN, case_frame, nest(NEST_MAX, 1, case_frame));
	case_sent_once(GW_LAN, 114);
	case_send_raw(GW_WAN, case_frame, nest(NEST_MAX + 1, 10, case_frame));
	case_dropped_once(DROP_SEC_NEST);
}

static void
drop_sec_no_sa_of_ah_and_ipcomp(void **state)
{
	struct gw_frame f = gw_frame(GW_WAN, "192.0.2.2", "192.0.2.1");

	(void)state;
	f.proto = IPPROTO_AH;
	case_send(&f);
	case_dropped_once(DROP_SEC_NO_SA);
	f.proto = IPPROTO_IPCOMP;
	case_send(&f);
	assert_int_equal(gw_drops(&gw, DROP_SEC_NO_SA), 2);
}

/* The tunnel is the policy's, but its peer sends for a network that the policy does not speak of. */
static void
drop_sec_selector_beside_the_policy(void **state)
{
	static uint8_t inner[CASE_FRAME_MAX];
	struct gw_frame f = gw_frame(GW_WAN, "10.9.0.2", "10.1.0.2");
	struct gw_esp e = { .seq = 1, .inner = inner + 14 };

	(void)state;
	e.inner_len = gw_build(&gw, &f, inner) - 14;
	case_send_esp(&e);
	case_dropped_once(DROP_SEC_SELECTOR);
	/* An SA that no policy names follows the default. */
	keyd_sp_flush(&gw.kd);
	gw_commit(&gw);
	e.seq = 2;
	case_send_esp(&e);
	assert_int_equal(case_drain(GW_LAN), 1);
}

static void
drop_policy_in_when_protection_is_missing(void **state)
{
	struct gw_frame f = gw_frame(GW_WAN, "10.2.0.2", "10.1.0.2");

	(void)state;
	case_send(&f);
	case_dropped_once(DROP_POLICY_IN);
}

/* Protected, but not as the policy says: another peer's SA with the same traffic inside. */
static void
drop_policy_in_when_protected_by_another_peer(void **state)
{
	(void)state;
	gw_setkey(&gw,
		CASE_SA_IN "spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec "
			   "esp/tunnel/192.0.2.9-192.0.2.1/require;");
	send_in(1);
	case_dropped_once(DROP_POLICY_IN);
}

static void
drop_reasons_claimed_here_are_shown(void **state)
{
	(void)state;
	for (unsigned int r = 0; r < DROP_MAX; r++) {
		if (drop_claims[r] == BY_DROPS_SEC && !case_has_shown((enum drop_reason)r))
			fail_msg("%s was not shown here", drop_name((enum drop_reason)r));
	}
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, case_start, case_stop)
#define OUT(f)  cmocka_unit_test_setup_teardown(f, start_out, case_stop)
#define IN(f)   cmocka_unit_test_setup_teardown(f, start_in, case_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(drop_policy_out_when_a_policy_discards),
		CASE(drop_out_no_sa_when_none_is_there),
		CASE(drop_out_no_sa_when_its_reqid_differs),
		OUT(drop_out_no_room_when_the_buffer_is_full),
		OUT(drop_out_seq_at_the_last_number),
		OUT(drop_out_sa_state_once_it_is_deleted),
		OUT(drop_esp_disabled_in_both_directions),
		cmocka_unit_test_setup_teardown(
			drop_policy_changed_between_two_requests, case_start_lookaside, case_stop),
		IN(drop_sec_no_sa_for_an_unknown_spi),
		IN(drop_sec_no_sa_for_an_outbound_spi),
		IN(drop_sec_sa_state_once_it_is_deleted),
		IN(drop_sec_sa_addr_from_elsewhere),
		IN(drop_sec_short_below_the_header),
		IN(drop_sec_short_below_the_trailer),
		IN(drop_sec_length_off_the_block),
		IN(drop_sec_seq_zero),
		IN(drop_sec_replay_dup),
		IN(drop_sec_replay_old),
		IN(drop_sec_auth_with_another_key),
		IN(drop_sec_pad_not_counting),
		IN(drop_sec_next_that_is_no_packet),
		IN(drop_sec_dummy_as_it_was_meant),
		IN(drop_sec_inner_longer_than_it_is),
		IN(drop_sec_inner_with_a_bad_header),
		IN(drop_sec_inner_with_a_bad_checksum),
		IN(drop_sec_ecn_when_congestion_meets_not_ect),
		IN(drop_sec_spoof_unless_told_otherwise),
		IN(drop_sec_nest_beyond_four),
		IN(drop_sec_no_sa_of_ah_and_ipcomp),
		IN(drop_sec_selector_beside_the_policy),
		IN(drop_policy_in_when_protection_is_missing),
		CASE(drop_policy_in_when_protected_by_another_peer),
		cmocka_unit_test(drop_reasons_claimed_here_are_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
