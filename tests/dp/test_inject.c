/* SPDX-License-Identifier: BSD-2-Clause */
/* Control's queue to a worker: what fits goes out in order, what does not is counted by control. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/ctl.h"
#include "dp/gw.h"
#include "pkt/punt.h"

static struct gw gw;
static struct gateway *control;

static int
start(void **state)
{
	(void)state;
	gw_open(&gw, CRYPTO_DIRECT, NULL);
	control = aligned_alloc(64, RTE_ALIGN(sizeof(*control), 64));
	assert_non_null(control);
	memset(control, 0, sizeof(*control));
	control->workers.n = 1;
	control->workers.w[0] = gw.w;
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	free(control);
	gw_close(&gw);
	return 0;
}

/* A frame with its number in it, for the WAN. */
static void
inject(uint32_t number)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(gw.pool);
	char *p;

	assert_non_null(m);
	p = rte_pktmbuf_append(m, 60);
	assert_non_null(p);
	memset(p, 0, 60);
	memcpy(p + 14, &number, sizeof(number));
	pkt_meta(m)->kind = INJECT_FRAME;
	pkt_meta(m)->out_if = GW_WAN;
	ctl_inject(control, m);
}

/* Step until nothing comes out. @return frames sent, which are numbered from first on */
static uint32_t
drain(uint32_t first)
{
	uint32_t n = 0, number;
	struct rte_mbuf *m;

	while (gw_step(&gw) > 0) {
		while ((m = gw_tx(&gw, GW_WAN)) != NULL) {
			memcpy(&number, rte_pktmbuf_mtod_offset(m, char *, 14), sizeof(number));
			assert_int_equal(number, first + n);
			n++;
			rte_pktmbuf_free(m);
		}
	}
	return n;
}

static void
inject_beyond_the_ring_is_counted_by_control(void **state)
{
	const unsigned int size = rte_ring_get_capacity(worker_inject_ring(gw.w));

	(void)state;
	for (uint32_t round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < size; i++)
			inject(i);
		assert_int_equal(control->lane.drop[DROP_INJECT_FULL], 7 * round);
		for (uint32_t i = 0; i < 7; i++)
			inject(size + i);
		assert_int_equal(control->lane.drop[DROP_INJECT_FULL], 7 * (round + 1));
		/* Dropped at once: only what the ring holds is in use. */
		assert_int_equal(rte_mempool_in_use_count(gw.pool), size);
		assert_int_equal(drain(0), size);
	}
	/* Nothing of it is the worker's loss. */
	assert_int_equal(gw_all_drops(&gw), 0);
	for (unsigned int r = 0; r < DROP_MAX; r++) {
		if (r != DROP_INJECT_FULL)
			assert_int_equal(control->lane.drop[r], 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			inject_beyond_the_ring_is_counted_by_control, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
