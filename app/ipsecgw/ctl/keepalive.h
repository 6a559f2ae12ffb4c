/* SPDX-License-Identifier: BSD-2-Clause */
/* NAT keepalives (RFC 3948 2.3, 4): one byte in UDP when an outbound SA has been silent for too long. */
/* Control thread only. */
#ifndef CTL_KEEPALIVE_H
#define CTL_KEEPALIVE_H

#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "keyd/keyd.h"

/** Takes over a packet for a worker, pkt_meta.kind being INJECT_ROUTED. */
typedef void (*keepalive_send)(void *arg, struct rte_mbuf *m);

struct keepalive {
	struct keyd *keyd;
	struct rte_mempool *pool;
	unsigned int nworkers;
	keepalive_send send;
	void *arg;
	uint64_t sent; /* since the start */
};

/** Send what is due. Once a second. @param now_tsc,now_s  the same instant */
void
keepalive_tick(struct keepalive *k, uint64_t now_tsc, uint64_t now_s);

#endif
