/* SPDX-License-Identifier: BSD-2-Clause */
/* ARP (RFC 826) for IPv4 over Ethernet: packet in, struct arp_msg out, and back. Pure; any thread. */
#ifndef WIRE_ARP_H
#define WIRE_ARP_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/defs.h"

#define ARP_LEN     28u
#define ARP_REQUEST 1u
#define ARP_REPLY   2u

struct arp_msg {
	uint16_t op; /* ARP_REQUEST, ARP_REPLY */
	uint8_t sender_mac[6], sender_ip[4];
	uint8_t target_mac[6], target_ip[4];
};

/**
 * Read the packet behind an Ethernet header. Strict: Ethernet and IPv4 only, request or reply, the
 * sender's link address is a station's, its IP address unicast or, in a probe (RFC 5227), zero.
 *
 * @param len  bytes at p; Ethernet padding behind the packet is ignored
 * @return 0; -EINVAL
 */
WARN_UNUSED int
arp_parse(const void *p, size_t len, struct arp_msg *out);

/** Append the 28 bytes of a packet. */
void
arp_put(struct wbuf *w, const struct arp_msg *msg);

#endif
