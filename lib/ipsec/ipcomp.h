/* SPDX-License-Identifier: BSD-2-Clause */
/* IPComp header (RFC 3173 3): next header, flags, CPI. Inline, any thread. */
/* Owner: the caller owns the bytes and has checked the room. */
#ifndef IPSEC_IPCOMP_H
#define IPSEC_IPCOMP_H

#include <stdint.h>

#define IPCOMP_HDR_LEN 4u
/* Bytes of payload below which DEFLATE rarely gains anything (RFC 2394 2.2 leaves the number open). */
#define IPCOMP_MIN_LEN 90u

struct ipcomp_hdr {
	uint8_t next;
	uint16_t cpi; /* host order */
};

/** Write the header. The flags are reserved and 0. */
static inline void
ipcomp_put(uint8_t p[IPCOMP_HDR_LEN], struct ipcomp_hdr hdr)
{
	p[0] = hdr.next;
	p[1] = 0;
	p[2] = (uint8_t)(hdr.cpi >> 8);
	p[3] = (uint8_t)hdr.cpi;
}

/** Read the header. A receiver ignores the flags (RFC 3173 3.3). */
static inline struct ipcomp_hdr
ipcomp_get(const uint8_t p[IPCOMP_HDR_LEN])
{
	return (struct ipcomp_hdr){ .next = p[0], .cpi = (uint16_t)(p[2] << 8 | p[3]) };
}

#endif
