/* SPDX-License-Identifier: BSD-2-Clause */
/* Outer header of a tunnel: built and taken off as RFC 4301 5.1.2 says (ECN: ecn.h). Inline. */
/* Headers are read and written by bytes or memcpy: packets are aligned to nothing. Any thread. */
#ifndef IPSEC_TUNNEL_H
#define IPSEC_TUNNEL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ipsec/tunnel_rules.h"
#include "wire/ip.h"

static inline uint16_t
tunnel_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/** TOS or traffic class of the header at p. @param v6  KNOBS_V4 or KNOBS_V6 */
static inline uint8_t
tunnel_tos(const uint8_t *p, unsigned int v6)
{
	return v6 ? (uint8_t)(p[0] << 4 | p[1] >> 4) : p[1];
}

/** What varies from packet to packet in an outer header. */
struct tunnel_outer {
	uint16_t len; /* bytes behind the outer IP header */
	uint16_t id; /* IPv4 identification */
	uint16_t df_be; /* htons(IP4_DF) or 0 */
	uint8_t tos, ttl;
	uint32_t flow_be; /* flow label of an outer IPv6 header */
};

/** Derive the outer fields from the inner header. len and id are the caller's. */
static inline void
tunnel_outer_init(
	struct tunnel_outer *o, const struct tunnel_rules *r, const uint8_t *inner, unsigned int v6)
{
	/* Bytes 6 and 7 of an IPv6 header are masked away by the rules. */
	uint16_t frag_be;
	uint32_t word_be;

	memcpy(&frag_be, inner + 6, sizeof(frag_be));
	memcpy(&word_be, inner, sizeof(word_be));
	o->flow_be = word_be & r->flow_keep_be[v6];
	o->df_be = (frag_be & r->df_keep_be[v6]) | r->df_set_be[v6];
	o->tos = (uint8_t)((tunnel_tos(inner, v6) & r->tos_mask[v6]) | r->tos_set[v6]);
	o->ttl = r->ttl;
}

/**
 * Make the constant part of an outer IPv4 header. Its checksum field holds the unfinished sum of the
 * constant words as they stand in memory, which tunnel_put4() completes: the one's complement sum may be
 * formed in either byte order (RFC 1071 2).
 */
static inline void
tunnel_template4(
	uint8_t out[sizeof(struct ip4)], const uint8_t src[4], const uint8_t dst[4], uint8_t proto)
{
	struct ip4 h = { .ver_ihl = 0x45, .proto = proto };
	uint32_t sum;

	memcpy(h.src, src, 4);
	memcpy(h.dst, dst, 4);
	sum = ip_csum_add(&h, sizeof(h), 0);
	sum = (sum & 0xffffu) + (sum >> 16);
	h.csum_be = (uint16_t)((sum & 0xffffu) + (sum >> 16));
	memcpy(out, &h, sizeof(h));
}

static inline void
tunnel_put4(uint8_t *p, const uint8_t *template, const struct tunnel_outer *o)
{
	const uint16_t len_be = htons((uint16_t)(o->len + sizeof(struct ip4)));
	const uint16_t id_be = htons(o->id);
	uint16_t csum;
	uint32_t sum;

	memcpy(&csum, template + offsetof(struct ip4, csum_be), sizeof(csum));
	sum = (uint32_t)csum + len_be + id_be + o->df_be + htons(o->tos) +
		htons((uint16_t)(o->ttl << 8));
	sum = (sum & 0xffffu) + (sum >> 16);
	csum = (uint16_t) ~(sum + (sum >> 16));
	memcpy(p, template, sizeof(struct ip4));
	p[offsetof(struct ip4, tos)] = o->tos;
	memcpy(p + offsetof(struct ip4, len_be), &len_be, sizeof(len_be));
	memcpy(p + offsetof(struct ip4, id_be), &id_be, sizeof(id_be));
	memcpy(p + offsetof(struct ip4, frag_be), &o->df_be, sizeof(o->df_be));
	p[offsetof(struct ip4, ttl)] = o->ttl;
	memcpy(p + offsetof(struct ip4, csum_be), &csum, sizeof(csum));
}

static inline void
tunnel_template6(uint8_t out[sizeof(struct ip6)], const uint8_t src[16], const uint8_t dst[16],
	uint8_t proto)
{
	struct ip6 h = { .next = proto };

	memcpy(h.src, src, 16);
	memcpy(h.dst, dst, 16);
	memcpy(out, &h, sizeof(h));
}

static inline void
tunnel_put6(uint8_t *p, const uint8_t *template, const struct tunnel_outer *o)
{
	struct ip6 h;

	memcpy(&h, template, sizeof(h));
	h.vtf_be = htonl(6u << 28 | (uint32_t)o->tos << 20) | o->flow_be;
	h.plen_be = htons(o->len);
	h.hop_limit = o->ttl;
	memcpy(p, &h, sizeof(h));
}

/**
 * Check that the decapsulated bytes begin with a whole packet of this family.
 *
 * @return its length, which is less than len under traffic flow confidentiality padding (RFC 4303
 *         2.7); 0 when the header does not fit, or promises more than is there
 */
static inline unsigned int
tunnel_inner_len(const uint8_t *p, unsigned int len, unsigned int v6)
{
	unsigned int hdr = v6 ? sizeof(struct ip6) : sizeof(struct ip4);
	unsigned int total;

	if (len < hdr)
		return 0;
	total = v6 ? hdr + tunnel_get16(p + 4) : tunnel_get16(p + 2);
	return total < hdr || total > len ? 0 : total;
}

#endif
