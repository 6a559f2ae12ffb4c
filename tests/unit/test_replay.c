/* SPDX-License-Identifier: BSD-2-Clause */
/* The anti-replay window against a naive set of all numbers ever accepted. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ipsec/replay.h"
#include "support/rng.h"

#define SEEN_MAX 40000u

/* Every accepted number, in no order, with the definition of the window from RFC 4303 3.4.3. */
struct naive {
	uint64_t top;
	uint32_t window;
	uint8_t *seen; /* one byte per number - base */
	uint64_t base;
};

static int
naive_check(const struct naive *n, uint64_t seq)
{
	if (seq == 0)
		return -EINVAL;
	if (seq > n->top)
		return 0;
	if (seq + n->window <= n->top)
		return -ERANGE;
	return n->seen[seq - n->base] ? -EALREADY : 0;
}

static uint64_t
near(uint64_t *rng, uint64_t top, uint32_t window)
{
	switch (rng_next(rng) % 8) {
	case 0:
		return top + 1;
	case 1:
		return top + 1 + rng_next(rng) % 64;
	case 2: /* more than a window ahead */
		return top + window + rng_next(rng) % 200;
	case 3: /* around the left edge */
		return top - window + rng_next(rng) % 5 - 2;
	default:
		return top - rng_next(rng) % (window + 70u);
	}
}

static void
run(uint32_t window, uint64_t base, bool esn, uint64_t *rng)
{
	const size_t span = 4u << 20;
	struct replay *r = malloc(replay_size(window));
	struct naive n = { .window = window, .base = base, .seen = calloc(span, 1), .top = base };
	uint64_t seq;

	assert_non_null(r);
	assert_non_null(n.seen);
	replay_init(r, window);
	if (base > 0) {
		replay_commit(r, base);
		n.seen[0] = 1;
	}
	for (unsigned int i = 0; i < SEEN_MAX; i++) {
		seq = near(rng, n.top, window);
		if (seq + 1 < base || seq > n.top + 70000 || seq - base >= span || seq < base)
			continue;
		/* With ESN only the low half travels; inside the window the guess must be exact. */
		if (esn && seq + window > n.top)
			assert_int_equal(replay_esn_guess(r, (uint32_t)seq), seq);
		/* Below base + window the naive set does not know what came before base. */
		if (base > 0 && seq + window > base && seq < base)
			continue;
		assert_int_equal(replay_check(r, seq), naive_check(&n, seq));
		if (naive_check(&n, seq) != 0 || rng_next(rng) % 10 == 0)
			continue; /* refused, or authentication failed */
		replay_commit(r, seq);
		n.seen[seq - base] = 1;
		n.top = seq > n.top ? seq : n.top;
		assert_int_equal(r->top, n.top);
	}
	free(n.seen);
	free(r);
}

static const uint32_t windows[] = { 32, 63, 64, 65, 128, 200, 1024, 65536 };

static void
replay_equals_naive_set_32bit(void **state)
{
	uint64_t rng = rng_seed("replay");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(windows); i++)
		run(windows[i], 0, false, &rng);
}

static void
replay_equals_naive_set_across_the_32bit_border(void **state)
{
	uint64_t rng = rng_seed("replay_esn");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(windows); i++) {
		run(windows[i], 0xffffffffu - 3000, true, &rng);
		run(windows[i], (7ull << 32) - 100, true, &rng);
		run(windows[i], (7ull << 32) + 5, true, &rng);
	}
}

/* Defect of librte_ipsec 22.11: numbers with (seq & 63) >= 32 were never recorded. */
static void
replay_records_the_upper_half_of_each_block(void **state)
{
	struct replay *r = malloc(replay_size(64));

	(void)state;
	assert_non_null(r);
	replay_init(r, 64);
	for (uint64_t seq = 1; seq < 64; seq++) {
		assert_int_equal(replay_check(r, seq), 0);
		replay_commit(r, seq);
	}
	for (uint64_t seq = 1; seq < 64; seq++)
		assert_int_equal(replay_check(r, seq), -EALREADY);
	free(r);
}

/* Defect of librte_ipsec 22.11: no redundant block, so old numbers came back after an advance. */
static void
replay_keeps_the_oldest_numbers_of_the_window(void **state)
{
	struct replay *r = malloc(replay_size(128));

	(void)state;
	assert_non_null(r);
	replay_init(r, 128);
	for (uint64_t seq = 1; seq <= 192; seq++)
		replay_commit(r, seq);
	for (uint64_t seq = 1; seq <= 64; seq++)
		assert_int_equal(replay_check(r, seq), -ERANGE);
	for (uint64_t seq = 65; seq <= 192; seq++)
		assert_int_equal(replay_check(r, seq), -EALREADY);
	for (uint64_t seq = 193; seq <= 256; seq++)
		assert_int_equal(replay_check(r, seq), 0);
	free(r);
}

static void
replay_zero_is_never_valid_and_window_zero_checks_nothing_else(void **state)
{
	struct replay *r = malloc(replay_size(0));

	(void)state;
	assert_non_null(r);
	replay_init(r, 0);
	assert_int_equal(replay_check(r, 0), -EINVAL);
	replay_commit(r, 100);
	assert_int_equal(replay_check(r, 100), 0);
	assert_int_equal(replay_check(r, 1), 0);
	free(r);
}

static void
replay_jump_of_2_to_the_60_is_one_pass(void **state)
{
	struct replay *r = malloc(replay_size(65536));

	(void)state;
	assert_non_null(r);
	replay_init(r, 65536);
	replay_commit(r, 1);
	replay_commit(r, 1ull << 60);
	assert_int_equal(replay_check(r, (1ull << 60) - 1), 0);
	assert_int_equal(replay_check(r, 1ull << 60), -EALREADY);
	assert_int_equal(replay_check(r, (1ull << 60) - 65536), -ERANGE);
	free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replay_equals_naive_set_32bit),
		cmocka_unit_test(replay_equals_naive_set_across_the_32bit_border),
		cmocka_unit_test(replay_records_the_upper_half_of_each_block),
		cmocka_unit_test(replay_keeps_the_oldest_numbers_of_the_window),
		cmocka_unit_test(replay_zero_is_never_valid_and_window_zero_checks_nothing_else),
		cmocka_unit_test(replay_jump_of_2_to_the_60_is_one_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
