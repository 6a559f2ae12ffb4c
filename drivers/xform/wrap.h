/* SPDX-License-Identifier: BSD-2-Clause */
/* What AH, ESP and IPComp share: where they stand in a packet, and the IP header in front of them. */
/* Private to drivers/xform; workers only. A packet is one segment. */
#ifndef XFORM_WRAP_H
#define XFORM_WRAP_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "ipsec/tunnel.h"
#include "pkt/lane.h"
#include "pkt/sa_rt.h"

/** A packet as an outbound transform sees it: what stays in front, and what is protected. */
struct wrap {
	uint8_t *payload; /* first protected byte: the IP header (tunnel), or behind the head */
	uint16_t payload_len; /* bytes */
	uint16_t
		head_len; /* transport: bytes of the packet's own header that stay in front; tunnel: 0 */
	uint16_t
		next_off; /* transport: offset in the head of the byte that names what follows it */
	uint8_t next; /* protocol of the payload: IPPROTO_IPIP, IPPROTO_IPV6, or what the head names */
};

/**
 * Find what the SA protects of the packet at meta->l3_off, by PKT_F_TRANSPORT. In transport mode behind
 * the IPv4 header with its options; in IPv6 behind hop-by-hop, routing and the destination options that
 * belong to it (RFC 4302 3.1.1, RFC 4303 3.1.1).
 * @return false when the headers are malformed
 */
bool
wrap_find(struct rte_mbuf *m, struct wrap *w);

/** Bytes that a transform adds, and the number of an outer IPv4 header. */
struct wrap_size {
	uint16_t gap, behind; /* in front of the payload; after it */
	uint16_t id; /* IPv4 identification of an outer header */
};

/**
 * Put the IP header that the packet leaves with in front of a gap of bytes before the payload: the SA's
 * outer header (tunnel), or the packet's own (transport), and the UDP header if the SA has one. Lengths,
 * protocol, IPv4 checksum and DF are right for the payload and what comes behind it. The caller has
 * checked the room. Sets the mbuf's data and meta l3_off 0, l4_off (the gap), l4_len, af, l4_proto.
 *
 * @param proto   what the gap will hold: IPPROTO_ESP, IPPROTO_AH, IPPROTO_IPCOMP
 * @return the gap, for the caller to fill
 */
uint8_t *
wrap_out(const struct tunnel_rules *rules, struct rte_mbuf *m, const struct wrap *w, uint8_t proto,
	const struct wrap_size *size);

/**
 * Give an opened packet back its own form. By sa->mode (MODE_ANY: by next): a tunnel's inner packet is
 * checked, gets the outer ECN and becomes the packet; in transport mode the IP header is moved to the
 * payload and names next, with length and checksum mended. Sets PKT_F_TUNNEL or clears it, meta l3_off,
 * l4_off, l4_len, af, l4_proto (next), and depth + 1.
 *
 * @param payload  first byte behind the protocol's header (and IV)
 * @param len      bytes of payload without padding
 * @return DROP_MAX, or the reason to drop
 */
enum drop_reason
wrap_in(const struct tunnel_rules *rules, struct rte_mbuf *m, uint8_t *payload, uint16_t len,
	uint8_t next);

#endif
