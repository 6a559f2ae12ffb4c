/* SPDX-License-Identifier: BSD-2-Clause */
/* What lands on stderr at which level, and how often; stderr is a pipe here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"

static int saved = -1, rd = -1;

static void
capture(void)
{
	int fd[2];

	assert_int_equal(pipe(fd), 0);
	saved = dup(STDERR_FILENO);
	assert_true(saved >= 0);
	assert_true(dup2(fd[1], STDERR_FILENO) >= 0);
	assert_int_equal(close(fd[1]), 0);
	rd = fd[0];
}

/* Put stderr back and return what was written; less than a pipe holds. */
static const char *
captured(void)
{
	static char text[8192];
	size_t len = 0;
	ssize_t n;

	(void)fflush(stderr);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	while ((n = read(rd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	close(rd);
	text[len] = '\0';
	return text;
}

static void
write_all(void)
{
	log_err("e%d", 1);
	log_warn("w%s", "2");
	log_info("i");
	log_debug("d");
}

static int
restore(void **state)
{
	(void)state;
	log_set_level(LOG_LVL_INFO);
	return unsetenv("JOURNAL_STREAM");
}

static void
log_write_stops_at_the_level(void **state)
{
	static const char *const want[] = {
		"ipsecgw: error: e1\n",
		"ipsecgw: error: e1\nipsecgw: warning: w2\n",
		"ipsecgw: error: e1\nipsecgw: warning: w2\nipsecgw: i\n",
		"ipsecgw: error: e1\nipsecgw: warning: w2\nipsecgw: i\nipsecgw: debug: d\n",
	};

	(void)state;
	assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
	for (int level = LOG_LVL_ERR; level <= LOG_LVL_DEBUG; level++) {
		log_set_level((enum log_level)level);
		capture();
		write_all();
		assert_string_equal(captured(), want[level]);
	}
}

static void
log_write_says_info_unless_told_otherwise(void **state)
{
	(void)state;
	assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
	capture();
	log_debug("not shown");
	log_info("shown");
	assert_string_equal(captured(), "ipsecgw: shown\n");
}

/* sd-daemon(3): error 3, warning 4, informational 6, debug 7. */
static void
log_write_gives_the_journal_its_priorities(void **state)
{
	(void)state;
	assert_int_equal(setenv("JOURNAL_STREAM", "8:1", 1), 0);
	log_set_level(LOG_LVL_DEBUG);
	capture();
	write_all();
	assert_string_equal(captured(), "<3>e1\n<4>w2\n<6>i\n<7>d\n");
}

static void
log_write_cuts_a_long_line_and_ends_it(void **state)
{
	char big[3000];
	const char *got;

	(void)state;
	assert_int_equal(setenv("JOURNAL_STREAM", "8:1", 1), 0);
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	capture();
	log_err("%s", big);
	log_err("next");
	got = captured();
	assert_int_equal(strspn(got + 3, "x"), 1023);
	assert_string_equal(got + 3 + 1023, "\n<3>next\n");
}

static void
log_limit_earns_by_the_interval(void **state)
{
	struct log_limit l = { .interval_ms = 100, .burst = 2 };

	(void)state;
	assert_true(log_limit_ok(&l, 1000));
	assert_true(log_limit_ok(&l, 1000));
	assert_false(log_limit_ok(&l, 1000));
	assert_false(log_limit_ok(&l, 1099));
	assert_int_equal(l.suppressed, 2);
	l.suppressed = 0;
	assert_true(log_limit_ok(&l, 1100));
	assert_false(log_limit_ok(&l, 1199));
	assert_true(log_limit_ok(&l, 1200));
	assert_int_equal(l.suppressed, 1);
	/* Two and a half intervals are two lines; more than the burst is not saved up. */
	assert_true(log_limit_ok(&l, 1450));
	assert_true(log_limit_ok(&l, 1450));
	assert_false(log_limit_ok(&l, 1450));
	assert_true(log_limit_ok(&l, 1000000));
	assert_true(log_limit_ok(&l, 1000000));
	assert_false(log_limit_ok(&l, 1000000));
	/* A pause of fifty days and more does not wrap. */
	assert_true(log_limit_ok(&l, UINT64_C(1) << 40));
	assert_true(log_limit_ok(&l, UINT64_C(1) << 40));
	assert_false(log_limit_ok(&l, UINT64_C(1) << 40));
}

static void
log_limit_of_zero_lines_writes_none(void **state)
{
	struct log_limit none = { .interval_ms = 100, .burst = 0 };
	struct log_limit all = { .interval_ms = 0, .burst = 1 };

	(void)state;
	for (uint64_t now = 1; now < 1000; now += 7) {
		assert_false(log_limit_ok(&none, now));
		assert_true(log_limit_ok(&all, now)); /* no interval: no limit */
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(log_write_says_info_unless_told_otherwise, restore),
		cmocka_unit_test_teardown(log_write_stops_at_the_level, restore),
		cmocka_unit_test_teardown(log_write_gives_the_journal_its_priorities, restore),
		cmocka_unit_test_teardown(log_write_cuts_a_long_line_and_ends_it, restore),
		cmocka_unit_test(log_limit_earns_by_the_interval),
		cmocka_unit_test(log_limit_of_zero_lines_writes_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
