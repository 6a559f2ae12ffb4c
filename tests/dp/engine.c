/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>

#include <cmocka.h>

#include "dp/eal.h"

const struct engine engines[ENGINES_ALL] = {
	{ "direct", CRYPTO_DIRECT, NULL, 51 },
	{ "aesni_gcm", CRYPTO_LOOKASIDE, "crypto_aesni_gcm0", 15 },
	{ "aesni_mb", CRYPTO_LOOKASIDE, "crypto_aesni_mb0,max_nb_queue_pairs=1", 38 },
	{ "openssl", CRYPTO_LOOKASIDE, "crypto_openssl0", 33 },
	{ "chacha", CRYPTO_LOOKASIDE, "crypto_chacha20_poly1305", 1 },
};

void
engine_eal(void)
{
	test_eal(256, "--log-level=4");
}

struct crypto *
engine_open(const struct engine *e, struct lane *lane)
{
	const struct crypto_conf conf = { .nworkers = 1,
		.engine = e->engine,
		.devices = &e->device,
		.ndevices = e->device != NULL };
	struct err err = { 0 };
	struct crypto *c = crypto_new(&conf, &err);
	const struct crypto_report *r;
	unsigned int n;

	if (c == NULL) {
		fail_msg("%s: %s", e->name, err.text);
		abort();
	}
	/* Tests pass over what an engine does not offer, so it must offer all that it should. */
	r = crypto_reports(c, &n);
	assert_int_equal(n, e->rows);
	while (n > 0)
		assert_true(r[--n].passed);
	assert_int_equal(crypto_lane_open(c, lane), 0);
	return c;
}

void
engine_close(struct crypto *c, struct lane *lane)
{
	uint64_t created = 0, destroyed = 0;

	crypto_session_counts(c, &created, &destroyed);
	assert_true(created > 0);
	assert_int_equal(created, destroyed);
	assert_int_equal(crypto_inflight(lane), 0);
	crypto_lane_close(c, lane);
	crypto_free(c);
}

static bool
is_one_of(struct rte_mbuf *const *m, uint16_t n, const struct rte_mbuf *x)
{
	while (n > 0) {
		if (m[--n] == x)
			return true;
	}
	return false;
}

uint16_t
engine_run(struct lane *lane, uint16_t first, struct rte_mbuf **m, uint16_t n)
{
	const uint64_t end = rte_get_timer_cycles() + 5 * rte_get_timer_hz();
	struct pvec done = { 0 };
	uint16_t now;

	if (n == 0)
		return 0;
	now = pkt_meta(m[0])->sa->crypto->submit(lane, first, m, n);
	while (now + done.n < n && rte_get_timer_cycles() < end)
		crypto_poll(lane, &done);
	assert_int_equal(now + done.n, n);
	assert_int_equal(crypto_inflight(lane), 0);
	for (uint16_t i = 0; i < n; i++) {
		assert_int_equal(pkt_meta(m[i])->sa->lc[lane->idx].inflight, 0);
		assert_true(i < now || is_one_of(done.m, done.n, m[i]));
	}
	return n;
}

const struct engine *engine_now;
static const struct engine_group *group;

static int
group_start(void **state)
{
	(void)state;
	group->start(engine_now);
	return 0;
}

static int
group_stop(void **state)
{
	(void)state;
	group->stop();
	return 0;
}

int
engine_groups(const struct engine_group *g, const struct CMUnitTest *tests, size_t n)
{
	int failed = 0;

	group = g;
	for (unsigned int i = 0; i < ENGINES; i++) {
		engine_now = &engines[i];
		if (g->without == NULL || strcmp(engine_now->name, g->without) != 0)
			failed += _cmocka_run_group_tests(
				engine_now->name, tests, n, group_start, group_stop);
	}
	return failed + (rte_eal_cleanup() != 0);
}
