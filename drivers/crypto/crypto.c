/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/crypto.h"

#include <errno.h>

#include <rte_malloc.h>

#include "base/secret.h"
#include "crypto/crypto_priv.h"

static int
check_conf(const struct crypto_conf *conf, struct err *err)
{
	if (conf->engine == CRYPTO_LOOKASIDE || conf->ndevices > 0)
		return err_set(err, -ENOTSUP,
			"crypto devices are not supported yet: use the engine \"direct\" and no devices");
	return 0;
}

struct crypto *
crypto_new(const struct crypto_conf *conf, struct err *err)
{
	struct crypto *c;

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
	if (selftest_run(c, err) != 0) {
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
	free_mb_mgr(c->mb);
	rte_free(c);
}

int
crypto_lane_open(struct crypto *c, struct lane *lane)
{
	struct crypto_lane *cl;
	int ret = -ENOMEM;

	cl = rte_zmalloc_socket("crypto_lane", sizeof(*cl), RTE_CACHE_LINE_SIZE, c->conf.socket);
	if (cl == NULL)
		return -ENOMEM;
	lane->cop = rte_zmalloc_socket(
		"cop", PVEC_MAX * sizeof(*lane->cop), RTE_CACHE_LINE_SIZE, c->conf.socket);
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
	crypto_direct.poll(lane, done);
}

uint32_t
crypto_inflight(const struct lane *lane)
{
	(void)lane;
	return 0; /* the only engine completes inside submit */
}

int
crypto_sa_open(struct crypto *c, struct sa_rt *sa, const struct sa_spec *spec, int32_t support,
	struct err *err)
{
	int ret;

	(void)support; /* one engine: nothing to prefer */
	if (spec->enc == NULL || !crypto_offers(c, spec->enc, spec->auth))
		return err_set(err, -EOPNOTSUPP, "no crypto engine offers %s%s%s",
			spec->enc != NULL ? spec->enc->name : "esp without encryption",
			spec->auth != NULL ? " with " : "",
			spec->auth != NULL ? spec->auth->name : "");
	sa->crypto = &crypto_direct;
	sa->dev_id = 0;
	ret = sa->crypto->sa_open(c, sa, spec, err);
	if (ret == 0)
		c->created++;
	return ret == -ENOTSUP ? -EOPNOTSUPP : ret;
}

void
crypto_sa_close(struct crypto *c, struct sa_rt *sa)
{
	sa->crypto->sa_close(c, sa);
	c->destroyed++;
}

/* Offered means: every key size that was tested passed. */
bool
crypto_offers(const struct crypto *c, const struct alg *enc, const struct alg *auth)
{
	bool found = false;

	for (unsigned int i = 0; i < c->nreport; i++) {
		if (c->report[i].enc != enc || c->report[i].auth != auth)
			continue;
		if (!c->report[i].passed)
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
