/* SPDX-License-Identifier: BSD-2-Clause */
#include "dp/flow.h"

#include "dp/dp_priv.h"
#include "ipsec/types.h"

/* Fragments have no ports, and a nested history is longer than the key: both are decided anew. */
static inline bool
is_cacheable(const struct pkt_meta *meta)
{
	return (meta->flags & (PKT_F_FRAG | PKT_F_LOCAL_OUT | PKT_F_NO_CACHE)) == 0 &&
		meta->depth <= 1;
}

static inline uint32_t
slot_of(const struct pkt_meta *meta)
{
	return meta->depth == 0 ? 0 : meta->sa->slot;
}

static inline void
apply(struct worker *w, struct rte_mbuf *m, const struct flow *f)
{
	struct pkt_meta *meta = pkt_meta(m);
	struct sp_rt *out = f->sp_out;
	struct sa_rt *sa;

	if (unlikely(!ttl_step(m))) {
		punt_drop(w, m, DROP_IP_TTL, PUNT_TTL);
		return;
	}
	if (f->sp_in != NULL)
		sp_count(&w->lane, f->sp_in, ip_len(meta));
	meta->nh = f->key.nh;
	if (out == NULL) {
		pvec_add(&w->lane, &w->v.tx, m);
		return;
	}
	sp_count(&w->lane, out, ip_len(meta));
	if (out->action != SP_IPSEC) {
		pvec_add(&w->lane, &w->v.tx, m);
		return;
	}
	/* Pairs with the release store of install_resolve(). */
	sa = atomic_load_explicit(&out->step[0].sa, memory_order_acquire);
	meta->sa = sa;
	meta->sp_ref = sp_rt_ref(out);
	meta->step = 0;
	if (sa != NULL)
		rte_prefetch0(&sa->lc[w->lane.idx]);
	pvec_add(&w->lane, &w->v.out, m);
}

void
flow_vec(struct worker *w, struct pvec *in)
{
	struct flow_key key[PVEC_MAX];
	uint32_t hash[PVEC_MAX];
	const uint32_t gen = w->snap->gen;
	const struct flow *f;

	for (uint16_t i = 0; i < in->n; i++) {
		const struct pkt_meta *meta = pkt_meta(in->m[i]);

		if (unlikely(!is_cacheable(meta)))
			continue;
		flow_key_init(&key[i], in->m[i], slot_of(meta));
		hash[i] = flow_hash(&key[i], w->seed);
		rte_prefetch0(&w->flow->slot[hash[i] & (FLOWS - 1)]);
	}
	for (uint16_t i = 0; i < in->n; i++) {
		f = is_cacheable(pkt_meta(in->m[i])) ? flow_find(w->flow, &key[i], hash[i], gen) :
						       NULL;
		if (likely(f != NULL))
			apply(w, in->m[i], f);
		else
			pvec_add(&w->lane, &w->v.miss, in->m[i]);
	}
	in->n = 0;
}

void
flow_learn(struct worker *w, struct rte_mbuf *m, struct sp_rt *sp_in, struct sp_rt *sp_out)
{
	const struct pkt_meta *meta = pkt_meta(m);
	struct flow_key key;
	struct flow *f;
	uint32_t hash;

	if (!is_cacheable(meta))
		return;
	flow_key_init(&key, m, slot_of(meta));
	hash = flow_hash(&key, w->seed);
	f = flow_victim(w->flow, hash, w->snap->gen);
	key.nh = meta->nh;
	key.gen = w->snap->gen;
	f->key = key;
	f->sp_in = sp_in;
	f->sp_out = sp_out;
}
