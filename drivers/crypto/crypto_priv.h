/* SPDX-License-Identifier: BSD-2-Clause */
/* What crypto.c, direct.c, ivpool.c and selftest.c share. Private to drivers/crypto. */
#ifndef CRYPTO_CRYPTO_PRIV_H
#define CRYPTO_CRYPTO_PRIV_H

#include <stdint.h>

#include <intel-ipsec-mb.h>

#include "crypto/crypto.h"

#define REPORT_MAX 64u

/* One algorithm combination that is tested, reported and offered. */
struct crypto {
	struct crypto_conf conf;
	IMB_MGR *mb; /* control thread's own: key expansion */
	struct crypto_report report[REPORT_MAX];
	unsigned int nreport;
	uint64_t created, destroyed; /* sessions */
};

/*
 * Unpredictable bytes for CBC IVs: AES-128-CTR keystream. Each refill starts by taking the next key
 * out of the stream and forgetting the old one (fast key erasure), so that a leaked state tells
 * nothing about IVs already sent.
 */
struct ivpool {
	uint8_t bytes[16 + 256 * 16]; /* next key, then 256 IVs */
	uint32_t used; /* IVs handed out since the refill */
	uint8_t key[16];
};

struct crypto_lane {
	IMB_MGR *mb;
	struct ivpool iv;
	struct gcm_context_data gcm;
	uint8_t tag[PVEC_MAX][64]; /* inbound: what the ICV ought to be */
};

/** Draw the first key from the kernel. @return 0; -EIO */
WARN_UNUSED int
ivpool_init(struct ivpool *p, IMB_MGR *mb);
void
ivpool_take(struct ivpool *p, IMB_MGR *mb, uint8_t iv[16]);

/** Known-answer tests of the direct engine and, if asked, its calibration. Fills c->report. */
WARN_UNUSED int
selftest_run(struct crypto *c, struct err *err);

#endif
