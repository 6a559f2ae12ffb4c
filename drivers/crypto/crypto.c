/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/crypto.h"

#include <errno.h>

#include <rte_malloc.h>

#include "base/log.h"
#include "base/secret.h"
#include "crypto/crypto_priv.h"
#include "crypto/libcrypto.h"

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

#define COMP_DEFAULT "compress_zlib"

/* Nobody has to have IPComp, so that only a device that was asked for by name must be there. */
static int
open_comp(struct crypto *c, const char *device, struct err *err)
{
	const bool asked = device != NULL && device[0] != '\0';
	struct err why = { 0 };

	if (device == NULL)
		return 0;
	c->comp = comp_open(asked ? device : COMP_DEFAULT, c->conf.nworkers, c->conf.socket, &why);
	if (c->comp != NULL)
		return 0;
	if (asked)
		return err_set(err, why.code, "%s", why.text);
	log_warn("ipcomp is not offered: %s", why.text);
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
	c->evp = evp_new();
	if (c->mb == NULL || c->evp == NULL) {
		(void)err_set(err, -ENOMEM, "libipsec-mb or libcrypto does not start");
		crypto_free(c);
		return NULL;
	}
	init_mb_mgr_auto(c->mb, NULL);
	ret = conf->engine == CRYPTO_DIRECT ? 0 : devices_open(c, err);
	c->conf.devices = NULL; /* the caller's */
	c->conf.compress_device = NULL;
	if (ret == 0)
		ret = selftest_run(c, err);
	if (ret == 0)
		ret = open_comp(c, conf->compress_device, err);
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
	comp_close(c->comp);
	devices_close(c);
	if (c->mb != NULL)
		free_mb_mgr(c->mb);
	evp_free(c->evp);
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
	if (ret == 0 && c->comp != NULL) {
		cl->comp = comp_lane_open(c->comp, lane->idx);
		ret = cl->comp != NULL ? 0 : -ENOMEM;
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
	if (!comp_drain(lane) || !lookaside_drain(lane))
		log_err("crypto: a device keeps %u packets of worker %u", crypto_inflight(lane),
			lane->idx);
	comp_lane_close(cl->comp);
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
	comp_poll(lane, lane->crypto->comp, done);
}

uint32_t
crypto_inflight(const struct lane *lane)
{
	const struct crypto_lane *cl = lane->crypto;
	uint32_t n = comp_inflight(cl->comp);

	for (unsigned int i = 0; i < cl->c->ndev; i++)
		n += cl->inflight[i];
	return n;
}

/* @return the row of an engine or device that passed the test of an algorithm, or -1 */
static int
find_row(const struct crypto *c, unsigned int engine, const struct alg *a, unsigned int key_len)
{
	for (unsigned int i = 0; i < c->nreport; i++) {
		if (c->row[i].engine == engine && c->report[i].passed &&
			kat_covers(&kats[c->row[i].kat], a, key_len))
			return (int)i;
	}
	return -1;
}

/* What an engine would cost for an SA, and what it is. */
struct offer {
	const struct crypto_row *row; /* of the MAC or the cipher */
	uint32_t cycles;
};

/* Both halves must have passed. Encryption that is none is left out when there is a MAC. */
static bool
get_offer(const struct crypto *c, unsigned int engine, const struct sa_spec *spec, struct offer *o)
{
	const struct alg *const half[] = { spec->enc, spec->auth };
	const uint16_t key_len[] = { spec->enckey.len, spec->authkey.len };

	*o = (struct offer){ 0 };
	for (unsigned int i = 0; i < 2; i++) {
		int row;

		if (half[i] == NULL || (half[i]->code == ALG_NULL_ENC && spec->auth != NULL))
			continue;
		row = find_row(c, engine, half[i], key_len[i]);
		if (row < 0)
			return false;
		o->row = &c->row[row];
		o->cycles += c->report[row].cycles_64 + c->report[row].cycles_1420;
	}
	return o->row != NULL;
}

/* True when a is to be tried before b. Without calibration the order of engines decides. */
static bool
is_better(const struct offer *a, const struct offer *b, int32_t support)
{
	if (b->row == NULL)
		return true;
	if (support != 0 && a->row->hw != b->row->hw)
		return a->row->hw == (support > 0);
	return a->cycles < b->cycles;
}

/* @return the best engine that was not tried yet, or NULL */
static const struct crypto_row *
next_engine(const struct crypto *c, const struct sa_spec *spec, int32_t support, const bool *tried)
{
	struct offer best = { 0 };
	struct offer o;

	for (unsigned int e = 0; e < ENGINE_MAX; e++) {
		if (!tried[e] && get_offer(c, e, spec, &o) && is_better(&o, &best, support))
			best = o;
	}
	return best.row;
}

static int
refuse(const struct sa_spec *spec, struct err *err)
{
	const struct alg *enc = spec->enc, *auth = spec->auth;

	return err_set(err, -EOPNOTSUPP, "no crypto engine offers %s%s%s with a key of %u bits",
		enc != NULL ? enc->name : "", enc != NULL && auth != NULL ? " and " : "",
		auth != NULL ? auth->name : "",
		(enc != NULL ? spec->enckey.len : spec->authkey.len) * 8u);
}

int
crypto_sa_open(struct crypto *c, struct sa_rt *sa, const struct sa_spec *spec, int32_t support,
	struct err *err)
{
	bool tried[ENGINE_MAX] = { false };
	const struct crypto_row *row;
	int ret = -ENOTSUP;

	if (spec->comp != NULL) {
		sa->crypto = &crypto_comp;
		ret = crypto_comp.sa_open(c, sa, spec, err);
		c->created += ret == 0;
		return ret;
	}
	/* A device may still refuse, for one may know GCM but not the additional data of ESN. */
	while (ret == -ENOTSUP && (row = next_engine(c, spec, support, tried)) != NULL) {
		tried[row->engine] = true;
		sa->crypto = row->ops;
		sa->dev_id = row->dev;
		ret = sa->crypto->sa_open(c, sa, spec, err);
	}
	if (ret == 0)
		c->created++;
	return ret == -ENOTSUP ? refuse(spec, err) : ret;
}

void
crypto_sa_close(struct crypto *c, struct sa_rt *sa)
{
	sa->crypto->sa_close(c, sa);
	c->destroyed++;
}

static bool
some_engine_offers(const struct crypto *c, const struct sa_spec *spec)
{
	struct offer o;

	for (unsigned int e = 0; e < ENGINE_MAX; e++) {
		if (get_offer(c, e, spec, &o))
			return true;
	}
	return false;
}

/* Fill in the length of the i-th key that is tested. @return false past the last one */
static bool
key_of_test(const struct alg *a, unsigned int i, uint16_t *len)
{
	for (unsigned int k = 0; a != NULL && k < nkats; k++) {
		if (kats[k].code != kat_code(a) || i-- > 0)
			continue;
		*len = kats[k].key_len;
		return true;
	}
	*len = 0;
	return a == NULL && i == 0;
}

/* Offered means: with every key size that is tested, one engine passed both tests. */
bool
crypto_offers(const struct crypto *c, const struct alg *enc, const struct alg *auth)
{
	struct sa_spec spec = { .enc = enc, .auth = auth };
	bool found = false;

	for (unsigned int e = 0; key_of_test(enc, e, &spec.enckey.len); e++) {
		for (unsigned int a = 0; key_of_test(auth, a, &spec.authkey.len); a++) {
			if (!some_engine_offers(c, &spec))
				return false;
			found = true;
		}
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
