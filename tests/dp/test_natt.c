/* SPDX-License-Identifier: BSD-2-Clause */
/* ESP behind UDP with a translator in between: transport mode, and mappings that change. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/defs.h"
#include "dp/eal.h"
#include "dp/pair_case.h"
#include "pkt/pkt.h"
#include "wire/ip.h"

#define GCM    " -E aes-gcm-16 0x00112233445566778899aabbccddeeff01020304;"
#define A4     "192.0.2.1"
#define B4     "192.0.2.2"
#define HOSTS4 A4 " " B4

/* What a translator does to a packet on the wire. */
static void
translate(const char *src, uint16_t port)
{
	const struct addr a = test_ip(src);
	const uint16_t port_be = htons(port);
	uint16_t csum;

	memcpy(wire.b + 14 + 12, a.b, 4);
	memcpy(wire.b + 34, &port_be, 2);
	memset(wire.b + 14 + 10, 0, 2);
	csum = ip4_csum(wire.b + 14, 20);
	memcpy(wire.b + 14 + 10, &csum, 2);
}

/* A packet of gateway 0 behind a translator, for gateway 1, which is open afterwards. */
static void
cross_nat(const char *more, uint16_t port)
{
	char text[512];

	gw_setkey(&gw,
		"add " A4 "[4500] " B4 "[4500] esp-udp 0x1001 -m transport" GCM "spdadd " HOSTS4
		" any -P out ipsec esp/transport//require;");
	make_original(A4, B4, 300);
	fill_original(false);
	seal(true);
	translate("192.0.2.9", port);
	gw_close(&gw);
	gw_open_side(&gw, 1, CRYPTO_DIRECT, NULL);
	(void)snprintf(text, sizeof(text),
		"add 192.0.2.9[1025] " B4 "[4500] esp-udp 0x1001 -m transport %s" GCM
		"spdadd 192.0.2.9 " B4 " any -P in ipsec esp/transport//require;",
		more);
	gw_setkey(&gw, text);
}

/* RFC 3948 3.1.2: with the original address by difference, which a wrong one spoils; else anew. */
static void
natt_transport_mends_the_checksum(void **state)
{
	static const struct {
		const char *oa;
		bool good;
	} row[] = { { "", true }, { "-oa_src " A4, true }, { "-oa_src 10.9.9.9", false } };
	struct packet got = { 0 };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_LEN(row); i++) {
		struct rte_mbuf *m;

		cross_nat(row[i].oa, 1025);
		receive();
		no_drops();
		m = gw_punted(&gw);
		assert_non_null(m);
		take_frame(m, pkt_meta(m)->l3_off, &got);
		assert_int_equal(got.len, original.len);
		assert_memory_equal(got.b + 28, original.b + 28, got.len - 28);
		assert_memory_equal(got.b + 12, test_ip("192.0.2.9").b, 4);
		assert_int_equal(udp_csum(&got) == 0 || udp_csum(&got) == 0xffff, row[i].good);
		gw_close(&gw);
		gw_open(&gw, CRYPTO_DIRECT, NULL);
	}
}

/* Who has no key must not move a mapping; who has one is heard from wherever he is. */
static void
natt_mapping_changes_after_authentication(void **state)
{
	const struct lane *lane;

	(void)state;
	cross_nat("", 2000);
	lane = worker_lane(gw.w);
	assert_non_null(lane->audit);
	wire.b[wire.len - 1] ^= 1;
	receive();
	case_dropped_once(DROP_SEC_AUTH);
	assert_int_equal(audit_events(lane->audit, AUDIT_NEW_MAPPING), 0);
	wire.b[wire.len - 1] ^= 1;
	receive();
	assert_int_equal(case_drain_punt(), 1);
	assert_int_equal(audit_events(lane->audit, AUDIT_NEW_MAPPING), 1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, case_start, case_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(natt_transport_mends_the_checksum),
		CASE(natt_mapping_changes_after_authentication),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
