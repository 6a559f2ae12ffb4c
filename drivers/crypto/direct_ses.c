/* SPDX-License-Identifier: BSD-2-Clause */
/* Engine "direct", control side: what each algorithm needs of libipsec-mb, and else of libcrypto. */
#include <errno.h>
#include <string.h>

#include "base/secret.h"
#include "crypto/direct_priv.h"
#include "crypto/libcrypto.h"

/* ---- MACs ---- */

/* One row per HMAC: what libipsec-mb calls it, and what it can write of it. */
static const struct hmac {
	enum alg_code code;
	IMB_HASH_ALG imb;
	uint8_t block;
	uint8_t tag_len;
} hmacs[] = {
	{ ALG_HMAC_SHA1, IMB_AUTH_HMAC_SHA_1, 64, 12 },
	{ ALG_HMAC_SHA256, IMB_AUTH_HMAC_SHA_256, 64, 16 },
	{ ALG_HMAC_SHA256_96, IMB_AUTH_HMAC_SHA_256, 64, 16 },
	{ ALG_HMAC_SHA384, IMB_AUTH_HMAC_SHA_384, 128, 24 },
	{ ALG_HMAC_SHA512, IMB_AUTH_HMAC_SHA_512, 128, 32 },
	{ ALG_HMAC_MD5, IMB_AUTH_MD5, 64, 12 },
};

static void
one_block(IMB_MGR *mb, IMB_HASH_ALG alg, const uint8_t *block, uint8_t *state)
{
	switch (alg) {
	case IMB_AUTH_MD5:
		IMB_MD5_ONE_BLOCK(mb, block, state);
		break;
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
		ses->tag_len = h->tag_len;
		for (unsigned int pass = 0; pass < 2; pass++) {
			memset(block, pass == 0 ? 0x36 : 0x5c, sizeof(block));
			for (unsigned int b = 0; b < spec->authkey.len; b++)
				block[b] ^= spec->authkey.b[b];
			ses->mac_arg[pass] = ses->mac + (size_t)pass * 64;
			one_block(mb, h->imb, block, ses->mac + (size_t)pass * 64);
		}
		secret_wipe_mem(block, sizeof(block));
		return 0;
	}
	return -ENOTSUP;
}

/* AES-XCBC-MAC-96 (RFC 3566) and AES-CMAC-96 (RFC 4494): a key schedule and two subkeys. */
static int
open_cbc_mac(IMB_MGR *mb, struct direct_ses *ses, const struct sa_spec *spec)
{
	uint8_t *const k1 = ses->mac, *const k2 = ses->mac + 176, *const k3 = ses->mac + 192;
	DECLARE_ALIGNED(uint8_t dec[EXPKEY], 16);

	if (spec->authkey.len != 16)
		return -ENOTSUP;
	if (spec->auth->code == ALG_AES_XCBC_MAC) {
		ses->hash = IMB_AUTH_AES_XCBC;
		IMB_AES_XCBC_KEYEXP(mb, spec->authkey.b, k1, k2, k3);
	} else {
		ses->hash = IMB_AUTH_AES_CMAC;
		IMB_AES_KEYEXP_128(mb, spec->authkey.b, k1, dec);
		IMB_AES_CMAC_SUBKEY_GEN_128(mb, k1, k2, k3);
		secret_wipe_mem(dec, sizeof(dec));
	}
	ses->mac_arg[0] = k1;
	ses->mac_arg[1] = k2;
	ses->mac_arg[2] = k3;
	ses->tag_len = 12;
	return 0;
}

static int
open_gcm(IMB_MGR *mb, struct direct_ses *ses, const struct secret *key, unsigned int salt_len)
{
	switch (key->len - salt_len) {
	case 16:
		IMB_AES128_GCM_PRE(mb, key->b, &ses->gcm);
		ses->seal = mb->gcm128_enc;
		ses->open = mb->gcm128_dec;
		ses->gmac_init = mb->gmac128_init;
		ses->gmac_update = mb->gmac128_update;
		ses->gmac_final = mb->gmac128_finalize;
		return 0;
	case 24:
		IMB_AES192_GCM_PRE(mb, key->b, &ses->gcm);
		ses->seal = mb->gcm192_enc;
		ses->open = mb->gcm192_dec;
		ses->gmac_init = mb->gmac192_init;
		ses->gmac_update = mb->gmac192_update;
		ses->gmac_final = mb->gmac192_finalize;
		return 0;
	case 32:
		IMB_AES256_GCM_PRE(mb, key->b, &ses->gcm);
		ses->seal = mb->gcm256_enc;
		ses->open = mb->gcm256_dec;
		ses->gmac_init = mb->gmac256_init;
		ses->gmac_update = mb->gmac256_update;
		ses->gmac_final = mb->gmac256_finalize;
		return 0;
	default:
		return -ENOTSUP;
	}
}

static int
open_auth(struct crypto *c, struct direct_ses *ses, const struct sa_spec *spec)
{
	switch (spec->auth->code) {
	case ALG_NULL_AUTH:
		ses->is_null_icv = true;
		return 0;
	case ALG_AES_XCBC_MAC:
	case ALG_AES_CMAC_96:
		return open_cbc_mac(c->mb, ses, spec);
	case ALG_AES_GMAC_AUTH: /* of AH only: it is all there is to do */
		ses->is_gmac = true;
		if (spec->enc != NULL)
			return -ENOTSUP;
		return open_gcm(c->mb, ses, &spec->authkey, spec->auth->salt_len);
	default:
		if (open_hmac(c->mb, ses, spec) == 0)
			return 0;
		ses->evp_mac = true;
		return 0;
	}
}

/* ---- ciphers ---- */

static int
open_aes(IMB_MGR *mb, struct direct_ses *ses, const struct sa_spec *spec, IMB_CIPHER_MODE mode)
{
	const struct secret *key = &spec->enckey;

	ses->cipher = mode;
	ses->key_len = (uint16_t)(key->len - spec->enc->salt_len);
	ses->enc_keys = ses->enc;
	ses->dec_keys = mode == IMB_CIPHER_CBC ? ses->dec : ses->enc; /* others only encrypt */
	ses->block = mode == IMB_CIPHER_CBC ? 16 : 1;
	ses->iv_len = mode == IMB_CIPHER_CCM ? 11 : 16;
	switch (ses->key_len) {
	case 16:
		IMB_AES_KEYEXP_128(mb, key->b, ses->enc, ses->dec);
		return 0;
	case 24:
		IMB_AES_KEYEXP_192(mb, key->b, ses->enc, ses->dec);
		return 0;
	case 32:
		IMB_AES_KEYEXP_256(mb, key->b, ses->enc, ses->dec);
		return 0;
	default:
		return -ENOTSUP;
	}
}

/* Both directions of DES use one schedule; 3DES has three. */
static int
open_des(IMB_MGR *mb, struct direct_ses *ses, const struct secret *key)
{
	const unsigned int n = key->len / 8u;
	uint8_t *schedule = ses->enc; /* runs on into dec */

	static_assert(sizeof(ses->enc) + sizeof(ses->dec) >= (size_t)3 * IMB_DES_KEY_SCHED_SIZE,
		"three schedules have room");
	if (key->len % 8 != 0 || (n != 1 && n != 3))
		return -ENOTSUP;
	for (unsigned int i = 0; i < n; i++) {
		ses->des3[i] = schedule;
		IMB_DES_KEYSCHED(mb, (uint64_t *)(void *)schedule, key->b + (size_t)i * 8);
		schedule += (size_t)IMB_DES_KEY_SCHED_SIZE;
	}
	ses->cipher = n == 3 ? IMB_CIPHER_DES3 : IMB_CIPHER_DES;
	ses->enc_keys = n == 3 ? (const void *)ses->des3 : ses->enc;
	ses->dec_keys = ses->enc_keys;
	ses->key_len = key->len;
	ses->block = 8;
	ses->iv_len = 8;
	return 0;
}

static int
open_chacha(struct direct_ses *ses, const struct sa_spec *spec)
{
	if (spec->enckey.len != 32 + spec->enc->salt_len)
		return -ENOTSUP;
	memcpy(ses->enc, spec->enckey.b, 32);
	ses->cipher = IMB_CIPHER_CHACHA20_POLY1305;
	ses->hash = IMB_AUTH_CHACHA20_POLY1305;
	ses->is_aead = true;
	ses->enc_keys = ses->enc;
	ses->dec_keys = ses->enc;
	ses->key_len = 32;
	ses->iv_len = 12;
	ses->block = 1;
	ses->tag_len = 16;
	return 0;
}

/* libipsec-mb has no CCM with 192 bits. */
static int
open_ccm(IMB_MGR *mb, struct direct_ses *ses, const struct sa_spec *spec)
{
	if (spec->enckey.len == 24 + spec->enc->salt_len) {
		ses->evp_aead = true;
		return 0;
	}
	ses->hash = IMB_AUTH_AES_CCM;
	ses->is_aead = true;
	ses->order_out = IMB_ORDER_HASH_CIPHER; /* CCM authenticates the clear text */
	ses->tag_len = spec->enc->icv_len;
	return open_aes(mb, ses, spec, IMB_CIPHER_CCM);
}

static int
open_enc(struct crypto *c, struct direct_ses *ses, const struct sa_spec *spec)
{
	switch (spec->enc->cls) {
	case ALG_CLASS_GMAC:
		ses->is_gmac = true;
		return open_gcm(c->mb, ses, &spec->enckey, spec->enc->salt_len);
	case ALG_CLASS_GCM:
		return open_gcm(c->mb, ses, &spec->enckey, spec->enc->salt_len);
	case ALG_CLASS_CCM:
		return open_ccm(c->mb, ses, spec);
	case ALG_CLASS_CHACHA:
		return open_chacha(ses, spec);
	case ALG_CLASS_CTR:
		return open_aes(c->mb, ses, spec, IMB_CIPHER_CNTR);
	case ALG_CLASS_NULL:
		return 0;
	case ALG_CLASS_CBC:
		break;
	default:
		return -ENOTSUP;
	}
	if (spec->enc->code == ALG_AES_CBC)
		return open_aes(c->mb, ses, spec, IMB_CIPHER_CBC);
	if (spec->enc->code == ALG_DES_CBC || spec->enc->code == ALG_3DES_CBC)
		return open_des(c->mb, ses, &spec->enckey);
	ses->evp_cipher = true;
	ses->block = spec->enc->block;
	return 0;
}

int
direct_keys(struct crypto *c, struct direct_ses *ses, const struct sa_spec *spec)
{
	int ret = 0;

	if (spec->enc == NULL && spec->auth == NULL)
		return -ENOTSUP;
	ses->cipher = IMB_CIPHER_NULL;
	ses->hash = IMB_AUTH_NULL;
	ses->order_out = IMB_ORDER_CIPHER_HASH; /* RFC 4303 3.3.2 */
	if (spec->enc != NULL) {
		if (spec->enckey.len < spec->enc->salt_len ||
			(alg_is_aead(spec->enc) && spec->auth != NULL))
			return -ENOTSUP;
		ses->icv_len = spec->enc->icv_len;
		ret = open_enc(c, ses, spec);
	}
	if (ret == 0 && spec->auth != NULL) {
		ses->icv_len = spec->auth->icv_len;
		ret = spec->authkey.len < spec->auth->salt_len ? -ENOTSUP : open_auth(c, ses, spec);
	}
	if (ret == 0 && (ses->evp_cipher || ses->evp_mac || ses->evp_aead))
		ret = evp_open(c->evp, spec,
			&(struct evp_want){ .cipher = ses->evp_cipher || ses->evp_aead,
				.mac = ses->evp_mac,
				.nworkers = c->conf.nworkers },
			&ses->evp);
	return ret;
}
