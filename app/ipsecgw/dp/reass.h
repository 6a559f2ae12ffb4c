/* SPDX-License-Identifier: BSD-2-Clause */
/* Fragments: those to us made whole before IPsec, those that pass remembered by their first one. */
/* One table for all workers, under a lock: RSS may spread the fragments of a packet. Private to dp/. */
#ifndef DP_REASS_H
#define DP_REASS_H

#include <stdbool.h>

#include <rte_mbuf.h>

#include "ipsec/selector.h"

struct worker;

/**
 * Take a parsed fragment to one of our addresses. The one that completes its packet brings the whole,
 * parsed anew, back to sort_parsed(); the others wait.
 */
void
reass_take(struct worker *w, struct rte_mbuf *m);

/** Drop what has waited too long. Once a step; cheap when nothing waits. */
void
reass_tick(struct worker *w);

/**
 * Find out upper-layer protocol and ports of a fragment that policies want to know: a first fragment
 * says them itself and is remembered for those that follow.
 *
 * @param p  proto, has_ports, sport_be and dport_be are set on success
 * @return false when the first fragment was not seen, or does not show its ports
 */
bool
vfrag_ports(struct worker *w, struct rte_mbuf *m, struct selector_pkt *p);

#endif
