/* SPDX-License-Identifier: BSD-2-Clause */
#include "ipsec/alg.h"

#include <string.h>

/* Columns as struct alg: name, aliases, kind, class, code, id, salt, min, max, step bits, block, iv, */
/* icv, rfc. Sources: NetBSD ipsec(4) algorithm tables; the RFC in the last column rules. */
static const struct alg rows[] = {
	{ "aes-gcm-16", "rfc4106(gcm(aes))", ALG_ENC, ALG_CLASS_GCM, ALG_AES_GCM_16, 20, 4, 160,
		288, 64, 4, 8, 16, 4106 },
	{ "aes-cbc", "rijndael-cbc", ALG_ENC, ALG_CLASS_CBC, ALG_AES_CBC, 12, 0, 128, 256, 64, 16,
		16, 0, 3602 },
	{ "null", "", ALG_ENC, ALG_CLASS_NULL, ALG_NULL_ENC, 11, 0, 0, 0, 0, 4, 0, 0, 2410 },
	{ "aes-ctr", "", ALG_ENC, ALG_CLASS_CTR, ALG_AES_CTR, 13, 4, 160, 288, 64, 16, 8, 0, 3686 },
	{ "aes-gmac", "", ALG_ENC, ALG_CLASS_UNSUPPORTED, ALG_AES_GMAC, 23, 4, 160, 288, 64, 4, 8,
		16, 4543 },
	{ "camellia-cbc", "", ALG_ENC, ALG_CLASS_CBC, ALG_CAMELLIA_CBC, 22, 0, 128, 256, 64, 16, 16,
		0, 4312 },
	{ "3des-cbc", "", ALG_ENC, ALG_CLASS_CBC, ALG_3DES_CBC, 3, 0, 192, 192, 0, 8, 8, 0, 2451 },
	{ "des-cbc", "", ALG_ENC, ALG_CLASS_CBC, ALG_DES_CBC, 2, 0, 64, 64, 0, 8, 8, 0, 2405 },
	{ "cast128-cbc", "", ALG_ENC, ALG_CLASS_CBC, ALG_CAST128_CBC, 6, 0, 40, 128, 8, 8, 8, 0,
		2451 },
	{ "blowfish-cbc", "", ALG_ENC, ALG_CLASS_CBC, ALG_BLOWFISH_CBC, 7, 0, 40, 448, 8, 8, 8, 0,
		2451 },
	{ "skipjack", "", ALG_ENC, ALG_CLASS_UNSUPPORTED, ALG_SKIPJACK, 250, 0, 80, 80, 0, 8, 8, 0,
		0 },
	{ "hmac-sha1", "", ALG_AUTH, ALG_CLASS_HMAC, ALG_HMAC_SHA1, 3, 0, 160, 160, 0, 0, 0, 12,
		2404 },
	{ "hmac-sha256", "hmac-sha2-256", ALG_AUTH, ALG_CLASS_HMAC, ALG_HMAC_SHA256, 5, 0, 256, 256,
		0, 0, 0, 16, 4868 },
	{ "hmac-sha384", "hmac-sha2-384", ALG_AUTH, ALG_CLASS_HMAC, ALG_HMAC_SHA384, 6, 0, 384, 384,
		0, 0, 0, 24, 4868 },
	{ "hmac-sha512", "hmac-sha2-512", ALG_AUTH, ALG_CLASS_HMAC, ALG_HMAC_SHA512, 7, 0, 512, 512,
		0, 0, 0, 32, 4868 },
	{ "hmac-md5", "", ALG_AUTH, ALG_CLASS_HMAC, ALG_HMAC_MD5, 2, 0, 128, 128, 0, 0, 0, 12,
		2403 },
	{ "hmac-ripemd160", "", ALG_AUTH, ALG_CLASS_HMAC, ALG_HMAC_RIPEMD160, 8, 0, 160, 160, 0, 0,
		0, 12, 2857 },
	{ "aes-xcbc-mac", "", ALG_AUTH, ALG_CLASS_MAC, ALG_AES_XCBC_MAC, 9, 0, 128, 128, 0, 0, 0,
		12, 3566 },
	{ "md5", "keyed-md5", ALG_AUTH, ALG_CLASS_MAC, ALG_KEYED_MD5, 249, 0, 128, 128, 0, 0, 0, 16,
		1828 },
	{ "sha", "keyed-sha1", ALG_AUTH, ALG_CLASS_MAC, ALG_KEYED_SHA1, 250, 0, 160, 160, 0, 0, 0,
		20, 1852 },
	{ "null", "", ALG_AUTH, ALG_CLASS_NULL, ALG_NULL_AUTH, 251, 0, 0, 0, 0, 0, 0, 12, 0 },
	{ "tcp-md5", "", ALG_AUTH, ALG_CLASS_MAC, ALG_TCP_MD5, 252, 0, 8, 640, 8, 0, 0, 16, 2385 },
	{ "deflate", "", ALG_COMP, ALG_CLASS_COMP, ALG_DEFLATE, 2, 0, 0, 0, 0, 0, 0, 0, 2394 },
};

const struct alg *
alg_row(size_t i)
{
	return i < ARRAY_LEN(rows) ? &rows[i] : NULL;
}

/* True when name is one of the blank-separated words. */
static bool
has_word(const char *words, const char *name)
{
	size_t n = strlen(name);
	const char *p = words;

	while (n > 0 && (p = strstr(p, name)) != NULL) {
		if ((p == words || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
			return true;
		p += n;
	}
	return false;
}

const struct alg *
alg_by_name(enum alg_kind kind, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].kind == kind &&
			(strcmp(rows[i].name, name) == 0 || has_word(rows[i].aliases, name)))
			return &rows[i];
	}
	return NULL;
}

const struct alg *
alg_by_id(enum alg_kind kind, uint8_t id)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].kind == kind && rows[i].id == id)
			return &rows[i];
	}
	return NULL;
}

const struct alg *
alg_by_code(enum alg_code code)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].code == code)
			return &rows[i];
	}
	return NULL;
}

bool
alg_key_ok(const struct alg *a, unsigned int bits)
{
	if (bits < a->key_min_bits || bits > a->key_max_bits)
		return false;
	return a->key_step_bits == 0 || (bits - a->key_min_bits) % a->key_step_bits == 0;
}

bool
alg_is_aead(const struct alg *a)
{
	return a->kind == ALG_ENC && a->icv_len > 0;
}
