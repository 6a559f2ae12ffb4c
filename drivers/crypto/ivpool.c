/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/secret.h"
#include "crypto/crypto_priv.h"

static void
refill(struct ivpool *p, IMB_MGR *mb)
{
	DECLARE_ALIGNED(uint8_t enc[16 * 15], 16);
	DECLARE_ALIGNED(uint8_t dec[16 * 15], 16);
	static const uint8_t nonce[12];

	IMB_AES_KEYEXP_128(mb, p->key, enc, dec);
	memset(p->bytes, 0, sizeof(p->bytes));
	/* The key is used for this one stream only, so a constant nonce repeats nothing. */
	{
		IMB_JOB *job = IMB_GET_NEXT_JOB(mb);

		memset(job, 0, sizeof(*job));
		job->cipher_mode = IMB_CIPHER_CNTR;
		job->cipher_direction = IMB_DIR_ENCRYPT;
		job->chain_order = IMB_ORDER_CIPHER_HASH;
		job->hash_alg = IMB_AUTH_NULL;
		job->enc_keys = enc;
		job->dec_keys = enc;
		job->key_len_in_bytes = 16;
		job->src = p->bytes;
		job->dst = p->bytes;
		job->msg_len_to_cipher_in_bytes = sizeof(p->bytes);
		job->iv = nonce;
		job->iv_len_in_bytes = sizeof(nonce);
		job = IMB_SUBMIT_JOB(mb);
		while (job == NULL)
			job = IMB_FLUSH_JOB(mb);
	}
	memcpy(p->key, p->bytes, sizeof(p->key));
	secret_wipe_mem(p->bytes, sizeof(p->key));
	secret_wipe_mem(enc, sizeof(enc));
	secret_wipe_mem(dec, sizeof(dec));
	p->used = 0;
}

int
ivpool_init(struct ivpool *p, IMB_MGR *mb)
{
	if (getrandom(p->key, sizeof(p->key), 0) != (ssize_t)sizeof(p->key))
		return -EIO;
	refill(p, mb);
	return 0;
}

void
ivpool_take(struct ivpool *p, IMB_MGR *mb, uint8_t iv[16])
{
	uint8_t *src;

	if (p->used == (sizeof(p->bytes) - 16) / 16)
		refill(p, mb);
	src = p->bytes + 16 + (size_t)p->used++ * 16;
	memcpy(iv, src, 16);
}
