/* SPDX-License-Identifier: BSD-2-Clause */
/* Two gateways with one set of SAs: what the first protects, the second opens, whatever the bundle. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/defs.h"
#include "dp/drop_claims.h"
#include "dp/pair_case.h"
#include "pkt/pkt.h"
#include "pkt/punt.h"
#include "wire/ip.h"

#define GCM  " -E aes-gcm-16 0x00112233445566778899aabbccddeeff01020304;"
#define SHA1 " -A hmac-sha1 0x000102030405060708090a0b0c0d0e0f10111213;"
#define A4   "192.0.2.1"
#define B4   "192.0.2.2"
#define A6   "2001:db8::1"
#define B6   "2001:db8::2"
#define IN4  "10.1.0.0/16 10.2.0.0/16"
#define IN6  "fd00:1::/64 fd00:2::/64"

/* ---- the matrix ---- */

struct row {
	const char *name;
	const char *sas, *requests;
	const char *selector; /* source and destination of the policy */
	const char *src, *dst; /* of the packet */
	uint8_t proto; /* on the wire */
	bool local; /* made by gateway 0 for gateway 1 */
	bool shrinks; /* the payload is worth compressing */
};

#define ESP4(spi, more) "add " A4 " " B4 " esp " #spi more GCM
#define ESP6(spi, more) "add " A6 " " B6 " esp " #spi more GCM
#define AH4(spi, more)  "add " A4 " " B4 " ah " #spi more SHA1
#define AH6(spi, more)  "add " A6 " " B6 " ah " #spi more SHA1
#define COMP4           "add " A4 " " B4 " ipcomp 0x1001 -C deflate;"
#define COMP6           "add " A6 " " B6 " ipcomp 0x1001 -C deflate;"
#define HOSTS4          A4 " " B4
#define HOSTS6          A6 " " B6

static const struct row rows[] = {
	{ "esp tunnel 4 in 4", ESP4(0x1001, ""), "esp/tunnel/" A4 "-" B4 "/require", IN4,
		"10.1.0.2", "10.2.0.2", IPPROTO_ESP, false, false },
	{ "esp tunnel 6 in 4", ESP4(0x1001, ""), "esp/tunnel/" A4 "-" B4 "/require", IN6,
		"fd00:1::2", "fd00:2::2", IPPROTO_ESP, false, false },
	{ "esp tunnel 4 in 6", ESP6(0x1001, ""), "esp/tunnel/" A6 "-" B6 "/require", IN4,
		"10.1.0.2", "10.2.0.2", IPPROTO_ESP, false, false },
	{ "esp tunnel 6 in 6", ESP6(0x1001, ""), "esp/tunnel/" A6 "-" B6 "/require", IN6,
		"fd00:1::2", "fd00:2::2", IPPROTO_ESP, false, false },
	{ "esp transport, own, 4", ESP4(0x1001, ""), "esp/transport//require", HOSTS4, A4, B4,
		IPPROTO_ESP, true, false },
	{ "esp transport, own, 6", ESP6(0x1001, ""), "esp/transport//require", HOSTS6, A6, B6,
		IPPROTO_ESP, true, false },
	{ "esp transport, own, mode transport", ESP4(0x1001, " -m transport"),
		"esp/transport//require", HOSTS4, A4, B4, IPPROTO_ESP, true, false },
	{ "esp transport with addresses", ESP4(0x1001, ""), "esp/transport/" A4 "-" B4 "/require",
		HOSTS4, A4, B4, IPPROTO_ESP, true, false },
	{ "esp transport, unique", ESP4(0x1001, " -u 1") ESP4(0x1002, " -u 2"),
		"esp/transport//unique:2", HOSTS4, A4, B4, IPPROTO_ESP, true, false },
	{ "esp transport for others, 4", "add 10.1.0.2 10.2.0.2 esp 0x1001" GCM,
		"esp/transport//require", IN4, "10.1.0.2", "10.2.0.2", IPPROTO_ESP, false, false },
	{ "esp transport for others, 6", "add fd00:1::2 fd00:2::2 esp 0x1001" GCM,
		"esp/transport//require", IN6, "fd00:1::2", "fd00:2::2", IPPROTO_ESP, false,
		false },
	{ "esp tunnel in esp tunnel", ESP4(0x1001, "") ESP6(0x1002, ""),
		"esp/tunnel/" A4 "-" B4 "/require esp/tunnel/" A6 "-" B6 "/require", IN4,
		"10.1.0.2", "10.2.0.2", IPPROTO_ESP, false, false },
	{ "esp transport in esp tunnel", "add 10.1.0.2 10.2.0.2 esp 0x1001" GCM ESP6(0x1002, ""),
		"esp/transport//require esp/tunnel/" A6 "-" B6 "/require", IN4, "10.1.0.2",
		"10.2.0.2", IPPROTO_ESP, false, false },
	{ "esp tunnel in esp transport", ESP4(0x1001, " -u 1") ESP4(0x1002, " -u 2"),
		"esp/tunnel/" A4 "-" B4 "/unique:1 esp/transport//unique:2", IN4, "10.1.0.2",
		"10.2.0.2", IPPROTO_ESP, false, false },
	{ "four tunnels",
		ESP4(0x1001, " -u 1") ESP4(0x1002, " -u 2") ESP4(0x1003, " -u 3") ESP6(0x1004, ""),
		"esp/tunnel/" A4 "-" B4 "/unique:1 esp/tunnel/" A4 "-" B4 "/unique:2 esp/tunnel/" A4
		"-" B4 "/unique:3 esp/tunnel/" A6 "-" B6 "/require",
		IN4, "10.1.0.2", "10.2.0.2", IPPROTO_ESP, false, false },
	{ "ipcomp that has no SA is left out", ESP4(0x1001, ""),
		"ipcomp/tunnel/" A4 "-" B4 "/use esp/tunnel/" A4 "-" B4 "/require", IN4, "10.1.0.2",
		"10.2.0.2", IPPROTO_ESP, false, false },
	{ "ipcomp tunnel 4 in 4", COMP4, "ipcomp/tunnel/" A4 "-" B4 "/require", IN4, "10.1.0.2",
		"10.2.0.2", IPPROTO_IPCOMP, false, true },
	{ "ipcomp tunnel 6 in 4", COMP4, "ipcomp/tunnel/" A4 "-" B4 "/require", IN6, "fd00:1::2",
		"fd00:2::2", IPPROTO_IPCOMP, false, true },
	{ "ipcomp tunnel 4 in 6", COMP6, "ipcomp/tunnel/" A6 "-" B6 "/require", IN4, "10.1.0.2",
		"10.2.0.2", IPPROTO_IPCOMP, false, true },
	{ "ipcomp tunnel 6 in 6", COMP6, "ipcomp/tunnel/" A6 "-" B6 "/require", IN6, "fd00:1::2",
		"fd00:2::2", IPPROTO_IPCOMP, false, true },
	{ "ipcomp tunnel, cpi of its own", "add " A4 " " B4 " ipcomp 0x51001 -C deflate -R;",
		"ipcomp/tunnel/" A4 "-" B4 "/require", IN4, "10.1.0.2", "10.2.0.2", IPPROTO_IPCOMP,
		false, true },
	{ "ipcomp transport, own, 4", COMP4, "ipcomp/transport//require", HOSTS4, A4, B4,
		IPPROTO_IPCOMP, true, true },
	{ "ipcomp transport, own, 6", COMP6, "ipcomp/transport//require", HOSTS6, A6, B6,
		IPPROTO_IPCOMP, true, true },
	{ "ipcomp transport for others, 4", "add 10.1.0.2 10.2.0.2 ipcomp 0x1001 -C deflate;",
		"ipcomp/transport//require", IN4, "10.1.0.2", "10.2.0.2", IPPROTO_IPCOMP, false,
		true },
	{ "ipcomp transport for others, 6", "add fd00:1::2 fd00:2::2 ipcomp 0x1001 -C deflate;",
		"ipcomp/transport//require", IN6, "fd00:1::2", "fd00:2::2", IPPROTO_IPCOMP, false,
		true },
	{ "ipcomp tunnel in esp transport, 4", COMP4 ESP4(0x1001, ""),
		"ipcomp/tunnel/" A4 "-" B4 "/require esp/transport//require", IN4, "10.1.0.2",
		"10.2.0.2", IPPROTO_ESP, false, true },
	{ "ipcomp tunnel in esp transport, 6", COMP6 ESP6(0x1001, ""),
		"ipcomp/tunnel/" A6 "-" B6 "/require esp/transport//require", IN6, "fd00:1::2",
		"fd00:2::2", IPPROTO_ESP, false, true },
	{ "ipcomp transport in esp transport", COMP4 ESP4(0x1001, ""),
		"ipcomp/transport//require esp/transport//require", HOSTS4, A4, B4, IPPROTO_ESP,
		true, true },
	{ "ipcomp tunnel in ah transport, 4", COMP4 AH4(0x1001, ""),
		"ipcomp/tunnel/" A4 "-" B4 "/require ah/transport//require", IN4, "10.1.0.2",
		"10.2.0.2", IPPROTO_AH, false, true },
	{ "ipcomp tunnel in ah transport, 6", COMP6 AH6(0x1001, ""),
		"ipcomp/tunnel/" A6 "-" B6 "/require ah/transport//require", IN4, "10.1.0.2",
		"10.2.0.2", IPPROTO_AH, false, true },
	{ "ipcomp transport in esp tunnel",
		"add 10.1.0.2 10.2.0.2 ipcomp 0x1001 -C deflate;" ESP6(0x1002, ""),
		"ipcomp/transport//require esp/tunnel/" A6 "-" B6 "/require", IN4, "10.1.0.2",
		"10.2.0.2", IPPROTO_ESP, false, true },
	{ "ipcomp that gains nothing: ip in ip, 4 in 4", COMP4 ESP4(0x1001, ""),
		"ipcomp/tunnel/" A4 "-" B4 "/require esp/transport//require", IN4, "10.1.0.2",
		"10.2.0.2", IPPROTO_ESP, false, false },
	{ "ipcomp of what shrinks by its header alone, 6 in 4", COMP4 AH4(0x1001, ""),
		"ipcomp/tunnel/" A4 "-" B4 "/require ah/transport//require", IN6, "fd00:1::2",
		"fd00:2::2", IPPROTO_AH, false, false },
	{ "ipcomp that gains nothing: ip in ip, 4 in 6", COMP6 ESP6(0x1001, ""),
		"ipcomp/tunnel/" A6 "-" B6 "/require esp/transport//require", IN4, "10.1.0.2",
		"10.2.0.2", IPPROTO_ESP, false, false },
	{ "ipcomp that gains nothing: plain ip in ip, 4 in 4", COMP4,
		"ipcomp/tunnel/" A4 "-" B4 "/require", IN4, "10.1.0.2", "10.2.0.2", IPPROTO_IPIP,
		false, false },
	{ "ipcomp that gains nothing: plain ip in ip, 4 in 6", COMP6,
		"ipcomp/tunnel/" A6 "-" B6 "/require", IN4, "10.1.0.2", "10.2.0.2", IPPROTO_IPIP,
		false, false },
	{ "ipcomp that gains nothing: transport leaves all alone", COMP4 ESP4(0x1001, ""),
		"ipcomp/transport//require esp/transport//require", HOSTS4, A4, B4, IPPROTO_ESP,
		true, false },
	{ "ah tunnel 4 in 4", AH4(0x1001, ""), "ah/tunnel/" A4 "-" B4 "/require", IN4, "10.1.0.2",
		"10.2.0.2", IPPROTO_AH, false, false },
	{ "ah tunnel 4 in 6", AH6(0x1001, ""), "ah/tunnel/" A6 "-" B6 "/require", IN4, "10.1.0.2",
		"10.2.0.2", IPPROTO_AH, false, false },
	{ "ah tunnel 6 in 4", AH4(0x1001, ""), "ah/tunnel/" A4 "-" B4 "/require", IN6, "fd00:1::2",
		"fd00:2::2", IPPROTO_AH, false, false },
	{ "ah transport, own, 4", AH4(0x1001, ""), "ah/transport//require", HOSTS4, A4, B4,
		IPPROTO_AH, true, false },
	{ "ah transport, own, 6", AH6(0x1001, ""), "ah/transport//require", HOSTS6, A6, B6,
		IPPROTO_AH, true, false },
	{ "ah transport for others", "add 10.1.0.2 10.2.0.2 ah 0x1001" SHA1,
		"ah/transport//require", IN4, "10.1.0.2", "10.2.0.2", IPPROTO_AH, false, false },
	{ "the manual's bundle: esp tunnel in ah transport", ESP4(0x1001, "") AH4(0x1002, ""),
		"esp/tunnel/" A4 "-" B4 "/use ah/transport/" A4 "-" B4 "/require", IN4, "10.1.0.2",
		"10.2.0.2", IPPROTO_AH, false, false },
	{ "esp transport in ah transport, 4", ESP4(0x1001, "") AH4(0x1002, ""),
		"esp/transport//require ah/transport//require", HOSTS4, A4, B4, IPPROTO_AH, true,
		false },
	{ "esp transport in ah transport, 6", ESP6(0x1001, "") AH6(0x1002, ""),
		"esp/transport//require ah/transport//require", HOSTS6, A6, B6, IPPROTO_AH, true,
		false },
	{ "ah transport in esp transport", ESP4(0x1001, "") AH4(0x1002, ""),
		"ah/transport//require esp/transport//require", HOSTS4, A4, B4, IPPROTO_ESP, true,
		false },
	{ "ah transport in esp tunnel", ESP6(0x1001, "") "add 10.1.0.2 10.2.0.2 ah 0x1001" SHA1,
		"ah/transport//require esp/tunnel/" A6 "-" B6 "/require", IN4, "10.1.0.2",
		"10.2.0.2", IPPROTO_ESP, false, false },
	{ "ah tunnel in esp tunnel", ESP6(0x1001, "") AH4(0x1001, ""),
		"ah/tunnel/" A4 "-" B4 "/require esp/tunnel/" A6 "-" B6 "/require", IN4, "10.1.0.2",
		"10.2.0.2", IPPROTO_ESP, false, false },
	{ "esp behind udp, tunnel", "add " A4 "[4500] " B4 "[4500] esp-udp 0x1001 -m tunnel" GCM,
		"esp/tunnel/" A4 "-" B4 "/require", IN4, "10.1.0.2", "10.2.0.2", IPPROTO_UDP, false,
		false },
	{ "esp behind udp, odd ports", "add " A4 "[700] " B4 "[5555] esp-udp 0x1001" GCM,
		"esp/tunnel/" A4 "-" B4 "/require", IN4, "10.1.0.2", "10.2.0.2", IPPROTO_UDP, false,
		false },
	{ "esp behind udp, transport",
		"add " A4 "[4500] " B4 "[4500] esp-udp 0x1001 -m transport" GCM,
		"esp/transport//require", HOSTS4, A4, B4, IPPROTO_UDP, true, false },
	{ "esp behind udp, transport, 6",
		"add " A6 "[4500] " B6 "[4500] esp-udp 0x1001 -m transport" GCM,
		"esp/transport//require", HOSTS6, A6, B6, IPPROTO_UDP, true, false },
	{ "esp behind udp, 6", "add " A6 "[4500] " B6 "[4500] esp-udp 0x1001" GCM,
		"esp/tunnel/" A6 "-" B6 "/require", IN4, "10.1.0.2", "10.2.0.2", IPPROTO_UDP, false,
		false },
};

static void
configure(const struct row *r, const char *dir)
{
	char text[2048];

	(void)snprintf(text, sizeof(text), "%s spdadd %s any -P %s ipsec %s;", r->sas, r->selector,
		dir, r->requests);
	gw_setkey(&gw, text);
}

/* Clear text, and what another SA protected, must not pass for the real thing. */
static void
refuse_clear(const struct row *r)
{
	struct gw_frame f = gw_frame(GW_WAN, r->src, r->dst);
	const uint64_t before = gw_drops(&gw, DROP_POLICY_IN);

	if (strstr(r->requests, "esp/") == NULL && strstr(r->requests, "ah/") == NULL)
		return; /* compression is never required: it protects nothing */
	case_send(&f);
	assert_int_equal(gw_drops(&gw, DROP_POLICY_IN), before + 1);
}

static void
run(const struct row *r, enum crypto_engine engine)
{
	const char *const devices[] = { "crypto_openssl0", NULL };
	const char *const *list = engine == CRYPTO_LOOKASIDE ? devices : NULL;

	for (unsigned int len = 150; len <= 1200; len += 1050) {
		gw_open_side(&gw, 0, engine, list);
		configure(r, "out");
		make_original(r->src, r->dst, len);
		fill_original(r->shrinks);
		seal(r->local);
		assert_int_equal(wire_proto(), r->proto);
		if (r->shrinks) /* whatever is around it */
			assert_true(wire.len < len);
		gw_close(&gw);
		gw_open_side(&gw, 1, engine, list);
		configure(r, "in");
		receive();
		expect_original(r->local);
		refuse_clear(r);
		gw_close(&gw);
	}
}

static void
suite_opens_what_it_sealed(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARRAY_LEN(rows); i++) {
		print_message("    %s\n", rows[i].name);
		run(&rows[i], CRYPTO_DIRECT);
	}
}

static void
suite_opens_what_it_sealed_over_a_device(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARRAY_LEN(rows); i += 4)
		run(&rows[i], CRYPTO_LOOKASIDE);
}

/* ---- drops ---- */

static void
drop_natt_keepalive_and_hand_ike_on(void **state)
{
	struct gw_frame f = gw_frame(GW_WAN, B4, A4);
	struct rte_mbuf *m;
	unsigned int len;

	(void)state;
	gw_setkey(&gw, "add " B4 "[4500] " A4 "[4500] esp-udp 0x1002" GCM);
	f.dport = 4500;
	f.len = 29;
	len = gw_build(&gw, &f, case_frame);
	memcpy(case_frame + 34 + 4, "\0\11", 2);
	case_frame[42] = 0xff;
	case_send_raw(GW_WAN, case_frame, len);
	case_dropped_once(DROP_NATT_KEEPALIVE);
	/* Four zeros: a message of IKE, for the host. */
	f.len = 100;
	len = gw_build(&gw, &f, case_frame);
	memcpy(case_frame + 34 + 4, "\0\x50", 2);
	memset(case_frame + 42, 0, 4);
	case_send_raw(GW_WAN, case_frame, len);
	m = gw_punted(&gw);
	assert_non_null(m);
	assert_int_equal(pkt_meta(m)->kind, PUNT_LOCAL);
	assert_int_equal(pkt_meta(m)->l4_proto, IPPROTO_UDP);
	rte_pktmbuf_free(m);
	/* ESP that nobody knows. */
	memset(case_frame + 42, 7, 4);
	case_send_raw(GW_WAN, case_frame, len);
	assert_int_equal(gw_drops(&gw, DROP_SEC_NO_SA), 1);
	assert_int_equal(gw_all_drops(&gw), 2);
}

/* What looks like ESP behind UDP and is not for us leaves as it came. */
static void
natt_leaves_the_traffic_of_others_alone(void **state)
{
	struct gw_frame f = gw_frame(GW_WAN, "10.2.0.2", "10.1.0.2");
	struct packet got = { 0 };
	uint8_t sent[CASE_FRAME_MAX];
	unsigned int len;

	(void)state;
	gw_setkey(&gw, "add " B4 "[4500] " A4 "[4500] esp-udp 0x1002" GCM);
	f.dport = 4500;
	len = gw_build(&gw, &f, case_frame);
	memcpy(case_frame + 34 + 4, "\0\x50", 2);
	memcpy(sent, case_frame, len);
	case_send_raw(GW_WAN, case_frame, len);
	take_frame(gw_tx(&gw, GW_LAN), 14, &got);
	assert_int_equal(got.len, len - 14);
	assert_memory_equal(got.b + 20, sent + 34, got.len - 20);
	no_drops();
}

/* Two clients behind one translator chose one SPI: only the port tells them apart. */
static void
natt_clients_may_share_an_spi(void **state)
{
	static const uint16_t client[] = { 1025, 1026 };
	uint16_t port_be;

	(void)state;
	gw_setkey(&gw,
		"add " A4 "[4500] " B4 "[1025] esp-udp 0x1001 -m tunnel -u 1" GCM "add " A4
		"[4500] " B4 "[1026] esp-udp 0x1001 -m tunnel -u 2" GCM
		"spdadd 10.1.0.0/16 10.2.1.0/24 any -P out ipsec esp/tunnel/" A4 "-" B4 "/unique:1;"
		"spdadd 10.1.0.0/16 10.2.2.0/24 any -P out ipsec esp/tunnel/" A4 "-" B4
		"/unique:2;");
	for (unsigned int i = 0; i < ARRAY_LEN(client); i++) {
		make_original("10.1.0.2", i == 0 ? "10.2.1.9" : "10.2.2.9", 100);
		seal(false);
		memcpy(&port_be, wire.b + 34 + 2, 2);
		assert_int_equal(wire_proto(), IPPROTO_UDP);
		assert_int_equal(ntohs(port_be), client[i]);
	}
	assert_int_equal(gw.kd.sad.n, 2);
}

/* Transport mode cannot protect a fragment, and nobody makes a tunnel of it in silence. */
static void
fragments_do_not_pass_in_transport_mode(void **state)
{
	struct gw_frame f = gw_frame(GW_LAN, "10.1.0.2", "10.2.0.2");

	(void)state;
	gw_setkey(&gw,
		"add 10.1.0.2 10.2.0.2 esp 0x1001" GCM "spdadd " IN4
		" any -P out ipsec esp/transport//require;");
	f.frag = 0x2000;
	case_send(&f);
	case_dropped_once(DROP_OUT_FRAG);
}

/* Both directions; the switch of one protocol leaves the other alone. */
static void
drop_ah_disabled_in_both_directions(void **state)
{
	(void)state;
	gw_setkey(&gw,
		AH4(0x1001, "") ESP4(0x1001, "") "spdadd " IN4 " udp -P out ipsec ah/tunnel/" A4
						 "-" B4 "/require;");
	make_original("10.1.0.2", "10.2.0.2", 100);
	seal(false);
	snap_knobs(gw.snap)->ah_enable = 0;
	gw_commit(&gw);
	enter(&original, false);
	case_dropped_once(DROP_AH_DISABLED);
	gw_close(&gw);
	gw_open_side(&gw, 1, CRYPTO_DIRECT, NULL);
	gw_setkey(&gw, AH4(0x1001, ""));
	snap_knobs(gw.snap)->ah_enable = 0;
	gw_commit(&gw);
	receive();
	case_dropped_once(DROP_AH_DISABLED);
}

static void
drop_ipcomp_disabled_in_both_directions(void **state)
{
	struct gw_frame f = gw_frame(GW_WAN, B4, A4);

	(void)state;
	gw_setkey(&gw,
		"add " A4 " " B4 " ipcomp 0x1001 -C deflate; add " B4 " " A4
		" ipcomp 0x1002 -C deflate;"
		"spdadd " IN4 " any -P out ipsec ipcomp/tunnel/" A4 "-" B4 "/require;");
	snap_knobs(gw.snap)->ipcomp_enable = 0;
	gw_commit(&gw);
	make_original("10.1.0.2", "10.2.0.2", 100);
	enter(&original, false);
	case_dropped_once(DROP_IPCOMP_DISABLED);
	/* CPI 2 is everybody's: whose SA it is, the source says. */
	f.proto = IPPROTO_IPCOMP;
	(void)gw_build(&gw, &f, case_frame);
	memcpy(case_frame + 34, "\4\0\0\2", 4);
	case_send_raw(GW_WAN, case_frame, f.len + 14);
	assert_int_equal(gw_drops(&gw, DROP_IPCOMP_DISABLED), 2);
	assert_int_equal(gw_all_drops(&gw), 2);
}

/* What NetBSD calls MINLEN and USELESS; and a packet that shrinks is neither. */
static void
ipcomp_counts_what_it_leaves_alone(void **state)
{
	const struct lane *lane = worker_lane(gw.w);

	(void)state;
	gw_setkey(
		&gw, COMP4 "spdadd " IN4 " any -P out ipsec ipcomp/tunnel/" A4 "-" B4 "/require;");
	for (unsigned int i = 0; i < 3; i++) {
		make_original("10.1.0.2", "10.2.0.2", i == 0 ? 60 : 600);
		fill_original(i == 2);
		seal(false);
		assert_int_equal(wire_proto(), i == 2 ? IPPROTO_IPCOMP : IPPROTO_IPIP);
		assert_int_equal(lane->comp_short, 1);
		assert_int_equal(lane->comp_useless, i > 0);
	}
}

static void
drop_out_sa_addr_of_a_transport_sa_to_elsewhere(void **state)
{
	(void)state;
	gw_setkey(&gw,
		ESP4(0x1001, "") "spdadd " IN4 " any -P out ipsec esp/transport/" A4 "-" B4
				 "/require;");
	make_original("10.1.0.2", "10.2.0.2", 100);
	enter(&original, false);
	case_dropped_once(DROP_OUT_SA_ADDR);
}

/* A row of its own cache must not outlive the SA that it named. */
static void
transport_follows_the_newest_sa(void **state)
{
	(void)state;
	gw_setkey(
		&gw, ESP4(0x1001, "") "spdadd " HOSTS4 " any -P out ipsec esp/transport//require;");
	for (unsigned int i = 0; i < 4; i++) {
		make_original(A4, B4, 100);
		seal(true);
		assert_int_equal(wire.b[34 + 3], i == 1 || i == 2 ? 2 : 1);
		if (i == 0)
			gw_setkey(&gw, ESP4(0x1002, ""));
		if (i == 1) {
			snap_knobs(gw.snap)->prefer_oldsa = 0;
			gw_commit(&gw);
		}
		if (i == 2) {
			snap_knobs(gw.snap)->prefer_oldsa = 1;
			gw_commit(&gw);
		}
	}
	gw_setkey(&gw, "delete " A4 " " B4 " esp 0x1001;");
	seal(true);
	assert_int_equal(wire.b[34 + 3], 2);
	gw_setkey(&gw, "delete " A4 " " B4 " esp 0x1002;");
	enter(&original, true);
	case_dropped_once(DROP_OUT_NO_SA);
}

/* ipsec(4): with net.inet.ipsec.enabled 0 nobody asks the policies. */
static void
policies_can_be_turned_off(void **state)
{
	struct gw_frame f = gw_frame(GW_WAN, "10.2.0.2", "10.1.0.2");

	(void)state;
	gw_setkey(&gw,
		"spdadd 0.0.0.0/0 0.0.0.0/0 any -P in discard;"
		"spdadd 0.0.0.0/0 0.0.0.0/0 any -P out discard;");
	snap_knobs(gw.snap)->af[KNOBS_V4].def_policy = SP_DISCARD;
	snap_knobs(gw.snap)->enabled = 0;
	gw_commit(&gw);
	case_send(&f);
	assert_int_equal(case_drain(GW_LAN), 1);
	f.frag = 0x2000;
	case_send(&f);
	assert_int_equal(case_drain(GW_LAN), 1);
	snap_knobs(gw.snap)->enabled = 2;
	gw_commit(&gw);
	case_send(&f);
	case_dropped_once(DROP_POLICY_IN);
}

static void
drop_reasons_claimed_here_are_shown(void **state)
{
	(void)state;
	for (unsigned int r = 0; r < DROP_MAX; r++) {
		if (drop_claims[r] == BY_SUITE && !case_has_shown((enum drop_reason)r))
			fail_msg("%s was not shown here", drop_name((enum drop_reason)r));
	}
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, case_start, case_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(suite_opens_what_it_sealed),
		cmocka_unit_test(suite_opens_what_it_sealed_over_a_device),
		CASE(drop_natt_keepalive_and_hand_ike_on),
		CASE(natt_leaves_the_traffic_of_others_alone),
		CASE(natt_clients_may_share_an_spi),
		CASE(fragments_do_not_pass_in_transport_mode),
		CASE(drop_ah_disabled_in_both_directions),
		CASE(drop_ipcomp_disabled_in_both_directions),
		CASE(ipcomp_counts_what_it_leaves_alone),
		CASE(drop_out_sa_addr_of_a_transport_sa_to_elsewhere),
		CASE(transport_follows_the_newest_sa),
		CASE(policies_can_be_turned_off),
		cmocka_unit_test(drop_reasons_claimed_here_are_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
