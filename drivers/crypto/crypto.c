/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/crypto.h"

#include <errno.h>

#include <rte_malloc.h>

#include "base/log.h"
#include "base/secret.h"
#include "crypto/crypto_priv.h"

static int
check_conf(const struct crypto_conf *conf, struct err *err)
{
	if (conf->engine == CRYPTO_LOOKASIDE && conf->ndevices == 0)
		return err_set(err, -EINVAL,
			"the crypto engine \"lookaside\" needs at least one crypto device");
	if (conf->nworkers == 0 || conf->nworkers > WORKER_MAX)
		return err_set(err, -EINVAL, "crypto engines for %u workers, 1 to %u are possible",
			conf->nworkers, WORKER_MAX);
	if (conf->engine == CRYPTO_DIRECT && conf->ndevices > 0)
		log_warn("crypto: the engine \"direct\" leaves the %u crypto devices unused",
			conf->ndevices);
	return 0;
}

/* A restart with other devices is a new context, so nothing here is ever undone but by crypto_free(). */
struct crypto *
crypto_new(const struct crypto_conf *conf, struct err *err)
{
	struct crypto *c;
	int ret;

	if (check_conf(conf, err) != 0)
		return NULL;
	c = rte_zmalloc("crypto", sizeof(*c), 0);
	if (c == NULL) {
		(void)err_set(err, -ENOMEM, "no memory for the crypto engines");
		return NULL;
	}
	c->conf = *conf;
	c->mb = alloc_mb_mgr(0);
	if (c->mb == NULL) {
		(void)err_set(err, -ENOMEM, "no memory for libipsec-mb");
		rte_free(c);
		return NULL;
	}
	init_mb_mgr_auto(c->mb, NULL);
	ret = conf->engine == CRYPTO_DIRECT ? 0 : devices_open(c, err);
	c->conf.devices = NULL; /* the caller's */
	if (ret == 0)
		ret = selftest_run(c, err);
	if (ret != 0) {
		crypto_free(c);
		return NULL;
	}
	return c;
}

void
crypto_free(struct crypto *c)
{
	if (c == NULL)
		return;
	devices_close(c);
	free_mb_mgr(c->mb);
	rte_free(c);
}

int
crypto_lane_open(struct crypto *c, struct lane *lane)
{
	struct crypto_lane *cl;
	int ret = -ENOMEM;

	if (lane->idx >= c->conf.nworkers) /* no queue pair for it */
		return -EINVAL;
	cl = rte_zmalloc_socket("crypto_lane", sizeof(*cl), RTE_CACHE_LINE_SIZE, c->conf.socket);
	if (cl == NULL)
		return -ENOMEM;
	lane->cop = rte_zmalloc_socket(
		"cop", PVEC_MAX * sizeof(*lane->cop), RTE_CACHE_LINE_SIZE, c->conf.socket);
	cl->c = c;
	cl->mb = alloc_mb_mgr(0);
	if (cl->mb != NULL && lane->cop != NULL) {
		init_mb_mgr_auto(cl->mb, NULL);
		ret = ivpool_init(&cl->iv, cl->mb);
	}
	lane->crypto = cl;
	if (ret != 0)
		crypto_lane_close(c, lane);
	return ret;
}

void
crypto_lane_close(struct crypto *c, struct lane *lane)
{
	struct crypto_lane *cl = lane->crypto;

	(void)c;
	if (!lookaside_drain(lane))
		log_err("crypto: a device keeps %u packets of worker %u", crypto_inflight(lane),
			lane->idx);
	if (cl->mb != NULL)
		free_mb_mgr(cl->mb);
	secret_wipe_mem(cl, sizeof(*cl));
	rte_free(cl);
	rte_free(lane->cop);
	lane->crypto = NULL;
	lane->cop = NULL;
}

void
crypto_poll(struct lane *lane, struct pvec *done)
{
	crypto_lookaside.poll(lane, done);
}

uint32_t
crypto_inflight(const struct lane *lane)
{
	const struct crypto_lane *cl = lane->crypto;
	uint32_t n = 0;

	for (unsigned int i = 0; i < cl->c->ndev; i++)
		n += cl->inflight[i];
	return n;
}

static bool
is_usable(const struct crypto *c, unsigned int i, const struct sa_spec *spec)
{
	const struct crypto_report *r = &c->report[i];

	return r->passed && r->enc == spec->enc && r->auth == spec->auth &&
		r->key_bits == spec->enckey.len * 8u;
}

/* True when row a is to be tried before row b. Without calibration the order of rows decides. */
static bool
is_better(const struct crypto *c, unsigned int a, unsigned int b, int32_t support)
{
	const struct crypto_report *ra = &c->report[a], *rb = &c->report[b];

	if (support != 0 && c->row[a].hw != c->row[b].hw)
		return c->row[a].hw == (support > 0);
	return ra->cycles_64 + ra->cycles_1420 < rb->cycles_64 + rb->cycles_1420;
}

/* @return the best row that was not tried yet, or -1 */
static int
next_row(const struct crypto *c, const struct sa_spec *spec, int32_t support, const bool *tried)
{
	int best = -1;

	for (unsigned int i = 0; i < c->nreport; i++) {
		if (tried[i] || !is_usable(c, i, spec))
			continue;
		if (best < 0 || is_better(c, i, (unsigned int)best, support))
			best = (int)i;
	}
	return best;
}

int
crypto_sa_open(struct crypto *c, struct sa_rt *sa, const struct sa_spec *spec, int32_t support,
	struct err *err)
{
	bool tried[REPORT_MAX] = { false };
	int ret = -ENOTSUP;
	int i;

	/* A device may still refuse, for one may know GCM but not the additional data of ESN. */
	while (ret == -ENOTSUP && (i = next_row(c, spec, support, tried)) >= 0) {
		tried[i] = true;
		sa->crypto = c->row[i].ops;
		sa->dev_id = c->row[i].dev;
		ret = sa->crypto->sa_open(c, sa, spec, err);
	}
	if (ret == 0)
		c->created++;
	if (ret != -ENOTSUP)
		return ret;
	return err_set(err, -EOPNOTSUPP, "no crypto engine offers %s%s%s with a key of %u bits",
		spec->enc != NULL ? spec->enc->name : "esp without encryption",
		spec->auth != NULL ? " and " : "", spec->auth != NULL ? spec->auth->name : "",
		spec->enckey.len * 8u);
}

void
crypto_sa_close(struct crypto *c, struct sa_rt *sa)
{
	sa->crypto->sa_close(c, sa);
	c->destroyed++;
}

static bool
some_row_passed(const struct crypto *c, unsigned int kat)
{
	for (unsigned int i = 0; i < c->nreport; i++) {
		if (c->row[i].kat == kat && c->report[i].passed)
			return true;
	}
	return false;
}

/* Offered means: every key size that was tested passed somewhere. */
bool
crypto_offers(const struct crypto *c, const struct alg *enc, const struct alg *auth)
{
	const enum alg_code auth_code = auth != NULL ? auth->code : ALG_CODE_NONE;
	bool found = false;

	for (unsigned int k = 0; enc != NULL && k < nkats; k++) {
		if (kats[k].enc != enc->code || kats[k].auth != auth_code)
			continue;
		if (!some_row_passed(c, k))
			return false;
		found = true;
	}
	return found;
}

const struct crypto_report *
crypto_reports(const struct crypto *c, unsigned int *n)
{
	*n = c->nreport;
	return c->report;
}

void
crypto_session_counts(const struct crypto *c, uint64_t *created, uint64_t *destroyed)
{
	*created = c->created;
	*destroyed = c->destroyed;
}

void
crypto_random_iv(struct lane *lane, uint8_t iv[16])
{
	ivpool_take(&lane->crypto->iv, lane->crypto->mb, iv);
}
