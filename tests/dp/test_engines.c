/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening engines and devices, what is wrong with a configuration, and which engine an SA gets. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_malloc.h>

#include <cmocka.h>

#include "crypto/crypto_priv.h"
#include "dp/engine.h"

static void
engines_refuse_wrong_configurations(void **state)
{
	const char *const unknown[] = { "crypto_openssl0", "crypto_warp0" };
	const char *const twice[] = { "crypto_openssl0", "crypto_openssl0" };
	const char *const no_name[] = { ",socket_id=0" };
	const char *const few[] = { "crypto_openssl0,max_nb_queue_pairs=1" };
	const char *const pci[] = { "0000:3d:01.0" };
	const struct {
		struct crypto_conf conf;
		int code;
		const char *text; /* begins so */
	} rows[] = {
		{ { .nworkers = 1, .engine = CRYPTO_LOOKASIDE }, -EINVAL,
			"the crypto engine \"lookaside\" needs at least one crypto device" },
		{ { .nworkers = 0 }, -EINVAL, "crypto engines for 0 workers" },
		{ { .nworkers = 1, .devices = unknown, .ndevices = 2 }, -ENODEV,
			"crypto device \"crypto_warp0\": no such device, no driver for it" },
		{ { .nworkers = 1, .devices = twice, .ndevices = 2 }, -EINVAL,
			"crypto device \"crypto_openssl0\" is named twice" },
		{ { .nworkers = 1, .devices = no_name, .ndevices = 1 }, -EINVAL,
			"\",socket_id=0\" is not the name of a crypto device" },
		{ { .nworkers = 3, .devices = few, .ndevices = 1 }, -ENOSPC,
			"crypto device \"crypto_openssl0\" has 1 queue pairs, 3 workers need one each" },
		{ { .nworkers = 1, .devices = pci, .ndevices = 1 }, -ENODEV,
			"crypto device \"0000:3d:01.0\": no such device" },
		{ { .nworkers = 1, .devices = twice, .ndevices = CRYPTO_DEV_MAX + 1 }, -EINVAL,
			"9 crypto devices, at most 8 are supported" },
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = { 0 };

		assert_null(crypto_new(&rows[i].conf, &err));
		assert_int_equal(err.code, rows[i].code);
		assert_memory_equal(err.text, rows[i].text, strlen(rows[i].text));
		assert_int_equal(rte_cryptodev_count(), 0); /* all removed again */
	}
}

/* A device that EAL probed is used and left; crypto_null has nothing that ESP needs. */
static void
engines_use_and_leave_a_device_of_eal(void **state)
{
	const char *const names[] = { "crypto_null0", "crypto_openssl0" };
	const struct crypto_conf conf = {
		.nworkers = 1, .devices = names, .ndevices = 2, .engine = CRYPTO_LOOKASIDE
	};
	struct rte_cryptodev_info info;
	const struct crypto_report *r;
	struct err err = { 0 };
	unsigned int n;

	(void)state;
	assert_int_equal(rte_dev_probe("crypto_openssl0"), 0);
	for (unsigned int round = 0; round < 2; round++) {
		struct crypto *c = crypto_new(&conf, &err);

		if (c == NULL)
			fail_msg("%s", err.text);
		r = crypto_reports(c, &n);
		assert_int_equal(n, 33);
		for (unsigned int i = 0; i < n; i++)
			assert_string_equal(r[i].device, "crypto_openssl0");
		crypto_free(c);
		assert_int_equal(rte_cryptodev_count(), 1);
	}
	rte_cryptodev_info_get((uint8_t)rte_cryptodev_get_dev_id(names[1]), &info);
	assert_int_equal(rte_dev_remove(info.device), 0);
}

/* With nothing but a null device an SA cannot be opened, and the reason names what was asked. */
static void
engines_may_offer_nothing(void **state)
{
	const char *const name = "crypto_null0";
	const struct crypto_conf conf = {
		.nworkers = 1, .devices = &name, .ndevices = 1, .engine = CRYPTO_LOOKASIDE
	};
	struct sa_spec spec = { .enc = alg_by_code(ALG_AES_GCM_16), .enckey.len = 20 };
	struct crypto *c = crypto_new(&conf, NULL);
	struct sa_rt sa = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_non_null(c);
	assert_false(crypto_offers(c, spec.enc, NULL));
	assert_int_equal(crypto_sa_open(c, &sa, &spec, 0, &err), -EOPNOTSUPP);
	assert_string_equal(err.text, "no crypto engine offers aes-gcm-16 with a key of 160 bits");
	spec = (struct sa_spec){ .enc = alg_by_code(ALG_NULL_ENC),
		.auth = alg_by_code(ALG_NULL_AUTH) };
	assert_int_equal(crypto_sa_open(c, &sa, &spec, 0, &err), -EOPNOTSUPP);
	crypto_free(c);
}

/* @return "direct" or the name of the device */
static const char *
chosen(struct crypto *c, const struct sa_spec *spec, int32_t support)
{
	struct sa_rt *sa = rte_zmalloc(NULL, sizeof(*sa) + sizeof(struct sa_lc), 64);
	const char *name;

	assert_non_null(sa);
	assert_int_equal(crypto_sa_open(c, sa, spec, support, NULL), 0);
	name = sa->crypto == &crypto_direct ? "direct" : c->dev[sa->dev_id].name;
	crypto_sa_close(c, sa);
	rte_free(sa);
	return name;
}

/* No machine of the tests has crypto hardware, so one of the devices is called hardware here. */
static void
engines_are_chosen_by_support_and_speed(void **state)
{
	const char *const names[] = { "crypto_aesni_gcm0", "crypto_openssl0", "crypto_aesni_mb0" };
	const struct crypto_conf conf = { .nworkers = 1, .devices = names, .ndevices = 3 };
	const struct sa_spec gcm = { .enc = alg_by_code(ALG_AES_GCM_16), .enckey.len = 20 };
	const struct sa_spec cbc = { .enc = alg_by_code(ALG_AES_CBC),
		.auth = alg_by_code(ALG_HMAC_SHA256),
		.enckey.len = 24,
		.authkey.len = 32 };
	struct crypto *c = crypto_new(&conf, NULL);

	(void)state;
	assert_non_null(c);
	assert_int_equal(c->nreport, 51 + 38 + 33 + 15);
	/* Not calibrated: direct first. */
	for (int32_t support = -1; support <= 1; support++)
		assert_string_equal(chosen(c, &gcm, support), "direct");
	for (unsigned int i = 0; i < c->nreport; i++) {
		const bool openssl = strcmp(c->report[i].device, "crypto_openssl0") == 0;

		c->row[i].hw = openssl;
		c->report[i].cycles_64 = 100 + i;
		c->report[i].cycles_1420 =
			strcmp(c->report[i].device, "crypto_aesni_gcm0") == 0 ? 1 : 1000;
	}
	assert_string_equal(chosen(c, &gcm, 1), "crypto_openssl0");
	assert_string_equal(chosen(c, &gcm, -1), "crypto_aesni_gcm0");
	assert_string_equal(chosen(c, &gcm, 0), "crypto_aesni_gcm0");
	assert_string_equal(chosen(c, &cbc, 1), "crypto_openssl0");
	assert_string_equal(chosen(c, &cbc, -1), "direct");
	for (unsigned int i = 0; i < c->nreport; i++)
		c->report[i].passed = c->row[i].ops == &crypto_lookaside;
	assert_string_equal(chosen(c, &cbc, -1), "crypto_aesni_mb0");
	crypto_free(c);
}

static void
engines_start_and_calibrate_quickly(void **state)
{
	const char *const names[] = { "crypto_aesni_gcm0", "crypto_openssl0", "crypto_aesni_mb0" };
	const struct crypto_conf conf = {
		.nworkers = 1, .devices = names, .ndevices = 3, .calibrate = true
	};
	const uint64_t start = rte_get_timer_cycles();
	struct crypto *c = crypto_new(&conf, NULL);
	const uint64_t ms = (rte_get_timer_cycles() - start) * 1000 / rte_get_timer_hz();
	const struct crypto_report *r;
	unsigned int n;

	(void)state;
	assert_non_null(c);
	printf("start and calibration: %u ms\n", (unsigned int)ms);
	assert_true(ms < 5000); /* half a second on a quiet machine without sanitizers */
	r = crypto_reports(c, &n);
	for (unsigned int i = 0; i < n; i++) {
		assert_true(r[i].passed && r[i].cycles_64 > 0);
		/* What does nothing takes no longer for more, and what is slow is measured badly. */
		if (r[i].key_bits != 0 && r[i].cycles_1420 < 10000)
			assert_true(r[i].cycles_1420 > r[i].cycles_64);
	}
	crypto_free(c);
}

static void
engines_refuse_a_lane_without_queue_pairs(void **state)
{
	const struct crypto_conf conf = { .nworkers = 2 };
	struct crypto *c = crypto_new(&conf, NULL);
	struct lane lane = { .idx = 2 };

	(void)state;
	assert_non_null(c);
	assert_int_equal(crypto_lane_open(c, &lane), -EINVAL);
	crypto_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(engines_refuse_wrong_configurations),
		cmocka_unit_test(engines_use_and_leave_a_device_of_eal),
		cmocka_unit_test(engines_may_offer_nothing),
		cmocka_unit_test(engines_are_chosen_by_support_and_speed),
		cmocka_unit_test(engines_start_and_calibrate_quickly),
		cmocka_unit_test(engines_refuse_a_lane_without_queue_pairs),
	};
	int failed;

	engine_eal();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	return failed + (rte_eal_cleanup() != 0);
}
