/* SPDX-License-Identifier: BSD-2-Clause */
/* Neighbour Discovery (RFC 4861): solicitations and advertisements, and the addresses they use. */
/* Pure functions; any thread. */
#ifndef WIRE_ND_H
#define WIRE_ND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/defs.h"

#define ND_SOLICIT   135u
#define ND_ADVERT    136u
#define ND_HOP_LIMIT 255u
#define ND_MSG_MAX   72u /* IPv6 header, message and one link address option */

struct nd_msg {
	uint8_t type; /* ND_SOLICIT, ND_ADVERT */
	bool is_router, is_solicited, is_override; /* advertisement only */
	bool has_mac;
	uint8_t mac[6]; /* source (solicitation) or target (advertisement) link address option */
	uint8_t src[16], dst[16]; /* of the IPv6 header */
	uint8_t target[16];
};

/**
 * Read and validate a solicitation or advertisement (RFC 4861 7.1.1, 7.1.2): hop limit, checksum, code,
 * lengths, options, multicast target, and the rules for an unspecified source or multicast destination.
 *
 * @param p       IPv6 header
 * @param len     bytes of the IPv6 packet at p
 * @param l4_off  where the ICMPv6 message begins
 * @return 0; -EINVAL malformed; -ENOMSG another type
 */
WARN_UNUSED int
nd_parse(const void *p, size_t len, size_t l4_off, struct nd_msg *out);

/** Append the IPv6 packet that msg describes, checksum included. */
void
nd_put(struct wbuf *w, const struct nd_msg *msg);

/** fe80:: address from a MAC (RFC 4291 appendix A). */
void
nd_link_local(const uint8_t mac[6], uint8_t out[16]);
/** ff02::1:ffXX:XXXX of an address (RFC 4291 2.7.1). */
void
nd_solicited_node(const uint8_t addr[16], uint8_t out[16]);
/** 33:33 and the last four bytes of a multicast address (RFC 2464 7). */
void
nd_multicast_mac(const uint8_t addr[16], uint8_t mac[6]);
/** True for fe80::/10. */
bool
nd_is_link_local(const uint8_t addr[16]);

#endif
