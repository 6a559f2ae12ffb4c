/* SPDX-License-Identifier: BSD-2-Clause */
/* Inbound IPsec: find the SA, open, look at what came out. */
#include "dp/dp_hot.h"
#include "pkt/group.h"
#include "wire/ip.h"
#include "xform/xform.h"

/* ESP begins with its SPI; AH has four bytes before it, IPComp two before its CPI of two. */
static inline rte_be32_t
spi_of(struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const uint8_t *hdr = rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l4_off);
	rte_be32_t spi_be;

	if (unlikely(meta->l4_proto == IPPROTO_IPCOMP))
		return rte_cpu_to_be_32(get16(hdr + 2));
	memcpy(&spi_be, hdr + (meta->l4_proto == IPPROTO_AH ? 4 : 0), sizeof(spi_be));
	return spi_be;
}

/* Destination port of the UDP header in front of ESP, 0 without one. */
static inline rte_be16_t
port_of(struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	rte_be16_t port_be = 0;

	if (unlikely((meta->flags & PKT_F_UDP) != 0))
		memcpy(&port_be, rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l4_off - 6), 2);
	return port_be;
}

/* The same of an SA: its template has the UDP header right before the place of ESP. */
static inline rte_be16_t
sa_port(const struct sa_rt *sa)
{
	rte_be16_t port_be = 0;

	if (unlikely((sa->opts & SA_RT_NATT) != 0))
		memcpy(&port_be, sa->hdr + sa->outer_len - 6, sizeof(port_be));
	return port_be;
}

static void
sad_key_init(struct sad_key *k, struct rte_mbuf *m, rte_be32_t spi_be)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l3_off);
	const bool v4 = meta->af == AF_INET;
	const size_t len = v4 ? 4 : 16;
	const uint8_t *src = ip + (v4 ? offsetof(struct ip4, src) : offsetof(struct ip6, src));

	memset(k, 0, sizeof(*k));
	k->spi_be = spi_be;
	k->proto = meta->l4_proto;
	k->af = meta->af;
	k->port_be = port_of(m);
	memcpy(k->dst, src + len, len);
	if (k->proto == IPPROTO_IPCOMP && rte_be_to_cpu_32(spi_be) < CPI_WELL_KNOWN)
		memcpy(k->src, src, len);
}

/* The SA says itself what it is called: its template holds SPI and destination. */
static inline bool
is_called(const struct sa_rt *sa, const struct pkt_meta *meta, const uint8_t *ip, rte_be32_t spi_be)
{
	const size_t dst4 = offsetof(struct ip4, dst), dst6 = offsetof(struct ip6, dst);

	if (sa->spi_be != spi_be || sa->outer_af != meta->af || sa->proto != meta->l4_proto)
		return false;
	if (likely(meta->af == AF_INET))
		return memcmp(ip + dst4, sa->hdr + dst4, 4) == 0;
	return memcmp(ip + dst6, sa->hdr + dst6, 16) == 0;
}

/* The shared hash costs some fifty cycles; an SPI seen in this generation costs a few. */
static inline struct sa_rt *
find_sa(struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l3_off);
	const rte_be32_t spi_be = spi_of(m);
	struct sad_key key;
	struct sa_slot *s = &w->sa_slot[rte_hash_crc_4byte(spi_be, w->seed) & (SA_SLOTS - 1)];

	if (likely(s->gen == w->snap->gen && is_called(s->sa, meta, ip, spi_be) &&
		    sa_port(s->sa) == port_of(m)))
		return s->sa;
	sad_key_init(&key, m, spi_be);
	/* An IPComp SA's own SPI is not what packets call it. */
	if (unlikely(meta->l4_proto == IPPROTO_IPCOMP))
		return sadtbl_lookup(w->snap, &key);
	s->sa = sadtbl_lookup(w->snap, &key);
	s->gen = s->sa != NULL ? w->snap->gen : 0;
	return s->sa;
}

/* Nobody's SPI: an attack or a peer with stale keys when we are addressed, else just traffic. */
static void
no_sa(struct worker *w, struct rte_mbuf *m)
{
	if (nh_kind(w, route_one(w, m)) == NH_LOCAL) {
		drop(&w->lane, m, DROP_SEC_NO_SA);
		return;
	}
	if ((pkt_meta(m)->flags & PKT_F_UDP) != 0)
		natt_undo(m);
	flow_add(w, m);
}

static inline bool
is_usable(const struct sa_rt *sa)
{
	const uint8_t state = atomic_load_explicit(&sa->state, memory_order_relaxed);

	return state == SA_MATURE || state == SA_DYING;
}

/* @return DROP_MAX when the protocol is switched on and the SA may be used, else why not */
static inline enum drop_reason
refusal(const struct worker *w, const struct sa_rt *sa)
{
	const enum drop_reason reason = proto_refusal(w, sa->proto);

	if (unlikely(!is_usable(sa)))
		return DROP_SEC_SA_STATE;
	return reason;
}

/* @return packets that have an SA, at the front of m */
static uint16_t
lookup(struct worker *w, struct rte_mbuf **m, uint16_t n)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct pkt_meta *meta = pkt_meta(m[i]);
		enum drop_reason reason;
		struct sa_rt *sa;

		if (unlikely(meta->l4_len < (meta->l4_proto == IPPROTO_IPCOMP ? 4 : 8))) {
			drop(&w->lane, m[i], DROP_SEC_SHORT);
			continue;
		}
		sa = find_sa(w, m[i]);
		if (unlikely(sa == NULL || sa->dir == DIR_OUT)) {
			no_sa(w, m[i]);
			continue;
		}
		reason = refusal(w, sa);
		if (unlikely(reason != PARSE_OK)) {
			drop(&w->lane, m[i], reason);
			continue;
		}
		rte_prefetch0(&sa->hdr);
		rte_prefetch0(&sa->seq);
		if (unlikely(meta->depth > 0))
			in_keep_history(w, m[i]);
		meta->sa = sa;
		m[kept++] = m[i];
	}
	return kept;
}

/*
 * What has no integrity of its own proves nothing, and without ipsec.allow_legacy there is no such SA.
 * Who has allowed it has said that it shall count; it ceases to count when the knob is taken back.
 */
static struct sa_proof
proof_of(const struct worker *w, const struct sa_rt *sa, bool as_tunnel)
{
	const bool v4 = sa->outer_af == AF_INET;
	const uint8_t *src = sa->hdr + (v4 ? offsetof(struct ip4, src) : offsetof(struct ip6, src));

	return (struct sa_proof){
		.proto = sa->proto,
		.mode = as_tunnel ? MODE_TUNNEL : MODE_TRANSPORT,
		.authenticated = sa->auth != 0 || w->snap->knobs.allow_legacy != 0,
		.reqid = sa->reqid,
		.src = addr_make(sa->outer_af, src),
		.dst = addr_make(sa->outer_af, src + (v4 ? 4 : 16)),
	};
}

void
in_keep_history(const struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);

	if ((meta->flags & PKT_F_IPIP) == 0)
		pkt_priv(m)->history[meta->depth - 1] =
			proof_of(w, meta->sa, (meta->flags & PKT_F_TUNNEL) != 0);
}

unsigned int
in_history(const struct worker *w, struct rte_mbuf *m, struct sa_proof out[NEST_MAX])
{
	const unsigned int n = pkt_meta(m)->depth;

	if (n > 0) {
		in_keep_history(w, m);
		memcpy(out, pkt_priv(m)->history, n * sizeof(out[0]));
	}
	return n;
}

/* Of what sort_parsed() looks at, an ordinary packet has nothing. */
static inline bool
is_plain(const struct worker *w, const struct pkt_meta *meta)
{
	return l4_kinds[meta->l4_proto] != L4_OTHER && (meta->flags & PKT_F_FRAG) == 0 &&
		!w->snap->has_natt;
}

/* Parse what an SA opened, and go on with it. */
static inline void
go_on(struct worker *w, struct rte_mbuf *m)
{
	/* In transport mode the packet is still the one that came in its frame. */
	const uint16_t stay = PKT_F_L2_GROUP | PKT_F_NO_CACHE;
	struct pkt_meta *meta = pkt_meta(m);
	const uint16_t flags = meta->flags;
	enum drop_reason reason = parse_family(
		m, (unsigned int)m->data_len - meta->l3_off, meta->af == AF_INET6, false);

	if (likely((flags & PKT_F_TUNNEL) != 0))
		meta->flags |= PKT_F_TUNNEL;
	else
		meta->flags |= flags & stay;
	if (unlikely(reason != PARSE_OK)) {
		drop(&w->lane, m, DROP_SEC_INNER);
		return;
	}
	if (unlikely((flags & PKT_F_TUNNEL) == 0) && ipip_is_ours(w, m)) {
		reason = ipip_open(w, m);
		if (reason != PARSE_OK) {
			drop(&w->lane, m, reason);
			return;
		}
	}
	if (unlikely(w->snap->knobs.mss_clamp != 0))
		mss_in(w, m);
	if (likely(is_plain(w, meta)))
		flow_add(w, m);
	else
		sort_parsed(w, m);
}

/* An engine may give back packets of several transforms at once. */
void
in_finish(struct worker *w, struct rte_mbuf **m, uint16_t n)
{
	uint16_t run, kept;

	for (uint16_t i = 0; i < n; i += run) {
		run = xform_run(m + i, n - i, false);
		kept = pkt_meta(m[i])->sa->xf->in_end(&w->lane, m + i, run);
		for (uint16_t k = 0; k < kept; k++)
			go_on(w, m[i + k]);
	}
}

static void
open_run(struct worker *w, struct rte_mbuf **m, uint16_t n, bool same)
{
	uint16_t done, run;

	n = pkt_meta(m[0])->sa->xf->in_begin(&w->lane, m, n);
	for (uint16_t i = 0; i < n; i += run) {
		const struct crypto_ops *ops = pkt_meta(m[i])->sa->crypto;

		run = engine_run(m + i, n - i, same);
		done = ops->submit(&w->lane, i, m + i, run);
		in_finish(w, m + i, done);
	}
}

void
in_vec(struct worker *w, struct pvec *in)
{
	struct rte_mbuf *m[PVEC_MAX];
	uint16_t n = lookup(w, in->m, in->n);
	uint16_t run;
	bool same;

	/* What comes out may go into the very vector that we empty. */
	memcpy(m, in->m, n * sizeof(*m));
	in->n = 0;
	same = group_by_sa(m, n);
	for (uint16_t i = 0; i < n; i += run) {
		run = xform_run(m + i, n - i, same);
		open_run(w, m + i, run, same);
	}
}
