/* SPDX-License-Identifier: BSD-2-Clause */
/* What the flow cache does not know: may the packet be here, where does it go, must it be protected. */
#include <netinet/icmp6.h>

#include <rte_byteorder.h>

#include "dp/dp_hot.h"
#include "dp/reass.h"
#include "wire/ip.h"

/*
 * RFC 4301 5.2 and 5.1 for a router, for each packet:
 *  1. neighbour discovery and other link-local ICMPv6 go to control: policies must not cut the link off;
 *  2. addresses that have no business on a wire are dropped;
 *  3. inbound policy by the packet as it is now: what opened it must satisfy what the policy asks for;
 *  4. what is for us goes to control; the rest loses a hop and needs a route;
 *  5. outbound policy: discard, clear, or protect; and the flow cache learns.
 * The policy of a fragment is found by an exact walk, because only its first one shows ports.
 */

/* Stands for "cannot be decided" where a policy would stand. */
static struct sp_rt undecided;

struct batch {
	uint16_t n;
	struct rte_mbuf *m[PVEC_MAX];
	struct sp_rt *sp_in[PVEC_MAX];
	struct sp_rt *sp_out[PVEC_MAX];
};

static inline const uint8_t *
ip_of(struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, const uint8_t *, pkt_meta(m)->l3_off);
}

static inline const uint8_t *
src_of(struct rte_mbuf *m)
{
	return ip_of(m) +
		(pkt_meta(m)->af == AF_INET ? offsetof(struct ip4, src) :
					      offsetof(struct ip6, src));
}

static inline const uint8_t *
dst_of(struct rte_mbuf *m)
{
	return ip_of(m) +
		(pkt_meta(m)->af == AF_INET ? offsetof(struct ip4, dst) :
					      offsetof(struct ip6, dst));
}

uint16_t
route_addr(const struct worker *w, uint8_t af, const uint8_t *dst)
{
	uint64_t nh = NH_NONE;

	if (af == AF_INET) {
		uint32_t ip;

		memcpy(&ip, dst, sizeof(ip));
		ip = rte_be_to_cpu_32(ip);
		(void)rte_fib_lookup_bulk(w->snap->fib4, &ip, &nh, 1);
	} else {
		uint8_t ip[1][RTE_FIB6_IPV6_ADDR_SIZE];

		memcpy(ip[0], dst, sizeof(ip[0]));
		(void)rte_fib6_lookup_bulk(w->snap->fib6, ip, &nh, 1);
	}
	return (uint16_t)nh;
}

uint16_t
route_one(const struct worker *w, struct rte_mbuf *m)
{
	return route_addr(w, pkt_meta(m)->af, dst_of(m));
}

/* ---- 1 and 2: addresses ---- */

static inline bool
is_link_local6(const uint8_t *a)
{
	return a[0] == 0xfe && (a[1] & 0xc0) == 0x80;
}

static bool
is_bad6(const uint8_t *a)
{
	static const uint8_t low[16], mapped[12] = { [10] = 0xff, [11] = 0xff };

	/* ::, ::1 and IPv4-mapped addresses never leave a host (RFC 4291 2.5). */
	return (memcmp(a, low, 15) == 0 && a[15] <= 1) || memcmp(a, mapped, sizeof(mapped)) == 0;
}

static bool
is_bad4(const uint8_t *a)
{
	return a[0] == 0 || a[0] == 127;
}

/* @return PARSE_OK or the reason to drop; sources that are our own are somebody else's lie */
static enum drop_reason
check_addrs(const struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const uint8_t *src = src_of(m), *dst = dst_of(m);

	if (meta->af == AF_INET) {
		if (is_bad4(src) || src[0] >= 224 || is_bad4(dst))
			return DROP_IP_BAD_ADDR;
		if (dst[0] >= 224)
			return DROP_IP_MULTICAST;
	} else {
		if (is_bad6(src) || src[0] == 0xff || is_bad6(dst) || is_link_local6(src))
			return DROP_IP_BAD_ADDR;
		if (dst[0] == 0xff)
			return DROP_IP_MULTICAST;
		if (is_link_local6(dst))
			return DROP_IP_LOCAL;
	}
	/* RFC 1812 5.3.4: what was sent to everybody on the link is nobody's to forward. */
	if ((meta->flags & PKT_F_L2_GROUP) != 0)
		return DROP_L2_GROUP;
	if ((meta->flags & PKT_F_LOCAL_OUT) != 0 ||
		nh_kind(w, route_addr(w, meta->af, src)) != NH_LOCAL)
		return PARSE_OK;
	if (meta->depth == 0)
		return DROP_IP_BAD_ADDR;
	return w->snap->knobs.ipip_spoofcheck ? DROP_SEC_SPOOF : PARSE_OK;
}

/* Messages of the link itself: to multicast or link-local addresses, or neighbour discovery proper. */
static bool
is_link_icmp6(struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const uint8_t *dst;
	uint8_t type;

	if (meta->af != AF_INET6 || meta->l4_proto != IPPROTO_ICMPV6 || meta->depth != 0 ||
		(meta->flags & (PKT_F_FRAG | PKT_F_LOCAL_OUT)) != 0)
		return false;
	dst = dst_of(m);
	if ((dst[0] == 0xff && (dst[1] & 0x0f) == 2) || is_link_local6(dst))
		return true;
	type = *rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l4_off);
	/* Hop limit 255 proves that no router forwarded it (RFC 4861 11.2). */
	return type >= ND_ROUTER_SOLICIT && type <= ND_REDIRECT && ip_of(m)[7] == 255;
}

/* ---- classification ---- */

static void
put_key4(struct key4 *k, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);

	k->proto = meta->l4_proto;
	memcpy(&k->src_be, src_of(m), 4);
	memcpy(&k->dst_be, dst_of(m), 4);
	memcpy(&k->sport_be, &meta->ports_be, 4);
}

static void
put_key6(struct key6 *k, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);

	k->proto = meta->l4_proto;
	memcpy(k->src, src_of(m), sizeof(k->src));
	memcpy(k->dst, dst_of(m), sizeof(k->dst));
	memcpy(&k->sport_be, &meta->ports_be, 4);
}

/* A fragment may begin with extension headers; the protocol behind them is then in one piece only. */
static bool
hides_proto(const struct pkt_meta *meta)
{
	return meta->af == AF_INET6 &&
		(meta->l4_proto == IPPROTO_HOPOPTS || meta->l4_proto == IPPROTO_ROUTING ||
			meta->l4_proto == IPPROTO_DSTOPTS || meta->l4_proto == IPPROTO_FRAGMENT);
}

/* First match by position. Ports, and a hidden protocol, are asked for where a policy wants to know. */
static struct sp_rt *
walk_fragment(struct worker *w, enum sp_dir dir, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	bool hidden = hides_proto(meta);
	struct selector_pkt p = { .src = addr_make(meta->af, src_of(m)),
		.dst = addr_make(meta->af, dst_of(m)),
		.proto = meta->l4_proto };

	for (uint32_t i = 0; i < w->snap->norder[dir]; i++) {
		struct sp_rt *sp = w->snap->order[dir][i];
		const struct selector *s = &sp->sel;

		if ((s->proto != ULPROTO_ANY && s->proto != p.proto && !hidden) ||
			!addr_in_prefix(&s->src, &p.src) || !addr_in_prefix(&s->dst, &p.dst))
			continue;
		if (!p.has_ports &&
			(s->src.port_be != 0 || s->dst.port_be != 0 ||
				(hidden && s->proto != ULPROTO_ANY))) {
			if (!vfrag_ports(w, m, &p))
				return &undecided;
			hidden = false;
		}
		if (selector_match(s, &p))
			return sp;
	}
	return NULL;
}

/* One family of a batch through its compiled policies. NULL context: none exist, all stay NULL. */
static void
classify_af(const struct worker *w, enum sp_dir dir, const struct batch *b, uint8_t af,
	struct sp_rt **sp)
{
	const struct rte_acl_ctx *acl = w->snap->acl[dir][af == AF_INET6];
	union {
		struct key4 k4;
		struct key6 k6;
	} key[PVEC_MAX];
	const uint8_t *data[PVEC_MAX];
	uint32_t result[PVEC_MAX];
	uint16_t idx[PVEC_MAX], n = 0;
	bool failed;

	for (uint16_t i = 0; acl != NULL && i < b->n; i++) {
		const struct pkt_meta *meta = pkt_meta(b->m[i]);

		if (meta->af != af || (meta->flags & PKT_F_FRAG) != 0)
			continue;
		if (af == AF_INET)
			put_key4(&key[n].k4, b->m[i]);
		else
			put_key6(&key[n].k6, b->m[i]);
		data[n] = (const uint8_t *)&key[n];
		idx[n++] = i;
	}
	if (n == 0)
		return;
	/* It has no reason to fail; but if it did, no answer would look like "no policy". */
	failed = rte_acl_classify(acl, data, result, n, 1) != 0;
	for (uint16_t i = 0; i < n; i++) {
		if (unlikely(failed))
			sp[idx[i]] = &undecided;
		else
			sp[idx[i]] = result[i] == 0 ? NULL : w->snap->sp[result[i] - 1];
	}
}

static void
classify(struct worker *w, enum sp_dir dir, const struct batch *b, struct sp_rt **sp)
{
	const bool asked = likely(w->snap->knobs.enabled != 0);

	for (uint16_t i = 0; i < b->n; i++) {
		sp[i] = NULL;
		if (unlikely(asked && (pkt_meta(b->m[i])->flags & PKT_F_FRAG) != 0))
			sp[i] = walk_fragment(w, dir, b->m[i]);
	}
	if (!asked)
		return;
	classify_af(w, dir, b, AF_INET, sp);
	classify_af(w, dir, b, AF_INET6, sp);
}

/* ---- 3: the inbound check ---- */

static bool
is_protected_as(const struct worker *w, struct rte_mbuf *m, struct sp_rt *sp)
{
	struct sa_proof proof[NEST_MAX];
	struct history_want want[SP_REQ_MAX];
	const unsigned int n = in_history(w, m, proof);

	for (unsigned int i = 0; i < sp->nreq; i++) {
		want[i].req = &sp->step[i].req;
		want[i].level = atomic_load_explicit(&sp->step[i].level, memory_order_relaxed);
	}
	return history_satisfies(proof, n, want, sp->nreq);
}

/*
 * What a packet that no policy matches may do (RFC 4301 wants discard; NetBSD's default is none). With
 * net.inet.ipsec.enabled 0 policies are not asked at all; 1 and 2 are the same here, for a gateway
 * whose default is discard shall not be open until it has its first policy.
 */
static bool
default_lets_pass(const struct worker *w, uint8_t af)
{
	if (unlikely(w->snap->knobs.enabled == 0))
		return true;
	return w->snap->knobs.af[af == AF_INET6 ? KNOBS_V6 : KNOBS_V4].def_policy == SP_NONE;
}

/* RFC 4301 5.2: what a tunnel of a policy carries must be what some policy speaks of. */
static bool
is_stray(const struct worker *w, const struct pkt_meta *meta)
{
	return (meta->flags & (PKT_F_TUNNEL | PKT_F_IPIP)) == PKT_F_TUNNEL && meta->depth > 0 &&
		w->snap->knobs.enabled != 0 &&
		atomic_load_explicit(&meta->sa->bound, memory_order_relaxed) != 0;
}

static enum drop_reason
check_in(const struct worker *w, struct rte_mbuf *m, struct sp_rt *sp)
{
	if (sp == &undecided)
		return DROP_FRAG_PORTS;
	if (sp == NULL && is_stray(w, pkt_meta(m)))
		return DROP_SEC_SELECTOR;
	if (sp == NULL)
		return default_lets_pass(w, pkt_meta(m)->af) ? PARSE_OK : DROP_POLICY_IN;
	if (sp->action == SP_NONE || (sp->action == SP_IPSEC && is_protected_as(w, m, sp)))
		return PARSE_OK;
	return DROP_POLICY_IN;
}

/* Steps 1 to 3. Compacts the batch to what may go on. */
static void
admit(struct worker *w, struct batch *b)
{
	uint16_t n = 0;

	for (uint16_t i = 0; i < b->n; i++) {
		enum drop_reason reason;

		if (unlikely(is_link_icmp6(b->m[i]))) {
			punt(w, b->m[i], PUNT_LOCAL);
			continue;
		}
		reason = check_addrs(w, b->m[i]);
		if (reason == PARSE_OK)
			b->m[n++] = b->m[i];
		else
			drop(&w->lane, b->m[i], reason);
	}
	b->n = n;
	classify(w, DIR_IN, b, b->sp_in);
	n = 0;
	for (uint16_t i = 0; i < b->n; i++) {
		const bool local = (pkt_meta(b->m[i])->flags & PKT_F_LOCAL_OUT) != 0;
		const enum drop_reason reason =
			local ? PARSE_OK : check_in(w, b->m[i], b->sp_in[i]);

		if (reason != PARSE_OK) {
			drop(&w->lane, b->m[i], reason);
			continue;
		}
		b->sp_in[n] = local ? NULL : b->sp_in[i];
		b->m[n++] = b->m[i];
	}
	b->n = n;
}

/* ---- 4: where to ---- */

/* @return true when the packet goes on to the outbound policy */
static bool
route(struct worker *w, struct rte_mbuf *m, struct sp_rt *sp_in)
{
	struct pkt_meta *meta = pkt_meta(m);
	enum nh_kind kind;

	meta->nh = route_one(w, m);
	kind = nh_kind(w, meta->nh);
	if (sp_in != NULL)
		sp_count(&w->lane, sp_in, 1, ip_len(meta));
	if (kind == NH_LOCAL) {
		punt(w, m, PUNT_LOCAL);
		return false;
	}
	if ((meta->flags & PKT_F_LOCAL_OUT) == 0 && !ttl_step(m)) {
		punt_drop(w, m, DROP_IP_TTL, PUNT_TTL);
		return false;
	}
	return true;
}

static void
route_batch(struct worker *w, struct batch *b)
{
	uint16_t n = 0;

	for (uint16_t i = 0; i < b->n; i++) {
		if (!route(w, b->m[i], b->sp_in[i]))
			continue;
		b->sp_in[n] = b->sp_in[i];
		b->m[n++] = b->m[i];
	}
	b->n = n;
}

/* ---- 5: the outbound policy ---- */

static void
send_by_policy(struct worker *w, struct rte_mbuf *m, struct sp_rt *sp_in, struct sp_rt *sp)
{
	struct pkt_meta *meta = pkt_meta(m);

	if (sp == &undecided) {
		drop(&w->lane, m, DROP_FRAG_PORTS);
		return;
	}
	if (sp == NULL ? !default_lets_pass(w, meta->af) : sp->action == SP_DISCARD) {
		drop(&w->lane, m, DROP_POLICY_OUT);
		return;
	}
	if (sp == NULL || sp->action != SP_IPSEC) {
		if (is_secret(meta)) {
			drop(&w->lane, m, DROP_POLICY_OUT);
			return;
		}
		if (nh_kind(w, meta->nh) == NH_NONE) {
			punt_drop(w, m, DROP_IP_NO_ROUTE, PUNT_NO_ROUTE);
			return;
		}
		/* An on-link prefix gives way to a host route without a new snapshot. */
		if (nh_kind(w, meta->nh) != NH_GLEAN)
			flow_learn(w, m, sp_in, sp);
		if (sp != NULL)
			sp_count(&w->lane, sp, 1, ip_len(meta));
		pvec_add(&w->lane, &w->v.tx, m);
		return;
	}
	flow_learn(w, m, sp_in, sp);
	sp_count(&w->lane, sp, 1, ip_len(meta));
	meta->sa = NULL;
	meta->sp_ref = sp_rt_ref(sp);
	meta->step = 0;
	pvec_add(&w->lane, &w->v.out, m);
}

void
policy_vec(struct worker *w, struct pvec *in)
{
	struct batch b = { .n = in->n };

	memcpy(b.m, in->m, in->n * sizeof(b.m[0]));
	in->n = 0;
	admit(w, &b);
	route_batch(w, &b);
	classify(w, DIR_OUT, &b, b.sp_out);
	for (uint16_t i = 0; i < b.n; i++)
		send_by_policy(w, b.m[i], b.sp_in[i], b.sp_out[i]);
}
