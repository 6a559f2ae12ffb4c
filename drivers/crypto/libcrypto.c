/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/libcrypto.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/provider.h>

#include "base/secret.h"

/*
 * A context keeps its key and takes a new IV without allocation; so does a hash that starts anew. MACs
 * are therefore put together from plain hashes: EVP_MAC copies contexts, and each copy is an allocation.
 * Contexts have state, so every worker has its own, made with the session.
 */

#define HASH_BLOCK 64u /* MD5, SHA-1 and RIPEMD-160 */

struct evp {
	OSSL_LIB_CTX *lib;
	OSSL_PROVIDER *base, *legacy;
};

/* Contexts of one worker. */
struct evp_row {
	EVP_CIPHER_CTX *seal, *open;
	EVP_MD_CTX *md;
};

struct evp_ses {
	EVP_CIPHER *cipher;
	EVP_MD *md;
	uint8_t first
		[HASH_BLOCK]; /* hashed before the message: HMAC's inner key, or key and fill */
	uint8_t last[HASH_BLOCK]; /* keyed hash: after the message; HMAC: the outer key */
	uint8_t last_len;
	bool is_hmac;
	uint8_t icv_len;
	unsigned int nworkers;
	struct evp_row row[];
};

struct evp *
evp_new(void)
{
	struct evp *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	/* Our own, so that no configuration file of the machine changes what is offered. */
	e->lib = OSSL_LIB_CTX_new();
	if (e->lib != NULL) {
		e->base = OSSL_PROVIDER_load(e->lib, "default");
		e->legacy = OSSL_PROVIDER_load(e->lib, "legacy");
	}
	if (e->base != NULL)
		return e;
	evp_free(e);
	return NULL;
}

void
evp_free(struct evp *e)
{
	if (e == NULL)
		return;
	if (e->legacy != NULL)
		(void)OSSL_PROVIDER_unload(e->legacy);
	if (e->base != NULL)
		(void)OSSL_PROVIDER_unload(e->base);
	OSSL_LIB_CTX_free(e->lib);
	free(e);
}

/* ---- control: sessions ---- */

static const char *
cipher_name(const struct sa_spec *spec, unsigned int key_len)
{
	switch (spec->enc->code) {
	case ALG_CAMELLIA_CBC:
		return key_len == 16  ? "CAMELLIA-128-CBC" :
			key_len == 24 ? "CAMELLIA-192-CBC" :
					"CAMELLIA-256-CBC";
	case ALG_CAST128_CBC:
		return "CAST5-CBC";
	case ALG_BLOWFISH_CBC:
		return "BF-CBC";
	default:
		return spec->enc->cls == ALG_CLASS_CCM && key_len == 24 ? "AES-192-CCM" : NULL;
	}
}

/* @return a context with the key, or NULL */
static EVP_CIPHER_CTX *
cipher_ctx(const struct evp_ses *ses, const struct sa_spec *spec, int enc)
{
	EVP_CIPHER_CTX *x = EVP_CIPHER_CTX_new();
	const int len = spec->enckey.len - spec->enc->salt_len;
	bool ok = x != NULL && EVP_CipherInit_ex2(x, ses->cipher, NULL, NULL, enc, NULL) == 1;

	if (ok && spec->enc->cls == ALG_CLASS_CCM)
		ok = EVP_CIPHER_CTX_ctrl(x, EVP_CTRL_AEAD_SET_IVLEN, 11, NULL) == 1 &&
			EVP_CIPHER_CTX_ctrl(x, EVP_CTRL_AEAD_SET_TAG, ses->icv_len, NULL) == 1;
	ok = ok && EVP_CIPHER_CTX_set_key_length(x, len) == 1 &&
		EVP_CipherInit_ex2(x, NULL, spec->enckey.b, NULL, enc, NULL) == 1 &&
		EVP_CIPHER_CTX_set_padding(x, 0) == 1;
	if (ok)
		return x;
	EVP_CIPHER_CTX_free(x);
	return NULL;
}

static int
open_cipher(struct evp *e, struct evp_ses *ses, const struct sa_spec *spec)
{
	const char *name = cipher_name(spec, spec->enckey.len - spec->enc->salt_len);

	ses->icv_len = spec->enc->icv_len;
	if (name != NULL)
		ses->cipher = EVP_CIPHER_fetch(e->lib, name, NULL);
	if (ses->cipher == NULL)
		return -ENOTSUP;
	for (unsigned int i = 0; i < ses->nworkers; i++) {
		ses->row[i].seal = cipher_ctx(ses, spec, 1);
		ses->row[i].open = cipher_ctx(ses, spec, 0);
		if (ses->row[i].seal == NULL || ses->row[i].open == NULL)
			return -ENOMEM;
	}
	return 0;
}

/* Pad the key as the hash pads a message, so that the data begins with a block (RFC 1828 2, 1852 2). */
static void
fill_key(struct evp_ses *ses, const struct secret *key, bool big_endian)
{
	const uint32_t bits = key->len * 8u;

	static_assert(SECRET_MAX * 8u <= UINT16_MAX, "the length in bits has two bytes");
	memcpy(ses->first, key->b, key->len);
	ses->first[key->len] = 0x80;
	ses->first[big_endian ? 62 : 57] = (uint8_t)(bits >> 8);
	ses->first[big_endian ? 63 : 56] = (uint8_t)bits;
	memcpy(ses->last, key->b, key->len);
	ses->last_len = (uint8_t)key->len;
}

static void
hmac_key(struct evp_ses *ses, const struct secret *key)
{
	memset(ses->first, 0x36, HASH_BLOCK);
	memset(ses->last, 0x5c, HASH_BLOCK);
	for (unsigned int i = 0; i < key->len; i++) {
		ses->first[i] ^= key->b[i];
		ses->last[i] ^= key->b[i];
	}
	ses->last_len = HASH_BLOCK;
	ses->is_hmac = true;
}

static int
open_mac(struct evp *e, struct evp_ses *ses, const struct sa_spec *spec)
{
	const enum alg_code code = spec->auth->code;
	const char *name = code == ALG_HMAC_RIPEMD160 ? "RIPEMD160" :
		code == ALG_KEYED_MD5                 ? "MD5" :
		code == ALG_KEYED_SHA1                ? "SHA1" :
							NULL;

	if (name == NULL || spec->authkey.len > HASH_BLOCK - 9)
		return -ENOTSUP;
	ses->md = EVP_MD_fetch(e->lib, name, NULL);
	if (ses->md == NULL)
		return -ENOTSUP;
	ses->icv_len = spec->auth->icv_len;
	if (code == ALG_HMAC_RIPEMD160)
		hmac_key(ses, &spec->authkey);
	else
		fill_key(ses, &spec->authkey, code == ALG_KEYED_SHA1);
	for (unsigned int i = 0; i < ses->nworkers; i++) {
		ses->row[i].md = EVP_MD_CTX_new();
		if (ses->row[i].md == NULL)
			return -ENOMEM;
		if (EVP_DigestInit_ex2(ses->row[i].md, ses->md, NULL) != 1)
			return -ENOTSUP;
	}
	return 0;
}

int
evp_open(struct evp *e, const struct sa_spec *spec, const struct evp_want *want,
	struct evp_ses **out)
{
	struct evp_ses *ses = calloc(1, sizeof(*ses) + want->nworkers * sizeof(struct evp_row));
	int ret = 0;

	if (ses == NULL)
		return -ENOMEM;
	ses->nworkers = want->nworkers;
	if (want->cipher)
		ret = open_cipher(e, ses, spec);
	if (ret == 0 && want->mac)
		ret = open_mac(e, ses, spec);
	if (ret != 0) {
		evp_close(ses);
		return ret;
	}
	*out = ses;
	return 0;
}

void
evp_close(struct evp_ses *ses)
{
	if (ses == NULL)
		return;
	for (unsigned int i = 0; i < ses->nworkers; i++) { /* libcrypto clears keys and states */
		EVP_CIPHER_CTX_free(ses->row[i].seal);
		EVP_CIPHER_CTX_free(ses->row[i].open);
		EVP_MD_CTX_free(ses->row[i].md);
	}
	EVP_CIPHER_free(ses->cipher);
	EVP_MD_free(ses->md);
	secret_wipe_mem(ses, sizeof(*ses));
	free(ses);
}

/* ---- worker ---- */

bool
evp_crypt(const struct evp_ses *ses, unsigned int worker, const struct cop *cop, bool out)
{
	EVP_CIPHER_CTX *x = out ? ses->row[worker].seal : ses->row[worker].open;
	int n = 0;

	return EVP_CipherInit_ex2(x, NULL, NULL, cop->iv, -1, NULL) == 1 &&
		EVP_CipherUpdate(x, cop->text, &n, cop->text, (int)cop->text_len) == 1 &&
		n == (int)cop->text_len;
}

bool
evp_mac(const struct evp_ses *ses, unsigned int worker, const struct cop *cop, uint8_t *icv)
{
	EVP_MD_CTX *x = ses->row[worker].md;
	uint8_t sum[EVP_MAX_MD_SIZE];
	unsigned int n = 0;
	bool ok = EVP_DigestInit_ex2(x, NULL, NULL) == 1 &&
		EVP_DigestUpdate(x, ses->first, HASH_BLOCK) == 1 &&
		EVP_DigestUpdate(x, cop->aad, cop->auth_len) == 1;

	if (ok && ses->is_hmac)
		ok = EVP_DigestFinal_ex(x, sum, &n) == 1 && EVP_DigestInit_ex2(x, NULL, NULL) == 1;
	ok = ok && EVP_DigestUpdate(x, ses->last, ses->last_len) == 1 &&
		EVP_DigestUpdate(x, sum, n) == 1 && EVP_DigestFinal_ex(x, sum, &n) == 1;
	if (ok)
		memcpy(icv, sum, ses->icv_len);
	return ok;
}

int
evp_aead(const struct evp_ses *ses, unsigned int worker, const struct cop *cop, bool out)
{
	EVP_CIPHER_CTX *x = out ? ses->row[worker].seal : ses->row[worker].open;
	const int len = (int)cop->text_len;
	int n = 0;
	bool ok = true;

	if (!out)
		ok = EVP_CIPHER_CTX_ctrl(x, EVP_CTRL_AEAD_SET_TAG, ses->icv_len, cop->icv) == 1;
	ok = ok && EVP_CipherInit_ex2(x, NULL, NULL, cop->iv, -1, NULL) == 1 &&
		EVP_CipherUpdate(x, NULL, &n, NULL, len) == 1 &&
		EVP_CipherUpdate(x, NULL, &n, cop->aad, (int)cop->aad_len) == 1;
	if (!ok)
		return -EIO;
	if (EVP_CipherUpdate(x, cop->text, &n, cop->text, len) != 1)
		return out ? -EIO : -EBADMSG;
	if (out && EVP_CIPHER_CTX_ctrl(x, EVP_CTRL_AEAD_GET_TAG, ses->icv_len, cop->icv) != 1)
		return -EIO;
	return 0;
}
