/* SPDX-License-Identifier: BSD-2-Clause */
/* The parameter tree over struct knobs: order, ranges, no change on refusal. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ipsec/knobs.h"
#include "keyd/key_params.h"

static void
params_tree_is_sorted_and_sane(void **state)
{
	(void)state;
	assert_true(params_tree_check(key_params_tree()));
}

static void
params_defaults_are_netbsds(void **state)
{
	const struct params_tree *t = key_params_tree();
	struct knobs k = KNOBS_INIT;

	(void)state;
	assert_int_equal(params_get(params_find(t, "net.inet.ipsec.dfbit"), &k), 2);
	assert_int_equal(params_get(params_find(t, "net.inet.ipsec.def_policy"), &k), 1);
	assert_int_equal(params_get(params_find(t, "net.inet6.ipsec6.esp_net_deflev"), &k), 1);
	assert_int_equal(params_get(params_find(t, "net.inet.ipsec.ecn"), &k), 0);
}

static void
params_set_text_changes_only_its_leaf(void **state)
{
	const struct params_tree *t = key_params_tree();
	struct knobs k = KNOBS_INIT;
	struct knobs before;

	(void)state;
	for (size_t i = 0; i < t->n; i++) {
		before = k;
		assert_int_equal(params_set(&t->rows[i], &k, t->rows[i].max, NULL), 0);
		assert_int_equal(params_get(&t->rows[i], &k), t->rows[i].max);
		for (size_t j = 0; j < t->n; j++) {
			if (j != i)
				assert_int_equal(params_get(&t->rows[j], &k),
					params_get(&t->rows[j], &before));
		}
	}
}

static void
params_set_text_refuses_and_leaves_unchanged(void **state)
{
	static const struct {
		const char *name, *text;
		int code;
	} bad[] = {
		{ "net.inet.ipsec.def_policy", "2", -EINVAL },
		{ "net.inet.ipsec.def_policy", "-1", -EINVAL },
		{ "net.inet.ipsec.def_policy", "", -EINVAL },
		{ "net.inet.ipsec.def_policy", "1x", -EINVAL },
		{ "net.inet.ipsec.dfbit", "99999999999999999999", -EINVAL },
		{ "net.inet.ipsec.dfbit", "4294967296", -EINVAL },
		{ "net.inet.ipsec", "1", -ENOENT },
		{ "net.inet.ipsec.dfbitx", "1", -ENOENT },
		{ "", "1", -ENOENT },
	};
	const struct knobs init = KNOBS_INIT;
	struct knobs k = init;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err err = { 0 };

		assert_int_equal(
			params_set_text(key_params_tree(), &k, bad[i].name, bad[i].text, &err),
			bad[i].code);
		assert_int_equal(err.code, bad[i].code);
		assert_true(err.text[0] != '\0');
		assert_memory_equal(&k, &init, sizeof(k));
	}
}

static void
params_take_their_ends_and_nothing_beyond(void **state)
{
	const struct params_tree *t = key_params_tree();

	(void)state;
	for (size_t i = 0; i < t->n; i++) {
		const struct param *p = &t->rows[i];
		const int64_t beyond[] = { (int64_t)p->min - 1, (int64_t)p->max + 1, INT64_MIN,
			INT64_MAX, (int64_t)p->min - (INT64_C(1) << 32),
			(int64_t)p->max + (INT64_C(1) << 32) };
		const int32_t ends[] = { p->min, p->max };
		struct knobs k = KNOBS_INIT;
		struct err err = { 0 };

		for (size_t j = 0; j < ARRAY_LEN(ends); j++) {
			assert_int_equal(params_set(p, &k, ends[j], &err), 0);
			assert_int_equal(params_get(p, &k), ends[j]);
		}
		for (size_t j = 0; j < ARRAY_LEN(beyond); j++) {
			assert_int_equal(params_set(p, &k, beyond[j], &err), -EINVAL);
			assert_non_null(strstr(err.text, p->name));
			assert_int_equal(params_get(p, &k), p->max);
		}
	}
}

static void
params_set_text_reads_decimal_and_hexadecimal(void **state)
{
	static const struct {
		const char *text;
		int32_t value;
	} row[] = { { "0", 0 }, { "1", 1 }, { "-2147483648", INT32_MIN },
		{ "2147483647", INT32_MAX }, { "0x7fffffff", INT32_MAX }, { "010", 10 },
		{ "-0x10", -16 } };
	static const char *const bad[] = { "2147483648", "-2147483649", "0x80000000", "0x", "x",
		"1.5", "1 ", "9223372036854775808" };
	const struct params_tree *t = key_params_tree();
	struct knobs k = KNOBS_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		assert_int_equal(
			params_set_text(t, &k, "net.inet.ipsec.dfbit", row[i].text, NULL), 0);
		assert_int_equal(k.dfbit, row[i].value);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(
			params_set_text(t, &k, "net.inet.ipsec.dfbit", bad[i], NULL), -EINVAL);
	assert_int_equal(k.dfbit, -16);
}

static void
params_find_knows_every_name_and_no_other(void **state)
{
	const struct params_tree *t = key_params_tree();
	const struct params_tree empty = { t->rows, 0 };
	char name[128];

	(void)state;
	for (size_t i = 0; i < t->n; i++) {
		assert_ptr_equal(params_find(t, t->rows[i].name), &t->rows[i]);
		(void)snprintf(name, sizeof(name), "%s.", t->rows[i].name);
		assert_null(params_find(t, name));
		name[strlen(name) - 2] = '\0';
		assert_null(params_find(t, name));
	}
	assert_null(params_find(t, "zzz"));
	assert_null(params_find(&empty, t->rows[0].name));
}

static void
params_tree_check_sees_each_fault(void **state)
{
	const struct param a = { "a", 0, 1, 0, "doc" }, b = { "b", 0, 1, 4, "doc" };
	const struct param wrong[] = { { "c", 2, 1, 0, "doc" }, { "c", 0, 1, 0, NULL },
		{ "a", 0, 1, 0, "doc" }, { "b", 0, 1, 0, "doc" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		const struct param rows[] = { a, b, wrong[i] };
		const struct params_tree t = { rows, 3 };
		const struct params_tree sane = { rows, 2 };

		assert_true(params_tree_check(&sane));
		assert_false(params_tree_check(&t));
	}
}

static void
params_first_walks_a_subtree(void **state)
{
	const struct params_tree *t = key_params_tree();
	size_t n;

	(void)state;
	assert_int_equal(params_first(t, "", &n), 0);
	assert_int_equal(n, t->n);
	assert_string_equal(t->rows[params_first(t, "net.key", &n)].name, "net.key.prefered_oldsa");
	assert_int_equal(n, 1);
	params_first(t, "net.inet6", &n);
	assert_int_equal(n, 6);
	assert_int_equal(params_first(t, "net.ine", &n), t->n);
	assert_int_equal(n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(params_tree_is_sorted_and_sane),
		cmocka_unit_test(params_defaults_are_netbsds),
		cmocka_unit_test(params_set_text_changes_only_its_leaf),
		cmocka_unit_test(params_set_text_refuses_and_leaves_unchanged),
		cmocka_unit_test(params_take_their_ends_and_nothing_beyond),
		cmocka_unit_test(params_set_text_reads_decimal_and_hexadecimal),
		cmocka_unit_test(params_find_knows_every_name_and_no_other),
		cmocka_unit_test(params_tree_check_sees_each_fault),
		cmocka_unit_test(params_first_walks_a_subtree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
