/* SPDX-License-Identifier: BSD-2-Clause */
/* The small steps that several stages take for each packet. Inline; worker only. */
#ifndef DP_DP_HOT_H
#define DP_DP_HOT_H

#include "dp/dp_priv.h"
#include "dp/opening.h"

/** Queue a finished frame for a port. */
static inline void
tx_frame(struct worker *w, uint8_t port, struct rte_mbuf *m)
{
	struct txbuf *b = &w->tx[port];

	if (unlikely(b->n == PVEC_MAX))
		tx_flush_port(w, port);
	b->bytes += m->pkt_len;
	b->m[b->n++] = m;
}
/** True for a packet of ours that must not leave in clear, whatever the policies say. */
static inline bool
is_secret(const struct pkt_meta *meta)
{
	return unlikely((meta->flags & PKT_F_LOCAL_OUT) != 0) && meta->kind == INJECT_SECRET;
}

/** Bytes of the IP packet that meta describes. */
static inline unsigned int
ip_len(const struct pkt_meta *meta)
{
	return (unsigned int)meta->l4_off - meta->l3_off + meta->l4_len;
}

/** @return DROP_MAX when the parameters let an IPsec protocol work, else the reason to drop */
static inline enum drop_reason
proto_refusal(const struct worker *w, uint8_t proto)
{
	const struct knobs *k = &w->snap->knobs;

	if (likely(proto == IPPROTO_ESP))
		return likely(k->esp_enable != 0) ? DROP_MAX : DROP_ESP_DISABLED;
	if (proto == IPPROTO_AH)
		return k->ah_enable != 0 ? DROP_MAX : DROP_AH_DISABLED;
	return k->ipcomp_enable != 0 ? DROP_MAX : DROP_IPCOMP_DISABLED;
}

/** Count packets on the worker's row of a policy. */
static inline void
sp_count(const struct lane *lane, struct sp_rt *sp, uint32_t pkts, uint64_t bytes)
{
	struct sp_lc *lc = &sp->lc[lane->idx];

	lc->pkts += pkts;
	lc->bytes += bytes;
	lc->last_tsc = lane->now_tsc;
}

/** One hop less to live (RFC 791, RFC 1624). @return false when the packet must not go on */
static inline bool
ttl_step(struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l3_off);
	uint16_t csum;
	uint32_t sum;

	if (unlikely(meta->af == AF_INET6)) {
		if (unlikely(ip[7] <= 1))
			return false;
		ip[7]--;
		return true;
	}
	if (unlikely(ip[8] <= 1))
		return false;
	ip[8]--;
	/* TTL is the high byte of its word: the complement rises by 0x0100, in any byte order. */
	memcpy(&csum, ip + 10, sizeof(csum));
	sum = (uint32_t)csum + RTE_BE16(0x0100);
	csum = (uint16_t)(sum + (sum >> 16));
	memcpy(ip + 10, &csum, sizeof(csum));
	return true;
}

/* Fragments have no ports, and a nested history is longer than the key: both are decided anew. */
static inline bool
flow_is_cacheable(const struct pkt_meta *meta)
{
	return (meta->flags & (PKT_F_FRAG | PKT_F_LOCAL_OUT | PKT_F_NO_CACHE)) == 0 &&
		meta->depth <= 1;
}

/** The SA that opened a packet, and how: a number that is never 0. */
static inline uint32_t
opened_by(const struct pkt_meta *meta)
{
	return meta->sa->slot << 1 | ((meta->flags & PKT_F_TUNNEL) != 0);
}

static inline void
flow_key_of(struct flow_key *k, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);

	flow_key_init(k, m, meta->depth == 0 ? 0 : opened_by(meta));
}

/** Append a parsed packet to v.clear; start to fetch what the flow cache knows of it. */
static __rte_always_inline void
flow_add(struct worker *w, struct rte_mbuf *m)
{
	struct pkt_meta *meta = pkt_meta(m);
	struct flow_key key;

	meta->ports_be = 0;
	if (likely((meta->flags & PKT_F_FRAG) == 0))
		meta->ports_be = l4_ports(
			rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l4_off), meta->l4_proto);
	if (likely(flow_is_cacheable(meta))) {
		flow_key_of(&key, m);
		meta->flow = flow_hash(&key, w->seed);
		rte_prefetch0(&w->flow->slot[meta->flow & (FLOWS - 1)]);
	}
	pvec_add(&w->lane, &w->v.clear, m);
}

/** Length of the run of packets whose SAs have one transform. @param same  all have one SA */
static inline uint16_t
xform_run(struct rte_mbuf **m, uint16_t n, bool same)
{
	const struct xform_ops *xf = pkt_meta(m[0])->sa->xf;
	uint16_t run = same ? n : 1;

	while (run < n && pkt_meta(m[run])->sa->xf == xf)
		run++;
	return run;
}

/** Length of the run of packets whose SAs have one engine. @param same  all have one SA */
static inline uint16_t
engine_run(struct rte_mbuf **m, uint16_t n, bool same)
{
	const struct crypto_ops *ops = pkt_meta(m[0])->sa->crypto;
	uint16_t run = same ? n : 1;

	while (run < n && pkt_meta(m[run])->sa->crypto == ops)
		run++;
	return run;
}

#endif
