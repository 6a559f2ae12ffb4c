/* SPDX-License-Identifier: BSD-2-Clause */
/* Path MTU of tunnels: the largest packet that fits goes, one byte more is refused with that size, */
/* or is cut, each piece protected, and the pieces make the original again. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>

#include <cmocka.h>

#include "dp/gw_case.h"
#include "pkt/pkt.h"
#include "pkt/punt.h"
#include "wire/ip.h"

#define MTU 1500u
#define SHA " -A hmac-sha1 0x000102030405060708090a0b0c0d0e0f10111213;"
#define SHA512                                                                 \
	" -A hmac-sha512 0x000102030405060708090a0b0c0d0e0f101112131415161718" \
	"191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a" \
	"3b3c3d3e3f;"

static const struct suite {
	const char *how;
	unsigned int iv, blk, icv;
} suites[] = {
	{ "-E aes-gcm-16 0x" CASE_KEY_OUT ";", 8, 4, 16 },
	{ "-E aes-cbc 0x00112233445566778899aabbccddeeff" SHA, 16, 16, 12 },
	{ "-E aes-cbc 0x00112233445566778899aabbccddeeff" SHA512, 16, 16, 32 },
	{ "-E null" SHA, 0, 4, 12 },
};

/* Size on the wire, from the RFCs and not from the code: IP, ESP, IV, text to the block, ICV. */
static unsigned int
outer_size(const struct suite *s, bool outer6, unsigned int inner)
{
	const unsigned int text = (inner + 2 + s->blk - 1) / s->blk * s->blk;

	return (outer6 ? 40 : 20) + 8 + s->iv + text + s->icv;
}

static unsigned int
largest_inner(const struct suite *s, bool outer6)
{
	unsigned int len = MTU;

	while (outer_size(s, outer6, len) > MTU)
		len--;
	return len;
}

static void
setup_tunnel(const struct suite *s, bool outer6)
{
	const char *const src = outer6 ? "2001:db8::1" : "192.0.2.1";
	const char *const dst = outer6 ? "2001:db8::2" : "192.0.2.2";
	char text[1024];

	gw_setkey(&gw, "flush; spdflush;");
	(void)snprintf(text, sizeof(text),
		"add %s %s esp 0x1001 -m tunnel %s"
		"spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/%s-%s/require;"
		"spdadd fd00:1::/64 fd00:2::/64 any -P out ipsec esp/tunnel/%s-%s/require;",
		src, dst, s->how, src, dst, src, dst);
	gw_setkey(&gw, text);
}

static struct gw_frame
inner_frame(bool inner6, unsigned int len)
{
	struct gw_frame f = gw_frame(
		GW_LAN, inner6 ? "fd00:1::2" : "10.1.0.2", inner6 ? "fd00:2::2" : "10.2.0.2");

	f.len = len;
	f.frag = inner6 ? 0 : IP4_DF;
	return f;
}

static void
mtu_largest_packet_fits_and_one_more_does_not(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 4 * ARRAY_LEN(suites); i++) {
		const struct suite *s = &suites[i / 4];
		const bool outer6 = (i & 1) != 0, inner6 = (i & 2) != 0;
		const unsigned int max = largest_inner(s, outer6);
		const uint64_t refused = gw_drops(&gw, DROP_IP_TOO_BIG);
		struct gw_frame f = inner_frame(inner6, max);
		struct rte_mbuf *m;

		setup_tunnel(s, outer6);
		for (unsigned int k = 0; k < 2; k++) { /* looked up, then cached */
			f.len = max;
			case_send(&f);
			m = gw_tx(&gw, GW_WAN);
			assert_non_null(m);
			assert_int_equal(m->pkt_len - 14, outer_size(s, outer6, max));
			rte_pktmbuf_free(m);
			f.len = max + 1;
			case_send(&f);
			assert_null(gw_tx(&gw, GW_WAN));
			m = gw_punted(&gw);
			assert_non_null(m);
			assert_int_equal(pkt_meta(m)->kind, PUNT_TOO_BIG);
			assert_int_equal(pkt_meta(m)->mtu, max);
			rte_pktmbuf_free(m);
			assert_int_equal(gw_drops(&gw, DROP_IP_TOO_BIG), refused + k + 1);
		}
	}
	assert_int_equal(gw_all_drops(&gw), gw_drops(&gw, DROP_IP_TOO_BIG));
}

/* ---- fragments ---- */

/* Put the payload of one piece where it belongs. @return its bytes */
static unsigned int
place(const uint8_t *ip, uint8_t *whole, unsigned int *end)
{
	const unsigned int ihl = (ip[0] & 15u) * 4u;
	const unsigned int len = ((unsigned int)ip[2] << 8 | ip[3]) - ihl;
	const unsigned int frag = (unsigned int)ip[6] << 8 | ip[7];
	const unsigned int off = (frag & IP4_OFF_MASK) * 8;

	assert_int_equal(ip4_csum(ip, ihl), 0);
	assert_true(off + len <= 2048);
	memcpy(whole + off, ip + ihl, len);
	if ((frag & IP4_MF) == 0)
		*end = off + len;
	else
		assert_int_equal(len % 8, 0);
	return len;
}

/* The pieces travel in NULL encryption, so that they can be read. */
static void
check_pieces(const struct gw_frame *f, unsigned int first_off, bool last)
{
	static uint8_t whole[2048];
	unsigned int bytes = 0, end = 0, n = 0;
	struct rte_mbuf *m;

	memset(whole, 0, sizeof(whole));
	for (; (m = gw_tx(&gw, GW_WAN)) != NULL; n++) {
		const uint8_t *outer = rte_pktmbuf_mtod_offset(m, uint8_t *, 14);

		assert_true(m->pkt_len - 14 <= MTU);
		assert_int_equal(outer[9], IPPROTO_ESP);
		assert_int_equal(outer[6] & 0x3f, 0); /* the tunnel packet itself is whole */
		assert_int_equal(outer[28 + 8], 63);
		bytes += place(outer + 28, whole, &end);
		rte_pktmbuf_free(m);
	}
	assert_true(n >= 2);
	assert_int_equal(bytes, f->len - 20);
	assert_int_equal(end, last ? first_off + f->len - 20 : 0);
	assert_memory_equal(whole + first_off, case_frame + 34, f->len - 20);
}

static void
mtu_without_df_is_cut_before_protection(void **state)
{
	(void)state;
	setup_tunnel(&suites[3], false);
	for (unsigned int len = largest_inner(&suites[3], false) + 1; len <= 2000; len += 77) {
		struct gw_frame f = inner_frame(false, len);

		f.frag = 0;
		case_send(&f);
		check_pieces(&f, 0, true);
	}
	assert_int_equal(gw_all_drops(&gw), 0);
}

/* What is a fragment already keeps its place and its MF bit. */
static void
mtu_fragments_are_cut_again(void **state)
{
	struct gw_frame f = inner_frame(false, 1620);

	(void)state;
	setup_tunnel(&suites[3], false);
	f.frag = 40;
	case_send(&f);
	check_pieces(&f, 320, true);
	f.frag = IP4_MF | 5;
	case_send(&f);
	check_pieces(&f, 40, false);
	assert_int_equal(gw_all_drops(&gw), 0);
}

static void
mtu_of_a_port_cuts_clear_packets(void **state)
{
	static uint8_t whole[2048];
	struct gw_frame f = inner_frame(false, 1900);
	unsigned int bytes = 0, end = 0;
	struct rte_mbuf *m;

	(void)state;
	f.frag = 0;
	case_send(&f);
	for (; (m = gw_tx(&gw, GW_WAN)) != NULL; rte_pktmbuf_free(m)) {
		assert_true(m->pkt_len - 14 <= MTU);
		bytes += place(rte_pktmbuf_mtod_offset(m, uint8_t *, 14), whole, &end);
	}
	assert_int_equal(bytes, 1880);
	assert_int_equal(end, 1880);
	assert_memory_equal(whole, case_frame + 34, 1880);
	assert_int_equal(gw_all_drops(&gw), 0);
}

/* A bundle grows a packet twice; its source must be told what fits all of it. */
static void
mtu_of_a_bundle_counts_every_tunnel(void **state)
{
	const struct rte_ether_addr mac = { { 2, 0, 0, 0, 9, 3 } };
	const struct suite *s = &suites[0];
	struct addr peer;
	struct gw_frame f;
	struct rte_mbuf *m;
	unsigned int max = MTU;

	(void)state;
	assert_int_equal(addr_parse("192.0.2.3", &peer), 0);
	snap_nbr_set(gw.snap, snap_nbr_get(gw.snap, &peer, GW_WAN), &mac);
	gw_setkey(&gw,
		CASE_SA_OUT
		"add 192.0.2.1 192.0.2.3 esp 0x2001 -m tunnel -E aes-gcm-16 0x" CASE_KEY_IN ";"
		"spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec "
		"esp/tunnel/192.0.2.1-192.0.2.2/require esp/tunnel/192.0.2.1-192.0.2.3/require;");
	while (outer_size(s, false, outer_size(s, false, max)) > MTU)
		max--;
	f = inner_frame(false, max);
	case_send(&f);
	case_sent_once(GW_WAN, 14 + outer_size(s, false, outer_size(s, false, max)));
	f.len = max + 1;
	case_send(&f);
	m = gw_punted(&gw);
	assert_non_null(m);
	assert_int_equal(pkt_meta(m)->kind, PUNT_TOO_BIG);
	assert_int_equal(pkt_meta(m)->mtu, max);
	rte_pktmbuf_free(m);
	case_dropped_once(DROP_IP_TOO_BIG);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, case_start, case_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(mtu_largest_packet_fits_and_one_more_does_not),
		CASE(mtu_without_df_is_cut_before_protection),
		CASE(mtu_fragments_are_cut_again),
		CASE(mtu_of_a_port_cuts_clear_packets),
		CASE(mtu_of_a_bundle_counts_every_tunnel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
