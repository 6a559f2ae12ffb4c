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

/** What a run of packets to one next hop has in common. */
struct adjacency {
	const struct nexthop *nh;
	const uint8_t *hdr; /* Ethernet header of the neighbour */
	enum nh_kind kind;
	uint16_t mtu;
	uint8_t port;
};

static void
adjacency_init(const struct worker *w, struct adjacency *a, uint16_t nh)
{
	const struct iface *ifc;

	a->nh = &w->snap->nh[nh];
	a->kind = nh_kind(w, nh);
	ifc = &w->env.ports->iface[a->nh->iface];
	a->mtu = ifc->mtu;
	a->port = ifc->port;
	/* Pairs with the release store of snap_nbr_set(). */
	a->hdr = a->nh->hdr[atomic_load_explicit(&a->nh->slot, memory_order_acquire)];
}

/* Put the neighbour's header in front of the IP packet and queue it. */
static inline void
rewrite(struct worker *w, struct rte_mbuf *m, const struct adjacency *a)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const uint8_t hdr_len = a->nh->hdr_len;
	const unsigned int start = (unsigned int)m->data_off + meta->l3_off;
	const uint16_t type =
		meta->af == AF_INET ? RTE_BE16(RTE_ETHER_TYPE_IPV4) : RTE_BE16(RTE_ETHER_TYPE_IPV6);
	uint8_t *frame;

	if (unlikely(start < hdr_len)) {
		drop(&w->lane, m, DROP_OUT_NO_ROOM);
		return;
	}
	m->data_off = (uint16_t)(start - hdr_len);
	m->data_len = (uint16_t)(ip_len(meta) + hdr_len);
	m->pkt_len = m->data_len;
	/* No offloads; but whose buffer it is, is a flag as well. */
	m->ol_flags &= RTE_MBUF_F_EXTERNAL | RTE_MBUF_F_INDIRECT;
	frame = rte_pktmbuf_mtod(m, uint8_t *);
	memcpy(frame, a->hdr, 12);
	if (unlikely(hdr_len == 18))
		memcpy(frame + 12, a->hdr + 12, 4);
	memcpy(frame + hdr_len - 2, &type, sizeof(type));
	tx_frame(w, a->port, m);
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

	if (frag_forbidden(m)) {
		pkt_meta(m)->mtu = mtu;
		punt_drop(w, m, DROP_IP_TOO_BIG, PUNT_TOO_BIG);
		return;
	}
	frag_ip4(w, m, mtu, &piece);
	tx_vec(w, &piece);
}

static void
tx_odd(struct worker *w, struct rte_mbuf *m, const struct adjacency *a)
{
	if (a->kind >= NH_GLEAN && ip_len(pkt_meta(m)) > a->mtu)
		tx_too_big(w, m, a->mtu);
	else
		tx_unready(w, m, a->kind);
}

void
tx_vec(struct worker *w, struct pvec *in)
{
	struct adjacency a = { .nh = NULL };

	for (uint16_t i = 0; i < in->n; i++) {
		struct rte_mbuf *m = in->m[i];
		const struct pkt_meta *meta = pkt_meta(m);

		if (&w->snap->nh[meta->nh] != a.nh)
			adjacency_init(w, &a, meta->nh);
		if (likely(a.kind == NH_REACHABLE && ip_len(meta) <= a.mtu))
			rewrite(w, m, &a);
		else
			tx_odd(w, m, &a);
	}
	in->n = 0;
}
