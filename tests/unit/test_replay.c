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
		run(windows[i], 0, true, &rng);
		run(windows[i], 0xffffffffu - 3000, true, &rng);
		run(windows[i], (7ull << 32) - 100, true, &rng);
		run(windows[i], (7ull << 32) + 5, true, &rng);
	}
}

/* Every number around the window, each twice, against what the definition says. top is seen, nothing else. */
static void
visit(struct replay *r, uint32_t window, uint64_t top, uint64_t *rng)
{
	const uint64_t left = top > window + 130 ? top - window - 130 : 1;
	const uint64_t n = top + 130 - left;
	/* Odd steps reach every number once when n is a power of two: take the next one, skip the rest. */
	const uint64_t step = rng_next(rng) | 1;
	uint64_t size = 1, at = rng_next(rng);

	while (size < n)
		size <<= 1;
	for (uint64_t i = 0; i < size; i++, at += step) {
		const uint64_t seq = left + (at & (size - 1));
		int want = seq == top ? -EALREADY : 0;

		if ((at & (size - 1)) >= n || seq > top)
			continue; /* would move the window; jumps have their own test */
		if (top - seq >= window)
			want = -ERANGE;
		assert_int_equal(replay_check(r, seq), want);
		if (want != 0)
			continue;
		replay_commit(r, seq);
		assert_int_equal(replay_check(r, seq), -EALREADY);
	}
	/* Now the window is full: exactly it. */
	for (uint64_t seq = left; seq <= top; seq++)
		assert_int_equal(replay_check(r, seq), top - seq >= window ? -ERANGE : -EALREADY);
	assert_int_equal(replay_check(r, top + 1), 0);
}

/* Places of top in its block, in 32 bits and on both sides of their border, and at the end of 64. */
static const uint64_t tops[] = { 1, 31, 32, 33, 63, 64, 65, 95, 96, 127, 128, 200, 65535, 65536,
	131072, 0xfffffffe, 0xffffffff, 0x100000000, 0x100000001, 0x10000001f, 0x100000020,
	0x700000000 + 40000, UINT64_MAX - 200 };

static void
replay_takes_each_number_of_the_window_once(void **state)
{
	uint64_t rng = rng_seed("replay_visit");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(windows); i++) {
		struct replay *r = malloc(replay_size(windows[i]));

		assert_non_null(r);
		for (size_t k = 0; k < ARRAY_LEN(tops); k++) {
			replay_init(r, windows[i]);
			replay_commit(r, tops[k]);
			visit(r, windows[i], tops[k], &rng);
		}
		free(r);
	}
}

/* A full window, then a jump: what is still inside stays seen, what is new is new. */
static void
jump(uint32_t window, uint64_t start, uint64_t by)
{
	struct replay *r = malloc(replay_size(window));
	const uint64_t top = start + by;

	assert_non_null(r);
	replay_init(r, window);
	for (uint64_t seq = start - window + 1; seq <= start; seq++)
		replay_commit(r, seq);
	replay_commit(r, top);
	for (uint64_t seq = start - window + 1; seq <= top; seq++) {
		int want = seq > start && seq < top ? 0 : -EALREADY;

		if (seq + window <= top)
			want = -ERANGE;
		assert_int_equal(replay_check(r, seq), want);
	}
	assert_int_equal(replay_check(r, top + 1), 0);
	free(r);
}

static void
replay_jumps_below_at_and_beyond_a_window(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(windows); i++) {
		const uint64_t w = windows[i];
		const uint64_t ring = (replay_size(windows[i]) - sizeof(struct replay)) * 8;
		const uint64_t by[] = { 1, 31, 32, 33, 63, 64, 65, w - 1, w, w + 1, w + 31, w + 32,
			w + 64, 2 * w - 1, 2 * w, ring - 64, ring - 1, ring, ring + 1, ring + 64,
			3 * ring + 33 };
		const uint64_t starts[] = { w, w + 31, w + 32, 0x100000000 - 33,
			0x100000000 + w / 2 };

		for (size_t k = 0; k < ARRAY_LEN(by); k++) {
			/* The largest window is walked whole each time: two places are enough. */
			for (size_t s = 0; s < (w > 1024 ? 2 : ARRAY_LEN(starts)); s++)
				jump(windows[i], starts[s], by[k]);
		}
	}
}

/* RFC 4303 A2.2: whatever lies in the window or less than 2^32 - window ahead of it is guessed exactly. */
static void
replay_esn_guess_is_exact_around_every_top(void **state)
{
	uint64_t rng = rng_seed("replay_guess");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(windows); i++) {
		struct replay *r = malloc(replay_size(windows[i]));
		const uint64_t w = windows[i];

		assert_non_null(r);
		replay_init(r, windows[i]);
		for (size_t k = 0; k < ARRAY_LEN(tops); k++) {
			const uint64_t top = r->top = tops[k];
			const uint64_t left = top >= w ? top - w + 1 : 1;
			/* Before the first 2^32 there is nothing to the left: the window ends at 1. */
			const uint64_t ahead = top >= w ? UINT32_MAX - w : 1000;

			for (uint64_t seq = left; seq <= top; seq++)
				assert_int_equal(replay_esn_guess(r, (uint32_t)seq), seq);
			for (unsigned int n = 0; n < 2000 && top < UINT64_MAX - UINT32_MAX; n++) {
				const uint64_t seq = top + 1 + rng_next(&rng) % ahead;

				assert_int_equal(replay_esn_guess(r, (uint32_t)seq), seq);
			}
			if (top >= w &&
				top < UINT64_MAX -
						UINT32_MAX) /* one too far left is taken for the next round */
				assert_int_equal(replay_esn_guess(r, (uint32_t)(left - 1)),
					left - 1 + (UINT64_C(1) << 32));
		}
		free(r);
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
		cmocka_unit_test(replay_takes_each_number_of_the_window_once),
		cmocka_unit_test(replay_jumps_below_at_and_beyond_a_window),
		cmocka_unit_test(replay_esn_guess_is_exact_around_every_top),
		cmocka_unit_test(replay_records_the_upper_half_of_each_block),
		cmocka_unit_test(replay_keeps_the_oldest_numbers_of_the_window),
		cmocka_unit_test(replay_zero_is_never_valid_and_window_zero_checks_nothing_else),
		cmocka_unit_test(replay_jump_of_2_to_the_60_is_one_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
