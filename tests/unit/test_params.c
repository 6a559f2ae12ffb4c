/* SPDX-License-Identifier: BSD-2-Clause */
/* The parameter tree over struct knobs: order, ranges, no change on refusal. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
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
		cmocka_unit_test(params_first_walks_a_subtree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
