/* SPDX-License-Identifier: BSD-2-Clause */
/* setkey files into real keys and snapshots: all or nothing, and a reload keeps what is equal. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_eal.h>

#include <cmocka.h>

#include "ctl/keyload.h"
#include "dp/eal.h"
#include "snap/snap.h"

#define MAX_SA 4u
#define ADD1                                                          \
	"add 192.0.2.1 192.0.2.2 esp 0x1001 -m tunnel -E aes-gcm-16 " \
	"0x00112233445566778899aabbccddeeff01020304;\n"
#define ADD1_OTHER_KEY                                                \
	"add 192.0.2.1 192.0.2.2 esp 0x1001 -m tunnel -E aes-gcm-16 " \
	"0x10112233445566778899aabbccddeeff01020304;\n"
#define ADD2                                                          \
	"add 192.0.2.2 192.0.2.1 esp 0x1002 -m tunnel -E aes-gcm-16 " \
	"0x20112233445566778899aabbccddeeff01020304;\n"
#define ADD_N(n)                                                           \
	"add 192.0.2.1 192.0.2.2 esp 0x110" #n " -m tunnel -E aes-gcm-16 " \
	"0x30112233445566778899aabbccddeeff01020304;\n"
#define ADD3 ADD_N(3)
#define ADD4 ADD_N(4)
#define ADD5 ADD_N(5)
#define ADD6 ADD_N(6)
#define ADD7 ADD_N(7)
#define ADD8 ADD_N(8)
#define POL1                                               \
	"spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec " \
	"esp/tunnel/192.0.2.1-192.0.2.2/unique;\n"
#define POL1_IN                                           \
	"spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec " \
	"esp/tunnel/192.0.2.2-192.0.2.1/unique;\n"
#define POL2 "spdadd 10.3.0.0/16 10.4.0.0/16 any -P out discard;\n"

static struct portset ports;
static struct crypto *crypto;
static struct snap *snap;
static struct keyd kd;
static struct conf conf;
static char dir[] = "/tmp/test_keyload.XXXXXX";

static int
start(void **state)
{
	const struct crypto_conf cc = { .nworkers = 1 };
	struct snap_conf sc = {
		.nworkers = 1, .max_sa = MAX_SA, .max_acl_bytes = 64u << 20, .ports = &ports
	};
	const struct knobs knobs = KNOBS_INIT;
	struct err err = { 0 };

	(void)state;
	test_eal(512, NULL);
	crypto = crypto_new(&cc, &err);
	sc.crypto = crypto;
	snap = crypto != NULL ? snap_new(&sc, &err) : NULL;
	if (snap == NULL)
		fail_msg("%s", err.text);
	assert_int_equal(keyd_init(&kd, snap_knobs(snap), &snap_dp_ops, snap), 0);
	snap_set_keyd(snap, &kd);
	assert_int_equal(snap_commit(snap, &err), 0);
	conf.knobs = knobs;
	conf.max_sa = MAX_SA;
	assert_non_null(mkdtemp(dir));
	return 0;
}

static int
stop(void **state)
{
	uint64_t created;
	uint64_t destroyed;

	(void)state;
	assert_int_equal(rmdir(dir), 0);
	keyd_sa_flush(&kd, 0);
	keyd_sp_flush(&kd);
	assert_int_equal(snap_commit(snap, NULL), 0);
	snap_free(snap);
	assert_int_equal(kd.sad.created, kd.sad.destroyed);
	assert_int_equal(kd.spd.created, kd.spd.destroyed);
	keyd_fini(&kd);
	crypto_session_counts(crypto, &created, &destroyed);
	assert_int_equal(created, destroyed);
	crypto_free(crypto);
	return rte_eal_cleanup();
}

/* Load up to two files with these texts. @return what keyload_read() or _apply() said */
static int
load(const char *a, const char *b, struct err *err)
{
	const char *const text[] = { a, b };
	struct keyload k;
	int ret;

	conf.nsetkey = 0;
	for (unsigned int i = 0; i < 2 && text[i] != NULL; i++) {
		FILE *f;

		(void)snprintf(conf.setkey[i], sizeof(conf.setkey[i]), "%s/%c.conf", dir, 'a' + i);
		f = fopen(conf.setkey[i], "w");
		assert_non_null(f);
		assert_true(fputs(text[i], f) >= 0);
		assert_int_equal(fchmod(fileno(f), 0600), 0);
		assert_int_equal(fclose(f), 0);
		conf.nsetkey++;
	}
	ret = keyload_read(&k, &conf, crypto, err);
	if (ret == 0) {
		ret = keyload_apply(&k, &kd, err);
		keyload_free(&k);
		if (ret == 0)
			ret = snap_commit(snap, err);
		(void)snap_reclaim(snap);
	}
	for (unsigned int i = 0; i < conf.nsetkey; i++)
		assert_int_equal(unlink(conf.setkey[i]), 0);
	return ret;
}

static struct sa *
first(void)
{
	return TAILQ_FIRST(&kd.sad.all);
}

static void
keyload_keeps_what_is_equal(void **state)
{
	struct err err = { 0 };
	struct sa_rt *rt;
	struct sp *sp;

	(void)state;
	if (load("flush; spdflush;\n" ADD1, ADD2 POL1, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(kd.sad.n, 2);
	assert_int_equal(kd.spd.n, 1);
	rt = first()->rt;
	sp = TAILQ_FIRST(&kd.spd.list[DIR_OUT]);
	atomic_store(&rt->seq, 77);
	/* The same again: nothing is made anew, the sequence number goes on. */
	assert_int_equal(load(ADD2 ADD1, POL1, &err), 0);
	assert_ptr_equal(first()->rt, rt);
	assert_int_equal(atomic_load(&rt->seq), 77);
	assert_ptr_equal(TAILQ_FIRST(&kd.spd.list[DIR_OUT]), sp);
	/* One SA goes, a policy comes: the other SA stays. */
	assert_int_equal(load(ADD1 POL1 POL2, NULL, &err), 0);
	assert_int_equal(kd.sad.n, 1);
	assert_int_equal(kd.spd.n, 2);
	assert_ptr_equal(first()->rt, rt);
	/* Another key under the same name is another SA. */
	assert_int_equal(load(ADD1_OTHER_KEY POL2 POL1, NULL, &err), 0);
	assert_int_equal(kd.sad.n, 1);
	rt = first()->rt;
	assert_int_equal(atomic_load(&rt->seq), 0);
	sp = TAILQ_FIRST(&kd.spd.list[DIR_OUT]);
	assert_int_equal(sp->spec.action, SP_DISCARD);
	/* unique without a number is numbered as before, so this is equal again. */
	assert_int_equal(load(ADD1_OTHER_KEY POL1 POL1_IN, NULL, &err), 0);
	sp = TAILQ_FIRST(&kd.spd.list[DIR_IN]);
	assert_int_equal(load(ADD1_OTHER_KEY POL1 POL1_IN, NULL, &err), 0);
	assert_ptr_equal(TAILQ_FIRST(&kd.spd.list[DIR_IN]), sp);
	assert_int_equal(load(ADD1_OTHER_KEY POL2 POL1, NULL, &err), 0);
	sp = TAILQ_FIRST(&kd.spd.list[DIR_OUT]);
	assert_int_equal(load(ADD1_OTHER_KEY POL2 POL1, NULL, &err), 0);
	assert_ptr_equal(TAILQ_FIRST(&kd.spd.list[DIR_OUT]), sp);
}

static void
keyload_updates_and_deletes_in_place(void **state)
{
	struct err err = { 0 };

	(void)state;
	if (load(ADD1 ADD2 ADD3,
		    "deleteall 192.0.2.2 192.0.2.1 esp;\n"
		    "delete 192.0.2.1 192.0.2.2 esp 0x1103;\n"
		    "update 192.0.2.1 192.0.2.2 esp 0x1001 -m tunnel -window 77 -E aes-gcm-16 "
		    "0x00112233445566778899aabbccddeeff01020304;",
		    &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(kd.sad.n, 1);
	assert_int_equal(first()->spec.spi, 0x1001);
	assert_int_equal(first()->spec.window_pkts, 77);
	assert_int_equal(load(NULL, NULL, &err), 0);
}

static void
keyload_replaces_a_full_table(void **state)
{
	const struct sad_key key = { .spi_be = rte_cpu_to_be_32(0x1001),
		.proto = IPPROTO_ESP,
		.af = AF_INET,
		.dst = { 192, 0, 2, 2 } };
	const struct snapshot *s;
	struct err err = { 0 };

	(void)state;
	if (load(ADD1 ADD2 ADD3 ADD4, NULL, &err) != 0)
		fail_msg("%s", err.text);
	/* What is new is added before the old goes, so for a moment there are twice as many. */
	if (load(ADD5 ADD6 ADD7 ADD8, NULL, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(kd.sad.n, MAX_SA);
	s = atomic_load(snap_current(snap));
	assert_null(sadtbl_lookup(s, &key));
	if (load(ADD1, NULL, &err) != 0 || load(ADD1_OTHER_KEY, NULL, &err) != 0)
		fail_msg("%s", err.text);
	/* The old one is gone for good, and took nothing of its namesake with it. */
	assert_int_equal(snap_reclaim(snap), 0);
	s = atomic_load(snap_current(snap));
	assert_int_equal(kd.sad.n, 1);
	assert_ptr_equal(sadtbl_lookup(s, &key), first()->rt);
	assert_int_equal(load(NULL, NULL, &err), 0);
}

static void
keyload_refuses_and_leaves_everything(void **state)
{
	static const struct {
		const char *a, *b, *want;
	} bad[] = {
		{ ADD2, "\n  nonsense;", "b.conf:2:3: " },
		{ ADD2 ADD2, NULL, "a.conf:2:1: an SA with SPI" },
		{ ADD2, POL1 POL1, "b.conf:2:1: a policy with this selector" },
		{ "delete 1.1.1.1 2.2.2.2 esp 5;", NULL, "a.conf:1:1: no SA with SPI 5" },
		{ "deleteall 1.1.1.1 2.2.2.2 esp;", NULL, "a.conf:1:1: no SA of this protocol" },
		{ "update 192.0.2.1 192.0.2.2 esp 0x1001 -m tunnel -E aes-gcm-16 "
		  "0x00112233445566778899aabbccddeeff01020304;",
			NULL, "a.conf:1:1: no SA with SPI 4097" },
		{ "add 1.1.1.1 2.2.2.2 ah 0x500 -A tcp-md5 \"key\";", NULL,
			"a.conf:1:1: tcp-md5 is not for ah" },
		{ "add 1.1.1.1 2.2.2.2 esp 0x500 -m tunnel -E twofish-cbc 0x00112233445566778899aabbccddeeff "
		  "-A hmac-sha1 0x0011223344556677889900112233445566778899;",
			NULL, "a.conf:1:1: " },
		{ ADD1 ADD2 ADD3 ADD4, "\n" ADD5, "b.conf:2:1: more than 4 SAs" },
	};
	struct err err = { 0 };
	const struct sa *sa;
	const void *rt;

	(void)state;
	if (load(ADD1, POL1, &err) != 0)
		fail_msg("%s", err.text);
	sa = first();
	rt = sa->rt;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_not_equal(load(bad[i].a, bad[i].b, &err), 0);
		if (strstr(err.text, bad[i].want) == NULL)
			fail_msg("%zu: %s, want %s", i, err.text, bad[i].want);
		assert_int_equal(kd.sad.n, 1);
		assert_int_equal(kd.spd.n, 1);
		assert_ptr_equal(first(), sa);
		assert_ptr_equal(first()->rt, rt);
	}
	/* No file at all is an empty database; a missing one is an error. */
	conf.nsetkey = 1;
	(void)snprintf(conf.setkey[0], sizeof(conf.setkey[0]), "%s/none", dir);
	{
		struct keyload k;

		assert_int_equal(keyload_read(&k, &conf, crypto, &err), -ENOENT);
		(void)snprintf(conf.setkey[0], sizeof(conf.setkey[0]), "%s", dir);
		assert_int_equal(keyload_read(&k, &conf, crypto, &err), -EINVAL);
	}
	assert_int_equal(load(NULL, NULL, &err), 0);
	assert_int_equal(kd.sad.n, 0);
	assert_int_equal(kd.spd.n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keyload_keeps_what_is_equal),
		cmocka_unit_test(keyload_updates_and_deletes_in_place),
		cmocka_unit_test(keyload_replaces_a_full_table),
		cmocka_unit_test(keyload_refuses_and_leaves_everything),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
