/* SPDX-License-Identifier: BSD-2-Clause */
/* wrap_out() and wrap_in() of tunnels, inline because most packets go this way. */
/* Private to drivers/xform; workers only. A packet is one segment. */
#ifndef XFORM_WRAP_TUNNEL_H
#define XFORM_WRAP_TUNNEL_H

#include "ipsec/ecn.h"
#include "xform/wrap.h"

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
static __rte_always_inline uint8_t *
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

/** wrap_in() of a tunnel. Inline, because most packets go this way. */
static __rte_always_inline enum drop_reason
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

#endif
