/* SPDX-License-Identifier: BSD-2-Clause */
/* IP in IP to us that transport mode protected: the uncompressed form of an IPComp tunnel, or a peer's. */
#include "wire/ip.h"

#include "dp/dp_hot.h"
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
	in_keep_history(w, m);
	pkt_priv(m)->history[meta->depth++] = proof_of(outer, meta->af);
	meta->l3_off = meta->l4_off;
	reason = parse_family(m, (unsigned int)m->data_len - meta->l3_off, v6, false);
	meta->flags |= PKT_F_TUNNEL | PKT_F_IPIP;
	return reason == PARSE_OK ? PARSE_OK : DROP_SEC_INNER;
}
