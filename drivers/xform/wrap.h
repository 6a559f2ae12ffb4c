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
#include "ipsec/ecn.h"
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

/** The mbuf becomes the packet of len bytes at start; meta: protocol header at l4_off. */
static inline void
wrap_done(struct rte_mbuf *m, const uint8_t *start, uint16_t l4_off, uint16_t l4_len)
{
	struct pkt_meta *meta = pkt_meta(m);

	m->data_off = (uint16_t)(start - (uint8_t *)m->buf_addr);
	m->data_len = (uint16_t)(l4_off + l4_len);
	m->pkt_len = m->data_len;
	meta->l3_off = 0;
	meta->l4_off = l4_off;
	meta->l4_len = l4_len;
}

/* The outer packet is whole, even when what it carries is a fragment. */
static inline void
wrap_out_flags(const struct sa_rt *sa, struct pkt_meta *meta)
{
	meta->flags &= (uint16_t) ~(PKT_F_FRAG | PKT_F_CRYPTO_FAIL | PKT_F_CRYPTO_ERR | PKT_F_UDP);
	meta->flags |= PKT_F_OUT;
	if (unlikely(sa->opts & SA_RT_NATT))
		meta->flags |= PKT_F_UDP;
}

/** wrap_out() of a tunnel. Inline, because most packets go this way. */
static inline uint8_t *
wrap_tunnel_out(const struct tunnel_rules *rules, struct rte_mbuf *m, const struct wrap *w,
	const struct wrap_size *size)
{
	struct pkt_meta *meta = pkt_meta(m);
	const struct sa_rt *sa = meta->sa;
	uint8_t *gap = w->payload - size->gap, *outer = gap - sa->outer_len;
	const uint16_t len = (uint16_t)(size->gap + w->payload_len + size->behind);
	struct tunnel_outer o;

	tunnel_outer_init(&o, rules, w->payload, w->next == IPPROTO_IPV6 ? KNOBS_V6 : KNOBS_V4);
	o.len = len;
	o.id = size->id;
	if (unlikely(sa->opts & SA_RT_NATT)) {
		o.len = (uint16_t)(len + UDP_LEN);
		wrap_udp(sa, gap - UDP_LEN, o.len);
	}
	if (sa->outer_af == AF_INET)
		tunnel_put4(outer, sa->hdr, &o);
	else
		tunnel_put6(outer, sa->hdr, &o);
	wrap_done(m, outer, sa->outer_len, len);
	pkt_set_proto(meta, sa->outer_af, sa->proto);
	wrap_out_flags(sa, meta);
	return gap;
}

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

/** wrap_in() of a tunnel. Inline, because most packets go this way. */
static inline enum drop_reason
wrap_tunnel_in(const struct tunnel_rules *rules, struct rte_mbuf *m, uint8_t *payload, uint16_t len,
	uint8_t next)
{
	struct pkt_meta *meta = pkt_meta(m);
	const uint8_t outer_tos = tunnel_tos(rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l3_off),
		meta->sa->outer_af == AF_INET6);
	const unsigned int v6 = next == IPPROTO_IPV6 ? KNOBS_V6 : KNOBS_V4;
	unsigned int inner_len;

	if (unlikely((!v6 && next != IPPROTO_IPIP) || len == 0 || payload[0] >> 4 != (v6 ? 6 : 4)))
		return DROP_SEC_NEXT;
	inner_len = tunnel_inner_len(payload, len, v6);
	if (unlikely(inner_len == 0))
		return DROP_SEC_INNER;
	if (unlikely(meta->depth >= NEST_MAX))
		return DROP_SEC_NEST;
	if (unlikely((outer_tos & 3) != 0 && rules->ecn_in[v6] &&
		    !tunnel_ecn_decap(payload, v6, outer_tos)))
		return DROP_SEC_ECN;
	wrap_done(m, payload, 0, (uint16_t)inner_len);
	pkt_set_proto(meta, v6 ? AF_INET6 : AF_INET, next);
	meta->flags = (uint16_t)((meta->flags & ~PKT_F_UDP) | PKT_F_TUNNEL);
	meta->depth++;
	return DROP_MAX;
}

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
