/* SPDX-License-Identifier: BSD-2-Clause */
/* IP in IP to us: the uncompressed form of an IPComp tunnel, or what a peer's transport mode protected. */
#include "wire/ip.h"

#include "dp/dp_hot.h"
#include "ipsec/alg.h"
#include "ipsec/ecn.h"
#include "ipsec/tunnel.h"

bool
ipip_is_ours(struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);

	if (meta->l4_proto != IPPROTO_IPIP && meta->l4_proto != IPPROTO_IPV6)
		return false;
	return (meta->flags & (PKT_F_FRAG | PKT_F_TUNNEL)) == 0 && meta->depth > 0 &&
		nh_kind(w, route_one(w, m)) == NH_LOCAL;
}

/*
 * The inbound IPComp tunnel between these addresses: its peer sends what does not shrink as plain IP in IP
 * (RFC 3173 2.2). Found by the well-known CPI; a tunnel with a CPI of its own has nothing to be found by.
 */
static struct sa_rt *
comp_tunnel(struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const bool v4 = meta->af == AF_INET;
	const size_t len = v4 ? 4 : 16;
	const uint8_t *src = rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l3_off) +
		(v4 ? offsetof(struct ip4, src) : offsetof(struct ip6, src));
	struct sad_key key = { .spi_be = rte_cpu_to_be_32(alg_by_code(ALG_DEFLATE)->id),
		.proto = IPPROTO_IPCOMP,
		.af = meta->af };
	struct sa_rt *sa;

	memcpy(key.src, src, len);
	memcpy(key.dst, src + len, len);
	sa = sadtbl_lookup(w->snap, &key);
	if (sa == NULL || sa->dir != DIR_IN || sa->mode == MODE_TRANSPORT ||
		proto_refusal(w, IPPROTO_IPCOMP) != PARSE_OK)
		return NULL;
	return atomic_load_explicit(&sa->state, memory_order_relaxed) == SA_DEAD ? NULL : sa;
}

void
ipip_sort(struct worker *w, struct rte_mbuf *m)
{
	struct pkt_meta *meta = pkt_meta(m);
	enum drop_reason reason;

	if (meta->depth == 0 && (meta->l4_proto == IPPROTO_IPIP || meta->l4_proto == IPPROTO_IPV6))
		meta->sa = comp_tunnel(w, m);
	if (meta->depth > 0 || meta->sa == NULL) {
		flow_add(w, m);
		return;
	}
	reason = ipip_open(w, m);
	if (reason == PARSE_OK)
		sort_parsed(w, m);
	else
		drop(&w->lane, m, reason);
}

static struct sa_proof
proof_of(const uint8_t *ip, uint8_t af)
{
	const uint8_t *src =
		ip + (af == AF_INET ? offsetof(struct ip4, src) : offsetof(struct ip6, src));

	return (struct sa_proof){ .proto = IPPROTO_IPIP,
		.mode = MODE_TUNNEL,
		.src = addr_make(af, src),
		.dst = addr_make(af, src + (af == AF_INET ? 4 : 16)) };
}

/* As a tunnel is opened (wrap_in()): inner header, ECN; the spoof check comes with the addresses. */
enum drop_reason
ipip_open(struct worker *w, struct rte_mbuf *m)
{
	struct pkt_meta *meta = pkt_meta(m);
	const uint8_t *outer = rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l3_off);
	uint8_t *inner = rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l4_off);
	const bool v6 = meta->l4_proto == IPPROTO_IPV6;
	const uint8_t tos = tunnel_tos(outer, meta->af == AF_INET6);
	struct tunnel_rules rules;
	enum drop_reason reason;

	if (tunnel_inner_len(inner, meta->l4_len, v6) == 0)
		return DROP_SEC_INNER;
	if (meta->depth >= NEST_MAX)
		return DROP_SEC_NEST;
	tunnel_rules_init(&rules, w->lane.knobs);
	if ((tos & 3) != 0 && rules.ecn_in[v6] && !tunnel_ecn_decap(inner, v6, tos))
		return DROP_SEC_ECN;
	if (meta->depth > 0)
		in_keep_history(w, m);
	pkt_priv(m)->history[meta->depth++] = proof_of(outer, meta->af);
	meta->l3_off = meta->l4_off;
	reason = parse_family(m, (unsigned int)m->data_len - meta->l3_off, v6, false);
	meta->flags |= PKT_F_TUNNEL | PKT_F_IPIP;
	return reason == PARSE_OK ? PARSE_OK : DROP_SEC_INNER;
}
