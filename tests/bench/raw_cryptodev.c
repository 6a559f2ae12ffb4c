/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_crypto.h>
#include <rte_cryptodev.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

#include "raw.h"

#define IV_OFF (sizeof(struct rte_crypto_op) + sizeof(struct rte_crypto_sym_op))

struct dev {
	const struct raw_job *job;
	uint8_t id;
	struct rte_mempool *sessions;
	void **ses; /* [nsa] */
	struct rte_crypto_op *op[RAW_BUFS];
};

static int
fail(const char *what)
{
	fprintf(stderr, "bench_raw: %s: %s\n", what, rte_strerror(rte_errno));
	return 1;
}

static int
configure(struct dev *d, const char *name)
{
	struct rte_cryptodev_config conf = { .nb_queue_pairs = 1 };
	struct rte_cryptodev_qp_conf qp = { .nb_descriptors = 2048 };
	int id = rte_cryptodev_get_dev_id(name);

	if (id < 0)
		return fail(name);
	d->id = (uint8_t)id;
	d->sessions = rte_cryptodev_sym_session_pool_create("ses", d->job->nsa + 8,
		rte_cryptodev_sym_get_private_session_size(d->id), 0, 0, SOCKET_ID_ANY);
	if (d->sessions == NULL)
		return fail("session pool");
	qp.mp_session = d->sessions;
	if (rte_cryptodev_configure(d->id, &conf) != 0 ||
		rte_cryptodev_queue_pair_setup(d->id, 0, &qp, SOCKET_ID_ANY) != 0 ||
		rte_cryptodev_start(d->id) != 0)
		return fail("crypto device");
	return 0;
}

static void *
open_gcm(struct dev *d, const uint8_t *key)
{
	struct rte_crypto_sym_xform x = { .type = RTE_CRYPTO_SYM_XFORM_AEAD };

	x.aead.op = d->job->is_seal ? RTE_CRYPTO_AEAD_OP_ENCRYPT : RTE_CRYPTO_AEAD_OP_DECRYPT;
	x.aead.algo = RTE_CRYPTO_AEAD_AES_GCM;
	x.aead.key.data = key;
	x.aead.key.length = d->job->alg->key_len;
	x.aead.iv.offset = IV_OFF;
	x.aead.iv.length = 12;
	x.aead.digest_length = 16;
	x.aead.aad_length = 8;
	return rte_cryptodev_sym_session_create(d->id, &x, d->sessions);
}

static void *
open_cbc(struct dev *d, const uint8_t *key)
{
	struct rte_crypto_sym_xform cipher = { .type = RTE_CRYPTO_SYM_XFORM_CIPHER };
	struct rte_crypto_sym_xform auth = { .type = RTE_CRYPTO_SYM_XFORM_AUTH };
	const struct raw_alg *alg = d->job->alg;
	bool is_seal = d->job->is_seal;

	cipher.cipher.op = is_seal ? RTE_CRYPTO_CIPHER_OP_ENCRYPT : RTE_CRYPTO_CIPHER_OP_DECRYPT;
	cipher.cipher.algo = RTE_CRYPTO_CIPHER_AES_CBC;
	cipher.cipher.key.data = key;
	cipher.cipher.key.length = alg->key_len;
	cipher.cipher.iv.offset = IV_OFF;
	cipher.cipher.iv.length = 16;
	auth.auth.op = is_seal ? RTE_CRYPTO_AUTH_OP_GENERATE : RTE_CRYPTO_AUTH_OP_VERIFY;
	auth.auth.algo = alg->is_sha1 ? RTE_CRYPTO_AUTH_SHA1_HMAC : RTE_CRYPTO_AUTH_SHA256_HMAC;
	auth.auth.key.data = key;
	auth.auth.key.length = alg->hash_key_len;
	auth.auth.digest_length = alg->icv_len;
	cipher.next = is_seal ? &auth : NULL;
	auth.next = is_seal ? NULL : &cipher;
	return rte_cryptodev_sym_session_create(d->id, is_seal ? &cipher : &auth, d->sessions);
}

static int
open_sessions(struct dev *d)
{
	uint8_t key[64];
	uint32_t i;

	d->ses = calloc(d->job->nsa, sizeof(*d->ses));
	if (d->ses == NULL)
		return fail("memory");
	for (i = 0; i < d->job->nsa; i++) {
		memset(key, (int)(i * 7), sizeof(key));
		memcpy(key, &i, sizeof(i));
		d->ses[i] = d->job->alg->kind == RAW_GCM ? open_gcm(d, key) : open_cbc(d, key);
		if (d->ses[i] == NULL)
			return fail("session");
	}
	return 0;
}

/* An op stays as it is from burst to burst; only the device's work is measured. */
static void
fill(struct dev *d, uint32_t i, struct rte_mbuf *m)
{
	struct rte_crypto_op *op = d->op[i];
	struct rte_crypto_sym_op *sym = op->sym;
	const struct raw_job *job = d->job;
	uint8_t *icv = rte_pktmbuf_mtod_offset(m, uint8_t *, RAW_HEAD + job->len[i]);

	m->data_len = (uint16_t)(RAW_HEAD + job->len[i] + job->alg->icv_len);
	m->pkt_len = m->data_len;
	rte_crypto_op_attach_sym_session(op, d->ses[job->sa[i]]);
	sym->m_src = m;
	if (job->alg->kind == RAW_GCM) {
		sym->aead.data.offset = RAW_HEAD;
		sym->aead.data.length = job->len[i];
		sym->aead.aad.data = rte_pktmbuf_mtod_offset(m, uint8_t *, RAW_HEAD - 24);
		sym->aead.digest.data = icv;
		return;
	}
	sym->cipher.data.offset = RAW_HEAD;
	sym->cipher.data.length = job->len[i];
	sym->auth.data.offset = RAW_HEAD - 24;
	sym->auth.data.length = job->len[i] + 24;
	sym->auth.digest.data = icv;
}

static int
prepare(struct dev *d)
{
	struct rte_mempool *ops = rte_crypto_op_pool_create(
		"ops", RTE_CRYPTO_OP_TYPE_SYMMETRIC, RAW_BUFS, 0, 16, SOCKET_ID_ANY);
	struct rte_mempool *bufs =
		rte_pktmbuf_pool_create("bufs", RAW_BUFS, 0, 0, RAW_BUF_LEN + 128, SOCKET_ID_ANY);
	uint32_t i;

	if (ops == NULL || bufs == NULL)
		return fail("pool");
	for (i = 0; i < RAW_BUFS; i++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(bufs);

		d->op[i] = rte_crypto_op_alloc(ops, RTE_CRYPTO_OP_TYPE_SYMMETRIC);
		if (m == NULL || d->op[i] == NULL)
			return fail("pool");
		fill(d, i, m);
	}
	return 0;
}

int
raw_cryptodev_run(const struct raw_job *job)
{
	struct dev d = { .job = job };
	struct rte_crypto_op *back[RAW_BURST];
	uint32_t i, n, inflight = 0;

	if (configure(&d, job->device) != 0 || open_sessions(&d) != 0 || prepare(&d) != 0)
		return 1;
	for (i = 0;; i = (i + RAW_BURST) % RAW_BUFS) {
		n = rte_cryptodev_enqueue_burst(d.id, 0, &d.op[i], RAW_BURST);
		if (n != RAW_BURST)
			return fail("enqueue");
		/* A device may keep some; what it keeps comes back in order, so no op is in it twice. */
		inflight += n;
		do {
			n = rte_cryptodev_dequeue_burst(d.id, 0, back, RAW_BURST);
			inflight -= n;
			raw_count(n);
		} while (inflight > RAW_BUFS / 2);
	}
}
