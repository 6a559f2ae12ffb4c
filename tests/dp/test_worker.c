/* SPDX-License-Identifier: BSD-2-Clause */
/* The whole data path, one step at a time, on each crypto engine: forwarding, tunnels both ways, and what */
/* policies refuse. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>

#include <cmocka.h>

#include "dp/engine.h"
#include "dp/gw.h"
#include "pkt/pkt.h"
#include "pkt/punt.h"
#include "wire/ip.h"

#define KEY_OUT    "00112233445566778899aabbccddeeff01020304"
#define KEY_IN     "ffeeddccbbaa998877665544332211000a0b0c0d"
#define TUNNEL4    "esp/tunnel/192.0.2.1-192.0.2.2/require"
#define TUNNEL4_IN "esp/tunnel/192.0.2.2-192.0.2.1/require"

static const char sas[] =
	"add 192.0.2.1 192.0.2.2 esp 0x1001 -m tunnel -E aes-gcm-16 0x" KEY_OUT ";"
	"add 192.0.2.2 192.0.2.1 esp 0x1002 -m tunnel -r 64 -E aes-gcm-16 0x" KEY_IN ";";
static const char policies[] = "spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec " TUNNEL4 ";"
			       "spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec " TUNNEL4_IN ";"
			       "spdadd fd00:1::/64 fd00:2::/64 any -P out ipsec " TUNNEL4 ";"
			       "spdadd fd00:2::/64 fd00:1::/64 any -P in ipsec " TUNNEL4_IN ";";

static struct gw gw;
static const struct engine *engine;
static uint8_t frame[2048];

static int
start(void **state)
{
	const char *const devices[] = { engine->device, NULL };

	(void)state;
	gw_open(&gw, engine->engine, engine->device != NULL ? devices : NULL);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	gw_close(&gw);
	return 0;
}

static void
send_frame(const struct gw_frame *f)
{
	unsigned int len = gw_build(&gw, f, frame);

	gw_rx(&gw, f->port, frame, len);
	gw_settle(&gw);
}

static void
worker_forwards_without_policy(void **state)
{
	const char *const pair[2][2] = { { "10.1.0.2", "10.2.0.2" }, { "fd00:1::2", "fd00:2::2" } };

	(void)state;
	/* The second round comes out of the flow cache. */
	for (unsigned int i = 0; i < 4; i++) {
		struct gw_frame f = gw_frame(GW_LAN, pair[i & 1][0], pair[i & 1][1]);
		struct rte_mbuf *m;
		const uint8_t *p;

		send_frame(&f);
		m = gw_tx(&gw, GW_WAN);
		assert_non_null(m);
		p = rte_pktmbuf_mtod(m, const uint8_t *);
		assert_int_equal(m->pkt_len, 114);
		assert_memory_equal(p, "\x02\0\0\0\x09\x01\x02\0\0\0\x01\x01", 12);
		assert_int_equal(p[14 + (i & 1 ? 7 : 8)], 63);
		if ((i & 1) == 0)
			assert_int_equal(ip4_csum(p + 14, 20), 0);
		rte_pktmbuf_free(m);
	}
	assert_int_equal(gw_all_drops(&gw), 0);
}

static void
worker_protects_by_policy(void **state)
{
	(void)state;
	gw_setkey(&gw, sas);
	gw_setkey(&gw, policies);
	for (uint32_t i = 1; i <= 3; i++) {
		struct gw_frame f = gw_frame(GW_LAN, i == 2 ? "fd00:1::2" : "10.1.0.2",
			i == 2 ? "fd00:2::2" : "10.2.0.2");
		struct rte_mbuf *m;
		const uint8_t *p;

		send_frame(&f);
		m = gw_tx(&gw, GW_WAN);
		assert_non_null(m);
		p = rte_pktmbuf_mtod(m, const uint8_t *);
		assert_int_equal(p[14 + 9], IPPROTO_ESP);
		assert_memory_equal(p + 34, "\0\0\x10\x01\0\0\0", 7);
		assert_int_equal(p[41], i);
		assert_int_equal(ip4_csum(p + 14, 20), 0);
		rte_pktmbuf_free(m);
	}
	assert_int_equal(gw_all_drops(&gw), 0);
}

/* More packets than a burst, of two SAs and in both directions at once: each comes out. */
static void
worker_serves_a_full_ring_in_both_directions(void **state)
{
	enum { N = 100 };
	unsigned int sealed = 0, opened = 0;
	uint8_t inner[256];

	(void)state;
	gw_setkey(&gw, sas);
	gw_setkey(&gw, policies);
	for (uint32_t i = 0; i < N; i++) {
		struct gw_frame f = gw_frame(GW_LAN, "10.1.0.2", "10.2.0.2");
		struct gw_frame in = gw_frame(GW_WAN, "10.2.0.2", "10.1.0.2");
		struct gw_esp e = { .spi = 0x1002, .seq = i + 1, .key = KEY_IN };

		gw_rx(&gw, GW_LAN, frame, gw_build(&gw, &f, frame));
		e.inner_len = gw_build(&gw, &in, inner) - 14;
		e.inner = inner + 14;
		gw_rx(&gw, GW_WAN, frame, gw_seal(&gw, &e, frame));
	}
	for (unsigned int i = 0; i < 2 * N && sealed + opened < 2 * N; i++) {
		struct rte_mbuf *m;

		gw_settle(&gw);
		for (; (m = gw_tx(&gw, GW_WAN)) != NULL; sealed++)
			rte_pktmbuf_free(m);
		for (; (m = gw_tx(&gw, GW_LAN)) != NULL; opened++)
			rte_pktmbuf_free(m);
	}
	assert_int_equal(sealed, N);
	assert_int_equal(opened, N);
	assert_int_equal(gw_all_drops(&gw), 0);
}

/* What a device says is wrong is dropped as such, not forwarded. */
static void
worker_drops_what_does_not_verify(void **state)
{
	uint8_t inner[256];

	(void)state;
	gw_setkey(&gw, sas);
	gw_setkey(&gw, policies);
	for (uint32_t i = 1; i <= 10; i++) {
		struct gw_frame f = gw_frame(GW_WAN, "10.2.0.2", "10.1.0.2");
		struct gw_esp e = { .spi = 0x1002, .seq = i, .key = KEY_IN };
		unsigned int len;
		struct rte_mbuf *m;

		e.inner_len = gw_build(&gw, &f, inner) - 14;
		e.inner = inner + 14;
		len = gw_seal(&gw, &e, frame);
		if (i % 2 == 0)
			frame[14 + 20 + 16 + i * 7] ^= 1;
		gw_rx(&gw, GW_WAN, frame, len);
		gw_settle(&gw);
		m = gw_tx(&gw, GW_LAN);
		assert_true((m != NULL) == (i % 2 != 0));
		rte_pktmbuf_free(m);
	}
	assert_int_equal(gw_drops(&gw, DROP_SEC_AUTH), 5);
	assert_int_equal(gw_all_drops(&gw), 5);
}

static void
worker_opens_and_forwards(void **state)
{
	uint8_t inner[256];

	(void)state;
	gw_setkey(&gw, sas);
	gw_setkey(&gw, policies);
	for (uint32_t i = 1; i <= 4; i++) {
		struct gw_frame f = gw_frame(
			GW_WAN, i & 1 ? "10.2.0.2" : "fd00:2::2", i & 1 ? "10.1.0.2" : "fd00:1::2");
		struct gw_esp e = { .spi = 0x1002, .seq = i, .key = KEY_IN };
		struct rte_mbuf *m;

		e.inner_len = gw_build(&gw, &f, inner) - 14;
		e.inner = inner + 14;
		gw_rx(&gw, GW_WAN, frame, gw_seal(&gw, &e, frame));
		gw_settle(&gw);
		m = gw_tx(&gw, GW_LAN);
		assert_non_null(m);
		assert_int_equal(m->pkt_len, 114);
		assert_memory_equal(rte_pktmbuf_mtod_offset(m, uint8_t *, 34), inner + 34, 80);
		rte_pktmbuf_free(m);
	}
	assert_int_equal(gw_all_drops(&gw), 0);
	/* The same in clear is refused. */
	{
		struct gw_frame f = gw_frame(GW_WAN, "10.2.0.2", "10.1.0.2");

		send_frame(&f);
		assert_null(gw_tx(&gw, GW_LAN));
		assert_int_equal(gw_drops(&gw, DROP_POLICY_IN), 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(worker_forwards_without_policy, start, stop),
		cmocka_unit_test_setup_teardown(worker_protects_by_policy, start, stop),
		cmocka_unit_test_setup_teardown(worker_opens_and_forwards, start, stop),
		cmocka_unit_test_setup_teardown(worker_drops_what_does_not_verify, start, stop),
		cmocka_unit_test_setup_teardown(
			worker_serves_a_full_ring_in_both_directions, start, stop),
	};

	int failed = 0;

	for (engine = engines; engine < engines + ENGINES; engine++)
		failed += cmocka_run_group_tests_name(engine->name, tests, NULL, NULL);
	return failed;
}
