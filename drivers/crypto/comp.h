/* SPDX-License-Identifier: BSD-2-Clause */
/* DEFLATE through rte_compressdev, one device: what IPComp needs of an engine. Behind crypto.h. */
/* Opened and closed by control; a worker has its own queue pair, transforms and operations. */
#ifndef CRYPTO_COMP_H
#define CRYPTO_COMP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/err.h"
#include "pkt/lane.h"

struct comp;
struct comp_lane;

/** Why outbound packets were left as they are; NetBSD counts these. */
enum comp_left {
	COMP_MINLEN, /* too short to try */
	COMP_USELESS, /* would not have become shorter */
	COMP_BUSY, /* no operation or buffer free */
	COMP_LEFT_MAX,
};

/**
 * Probe, configure and start the device, and test it with known answers.
 * @param device  PCI address or vdev arguments
 * @return NULL with err filled
 */
struct comp *
comp_open(const char *device, unsigned int nworkers, int socket, struct err *err);
/** Every lane must be closed before. NULL is allowed. */
void
comp_close(struct comp *c);

/** @return the state of worker idx, or NULL: no memory */
struct comp_lane *
comp_lane_open(struct comp *c, unsigned int idx);
/** NULL is allowed. */
void
comp_lane_close(struct comp_lane *cl);

/** Append what an asynchronous device finished. cl may be NULL. Worker. */
void
comp_poll(struct lane *lane, struct comp_lane *cl, struct pvec *done);
/** Packets inside the device's queue pair. cl may be NULL. */
uint32_t
comp_inflight(const struct comp_lane *cl);

/**
 * Hand over packets as crypto_ops.submit() says. cop.text_len bytes at cop.text are compressed or
 * inflated, or nothing is done when that is 0. Afterwards, in pkt_priv: comp_len bytes stand at the
 * same offset in the packet, 0 when outbound it is better left alone; inbound it may be another mbuf,
 * with more room. comp_why is DROP_MAX, or why an inbound packet must go.
 */
uint16_t
comp_submit(
	struct lane *lane, struct comp_lane *cl, uint16_t first, struct rte_mbuf **m, uint16_t n);

/** Count a packet that is left as it is, in the lane for NetBSD's counters too. */
void
comp_note(struct lane *lane, struct comp_lane *cl, enum comp_left why);
/** Sum over the workers' rows. Any thread. */
void
comp_left_sum(const struct comp *c, uint64_t left[COMP_LEFT_MAX]);

#endif
