/* SPDX-License-Identifier: BSD-2-Clause */
/* The bare cost of the ciphers: no ports, no IPsec, bursts of 32 over warm buffers. */
/* Used by scripts/bench as the floor below the crypto engines; one thread. */
#ifndef BENCH_RAW_H
#define BENCH_RAW_H

#include <stdbool.h>
#include <stdint.h>

#define RAW_BURST   32u
#define RAW_BUFS    256u
#define RAW_BUF_LEN 2048u
#define RAW_HEAD    64u /* the IV lies before, the ICV behind the ciphertext, as in ESP */

enum raw_kind {
	RAW_GCM,
	RAW_CBC_HMAC,
	RAW_HMAC, /* as AH: nothing is encrypted */
	RAW_CHACHA,
	RAW_CCM,
};

struct raw_alg {
	const char *name;
	enum raw_kind kind;
	uint8_t key_len; /* of the cipher, bytes */
	bool is_sha1; /* the HMAC, else SHA256 */
	uint8_t hash_key_len;
	uint8_t icv_len;
};

struct raw_job {
	const struct raw_alg *alg;
	bool is_seal;
	uint32_t nsa;
	uint32_t len[RAW_BUFS]; /* ciphertext bytes of each packet */
	uint32_t sa[RAW_BUFS]; /* and its SA, 0..nsa-1 */
	const char *device; /* cryptodev only */
};

/** Run for ever: call raw_count() after each burst. @return only on failure, with a message on stderr */
int
raw_imb_run(const struct raw_job *job);
int
raw_cryptodev_run(const struct raw_job *job);

/** Add n finished packets. Worker thread. */
void
raw_count(uint32_t n);

#endif
