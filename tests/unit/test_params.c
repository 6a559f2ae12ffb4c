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
#include "keyd/keyd.h"

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
	assert_int_equal(params_get(params_find(t, "net.inet.ipsec.dfbit"), &k, NULL), 2);
	assert_int_equal(params_get(params_find(t, "net.inet.ipsec.def_policy"), &k, NULL), 1);
	assert_int_equal(
		params_get(params_find(t, "net.inet6.ipsec6.esp_net_deflev"), &k, NULL), 1);
	assert_int_equal(params_get(params_find(t, "net.inet.ipsec.ecn"), &k, NULL), 0);
}

/* Two names of one leaf change together, any other leaf stays. */
static void
params_set_changes_only_its_leaf(void **state)
{
	const struct params_tree *t = key_params_tree();
	struct knobs k = KNOBS_INIT;
	struct knobs before;

	(void)state;
	for (size_t i = 0; i < t->n; i++) {
		const struct param *p = &t->rows[i];

		if (p->read_only)
			continue;
		before = k;
		assert_int_equal(params_set(p, &k, NULL, p->max, NULL), 0);
		assert_int_equal(params_get(p, &k, NULL), p->max);
		for (size_t j = 0; j < t->n; j++) {
			const struct param *q = &t->rows[j];

			if (q->vector == 0 && q->off != p->off)
				assert_int_equal(
					params_get(q, &k, NULL), params_get(q, &before, NULL));
		}
	}
}

static void
params_set_refuses_and_leaves_unchanged(void **state)
{
	static const struct {
		const char *name;
		int64_t value;
		int code;
		const char *text;
	} bad[] = {
		{ "net.inet.ipsec.def_policy", 2, -EINVAL, "takes 0 to 1, not 2" },
		{ "net.inet.ipsec.def_policy", -1, -EINVAL, "takes 0 to 1, not -1" },
		{ "net.inet6.ipsec6.def_policy", 2, -EINVAL, "takes 0 to 1, not 2" },
		{ "net.inet.ipsec.esp_trans_deflev", 0, -EINVAL, "takes 1 to 2" },
		{ "net.inet6.ipsec6.ah_net_deflev", 3, -EINVAL, "takes 1 to 2" },
		{ "net.inet.esp.trans_deflev", 3, -EINVAL, "takes 1 to 2" },
		{ "net.inet.ipsec.enabled", 3, -EINVAL, "takes 0 to 2" },
		{ "net.inet6.ipsec6.enabled", -1, -EINVAL, "takes 0 to 2" },
		{ "net.inet.ipsec.test_replay", 2, -EINVAL, "takes 0 to 1" },
		{ "net.inet.ipsec.test_integrity", -1, -EINVAL, "takes 0 to 1" },
		{ "net.inet.ip.ttl", 0, -EINVAL, "takes 1 to 255" },
		{ "net.inet.ipsec.dfbit", INT64_C(1) << 32, -EINVAL, "takes -2147483648 to" },
		{ "net.inet.ipsec.used", 0, -EPERM, "read-only" },
		{ "net.inet6.ipsec6.used", 1, -EPERM, "read-only" },
		{ "net.inet.ipsec.ipsecstats", 0, -EPERM, "read-only" },
		{ "net.inet6.ipsec6.ipsecstats", 0, -EPERM, "read-only" },
		{ "net.inet.ah.ah_stats", 0, -EPERM, "read-only" },
		{ "net.inet.esp.esp_stats", 0, -EPERM, "read-only" },
		{ "net.inet.ipcomp.ipcomp_stats", 0, -EPERM, "read-only" },
		{ "net.inet.ipip.ipip_stats", 0, -EPERM, "read-only" },
	};
	const struct knobs init = KNOBS_INIT;
	struct knobs k = init;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		const struct param *p = params_find(key_params_tree(), bad[i].name);
		struct err err = { 0 };

		assert_non_null(p);
		assert_int_equal(params_set(p, &k, NULL, bad[i].value, &err), bad[i].code);
		assert_int_equal(err.code, bad[i].code);
		assert_non_null(strstr(err.text, bad[i].text));
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

		for (size_t j = 0; j < ARRAY_LEN(ends) && !p->read_only; j++) {
			assert_int_equal(params_set(p, &k, NULL, ends[j], &err), 0);
			assert_int_equal(params_get(p, &k, NULL), ends[j]);
		}
		for (size_t j = 0; j < ARRAY_LEN(beyond) && !p->read_only; j++) {
			assert_int_equal(params_set(p, &k, NULL, beyond[j], &err), -EINVAL);
			assert_non_null(strstr(err.text, p->name));
			assert_int_equal(params_get(p, &k, NULL), p->max);
		}
	}
}

/* NetBSD's tables say "any int" of these: the whole range of a 32-bit number. */
static void
params_take_any_number_where_netbsd_does(void **state)
{
	static const char *const any[] = { "net.inet.ipsec.ah_cleartos",
		"net.inet.ipsec.ah_offsetmask", "net.inet.ipsec.dfbit", "net.inet.ipsec.ecn",
		"net.inet6.ipsec6.ecn", "net.inet.ipsec.debug", "net.inet6.ipsec6.debug",
		"net.inet.ipsec.ipip_spoofcheck", "net.inet.ipsec.ah_enable",
		"net.inet.ipsec.esp_enable", "net.inet.ipsec.ipcomp_enable",
		"net.inet.ipsec.crypto_support", "net.key.prefered_oldsa", "net.key.debug",
		"net.key.spi_try", "net.key.spi_min_value", "net.key.spi_max_value",
		"net.key.random_int", "net.key.larval_lifetime", "net.key.blockacq_count",
		"net.key.blockacq_lifetime", "net.key.esp_keymin", "net.key.esp_auth",
		"net.key.ah_keymin", "net.key.allow_different_idtype" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(any); i++) {
		const struct param *p = params_find(key_params_tree(), any[i]);

		assert_non_null(p);
		assert_int_equal(p->min, INT32_MIN);
		assert_int_equal(p->max, INT32_MAX);
		assert_null(p->hook);
	}
}

/* Both trees show the same leaf, and the names of before 2018 do. */
static void
params_have_their_other_names(void **state)
{
	static const struct {
		const char *name, *same;
	} row[] = {
		{ "net.inet6.ipsec6.enabled", "net.inet.ipsec.enabled" },
		{ "net.inet6.ipsec6.debug", "net.inet.ipsec.debug" },
		{ "net.inet.ah.ah_enable", "net.inet.ipsec.ah_enable" },
		{ "net.inet.ah.net_deflev", "net.inet.ipsec.ah_net_deflev" },
		{ "net.inet.ah.trans_deflev", "net.inet.ipsec.ah_trans_deflev" },
		{ "net.inet.esp.esp_enable", "net.inet.ipsec.esp_enable" },
		{ "net.inet.esp.net_deflev", "net.inet.ipsec.esp_net_deflev" },
		{ "net.inet.esp.trans_deflev", "net.inet.ipsec.esp_trans_deflev" },
		{ "net.inet.ipcomp.ipcomp_enable", "net.inet.ipsec.ipcomp_enable" },
	};
	const struct params_tree *t = key_params_tree();
	struct knobs k = KNOBS_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		const struct param *p = params_find(t, row[i].name);
		const struct param *q = params_find(t, row[i].same);

		assert_string_equal(p->same, row[i].same);
		for (int v = 2; v > 0; v--) {
			assert_int_equal(params_set(p, &k, NULL, v, NULL), 0);
			assert_int_equal(params_get(q, &k, NULL), v);
		}
	}
}

static void
params_know_whether_ipsec_is_used(void **state)
{
	const struct params_tree *t = key_params_tree();
	const struct param *enabled = params_find(t, "net.inet6.ipsec6.enabled");
	const struct param *used = params_find(t, "net.inet.ipsec.used");
	struct keyd kd = { .spd = { .n = 0, .created = 0 } };
	struct knobs k = KNOBS_INIT;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(params_get(used, &k, NULL), 0);
	assert_int_equal(params_get(used, &k, &kd), 0);
	assert_int_equal(params_set(enabled, &k, &kd, 0, &err), 0);
	assert_int_equal(params_set(enabled, &k, &kd, 1, &err), 0);
	kd.spd.n = kd.spd.created = 1;
	assert_int_equal(params_get(used, &k, &kd), 1);
	assert_int_equal(params_set(enabled, &k, &kd, 0, &err), -EBUSY);
	assert_non_null(strstr(err.text, "policies"));
	assert_int_equal(k.enabled, 1);
	assert_int_equal(params_set(enabled, &k, &kd, 2, &err), 0);
	/* The last policy goes: it has been used all the same. */
	kd.spd.n = 0;
	assert_int_equal(params_get(used, &k, &kd), 1);
	assert_int_equal(params_set(enabled, &k, &kd, 0, &err), 0);
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
	const struct param a = { .name = "a", .max = 1, .doc = "doc" };
	const struct param b = { .name = "b", .max = 1, .off = 4, .doc = "doc" };
	const struct param wrong[] = {
		{ .name = "c", .min = 2, .max = 1, .doc = "doc" },
		{ .name = "c", .max = 1 },
		{ .name = "a", .max = 1, .doc = "doc" },
		{ .name = "b", .max = 1, .doc = "doc" },
		{ .name = "c", .max = 1, .doc = "doc", .vector = 1 },
		{ .name = "c", .max = 1, .doc = "doc", .same = "d" },
		{ .name = "c", .max = 1, .doc = "doc", .same = "c" },
		{ .name = "c", .max = 2, .doc = "doc", .same = "a" },
		{ .name = "c", .max = 1, .off = 8, .doc = "doc", .same = "a" },
		{ .name = "c", .max = 1, .doc = "doc", .same = "a", .read_only = true },
	};

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
	assert_string_equal(t->rows[params_first(t, "net.key", &n)].name, "net.key.ah_keymin");
	assert_int_equal(n, 13);
	params_first(t, "net.inet6", &n);
	assert_int_equal(n, 12);
	assert_int_equal(params_first(t, "net.ine", &n), t->n);
	assert_int_equal(n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(params_tree_is_sorted_and_sane),
		cmocka_unit_test(params_defaults_are_netbsds),
		cmocka_unit_test(params_set_changes_only_its_leaf),
		cmocka_unit_test(params_set_refuses_and_leaves_unchanged),
		cmocka_unit_test(params_take_their_ends_and_nothing_beyond),
		cmocka_unit_test(params_take_any_number_where_netbsd_does),
		cmocka_unit_test(params_have_their_other_names),
		cmocka_unit_test(params_know_whether_ipsec_is_used),
		cmocka_unit_test(params_find_knows_every_name_and_no_other),
		cmocka_unit_test(params_tree_check_sees_each_fault),
		cmocka_unit_test(params_first_walks_a_subtree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
