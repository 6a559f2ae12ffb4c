/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets from the ports and from control. */
#include <rte_ethdev.h>

#include "dp/dp_hot.h"

void
rx_vec(struct worker *w, struct pvec *out)
{
	uint8_t q = w->next_rxq;

	for (uint8_t i = 0; i < w->nrxq && out->n + BURST_MAX <= PVEC_MAX; i++) {
		const struct rxq *rxq = &w->rxq[q];
		struct rte_mbuf **m = out->m + out->n;
		uint16_t n = rte_eth_rx_burst(rxq->ethdev, rxq->queue, m, BURST_MAX);
		uint64_t bytes = 0;

		for (uint16_t k = 0; k < n; k++) {
			bytes += m[k]->pkt_len;
			m[k]->port = rxq->ethdev; /* not every driver says so (net_ring) */
		}
		w->rows.port[rxq->port].rx_pkts += n;
		w->rows.port[rxq->port].rx_bytes += bytes;
		out->n = (uint16_t)(out->n + n);
		q = (uint8_t)(q + 1 == w->nrxq ? 0 : q + 1);
	}
	w->next_rxq = (uint8_t)(w->next_rxq + 1 < w->nrxq ? w->next_rxq + 1 : 0);
}

static void
inject_one(struct worker *w, struct rte_mbuf *m)
{
	struct pkt_meta *meta = pkt_meta(m);
	enum drop_reason reason;

	meta->depth = 0;
	meta->sa = NULL;
	meta->l3_off = 0;
	if (meta->kind == INJECT_FRAME) {
		tx_frame(w, w->env.ports->iface[meta->out_if].port, m);
		return;
	}
	reason = parse_ip(m, m->data_len, true);
	if (reason != PARSE_OK) {
		drop(&w->lane, m, reason);
		return;
	}
	meta->flags |= PKT_F_LOCAL_OUT;
	if (meta->kind != INJECT_ROUTED) {
		flow_add(w, m);
		return;
	}
	meta->nh = route_one(w, m);
	pvec_add(&w->lane, &w->v.tx, m);
}

void
inject_vec(struct worker *w)
{
	struct rte_mbuf *m[BURST_MAX];
	const unsigned int n = rte_ring_sc_dequeue_burst(w->inject, (void **)m, BURST_MAX, NULL);

	for (unsigned int i = 0; i < n; i++) {
		if (w->snap->ready)
			inject_one(w, m[i]);
		else
			drop(&w->lane, m[i], DROP_NOT_READY);
	}
	w->rows.injected += n;
}
