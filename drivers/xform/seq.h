/* SPDX-License-Identifier: BSD-2-Clause */
/* What AH and ESP share both ways: set-up of sequence numbers, verdicts, counters of the SA. Inline. */
/* Private to drivers/xform; workers, but for seq_sa_init() and seq_sa_fini(). */
#ifndef XFORM_SEQ_H
#define XFORM_SEQ_H

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>

#include "ipsec/sa.h"
#include "pkt/lane.h"
#include "pkt/sa_rt.h"
#include "wire/ip.h"
#include "xform/wrap.h"

#define KEEP DROP_MAX /* verdict of a packet that stays */
static_assert(DROP_MAX <= UINT8_MAX, "verdicts are bytes");
static_assert(SA_RT_NATT == PKT_F_UDP, "one test tells UDP of the SA and of the packet");

/**
 * Control: set esn, iv_base, seq, seq_limit, lock and the anti-replay window. sa->auth must be set: without
 * integrity anybody could move the window, so that there is none (RFC 4303 2.2).
 * @return 0; -EIO no random bytes; -ENOMEM
 */
int
seq_sa_init(struct sa_rt *sa, const struct sa_spec *spec, struct err *err);
void
seq_sa_fini(struct sa_rt *sa);

/* RFC 4301 4.4.2.1: the byte lifetime counts what the algorithm was applied to. */
static inline void
seq_count(const struct lane *lane, struct sa_rt *sa, uint16_t pkts, uint64_t bytes)
{
	struct sa_lc *lc = &sa->lc[lane->idx];

	lc->pkts += pkts;
	lc->bytes += bytes;
	lc->last_tsc = lane->now_tsc;
}

/** A verified packet of a NAT-T SA: post an event when it came from elsewhere than the SA says. */
void
seq_note_mapping(struct lane *lane, struct rte_mbuf *m);

/** Drop, and tell the SA's row what the operator wants to know. */
void
seq_in_drop(struct lane *lane, struct rte_mbuf *m, enum drop_reason reason);

#endif
