/* SPDX-License-Identifier: BSD-2-Clause */
#include "dp/gw_case.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "pkt/pkt.h"

struct gw gw;
uint8_t case_frame[CASE_FRAME_MAX];
static bool shown[DROP_MAX];

int
case_start(void **state)
{
	(void)state;
	gw_open(&gw, CRYPTO_DIRECT, NULL);
	return 0;
}

int
case_start_lookaside(void **state)
{
	const char *const devices[] = { "crypto_openssl0", NULL };

	(void)state;
	gw_open(&gw, CRYPTO_LOOKASIDE, devices);
	return 0;
}

void
case_settle(void)
{
	for (unsigned int i = 0; i < 1000; i++) {
		if (gw_step(&gw) == 0 && crypto_inflight(worker_lane(gw.w)) == 0)
			return;
	}
	fail_msg("packets stay in their engine");
}

int
case_stop(void **state)
{
	(void)state;
	gw_close(&gw);
	return 0;
}

void
case_send_raw(unsigned int port, const uint8_t *frame, unsigned int len)
{
	gw_rx(&gw, port, frame, len);
	assert_int_equal(gw_step(&gw), 1);
}

void
case_send(const struct gw_frame *f)
{
	case_send_raw(f->port, case_frame, gw_build(&gw, f, case_frame));
}

void
case_send_esp(const struct gw_esp *e)
{
	struct gw_esp full = *e;

	if (full.spi == 0)
		full.spi = 0x1002;
	if (full.key == NULL)
		full.key = CASE_KEY_IN;
	case_send_raw(GW_WAN, case_frame, gw_seal(&gw, &full, case_frame));
}

unsigned int
case_inner(const uint8_t **ip, bool v6, unsigned int len)
{
	static uint8_t inner[CASE_FRAME_MAX];
	struct gw_frame f =
		gw_frame(GW_WAN, v6 ? "fd00:2::2" : "10.2.0.2", v6 ? "fd00:1::2" : "10.1.0.2");

	f.len = len;
	*ip = inner + 14;
	return gw_build(&gw, &f, inner) - 14;
}

unsigned int
case_drain(unsigned int port)
{
	struct rte_mbuf *m;
	unsigned int n = 0;

	for (; (m = gw_tx(&gw, port)) != NULL; n++)
		rte_pktmbuf_free(m);
	return n;
}

unsigned int
case_drain_punt(void)
{
	struct rte_mbuf *m;
	unsigned int n = 0;

	for (; (m = gw_punted(&gw)) != NULL; n++)
		rte_pktmbuf_free(m);
	return n;
}

/* A wrong reason shall show by name which one it was. */
static void
check_reason(enum drop_reason r)
{
	for (unsigned int i = 0; i < DROP_MAX; i++) {
		const uint64_t n = gw_drops(&gw, (enum drop_reason)i);

		if (n != (i == r))
			fail_msg("%s: %u times, expected only %s", drop_name((enum drop_reason)i),
				(unsigned int)n, drop_name(r));
	}
	assert_int_equal(case_drain(GW_LAN) + case_drain(GW_WAN), 0);
	shown[r] = true;
}

void
case_dropped_once(enum drop_reason r)
{
	check_reason(r);
	assert_int_equal(case_drain_punt(), 0);
}

void
case_dropped_and_punted(enum drop_reason r, int kind)
{
	struct rte_mbuf *m = gw_punted(&gw);

	check_reason(r);
	assert_non_null(m);
	assert_int_equal(pkt_meta(m)->kind, kind);
	rte_pktmbuf_free(m);
	assert_int_equal(case_drain_punt(), 0);
}

void
case_sent_once(unsigned int port, unsigned int len)
{
	struct rte_mbuf *m = gw_tx(&gw, port);

	for (unsigned int i = 0; i < DROP_MAX; i++) {
		if (gw_drops(&gw, (enum drop_reason)i) != 0)
			fail_msg("dropped: %s", drop_name((enum drop_reason)i));
	}
	assert_non_null(m);
	assert_int_equal(m->pkt_len, len);
	rte_pktmbuf_free(m);
	assert_int_equal(case_drain(GW_LAN) + case_drain(GW_WAN) + case_drain_punt(), 0);
}

bool
case_has_shown(enum drop_reason r)
{
	return shown[r];
}
