/* SPDX-License-Identifier: BSD-2-Clause */
#include "ipsec/alg.h"

#include <string.h>

/*
 * Columns as struct alg: name, aliases, kind, class, code, id, salt, min, max, step bits, block, iv, icv,
 * rfc, legacy. Sources: NetBSD ipsec(4) algorithm tables; the RFC in the last column rules. Numbers that
 * NetBSD and Linux both leave free: 28 to 31 (those of IKEv2) for encryption, 240 and 241 for
 * authentication. "hmac(sha256)" is not an alias, for with that name Linux means an ICV of 96 bits in one
 * interface and of 128 in another.
 *
 * Legacy is what RFC 8221 says MUST NOT or SHOULD NOT be used, and ciphers with blocks of 64 bits that
 * it does not rate at all (RFC 8221 5).
 */
static const struct alg rows[] = {
	{ "aes-gcm-16", "rfc4106(gcm(aes))", ALG_ENC, ALG_CLASS_GCM, ALG_AES_GCM_16, 20, 4, 160,
		288, 64, 4, 8, 16, 4106, false },
	{ "aes-cbc", "rijndael-cbc cbc(aes)", ALG_ENC, ALG_CLASS_CBC, ALG_AES_CBC, 12, 0, 128, 256,
		64, 16, 16, 0, 3602, false },
	{ "null", "cipher_null ecb(cipher_null)", ALG_ENC, ALG_CLASS_NULL, ALG_NULL_ENC, 11, 0, 0,
		0, 0, 4, 0, 0, 2410, false },
	{ "aes-ctr", "rfc3686(ctr(aes))", ALG_ENC, ALG_CLASS_CTR, ALG_AES_CTR, 13, 4, 160, 288, 64,
		16, 8, 0, 3686, false },
	{ "aes-gcm-8", "", ALG_ENC, ALG_CLASS_GCM, ALG_AES_GCM_8, 18, 4, 160, 288, 64, 4, 8, 8,
		4106, false },
	{ "aes-gcm-12", "", ALG_ENC, ALG_CLASS_GCM, ALG_AES_GCM_12, 19, 4, 160, 288, 64, 4, 8, 12,
		4106, false },
	{ "aes-ccm-8", "", ALG_ENC, ALG_CLASS_CCM, ALG_AES_CCM_8, 14, 3, 152, 280, 64, 4, 8, 8,
		4309, false },
	{ "aes-ccm-12", "", ALG_ENC, ALG_CLASS_CCM, ALG_AES_CCM_12, 15, 3, 152, 280, 64, 4, 8, 12,
		4309, false },
	{ "aes-ccm-16", "rfc4309(ccm(aes))", ALG_ENC, ALG_CLASS_CCM, ALG_AES_CCM_16, 16, 3, 152,
		280, 64, 4, 8, 16, 4309, false },
	{ "chacha20-poly1305", "rfc7539esp(chacha20,poly1305)", ALG_ENC, ALG_CLASS_CHACHA,
		ALG_CHACHA20_POLY1305, 28, 4, 288, 288, 0, 4, 8, 16, 7634, false },
	{ "aes-ccm-8-iiv", "", ALG_ENC, ALG_CLASS_CCM, ALG_AES_CCM_8_IIV, 29, 3, 152, 280, 64, 4, 0,
		8, 8750, false },
	{ "aes-gcm-16-iiv", "", ALG_ENC, ALG_CLASS_GCM, ALG_AES_GCM_16_IIV, 30, 4, 160, 288, 64, 4,
		0, 16, 8750, false },
	{ "chacha20-poly1305-iiv", "", ALG_ENC, ALG_CLASS_CHACHA, ALG_CHACHA20_POLY1305_IIV, 31, 4,
		288, 288, 0, 4, 0, 16, 8750, false },
	{ "aes-gmac", "rfc4543(gcm(aes))", ALG_ENC, ALG_CLASS_GMAC, ALG_AES_GMAC, 23, 4, 160, 288,
		64, 4, 8, 16, 4543, false },
	{ "camellia-cbc", "cbc(camellia)", ALG_ENC, ALG_CLASS_CBC, ALG_CAMELLIA_CBC, 22, 0, 128,
		256, 64, 16, 16, 0, 4312, false },
	{ "3des-cbc", "cbc(des3_ede)", ALG_ENC, ALG_CLASS_CBC, ALG_3DES_CBC, 3, 0, 192, 192, 0, 8,
		8, 0, 2451, true },
	{ "des-cbc", "des-deriv cbc(des)", ALG_ENC, ALG_CLASS_CBC, ALG_DES_CBC, 2, 0, 64, 64, 0, 8,
		8, 0, 2405, true },
	{ "cast128-cbc", "cbc(cast5)", ALG_ENC, ALG_CLASS_CBC, ALG_CAST128_CBC, 6, 0, 40, 128, 8, 8,
		8, 0, 2451, true },
	{ "blowfish-cbc", "cbc(blowfish)", ALG_ENC, ALG_CLASS_CBC, ALG_BLOWFISH_CBC, 7, 0, 40, 448,
		8, 8, 8, 0, 2451, true },
	{ "skipjack", "", ALG_ENC, ALG_CLASS_UNSUPPORTED, ALG_SKIPJACK, 250, 0, 80, 80, 0, 8, 8, 0,
		0, false },
	{ "rc5-cbc", "", ALG_ENC, ALG_CLASS_UNSUPPORTED, ALG_RC5_CBC, 4, 0, 40, 448, 8, 8, 8, 0,
		2451, false },
	{ "twofish-cbc", "cbc(twofish)", ALG_ENC, ALG_CLASS_UNSUPPORTED, ALG_TWOFISH_CBC, 253, 0,
		128, 256, 64, 16, 16, 0, 0, false },
	{ "hmac-sha1", "hmac(sha1)", ALG_AUTH, ALG_CLASS_HMAC, ALG_HMAC_SHA1, 3, 0, 160, 160, 0, 0,
		0, 12, 2404, false },
	{ "hmac-sha256", "hmac-sha2-256", ALG_AUTH, ALG_CLASS_HMAC, ALG_HMAC_SHA256, 5, 0, 256, 256,
		0, 0, 0, 16, 4868, false },
	{ "hmac-sha384", "hmac-sha2-384 hmac(sha384)", ALG_AUTH, ALG_CLASS_HMAC, ALG_HMAC_SHA384, 6,
		0, 384, 384, 0, 0, 0, 24, 4868, false },
	{ "hmac-sha512", "hmac-sha2-512 hmac(sha512)", ALG_AUTH, ALG_CLASS_HMAC, ALG_HMAC_SHA512, 7,
		0, 512, 512, 0, 0, 0, 32, 4868, false },
	{ "hmac-sha256-96", "hmac-sha2-256-96", ALG_AUTH, ALG_CLASS_HMAC, ALG_HMAC_SHA256_96, 240,
		0, 256, 256, 0, 0, 0, 12, 0, false },
	{ "hmac-md5", "hmac(md5)", ALG_AUTH, ALG_CLASS_HMAC, ALG_HMAC_MD5, 2, 0, 128, 128, 0, 0, 0,
		12, 2403, true },
	{ "hmac-ripemd160", "hmac(rmd160)", ALG_AUTH, ALG_CLASS_HMAC, ALG_HMAC_RIPEMD160, 8, 0, 160,
		160, 0, 0, 0, 12, 2857, false },
	{ "aes-xcbc-mac", "xcbc(aes)", ALG_AUTH, ALG_CLASS_MAC, ALG_AES_XCBC_MAC, 9, 0, 128, 128, 0,
		0, 0, 12, 3566, false },
	{ "aes-cmac-96", "aes-cmac cmac(aes)", ALG_AUTH, ALG_CLASS_MAC, ALG_AES_CMAC_96, 241, 0,
		128, 128, 0, 0, 0, 12, 4494, false },
	{ "aes-gmac", "aes-gmac-auth", ALG_AUTH, ALG_CLASS_MAC, ALG_AES_GMAC_AUTH, 11, 4, 160, 288,
		64, 0, 8, 16, 4543, false },
	{ "md5", "keyed-md5", ALG_AUTH, ALG_CLASS_MAC, ALG_KEYED_MD5, 249, 0, 128, 128, 0, 0, 0, 16,
		1828, true },
	{ "sha", "keyed-sha1", ALG_AUTH, ALG_CLASS_MAC, ALG_KEYED_SHA1, 250, 0, 160, 160, 0, 0, 0,
		20, 1852, true },
	{ "null", "digest_null", ALG_AUTH, ALG_CLASS_NULL, ALG_NULL_AUTH, 251, 0, 0, 0, 0, 0, 0, 12,
		0, true },
	{ "tcp-md5", "", ALG_AUTH, ALG_CLASS_MAC, ALG_TCP_MD5, 252, 0, 8, 640, 8, 0, 0, 16, 2385,
		true },
	{ "deflate", "", ALG_COMP, ALG_CLASS_COMP, ALG_DEFLATE, 2, 0, 0, 0, 0, 0, 0, 0, 2394,
		false },
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
	/* NetBSD counts GMAC by key size, 11 to 13; the key itself says as much. */
	if (kind == ALG_AUTH && (id == 12 || id == 13))
		id = 11;
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
