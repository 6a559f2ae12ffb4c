/* SPDX-License-Identifier: BSD-2-Clause */
/* The setkey(8) language: what it accepts and means, where it says no, and that keys do not stay. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "setkey/setkey.h"

struct seen {
	unsigned int n;
	struct setkey_cmd last;
	int answer;
};

static int
keep(void *arg, const struct setkey_cmd *cmd, struct err *err)
{
	struct seen *s = arg;

	s->n++;
	s->last = *cmd;
	return s->answer == 0 ? 0 : err_set(err, s->answer, "no");
}

static struct setkey_cmd
one(const char *text)
{
	struct seen s = { 0 };
	struct setkey_err err = { 0 };

	if (setkey_parse(text, strlen(text), keep, &s, &err) != 0)
		fail_msg("%u:%u: %s", err.line, err.col, err.err.text);
	assert_int_equal(s.n, 1);
	return s.last;
}

static void
setkey_parse_add_with_every_option(void **state)
{
	struct setkey_cmd c = one(
		"add -4 10.0.0.1 [500] 10.0.0.2[any] esp 0x1000 -m tunnel -r 4 -u 7 -ls 50 -lh 60\n"
		"  -bs 8 -bh 9 -f zero-pad -f nocyclic-seq -esn\n"
		"  -E rijndael-cbc \"aaaaaaaaaaaaaaaa\" -A hmac-sha1 0x123456789012345678901234567890123456789;");

	(void)state;
	assert_int_equal(c.verb, SETKEY_ADD);
	assert_int_equal(c.sa.idx.proto, IPPROTO_ESP);
	assert_int_equal(c.sa.idx.mode, MODE_TUNNEL);
	assert_int_equal(c.sa.idx.reqid, 7);
	assert_int_equal(c.sa.spi, 0x1000);
	assert_int_equal(c.sa.window_pkts, 32);
	assert_int_equal(c.sa.flags, SA_F_PAD_ZERO | SA_F_ESN);
	assert_int_equal(c.sa.soft.add_s, 50);
	assert_int_equal(c.sa.hard.add_s, 60);
	assert_int_equal(c.sa.soft.bytes, 8);
	assert_int_equal(c.sa.hard.bytes, 9);
	assert_string_equal(c.sa.enc->name, "aes-cbc");
	assert_int_equal(c.sa.enckey.len, 16);
	assert_memory_equal(c.sa.enckey.b, "aaaaaaaaaaaaaaaa", 16);
	assert_int_equal(c.sa.authkey.len, 20); /* 39 digits: the first alone is a byte */
	assert_int_equal(c.sa.authkey.b[0], 0x01);
	assert_int_equal(c.sa.authkey.b[1], 0x23);
}

static void
setkey_parse_esp_in_udp(void **state)
{
	struct setkey_cmd c = one("add 10.0.0.1 10.0.0.2 [61234] esp-udp 192.168.0.4 0x1000"
				  " -esp_frag 552 -keepalive 20 -oa_dst 192.168.1.1 -tfc 1400"
				  " -E aes-gcm-16 \"aaaaaaaaaaaaaaaaaaaa\";");
	struct addr a;

	(void)state;
	assert_int_equal(c.sa.idx.proto, IPPROTO_ESP);
	assert_int_equal(c.sa.natt.type, NATT_ESP_IN_UDP);
	assert_int_equal(ntohs(c.sa.idx.src.port_be), 4500);
	assert_int_equal(ntohs(c.sa.idx.dst.port_be), 61234);
	assert_int_equal(c.sa.spi, 0x1000);
	assert_int_equal(c.sa.natt.frag_len, 552);
	assert_int_equal(c.sa.natt.keepalive_s, 20);
	assert_int_equal(c.sa.tfc_len, 1400);
	assert_int_equal(addr_parse("192.168.0.4", &a), 0);
	assert_true(addr_eq(&c.sa.natt.oa_src, &a));
	assert_int_equal(addr_parse("192.168.1.1", &a), 0);
	assert_true(addr_eq(&c.sa.natt.oa_dst, &a));
	/* Nothing of it is left for the next one. */
	c = one("add 10.0.0.1[4500] 10.0.0.2[4500] esp 0x1000 -E aes-gcm-16 \"aaaaaaaaaaaaaaaaaaaa\";");
	assert_int_equal(c.sa.natt.type, NATT_NONE);
	assert_int_equal(c.sa.idx.src.port_be | c.sa.idx.dst.port_be, 0);
	assert_int_equal(c.sa.natt.oa_src.af, 0);
}

static void
setkey_parse_old_transforms(void **state)
{
	struct setkey_cmd c = one("add 10.0.0.1 10.0.0.2 esp-old 256 -E des-32iv \"aaaaaaaa\";");

	(void)state;
	assert_int_equal(c.sa.flags, SA_F_OLD | SA_F_CYCSEQ | SA_F_IV4B);
	assert_int_equal(c.sa.enc->code, ALG_DES_CBC);
	c = one("update 10.0.0.1 10.0.0.2 ah-old 256 -A keyed-md5 \"aaaaaaaaaaaaaaaa\";");
	assert_int_equal(c.verb, SETKEY_UPDATE);
	assert_int_equal(c.sa.idx.proto, IPPROTO_AH);
	assert_int_equal(c.sa.flags, SA_F_OLD | SA_F_CYCSEQ);
	c = one("add 10.0.0.1 10.0.0.2 esp 256 -E des-deriv \"aaaaaaaa\";");
	assert_int_equal(c.sa.flags, SA_F_DERIV | SA_F_CYCSEQ);
	assert_int_equal(c.sa.enc->code, ALG_DES_CBC);
	c = one("add 10.0.0.1 10.0.0.2 ah 256 -align8 -A hmac-sha1 \"aaaaaaaaaaaaaaaaaaaa\";");
	assert_int_equal(c.sa.flags, SA_F_ALIGN8 | SA_F_CYCSEQ);
}

static void
setkey_parse_policies(void **state)
{
	struct setkey_cmd c = one("spdadd 10.1.0.0/16[any] 10.2.0.0/16[25] tcp -P out ipsec "
				  "esp/transport//use ah/tunnel/fd00::1-fd00::2/unique:5;");

	(void)state;
	assert_int_equal(c.sp.sel.proto, 6);
	assert_int_equal(c.sp.sel.dir, DIR_OUT);
	assert_int_equal(c.sp.sel.src.plen, 16);
	assert_int_equal(ntohs(c.sp.sel.dst.port_be), 25);
	assert_int_equal(c.sp.nreq, 2);
	assert_int_equal(c.sp.req[0].mode, MODE_TRANSPORT);
	assert_int_equal(c.sp.req[0].level, LEVEL_USE);
	assert_int_equal(c.sp.req[0].src.af, 0);
	assert_int_equal(c.sp.req[1].proto, IPPROTO_AH);
	assert_int_equal(c.sp.req[1].reqid, 5);
	assert_int_equal(c.sp.req[1].dst.b[15], 2);
	c = one("spdadd ::/0 ::/0 icmp6 135,0 -P in none;");
	assert_int_equal(ntohs(c.sp.sel.src.port_be), 135);
	assert_int_equal(c.sp.action, SP_NONE);
	c = one("spddelete 10.1.0.0/16 10.2.0.0/16 any -P in;");
	assert_int_equal(c.verb, SETKEY_SPDDELETE);
	assert_int_equal(c.sp.sel.dir, DIR_IN);
	assert_int_equal(one("flush ah;").proto, IPPROTO_AH);
	assert_int_equal(one("# all\n;; flush ;").proto, 0);
}

static void
setkey_parse_says_where_and_why(void **state)
{
	static const struct {
		const char *text;
		unsigned int line, col;
		const char *part;
	} bad[] = {
		{ "frobnicate;", 1, 1, "expected add" },
		{ "flush", 1, 6, "protocol must be" },
		{ "flush;\n  spdflush x;", 2, 12, "expected ;" },
		{ "add 10.0.0.1 gw esp 1000;", 1, 14, "not a numeric address" },
		{ "add 10.0.0.1/24 10.0.0.2 esp 1000;", 1, 5, "not a prefix" },
		{ "add 10.0.0.1 10.0.0.2 esp 4294967296;", 1, 27, "SPI must be a number" },
		{ "add 10.0.0.1 10.0.0.2 esp 1000 -E aes-cbc 0x00;", 1, 43, "Invalid key length" },
		{ "add 10.0.0.1 10.0.0.2 esp 1000 -E aes-cbc 0xzz;", 1, 43, "not hexadecimal" },
		{ "add 10.0.0.1 10.0.0.2 esp 1000 -E rot13 0x00;", 1, 35, "unknown algorithm" },
		{ "add 10.0.0.1 10.0.0.2 esp 1000 -E aes-cbc \"abc", 1, 43, "closing quote" },
		{ "add 10.0.0.1 10.0.0.2 esp 1000 -r 256;", 1, 35, "up to 255" },
		{ "add 10.0.0.1 10.0.0.2 esp 1000 -window 65537;", 1, 40, "up to 65536" },
		{ "spdadd 10.0.0.0/33 10.0.0.0/8 any -P in none;", 1, 8, "too large" },
		{ "spdadd 10.0.0.0/8 fd00::/8 any -P in none;", 1, 28, "different families" },
		{ "spdadd 1.1.1.1 2.2.2.2 any none;", 1, 28, "expected -P" },
		{ "spdadd 1.1.1.1 2.2.2.2 any 8,0 -P in none;", 1, 28, "only icmp" },
		{ "spdadd 1.1.1.1 2.2.2.2 any -P fwd none;", 1, 31, "in or out" },
		{ "spdadd 1.1.1.1 2.2.2.2 any -P in ipsec;", 1, 39, "needs a request" },
		{ "spdadd 1.1.1.1 2.2.2.2 any -P in ipsec esp/tunnel//require;", 1, 40,
			"both end points" },
		{ "spdadd 1.1.1.1 2.2.2.2 any -P in ipsec esp/tunnel/1.1.1.1-::1/use;", 1, 40,
			"different families" },
		{ "spdadd 1.1.1.1 2.2.2.2 any -P in ipsec esp/transport/;", 1, 40,
			"expected protocol/" },
		{ "spdadd 1.1.1.1 2.2.2.2 any -P in ipsec esp/transport//unique:0;", 1, 40,
			"unique takes" },
		{ "spdadd 1.1.1.1 2.2.2.2 any -P in none esp/transport//use;", 1, 39,
			"only ipsec" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct seen s = { 0 };
		struct setkey_err err = { 0 };

		assert_int_equal(
			setkey_parse(bad[i].text, strlen(bad[i].text), keep, &s, &err), -EINVAL);
		if (err.line != bad[i].line || err.col != bad[i].col ||
			strstr(err.err.text, bad[i].part) == NULL)
			fail_msg("%s\n  got %u:%u: %s", bad[i].text, err.line, err.col,
				err.err.text);
	}
}

/* What the words are made of, where files of errors cannot hold it: NUL bytes, ends of the text, lengths. */
static void
setkey_parse_words_at_their_limits(void **state)
{
#define T(text) text, sizeof(text) - 1
	static const struct {
		const char *text;
		size_t len;
		unsigned int n; /* statements before the end or the error */
		unsigned int line, col; /* 0: no error */
		const char *part;
	} row[] = {
		{ T(""), 0, 0, 0, "" },
		{ T(" \t\r\n"), 0, 0, 0, "" },
		{ T("#"), 0, 0, 0, "" },
		{ T("# no newline"), 0, 0, 0, "" },
		{ T("# NUL \0 in a comment\nflush;"), 1, 0, 0, "" },
		{ "flush;flush", 6, 1, 0, 0, "" }, /* the text ends where len says */
		{ T("flush;\0"), 1, 1, 7, "NUL byte" },
		{ T("flush\0;"), 0, 1, 1, "NUL byte" },
		{ T("flush esp\0;"), 0, 1, 7, "NUL byte" },
		{ T("flush \"\0\";"), 0, 1, 7, "NUL byte" },
		{ T("\xef\xbb\xbf"
		    "flush;"),
			0, 1, 1, "expected add" },
		{ T("\vflush;"), 0, 1, 1, "expected add" },
		{ T("flush;\r\nflush;\r\n\tx;"), 2, 3, 2, "expected add" },
		{ T("flush;\rx;"), 1, 1, 8, "expected add" }, /* CR alone ends no line */
		{ T("flush; # ;\n\n # \n  x"), 1, 4, 3, "expected add" },
	};
#undef T

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		/* An exact copy: reading behind it is seen by the sanitizer. */
		char *text = malloc(row[i].len + (row[i].len == 0));
		struct seen s = { 0 };
		struct setkey_err err = { 0 };

		assert_non_null(text);
		memcpy(text, row[i].text, row[i].len);
		assert_int_equal(setkey_parse(text, row[i].len, keep, &s, &err),
			row[i].line == 0 ? 0 : -EINVAL);
		if (s.n != row[i].n || strstr(err.err.text, row[i].part) == NULL ||
			(row[i].line != 0 && (err.line != row[i].line || err.col != row[i].col)))
			fail_msg("row %zu: %u statements, %u:%u: %s", i, s.n, err.line, err.col,
				err.err.text);
		free(text);
	}
}

/* A key of a kilobyte is cut nowhere on its way into the error or the command. */
static void
setkey_parse_key_at_its_longest(void **state)
{
	char text[2048];
	char digits[2 * SECRET_MAX + 4];

	(void)state;
	for (size_t n = 78; n <= 82; n++) {
		struct seen s = { 0 };
		struct setkey_err err = { 0 };

		memset(digits, 'a', sizeof(digits));
		digits[2 * n] = '\0';
		(void)snprintf(text, sizeof(text), "add 10.0.0.1 10.0.0.2 ah 1000 -A tcp-md5 0x%s;",
			digits);
		assert_int_equal(
			setkey_parse(text, strlen(text), keep, &s, &err), n <= 80 ? 0 : -EINVAL);
		if (n <= 80)
			assert_int_equal(s.last.sa.authkey.len, n);
		else
			assert_non_null(strstr(err.err.text, "Invalid key length"));
	}
	memset(digits, 'a', sizeof(digits));
	for (size_t n = 2 * SECRET_MAX; n <= 2 * SECRET_MAX + 1; n++) {
		struct seen s = { 0 };
		struct setkey_err err = { 0 };

		digits[2 * SECRET_MAX] = 'a';
		digits[n] = '\0';
		(void)snprintf(text, sizeof(text), "add 10.0.0.1 10.0.0.2 ah 1000 -A tcp-md5 0x%s;",
			digits);
		assert_int_equal(setkey_parse(text, strlen(text), keep, &s, &err), -EINVAL);
		assert_non_null(strstr(err.err.text,
			n == 2 * SECRET_MAX ? "does not take 2048 bits" : "longer than 256"));
	}
}

static void
setkey_parse_never_repeats_key_material_in_errors(void **state)
{
	static const char *const text[] = {
		"add 10.0.0.1 10.0.0.2 esp 1000 -E aes-cbc 0x5ec7e75ec7e7;",
		"add 10.0.0.1 10.0.0.2 esp 1000 -E 0x5ec7e75ec7e7;",
		"add 10.0.0.1 10.0.0.2 esp 1000 -E null 0x5ec7e75ec7e7;",
		"add 10.0.0.1 10.0.0.2 esp 1000 0x5ec7e75ec7e7;",
		"add 10.0.0.1 10.0.0.2 esp 1000 -E aes-cbc \"5ec7e75ec7e7\";",
		"add 10.0.0.1 10.0.0.2 esp 1000 -E null \"-5ec7e75ec7e7\";",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(text); i++) {
		struct seen s = { 0 };
		struct setkey_err err = { 0 };

		assert_int_equal(setkey_parse(text[i], strlen(text[i]), keep, &s, &err), -EINVAL);
		assert_null(strstr(err.err.text, "5ec7"));
	}
}

static void
setkey_parse_stops_when_emit_refuses(void **state)
{
	const char *text = "flush;\n  flush;\nflush;";
	struct seen s = { .answer = -EEXIST };
	struct setkey_err err = { 0 };

	(void)state;
	assert_int_equal(setkey_parse(text, strlen(text), keep, &s, &err), -EEXIST);
	assert_int_equal(s.n, 1);
	assert_int_equal(err.line, 1);
	assert_string_equal(err.err.text, "no");
}

static int
check(void *arg, const struct setkey_cmd *cmd, struct err *err)
{
	unsigned int *n = arg;

	(*n)++;
	if (cmd->verb == SETKEY_ADD)
		return sa_spec_check(&cmd->sa, err);
	if (cmd->verb == SETKEY_SPDADD)
		return sp_spec_check(&cmd->sp, err);
	return 0;
}

static void
setkey_parse_takes_the_sample_files(void **state)
{
	static const struct {
		const char *name;
		unsigned int n;
	} file[] = {
		{ "gw1.conf", 8 },
		{ "gw2.conf", 8 },
		{ "gw6.conf", 8 },
		{ "transport.conf", 6 },
		{ "natt.conf", 10 },
		{ "ipcomp.conf", 9 },
		{ "bundle.conf", 10 },
		{ "ah.conf", 10 },
	};
	char path[512];
	char text[8192];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(file); i++) {
		struct setkey_err err = { 0 };
		unsigned int n = 0;
		size_t len;
		FILE *f;

		(void)snprintf(path, sizeof(path), "%s/%s", CONFIG_DIR, file[i].name);
		f = fopen(path, "r");
		assert_non_null(f);
		len = fread(text, 1, sizeof(text), f);
		(void)fclose(f);
		assert_in_range(len, 1, sizeof(text) - 1);
		if (setkey_parse(text, len, check, &n, &err) != 0)
			fail_msg("%s:%u:%u: %s", file[i].name, err.line, err.col, err.err.text);
		assert_int_equal(n, file[i].n);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(setkey_parse_add_with_every_option),
		cmocka_unit_test(setkey_parse_esp_in_udp),
		cmocka_unit_test(setkey_parse_old_transforms),
		cmocka_unit_test(setkey_parse_policies),
		cmocka_unit_test(setkey_parse_says_where_and_why),
		cmocka_unit_test(setkey_parse_words_at_their_limits),
		cmocka_unit_test(setkey_parse_key_at_its_longest),
		cmocka_unit_test(setkey_parse_never_repeats_key_material_in_errors),
		cmocka_unit_test(setkey_parse_stops_when_emit_refuses),
		cmocka_unit_test(setkey_parse_takes_the_sample_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
