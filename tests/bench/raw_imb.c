/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include <intel-ipsec-mb.h>

#include "raw.h"

struct key {
	struct gcm_key_data gcm;
	uint8_t enc[16 * 15] __rte_aligned(16);
	uint8_t dec[16 * 15] __rte_aligned(16);
	uint8_t ipad[64] __rte_aligned(16);
	uint8_t opad[64] __rte_aligned(16);
	uint8_t chacha[32] __rte_aligned(16);
} __rte_cache_aligned;

struct imb {
	IMB_MGR *mgr;
	const struct raw_job *job;
	struct key *key; /* [nsa] */
	uint8_t (*buf)[RAW_BUF_LEN]; /* [RAW_BUFS] */
};

static void
expand(IMB_MGR *mgr, const struct raw_alg *alg, struct key *k, uint32_t seed)
{
	uint8_t bytes[32], block[64];
	int i;

	for (i = 0; i < 32; i++)
		bytes[i] = (uint8_t)(seed * 7 + (uint32_t)i * 13);
	memcpy(bytes, &seed, sizeof(seed));
	memcpy(k->chacha, bytes, sizeof(k->chacha));
	if (alg->kind == RAW_GCM) {
		if (alg->key_len == 16)
			IMB_AES128_GCM_PRE(mgr, bytes, &k->gcm);
		else
			IMB_AES256_GCM_PRE(mgr, bytes, &k->gcm);
		return;
	}
	if (alg->key_len == 16)
		IMB_AES_KEYEXP_128(mgr, bytes, k->enc, k->dec);
	else
		IMB_AES_KEYEXP_256(mgr, bytes, k->enc, k->dec);
	for (i = 0; i < 64; i++)
		block[i] = (uint8_t)(0x36 ^ (i < 20 ? bytes[i] : 0));
	if (alg->is_sha1)
		IMB_SHA1_ONE_BLOCK(mgr, block, k->ipad);
	else
		IMB_SHA256_ONE_BLOCK(mgr, block, k->ipad);
	for (i = 0; i < 64; i++)
		block[i] ^= 0x36 ^ 0x5c;
	if (alg->is_sha1)
		IMB_SHA1_ONE_BLOCK(mgr, block, k->opad);
	else
		IMB_SHA256_ONE_BLOCK(mgr, block, k->opad);
}

static void
gcm_burst(const struct imb *x, uint32_t first)
{
	const struct raw_job *job = x->job;
	struct gcm_context_data ctx;
	uint32_t i;
	uint8_t *p;
	aes_gcm_enc_dec_t run;

	if (job->is_seal)
		run = job->alg->key_len == 16 ? x->mgr->gcm128_enc : x->mgr->gcm256_enc;
	else
		run = job->alg->key_len == 16 ? x->mgr->gcm128_dec : x->mgr->gcm256_dec;
	for (i = first; i < first + RAW_BURST; i++) {
		p = x->buf[i] + RAW_HEAD;
		run(&x->key[job->sa[i]].gcm, &ctx, p, p, job->len[i], p - 16, p - 24, 8,
			p + job->len[i], 16);
	}
}

static void
fill_aead(const struct imb *x, IMB_JOB *j, uint32_t i)
{
	const struct raw_job *job = x->job;
	struct key *k = &x->key[job->sa[i]];
	const bool ccm = job->alg->kind == RAW_CCM;
	uint8_t *p = x->buf[i] + RAW_HEAD;

	j->cipher_mode = ccm ? IMB_CIPHER_CCM : IMB_CIPHER_CHACHA20_POLY1305;
	j->hash_alg = ccm ? IMB_AUTH_AES_CCM : IMB_AUTH_CHACHA20_POLY1305;
	j->cipher_direction = job->is_seal ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT;
	j->chain_order = job->is_seal == ccm ? IMB_ORDER_HASH_CIPHER : IMB_ORDER_CIPHER_HASH;
	j->enc_keys = ccm ? k->enc : k->chacha;
	j->dec_keys = j->enc_keys;
	j->key_len_in_bytes = job->alg->key_len;
	j->src = p;
	j->dst = p;
	j->cipher_start_src_offset_in_bytes = 0;
	j->msg_len_to_cipher_in_bytes = job->len[i];
	j->hash_start_src_offset_in_bytes = 0;
	j->msg_len_to_hash_in_bytes = job->len[i];
	j->iv = p - 16;
	j->iv_len_in_bytes = ccm ? 11 : 12;
	if (ccm) {
		j->u.CCM.aad = p - 24;
		j->u.CCM.aad_len_in_bytes = 8;
	} else {
		j->u.CHACHA20_POLY1305.aad = p - 24;
		j->u.CHACHA20_POLY1305.aad_len_in_bytes = 8;
	}
	j->auth_tag_output = p + job->len[i];
	j->auth_tag_output_len_in_bytes = 16;
}

static void
fill(const struct imb *x, IMB_JOB *j, uint32_t i)
{
	const struct raw_job *job = x->job;
	struct key *k = &x->key[job->sa[i]];
	uint8_t *p = x->buf[i] + RAW_HEAD;

	if (job->alg->kind == RAW_CCM || job->alg->kind == RAW_CHACHA) {
		fill_aead(x, j, i);
		return;
	}
	j->cipher_mode = job->alg->kind == RAW_HMAC ? IMB_CIPHER_NULL : IMB_CIPHER_CBC;
	j->cipher_direction = job->is_seal ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT;
	j->chain_order = job->is_seal ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
	j->enc_keys = k->enc;
	j->dec_keys = k->dec;
	j->key_len_in_bytes = job->alg->key_len;
	j->src = p - 24; /* SPI, sequence number, IV, then the ciphertext */
	j->dst = p;
	j->cipher_start_src_offset_in_bytes = 24;
	j->msg_len_to_cipher_in_bytes = job->len[i];
	j->iv = p - 16;
	j->iv_len_in_bytes = 16;
	j->hash_alg = job->alg->is_sha1 ? IMB_AUTH_HMAC_SHA_1 : IMB_AUTH_HMAC_SHA_256;
	j->u.HMAC._hashed_auth_key_xor_ipad = k->ipad;
	j->u.HMAC._hashed_auth_key_xor_opad = k->opad;
	j->hash_start_src_offset_in_bytes = 0;
	j->msg_len_to_hash_in_bytes = job->len[i] + (job->alg->kind == RAW_HMAC ? 0u : 24u);
	j->auth_tag_output = p + job->len[i];
	j->auth_tag_output_len_in_bytes = job->alg->icv_len;
}

/*
 * Jobs stay inside from burst to burst, as the library likes it: a flush would leave lanes idle. They come back in
 * order and are far fewer than RAW_BUFS, so no buffer is in two jobs.
 */
static int
job_burst(const struct imb *x, uint32_t first)
{
	IMB_JOB *jobs[RAW_BURST];
	uint32_t i, done = 0;

	while (IMB_GET_NEXT_BURST(x->mgr, RAW_BURST, jobs) < RAW_BURST)
		done += IMB_FLUSH_BURST(x->mgr, RAW_BURST, jobs);
	for (i = 0; i < RAW_BURST; i++)
		fill(x, jobs[i], first + i);
	raw_count(done + IMB_SUBMIT_BURST(x->mgr, RAW_BURST, jobs));
	return imb_get_errno(x->mgr);
}

int
raw_imb_run(const struct raw_job *job)
{
	struct imb x = { .mgr = alloc_mb_mgr(0), .job = job };
	uint32_t i;

	if (posix_memalign((void **)&x.key, 64, job->nsa * sizeof(*x.key)) != 0 ||
		posix_memalign((void **)&x.buf, 64, (size_t)RAW_BUFS * RAW_BUF_LEN) != 0 ||
		x.mgr == NULL) {
		fprintf(stderr, "bench_raw: no memory\n");
		return 1;
	}
	init_mb_mgr_auto(x.mgr, NULL);
	memset(x.buf, 0x5a, (size_t)RAW_BUFS * RAW_BUF_LEN);
	for (i = 0; i < job->nsa; i++)
		expand(x.mgr, job->alg, &x.key[i], i + 1);
	for (i = 0;; i = (i + RAW_BURST) % RAW_BUFS) {
		if (job->alg->kind == RAW_GCM) {
			gcm_burst(&x, i);
			raw_count(RAW_BURST);
		} else if (job_burst(&x, i) != 0) {
			fprintf(stderr, "bench_raw: libipsec-mb: %s\n",
				imb_get_strerror(imb_get_errno(x.mgr)));
			return 1;
		}
	}
}
