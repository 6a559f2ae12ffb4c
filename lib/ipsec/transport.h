/* SPDX-License-Identifier: BSD-2-Clause */
/* Transport mode: where AH, ESP and IPComp stand in a packet, and checksums behind a NAT. Pure, any thread. */
/* Owner: the caller owns the packet, whose first byte is that of its IP header. */
#ifndef IPSEC_TRANSPORT_H
#define IPSEC_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"

/** Where the protection begins. */
struct transport_place {
	uint16_t off; /* bytes that stay in front */
	uint16_t next_off; /* offset of the byte that names what follows them */
	uint8_t next; /* what that byte says */
};

/**
 * Find where a transport mode header goes: behind the IPv4 header with its options; in IPv6 behind
 * hop-by-hop, routing, and the destination options that stand before a routing header. Other destination
 * options are for the last destination and are protected, which RFC 4303 3.1.1 leaves to us.
 *
 * @param p    IP header
 * @param len  bytes of the whole packet from p
 * @return 0; -EINVAL malformed; -ELOOP more than 8 extension headers; -ENOTSUP a fragment, which transport
 *         mode never protects (RFC 4303 3.3.4)
 */
WARN_UNUSED int
transport_find(const uint8_t *p, size_t len, bool v6, struct transport_place *out);

/**
 * Find the byte that names what follows a head of whole headers.
 *
 * @param p         IP header
 * @param head_len  bytes of it and of the extension headers or options behind it
 * @return offset of the byte; -EINVAL when the headers do not end at head_len
 */
WARN_UNUSED int
transport_next_off(const uint8_t *p, size_t head_len, bool v6);

/** Addresses that a NAT has replaced on the way (RFC 3948 2.1), as a sum. */
struct transport_oa {
	uint16_t
		sum; /* folded one's complement sum of the known original addresses, memory order */
	bool src, dst; /* which ones are known */
};

/** Add an original address of n bytes to oa->sum. */
void
transport_oa_add(struct transport_oa *oa, const uint8_t *addr, size_t n);

/**
 * Make the TCP or UDP checksum of an opened packet right again after a NAT changed its addresses: by the
 * difference to the original addresses when one is known, else anew (RFC 3948 3.1.2). Packets of other
 * protocols, fragments, and a UDP checksum of 0 over IPv4 stay as they are.
 *
 * @param p    IP header
 * @param len  bytes of the whole packet
 */
void
transport_mend_csum(uint8_t *p, size_t len, bool v6, const struct transport_oa *oa);

#endif
