/* SPDX-License-Identifier: BSD-2-Clause */
/* What AH, ESP and IPComp share: where they stand in a packet, and the IP header in front of them. */
/* Private to drivers/xform; workers only. A packet is one segment. */
#ifndef XFORM_WRAP_H
#define XFORM_WRAP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "base/err.h"
#include "ipsec/sa.h"
#include "ipsec/tunnel.h"
#include "pkt/lane.h"
#include "pkt/sa_rt.h"

#define UDP_LEN 8u /* header of UDP encapsulation (RFC 3948 2.1) */

/** A packet as an outbound transform sees it: what stays in front, and what is protected. */
struct wrap {
	uint8_t *payload; /* first protected byte: the IP header (tunnel), or behind the head */
	uint16_t payload_len; /* bytes */
	uint16_t head_len; /* transport: bytes of the packet's own header in front; tunnel: 0 */
	uint16_t next_off; /* transport: offset in the head of the byte that names what follows */
	uint8_t next; /* the payload: IPPROTO_IPIP, IPPROTO_IPV6, or what the head names */
	uint8_t why; /* enum drop_reason, after wrap_find() said false */
};

/** Bytes that a transform adds, and the number of an outer IPv4 header. */
struct wrap_size {
	uint16_t gap, behind; /* in front of the payload; after it */
	uint16_t id; /* IPv4 identification of an outer header */
};

static inline uint16_t
wrap_len(const struct pkt_meta *meta)
{
	return (uint16_t)(meta->l4_off - meta->l3_off + meta->l4_len);
}

/**
 * Find what the SA protects of the packet at meta->l3_off, by PKT_F_TRANSPORT. In transport mode behind
 * the IPv4 header with its options; in IPv6 behind hop-by-hop, routing and the destination options that
 * belong to it (RFC 4302 3.1.1, RFC 4303 3.1.1).
 * @return false when the headers are malformed or it is a fragment; w->why is the reason to drop
 */
bool
wrap_find(struct rte_mbuf *m, struct wrap *w);

/** Write the UDP header of the SA's template at p. @param len  bytes from p to the packet's end */
void
wrap_udp(const struct sa_rt *sa, uint8_t *p, uint16_t len);

/** Fill the UDP checksum of a finished packet over IPv6, where it is wanted (RFC 8200 8.1). */
void
wrap_udp_csum(struct rte_mbuf *m);

/**
 * Put the IP header that the packet leaves with in front of a gap of bytes before the payload: the SA's
 * outer header (tunnel), or the packet's own (transport), and the UDP header if the SA has one. Lengths,
 * protocol, IPv4 checksum and DF are right for the payload and what comes behind it. The caller has
 * checked the room. Sets the mbuf's data and meta l3_off 0, l4_off (the gap), l4_len, af, l4_proto, and
 * of the flags PKT_F_OUT, with PKT_F_UDP for a UDP header; PKT_F_FRAG and the engine's are cleared.
 * @return the gap, for the caller to fill with the header of the SA's protocol
 */
uint8_t *
wrap_out(const struct tunnel_rules *rules, struct rte_mbuf *m, const struct wrap *w,
	const struct wrap_size *size);

/**
 * Give an opened packet back its own form. By sa->mode (MODE_ANY: by next): a tunnel's inner packet is
 * checked, gets the outer ECN and becomes the packet; in transport mode the IP header is moved to the
 * payload and names next, with length and checksum mended, and behind a NAT the TCP or UDP checksum too.
 * Sets PKT_F_TUNNEL or clears it, clears PKT_F_UDP, sets meta l3_off 0, l4_off, l4_len, af, l4_proto
 * (next, which may be an IPv6 extension header), and depth + 1.
 *
 * @param payload  first byte behind the protocol's header (and IV); the head is where meta says
 * @param len      bytes of payload without padding
 * @return DROP_MAX, or the reason to drop
 */
enum drop_reason
wrap_in(const struct tunnel_rules *rules, struct rte_mbuf *m, uint8_t *payload, uint16_t len,
	uint8_t next);

/**
 * Control: fill proto, mode, outer_af, hdr and outer_len, opts and oa_sum of UDP encapsulation from spec.
 * sa->proto must be set. The caller appends its own constants at sa->hdr + sa->outer_len.
 */
void
wrap_sa_init(struct sa_rt *sa, const struct sa_spec *spec);

/** Control: check what every transform wants of spec. @return 0; -EINVAL */
int
wrap_sa_check(const struct sa_spec *spec, struct err *err);

#endif
