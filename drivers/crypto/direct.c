/* SPDX-License-Identifier: BSD-2-Clause */
/* Engine "direct": libipsec-mb on the worker's own core; everything is complete when submit returns. */
#include <errno.h>
#include <string.h>

#include <rte_malloc.h>
#include <rte_prefetch.h>

#include "base/secret.h"
#include "crypto/crypto_priv.h"

/* Session: key schedules only; wiped on close. */
struct direct_ses {
	struct gcm_key_data gcm; /* GCM only */
	uint8_t enc[16 * 15] __rte_aligned(16);
	uint8_t dec[16 * 15] __rte_aligned(16);
	uint8_t ipad[64] __rte_aligned(16);
	uint8_t opad[64] __rte_aligned(16);
	aes_gcm_enc_dec_t seal, open; /* GCM: one call per packet */
	IMB_CIPHER_MODE cipher;
	IMB_HASH_ALG hash;
	uint16_t key_len;
	uint16_t icv_len;
} __rte_cache_aligned;

/* One row per HMAC: what libipsec-mb calls it and how its precomputed states are made. */
static const struct hmac {
	enum alg_code code;
	IMB_HASH_ALG imb;
	uint16_t block;
} hmacs[] = {
	{ ALG_HMAC_SHA1, IMB_AUTH_HMAC_SHA_1, 64 },
	{ ALG_HMAC_SHA256, IMB_AUTH_HMAC_SHA_256, 64 },
	{ ALG_HMAC_SHA384, IMB_AUTH_HMAC_SHA_384, 128 },
	{ ALG_HMAC_SHA512, IMB_AUTH_HMAC_SHA_512, 128 },
};

static void
one_block(IMB_MGR *mb, IMB_HASH_ALG alg, const uint8_t *block, uint8_t *state)
{
	switch (alg) {
	case IMB_AUTH_HMAC_SHA_1:
		IMB_SHA1_ONE_BLOCK(mb, block, state);
		break;
	case IMB_AUTH_HMAC_SHA_256:
		IMB_SHA256_ONE_BLOCK(mb, block, state);
		break;
	case IMB_AUTH_HMAC_SHA_384:
		IMB_SHA384_ONE_BLOCK(mb, block, state);
		break;
	default:
		IMB_SHA512_ONE_BLOCK(mb, block, state);
		break;
	}
}

/* HMAC states after the padded key (RFC 2104). Keys of IPsec are never longer than a block. */
static int
open_hmac(IMB_MGR *mb, struct direct_ses *ses, const struct sa_spec *spec)
{
	uint8_t block[128];

	for (size_t i = 0; i < ARRAY_LEN(hmacs); i++) {
		const struct hmac *h = &hmacs[i];

		if (h->code != spec->auth->code || spec->authkey.len > h->block)
			continue;
		ses->hash = h->imb;
		for (int pass = 0; pass < 2; pass++) {
			memset(block, pass == 0 ? 0x36 : 0x5c, sizeof(block));
			for (unsigned int b = 0; b < spec->authkey.len; b++)
				block[b] ^= spec->authkey.b[b];
			one_block(mb, h->imb, block, pass == 0 ? ses->ipad : ses->opad);
		}
		secret_wipe_mem(block, sizeof(block));
		ses->icv_len = spec->auth->icv_len;
		return 0;
	}
	return -ENOTSUP;
}

static int
open_gcm(IMB_MGR *mb, struct direct_ses *ses, const struct sa_spec *spec)
{
	ses->icv_len = spec->enc->icv_len;
	switch (spec->enckey.len - spec->enc->salt_len) {
	case 16:
		IMB_AES128_GCM_PRE(mb, spec->enckey.b, &ses->gcm);
		ses->seal = mb->gcm128_enc;
		ses->open = mb->gcm128_dec;
		return 0;
	case 24:
		IMB_AES192_GCM_PRE(mb, spec->enckey.b, &ses->gcm);
		ses->seal = mb->gcm192_enc;
		ses->open = mb->gcm192_dec;
		return 0;
	case 32:
		IMB_AES256_GCM_PRE(mb, spec->enckey.b, &ses->gcm);
		ses->seal = mb->gcm256_enc;
		ses->open = mb->gcm256_dec;
		return 0;
	default:
		return -ENOTSUP;
	}
}

static int
open_cbc(IMB_MGR *mb, struct direct_ses *ses, const struct sa_spec *spec)
{
	ses->cipher = IMB_CIPHER_CBC;
	ses->key_len = spec->enckey.len;
	switch (spec->enckey.len) {
	case 16:
		IMB_AES_KEYEXP_128(mb, spec->enckey.b, ses->enc, ses->dec);
		return 0;
	case 24:
		IMB_AES_KEYEXP_192(mb, spec->enckey.b, ses->enc, ses->dec);
		return 0;
	case 32:
		IMB_AES_KEYEXP_256(mb, spec->enckey.b, ses->enc, ses->dec);
		return 0;
	default:
		return -ENOTSUP;
	}
}

static int
open_algorithms(IMB_MGR *mb, struct direct_ses *ses, const struct sa_spec *spec)
{
	int ret;

	if (spec->enc == NULL)
		return -ENOTSUP;
	switch (spec->enc->code) {
	case ALG_AES_GCM_16:
		return spec->auth == NULL ? open_gcm(mb, ses, spec) : -ENOTSUP;
	case ALG_AES_CBC:
		ret = open_cbc(mb, ses, spec);
		break;
	case ALG_NULL_ENC:
		ses->cipher = IMB_CIPHER_NULL;
		ret = 0;
		break;
	default:
		return -ENOTSUP;
	}
	if (ret == 0)
		ret = spec->auth != NULL ? open_hmac(mb, ses, spec) : -ENOTSUP;
	return ret;
}

static void
free_ses(struct direct_ses *ses)
{
	secret_wipe_mem(ses, sizeof(*ses));
	rte_free(ses);
}

static int
direct_open(struct crypto *c, struct sa_rt *sa, const struct sa_spec *spec, struct err *err)
{
	struct direct_ses *ses =
		rte_zmalloc_socket("direct_ses", sizeof(*ses), RTE_CACHE_LINE_SIZE, c->conf.socket);
	int ret;

	if (ses == NULL)
		return err_set(err, -ENOMEM, "no memory for a crypto session");
	ret = open_algorithms(c->mb, ses, spec);
	if (ret != 0) {
		free_ses(ses);
		return err_set(
			err, ret, "libipsec-mb does not offer this combination of algorithms");
	}
	sa->ses = ses;
	return 0;
}

static void
direct_close(struct crypto *c, struct sa_rt *sa)
{
	(void)c;
	free_ses(sa->ses);
	sa->ses = NULL;
}

static inline void
gcm_one(struct crypto_lane *cl, const struct sa_rt *sa, struct rte_mbuf *m, struct cop *cop)
{
	const struct direct_ses *ses = sa->ses;
	struct pkt_meta *meta = pkt_meta(m);
	uint8_t tag[16];

	if (meta->flags & PKT_F_OUT) {
		ses->seal(&ses->gcm, &cl->gcm, cop->text, cop->text, cop->text_len, cop->iv,
			cop->aad, cop->aad_len, cop->icv, sa->icv_len);
		return;
	}
	ses->open(&ses->gcm, &cl->gcm, cop->text, cop->text, cop->text_len, cop->iv, cop->aad,
		cop->aad_len, tag, sizeof(tag));
	if (unlikely(!secret_eq(tag, cop->icv, sa->icv_len)))
		meta->flags |= PKT_F_CRYPTO_FAIL;
}

static void
fill_job(IMB_JOB *job, const struct direct_ses *ses, struct cop *cop, bool out, uint8_t *tag)
{
	job->enc_keys = ses->enc;
	job->dec_keys = ses->dec;
	job->key_len_in_bytes = ses->key_len;
	job->src = cop->aad;
	job->dst = cop->text;
	job->cipher_start_src_offset_in_bytes = (uint64_t)(cop->text - cop->aad);
	job->msg_len_to_cipher_in_bytes = ses->cipher == IMB_CIPHER_NULL ? 0 : cop->text_len;
	job->hash_start_src_offset_in_bytes = 0;
	job->msg_len_to_hash_in_bytes = cop->auth_len;
	job->iv = cop->iv;
	job->iv_len_in_bytes = ses->cipher == IMB_CIPHER_NULL ? 0 : 16;
	job->auth_tag_output = tag;
	job->auth_tag_output_len_in_bytes = ses->icv_len;
	job->u.HMAC._hashed_auth_key_xor_ipad = ses->ipad;
	job->u.HMAC._hashed_auth_key_xor_opad = ses->opad;
	job->cipher_mode = ses->cipher;
	job->cipher_direction = out ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT;
	job->hash_alg = ses->hash;
	/* Encrypt, then authenticate; verify before decrypting (RFC 4303 3.3.2, 3.4.4). */
	job->chain_order = out ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
}

static void
job_done(const IMB_JOB *job)
{
	struct rte_mbuf *m = job->user_data;
	struct pkt_meta *meta = pkt_meta(m);
	const struct cop *cop = job->user_data2;

	if (unlikely(job->status != IMB_STATUS_COMPLETED)) {
		meta->flags |= PKT_F_CRYPTO_ERR;
		return;
	}
	if ((meta->flags & PKT_F_OUT) == 0 &&
		unlikely(!secret_eq(
			job->auth_tag_output, cop->icv, job->auth_tag_output_len_in_bytes)))
		meta->flags |= PKT_F_CRYPTO_FAIL;
}

/*
 * The library's own checks of a job cost more than the rest of queueing it, and see nothing that is not
 * settled here: pointers and algorithms come from the session, lengths from cops that xform has
 * checked. The one rule that a wrong cop could break is looked at: a block cipher wants whole blocks.
 */
static inline void
job_one(struct crypto_lane *cl, struct rte_mbuf *m, struct cop *cop, uint8_t *tag)
{
	struct pkt_meta *meta = pkt_meta(m);
	const struct direct_ses *ses = meta->sa->ses;
	const bool out = (meta->flags & PKT_F_OUT) != 0;
	IMB_JOB *job;

	if (unlikely(ses->cipher == IMB_CIPHER_CBC &&
		    (cop->text_len == 0 || cop->text_len % 16 != 0))) {
		meta->flags |= PKT_F_CRYPTO_ERR;
		return;
	}
	job = IMB_GET_NEXT_JOB(cl->mb);
	fill_job(job, ses, cop, out, out ? cop->icv : tag);
	job->user_data = m;
	job->user_data2 = cop;
	job = IMB_SUBMIT_JOB_NOCHECK(cl->mb);
	if (job != NULL)
		job_done(job);
}

/*
 * With thousands of SAs the key schedule of the next one is cold. A long text uses all of it, one line
 * after the other, so it is fetched behind the packet before. For a short one the core looks ahead
 * far enough by itself, and the instructions would cost more than they save (measured).
 */
static inline void
prefetch_next(const struct sa_rt *sa, const struct sa_rt *next, const struct cop *cop)
{
	const uint8_t *key = next->ses;

	if (next == sa || next->cls != ALG_CLASS_GCM || cop->text_len < 512)
		return;
	for (size_t off = 0; off < sizeof(struct gcm_key_data); off += RTE_CACHE_LINE_SIZE)
		rte_prefetch0(key + off);
}

/* Jobs of all SAs of the call are one batch: the lanes are flushed once, at the end. */
static uint16_t
direct_submit(struct lane *lane, uint16_t first, struct rte_mbuf **m, uint16_t n)
{
	struct crypto_lane *cl = lane->crypto;
	bool jobs = false;
	IMB_JOB *job;

	for (uint16_t i = 0; i < n; i++) {
		const struct sa_rt *sa = pkt_meta(m[i])->sa;

		if (i + 1 < n)
			prefetch_next(sa, pkt_meta(m[i + 1])->sa, &lane->cop[first + i + 1]);
		if (sa->cls == ALG_CLASS_GCM) {
			gcm_one(cl, sa, m[i], &lane->cop[first + i]);
			continue;
		}
		job_one(cl, m[i], &lane->cop[first + i], cl->tag[first + i]);
		jobs = true;
	}
	while (jobs && (job = IMB_FLUSH_JOB(cl->mb)) != NULL)
		job_done(job);
	return n;
}

static void
direct_poll(struct lane *lane, struct pvec *done)
{
	(void)lane;
	(void)done;
}

const struct crypto_ops crypto_direct = {
	.name = "direct",
	.sa_open = direct_open,
	.sa_close = direct_close,
	.submit = direct_submit,
	.poll = direct_poll,
};
