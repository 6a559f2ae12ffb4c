/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the compression engine share. Private to drivers/crypto. */
/* Control owns struct comp, const after start but for lane[]; a worker owns its struct comp_lane. */
#ifndef CRYPTO_COMP_PRIV_H
#define CRYPTO_COMP_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_comp.h>
#include <rte_compressdev.h>
#include <rte_mempool.h>

#include "crypto/comp.h"
#include "ipsec/ipcomp.h"
#include "pkt/sa_rt.h"

#define COMP_DESC 128u /* operations of a lane */
#define COMP_BUFS 256u /* buffers of a lane: as many are in packets on their way out */
#define COMP_ROOM 10240u /* bytes of a buffer, head room included: larger packets are refused */

struct comp {
	char name[64]; /* without arguments */
	uint8_t id; /* of compressdev */
	bool probed; /* by us: then we remove it */
	bool configured, started;
	bool shareable; /* a transform may be in several operations at a time */
	bool sync; /* done when enqueue returns */
	unsigned int nworkers;
	int socket;
	struct rte_mempool *pool;
	void *xf[WORKER_MAX][2]; /* inflate, deflate */
	struct comp_lane *lane[WORKER_MAX];
};

struct comp_lane {
	struct comp *c;
	void *xf[2];
	uint32_t inflight;
	uint16_t qp;
	uint16_t nfree;
	uint64_t left[COMP_LEFT_MAX]; /* control sums them with relaxed loads */
	struct rte_comp_op *free[COMP_DESC];
	struct rte_comp_op op[COMP_DESC];
};

/** Known answers, on queue pair 0 before any lane is open. Sets c->sync. @return 0 or -errno */
WARN_UNUSED int
comp_selftest(struct comp *c, struct err *err);

#endif
