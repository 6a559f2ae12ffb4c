/* SPDX-License-Identifier: BSD-2-Clause */
/* Engine "direct": libipsec-mb on the worker's own core; everything is complete when submit returns. */
#include <errno.h>
#include <string.h>

#include <rte_malloc.h>
#include <rte_prefetch.h>

#include "base/secret.h"
#include "crypto/direct_priv.h"
#include "crypto/libcrypto.h"

/*
 * Outbound: cipher, then MAC; inbound: MAC, then, if it is right or its verdict comes in the same job,
 * cipher (RFC 4303 3.3.2, 3.4.4). Per packet:
 *  1. what libcrypto has to do before libipsec-mb: encrypt, or verify;
 *  2. the job of libipsec-mb, if it has a part in the SA; jobs of all SAs of the call are one batch;
 *  3. verdict of the job, and what libcrypto has to do after it: compute the ICV, or decrypt.
 */

static void
free_ses(struct direct_ses *ses)
{
	evp_close(ses->evp);
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
	ret = direct_keys(c, ses, spec);
	if (ret != 0) {
		free_ses(ses);
		return err_set(err, ret, "%s",
			ret == -ENOMEM ?
				"no memory for a crypto session" :
				"libipsec-mb does not offer this combination of algorithms");
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

/*
 * GMAC is GCM with nothing but additional data. Header and text of ESP are one region unless the
 * additional data has the high half of an extended sequence number in it; AH has one region anyway.
 */
static void
gmac_one(struct crypto_lane *cl, const struct direct_ses *ses, struct rte_mbuf *m, struct cop *cop,
	bool is_ah)
{
	struct pkt_meta *meta = pkt_meta(m);
	const bool out = (meta->flags & PKT_F_OUT) != 0;
	uint8_t tag[16];
	uint8_t *const to = out ? cop->icv : tag;
	uint64_t len = cop->auth_len;

	if (!is_ah)
		len = cop->aad_len + (uint64_t)cop->text_len;
	if (is_ah || cop->aad + cop->aad_len == cop->text) {
		ses->seal(
			&ses->gcm, &cl->gcm, cop->aad, cop->aad, 0, cop->iv, cop->aad, len, to, 16);
	} else {
		ses->gmac_init(&ses->gcm, &cl->gcm, cop->iv, 12);
		ses->gmac_update(&ses->gcm, &cl->gcm, cop->aad, cop->aad_len);
		ses->gmac_update(&ses->gcm, &cl->gcm, cop->text, cop->text_len);
		ses->gmac_final(&ses->gcm, &cl->gcm, to, 16);
	}
	if (!out && unlikely(!secret_eq(tag, cop->icv, 16)))
		meta->flags |= PKT_F_CRYPTO_FAIL;
}

/* All three kinds of MAC arguments are pointers in a row; so are those of the AEADs. */
static inline void
fill_hash(IMB_JOB *job, const struct direct_ses *ses, const struct cop *cop)
{
	if (ses->is_aead) {
		job->src = cop->text;
		job->cipher_start_src_offset_in_bytes = 0;
		job->msg_len_to_hash_in_bytes = cop->text_len;
		job->u.CCM.aad = cop->aad;
		job->u.CCM.aad_len_in_bytes = cop->aad_len;
		return;
	}
	job->src = cop->aad;
	job->cipher_start_src_offset_in_bytes = (uint64_t)(cop->text - cop->aad);
	job->msg_len_to_hash_in_bytes = cop->auth_len;
	job->u.XCBC._k1_expanded = ses->mac_arg[0];
	job->u.XCBC._k2 = ses->mac_arg[1];
	job->u.XCBC._k3 = ses->mac_arg[2];
}

static void
fill_job(IMB_JOB *job, const struct direct_ses *ses, struct cop *cop, bool out, uint8_t *tag)
{
	fill_hash(job, ses, cop);
	job->enc_keys = ses->enc_keys;
	job->dec_keys = ses->dec_keys;
	job->key_len_in_bytes = ses->key_len;
	job->dst = cop->text;
	job->msg_len_to_cipher_in_bytes = ses->cipher == IMB_CIPHER_NULL ? 0 : cop->text_len;
	job->hash_start_src_offset_in_bytes = 0;
	job->iv = cop->iv;
	job->iv_len_in_bytes = ses->iv_len;
	job->auth_tag_output = tag;
	job->auth_tag_output_len_in_bytes = ses->tag_len;
	job->cipher_mode = ses->cipher;
	job->cipher_direction = out ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT;
	job->hash_alg = ses->hash;
	job->chain_order = out                          ? ses->order_out :
		ses->order_out == IMB_ORDER_CIPHER_HASH ? IMB_ORDER_HASH_CIPHER :
							  IMB_ORDER_CIPHER_HASH;
}

static inline void
check_icv(struct pkt_meta *meta, const struct direct_ses *ses, const struct cop *cop,
	const uint8_t *tag)
{
	if (unlikely(!secret_eq(tag, cop->icv, ses->icv_len)))
		meta->flags |= PKT_F_CRYPTO_FAIL;
}

/* The part of libcrypto that comes first. */
static void
evp_before(const struct lane *lane, const struct direct_ses *ses, struct rte_mbuf *m,
	const struct cop *cop)
{
	struct pkt_meta *meta = pkt_meta(m);
	const bool out = (meta->flags & PKT_F_OUT) != 0;
	uint8_t tag[64] = { 0 };
	int ret = 0;

	if (ses->evp_aead)
		ret = evp_aead(ses->evp, lane->idx, cop, out);
	else if (out && ses->evp_cipher)
		ret = evp_crypt(ses->evp, lane->idx, cop, true) ? 0 : -EIO;
	else if (!out && ses->evp_mac)
		ret = evp_mac(ses->evp, lane->idx, cop, tag) ? 0 : -EIO;
	if (ret == 0 && !out && ses->evp_mac)
		check_icv(meta, ses, cop, tag);
	if (unlikely(ret != 0))
		meta->flags |= ret == -EBADMSG ? PKT_F_CRYPTO_FAIL : PKT_F_CRYPTO_ERR;
}

/* What follows the job, or takes its place: null authentication, and the second part of libcrypto. */
static void
after(const struct lane *lane, const struct direct_ses *ses, struct rte_mbuf *m,
	const struct cop *cop)
{
	static const uint8_t zeros[16];
	struct pkt_meta *meta = pkt_meta(m);
	const bool out = (meta->flags & PKT_F_OUT) != 0;
	bool ok = true;

	if (ses->is_null_icv && out)
		memset(cop->icv, 0, ses->icv_len);
	if (ses->is_null_icv && !out)
		check_icv(meta, ses, cop, zeros);
	if (meta->flags & (PKT_F_CRYPTO_FAIL | PKT_F_CRYPTO_ERR))
		return;
	if (out && ses->evp_mac)
		ok = evp_mac(ses->evp, lane->idx, cop, cop->icv);
	if (!out && ses->evp_cipher)
		ok = evp_crypt(ses->evp, lane->idx, cop, false);
	if (unlikely(!ok))
		meta->flags |= PKT_F_CRYPTO_ERR;
}

static void
job_done(const struct lane *lane, const IMB_JOB *job)
{
	struct rte_mbuf *m = job->user_data;
	struct pkt_meta *meta = pkt_meta(m);
	struct cop *cop = job->user_data2;
	const struct direct_ses *ses = meta->sa->ses;

	if (unlikely(job->status != IMB_STATUS_COMPLETED)) {
		meta->flags |= PKT_F_CRYPTO_ERR;
		return;
	}
	if (ses->tag_len != 0) {
		if ((meta->flags & PKT_F_OUT) == 0)
			check_icv(meta, ses, cop, job->auth_tag_output);
		else if (ses->tag_len != ses->icv_len)
			memcpy(cop->icv, job->auth_tag_output, ses->icv_len);
	}
	if (unlikely(ses->evp != NULL || ses->is_null_icv))
		after(lane, ses, m, cop);
}

/*
 * The library's own checks of a job cost more than the rest of queueing it, and see nothing that is not
 * settled here: pointers and algorithms come from the session, lengths from cops that xform has
 * checked. The one rule that a wrong cop could break is looked at: a block cipher wants whole blocks.
 *
 * @return true when a job was queued
 */
static inline bool
job_one(struct lane *lane, struct rte_mbuf *m, struct cop *cop, uint8_t *tag)
{
	IMB_MGR *mb = lane->crypto->mb;
	struct pkt_meta *meta = pkt_meta(m);
	const struct direct_ses *ses = meta->sa->ses;
	const bool out = (meta->flags & PKT_F_OUT) != 0;
	IMB_JOB *job;

	if (unlikely(ses->block != 0 &&
		    (cop->text_len == 0 || (cop->text_len & (ses->block - 1u)) != 0))) {
		meta->flags |= PKT_F_CRYPTO_ERR;
		return false;
	}
	if (unlikely(ses->evp != NULL)) {
		evp_before(lane, ses, m, cop);
		if (meta->flags & (PKT_F_CRYPTO_FAIL | PKT_F_CRYPTO_ERR))
			return false;
	}
	if (unlikely(ses->cipher == IMB_CIPHER_NULL && ses->hash == IMB_AUTH_NULL)) {
		after(lane, ses, m, cop);
		return false;
	}
	job = IMB_GET_NEXT_JOB(mb);
	/* Only what is exactly as long as the ICV may be written to the packet. */
	fill_job(job, ses, cop, out, out && ses->tag_len == ses->icv_len ? cop->icv : tag);
	job->user_data = m;
	job->user_data2 = cop;
	job = IMB_SUBMIT_JOB_NOCHECK(mb);
	if (job != NULL)
		job_done(lane, job);
	return true;
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

/* The lanes are flushed once, at the end. */
static uint16_t
direct_submit(struct lane *lane, uint16_t first, struct rte_mbuf **m, uint16_t n)
{
	struct crypto_lane *cl = lane->crypto;
	bool jobs = false;
	IMB_JOB *job;

	for (uint16_t i = 0; i < n; i++) {
		const struct sa_rt *sa = pkt_meta(m[i])->sa;
		const struct direct_ses *ses = sa->ses;
		struct cop *cop = &lane->cop[first + i];

		if (i + 1 < n)
			prefetch_next(sa, pkt_meta(m[i + 1])->sa, cop + 1);
		if (sa->cls == ALG_CLASS_GCM)
			gcm_one(cl, sa, m[i], cop);
		else if (ses->is_gmac)
			gmac_one(cl, ses, m[i], cop, sa->cls != ALG_CLASS_GMAC);
		else
			jobs |= job_one(lane, m[i], cop, cl->tag[first + i]);
	}
	while (jobs && (job = IMB_FLUSH_JOB(cl->mb)) != NULL)
		job_done(lane, job);
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
