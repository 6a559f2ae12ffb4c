/* SPDX-License-Identifier: BSD-2-Clause */
#include "dp/flow.h"

#include "dp/dp_hot.h"
#include "ipsec/types.h"

const uint8_t l4_kinds[256] = {
	[IPPROTO_TCP] = L4_PORTS,
	[IPPROTO_UDP] = L4_PORTS,
	[IPPROTO_SCTP] = L4_PORTS,
	[IPPROTO_UDPLITE] = L4_PORTS,
	[IPPROTO_DCCP] = L4_PORTS,
	[IPPROTO_ICMP] = L4_ICMP,
	[IPPROTO_ICMPV6] = L4_ICMP,
};

/** What packets that follow each other under the same policies have in common. */
struct flow_run {
	struct sp_rt *sp_in, *sp_out;
	struct pvec *to; /* v.out when protected, else v.tx; NULL: no run yet */
	struct sa_rt *sa;
	uint32_t sp_ref;
	uint32_t pkts;
	uint64_t bytes;
	uint16_t flags; /* PKT_F_MORE */
};

static void
run_end(const struct worker *w, struct flow_run *run)
{
	if (run->pkts == 0)
		return;
	if (run->sp_in != NULL)
		sp_count(&w->lane, run->sp_in, run->pkts, run->bytes);
	if (run->sp_out != NULL)
		sp_count(&w->lane, run->sp_out, run->pkts, run->bytes);
}

static void
run_start(struct worker *w, struct flow_run *run, const struct flow *f)
{
	struct sp_rt *out = f->sp_out;

	*run = (struct flow_run){ .sp_in = f->sp_in, .sp_out = out, .to = &w->v.tx };
	if (out == NULL || out->action != SP_IPSEC)
		return;
	run->to = &w->v.out;
	/* In transport mode it depends on the packet: see resolve(). */
	if (likely(out->step[0].req.mode == MODE_TUNNEL))
		/* Pairs with the release store of install_resolve(). */
		run->sa = atomic_load_explicit(&out->step[0].sa, memory_order_acquire);
	run->sp_ref = sp_rt_ref(out);
	run->flags = out->nreq > 1 ? PKT_F_MORE : 0;
	if (run->sa != NULL) {
		rte_prefetch0(run->sa);
		rte_prefetch0(run->sa->hdr);
		rte_prefetch0(&run->sa->seq);
		rte_prefetch0(&run->sa->lc[w->lane.idx]);
	}
}

static inline void
apply(struct worker *w, struct rte_mbuf *m, struct flow_run *run, uint16_t nh)
{
	struct pkt_meta *meta = pkt_meta(m);

	if (unlikely(!ttl_step(m))) {
		punt_drop(w, m, DROP_IP_TTL, PUNT_TTL);
		return;
	}
	run->pkts++;
	run->bytes += (uint64_t)m->data_len - meta->l3_off;
	meta->nh = nh;
	meta->sa = run->sa;
	meta->sp_ref = run->sp_ref;
	meta->step = 0;
	meta->flags |= run->flags;
	pvec_add(&w->lane, run->to, m);
}

static inline const struct flow *
find(struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	struct flow_key key;

	if (unlikely(!flow_is_cacheable(meta)))
		return NULL;
	flow_key_of(&key, m);
	return flow_find(w->flow, &key, meta->flow, w->snap->gen);
}

void
flow_vec(struct worker *w, struct pvec *in)
{
	struct flow_run run = { .to = NULL };

	for (uint16_t i = 0; i < in->n; i++) {
		const struct flow *f = find(w, in->m[i]);

		if (unlikely(f == NULL)) {
			pvec_add(&w->lane, &w->v.miss, in->m[i]);
			continue;
		}
		if (f->sp_out != run.sp_out || f->sp_in != run.sp_in || run.to == NULL) {
			run_end(w, &run);
			run_start(w, &run, f);
		}
		apply(w, in->m[i], &run, f->key.nh);
	}
	run_end(w, &run);
	in->n = 0;
}

void
flow_learn(struct worker *w, struct rte_mbuf *m, struct sp_rt *sp_in, struct sp_rt *sp_out)
{
	const struct pkt_meta *meta = pkt_meta(m);
	struct flow_key key = { 0 };
	struct flow *f;

	if (!flow_is_cacheable(meta))
		return;
	flow_key_of(&key, m);
	key.nh = meta->nh;
	key.gen = w->snap->gen;
	f = flow_victim(w->flow, meta->flow, w->snap->gen);
	f->key = key;
	f->sp_in = sp_in;
	f->sp_out = sp_out;
}
