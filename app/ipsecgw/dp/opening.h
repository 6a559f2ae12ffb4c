/* SPDX-License-Identifier: BSD-2-Clause */
/* The ways of a packet into IPsec and out of it again, and the history that it gathers there. */
/* Private to dp/; worker only. */
#ifndef DP_OPENING_H
#define DP_OPENING_H

#include "dp/dp_priv.h"

/**
 * Give a parsed packet to v.sec when it is an IPsec packet, else to v.clear. Fragments are traffic like
 * any other: protection is of whole packets (RFC 4302 3.3.4, RFC 4303 3.4.1).
 */
void
sort_parsed(struct worker *w, struct rte_mbuf *m);

/* natt.c: UDP that may carry ESP (RFC 3948). */
/** Sort a whole UDP packet to a port of UDP encapsulation: ESP, keepalive, or plain UDP. */
void
natt_sort(struct worker *w, struct rte_mbuf *m);
/** Make plain UDP again of what natt_sort() took for ESP. */
void
natt_undo(struct rte_mbuf *m);

/* ipip.c: IP in IP that came to us inside transport mode, or from the peer of an IPComp tunnel. */
/** Sort a packet of a protocol without ports: what such a tunnel left uncompressed, or plain traffic. */
void
ipip_sort(struct worker *w, struct rte_mbuf *m);
/** @return true when m is such a packet */
bool
ipip_is_ours(struct worker *w, struct rte_mbuf *m);
/**
 * Take the inner packet out: meta is parsed again, the history has one more entry.
 * @return PARSE_OK or the reason to drop
 */
enum drop_reason
ipip_open(struct worker *w, struct rte_mbuf *m);

/* in.c: v.sec -> v.clear, v.sec again when nested. */
void
in_vec(struct worker *w, struct pvec *in);
/** Packets that an engine finished: verify, strip, sort into v.clear or v.sec. */
void
in_finish(struct worker *w, struct rte_mbuf **m, uint16_t n);

/** Copy the history of a packet. @param out  outermost first @return entries */
unsigned int
in_history(const struct worker *w, struct rte_mbuf *m, struct sa_proof out[NEST_MAX]);
/** Write the last entry down, before another SA takes the place of meta->sa. */
void
in_keep_history(const struct worker *w, struct rte_mbuf *m);

#endif
