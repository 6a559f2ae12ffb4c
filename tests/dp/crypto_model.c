/* SPDX-License-Identifier: BSD-2-Clause */
#include "dp/crypto_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

#define MESSAGE_MAX 4096u

static OSSL_LIB_CTX *
lib(void)
{
	static OSSL_LIB_CTX *ctx;

	if (ctx == NULL) {
		ctx = OSSL_LIB_CTX_new();
		assert_non_null(OSSL_PROVIDER_load(ctx, "default"));
		assert_non_null(OSSL_PROVIDER_load(ctx, "legacy"));
	}
	return ctx;
}

static void
cipher_name(const struct alg *a, unsigned int bits, char name[32])
{
	const char *text = a->cls == ALG_CLASS_GCM || a->cls == ALG_CLASS_GMAC ? "AES-%u-GCM" :
		a->cls == ALG_CLASS_CCM                                        ? "AES-%u-CCM" :
		a->cls == ALG_CLASS_CTR                                        ? "AES-%u-CTR" :
		a->cls == ALG_CLASS_CHACHA  ? "ChaCha20-Poly1305" :
		a->code == ALG_AES_CBC      ? "AES-%u-CBC" :
		a->code == ALG_CAMELLIA_CBC ? "CAMELLIA-%u-CBC" :
		a->code == ALG_3DES_CBC     ? "DES-EDE3-CBC" :
		a->code == ALG_DES_CBC      ? "DES-CBC" :
		a->code == ALG_CAST128_CBC  ? "CAST5-CBC" :
					      "BF-CBC";
	const char *mark = strstr(text, "%u");

	if (mark == NULL)
		(void)snprintf(name, 32, "%s", text);
	else
		(void)snprintf(name, 32, "%.*s%u%s", (int)(mark - text), text, bits, mark + 2);
}

static EVP_CIPHER_CTX *
start(const struct sa_spec *s, const struct cop *cop)
{
	const int key_len = s->enckey.len - s->enc->salt_len;
	EVP_CIPHER_CTX *x = EVP_CIPHER_CTX_new();
	EVP_CIPHER *cipher;
	char name[32];

	assert_non_null(x);
	cipher_name(s->enc, (unsigned int)key_len * 8, name);
	cipher = EVP_CIPHER_fetch(lib(), name, NULL);
	assert_non_null(cipher);
	assert_int_equal(EVP_EncryptInit_ex(x, cipher, NULL, NULL, NULL), 1);
	if (s->enc->cls == ALG_CLASS_CCM) {
		assert_int_equal(EVP_CIPHER_CTX_ctrl(x, EVP_CTRL_AEAD_SET_IVLEN, 11, NULL), 1);
		assert_int_equal(
			EVP_CIPHER_CTX_ctrl(x, EVP_CTRL_AEAD_SET_TAG, s->enc->icv_len, NULL), 1);
	}
	assert_int_equal(EVP_CIPHER_CTX_set_key_length(x, key_len), 1);
	assert_int_equal(EVP_EncryptInit_ex(x, NULL, NULL, s->enckey.b, cop->iv), 1);
	assert_int_equal(EVP_CIPHER_CTX_set_padding(x, 0), 1);
	EVP_CIPHER_free(cipher);
	return x;
}

static void
aead(const struct sa_spec *s, const struct cop *cop, uint8_t *out)
{
	const bool gmac = s->enc->cls == ALG_CLASS_GMAC;
	const int text_len = (int)cop->text_len;
	EVP_CIPHER_CTX *x = start(s, cop);
	int n;

	if (s->enc->cls == ALG_CLASS_CCM)
		assert_int_equal(EVP_EncryptUpdate(x, NULL, &n, NULL, text_len), 1);
	assert_int_equal(EVP_EncryptUpdate(x, NULL, &n, cop->aad, (int)cop->aad_len), 1);
	/* RFC 4543: all is additional data, and the text goes out as it is. */
	assert_int_equal(EVP_EncryptUpdate(x, gmac ? NULL : out, &n, cop->text, text_len), 1);
	if (gmac)
		memcpy(out, cop->text, cop->text_len);
	assert_int_equal(EVP_EncryptFinal_ex(x, out + text_len, &n), 1);
	assert_int_equal(
		EVP_CIPHER_CTX_ctrl(x, EVP_CTRL_AEAD_GET_TAG, s->enc->icv_len, out + text_len), 1);
	EVP_CIPHER_CTX_free(x);
}

static void
aes_block(const uint8_t key[16], const uint8_t in[16], uint8_t out[16])
{
	EVP_CIPHER_CTX *x = EVP_CIPHER_CTX_new();
	int n;

	assert_non_null(x);
	assert_int_equal(EVP_EncryptInit_ex(x, EVP_aes_128_ecb(), NULL, key, NULL), 1);
	assert_int_equal(EVP_CIPHER_CTX_set_padding(x, 0), 1);
	assert_int_equal(EVP_EncryptUpdate(x, out, &n, in, 16), 1);
	EVP_CIPHER_CTX_free(x);
}

/* RFC 3566 4. */
static void
xcbc(const uint8_t *key, const uint8_t *msg, size_t len, uint8_t out[16])
{
	uint8_t k[3][16], e[16] = { 0 }, block[16];

	for (unsigned int i = 0; i < 3; i++) {
		memset(block, (int)i + 1, sizeof(block));
		aes_block(key, block, k[i]);
	}
	do {
		const size_t n = len < 16 ? len : 16;

		for (size_t i = 0; i < n; i++)
			e[i] ^= msg[i];
		msg += n;
		len -= n;
		if (len == 0) {
			if (n < 16)
				e[n] ^= 0x80;
			for (size_t i = 0; i < 16; i++)
				e[i] ^= k[n < 16 ? 2 : 1][i];
		}
		memcpy(block, e, sizeof(block));
		aes_block(k[0], block, e);
	} while (len > 0);
	memcpy(out, e, 16);
}

/* RFC 1828 2, RFC 1852 2: key, padded as the hash pads; data; key. */
static void
keyed(const struct sa_spec *s, const uint8_t *msg, size_t len, uint8_t *out)
{
	const bool md5 = s->auth->code == ALG_KEYED_MD5;
	const size_t key_len = s->authkey.len;
	uint8_t all[64 + MESSAGE_MAX + 64] = { 0 };

	memcpy(all, s->authkey.b, key_len);
	all[key_len] = 0x80;
	all[md5 ? 56 : 63] = (uint8_t)(key_len * 8);
	memcpy(all + 64, msg, len);
	memcpy(all + 64 + len, s->authkey.b, key_len);
	assert_int_equal(
		EVP_Digest(all, 64 + len + key_len, out, NULL, md5 ? EVP_md5() : EVP_sha1(), NULL),
		1);
}

/* HMAC, CMAC and GMAC by EVP_MAC. */
static void
evp_mac(const struct sa_spec *s, const struct cop *cop, const uint8_t *msg, uint8_t *out)
{
	static const char *const hash[ALG_CODE_MAX] = { [ALG_HMAC_MD5] = "MD5",
		[ALG_HMAC_SHA1] = "SHA1",
		[ALG_HMAC_SHA256] = "SHA2-256",
		[ALG_HMAC_SHA256_96] = "SHA2-256",
		[ALG_HMAC_SHA384] = "SHA2-384",
		[ALG_HMAC_SHA512] = "SHA2-512",
		[ALG_HMAC_RIPEMD160] = "RIPEMD160" };
	const bool gmac = s->auth->code == ALG_AES_GMAC_AUTH;
	const unsigned int key_len = s->authkey.len - s->auth->salt_len;
	uint8_t iv[12];
	char name[32];
	OSSL_PARAM params[3] = { OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end(),
		OSSL_PARAM_construct_end() };
	EVP_MAC *mac = EVP_MAC_fetch(lib(),
		gmac                                ? "GMAC" :
			hash[s->auth->code] != NULL ? "HMAC" :
						      "CMAC",
		NULL);
	EVP_MAC_CTX *x = EVP_MAC_CTX_new(mac);
	size_t n;

	memcpy(iv, cop->iv, sizeof(iv));
	(void)snprintf(name, sizeof(name), gmac ? "AES-%u-GCM" : "AES-%u-CBC", key_len * 8);
	if (hash[s->auth->code] != NULL) {
		(void)snprintf(name, sizeof(name), "%s", hash[s->auth->code]);
		params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0);
	} else {
		params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, name, 0);
	}
	if (gmac)
		params[1] = OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_IV, iv, sizeof(iv));
	assert_non_null(x);
	assert_int_equal(EVP_MAC_init(x, s->authkey.b, key_len, params), 1);
	assert_int_equal(EVP_MAC_update(x, msg, cop->auth_len), 1);
	assert_int_equal(EVP_MAC_final(x, out, &n, 64), 1);
	EVP_MAC_CTX_free(x);
	EVP_MAC_free(mac);
}

static void
mac(const struct sa_spec *s, const struct cop *cop, const uint8_t *msg, uint8_t *out)
{
	uint8_t sum[64];

	switch (s->auth->code) {
	case ALG_NULL_AUTH:
		memset(sum, 0, sizeof(sum));
		break;
	case ALG_AES_XCBC_MAC:
		xcbc(s->authkey.b, msg, cop->auth_len, sum);
		break;
	case ALG_KEYED_MD5:
	case ALG_KEYED_SHA1:
		keyed(s, msg, cop->auth_len, sum);
		break;
	default:
		evp_mac(s, cop, msg, sum);
		break;
	}
	memcpy(out, sum, s->auth->icv_len);
}

void
crypto_model(const struct sa_spec *s, const struct cop *cop, uint8_t *out)
{
	uint8_t msg[MESSAGE_MAX];
	EVP_CIPHER_CTX *x;
	int n;

	if (s->enc != NULL && alg_is_aead(s->enc)) {
		aead(s, cop, out);
		return;
	}
	memcpy(msg, cop->aad, cop->auth_len);
	if (s->enc == NULL) {
		mac(s, cop, msg, out);
		return;
	}
	memcpy(out, cop->text, cop->text_len);
	if (s->enc->code != ALG_NULL_ENC) {
		x = start(s, cop);
		assert_int_equal(EVP_EncryptUpdate(x, out, &n, cop->text, (int)cop->text_len), 1);
		assert_int_equal(n, cop->text_len);
		EVP_CIPHER_CTX_free(x);
	}
	memcpy(msg + (cop->text - cop->aad), out, cop->text_len);
	if (s->auth != NULL)
		mac(s, cop, msg, out + cop->text_len);
}
