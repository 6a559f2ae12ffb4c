/* SPDX-License-Identifier: BSD-2-Clause */
/* The decapsulation history of a packet, and whether it satisfies an inbound policy (RFC 4301 5.2). */
/* Plain values and pure functions; any thread. */
#ifndef IPSEC_HISTORY_H
#define IPSEC_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "ipsec/sp.h"

/** How one SA proved a packet; the history is a list of these, outermost first. */
struct sa_proof {
	uint8_t proto, mode; /* IPPROTO_ESP, ...; enum sa_mode */
	bool authenticated;
	uint32_t reqid;
	struct addr src, dst; /* of the SA */
};

/** One request of an inbound policy with its level resolved (never LEVEL_DEFAULT). */
struct history_want {
	const struct sp_req *req;
	uint8_t level;
};

/**
 * Compare what opened a packet with what the policy asks for, protocol, mode, end points, order and
 * all. Requests at level use may be missing. Protection outside of what the policy asks for is
 * allowed: a tunnel may have carried the whole.
 *
 * @param proof  n entries, outermost first
 * @param want   nwant entries in the policy's order: the first is the innermost
 * @return true when every request at level require or unique is met, in order
 */
bool
history_satisfies(const struct sa_proof *proof, unsigned int n, const struct history_want *want,
	unsigned int nwant);

#endif
