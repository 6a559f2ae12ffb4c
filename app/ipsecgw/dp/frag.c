/* SPDX-License-Identifier: BSD-2-Clause */
/* Fragmentation on the way out (RFC 791 3.2, RFC 8200 4.5), a slow path. */
#include <errno.h>

#include <rte_byteorder.h>
#include <rte_ip_frag.h>

#include "dp/dp_hot.h"
#include "wire/ip.h"

#define FRAGS_MAX 64u /* pieces of one packet: more is an attack or a mistake */

#define FRAG6_HDR 8u

bool
frag_forbidden(const struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l3_off);

	if (meta->af == AF_INET)
		return (ip[6] & (IP4_DF >> 8)) != 0;
	return nh_kind(w, route_addr(w, AF_INET6, ip + offsetof(struct ip6, src))) != NH_LOCAL;
}

/*
 * A piece comes as a header and a reference to the whole; codecs want one span. The library leaves the
 * checksum to hardware; ours must be right on any port.
 */
static bool
finish_piece(struct rte_mbuf *piece, const struct pkt_meta *whole)
{
	struct pkt_meta *meta = pkt_meta(piece);
	uint8_t *ip = rte_pktmbuf_mtod(piece, uint8_t *);
	const unsigned int ihl = (ip[0] & 15u) * 4u;
	uint16_t csum;

	if (rte_pktmbuf_linearize(piece) != 0)
		return false;
	*meta = *whole;
	meta->l3_off = 0;
	meta->l4_off = (uint16_t)ihl;
	meta->l4_len = (uint16_t)(piece->data_len - ihl);
	meta->flags |= PKT_F_FRAG;
	ip[10] = ip[11] = 0;
	csum = ip4_csum(ip, ihl);
	memcpy(ip + 10, &csum, sizeof(csum));
	return true;
}

static void
cut4(struct worker *w, struct rte_mbuf *m, uint16_t mtu, struct pvec *out)
{
	struct rte_mbuf *piece[FRAGS_MAX];
	const struct pkt_meta meta = *pkt_meta(m);
	int32_t n;

	(void)rte_pktmbuf_adj(m, meta.l3_off);
	n = rte_ipv4_fragment_packet(m, piece, FRAGS_MAX, mtu, w->env.pool, w->env.pool);
	if (n < 0) {
		drop(&w->lane, m, n == -ENOMEM ? DROP_FRAG_NOBUF : DROP_IP_TOO_BIG);
		return;
	}
	rte_pktmbuf_free(m);
	for (int32_t i = 0; i < n; i++) {
		if (finish_piece(piece[i], &meta))
			pvec_add(&w->lane, out, piece[i]);
		else
			drop(&w->lane, piece[i], DROP_FRAG_NOBUF);
	}
}

/* What every piece begins with, and what leads to it (RFC 8200 4.5). */
struct head6 {
	unsigned int len; /* bytes of the IPv6 header and what each router must see */
	unsigned int next_at; /* of the "next header" byte to be changed */
};

/* @return false when there is a fragment header already */
static bool
find_head6(const uint8_t *ip, unsigned int len, struct head6 *h)
{
	unsigned int off = sizeof(struct ip6), next_at = offsetof(struct ip6, next);

	*h = (struct head6){ .len = off, .next_at = next_at };
	while (ip[next_at] == IPPROTO_HOPOPTS || ip[next_at] == IPPROTO_ROUTING ||
		ip[next_at] == IPPROTO_DSTOPTS) {
		const bool is_dst = ip[next_at] == IPPROTO_DSTOPTS;

		if (len - off < 8 || len - off < (ip[off + 1] + 1u) * 8u)
			return false;
		next_at = off;
		off += (ip[off + 1] + 1u) * 8u;
		/* Destination options belong to it only with a routing header behind them. */
		if (!is_dst)
			*h = (struct head6){ .len = off, .next_at = next_at };
	}
	return ip[next_at] != IPPROTO_FRAGMENT;
}

static struct rte_mbuf *
piece6(struct worker *w, const uint8_t *ip, const struct head6 *h, unsigned int off,
	unsigned int len)
{
	const uint16_t head = (uint16_t)(h->len + FRAG6_HDR);
	struct rte_mbuf *m = rte_pktmbuf_alloc(w->env.pool);
	uint8_t *p = m != NULL ? (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(head + len)) : NULL;
	const uint16_t plen_be = rte_cpu_to_be_16((uint16_t)(head + len - sizeof(struct ip6)));

	if (p == NULL) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	memcpy(p, ip, h->len);
	memcpy(p + offsetof(struct ip6, plen_be), &plen_be, sizeof(plen_be));
	p[h->next_at] = IPPROTO_FRAGMENT;
	memset(p + h->len, 0, FRAG6_HDR);
	p[h->len] = ip[h->next_at];
	memcpy(p + head, ip + h->len + off, len);
	return m;
}

/* Ids of one worker differ for 2^26 packets, those of two workers always. */
static uint32_t
next_id(struct worker *w)
{
	static_assert(WORKER_MAX <= 64, "a worker's number takes six bits of an id");

	return rte_cpu_to_be_32(w->frag_seq++ << 6 | w->lane.idx);
}

static void
cut6(struct worker *w, struct rte_mbuf *m, unsigned int mtu, struct pvec *out)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l3_off);
	const unsigned int total = (unsigned int)m->data_len - meta->l3_off;
	const uint32_t id_be = next_id(w);
	struct head6 h;
	unsigned int step, len;

	if (!find_head6(ip, total, &h) || mtu < h.len + FRAG6_HDR + 8) {
		drop(&w->lane, m, DROP_IP_TOO_BIG);
		return;
	}
	step = (mtu - h.len - FRAG6_HDR) & ~7u;
	for (unsigned int off = 0; off < total - h.len; off += len) {
		const bool more = total - h.len - off > step;
		struct rte_mbuf *p;
		uint16_t word_be;

		len = more ? step : total - h.len - off;
		word_be = rte_cpu_to_be_16((uint16_t)(off | more));
		p = piece6(w, ip, &h, off, len);
		if (p == NULL) {
			w->lane.drop[DROP_FRAG_NOBUF]++;
			break; /* without one the others are of no use */
		}
		memcpy(rte_pktmbuf_mtod_offset(p, void *, h.len + 2), &word_be, sizeof(word_be));
		memcpy(rte_pktmbuf_mtod_offset(p, void *, h.len + 4), &id_be, sizeof(id_be));
		*pkt_meta(p) = *meta;
		pkt_meta(p)->l3_off = 0;
		pkt_meta(p)->l4_off = (uint16_t)(h.len + FRAG6_HDR);
		pkt_meta(p)->l4_len = (uint16_t)len;
		pkt_meta(p)->flags |= PKT_F_FRAG;
		pvec_add(&w->lane, out, p);
	}
	rte_pktmbuf_free(m);
}

void
frag_cut(struct worker *w, struct rte_mbuf *m, unsigned int mtu, struct pvec *out)
{
	if (pkt_meta(m)->af == AF_INET)
		cut4(w, m, (uint16_t)RTE_MIN(mtu, (unsigned int)UINT16_MAX), out);
	else
		cut6(w, m, mtu, out);
}
