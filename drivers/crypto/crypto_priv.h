/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of drivers/crypto share: engine context, devices, rows of the self-test. */
/* Control owns struct crypto; a worker owns its struct crypto_lane and one queue pair per device. */
#ifndef CRYPTO_CRYPTO_PRIV_H
#define CRYPTO_CRYPTO_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_cryptodev.h>
#include <rte_mempool.h>

#include <intel-ipsec-mb.h>

#include "crypto/comp.h"
#include "crypto/crypto.h"

#define SES_POOLS       10u /* session pools of a device; each is twice as large as the one before */
#define SES_POOL_FIRST  256u
#define DEV_DESCRIPTORS 1024u /* of a queue pair */

/* One cryptodev. Const after start, but for the pools, which control alone touches. */
struct crypto_dev {
	char name[64]; /* without arguments */
	uint8_t id; /* of cryptodev */
	bool probed; /* by us: then we remove it */
	bool started;
	bool hw; /* RTE_CRYPTODEV_FF_HW_ACCELERATED */
	/* Inbound HMAC with a cipher: the device compares, not we; see lookaside.c. */
	bool device_compares;
	uint8_t npool;
	struct rte_mempool *pool[SES_POOLS];
};

/* A known answer of one algorithm, in hexadecimal. */
struct kat {
	enum alg_code code;
	uint8_t key_len; /* bytes, including the salt */
	const char *answer;
};
extern const struct kat kats[];
extern const unsigned int nkats;
#define KAT_MAX    56u
#define ENGINE_MAX (CRYPTO_DEV_MAX + 1)
#define REPORT_MAX (KAT_MAX * ENGINE_MAX)

/** @return the algorithm whose answers are tested in place of those of a */
enum alg_code
kat_code(const struct alg *a);
/** True when an engine that knows the answer can be trusted with a and such a key. */
bool
kat_covers(const struct kat *k, const struct alg *a, unsigned int key_len);

/* What a line of the report means to us: same index. */
struct crypto_row {
	const struct crypto_ops *ops;
	uint8_t engine; /* 0 direct, else 1 + dev */
	uint8_t dev; /* index in crypto.dev; look-aside only */
	uint8_t kat;
	bool hw;
};

struct crypto {
	struct crypto_conf conf;
	IMB_MGR *mb; /* control thread's own: key expansion */
	struct evp *evp; /* libcrypto's library context */
	struct crypto_dev dev[CRYPTO_DEV_MAX];
	unsigned int ndev;
	struct crypto_report report[REPORT_MAX];
	struct crypto_row row[REPORT_MAX];
	unsigned int nreport;
	struct comp *comp; /* NULL: IPComp is not offered */
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
	const struct crypto *c;
	struct comp_lane *comp; /* NULL without a compression device */
	uint32_t inflight[CRYPTO_DEV_MAX]; /* packets inside each device's queue pair */
	uint32_t next_dev; /* polled first, in turn */
	struct ivpool iv;
	struct gcm_context_data gcm;
	uint8_t tag[PVEC_MAX][64]; /* inbound: what the ICV ought to be */
};

/** Draw the first key from the kernel. @return 0; -EIO */
WARN_UNUSED int
ivpool_init(struct ivpool *p, IMB_MGR *mb);
void
ivpool_take(struct ivpool *p, IMB_MGR *mb, uint8_t iv[16]);

/** Probe, configure and start every device of c->conf. @return 0 or -errno with err filled */
WARN_UNUSED int
devices_open(struct crypto *c, struct err *err);
/** Stop, close and, if we probed them, remove the devices. */
void
devices_close(struct crypto *c);
/** Make a session for one chain of transforms. @return 0; -ENOTSUP; -ENOMEM */
WARN_UNUSED int
device_session(struct crypto *c, unsigned int dev, struct rte_crypto_sym_xform *xf, void **ses);

/** Wait for what the lane has in flight, and free it. @return false when a device does not answer */
bool
lookaside_drain(struct lane *lane);

/** The same for the compression device. */
bool
comp_drain(struct lane *lane);

/** Known-answer tests of every engine and device, then calibration if asked. Fills c->report. */
WARN_UNUSED int
selftest_run(struct crypto *c, struct err *err);
/** Log the calibration as one table. */
void
selftest_log(const struct crypto *c);

#endif
