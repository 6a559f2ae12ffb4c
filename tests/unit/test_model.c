/* SPDX-License-Identifier: BSD-2-Clause */
/* The model of IPsec: algorithm rows, selectors, policies and their order, names. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ipsec/alg.h"
#include "ipsec/sa.h"
#include "ipsec/sp.h"

static struct addr
ip(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

/* ---- algorithms ---- */

static void
alg_rows_are_found_by_all_their_names(void **state)
{
	const struct alg *a;
	uint64_t seen = 1; /* ALG_CODE_NONE has no row */

	(void)state;
	for (size_t i = 0; (a = alg_row(i)) != NULL; i++) {
		char words[64];

		assert_ptr_equal(alg_by_name(a->kind, a->name), a);
		assert_ptr_equal(alg_by_id(a->kind, a->id), a);
		assert_ptr_equal(alg_by_code(a->code), a);
		seen |= UINT64_C(1) << a->code;
		(void)snprintf(words, sizeof(words), "%s", a->aliases);
		for (char *save = NULL, *w = strtok_r(words, " ", &save); w != NULL;
			w = strtok_r(NULL, " ", &save))
			assert_ptr_equal(alg_by_name(a->kind, w), a);
	}
	assert_int_equal(seen, (UINT64_C(1) << ALG_CODE_MAX) - 1);
	assert_null(alg_by_name(ALG_ENC, ""));
	assert_null(alg_by_name(ALG_ENC, "aes"));
	assert_null(alg_by_name(ALG_ENC, "rfc4106"));
	assert_null(alg_by_name(ALG_ENC, "hmac-sha1"));
	assert_null(alg_by_name(ALG_ENC, "AES-CBC"));
	assert_null(alg_by_id(ALG_ENC, 0));
	assert_null(alg_by_code(ALG_CODE_NONE));
}

static void
alg_rows_are_possible(void **state)
{
	const struct alg *a;

	(void)state;
	for (size_t i = 0; (a = alg_row(i)) != NULL; i++) {
		assert_true(a->key_min_bits <= a->key_max_bits);
		assert_true(a->key_min_bits == a->key_max_bits || a->key_step_bits > 0);
		assert_true(alg_key_ok(a, a->key_min_bits) && alg_key_ok(a, a->key_max_bits));
		assert_false(alg_key_ok(a, a->key_max_bits + 1u));
		assert_false(a->key_min_bits > 0 && alg_key_ok(a, a->key_min_bits - 1u));
		assert_true(a->key_max_bits <= SECRET_MAX * 8);
		assert_true(a->salt_len * 8 <= a->key_min_bits);
		assert_int_equal(a->block & (a->block - 1), 0);
		assert_true(a->kind != ALG_AUTH || a->icv_len > 0);
		assert_int_equal(alg_is_aead(a), a->kind == ALG_ENC && a->icv_len != 0);
	}
}

/* NetBSD's tests/net/ipsec/algorithms.sh and, below the line, the RFC of what NetBSD has not. */
static void
alg_key_ok_knows_the_sizes(void **state)
{
	static const struct {
		enum alg_kind kind;
		const char *name;
		unsigned int valid[3], invalid[6]; /* bits; 0 ends a list */
	} row[] = {
		{ ALG_ENC, "des-cbc", { 64 }, { 56, 72 } },
		{ ALG_ENC, "des-deriv", { 64 }, { 56, 72 } },
		{ ALG_ENC, "3des-cbc", { 192 }, { 184, 200, 168 } },
		{ ALG_ENC, "null", { 0 }, { 8 } },
		{ ALG_ENC, "blowfish-cbc", { 40, 48, 448 }, { 32, 456, 44 } },
		{ ALG_ENC, "cast128-cbc", { 40, 128 }, { 32, 136 } },
		{ ALG_ENC, "rijndael-cbc", { 128, 192, 256 }, { 120, 136, 184, 200, 248, 264 } },
		{ ALG_ENC, "aes-ctr", { 160, 224, 288 }, { 152, 168, 216, 232, 280, 296 } },
		{ ALG_ENC, "aes-gcm-16", { 160, 224, 288 }, { 152, 168, 216, 232, 280, 296 } },
		{ ALG_ENC, "aes-gmac", { 160, 224, 288 }, { 152, 168, 216, 232, 280, 296 } },
		{ ALG_ENC, "camellia-cbc", { 128, 192, 256 }, { 120, 136, 184, 200, 248, 264 } },
		{ ALG_AUTH, "hmac-md5", { 128 }, { 120, 136 } },
		{ ALG_AUTH, "hmac-sha1", { 160 }, { 152, 168 } },
		{ ALG_AUTH, "keyed-md5", { 128 }, { 120, 136 } },
		{ ALG_AUTH, "keyed-sha1", { 160 }, { 152, 168 } },
		{ ALG_AUTH, "null", { 0 }, { 8 } },
		{ ALG_AUTH, "hmac-sha256", { 256 }, { 248, 264, 128 } },
		{ ALG_AUTH, "hmac-sha384", { 384 }, { 376, 392 } },
		{ ALG_AUTH, "hmac-sha512", { 512 }, { 504, 520 } },
		{ ALG_AUTH, "hmac-ripemd160", { 160 }, { 152, 168 } },
		{ ALG_AUTH, "aes-xcbc-mac", { 128 }, { 120, 136 } },
		{ ALG_COMP, "deflate", { 0 }, { 8 } },
		/* ---- */
		{ ALG_ENC, "aes-gcm-8", { 160, 224, 288 }, { 128, 152, 168, 256 } },
		{ ALG_ENC, "aes-gcm-12", { 160, 224, 288 }, { 128, 152, 168, 256 } },
		{ ALG_ENC, "aes-gcm-16-iiv", { 160, 224, 288 }, { 128, 152, 168, 256 } },
		{ ALG_ENC, "aes-ccm-8", { 152, 216, 280 }, { 128, 160, 288 } },
		{ ALG_ENC, "aes-ccm-12", { 152, 216, 280 }, { 128, 160, 288 } },
		{ ALG_ENC, "aes-ccm-16", { 152, 216, 280 }, { 128, 160, 288 } },
		{ ALG_ENC, "aes-ccm-8-iiv", { 152, 216, 280 }, { 128, 160, 288 } },
		{ ALG_ENC, "chacha20-poly1305", { 288 }, { 256, 280, 296 } },
		{ ALG_ENC, "chacha20-poly1305-iiv", { 288 }, { 256, 280, 296 } },
		{ ALG_AUTH, "aes-cmac-96", { 128 }, { 120, 136, 256 } },
		{ ALG_AUTH, "aes-gmac", { 160, 224, 288 }, { 128, 192, 256 } },
		{ ALG_AUTH, "hmac-sha256-96", { 256 }, { 248, 264 } },
		{ ALG_AUTH, "tcp-md5", { 8, 640 }, { 648 } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		const struct alg *a = alg_by_name(row[i].kind, row[i].name);

		assert_non_null(a);
		/* A list that begins with 0 says that no key is right. */
		for (size_t k = 0; k < 3 && (k == 0 || row[i].valid[k] != 0); k++)
			assert_true(alg_key_ok(a, row[i].valid[k]));
		for (size_t k = 0; k < 6 && row[i].invalid[k] != 0; k++)
			assert_false(alg_key_ok(a, row[i].invalid[k]));
	}
}

/* What NetBSD numbers by key size is one row; ours collide with nobody's. */
static void
alg_by_id_knows_numbers_of_others(void **state)
{
	(void)state;
	for (uint8_t id = 11; id <= 13; id++)
		assert_int_equal(alg_by_id(ALG_AUTH, id)->code, ALG_AES_GMAC_AUTH);
	assert_int_equal(alg_by_id(ALG_ENC, 14)->code, ALG_AES_CCM_8);
	assert_int_equal(alg_by_id(ALG_ENC, 23)->code, ALG_AES_GMAC);
	assert_null(alg_by_id(ALG_AUTH, 10)); /* Linux: SM3 */
	assert_null(alg_by_id(ALG_ENC, 24)); /* Linux: SM4 */
	assert_null(alg_by_id(ALG_ENC, 252)); /* Linux: Serpent */
}

/* ---- selectors ---- */

static void
selector_match_wants_every_field(void **state)
{
	static const struct {
		const char *src, *dst;
		uint8_t proto;
		uint16_t sport, dport;
		bool match[4]; /* TCP 5 -> 80; UDP 5 -> 80; TCP without ports; ICMP 8/0 */
	} row[] = {
		{ "10.1.0.0/16", "10.2.0.0/16", ULPROTO_ANY, 0, 0, { 1, 1, 1, 1 } },
		{ "10.1.2.3", "10.2.0.1", ULPROTO_ANY, 0, 0, { 1, 1, 1, 1 } },
		{ "0.0.0.0/0", "0.0.0.0/0", ULPROTO_ANY, 0, 0, { 1, 1, 1, 1 } },
		{ "10.1.2.4", "10.2.0.1", ULPROTO_ANY, 0, 0, { 0 } },
		{ "10.1.0.0/16", "10.2.0.0/32", ULPROTO_ANY, 0, 0, { 0 } },
		{ "10.2.0.0/16", "10.1.0.0/16", ULPROTO_ANY, 0, 0, { 0 } },
		{ "::/0", "::/0", ULPROTO_ANY, 0, 0, { 0 } },
		{ "10.1.0.0/16", "10.2.0.0/16", IPPROTO_TCP, 0, 0, { 1, 0, 1, 0 } },
		{ "10.1.0.0/16", "10.2.0.0/16", IPPROTO_TCP, 0, 80, { 1, 0, 0, 0 } },
		{ "10.1.0.0/16", "10.2.0.0/16", IPPROTO_TCP, 5, 80, { 1, 0, 0, 0 } },
		{ "10.1.0.0/16", "10.2.0.0/16", IPPROTO_TCP, 80, 5, { 0 } },
		{ "10.1.0.0/16", "10.2.0.0/16", ULPROTO_ANY, 0, 80, { 1, 1, 0, 0 } },
		{ "10.1.0.0/16", "10.2.0.0/16", IPPROTO_ICMP, 8, 0, { 0, 0, 0, 1 } },
		{ "10.1.0.0/16", "10.2.0.0/16", IPPROTO_ICMP, 3, 0, { 0 } },
	};
	struct selector_pkt pkt[4] = {
		{ .proto = IPPROTO_TCP,
			.has_ports = true,
			.sport_be = htons(5),
			.dport_be = htons(80) },
		{ .proto = IPPROTO_UDP,
			.has_ports = true,
			.sport_be = htons(5),
			.dport_be = htons(80) },
		{ .proto = IPPROTO_TCP, .sport_be = htons(5), .dport_be = htons(80) },
		{ .proto = IPPROTO_ICMP, .has_ports = true, .sport_be = htons(8) },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row) * 4; i++) {
		struct selector_pkt *p = &pkt[i % 4];
		struct selector s = { .src = ip(row[i / 4].src),
			.dst = ip(row[i / 4].dst),
			.proto = row[i / 4].proto };

		s.src.port_be = htons(row[i / 4].sport);
		s.dst.port_be = htons(row[i / 4].dport);
		p->src = ip("10.1.2.3");
		p->dst = ip("10.2.0.1");
		assert_int_equal(selector_match(&s, p), row[i / 4].match[i % 4]);
	}
}

static void
selector_eq_sees_every_field(void **state)
{
	const struct selector a = {
		.src = ip("10.1.0.0/16"), .dst = ip("10.2.0.0/16"), .proto = 6, .dir = DIR_IN
	};

	(void)state;
	assert_true(selector_eq(&a, &a));
	for (unsigned int i = 0; i < 6; i++) {
		struct selector b = a;

		b.src.plen -= i == 0;
		b.dst.b[1] ^= i == 1;
		b.src.port_be ^= i == 2;
		b.dst.port_be ^= i == 3;
		b.proto ^= i == 4;
		b.dir ^= i == 5 ? 3 : 0;
		assert_false(selector_eq(&a, &b));
	}
}

/* ---- policies ---- */

static struct sp_spec
policy(const char *src, const char *dst)
{
	struct sp_spec s = { .action = SP_IPSEC, .nreq = 1 };

	s.sel = (struct selector){
		.src = ip(src), .dst = ip(dst), .proto = ULPROTO_ANY, .dir = DIR_OUT
	};
	s.req[0] = (struct sp_req){ .proto = IPPROTO_ESP,
		.mode = MODE_TUNNEL,
		.level = LEVEL_REQUIRE,
		.src = ip("192.0.2.1"),
		.dst = ip("192.0.2.2") };
	return s;
}

static void
spoil(struct sp_spec *s, unsigned int how)
{
	static const struct addr none;

	switch (how) {
	case 1:
		s->sel.dir = DIR_ANY;
		break;
	case 2:
		s->sel.dst = ip("fd00::/64");
		break;
	case 3:
		s->sel.src = s->sel.dst = none;
		break;
	case 4:
		s->sel.src.plen = 33;
		break;
	case 5:
		s->action = SP_ENTRUST;
		break;
	case 6:
		s->action = SP_DISCARD; /* with a request */
		break;
	case 7:
		s->nreq = 0;
		break;
	case 8:
		s->nreq = SP_REQ_MAX + 1;
		break;
	case 9:
		s->req[0].mode = MODE_ANY;
		break;
	case 10:
		s->req[0].level = LEVEL_UNIQUE + 1;
		break;
	case 11:
		s->req[0].reqid = 5; /* not unique */
		break;
	case 12:
		s->req[0].dst = ip("2001:db8::2");
		break;
	case 13:
		s->req[0].src = s->req[0].dst = none;
		break;
	case 14:
		s->req[0].dst = ip("0.0.0.0");
		break;
	default:
		break;
	}
}

static void
sp_spec_check_refuses_what_makes_no_sense(void **state)
{
	struct err err = { 0 };

	(void)state;
	for (unsigned int how = 0; how < 15; how++) {
		struct sp_spec s = policy("10.1.0.0/16", "10.2.0.0/16");

		spoil(&s, how);
		err.text[0] = '\0';
		assert_int_equal(sp_spec_check(&s, &err), how == 0 ? 0 : -EINVAL);
		assert_int_equal(err.text[0] != '\0', how != 0);
	}
	{
		struct sp_spec s = policy("10.1.0.0/16", "10.2.0.0/16");

		s.req[0].proto = IPPROTO_TCP;
		assert_int_equal(sp_spec_check(&s, &err), -EPROTONOSUPPORT);
	}
}

static void
spd_keeps_order_and_identity(void **state)
{
	const char *const dst[] = { "10.2.0.0/16", "10.2.3.0/24", "0.0.0.0/0" };
	struct selector_pkt p = { .src = ip("10.1.0.1"), .dst = ip("10.2.3.4") };
	struct sp *sp[3], *dup;
	struct sp_spec s;
	struct spd spd;

	(void)state;
	spd_init(&spd);
	for (unsigned int i = 0; i < 3; i++) {
		s = policy("10.1.0.0/16", dst[i]);
		assert_int_equal(spd_add(&spd, &s, 7, &sp[i]), 0);
		assert_true(sp[i]->id != 0 && spd_find_id(&spd, sp[i]->id) == sp[i]);
	}
	/* Host bits do not make another policy. */
	s = policy("10.1.255.255/16", "10.2.0.1/16");
	assert_int_equal(spd_add(&spd, &s, 7, &dup), -EEXIST);
	assert_ptr_equal(spd_find_selector(&spd, &s.sel), sp[0]);
	s.sel.dir = DIR_IN;
	assert_null(spd_find_selector(&spd, &s.sel));
	/* First match in the order of insertion, not the longest prefix. */
	assert_ptr_equal(spd_lookup(&spd, DIR_OUT, &p), sp[0]);
	assert_null(spd_lookup(&spd, DIR_IN, &p));
	spd_unlink(&spd, sp[0]);
	sp_free(&spd, sp[0]);
	assert_ptr_equal(spd_lookup(&spd, DIR_OUT, &p), sp[1]);
	p.dst = ip("198.51.100.1");
	assert_ptr_equal(spd_lookup(&spd, DIR_OUT, &p), sp[2]);
	assert_int_equal(spd.n, 2);
	spd_fini(&spd);
	assert_int_equal(spd.created, spd.destroyed);
}

static void
names_are_those_of_setkey(void **state)
{
	(void)state;
	assert_string_equal(proto_name(IPPROTO_ESP), "esp");
	assert_string_equal(proto_name(IPPROTO_AH), "ah");
	assert_string_equal(proto_name(IPPROTO_IPCOMP), "ipcomp");
	assert_string_equal(proto_name(IPPROTO_TCP), "unknown");
	assert_string_equal(mode_name(MODE_TUNNEL), "tunnel");
	assert_string_equal(dir_name(DIR_OUT), "out");
	assert_string_equal(action_name(SP_IPSEC), "ipsec");
	assert_string_equal(level_name(LEVEL_UNIQUE), "unique");
	assert_string_equal(level_name((enum sp_level)9), "unknown");
	assert_string_equal(sa_state_name(SA_DYING), "dying");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alg_rows_are_found_by_all_their_names),
		cmocka_unit_test(alg_rows_are_possible),
		cmocka_unit_test(alg_by_id_knows_numbers_of_others),
		cmocka_unit_test(alg_key_ok_knows_the_sizes),
		cmocka_unit_test(selector_match_wants_every_field),
		cmocka_unit_test(selector_eq_sees_every_field),
		cmocka_unit_test(sp_spec_check_refuses_what_makes_no_sense),
		cmocka_unit_test(spd_keeps_order_and_identity),
		cmocka_unit_test(names_are_those_of_setkey),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
