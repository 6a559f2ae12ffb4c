/* SPDX-License-Identifier: BSD-2-Clause */
/* Outbound IPsec: the request's SA, the way of the outer packet, room for growth, the transform. */
#include "dp/dp_hot.h"
#include "pkt/group.h"
#include "wire/ip.h"
#include "xform/xform.h"

#define MTU_MIN4 \
	576u /* what an ICMP error asks for at least (RFC 1191 gives 68; too small to be of use) */
#define MTU_MIN6 1280u /* RFC 8200 5 */

static struct sp_rt *
sp_by_ref(const struct worker *w, uint32_t ref)
{
	const uint32_t slot = ref >> 8;
	struct sp_rt *sp = slot < w->snap->nsp ? w->snap->sp[slot] : NULL;

	return sp != NULL && sp_rt_ref(sp) == ref ? sp : NULL;
}

/*
 * The SA of the first request from meta->step on that has one. A request at level use without an SA
 * is passed over, which may mean clear text: that is ipsec(4), so it is counted.
 * @return the SA, or NULL when the packet has gone its way
 */
static struct sa_rt *
resolve(struct worker *w, struct rte_mbuf *m)
{
	struct pkt_meta *meta = pkt_meta(m);
	struct sp_rt *sp = sp_by_ref(w, meta->sp_ref);
	const bool is_bare = meta->step == 0;

	if (sp == NULL) {
		drop(&w->lane, m, DROP_POLICY_CHANGED);
		return NULL;
	}
	for (; meta->step < sp->nreq; meta->step++) {
		struct sp_step *step = &sp->step[meta->step];
		/* Pairs with the release store of install_resolve(). */
		struct sa_rt *sa = atomic_load_explicit(&step->sa, memory_order_acquire);

		if (sa != NULL) {
			w->lane.bundles += meta->step > 0;
			meta->sa = sa;
			meta->flags &= (uint16_t)~PKT_F_MORE;
			meta->flags |= meta->step + 1 < sp->nreq ? PKT_F_MORE : 0;
			return sa;
		}
		if (atomic_load_explicit(&step->level, memory_order_relaxed) != LEVEL_USE) {
			drop(&w->lane, m, DROP_OUT_NO_SA);
			return NULL;
		}
	}
	if (is_bare && is_secret(meta)) {
		drop(&w->lane, m, DROP_OUT_NO_SA);
		return NULL;
	}
	w->rows.use_clear += is_bare;
	pvec_add(&w->lane, &w->v.tx, m);
	return NULL;
}

/* Largest inner packet that still fits the outer path: header, IV, padding to the block, trailer, ICV. */
static uint16_t
inner_mtu(const struct sa_rt *sa, uint16_t mtu)
{
	const unsigned int fixed = (unsigned int)sa->hdr_len + sa->iv_len + sa->icv_len;

	if (mtu < fixed + sa->blk)
		return 0;
	return (uint16_t)((mtu - fixed) / sa->blk * sa->blk - 2u);
}

/* Route and MTU of the outer destination, looked up once per SA and snapshot. */
static inline const struct sa_lc *
sa_route(const struct worker *w, struct sa_rt *sa)
{
	struct sa_lc *lc = &sa->lc[w->lane.idx];
	const struct nexthop *nh;

	if (likely(lc->route_gen == w->snap->gen))
		return lc;
	lc->route_nh = route_addr(w, sa->outer_af,
		sa->hdr +
			(sa->outer_af == AF_INET ? offsetof(struct ip4, dst) :
						   offsetof(struct ip6, dst)));
	nh = &w->snap->nh[lc->route_nh];
	lc->route_mtu = UINT16_MAX;
	if (nh_kind(w, lc->route_nh) >= NH_GLEAN)
		lc->route_mtu = inner_mtu(sa, nh->mtu);
	/* An on-link prefix gives way to a host route without a new snapshot. */
	lc->route_gen = nh_kind(w, lc->route_nh) == NH_GLEAN ? 0 : w->snap->gen;
	return lc;
}

/* A bundle grows a packet more than once: what its last tunnel takes, less what those inside add. */
static uint16_t
bundle_mtu(const struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	struct sp_rt *sp = sp_by_ref(w, meta->sp_ref);
	uint16_t mtu = 0;
	bool is_last = true;

	for (unsigned int i = sp->nreq; i-- > meta->step;) {
		struct sa_rt *sa = i == meta->step ?
			meta->sa :
			atomic_load_explicit(&sp->step[i].sa, memory_order_acquire);

		if (sa == NULL)
			continue;
		mtu = is_last ? sa_route(w, sa)->route_mtu : inner_mtu(sa, mtu);
		is_last = false;
	}
	return mtu;
}

/* Larger than the tunnel takes: cut it before it is protected, or tell its source. */
static void
too_big(struct worker *w, struct rte_mbuf *m, uint16_t mtu, struct pvec *todo)
{
	struct pkt_meta *meta = pkt_meta(m);

	if (!frag_forbidden(m)) {
		frag_ip4(w, m, mtu, todo);
		return;
	}
	meta->mtu = RTE_MAX(mtu, meta->af == AF_INET6 ? MTU_MIN6 : MTU_MIN4);
	punt_drop(w, m, DROP_IP_TOO_BIG, PUNT_TOO_BIG);
}

static inline void
prepare(struct worker *w, struct rte_mbuf *m, struct pvec *todo)
{
	const struct pkt_meta *meta = pkt_meta(m);
	struct sa_rt *sa = likely(meta->sa != NULL) ? meta->sa : resolve(w, m);
	uint16_t mtu;

	if (unlikely(sa == NULL))
		return;
	if (unlikely(!w->snap->knobs.esp_enable)) {
		drop(&w->lane, m, DROP_ESP_DISABLED);
		return;
	}
	mtu = unlikely((meta->flags & PKT_F_MORE) != 0) ? bundle_mtu(w, m) :
							  sa_route(w, sa)->route_mtu;
	if (unlikely(ip_len(meta) > mtu))
		too_big(w, m, mtu, todo);
	else
		pvec_add(&w->lane, todo, m);
}

void
out_finish(struct worker *w, struct rte_mbuf **m, uint16_t n)
{
	if (n == 0)
		return;
	n = pkt_meta(m[0])->sa->xf->out_end(&w->lane, m, n);
	for (uint16_t i = 0; i < n; i++) {
		struct pkt_meta *meta = pkt_meta(m[i]);

		meta->nh = sa_route(w, meta->sa)->route_nh;
		meta->flags |=
			PKT_F_LOCAL_OUT; /* the outer packet is ours: no ICMP errors about it */
		if (unlikely((meta->flags & PKT_F_MORE) != 0)) {
			meta->sa = NULL;
			meta->step++;
			pvec_add(&w->lane, &w->v.out, m[i]);
			continue;
		}
		pvec_add(&w->lane, &w->v.tx, m[i]);
	}
}

static void
seal_run(struct worker *w, struct rte_mbuf **m, uint16_t n, bool same)
{
	uint16_t done, run;

	n = pkt_meta(m[0])->sa->xf->out_begin(&w->lane, m, n);
	for (uint16_t i = 0; i < n; i += run) {
		const struct crypto_ops *ops = pkt_meta(m[i])->sa->crypto;

		run = engine_run(m + i, n - i, same);
		done = ops->submit(&w->lane, i, m + i, run);
		out_finish(w, m + i, done);
	}
}

void
out_vec(struct worker *w, struct pvec *in)
{
	struct pvec todo = { .n = 0 };
	const uint16_t n = in->n;
	struct rte_mbuf *m[PVEC_MAX];
	uint16_t run;
	bool same;

	/* A bundle comes back into the very vector that we empty. */
	memcpy(m, in->m, n * sizeof(*m));
	in->n = 0;
	for (uint16_t i = 0; i < n; i++)
		prepare(w, m[i], &todo);
	same = group_by_sa(todo.m, todo.n);
	for (uint16_t i = 0; i < todo.n; i += run) {
		run = xform_run(todo.m + i, todo.n - i, same);
		seal_run(w, todo.m + i, run, same);
	}
}
