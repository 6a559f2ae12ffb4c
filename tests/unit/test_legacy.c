/* SPDX-License-Identifier: BSD-2-Clause */
/* Which algorithms an SA may have: legacy ones on demand, impossible ones never. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "keyd/keyd.h"

static struct knobs knobs = KNOBS_INIT;

/* A data plane that takes everything. */

static int
install_sa(void *arg, struct sa *sa, struct err *err)
{
	(void)arg;
	(void)sa;
	(void)err;
	return 0;
}

static void
nothing(void *arg)
{
	(void)arg;
}

static const struct keyd_dp_ops ops = { .sa_install = install_sa, .sa_changed = nothing };

static int
setup(void **state)
{
	static struct keyd kd;

	*state = &kd;
	return keyd_init(&kd, &knobs, &ops, NULL);
}

static int
teardown(void **state)
{
	keyd_fini(*state);
	return 0;
}

static struct sa_spec
empty_spec(uint32_t spi, const char *dst)
{
	struct sa_spec s = { .spi = spi };

	assert_int_equal(addr_parse("10.0.0.1", &s.idx.src), 0);
	assert_int_equal(addr_parse(dst, &s.idx.dst), 0);
	return s;
}

/* Refused with a reason that names the way out, until the operator has taken it (RFC 8221). */
static void
keyd_sa_add_takes_legacy_only_when_told(void **state)
{
	static const struct {
		const char *enc, *auth, *what;
		uint16_t enc_len, auth_len;
		uint8_t proto;
	} row[] = {
		{ "aes-cbc", NULL, "esp without authentication", 16, 0, IPPROTO_ESP },
		{ "null", NULL, "esp without authentication", 0, 0, IPPROTO_ESP },
		{ "aes-ctr", "null", "null authentication", 20, 0, IPPROTO_ESP },
		{ "aes-cbc", "hmac-md5", "hmac-md5", 16, 16, IPPROTO_ESP },
		{ "des-cbc", "hmac-sha1", "des-cbc", 8, 20, IPPROTO_ESP },
		{ "3des-cbc", "hmac-sha1", "3des-cbc", 24, 20, IPPROTO_ESP },
		{ "cast128-cbc", "hmac-sha1", "cast128-cbc", 16, 20, IPPROTO_ESP },
		{ "blowfish-cbc", "hmac-sha1", "blowfish-cbc", 16, 20, IPPROTO_ESP },
		{ NULL, "null", "null authentication", 0, 0, IPPROTO_AH },
		{ NULL, "keyed-md5", "md5", 0, 16, IPPROTO_AH },
		{ NULL, "keyed-sha1", "sha", 0, 20, IPPROTO_AH },
		{ NULL, "hmac-md5", "hmac-md5", 0, 16, IPPROTO_AH },
		{ "aes-cbc", "hmac-ripemd160", NULL, 16, 20, IPPROTO_ESP },
		{ "camellia-cbc", "hmac-sha256-96", NULL, 16, 32, IPPROTO_ESP },
		{ "aes-gmac", NULL, NULL, 20, 0, IPPROTO_ESP },
		{ "chacha20-poly1305", NULL, NULL, 36, 0, IPPROTO_ESP },
		{ NULL, "aes-gmac", NULL, 0, 36, IPPROTO_AH },
		{ NULL, "aes-cmac-96", NULL, 0, 16, IPPROTO_AH },
	};
	struct keyd *kd = *state;

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct sa_spec s = empty_spec(256 + (uint32_t)i, "10.0.0.2");
		struct err err = { 0 };
		char want[128];

		s.idx.proto = row[i].proto;
		s.enc = row[i].enc != NULL ? alg_by_name(ALG_ENC, row[i].enc) : NULL;
		s.auth = row[i].auth != NULL ? alg_by_name(ALG_AUTH, row[i].auth) : NULL;
		s.enckey.len = row[i].enc_len;
		s.authkey.len = row[i].auth_len;
		kd->knobs->allow_legacy = 0;
		if (row[i].what == NULL) {
			assert_int_equal(keyd_sa_add(kd, &s, &err), 0);
			continue;
		}
		assert_int_equal(keyd_sa_add(kd, &s, &err), -EINVAL);
		(void)snprintf(want, sizeof(want),
			"%s is not secure (RFC 8221): net.inet.ipsec.allow_legacy=1 would accept it",
			row[i].what);
		assert_string_equal(err.text, want);
		kd->knobs->allow_legacy = 1;
		assert_int_equal(keyd_sa_add(kd, &s, &err), 0);
	}
	kd->knobs->allow_legacy = 0;
}

/* Not even legacy: what the protocol has no place for. */
static void
keyd_sa_add_refuses_wrong_pairs(void **state)
{
	static const struct {
		const char *enc, *auth, *text;
		uint16_t enc_len, auth_len;
		uint8_t proto;
	} row[] = {
		{ "aes-cbc", "aes-gmac", "esp takes aes-gmac as its encryption algorithm (-E)", 16,
			20, IPPROTO_ESP },
		{ "aes-cbc", "keyed-md5", "md5 is not for esp", 16, 16, IPPROTO_ESP },
		{ "aes-cbc", "tcp-md5", "tcp-md5 is not for esp", 16, 16, IPPROTO_ESP },
		{ NULL, "tcp-md5", "tcp-md5 is not for ah", 0, 16, IPPROTO_AH },
		{ "aes-gmac", "hmac-sha1", "aes-gmac authenticates itself: leave out -A", 20, 20,
			IPPROTO_ESP },
		{ "aes-ccm-16", "null", "aes-ccm-16 authenticates itself: leave out -A", 19, 0,
			IPPROTO_ESP },
		{ "aes-ccm-16", NULL, "aes-ccm-16 takes keys of 152, 216 or 280 bits, not 160", 20,
			0, IPPROTO_ESP },
	};
	struct keyd *kd = *state;

	kd->knobs->allow_legacy = 1;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct sa_spec s = empty_spec(256, "10.0.0.2");
		struct err err = { 0 };

		s.idx.proto = row[i].proto;
		s.enc = row[i].enc != NULL ? alg_by_name(ALG_ENC, row[i].enc) : NULL;
		s.auth = row[i].auth != NULL ? alg_by_name(ALG_AUTH, row[i].auth) : NULL;
		s.enckey.len = row[i].enc_len;
		s.authkey.len = row[i].auth_len;
		assert_int_equal(keyd_sa_add(kd, &s, &err), -EINVAL);
		assert_string_equal(err.text, row[i].text);
	}
	kd->knobs->allow_legacy = 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keyd_sa_add_takes_legacy_only_when_told),
		cmocka_unit_test(keyd_sa_add_refuses_wrong_pairs),
	};

	return cmocka_run_group_tests_name("legacy", tests, setup, teardown);
}
