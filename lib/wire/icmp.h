/* SPDX-License-Identifier: BSD-2-Clause */
/* ICMP and ICMPv6 as a router and a host send them: echo replies, and errors with their rules. */
/* Pure functions; any thread. */
#ifndef WIRE_ICMP_H
#define WIRE_ICMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/defs.h"

#define ICMP4_ERR_MAX 576u /* whole packet, RFC 1812 4.3.2.3 */
#define ICMP6_ERR_MAX 1280u /* whole packet, RFC 4443 2.4 (c) */

enum icmp_err {
	ICMP_ERR_TTL, /* time exceeded in transit */
	ICMP_ERR_TOO_BIG, /* fragmentation needed, or packet too big; carries an MTU */
	ICMP_ERR_NET, /* no route to the network */
	ICMP_ERR_HOST, /* neighbour does not answer */
	ICMP_ERR_PROTO, /* upper-layer protocol unknown here */
	ICMP_ERR_PORT, /* nobody listens */
};

/**
 * Turn an echo request into its reply, in place: addresses swapped, fresh TTL, checksums. Options and
 * extension headers are left out: reflecting a routing header would make a source route of our own.
 *
 * @param p    whole IPv4 or IPv6 packet, not a fragment
 * @param len  in: bytes at p, link-layer padding allowed; out: bytes of the reply
 * @return 0; -EBADMSG malformed or checksum wrong; -ENOMSG not an echo request, or one whose source
 *         must not be answered
 */
WARN_UNUSED int
icmp_echo_reply(void *p, size_t *len);

/**
 * Decide whether an error about a packet may be sent (RFC 1122 3.2.2, RFC 1812 4.3.2.7, RFC 4443 2.4):
 * never about an ICMP error, a fragment but the first, a group destination (but "too big" in IPv6) or a
 * source that is not one host. Directed broadcasts and link broadcasts are the caller's to know.
 *
 * @param p    IPv4 or IPv6 packet as it came
 * @param len  bytes at p
 */
bool
icmp_err_allowed(const void *p, size_t len, enum icmp_err what);

/**
 * Append the error packet, IP header included, to the source of p. Check icmp_err_allowed() first.
 *
 * @param src  our address, 4 or 16 bytes by the family of p
 * @param mtu  with ICMP_ERR_TOO_BIG: bytes; IPv6 reports no less than 1280 (RFC 8201 4)
 * @return 0; -EINVAL p is not an IP packet; -ENOBUFS w is too small
 */
WARN_UNUSED int
icmp_err_put(struct wbuf *w, enum icmp_err what, const uint8_t *src, uint32_t mtu, struct rbuf p);

#endif
