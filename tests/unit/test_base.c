/* SPDX-License-Identifier: BSD-2-Clause */
/* The small modules of lib/base: buf, hex, secret, err, log rate limit. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/secret.h"

static void
rbuf_take_never_passes_the_end(void **state)
{
	const uint8_t data[4] = { 1, 2, 3, 4 };
	struct rbuf r = rbuf_make(data, sizeof(data));

	(void)state;
	assert_ptr_equal(rbuf_take(&r, 3), data);
	assert_null(rbuf_take(&r, 2));
	assert_int_equal(rbuf_left(&r), 1);
	assert_null(rbuf_take(&r, SIZE_MAX));
	assert_ptr_equal(rbuf_take(&r, 1), data + 3);
	assert_non_null(rbuf_take(&r, 0));
	assert_null(rbuf_take(&r, 1));
}

static void
wbuf_overflow_is_sticky_and_writes_nothing(void **state)
{
	uint8_t data[5] = { 9, 9, 9, 9, 9 };
	struct wbuf w = wbuf_make(data, 4);

	(void)state;
	wbuf_copy(&w, "ab", 2);
	wbuf_copy(&w, "cde", 3);
	assert_true(w.overflow);
	wbuf_copy(&w, "c", 1); /* would fit, but the output is already incomplete */
	assert_int_equal(wbuf_len(&w), 2);
	assert_memory_equal(data, "ab\x09\x09\x09", 5);
	assert_null(wbuf_put(&w, 0));
}

static void
hex_decode_takes_odd_counts_like_setkey(void **state)
{
	static const struct {
		const char *in;
		int n;
		const char *out;
	} row[] = {
		{ "", 0, "" },
		{ "a", 1, "\x0a" },
		{ "123", 2, "\x01\x23" },
		{ "DEADbeef", 4, "\xde\xad\xbe\xef" },
		{ "0g", -EINVAL, "" },
		{ "x", -EINVAL, "" },
		{ "1122334455", -EMSGSIZE, "" },
	};
	uint8_t out[4];
	char text[9];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		assert_int_equal(
			hex_decode(row[i].in, strlen(row[i].in), out, sizeof(out)), row[i].n);
		if (row[i].n > 0)
			assert_memory_equal(out, row[i].out, (size_t)row[i].n);
	}
	assert_string_equal(hex_encode((const uint8_t *)"\x00\x7f\xff\x10", 4, text), "007fff10");
}

static void
secret_is_wiped_bounded_and_compared(void **state)
{
	struct secret s = { 0 };
	uint8_t big[SECRET_MAX + 1];
	const struct secret zero = { 0 };

	(void)state;
	memset(big, 0x55, sizeof(big));
	assert_int_equal(secret_set(&s, big, SECRET_MAX), 0);
	assert_int_equal(s.len, SECRET_MAX);
	assert_int_equal(secret_set(&s, big, sizeof(big)), -EMSGSIZE);
	assert_int_equal(s.len, SECRET_MAX); /* unchanged by the refusal */
	assert_int_equal(secret_set(&s, "ab", 2), 0);
	assert_int_equal(s.b[2], 0); /* nothing of the longer key stays behind the shorter */
	assert_true(secret_eq("abc", "abc", 3));
	assert_false(secret_eq("abc", "abd", 3));
	assert_false(secret_eq("bbc", "abc", 3));
	assert_true(secret_eq("x", "y", 0));
	secret_wipe(&s);
	assert_memory_equal(&s, &zero, sizeof(s));
}

static void
err_set_truncates_and_returns_the_code(void **state)
{
	struct err e = { 0 };
	char longer[400];

	(void)state;
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(err_set(&e, -EINVAL, "%s", longer), -EINVAL);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	assert_int_equal(err_set(NULL, -ENOENT, "nobody listens"), -ENOENT);
}

static void
log_limit_allows_a_burst_then_one_per_interval(void **state)
{
	struct log_limit l = { .interval_ms = 100, .burst = 3 };
	unsigned int written = 0;

	(void)state;
	for (uint64_t now = 1; now <= 50; now++)
		written += log_limit_ok(&l, now);
	assert_int_equal(written, 3);
	assert_int_equal(l.suppressed, 47);
	assert_true(log_limit_ok(&l, 150));
	assert_false(log_limit_ok(&l, 151));
	for (uint64_t now = 10000; now < 10050; now++)
		written += log_limit_ok(&l, now);
	assert_int_equal(written, 6); /* a long pause earns a burst, not more */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rbuf_take_never_passes_the_end),
		cmocka_unit_test(wbuf_overflow_is_sticky_and_writes_nothing),
		cmocka_unit_test(hex_decode_takes_odd_counts_like_setkey),
		cmocka_unit_test(secret_is_wiped_bounded_and_compared),
		cmocka_unit_test(err_set_truncates_and_returns_the_code),
		cmocka_unit_test(log_limit_allows_a_burst_then_one_per_interval),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
