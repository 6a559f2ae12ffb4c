/* SPDX-License-Identifier: BSD-2-Clause */
/* From the wire to metadata: Ethernet, VLAN, IPv4, IPv6; and which way a packet goes first. */
#include "dp/parse.h"

#include <rte_byteorder.h>
#include <rte_ether.h>

#include "dp/dp_hot.h"
#include "dp/reass.h"

#define PREFETCH_AHEAD 4u

#define TYPE_IP4  RTE_BE16(RTE_ETHER_TYPE_IPV4)
#define TYPE_IP6  RTE_BE16(RTE_ETHER_TYPE_IPV6)
#define TYPE_ARP  RTE_BE16(RTE_ETHER_TYPE_ARP)
#define TYPE_VLAN RTE_BE16(RTE_ETHER_TYPE_VLAN)

/* Source routing lets a sender choose a way around policies; what is malformed is not guessed at. */
enum drop_reason
parse_options(const uint8_t *ip, unsigned int ihl)
{
	enum { EOL = 0, NOP = 1, LSRR = 0x83, SSRR = 0x89 };

	for (unsigned int i = sizeof(struct ip4), len; i < ihl; i += len) {
		if (ip[i] == EOL)
			break;
		len = 1;
		if (ip[i] == NOP)
			continue;
		if (ip[i] == LSRR || ip[i] == SSRR || i + 1 >= ihl)
			return DROP_IP_OPTIONS;
		len = ip[i + 1];
		if (len < 2 || i + len > ihl)
			return DROP_IP_OPTIONS;
	}
	return PARSE_OK;
}

/* Options, fragments, nonsense: what is not a plain header of 20 bytes. */
enum drop_reason
parse_odd4(const uint8_t *ip, unsigned int ihl, struct pkt_meta *meta)
{
	if (ip[0] >> 4 != 4)
		return DROP_IP_VERSION;
	if (ihl < sizeof(struct ip4))
		return DROP_IP_HLEN;
	if ((get16(ip + 6) & (IP4_MF | IP4_OFF_MASK)) != 0)
		meta->flags |= PKT_F_FRAG;
	if (ihl > sizeof(struct ip4))
		meta->flags |= PKT_F_NO_CACHE;
	return PARSE_OK;
}

enum drop_reason
parse_ip6(const uint8_t *ip, unsigned int avail, struct pkt_meta *meta)
{
	struct ip6_upper u = { .off = sizeof(struct ip6) };
	unsigned int total;

	if (unlikely(avail < sizeof(struct ip6)))
		return DROP_IP_SHORT;
	if (unlikely(ip[0] >> 4 != 6))
		return DROP_IP_VERSION;
	total = (unsigned int)sizeof(struct ip6) + get16(ip + 4);
	if (unlikely(total > avail))
		return DROP_IP_SHORT;
	u.proto = ip[6];
	if (u.proto != IPPROTO_TCP && u.proto != IPPROTO_UDP && u.proto != IPPROTO_ESP &&
		unlikely(ip6_find_upper(ip, total, &u) != 0))
		return DROP_IP_EXTHDR;
	meta->flags = u.is_frag ? PKT_F_FRAG : 0;
	pkt_set_proto(meta, AF_INET6, u.proto);
	meta->l4_off = (uint16_t)(meta->l3_off + u.off);
	meta->l4_len = (uint16_t)(total - u.off);
	return PARSE_OK;
}

enum drop_reason
parse_ip(struct rte_mbuf *m, unsigned int avail, bool csum_known_good)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, pkt_meta(m)->l3_off);

	if (unlikely(avail == 0))
		return DROP_IP_SHORT;
	return parse_family(m, avail, ip[0] >> 4 == 6, csum_known_good);
}

static uint8_t
find_iface(const struct portset *ps, uint8_t port, uint16_t vlan)
{
	for (uint8_t i = 0; i < ps->niface; i++) {
		if (ps->iface[i].port == port && ps->iface[i].vlan == vlan)
			return i;
	}
	return IFACE_NONE;
}

/* A frame is ours when it is addressed to the port, or to many. */
static inline bool
is_for_port(const uint8_t *frame, const struct eth_in *eth)
{
	uint64_t head; /* destination and two bytes of the source */

	memcpy(&head, frame, sizeof(head));
	return (frame[0] & 1) != 0 || ((head ^ eth->mac) & RTE_LE64(0xffffffffffff)) == 0;
}

/* Ethernet and VLAN header. Sets l3_off and in_if. @return PARSE_OK or the reason to drop */
static inline enum drop_reason
parse_l2(struct worker *w, struct rte_mbuf *m, uint16_t *type)
{
	struct pkt_meta *meta = pkt_meta(m);
	const struct eth_in *eth = &w->eth[m->port];
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);

	if (unlikely(m->data_len < 14))
		return DROP_L2_SHORT;
	if (unlikely(!is_for_port(frame, eth)))
		return DROP_L2_NOT_FOR_US;
	memcpy(type, frame + 12, sizeof(*type));
	meta->l3_off = 14;
	meta->in_if = eth->untagged;
	if (unlikely(*type == TYPE_VLAN)) {
		if (m->data_len < 18)
			return DROP_L2_SHORT;
		memcpy(type, frame + 16, sizeof(*type));
		meta->l3_off = 18;
		/* VLAN 0 is a priority tag on an untagged frame (802.1Q). */
		meta->in_if = find_iface(w->env.ports, eth->port, get16(frame + 14) & 0x0fff);
	}
	return unlikely(meta->in_if == IFACE_NONE) ? DROP_L2_VLAN : PARSE_OK;
}

static inline bool
csum_is_good(const struct rte_mbuf *m)
{
	return (m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_GOOD;
}

/* Not IP, or not for this pass. */
static __rte_noinline void
parse_other(struct worker *w, struct rte_mbuf *m, enum drop_reason reason, uint16_t type)
{
	if (reason == PARSE_OK && type == TYPE_ARP)
		punt(w, m, PUNT_ARP);
	else
		drop(&w->lane, m, reason == PARSE_OK ? DROP_L2_UNKNOWN_TYPE : reason);
}

/* UDP to a port that inbound SAs use. Most gateways have none. */
static inline bool
may_carry_esp(const struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);

	return unlikely(w->snap->has_natt) && meta->l4_proto == IPPROTO_UDP &&
		natt_is_port(w->snap,
			get16(rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l4_off + 2)));
}

/* To us: made whole first. The others are traffic like any other. */
static __rte_noinline void
sort_fragment(struct worker *w, struct rte_mbuf *m)
{
	if (nh_kind(w, route_one(w, m)) == NH_LOCAL)
		reass_take(w, m);
	else
		flow_add(w, m);
}

static __rte_always_inline void
sort(struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const uint8_t proto = meta->l4_proto;

	if (unlikely((meta->flags & PKT_F_FRAG) != 0))
		sort_fragment(w, m);
	else if (proto == IPPROTO_ESP || unlikely(proto == IPPROTO_AH || proto == IPPROTO_IPCOMP))
		pvec_add(&w->lane, &w->v.sec, m);
	else if (unlikely(may_carry_esp(w, m)))
		natt_sort(w, m);
	else if (unlikely(l4_kinds[proto] == L4_OTHER))
		ipip_sort(w, m);
	else
		flow_add(w, m);
}

static __rte_always_inline void
parse_one(struct worker *w, struct rte_mbuf *m)
{
	struct pkt_meta *meta = pkt_meta(m);
	enum drop_reason reason;
	uint16_t type = 0;

	meta->sa = NULL;
	meta->depth = 0;
	if (unlikely(m->nb_segs > 1) && rte_pktmbuf_linearize(m) != 0) {
		drop(&w->lane, m, DROP_RX_NOT_LINEAR);
		return;
	}
	reason = parse_l2(w, m, &type);
	if (unlikely(reason != PARSE_OK || (type != TYPE_IP4 && type != TYPE_IP6))) {
		parse_other(w, m, reason, type);
		return;
	}
	reason = parse_family(
		m, (unsigned int)m->data_len - meta->l3_off, type == TYPE_IP6, csum_is_good(m));
	if (unlikely(reason != PARSE_OK)) {
		drop(&w->lane, m, reason);
		return;
	}
	if (unlikely((rte_pktmbuf_mtod(m, const uint8_t *)[0] & 1) != 0))
		meta->flags |= PKT_F_L2_GROUP | PKT_F_NO_CACHE;
	sort(w, m);
}

void
sort_parsed(struct worker *w, struct rte_mbuf *m)
{
	sort(w, m);
}

void
parse_vec(struct worker *w, struct pvec *in)
{
	for (uint16_t i = 0; i < in->n; i++) {
		if (i + PREFETCH_AHEAD < in->n)
			rte_prefetch0(rte_pktmbuf_mtod(in->m[i + PREFETCH_AHEAD], const uint8_t *));
		if (likely(w->snap->ready))
			parse_one(w, in->m[i]);
		else
			drop(&w->lane, in->m[i], DROP_NOT_READY);
	}
	in->n = 0;
}
