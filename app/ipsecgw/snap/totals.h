/* SPDX-License-Identifier: BSD-2-Clause */
/* What SAs have done, summed by protocol: of those that live and of those that are gone. */
/* Control thread only; rows of workers are read with relaxed loads. */
#ifndef SNAP_TOTALS_H
#define SNAP_TOTALS_H

#include <stdint.h>

#include "ipsec/sa.h"

#define TOTALS_HIST 16u /* histogram slots of one protocol, as many as NetBSD's longest */

enum totals_proto { TOTALS_ESP, TOTALS_AH, TOTALS_IPCOMP, TOTALS_PROTO_MAX };

struct totals_flow {
	uint64_t pkts, bytes;
};

struct snap;

struct totals {
	struct totals_flow in[TOTALS_PROTO_MAX], out[TOTALS_PROTO_MAX];
	struct totals_flow tunnel_in, tunnel_out; /* of these, what was a packet in a packet */
	uint64_t hist[TOTALS_PROTO_MAX][TOTALS_HIST]; /* packets by algorithm, NetBSD's order */
};

/** Add one SA that has an sa_rt. @param nworkers  its rows */
void
totals_add(struct totals *t, struct sa *sa, unsigned int nworkers);

/** What SAs that have been freed had done. @return const for the caller, grows with snap_reclaim() */
const struct totals *
snap_retired(const struct snap *s);
/** Add what SAs have done that are deleted, but not freed yet. */
void
snap_add_dying(const struct snap *s, struct totals *t);

/** @return index in a totals array; TOTALS_PROTO_MAX for another protocol */
enum totals_proto
totals_proto(uint8_t ipproto);

#endif
