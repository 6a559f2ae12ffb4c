/* SPDX-License-Identifier: BSD-2-Clause */
/* Engine "lookaside": cryptodev queues. Packets leave with submit and come back with poll. */
#include <errno.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_malloc.h>

#include "base/secret.h"
#include "crypto/crypto_priv.h"

/*
 * The operation lives in the private area of its mbuf, so that nothing is allocated, and struct cop is
 * free for the next burst as soon as submit returns: IV, additional data and, where the packet has no
 * place for it, the ICV are copied into pkt_priv.
 *
 * Who compares the ICV of an inbound packet?
 *  - Separate MAC: we do, in constant time. The device is asked to generate the ICV into pkt_priv.
 *    Hardware compares itself, for that is the path its firmware and drivers are tested on. So does
 *    crypto_aesni_mb when there is a cipher, because its driver knows no session that generates and
 *    decrypts. That driver uses memcmp() (DPDK bug 1773).
 *  - AEAD: the device must, for no session both decrypts and yields the tag. crypto_aesni_mb and
 *    crypto_aesni_gcm use memcmp() there too, crypto_openssl and hardware do not.
 * memcmp() of one ICV takes a single vector compare with the C library of our platform, so its time does
 * not tell where the first difference is, but nothing promises that: the engine "direct" offers the
 * same algorithms without the doubt.
 */

#define ICV_MAX 32u /* half of pkt_priv.icv: the computed one, then the received one */
static_assert(ICV_MAX <= sizeof(((struct pkt_priv *)0)->icv) / 2, "two ICVs have room");

#define IV_OFF  offsetof(struct pkt_priv, iv)
#define AAD_OFF offsetof(struct pkt_priv, aad)
#define ICV_OFF offsetof(struct pkt_priv, icv)

struct look_ses {
	void *ses[2]; /* inbound, outbound; NULL where the SA's direction excludes it */
	uint8_t dev; /* index in crypto.dev */
	uint8_t id; /* of cryptodev */
	bool aead;
	bool mac; /* separate, or GMAC */
	bool gmac; /* of ESP: additional data and text are one region */
	bool ccm;
	bool aside; /* the ICV is made in, or compared from, pkt_priv */
	bool compare; /* inbound: the device generates, we compare */
	uint8_t icv_len;
	uint8_t aad_len; /* AEAD */
} __rte_cache_aligned;

/* DPDK wants the nonce of CCM behind one byte, and its additional data behind a block and a length. */
#define CCM_IV_SKIP  1u
#define CCM_AAD_SKIP 18u
static_assert(CCM_AAD_SKIP + 12 <= sizeof(((struct pkt_priv *)0)->aad), "additional data has room");

static const struct {
	enum alg_code code;
	enum rte_crypto_auth_algorithm algo;
} macs[] = {
	{ ALG_HMAC_MD5, RTE_CRYPTO_AUTH_MD5_HMAC },
	{ ALG_HMAC_SHA1, RTE_CRYPTO_AUTH_SHA1_HMAC },
	{ ALG_HMAC_SHA256, RTE_CRYPTO_AUTH_SHA256_HMAC },
	{ ALG_HMAC_SHA256_96, RTE_CRYPTO_AUTH_SHA256_HMAC },
	{ ALG_HMAC_SHA384, RTE_CRYPTO_AUTH_SHA384_HMAC },
	{ ALG_HMAC_SHA512, RTE_CRYPTO_AUTH_SHA512_HMAC },
	{ ALG_AES_XCBC_MAC, RTE_CRYPTO_AUTH_AES_XCBC_MAC },
	{ ALG_AES_CMAC_96, RTE_CRYPTO_AUTH_AES_CMAC },
	{ ALG_AES_GMAC, RTE_CRYPTO_AUTH_AES_GMAC },
	{ ALG_AES_GMAC_AUTH, RTE_CRYPTO_AUTH_AES_GMAC },
};

static const struct {
	enum alg_code code;
	enum rte_crypto_cipher_algorithm algo;
	uint8_t iv_len;
} ciphers[] = {
	{ ALG_AES_CBC, RTE_CRYPTO_CIPHER_AES_CBC, 16 },
	{ ALG_AES_CTR, RTE_CRYPTO_CIPHER_AES_CTR, 16 },
	{ ALG_3DES_CBC, RTE_CRYPTO_CIPHER_3DES_CBC, 8 },
	{ ALG_DES_CBC, RTE_CRYPTO_CIPHER_DES_CBC, 8 },
};

/* ---- control: sessions ---- */

/* The two links of a chain; only one is used with AEAD and with NULL encryption. */
struct chain {
	struct rte_crypto_sym_xform cipher, auth;
	bool has_cipher, has_auth;
};

static int
check_aead(uint8_t id, const struct rte_crypto_aead_xform *x)
{
	const struct rte_cryptodev_sym_capability_idx idx = {
		.type = RTE_CRYPTO_SYM_XFORM_AEAD,
		.algo.aead = x->algo,
	};
	const struct rte_cryptodev_symmetric_capability *cap =
		rte_cryptodev_sym_capability_get(id, &idx);

	if (cap == NULL ||
		rte_cryptodev_sym_capability_check_aead(
			cap, x->key.length, x->digest_length, x->aad_length, x->iv.length) != 0)
		return -ENOTSUP;
	return 0;
}

static int
check_cipher(uint8_t id, const struct rte_crypto_cipher_xform *x)
{
	const struct rte_cryptodev_sym_capability_idx idx = {
		.type = RTE_CRYPTO_SYM_XFORM_CIPHER,
		.algo.cipher = x->algo,
	};
	const struct rte_cryptodev_symmetric_capability *cap =
		rte_cryptodev_sym_capability_get(id, &idx);

	if (cap == NULL ||
		rte_cryptodev_sym_capability_check_cipher(cap, x->key.length, x->iv.length) != 0)
		return -ENOTSUP;
	return 0;
}

static int
check_auth(uint8_t id, const struct rte_crypto_auth_xform *x)
{
	const struct rte_cryptodev_sym_capability_idx idx = {
		.type = RTE_CRYPTO_SYM_XFORM_AUTH,
		.algo.auth = x->algo,
	};
	const struct rte_cryptodev_symmetric_capability *cap =
		rte_cryptodev_sym_capability_get(id, &idx);

	if (cap == NULL ||
		rte_cryptodev_sym_capability_check_auth(
			cap, x->key.length, x->digest_length, x->iv.length) != 0)
		return -ENOTSUP;
	return 0;
}

static int
chain_aead(struct chain *ch, const struct sa_spec *spec, const struct look_ses *ls)
{
	struct rte_crypto_aead_xform *x = &ch->cipher.aead;

	if (spec->auth != NULL || spec->enckey.len <= spec->enc->salt_len)
		return -ENOTSUP;
	ch->has_cipher = true;
	ch->cipher.type = RTE_CRYPTO_SYM_XFORM_AEAD;
	x->algo = spec->enc->cls == ALG_CLASS_GCM ? RTE_CRYPTO_AEAD_AES_GCM :
		ls->ccm                           ? RTE_CRYPTO_AEAD_AES_CCM :
						    RTE_CRYPTO_AEAD_CHACHA20_POLY1305;
	x->key.data = spec->enckey.b;
	x->key.length = spec->enckey.len - spec->enc->salt_len;
	x->iv.offset = IV_OFF;
	x->iv.length = ls->ccm ? 11 : 12;
	x->digest_length = ls->icv_len;
	x->aad_length = ls->aad_len;
	return check_aead(ls->id, x);
}

/* GMAC has the key of a cipher in ESP, of a MAC in AH, and the salt behind it is part of the IV. */
static int
chain_mac(
	struct chain *ch, const struct alg *a, const struct secret *key, const struct look_ses *ls)
{
	struct rte_crypto_auth_xform *x = &ch->auth.auth;
	size_t i = 0;

	while (i < ARRAY_LEN(macs) && macs[i].code != a->code)
		i++;
	if (i == ARRAY_LEN(macs) || key->len <= a->salt_len)
		return -ENOTSUP;
	ch->has_auth = true;
	ch->auth.type = RTE_CRYPTO_SYM_XFORM_AUTH;
	x->algo = macs[i].algo;
	x->key.data = key->b;
	x->key.length = key->len - a->salt_len;
	x->digest_length = ls->icv_len;
	if (x->algo == RTE_CRYPTO_AUTH_AES_GMAC) {
		x->iv.offset = IV_OFF;
		x->iv.length = 12;
	}
	return check_auth(ls->id, x);
}

static int
chain_cipher(struct chain *ch, const struct sa_spec *spec, const struct look_ses *ls)
{
	struct rte_crypto_cipher_xform *x = &ch->cipher.cipher;
	size_t i = 0;

	while (i < ARRAY_LEN(ciphers) && ciphers[i].code != spec->enc->code)
		i++;
	if (i == ARRAY_LEN(ciphers) || spec->enckey.len <= spec->enc->salt_len)
		return -ENOTSUP;
	ch->has_cipher = true;
	ch->cipher.type = RTE_CRYPTO_SYM_XFORM_CIPHER;
	x->algo = ciphers[i].algo;
	x->key.data = spec->enckey.b;
	x->key.length = spec->enckey.len - spec->enc->salt_len;
	x->iv.offset = IV_OFF;
	x->iv.length = ciphers[i].iv_len;
	return check_cipher(ls->id, x);
}

static int
chain_make(struct chain *ch, const struct sa_spec *spec, const struct look_ses *ls)
{
	int ret = 0;

	if (ls->aead)
		return chain_aead(ch, spec, ls);
	if (ls->gmac)
		return chain_mac(ch, spec->enc, &spec->enckey, ls);
	if (spec->auth != NULL)
		ret = chain_mac(ch, spec->auth, &spec->authkey, ls);
	if (ret != 0)
		return ret;
	if (spec->enc == NULL || spec->enc->code == ALG_NULL_ENC)
		return ch->has_auth ? 0 : -ENOTSUP; /* nothing to encrypt: the MAC alone */
	return chain_cipher(ch, spec, ls);
}

/* Link the chain for one direction. Encrypt, then authenticate; authenticate before decrypting. */
static struct rte_crypto_sym_xform *
chain_link(struct chain *ch, bool out, bool compare)
{
	ch->cipher.next = NULL;
	ch->auth.next = NULL;
	if (ch->cipher.type == RTE_CRYPTO_SYM_XFORM_AEAD) {
		ch->cipher.aead.op = out ? RTE_CRYPTO_AEAD_OP_ENCRYPT : RTE_CRYPTO_AEAD_OP_DECRYPT;
		return &ch->cipher;
	}
	ch->auth.auth.op = out || compare ? RTE_CRYPTO_AUTH_OP_GENERATE : RTE_CRYPTO_AUTH_OP_VERIFY;
	if (!ch->has_cipher)
		return &ch->auth;
	ch->cipher.cipher.op = out ? RTE_CRYPTO_CIPHER_OP_ENCRYPT : RTE_CRYPTO_CIPHER_OP_DECRYPT;
	if (!ch->has_auth)
		return &ch->cipher;
	if (out) {
		ch->cipher.next = &ch->auth;
		return &ch->cipher;
	}
	ch->auth.next = &ch->cipher;
	return &ch->auth;
}

static int
open_in(struct crypto *c, struct crypto_dev *d, struct chain *ch, struct look_ses *ls)
{
	int ret = -ENOTSUP;

	ls->compare = ch->has_auth && !d->hw && (!ch->has_cipher || !d->device_compares);
	if (ls->compare)
		ret = device_session(c, ls->dev, chain_link(ch, false, true), &ls->ses[0]);
	if (ret != -ENOTSUP)
		return ret;
	/* Remembered, so that each further SA is not one more error message of the driver. */
	if (ls->compare && ch->has_cipher)
		d->device_compares = true;
	ls->compare = false;
	return device_session(c, ls->dev, chain_link(ch, false, false), &ls->ses[0]);
}

static void
close_ses(struct crypto *c, struct look_ses *ls)
{
	for (unsigned int i = 0; i < 2; i++) {
		if (ls->ses[i] != NULL) /* cryptodev clears the keys */
			(void)rte_cryptodev_sym_session_free(c->dev[ls->dev].id, ls->ses[i]);
	}
	rte_free(ls);
}

/* @return false when no device can do it, because of where the regions are */
static bool
plan(struct look_ses *ls, const struct sa_spec *spec)
{
	const enum alg_class cls = spec->enc != NULL ? spec->enc->cls : ALG_CLASS_NULL;
	const bool esn = (spec->flags & SA_F_ESN) != 0;

	ls->ccm = cls == ALG_CLASS_CCM;
	ls->aead = ls->ccm || cls == ALG_CLASS_GCM || cls == ALG_CLASS_CHACHA;
	ls->gmac = cls == ALG_CLASS_GMAC;
	ls->mac = ls->gmac || spec->auth != NULL;
	ls->aad_len = esn ? 12 : 8;
	/* The ICV of AH is inside what is hashed, and so is the place where ESN has the high half. */
	ls->aside = ls->mac && (spec->enc == NULL || esn);
	ls->icv_len = spec->auth != NULL ? spec->auth->icv_len : spec->enc->icv_len;
	/* With ESN the additional data is not in the packet, but the device hashes nothing else. */
	return ls->icv_len <= ICV_MAX && !(ls->gmac && (esn || spec->auth != NULL));
}

static int
open_ses(struct crypto *c, const struct sa_rt *sa, const struct sa_spec *spec, struct look_ses *ls)
{
	struct crypto_dev *d = &c->dev[sa->dev_id];
	struct chain ch = { 0 };
	int ret;

	if (spec->enc == NULL && spec->auth == NULL)
		return -ENOTSUP;
	ls->dev = sa->dev_id;
	ls->id = d->id;
	if (!plan(ls, spec))
		return -ENOTSUP;
	ret = chain_make(&ch, spec, ls);
	if (ret == 0 && sa->dir != DIR_IN)
		ret = device_session(c, ls->dev, chain_link(&ch, true, false), &ls->ses[1]);
	if (ret == 0 && sa->dir != DIR_OUT)
		ret = open_in(c, d, &ch, ls);
	secret_wipe_mem(&ch, sizeof(ch));
	return ret;
}

static int
look_open(struct crypto *c, struct sa_rt *sa, const struct sa_spec *spec, struct err *err)
{
	struct look_ses *ls =
		rte_zmalloc_socket("look_ses", sizeof(*ls), RTE_CACHE_LINE_SIZE, c->conf.socket);
	int ret;

	if (ls == NULL)
		return err_set(err, -ENOMEM, "no memory for a crypto session");
	ret = open_ses(c, sa, spec, ls);
	if (ret != 0) {
		close_ses(c, ls);
		return err_set(err, ret,
			ret == -ENOMEM ?
				"crypto device \"%s\" has no room for another session" :
				"crypto device \"%s\" does not offer this combination of algorithms",
			c->dev[sa->dev_id].name);
	}
	sa->ses = ls;
	return 0;
}

static void
look_close(struct crypto *c, struct sa_rt *sa)
{
	close_ses(c, sa->ses);
	sa->ses = NULL;
}

/* ---- worker ---- */

static inline void
fill_aead(const struct look_ses *ls, struct pkt_priv *priv, const uint8_t *data, struct rte_mbuf *m,
	const struct cop *cop)
{
	struct rte_crypto_sym_op *sym = &priv->sym;
	uint8_t *aad = priv->aad + (ls->ccm ? CCM_AAD_SKIP : 0);

	memcpy(priv->iv + (ls->ccm ? CCM_IV_SKIP : 0), cop->iv, 12);
	memcpy(aad, cop->aad, 8);
	if (ls->aad_len > 8)
		memcpy(aad + 8, cop->aad + 8, 4);
	sym->aead.data.offset = (uint32_t)(cop->text - data);
	sym->aead.data.length = cop->text_len;
	sym->aead.aad.data = priv->aad;
	sym->aead.aad.phys_addr = priv->op.phys_addr + AAD_OFF;
	sym->aead.digest.data = cop->icv;
	sym->aead.digest.phys_addr = rte_pktmbuf_iova_offset(m, cop->icv - data);
}

/*
 * The high half of an extended sequence number is hashed from where the ICV is in the packet, and AH
 * hashes its own ICV as zeros. No device has to cope with a digest that overlaps its input: then the ICV
 * is made in, or compared from, pkt_priv, and poll copies it into place, unless that is its place: AH
 * itself takes it from there, and has put the received one there.
 */
static inline void
fill_mac(const struct look_ses *ls, struct pkt_priv *priv, const uint8_t *data, struct rte_mbuf *m,
	const struct cop *cop)
{
	struct rte_crypto_sym_op *sym = &priv->sym;
	const bool out = (pkt_meta(m)->flags & PKT_F_OUT) != 0;

	memcpy(priv->iv, cop->iv, sizeof(priv->iv));
	sym->cipher.data.offset = (uint32_t)(cop->text - data);
	sym->cipher.data.length = cop->text_len;
	sym->auth.data.offset = (uint32_t)(cop->aad - data);
	sym->auth.data.length = ls->gmac ? cop->aad_len + cop->text_len : cop->auth_len;
	priv->icv_at = cop->icv;
	if (ls->aside && !out)
		memcpy(priv->icv + ICV_MAX, cop->icv, ls->icv_len);
	if (!ls->aside && (out || !ls->compare)) {
		sym->auth.digest.data = cop->icv;
		sym->auth.digest.phys_addr = rte_pktmbuf_iova_offset(m, cop->icv - data);
		return;
	}
	sym->auth.digest.data = priv->icv;
	sym->auth.digest.phys_addr = priv->op.phys_addr + ICV_OFF;
	if (ls->aside && !out && !ls->compare) { /* the device wants the received one there */
		sym->auth.digest.data += ICV_MAX;
		sym->auth.digest.phys_addr += ICV_MAX;
	}
}

/* @return the operation, ready; NULL when the SA has no session for this direction */
static inline struct rte_crypto_op *
fill_op(struct rte_mbuf *m, const struct cop *cop)
{
	struct pkt_meta *meta = pkt_meta(m);
	const struct look_ses *ls = meta->sa->ses;
	struct pkt_priv *priv = pkt_priv(m);
	const uint8_t *data = rte_pktmbuf_mtod(m, const uint8_t *);
	void *ses = ls->ses[(meta->flags & PKT_F_OUT) != 0];

	if (unlikely(ses == NULL))
		return NULL;
	priv->op.status = RTE_CRYPTO_OP_STATUS_NOT_PROCESSED;
	priv->sym.session = ses;
	if (ls->aead)
		fill_aead(ls, priv, data, m, cop);
	else
		fill_mac(ls, priv, data, m, cop);
	return &priv->op;
}

/* Hand n operations to the device of the first one. What it refuses is dropped, never retried. */
static void
enqueue(struct lane *lane, const struct look_ses *ls, struct rte_crypto_op **op, uint16_t n)
{
	struct crypto_lane *cl = lane->crypto;
	const uint16_t taken = rte_cryptodev_enqueue_burst(ls->id, (uint16_t)lane->idx, op, n);

	cl->inflight[ls->dev] += taken;
	for (uint16_t i = taken; i < n; i++) {
		struct rte_mbuf *m = op[i]->sym->m_src;

		pkt_meta(m)->sa->lc[lane->idx].inflight--;
		drop(lane, m, DROP_CRYPTO_QUEUE);
	}
}

static uint16_t
look_submit(struct lane *lane, uint16_t first, struct rte_mbuf **m, uint16_t n)
{
	struct rte_crypto_op *op[PVEC_MAX];
	const struct look_ses *run = NULL;
	uint16_t nop = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct sa_rt *sa = pkt_meta(m[i])->sa;
		const struct look_ses *ls = sa->ses;

		if (nop > 0 && run->dev != ls->dev) {
			enqueue(lane, run, op, nop);
			nop = 0;
		}
		run = ls;
		op[nop] = fill_op(m[i], &lane->cop[first + i]);
		if (unlikely(op[nop] == NULL)) {
			drop(lane, m[i], DROP_CRYPTO_ERROR);
			continue;
		}
		sa->lc[lane->idx].inflight++;
		nop++;
	}
	if (nop > 0)
		enqueue(lane, run, op, nop);
	return 0;
}

/* Compare or place the ICV that the device made in pkt_priv. */
static inline void
finish_mac(const struct look_ses *ls, struct rte_mbuf *m, struct pkt_priv *priv)
{
	const uint8_t *received = ls->aside ? priv->icv + ICV_MAX : priv->icv_at;
	struct pkt_meta *meta = pkt_meta(m);

	if (meta->flags & PKT_F_OUT) {
		if (ls->aside && priv->icv_at != priv->icv)
			memcpy(priv->icv_at, priv->icv, ls->icv_len);
		return;
	}
	if (ls->compare && unlikely(!secret_eq(priv->icv, received, ls->icv_len)))
		meta->flags |= PKT_F_CRYPTO_FAIL;
}

static inline struct rte_mbuf *
finish(struct lane *lane, struct rte_crypto_op *op)
{
	struct rte_mbuf *m = op->sym->m_src;
	struct pkt_meta *meta = pkt_meta(m);
	const struct look_ses *ls = meta->sa->ses;

	if (likely(op->status == RTE_CRYPTO_OP_STATUS_SUCCESS)) {
		if (ls->mac)
			finish_mac(ls, m, pkt_priv(m));
	} else {
		meta->flags |= op->status == RTE_CRYPTO_OP_STATUS_AUTH_FAILED ? PKT_F_CRYPTO_FAIL :
										PKT_F_CRYPTO_ERR;
	}
	/* The SA stays for the rest of this step: control frees it a grace period after this. */
	meta->sa->lc[lane->idx].inflight--;
	return m;
}

static void
poll_dev(struct lane *lane, unsigned int dev, struct pvec *done)
{
	struct crypto_lane *cl = lane->crypto;
	const uint8_t id = cl->c->dev[dev].id;
	struct rte_crypto_op *op[BURST_MAX];
	uint16_t n = BURST_MAX;

	/* Asked even for little: a multi-buffer driver finishes a half-filled batch only when asked. */
	while (cl->inflight[dev] > 0 && n == BURST_MAX && done->n < PVEC_MAX) {
		n = (uint16_t)RTE_MIN(BURST_MAX, PVEC_MAX - done->n);
		n = rte_cryptodev_dequeue_burst(id, (uint16_t)lane->idx, op, n);
		cl->inflight[dev] -= n;
		for (uint16_t i = 0; i < n; i++)
			done->m[done->n++] = finish(lane, op[i]);
	}
}

static void
look_poll(struct lane *lane, struct pvec *done)
{
	struct crypto_lane *cl = lane->crypto;
	const unsigned int ndev = cl->c->ndev;

	if (ndev == 0)
		return;
	/* Another device is first each time, or a busy one could fill the vector for ever. */
	cl->next_dev = cl->next_dev + 1 < ndev ? cl->next_dev + 1 : 0;
	for (unsigned int i = 0; i < ndev; i++) {
		const unsigned int dev = cl->next_dev + i;

		poll_dev(lane, dev < ndev ? dev : dev - ndev, done);
	}
}

bool
lookaside_drain(struct lane *lane)
{
	const uint64_t end = rte_get_timer_cycles() + rte_get_timer_hz() / 4;
	struct pvec done;

	while (crypto_inflight(lane) > 0) {
		done.n = 0;
		look_poll(lane, &done);
		rte_pktmbuf_free_bulk(done.m, done.n);
		if (rte_get_timer_cycles() > end)
			return false;
	}
	return true;
}

const struct crypto_ops crypto_lookaside = {
	.name = "lookaside",
	.sa_open = look_open,
	.sa_close = look_close,
	.submit = look_submit,
	.poll = look_poll,
};
