/* SPDX-License-Identifier: BSD-2-Clause */
/* Algorithm rows: names, PF_KEY numbers, key, IV, block and ICV sizes. A static const table; any thread. */
/* What an engine can really do is decided at start-up by drivers/crypto; this is what exists at all. */
#ifndef IPSEC_ALG_H
#define IPSEC_ALG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/err.h"

enum alg_kind {
	ALG_AUTH,
	ALG_ENC,
	ALG_COMP,
};

/* The construction, i.e. what the data path has to do with it. */
enum alg_class {
	ALG_CLASS_NULL, /* NULL encryption (RFC 2410) or null authentication */
	ALG_CLASS_CBC, /* block cipher in CBC: unpredictable IV on the wire */
	ALG_CLASS_CTR, /* counter mode: nonce || IV || 1 */
	ALG_CLASS_GCM, /* AEAD, RFC 4106 */
	ALG_CLASS_CCM, /* AEAD, RFC 4309 */
	ALG_CLASS_CHACHA, /* AEAD, RFC 7634 */
	ALG_CLASS_GMAC, /* ESP: AEAD that encrypts nothing, RFC 4543 */
	ALG_CLASS_HMAC,
	ALG_CLASS_MAC, /* XCBC, CMAC, GMAC, keyed hashes */
	ALG_CLASS_COMP,
	ALG_CLASS_UNSUPPORTED, /* known to the grammar, refused by the engine */
};

/* Names for code that must pick one; values index nothing and are not on any wire. */
enum alg_code {
	ALG_CODE_NONE = 0,
	ALG_NULL_ENC,
	ALG_AES_CBC,
	ALG_AES_CTR,
	ALG_AES_GCM_8,
	ALG_AES_GCM_12,
	ALG_AES_GCM_16,
	ALG_AES_CCM_8,
	ALG_AES_CCM_12,
	ALG_AES_CCM_16,
	ALG_CHACHA20_POLY1305,
	ALG_AES_GCM_16_IIV, /* implicit IV, RFC 8750 */
	ALG_AES_CCM_8_IIV,
	ALG_CHACHA20_POLY1305_IIV,
	ALG_DES_CBC,
	ALG_3DES_CBC,
	ALG_CAST128_CBC,
	ALG_BLOWFISH_CBC,
	ALG_CAMELLIA_CBC,
	ALG_AES_GMAC,
	ALG_SKIPJACK,
	ALG_RC5_CBC,
	ALG_TWOFISH_CBC,
	ALG_NULL_AUTH,
	ALG_HMAC_MD5,
	ALG_HMAC_SHA1,
	ALG_HMAC_SHA256,
	ALG_HMAC_SHA256_96, /* draft-ietf-ipsec-ciph-sha-256-00: old peers */
	ALG_HMAC_SHA384,
	ALG_HMAC_SHA512,
	ALG_HMAC_RIPEMD160,
	ALG_AES_XCBC_MAC,
	ALG_AES_CMAC_96, /* RFC 4494 */
	ALG_AES_GMAC_AUTH, /* AH: the ICV field is IV and tag, RFC 4543 */
	ALG_KEYED_MD5,
	ALG_KEYED_SHA1,
	ALG_TCP_MD5,
	ALG_DEFLATE,
	ALG_CODE_MAX,
};

struct alg {
	const char *name; /* canonical, as `setkey -D` prints it */
	const char *aliases; /* other accepted spellings, blank separated; "" if none */
	enum alg_kind kind;
	enum alg_class cls;
	enum alg_code code;
	uint8_t id; /* PF_KEY number */
	uint8_t salt_len; /* trailing bytes of the key that are a nonce or salt */
	uint16_t key_min_bits; /* including the salt */
	uint16_t key_max_bits;
	uint16_t key_step_bits; /* 0 when min == max */
	uint8_t block; /* padding block in bytes (ESP: at least 4) */
	uint8_t iv_len; /* bytes on the wire; AES-GMAC of AH: in front of the tag */
	uint8_t icv_len; /* bytes of the tag on the wire; 0 for plain ciphers */
	uint16_t rfc;
	bool legacy; /* taken only if net.inet.ipsec.allow_legacy is 1 */
};

/** @return the row, or NULL. Names and aliases are case-sensitive, as in setkey(8). */
const struct alg *
alg_by_name(enum alg_kind kind, const char *name);
const struct alg *
alg_by_id(enum alg_kind kind, uint8_t id);
const struct alg *
alg_by_code(enum alg_code code);

/** Rows in table order, for REGISTER, calibration and tests. @return NULL past the end */
const struct alg *
alg_row(size_t i);

/** True when a key of this length (bits) is legal for the algorithm. */
bool
alg_key_ok(const struct alg *a, unsigned int bits);

/** True for authenticated encryption (no separate auth algorithm allowed or needed). */
bool
alg_is_aead(const struct alg *a);

#endif
