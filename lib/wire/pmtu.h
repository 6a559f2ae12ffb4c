/* SPDX-License-Identifier: BSD-2-Clause */
/* ICMP "fragmentation needed" and ICMPv6 "packet too big" about a protected packet. Any thread. */
#ifndef WIRE_PMTU_H
#define WIRE_PMTU_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/defs.h"

/** What somebody on the path says of a packet that we are said to have sent. */
struct pmtu_msg {
	uint32_t mtu; /* bytes of the largest packet that passes, less than the quoted one */
	struct addr src, dst; /* of the quoted packet; with UDP its ports */
	uint8_t proto; /* IPPROTO_ESP or IPPROTO_AH */
	uint32_t spi; /* host order */
};

/**
 * Read such a message. Nothing in it can be believed but what the caller knows better.
 *
 * @param p    whole IPv4 or IPv6 packet, not a fragment
 * @param off  bytes from p to the ICMP header
 * @return 0; -ENOMSG another message, or about another protocol; -EBADMSG malformed, its checksum
 *         wrong, or an MTU that the quoted packet would have passed
 * @see RFC 1191 4 (a next-hop MTU of 0: the plateau below the packet), RFC 4443 3.2, RFC 8201 4
 */
WARN_UNUSED int
pmtu_parse(const uint8_t *p, size_t len, size_t off, struct pmtu_msg *out);

#endif
