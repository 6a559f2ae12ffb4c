/* SPDX-License-Identifier: BSD-2-Clause */
/* Explicit congestion notification at the tunnel exit, RFC 6040 4.2. Inline, any thread. */
/* Owner: the caller owns the packet and knows that a whole IP header is there. */
#ifndef IPSEC_ECN_H
#define IPSEC_ECN_H

#include <stdbool.h>
#include <stdint.h>

#include "ipsec/tunnel.h"

#define TUNNEL_ECN_DROP 0xffu

/** Codepoint after decapsulation, RFC 6040 figure 4. @return 0..3 or TUNNEL_ECN_DROP */
static inline uint8_t
tunnel_ecn_merge(uint8_t inner, uint8_t outer)
{
	/* Not-ECT 0, ECT(1) 1, ECT(0) 2, CE 3; rows are the inner codepoint. */
	static const uint8_t table[4][4] = {
		{ 0, 0, 0, TUNNEL_ECN_DROP },
		{ 1, 1, 1, 3 },
		{ 2, 1, 2, 3 },
		{ 3, 3, 3, 3 },
	};

	return table[inner & 3][outer & 3];
}

/** Replace the ECN field of the header at p; the IPv4 checksum follows by RFC 1624 equation 3. */
static inline void
tunnel_ecn_set(uint8_t *p, unsigned int v6, uint8_t ecn)
{
	uint32_t sum;

	if (v6) {
		p[1] = (uint8_t)((p[1] & ~0x30u) | (uint32_t)ecn << 4);
		return;
	}
	sum = (uint16_t)~tunnel_get16(p + 10) + (uint32_t)(uint16_t)~tunnel_get16(p);
	p[1] = (uint8_t)((p[1] & ~3u) | ecn);
	sum += tunnel_get16(p);
	sum = (sum & 0xffffu) + (sum >> 16);
	sum = ~((sum & 0xffffu) + (sum >> 16));
	p[10] = (uint8_t)(sum >> 8);
	p[11] = (uint8_t)sum;
}

/** Merge the outer TOS into the inner header at p. @return false when the packet must be dropped */
static inline bool
tunnel_ecn_decap(uint8_t *p, unsigned int v6, uint8_t outer_tos)
{
	uint8_t inner = tunnel_tos(p, v6) & 3;
	uint8_t merged = tunnel_ecn_merge(inner, outer_tos & 3);

	if (merged == inner)
		return true;
	if (merged == TUNNEL_ECN_DROP)
		return false;
	tunnel_ecn_set(p, v6, merged);
	return true;
}

#endif
