/* SPDX-License-Identifier: BSD-2-Clause */
/* The decapsulation history of a packet, and whether it satisfies an inbound policy (RFC 4301 5.2). */
/* Plain values and pure functions; any thread. */
#ifndef IPSEC_HISTORY_H
#define IPSEC_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "ipsec/sp.h"

/** What one step of opening proved; the history is a list of these, outermost first. */
struct sa_proof {
	uint8_t proto; /* IPPROTO_ESP, IPPROTO_AH, IPPROTO_IPCOMP; IPPROTO_IPIP: taken out without an SA */
	uint8_t mode; /* as it was opened: MODE_TRANSPORT or MODE_TUNNEL, never MODE_ANY */
	bool authenticated; /* counts as protection */
	uint32_t reqid;
	struct addr src, dst; /* of the SA; IPPROTO_IPIP: of the packet */
};

/** One request of an inbound policy with its level resolved (never LEVEL_DEFAULT). */
struct history_want {
	const struct sp_req *req;
	uint8_t level;
};

/**
 * Compare what opened a packet with what the policy asks for: protocol, mode as opened, end points,
 * order, and for unique the reqid. Requests at level use may be missing. What is not authenticated
 * meets no request of ESP or AH. Protection outside of what the policy asks for is allowed: a tunnel
 * may have carried the whole.
 *
 * IPComp leaves alone what does not shrink (RFC 3173 2.2), so that its requests may always be missing.
 * A packet that "ipcomp/tunnel/A-B esp/transport//require" sent uncompressed is IP in IP inside ESP,
 * and the same bytes as an ESP tunnel from A to B: it counts however the SA opened it.
 *
 * @param proof  n entries, outermost first
 * @param want   nwant entries in the policy's order: the first is the innermost
 * @return true when every request at level require or unique is met, in order
 */
bool
history_satisfies(const struct sa_proof *proof, unsigned int n, const struct history_want *want,
	unsigned int nwant);

#endif
