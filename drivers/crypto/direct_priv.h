/* SPDX-License-Identifier: BSD-2-Clause */
/* Session of the engine "direct": key schedules for libipsec-mb, contexts for libcrypto. */
/* Made and wiped by control; workers read it, and use the contexts of their own row in evp. */
#ifndef CRYPTO_DIRECT_PRIV_H
#define CRYPTO_DIRECT_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/crypto_priv.h"

#define EXPKEY 240u /* bytes of the largest AES key schedule: 15 rounds */

/*
 * A cipher and a MAC, each by libipsec-mb, by libcrypto or absent. What libipsec-mb does is one job;
 * what libcrypto does comes before or after it.
 */
struct direct_ses {
	struct gcm_key_data gcm; /* GCM and GMAC only; first, see prefetch_next() */
	uint8_t enc[EXPKEY] __rte_aligned(16); /* or DES schedules, or the key of ChaCha20 */
	uint8_t dec[EXPKEY] __rte_aligned(16);
	uint8_t mac[208] __rte_aligned(16); /* two HMAC states, or key schedule and subkeys */
	const void *mac_arg[3]; /* parts of mac, as a job names them */
	const void *des3[3]; /* schedules, as a job names them */
	const void *enc_keys, *dec_keys;
	aes_gcm_enc_dec_t seal, open; /* GCM and GMAC: one call per packet */
	aes_gmac_init_t gmac_init;
	aes_gmac_update_t gmac_update;
	aes_gmac_finalize_t gmac_final;
	struct evp_ses *evp; /* NULL when libipsec-mb does it all */
	IMB_CIPHER_MODE cipher; /* IMB_CIPHER_NULL: none, or not here */
	IMB_HASH_ALG hash; /* IMB_AUTH_NULL: none, or not here */
	IMB_CHAIN_ORDER order_out;
	uint16_t key_len;
	uint8_t iv_len; /* of the job */
	uint8_t block; /* texts are multiples of it */
	uint8_t icv_len;
	uint8_t tag_len; /* what libipsec-mb writes */
	bool is_aead; /* of libipsec-mb's jobs */
	bool is_gmac; /* nothing is encrypted: aad and text, or in AH all, are authenticated */
	bool is_null_icv; /* null authentication: the ICV is zeros */
	bool evp_cipher, evp_mac, evp_aead;
} __rte_cache_aligned;

/** Expand the keys of spec. @return 0; -ENOTSUP nothing here does that; -ENOMEM */
WARN_UNUSED int
direct_keys(struct crypto *c, struct direct_ses *ses, const struct sa_spec *spec);

#endif
