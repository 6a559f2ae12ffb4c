/* SPDX-License-Identifier: BSD-2-Clause */
/* Out of the gateway: link header, size, ports; and up to control. */
#include <rte_ethdev.h>

#include "dp/dp_hot.h"

void
punt(struct worker *w, struct rte_mbuf *m, enum punt_kind kind)
{
	if (unlikely(w->npunt == PVEC_MAX))
		punt_flush(w);
	pkt_meta(m)->kind = (uint8_t)kind;
	w->punt[w->npunt++] = m;
}

void
punt_drop(struct worker *w, struct rte_mbuf *m, enum drop_reason reason, enum punt_kind kind)
{
	w->lane.drop[reason]++;
	/* Errors about what we made ourselves would have no reader. */
	if ((pkt_meta(m)->flags & PKT_F_LOCAL_OUT) != 0)
		rte_pktmbuf_free(m);
	else
		punt(w, m, kind);
}

static bool
is_counted(const struct pkt_meta *meta)
{
	return meta->kind == PUNT_TTL || meta->kind == PUNT_TOO_BIG || meta->kind == PUNT_NO_ROUTE;
}

void
punt_flush(struct worker *w)
{
	const unsigned int n =
		rte_ring_mp_enqueue_burst(w->env.punt, (void *const *)w->punt, w->npunt, NULL);

	w->rows.punted += n;
	for (unsigned int i = n; i < w->npunt; i++) {
		if (is_counted(pkt_meta(w->punt[i])))
			rte_pktmbuf_free(w->punt[i]);
		else
			drop(&w->lane, w->punt[i], DROP_PUNT_FULL);
	}
	w->npunt = 0;
}

static void
drop_burst(struct worker *w, struct rte_mbuf **m, uint16_t n, enum drop_reason reason)
{
	for (uint16_t i = 0; i < n; i++)
		drop(&w->lane, m[i], reason);
}

void
tx_flush_port(struct worker *w, uint8_t port)
{
	struct txbuf *b = &w->tx[port];
	const uint16_t n = b->n;
	uint64_t bytes = b->bytes;
	uint16_t sent;

	b->n = 0;
	b->bytes = 0;
	if (unlikely(!atomic_load_explicit(&w->env.ports->port[port].link, memory_order_relaxed))) {
		drop_burst(w, b->m, n, DROP_TX_LINK);
		return;
	}
	sent = rte_eth_tx_burst(w->env.ports->port[port].id, (uint16_t)w->lane.idx, b->m, n);
	for (uint16_t i = sent; i < n; i++) {
		bytes -= b->m[i]->pkt_len;
		drop(&w->lane, b->m[i], DROP_TX_FULL);
	}
	w->rows.port[port].tx_pkts += sent;
	w->rows.port[port].tx_bytes += bytes;
}

void
tx_flush(struct worker *w)
{
	for (uint8_t i = 0; i < w->env.ports->nport; i++) {
		if (w->tx[i].n > 0)
			tx_flush_port(w, i);
	}
}

/* Bytes of the IP packet: it ends where the buffer's data ends, whatever stands before it. */
static inline unsigned int
pkt_ip_len(const struct rte_mbuf *m, const struct pkt_meta *meta)
{
	return (unsigned int)m->data_len - meta->l3_off;
}

/* Put the neighbour's header in front of the IP packet and queue it. */
static inline void
rewrite(struct worker *w, struct rte_mbuf *m, const struct nexthop *nh)
{
	const struct pkt_meta *meta = pkt_meta(m);
	/* Pairs with the release store of snap_nbr_set(). */
	const uint8_t *hdr = nh->hdr[atomic_load_explicit(&nh->slot, memory_order_acquire)];
	const uint8_t hdr_len = nh->hdr_len;
	const int shift = meta->l3_off - hdr_len;
	const uint16_t type =
		meta->af == AF_INET ? RTE_BE16(RTE_ETHER_TYPE_IPV4) : RTE_BE16(RTE_ETHER_TYPE_IPV6);
	uint8_t *frame;

	if (unlikely(m->data_off + shift < 0)) {
		drop(&w->lane, m, DROP_OUT_NO_ROOM);
		return;
	}
	m->data_off = (uint16_t)(m->data_off + shift);
	m->data_len = (uint16_t)(m->data_len - shift);
	m->pkt_len = m->data_len;
	/* No offloads; but whose buffer it is, is a flag as well. */
	m->ol_flags &= RTE_MBUF_F_EXTERNAL | RTE_MBUF_F_INDIRECT;
	frame = rte_pktmbuf_mtod(m, uint8_t *);
	memcpy(frame, hdr, 12);
	if (unlikely(hdr_len == 18))
		memcpy(frame + 12, hdr + 12, 4);
	memcpy(frame + hdr_len - 2, &type, sizeof(type));
	tx_frame(w, nh->port, m);
}

/* Not for the path of the burst: no link header yet, no route, or a packet of our own making to us. */
static void
tx_unready(struct worker *w, struct rte_mbuf *m, enum nh_kind kind)
{
	struct pkt_meta *meta = pkt_meta(m);

	if (kind == NH_NONE) {
		punt_drop(w, m, DROP_IP_NO_ROUTE, PUNT_NO_ROUTE);
		return;
	}
	if (kind == NH_LOCAL) {
		drop(&w->lane, m, DROP_IP_LOCAL);
		return;
	}
	meta->out_if = w->snap->nh[meta->nh].iface;
	punt(w, m, PUNT_RESOLVE);
}

static void
tx_too_big(struct worker *w, struct rte_mbuf *m, uint16_t mtu)
{
	struct pvec piece = { .n = 0 };

	if (frag_forbidden(w, m)) {
		pkt_meta(m)->mtu = mtu;
		punt_drop(w, m, DROP_IP_TOO_BIG, PUNT_TOO_BIG);
		return;
	}
	frag_cut(w, m, mtu, &piece);
	tx_vec(w, &piece);
}

static void
tx_odd(struct worker *w, struct rte_mbuf *m, enum nh_kind kind, uint16_t mtu)
{
	if (kind >= NH_GLEAN && pkt_ip_len(m, pkt_meta(m)) > mtu)
		tx_too_big(w, m, mtu);
	else
		tx_unready(w, m, kind);
}

void
tx_vec(struct worker *w, struct pvec *in)
{
	const struct nexthop *table = w->snap->nh;

	for (uint16_t i = 0; i < in->n; i++) {
		struct rte_mbuf *m = in->m[i];
		const struct pkt_meta *meta = pkt_meta(m);
		const struct nexthop *nh = &table[meta->nh];
		const enum nh_kind kind = nh_kind(w, meta->nh);

		if (likely(kind == NH_REACHABLE && pkt_ip_len(m, meta) <= nh->mtu))
			rewrite(w, m, nh);
		else
			tx_odd(w, m, kind, nh->mtu);
	}
	in->n = 0;
}
