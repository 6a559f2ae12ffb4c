/* SPDX-License-Identifier: BSD-2-Clause */
/* The key(4) engine and both databases behind it; the data plane is a recorder that can refuse. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keyd/keyd.h"
#include "support/rng.h"

struct recorder {
	struct keyd kd;
	struct knobs knobs;
	int refuse; /* returned by the next installs when not 0 */
	unsigned int patience; /* installs that still succeed before */
	int unprepared; /* returned by prepare */
	bool slow; /* the data plane lets go only when the test says so */
	unsigned int installed, removed, changed;
	struct sa *removed_sa;
	struct sp *removed_sp;
};

/* @return true once patience is used up, from then on always */
static bool
refused(struct recorder *r)
{
	if (r->refuse == 0 || r->patience == 0)
		return r->refuse != 0;
	r->patience--;
	return false;
}

static int
rec_sa_install(void *arg, struct sa *sa, struct err *err)
{
	struct recorder *r = arg;

	(void)sa;
	if (refused(r))
		return err_set(err, r->refuse, "refused by the test");
	r->installed++;
	return 0;
}

static void
rec_sa_remove(void *arg, struct sa *sa)
{
	struct recorder *r = arg;

	r->removed++;
	r->removed_sa = sa;
	if (!r->slow)
		keyd_sa_released(&r->kd, sa);
}

static int
rec_sp_install(void *arg, struct sp *sp, struct err *err)
{
	struct recorder *r = arg;

	(void)sp;
	if (refused(r))
		return err_set(err, r->refuse, "refused by the test");
	r->installed++;
	return 0;
}

static void
rec_sp_remove(void *arg, struct sp *sp)
{
	struct recorder *r = arg;

	r->removed++;
	r->removed_sp = sp;
	if (!r->slow)
		keyd_sp_released(&r->kd, sp);
}

static int
rec_sp_prepare(void *arg, struct err *err)
{
	const struct recorder *r = arg;

	return r->unprepared != 0 ? err_set(err, r->unprepared, "refused by the test") : 0;
}

static void
rec_changed(void *arg)
{
	struct recorder *r = arg;

	r->changed++;
}

static const struct keyd_dp_ops recorder_ops = { rec_sa_install, rec_sa_remove, rec_sp_install,
	rec_sp_remove, rec_sp_prepare, rec_changed };

static int
setup(void **state)
{
	struct recorder *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	assert_int_equal(keyd_init(&r->kd, &r->knobs, &recorder_ops, r), 0);
	*state = r;
	return 0;
}

static int
teardown(void **state)
{
	struct recorder *r = *state;

	keyd_fini(&r->kd);
	assert_int_equal(r->kd.sad.created, r->kd.sad.destroyed);
	assert_int_equal(r->kd.spd.created, r->kd.spd.destroyed);
	free(r);
	return 0;
}

static struct addr
ip(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static struct sa_spec
gcm_spec(uint32_t spi, const char *dst)
{
	struct sa_spec s = { .spi = spi, .enc = alg_by_name(ALG_ENC, "aes-gcm-16") };
	uint8_t key[20];

	memset(key, 0x61, sizeof(key));
	s.idx.src = ip("10.0.0.1");
	s.idx.dst = ip(dst);
	s.idx.proto = IPPROTO_ESP;
	s.idx.mode = MODE_TUNNEL;
	assert_int_equal(secret_set(&s.enckey, key, sizeof(key)), 0);
	return s;
}

static struct sp_spec
out_spec(const char *src, const char *dst)
{
	struct sp_spec s = { .action = SP_IPSEC, .nreq = 1 };

	s.sel = (struct selector){ ip(src), ip(dst), ULPROTO_ANY, DIR_OUT };
	s.req[0] = (struct sp_req){ IPPROTO_ESP, MODE_TUNNEL, LEVEL_REQUIRE, 0, ip("10.0.0.1"),
		ip("10.0.0.2") };
	return s;
}

static void
keyd_sa_add_delete_flush(void **state)
{
	struct recorder *r = *state;
	struct sa_spec s = gcm_spec(1000, "10.0.0.2");
	struct err err = { 0 };

	assert_int_equal(keyd_sa_add(&r->kd, &s, &err), 0);
	assert_int_equal(keyd_sa_add(&r->kd, &s, &err), -EEXIST);
	s.spi = 1001;
	assert_int_equal(keyd_sa_add(&r->kd, &s, &err), 0);
	s.idx.src = ip("10.0.0.9");
	assert_int_equal(keyd_sa_delete(&r->kd, &s.idx, 1001, &err), -ENOENT);
	s.idx.src = ip("10.0.0.1");
	assert_int_equal(keyd_sa_delete(&r->kd, &s.idx, 1001, &err), 0);
	assert_int_equal(keyd_sa_delete(&r->kd, &s.idx, 1001, &err), -ENOENT);
	keyd_sa_flush(&r->kd, IPPROTO_AH);
	assert_int_equal(r->kd.sad.n, 1);
	keyd_sa_flush(&r->kd, 0);
	assert_int_equal(r->kd.sad.n, 0);
	assert_int_equal(r->removed, 2);
}

static void
keyd_sa_update_needs_the_sa(void **state)
{
	struct recorder *r = *state;
	struct sa_spec s = gcm_spec(1000, "10.0.0.2");
	struct err err = { 0 };

	assert_int_equal(keyd_sa_update(&r->kd, &s, &err), -ENOENT);
	assert_int_equal(keyd_sa_add(&r->kd, &s, &err), 0);
	s.idx.src = ip("10.0.0.9");
	assert_int_equal(keyd_sa_update(&r->kd, &s, &err), -ENOENT);
	s.idx.src = ip("10.0.0.1");
	s.window_pkts = 77;
	assert_int_equal(keyd_sa_update(&r->kd, &s, &err), 0);
	assert_int_equal(r->kd.sad.n, 1);
	assert_int_equal(TAILQ_FIRST(&r->kd.sad.all)->spec.window_pkts, 77);
	assert_int_equal(r->removed, 1);
}

static void
keyd_sa_delete_all_takes_every_spi_of_a_pair(void **state)
{
	struct recorder *r = *state;
	struct sa_spec s = gcm_spec(1000, "10.0.0.2");
	struct sa_spec other = gcm_spec(1000, "10.0.0.3");
	struct err err = { 0 };

	assert_int_equal(keyd_sa_delete_all(&r->kd, &s.idx, &err), -ENOENT);
	assert_int_equal(keyd_sa_add(&r->kd, &other, &err), 0);
	for (s.spi = 1000; s.spi < 1003; s.spi++)
		assert_int_equal(keyd_sa_add(&r->kd, &s, &err), 0);
	s.idx.proto = IPPROTO_AH;
	assert_int_equal(keyd_sa_delete_all(&r->kd, &s.idx, &err), -ENOENT);
	s.idx.proto = IPPROTO_ESP;
	assert_int_equal(keyd_sa_delete_all(&r->kd, &s.idx, &err), 0);
	assert_int_equal(r->kd.sad.n, 1);
	assert_non_null(sad_find(&r->kd.sad, 1000, IPPROTO_ESP, &other.idx.dst));
	assert_int_equal(r->removed, 3);
}

static void
keyd_refused_install_leaves_no_trace(void **state)
{
	struct recorder *r = *state;
	struct sa_spec s = gcm_spec(1000, "10.0.0.2");
	struct sp_spec p = out_spec("10.1.0.0/16", "10.2.0.0/16");
	struct err err = { 0 };
	uint32_t id;

	r->refuse = -EOPNOTSUPP;
	assert_int_equal(keyd_sa_add(&r->kd, &s, &err), -EOPNOTSUPP);
	r->patience = 0;
	assert_int_equal(keyd_sp_add(&r->kd, &p, &id, &err), -EOPNOTSUPP);
	assert_int_equal(r->kd.sad.n + r->kd.spd.n, 0);
	r->refuse = 0;
	assert_int_equal(keyd_sp_add(&r->kd, &p, &id, &err), 0);
	p.action = SP_DISCARD;
	p.nreq = 0;
	r->refuse = -ENOMEM;
	r->patience = 0;
	assert_int_equal(keyd_sp_update(&r->kd, &p, NULL, &err), -ENOMEM);
	assert_int_equal(r->kd.spd.n, 1);
	assert_int_equal(spd_find_id(&r->kd.spd, id)->spec.action, SP_IPSEC);
	assert_int_equal(r->removed, 0);
}

static void
keyd_sa_add_refuses_bad_specs(void **state)
{
	struct recorder *r = *state;
	struct sa_spec s = gcm_spec(255, "10.0.0.2");
	struct err err = { 0 };

	assert_int_equal(keyd_sa_add(&r->kd, &s, &err), -EINVAL); /* reserved SPI */
	s = gcm_spec(256, "10.0.0.2");
	s.enckey.len = 19;
	assert_int_equal(keyd_sa_add(&r->kd, &s, &err), -EINVAL);
	assert_string_equal(err.text, "aes-gcm-16 takes keys of 160, 224 or 288 bits, not 152");
	s = gcm_spec(256, "10.0.0.2");
	s.auth = alg_by_name(ALG_AUTH, "hmac-sha1");
	assert_int_equal(keyd_sa_add(&r->kd, &s, &err), -EINVAL);
	s = gcm_spec(256, "10.0.0.2");
	s.enc = alg_by_name(ALG_ENC, "rijndael-cbc");
	s.enckey.len = 16;
	assert_int_equal(keyd_sa_add(&r->kd, &s, &err), -EINVAL); /* RFC 8221: no authentication */
	s = gcm_spec(256, "fd00::1");
	assert_int_equal(keyd_sa_add(&r->kd, &s, &err), -EINVAL);
	s = gcm_spec(256, "0.0.0.0");
	assert_int_equal(keyd_sa_add(&r->kd, &s, &err), -EINVAL);
	s = gcm_spec(256, "10.0.0.2");
	s.window_pkts = SA_WINDOW_MAX + 1;
	assert_int_equal(keyd_sa_add(&r->kd, &s, &err), -EINVAL);
	assert_int_equal(r->installed, 0);
	assert_int_equal(r->kd.sad.created, 0);
}

static void
keyd_sp_update_keeps_the_position(void **state)
{
	struct recorder *r = *state;
	struct sp_spec a = out_spec("10.1.0.0/16", "10.2.0.0/16");
	struct sp_spec b = out_spec("10.0.0.0/8", "10.2.0.0/16");
	struct selector_pkt pkt = { ip("10.1.0.5"), ip("10.2.0.5"), 6, true, 1, 2 };
	struct err err = { 0 };
	uint32_t first;
	uint32_t updated;

	assert_int_equal(keyd_sp_add(&r->kd, &a, &first, &err), 0);
	assert_int_equal(keyd_sp_add(&r->kd, &b, NULL, &err), 0);
	assert_int_equal(keyd_sp_add(&r->kd, &a, NULL, &err), -EEXIST);
	assert_int_equal(spd_lookup(&r->kd.spd, DIR_OUT, &pkt)->id, first);
	a.action = SP_DISCARD;
	a.nreq = 0;
	assert_int_equal(keyd_sp_update(&r->kd, &a, &updated, &err), 0);
	assert_int_equal(spd_lookup(&r->kd.spd, DIR_OUT, &pkt)->id, updated);
	assert_int_equal(r->kd.spd.n, 2);
	assert_null(spd_lookup(&r->kd.spd, DIR_IN, &pkt));
	assert_int_equal(keyd_sp_delete(&r->kd, &a.sel, &err), 0);
	assert_int_equal(keyd_sp_delete(&r->kd, &a.sel, &err), -ENOENT);
	keyd_sp_flush(&r->kd);
	assert_int_equal(r->kd.spd.n, 0);
}

static void
keyd_sp_add_checks_and_numbers_unique(void **state)
{
	struct recorder *r = *state;
	struct sp_spec p = out_spec("10.1.0.0/16", "10.2.0.0/16");
	struct err err = { 0 };
	uint32_t id;

	p.req[0].level = LEVEL_UNIQUE;
	assert_int_equal(keyd_sp_add(&r->kd, &p, &id, &err), 0);
	assert_int_equal(spd_find_id(&r->kd.spd, id)->spec.req[0].reqid, REQID_MANUAL_MAX + 1);
	p = out_spec("10.1.0.0/16", "10.3.0.0/16");
	p.req[0].level = LEVEL_UNIQUE;
	p.req[0].reqid = 7;
	assert_int_equal(keyd_sp_add(&r->kd, &p, &id, &err), 0);
	assert_int_equal(spd_find_id(&r->kd.spd, id)->spec.req[0].reqid, 7);
	p = out_spec("10.1.0.0/16", "fd00::/64");
	assert_int_equal(keyd_sp_add(&r->kd, &p, &id, &err), -EINVAL);
	p = out_spec("10.1.0.0/16", "10.4.0.0/16");
	p.req[0].proto = 6;
	assert_int_equal(keyd_sp_add(&r->kd, &p, &id, &err), -EPROTONOSUPPORT);
	p = out_spec("10.1.0.0/16", "10.4.0.0/16");
	p.req[0].src.af = 0;
	p.req[0].dst.af = 0;
	assert_int_equal(keyd_sp_add(&r->kd, &p, &id, &err), -EINVAL);
	p.nreq = 0;
	assert_int_equal(keyd_sp_add(&r->kd, &p, &id, &err), -EINVAL);
	assert_int_equal(r->kd.spd.n, 2);
}

/* The ids of one direction in order, as they are walked forwards. */
static unsigned int
order(const struct recorder *r, uint32_t id[4])
{
	const struct sp *sp;
	unsigned int n = 0;

	TAILQ_FOREACH (sp, &r->kd.spd.list[DIR_OUT], link) {
		assert_true(n < 4);
		id[n++] = sp->id;
	}
	return n;
}

/* A refused update leaves the old policy where it was: first, between others, and last. */
static void
keyd_refused_sp_update_keeps_every_position(void **state)
{
	static const char *const src[] = { "10.1.0.0/16", "10.0.0.0/8", "0.0.0.0/0" };
	struct recorder *r = *state;
	uint32_t before[4], after[4];
	struct err err = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(src); i++) {
		struct sp_spec s = out_spec(src[i], "10.2.0.0/16");

		assert_int_equal(keyd_sp_add(&r->kd, &s, NULL, &err), 0);
	}
	assert_int_equal(order(r, before), 3);
	for (size_t i = 0; i < ARRAY_LEN(src); i++) {
		struct sp_spec s = out_spec(src[i], "10.2.0.0/16");

		r->patience = 0;
		r->refuse = -ENOMEM; /* by the data plane */
		assert_int_equal(keyd_sp_update(&r->kd, &s, NULL, &err), -ENOMEM);
		r->refuse = 0;
		s.req[0].mode = MODE_ANY; /* by the check */
		assert_int_equal(keyd_sp_update(&r->kd, &s, NULL, &err), -EINVAL);
		assert_int_equal(order(r, after), 3);
		assert_memory_equal(before, after, 3 * sizeof(before[0]));
		assert_non_null(spd_find_selector(&r->kd.spd, &s.sel));
	}
	assert_int_equal(r->kd.spd.n, 3);
	assert_int_equal(r->removed, 0);
	/* The lists are whole in both directions: all can be taken out again. */
	keyd_sp_flush(&r->kd);
	assert_int_equal(r->removed, 3);
	assert_int_equal(r->kd.spd.n, 0);
}

static void
keyd_sp_update_of_each_position_and_of_none(void **state)
{
	static const char *const src[] = { "10.1.0.0/16", "10.0.0.0/8", "0.0.0.0/0",
		"10.9.0.0/16" };
	struct recorder *r = *state;
	uint32_t before[4], after[4], id;
	struct err err = { 0 };

	for (size_t i = 0; i < 3; i++) {
		struct sp_spec s = out_spec(src[i], "10.2.0.0/16");

		assert_int_equal(keyd_sp_add(&r->kd, &s, NULL, &err), 0);
	}
	assert_int_equal(order(r, before), 3);
	for (unsigned int i = 0; i < ARRAY_LEN(src); i++) {
		struct sp_spec s = out_spec(src[i], "10.2.0.0/16");

		s.action = SP_NONE;
		s.nreq = 0;
		assert_int_equal(keyd_sp_update(&r->kd, &s, &id, &err), 0);
		before[i] = id;
		assert_int_equal(order(r, after), i == 3 ? 4 : 3);
		assert_memory_equal(before, after, (i == 3 ? 4 : 3) * sizeof(before[0]));
		assert_int_equal(spd_find_id(&r->kd.spd, id)->spec.action, SP_NONE);
	}
	assert_int_equal(r->removed, 3); /* the fourth was not there */
	assert_int_equal(r->kd.spd.n, 4);
}

/* Workers may still look at what was deleted: it is out of the way at once, but freed later. */
static void
keyd_removed_records_wait_for_the_data_plane(void **state)
{
	struct recorder *r = *state;
	struct sa_spec s = gcm_spec(1000, "10.0.0.2");
	struct sp_spec p = out_spec("10.1.0.0/16", "10.2.0.0/16");
	struct err err = { 0 };
	struct sa *old_sa;
	struct sp *old_sp;

	r->slow = true;
	assert_int_equal(keyd_sa_add(&r->kd, &s, &err), 0);
	assert_int_equal(keyd_sa_delete(&r->kd, &s.idx, 1000, &err), 0);
	old_sa = r->removed_sa;
	assert_int_equal(old_sa->state, SA_DEAD);
	assert_int_equal(old_sa->spec.enckey.len, 20);
	assert_int_equal(keyd_sa_add(&r->kd, &s, &err), 0); /* its SPI is free again */
	assert_int_equal(keyd_sp_add(&r->kd, &p, NULL, &err), 0);
	assert_int_equal(keyd_sp_update(&r->kd, &p, NULL, &err), 0);
	old_sp = r->removed_sp;
	assert_ptr_not_equal(spd_find_selector(&r->kd.spd, &p.sel), old_sp);
	assert_int_equal(r->kd.sad.created - r->kd.sad.destroyed, 2);
	assert_int_equal(r->kd.spd.created - r->kd.spd.destroyed, 2);
	keyd_sa_released(&r->kd, old_sa);
	keyd_sp_released(&r->kd, old_sp);
	assert_int_equal(r->kd.sad.created - r->kd.sad.destroyed, 1);
	assert_int_equal(r->kd.spd.created - r->kd.spd.destroyed, 1);
	assert_int_equal(r->kd.sad.n + r->kd.spd.n, 2);
	r->slow = false;
}

static void
keyd_tells_when_sas_change_and_only_then(void **state)
{
	struct recorder *r = *state;
	struct sa_spec s = gcm_spec(1000, "10.0.0.2");
	struct sp_spec p = out_spec("10.1.0.0/16", "10.2.0.0/16");

	assert_int_equal(keyd_sa_add(&r->kd, &s, NULL), 0);
	assert_int_equal(r->changed, 1);
	assert_int_equal(keyd_sa_add(&r->kd, &s, NULL), -EEXIST);
	r->refuse = -ENOMEM;
	s.spi = 1001;
	assert_int_equal(keyd_sa_add(&r->kd, &s, NULL), -ENOMEM);
	r->refuse = 0;
	assert_int_equal(keyd_sa_delete(&r->kd, &s.idx, 1001, NULL), -ENOENT);
	assert_int_equal(keyd_sp_add(&r->kd, &p, NULL, NULL), 0);
	assert_int_equal(keyd_sp_delete(&r->kd, &p.sel, NULL), 0);
	assert_int_equal(r->changed, 1);
	assert_int_equal(keyd_sa_delete(&r->kd, &s.idx, 1000, NULL), 0);
	assert_int_equal(r->changed, 2);
	keyd_sa_flush(&r->kd, 0);
	assert_int_equal(r->changed, 3);
}

/* After 0xffff the numbers begin again above the manual range: no policy gets 0 or a manual one. */
static void
keyd_unique_numbers_return_to_their_start(void **state)
{
	struct recorder *r = *state;
	struct sp_spec p = out_spec("10.1.0.0/16", "10.2.0.0/16");
	uint32_t want = REQID_MANUAL_MAX + 1;

	for (unsigned int i = 0; i < 2 * (UINT16_MAX - REQID_MANUAL_MAX) + 3; i++) {
		const struct sp *sp;

		p.req[0].level = LEVEL_UNIQUE;
		/* A number too large is replaced like none at all, as key(4) does. */
		p.req[0].reqid = i % 2 == 0 ? 0 : REQID_MANUAL_MAX + 1 + i;
		assert_int_equal(keyd_sp_update(&r->kd, &p, NULL, NULL), 0);
		sp = spd_find_selector(&r->kd.spd, &p.sel);
		assert_int_equal(sp->spec.req[0].reqid, want);
		want = want == UINT16_MAX ? REQID_MANUAL_MAX + 1 : want + 1;
	}
}

static void
keyd_sa_replace_is_all_or_nothing(void **state)
{
	struct recorder *r = *state;
	struct sa_spec s = gcm_spec(1000, "10.0.0.2");
	struct err err = { 0 };
	struct sa *old;

	assert_int_equal(keyd_sa_replace(&r->kd, &s, &err), 0);
	old = sad_find(&r->kd.sad, 1000, IPPROTO_ESP, &s.idx.dst);
	s.enckey.b[0] ^= 1;
	r->refuse = -ENOMEM;
	assert_int_equal(keyd_sa_replace(&r->kd, &s, &err), -ENOMEM);
	assert_ptr_equal(sad_find(&r->kd.sad, 1000, IPPROTO_ESP, &s.idx.dst), old);
	assert_int_equal(old->state, SA_MATURE);
	assert_int_equal(r->kd.sad.n, 1);
	assert_int_equal(r->removed, 0);
	r->refuse = 0;
	assert_int_equal(keyd_sa_replace(&r->kd, &s, &err), 0);
	assert_int_equal(r->kd.sad.n, 1);
	assert_int_equal(r->removed, 1);
	assert_int_equal(TAILQ_FIRST(&r->kd.sad.all)->spec.enckey.b[0], 0x60);
}

/* The numbers begin anew, and with implicit IVs they are the nonces. */
static void
keyd_sa_replace_wants_a_new_key_for_implicit_ivs(void **state)
{
	static const enum alg_code iiv[] = { ALG_AES_GCM_16_IIV, ALG_AES_CCM_8_IIV,
		ALG_CHACHA20_POLY1305_IIV };
	struct recorder *r = *state;
	struct err err = { 0 };

	for (unsigned int i = 0; i < ARRAY_LEN(iiv); i++) {
		struct sa_spec s = gcm_spec(1000 + i, "10.0.0.2");

		s.enc = alg_by_code(iiv[i]);
		s.enckey.len = s.enc->key_max_bits / 8;
		assert_int_equal(keyd_sa_replace(&r->kd, &s, &err), 0);
		s.hard.add_s = 3600;
		assert_int_equal(keyd_sa_replace(&r->kd, &s, &err), -EINVAL);
		assert_non_null(strstr(err.text, "RFC 8750"));
		assert_int_equal(r->removed, i);
		s.enckey.b[3] ^= 1;
		assert_int_equal(keyd_sa_replace(&r->kd, &s, &err), 0);
		assert_int_equal(r->removed, i + 1);
	}
}

static void
keyd_sp_replace_all_is_all_or_nothing(void **state)
{
	struct recorder *r = *state;
	struct recorder next = { 0 };
	struct sp_spec p = out_spec("10.1.0.0/16", "10.2.0.0/16");
	struct err err = { 0 };
	struct sp *old;

	assert_int_equal(keyd_init(&next.kd, &next.knobs, &recorder_ops, &next), 0);
	assert_int_equal(keyd_sp_add(&r->kd, &p, NULL, &err), 0);
	old = TAILQ_FIRST(&r->kd.spd.list[DIR_OUT]);
	for (unsigned int i = 0; i < 3; i++) {
		p = out_spec("10.1.0.0/16", "10.2.0.0/16");
		p.sel.dst.plen = (uint8_t)(16 + i);
		p.sel.dir = i == 1 ? DIR_IN : DIR_OUT;
		p.req[0].level = LEVEL_UNIQUE;
		assert_int_equal(keyd_sp_add(&next.kd, &p, NULL, &err), 0);
	}
	for (r->refuse = -ENOMEM, r->installed = 0; r->installed < 3; r->installed++) {
		r->patience = r->installed;
		r->removed = 0;
		assert_int_equal(keyd_sp_replace_all(&r->kd, &next.kd, &err), -ENOMEM);
		r->installed -= r->removed;
		assert_ptr_equal(TAILQ_FIRST(&r->kd.spd.list[DIR_OUT]), old);
		assert_null(TAILQ_NEXT(old, link));
		assert_null(TAILQ_FIRST(&r->kd.spd.list[DIR_IN]));
		assert_int_equal(r->kd.spd.n, 1);
		assert_int_equal(r->kd.next_reqid, REQID_MANUAL_MAX + 1);
	}
	r->refuse = 0;
	r->unprepared = -ENOBUFS;
	assert_int_equal(keyd_sp_replace_all(&r->kd, &next.kd, &err), -ENOBUFS);
	assert_ptr_equal(TAILQ_FIRST(&r->kd.spd.list[DIR_OUT]), old);
	assert_int_equal(r->kd.spd.n, 1);
	r->unprepared = 0;
	assert_int_equal(keyd_sp_replace_all(&r->kd, &next.kd, &err), 0);
	assert_int_equal(r->kd.spd.n, 3);
	/* The numbers of "unique" are those of the other engine: replacing again finds them equal. */
	old = TAILQ_FIRST(&r->kd.spd.list[DIR_IN]);
	assert_int_equal(old->spec.req[0].reqid, REQID_MANUAL_MAX + 2);
	assert_int_equal(r->kd.next_reqid, REQID_MANUAL_MAX + 4);
	keyd_fini(&next.kd);
}

static void
sad_choose_prefers_by_age_state_and_reqid(void **state)
{
	struct recorder *r = *state;
	struct sp_spec p = out_spec("10.1.0.0/16", "10.2.0.0/16");
	struct sp_req *req = &p.req[0];
	struct sa *got[3];

	for (uint32_t i = 0; i < 3; i++) {
		struct sa_spec s = gcm_spec(1000 + i, "10.0.0.2");

		s.idx.reqid = i;
		assert_int_equal(keyd_sa_add(&r->kd, &s, NULL), 0);
		got[i] = sad_find(&r->kd.sad, 1000 + i, IPPROTO_ESP, &s.idx.dst);
		assert_non_null(got[i]);
	}
	assert_ptr_equal(sad_choose(&r->kd.sad, req, &req->src, &req->dst, false), got[2]);
	assert_ptr_equal(sad_choose(&r->kd.sad, req, &req->src, &req->dst, true), got[0]);
	got[2]->state = SA_DYING;
	assert_ptr_equal(sad_choose(&r->kd.sad, req, &req->src, &req->dst, false), got[1]);
	req->reqid = 2;
	assert_ptr_equal(sad_choose(&r->kd.sad, req, &req->src, &req->dst, false), got[2]);
	req->mode = MODE_TRANSPORT;
	assert_null(sad_choose(&r->kd.sad, req, &req->src, &req->dst, false));
	req->mode = MODE_TUNNEL;
	assert_null(sad_choose(&r->kd.sad, req, &req->dst, &req->src, false));
}

static void
sad_random_adds_and_deletes_equal_an_array(void **state)
{
	struct recorder *r = *state;
	uint64_t rng = rng_seed("sad");
	bool there[2][64] = { { false } };

	for (unsigned int i = 0; i < 20000; i++) {
		uint32_t n = (uint32_t)(rng_next(&rng) % 64);
		unsigned int d = rng_next(&rng) & 1;
		struct sa_spec s = gcm_spec(1000 + n, d ? "10.0.0.2" : "10.0.0.3");

		if (rng_next(&rng) & 1) {
			assert_int_equal(keyd_sa_add(&r->kd, &s, NULL), there[d][n] ? -EEXIST : 0);
			there[d][n] = true;
		} else {
			assert_int_equal(keyd_sa_delete(&r->kd, &s.idx, s.spi, NULL),
				there[d][n] ? 0 : -ENOENT);
			there[d][n] = false;
		}
		sa_spec_wipe(&s);
	}
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(keyd_sa_add_delete_flush),
		CASE(keyd_sa_update_needs_the_sa),
		CASE(keyd_sa_delete_all_takes_every_spi_of_a_pair),
		CASE(keyd_refused_install_leaves_no_trace),
		CASE(keyd_sa_add_refuses_bad_specs),
		CASE(keyd_sp_update_keeps_the_position),
		CASE(keyd_sp_add_checks_and_numbers_unique),
		CASE(keyd_sa_replace_is_all_or_nothing),
		CASE(keyd_sa_replace_wants_a_new_key_for_implicit_ivs),
		CASE(keyd_sp_replace_all_is_all_or_nothing),
		CASE(keyd_refused_sp_update_keeps_every_position),
		CASE(keyd_sp_update_of_each_position_and_of_none),
		CASE(keyd_removed_records_wait_for_the_data_plane),
		CASE(keyd_tells_when_sas_change_and_only_then),
		CASE(keyd_unique_numbers_return_to_their_start),
		CASE(sad_choose_prefers_by_age_state_and_reqid),
		CASE(sad_random_adds_and_deletes_equal_an_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
