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

/* ---- which SA ---- */

/* Addresses of an IP header, or of an SA's template: source and destination in one piece. */
static inline const uint8_t *
ends_of(const uint8_t *ip, uint8_t af)
{
	return ip + (af == AF_INET ? offsetof(struct ip4, src) : offsetof(struct ip6, src));
}

static inline bool
has_ends(const struct sa_rt *sa, const uint8_t *ends, uint8_t af)
{
	if (sa->outer_af != af)
		return false;
	if (likely(af == AF_INET))
		return memcmp(ends_of(sa->hdr, AF_INET), ends, 8) == 0;
	return memcmp(ends_of(sa->hdr, AF_INET6), ends, 32) == 0;
}

static inline uint32_t
ends_hash(const struct worker *w, const struct sp_req *req, const uint8_t *ends, uint8_t af)
{
	uint32_t h = w->seed ^ req->reqid ^ (uint32_t)req->proto << 24;
	uint64_t word;

	for (unsigned int i = 0; i < (af == AF_INET ? 8u : 32u); i += 8) {
		memcpy(&word, ends + i, sizeof(word));
		h = rte_hash_crc_8byte(word, h);
	}
	return h;
}

/* The shared hash once per generation, then a row of our own. */
static struct sa_rt *
sa_by_ends(struct worker *w, const struct sp_req *req, const uint8_t *ends, uint8_t af)
{
	struct out_slot *s = &w->out_slot[ends_hash(w, req, ends, af) & (OUT_SLOTS - 1)];
	const size_t len = af == AF_INET ? 4 : 16;
	struct outsa_key key = { .reqid = req->reqid, .proto = req->proto, .af = af };

	if (likely(s->gen == w->snap->gen && s->reqid == req->reqid && s->sa->proto == req->proto &&
		    has_ends(s->sa, ends, af)))
		return s->sa;
	memcpy(key.src, ends, len);
	memcpy(key.dst, ends + len, len);
	s->sa = outsa_lookup(w->snap, &key);
	s->gen = s->sa != NULL ? w->snap->gen : 0;
	s->reqid = req->reqid;
	return s->sa;
}

/*
 * The SA of a request: control's choice for its end points, or the packet's own addresses decide.
 * @param ip  header that the packet will have when its turn comes
 */
static struct sa_rt *
sa_of_step(struct worker *w, struct sp_step *step, const uint8_t *ip, uint8_t af)
{
	if (step->req.mode == MODE_TRANSPORT && step->req.src.af == 0)
		return sa_by_ends(w, &step->req, ends_of(ip, af), af);
	/* Pairs with the release store of install_resolve(). */
	return atomic_load_explicit(&step->sa, memory_order_acquire);
}

static inline bool
goes_to(struct rte_mbuf *m, const struct sa_rt *sa)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l3_off);
	const size_t len = meta->af == AF_INET ? 4 : 16;

	return sa->outer_af == meta->af &&
		memcmp(ends_of(ip, meta->af) + len, ends_of(sa->hdr, meta->af) + len, len) == 0;
}

/*
 * Transport mode is for whole packets to the SA's other end (RFC 4303 3.1.1): NetBSD makes a silent
 * tunnel of what goes elsewhere, which no policy asked for.
 */
static enum drop_reason
transport_refusal(struct rte_mbuf *m, const struct sa_rt *sa)
{
	if ((pkt_meta(m)->flags & PKT_F_FRAG) != 0)
		return DROP_OUT_FRAG;
	return goes_to(m, sa) ? DROP_MAX : DROP_OUT_SA_ADDR;
}

/*
 * Compression is a favour (RFC 3173 2.2): what cannot have it goes on without. So does a secret of ours,
 * for which it would look like protection.
 */
static inline bool
is_skipped(const struct pkt_meta *meta, const struct sp_req *req)
{
	if (likely(req->proto != IPPROTO_IPCOMP))
		return false;
	if (meta->step == 0 && is_secret(meta))
		return true;
	return req->mode == MODE_TRANSPORT && (meta->flags & PKT_F_FRAG) != 0;
}

/* Take the request at meta->step with this SA. @return the SA, or NULL when it does not suit */
static struct sa_rt *
take_step(struct worker *w, struct rte_mbuf *m, const struct sp_rt *sp, struct sa_rt *sa)
{
	struct pkt_meta *meta = pkt_meta(m);
	const bool transport = sp->step[meta->step].req.mode == MODE_TRANSPORT;
	const enum drop_reason reason = transport ? transport_refusal(m, sa) : DROP_MAX;

	if (unlikely(reason != DROP_MAX)) {
		drop(&w->lane, m, reason);
		return NULL;
	}
	meta->sa = sa;
	w->lane.bundles += meta->step > 0;
	meta->flags &= (uint16_t) ~(PKT_F_MORE | PKT_F_TRANSPORT);
	meta->flags |= meta->step + 1 < sp->nreq ? PKT_F_MORE : 0;
	meta->flags |= transport ? PKT_F_TRANSPORT : 0;
	return sa;
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
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l3_off);
	struct sp_rt *sp = sp_by_ref(w, meta->sp_ref);
	const bool is_bare = meta->step == 0;

	if (sp == NULL) {
		drop(&w->lane, m, DROP_POLICY_CHANGED);
		return NULL;
	}
	for (; meta->step < sp->nreq; meta->step++) {
		struct sp_step *step = &sp->step[meta->step];
		struct sa_rt *sa = sa_of_step(w, step, ip, meta->af);

		if (unlikely(is_skipped(meta, &step->req)))
			continue;
		if (sa != NULL)
			return take_step(w, m, sp, sa);
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

/* ---- how large ---- */

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
	lc->route_mtu = nh_kind(w, lc->route_nh) >= NH_GLEAN ? nh->mtu : UINT16_MAX;
	/* An on-link prefix gives way to a host route without a new snapshot. */
	lc->route_gen = nh_kind(w, lc->route_nh) == NH_GLEAN ? 0 : w->snap->gen;
	return lc;
}

static inline unsigned int
header_len(uint8_t af)
{
	return af == AF_INET ? sizeof(struct ip4) : sizeof(struct ip6);
}

/* Bytes that the protocol adds to each packet besides an outer IP header and padding. */
static inline unsigned int
overhead(const struct sa_rt *sa)
{
	if (likely(sa->proto == IPPROTO_ESP))
		return (unsigned int)sa->outer_len - header_len(sa->outer_af) + sa->esp_fixed;
	if (sa->proto == IPPROTO_AH) /* the whole header: an IV of GMAC and padding are in it */
		return sa->esp_fixed;
	return 0; /* IPComp never makes a packet longer */
}

/*
 * Largest packet that one SA makes no longer than mtu, or than the path MTU learnt for it. ESP pads up
 * to its block.
 * @param head  transport mode: bytes of the packet that stay in front; 0 for a tunnel
 */
static inline unsigned int
inner_mtu(const struct sa_rt *sa, unsigned int mtu, unsigned int head)
{
	const unsigned int pmtu = atomic_load_explicit(&sa->pmtu, memory_order_relaxed);
	const unsigned int fixed = (head != 0 ? head : header_len(sa->outer_af)) + overhead(sa);
	unsigned int left;

	mtu = unlikely(pmtu != 0) && pmtu < mtu ? pmtu : mtu;
	/* Which of several IPv6 extension headers stay in front is not known yet: be on the safe side. */
	if (unlikely(sa->outer_af == AF_INET6 && head > sizeof(struct ip6)))
		mtu -= RTE_MIN(mtu, sa->blk);
	if (unlikely(mtu < fixed + sa->blk))
		return 0;
	left = mtu - fixed;
	if (likely(sa->proto == IPPROTO_ESP))
		left = (left & ~(sa->blk - 1u)) - 2u;
	if (unlikely(sa->frag_len != 0 && head == 0 && sa->frag_len < left))
		left = sa->frag_len;
	return head + left;
}

/* Bytes in front of what transport mode protects; 0 in tunnel mode. */
static inline unsigned int
head_len(const struct pkt_meta *meta)
{
	if (likely((meta->flags & PKT_F_TRANSPORT) == 0))
		return 0;
	return (unsigned int)meta->l4_off - meta->l3_off;
}

/* A bundle grows a packet more than once: what its last step takes, less what those inside add. */
static unsigned int
bundle_mtu(struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l3_off);
	struct sp_rt *sp = sp_by_ref(w, meta->sp_ref);
	unsigned int head[SP_REQ_MAX], own = (unsigned int)meta->l4_off - meta->l3_off, n = 0, mtu;
	struct sa_rt *sa[SP_REQ_MAX];
	uint8_t af = meta->af;

	for (unsigned int i = meta->step; i < sp->nreq; i++) {
		const bool tunnel = sp->step[i].req.mode == MODE_TUNNEL;

		sa[n] = i == meta->step ? meta->sa : sa_of_step(w, &sp->step[i], ip, af);
		if (sa[n] == NULL)
			continue;
		head[n] = tunnel ? 0 : own;
		if (tunnel) {
			ip = sa[n]->hdr;
			af = sa[n]->outer_af;
			own = header_len(af);
		}
		n++;
	}
	if (unlikely(n == 0))
		return UINT16_MAX;
	mtu = sa_route(w, sa[n - 1])->route_mtu;
	while (n-- > 0)
		mtu = inner_mtu(sa[n], mtu, head[n]);
	return mtu;
}

/*
 * Who may be cut afterwards: in transport mode there is no other way, for fragments cannot be
 * protected; a tunnel's own packet when the operator prefers that, or when a link would have to be
 * smaller than IP allows (RFC 8200 5).
 */
static bool
is_cut_later(const struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);

	if (meta->af == AF_INET6 && ip_len(meta) <= MTU_MIN6)
		return true;
	if (frag_forbidden(w, m))
		/* Who clears DF on the outer packet wants it cut; over IPv6 RFC 2473 7.2 wants ICMP. */
		return meta->af == AF_INET && (meta->flags & PKT_F_TRANSPORT) == 0 &&
			meta->sa->outer_af == AF_INET && w->snap->knobs.dfbit == 0;
	if ((meta->flags & PKT_F_TRANSPORT) != 0)
		return true;
	return w->snap->knobs.prefrag == 0 && w->snap->knobs.dfbit != 1;
}

/* Larger than the tunnel takes: cut it before it is protected, or tell its source. */
static void
too_big(struct worker *w, struct rte_mbuf *m, unsigned int mtu, struct pvec *todo)
{
	struct pkt_meta *meta = pkt_meta(m);

	if (is_cut_later(w, m)) {
		pvec_add(&w->lane, todo, m);
		return;
	}
	if (!frag_forbidden(w, m)) {
		frag_cut(w, m, mtu, todo);
		return;
	}
	meta->mtu = RTE_MAX(mtu, meta->af == AF_INET6 ? MTU_MIN6 : MTU_MIN4);
	punt_drop(w, m, DROP_IP_TOO_BIG, PUNT_TOO_BIG);
}

/*
 * A buffer's headroom is for two tunnels; a bundle may be four. The packet moves back in its buffer, so
 * that all its headers have room in front; what the tail still takes is the transforms' to see.
 */
static void
move_back_one(struct rte_mbuf *m)
{
	/* IPv6, UDP, SPI, sequence number and IV for each, then the link's header. */
	const unsigned int need = SP_REQ_MAX * (40u + 8u + 8u + 16u) + 18u;
	struct pkt_meta *meta = pkt_meta(m);
	const unsigned int have = (unsigned int)m->data_off + meta->l3_off;
	unsigned int by;

	if (have >= need)
		return;
	by = RTE_MIN(need - have, rte_pktmbuf_tailroom(m) / 2u);
	memmove(rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l3_off + by),
		rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l3_off), ip_len(meta));
	m->data_off = (uint16_t)(m->data_off + by);
}

static void
move_back(struct pvec *v, uint16_t first)
{
	for (uint16_t i = first; i < v->n; i++)
		move_back_one(v->m[i]);
}

/* What was found out about the tunnel of the packet before: neighbours mostly go the same way. */
struct out_run {
	const struct sa_rt *sa; /* NULL: nothing yet */
	unsigned int mtu; /* bytes of the largest packet that goes in whole */
};

/* True when nothing but its length is to be asked of a packet. */
static inline bool
runs_on(const struct out_run *run, const struct pkt_meta *meta)
{
	return meta->sa == run->sa && run->sa != NULL &&
		(meta->flags & (PKT_F_MORE | PKT_F_TRANSPORT)) == 0 && ip_len(meta) <= run->mtu;
}

static inline void
prepare(struct worker *w, struct rte_mbuf *m, struct pvec *todo, struct out_run *run)
{
	const struct pkt_meta *meta = pkt_meta(m);
	struct sa_rt *sa;
	enum drop_reason reason;
	unsigned int mtu;
	uint16_t first;
	bool grows;

	if (likely(runs_on(run, meta))) {
		pvec_add(&w->lane, todo, m);
		return;
	}
	sa = likely(meta->sa != NULL) ? meta->sa : resolve(w, m);
	if (unlikely(sa == NULL))
		return;
	grows = (meta->flags & PKT_F_MORE) != 0 && meta->step == 0;
	reason = proto_refusal(w, sa->proto);
	if (unlikely(reason != DROP_MAX)) {
		drop(&w->lane, m, reason);
		return;
	}
	mtu = unlikely((meta->flags & PKT_F_MORE) != 0) ?
		bundle_mtu(w, m) :
		inner_mtu(sa, sa_route(w, sa)->route_mtu, head_len(meta));
	first = todo->n;
	if (unlikely(w->snap->knobs.mss_clamp != 0))
		mss_out(w, m, mtu);
	else if (likely((meta->flags & (PKT_F_MORE | PKT_F_TRANSPORT)) == 0))
		*run = (struct out_run){ .sa = sa, .mtu = mtu };
	if (unlikely(ip_len(meta) > mtu))
		too_big(w, m, mtu, todo);
	else
		pvec_add(&w->lane, todo, m);
	if (unlikely(grows))
		move_back(todo, first);
}

/* The last protection is on: what a link of the path would not take is cut here, if it may be. */
static inline void
send_out(struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const unsigned int pmtu = atomic_load_explicit(&meta->sa->pmtu, memory_order_relaxed);

	if (unlikely(pmtu != 0) && (unsigned int)m->data_len - meta->l3_off > pmtu &&
		!frag_forbidden(w, m))
		frag_cut(w, m, pmtu, &w->v.tx);
	else
		pvec_add(&w->lane, &w->v.tx, m);
}

static inline void
sealed(struct worker *w, struct rte_mbuf *m)
{
	struct pkt_meta *meta = pkt_meta(m);

	meta->nh = sa_route(w, meta->sa)->route_nh;
	meta->flags |= PKT_F_LOCAL_OUT; /* the outer packet is ours: no ICMP errors about it */
	if (unlikely((meta->flags & PKT_F_MORE) != 0)) {
		meta->sa = NULL;
		meta->step++;
		pvec_add(&w->lane, &w->v.out, m);
		return;
	}
	send_out(w, m);
}

/* An engine may give back packets of several transforms at once. */
void
out_finish(struct worker *w, struct rte_mbuf **m, uint16_t n)
{
	uint16_t run, kept;

	for (uint16_t i = 0; i < n; i += run) {
		run = xform_run(m + i, n - i, false);
		kept = pkt_meta(m[i])->sa->xf->out_end(&w->lane, m + i, run);
		for (uint16_t k = 0; k < kept; k++)
			sealed(w, m[i + k]);
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
	struct out_run last = { .sa = NULL };
	const uint16_t n = in->n;
	struct rte_mbuf *m[PVEC_MAX];
	uint16_t run;
	bool same;

	/* A bundle comes back into the very vector that we empty. */
	memcpy(m, in->m, n * sizeof(*m));
	in->n = 0;
	for (uint16_t i = 0; i < n; i++)
		prepare(w, m[i], &todo, &last);
	same = group_by_sa(todo.m, todo.n);
	for (uint16_t i = 0; i < todo.n; i += run) {
		run = xform_run(todo.m + i, todo.n - i, same);
		seal_run(w, todo.m + i, run, same);
	}
}
