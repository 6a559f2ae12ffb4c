/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets for the gateway itself, and the ICMP errors it sends as a router. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <rte_jhash.h>

#include "ctl/local_priv.h"
#include "pkt/punt.h"
#include "wire/nd.h"

#define VLAN_FRAME_OFF (RTE_ETHER_HDR_LEN + 4u)

/* Errors answer what others send: enough for traceroute and path MTU discovery, no amplifier. */
#define ICMP_PER_S    100u
#define ICMP_BURST    50u
#define ICMP_TO_PER_S 10u /* per destination prefix, /24 or /64 */
#define ICMP_TO_BURST 10u

static bool
is_link_local(const struct addr *a)
{
	return a->af == AF_INET6 && nd_is_link_local(a->b);
}

static bool
may_send(struct local *l, const struct addr *to)
{
	struct addr net = *to;
	struct tokens *row;

	net.plen = net.af == AF_INET6 ? 64 : 24;
	addr_mask(&net);
	row = &l->icmp_to[rte_jhash(net.b, sizeof(net.b), l->hash_seed) % ICMP_TO_MAX];
	/* The row first: a flood from one place must not use up what all share. */
	return tokens_take(row, ICMP_TO_PER_S, ICMP_TO_BURST, l->now_ms) &&
		tokens_take(&l->icmp_all, ICMP_PER_S, ICMP_BURST, l->now_ms);
}

/* A packet that came by a group frame was for many: never answered (RFC 1122 3.2.2). */
static bool
came_as_group_frame(struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);

	if (meta->kind == PUNT_RESOLVE || meta->depth > 0)
		return false;
	if (meta->l3_off != RTE_ETHER_HDR_LEN && meta->l3_off != VLAN_FRAME_OFF)
		return false;
	return (*rte_pktmbuf_mtod(m, const uint8_t *) & 1u) != 0;
}

/*
 * Which address an error comes from: the one that the packet was for if it was ours; else ours where
 * it came in (RFC 1812 4.3.2.4). What came out of a tunnel speaks of the inner network, and the answer
 * must fit a policy for that: then ours where the packet was to go.
 */
static bool
error_source(const struct local *l, struct rte_mbuf *m, const struct ippkt *k, struct addr *out)
{
	const struct pkt_meta *meta = pkt_meta(m);
	uint8_t iface = meta->in_if;
	uint16_t nh;

	if (us_anywhere(l, &k->dst)) {
		*out = k->dst;
		return true;
	}
	nh = snap_route_lookup(l->conf.snap, &k->dst);
	if (meta->depth > 0 && nh != 0)
		iface = snap_nexthop(l->conf.snap, nh)->iface;
	return us_error_source(l, iface, &k->src, out);
}

void
host_error(struct local *l, struct rte_mbuf *m, enum icmp_err what)
{
	struct rte_mbuf *e;
	struct ippkt k;
	struct addr us;
	struct wbuf w;

	if (!ippkt_get(m, &k) || !icmp_err_allowed(k.p, k.len, what) || came_as_group_frame(m))
		return;
	/* A link-local source cannot be routed to, one of ours needs no telling. */
	if (is_link_local(&k.src) || us_anywhere(l, &k.src) || us_is_broadcast(l, &k.src) ||
		us_is_broadcast(l, &k.dst))
		return;
	if (!error_source(l, m, &k, &us) || !may_send(l, &k.src))
		return;
	e = rte_pktmbuf_alloc(l->conf.pool);
	if (e == NULL)
		return;
	w = wbuf_make(rte_pktmbuf_mtod(e, void *), rte_pktmbuf_tailroom(e));
	*pkt_meta(e) =
		(struct pkt_meta){ .af = k.src.af, .in_if = IFACE_NONE, .flags = PKT_F_LOCAL_OUT };
	if (icmp_err_put(&w, what, us.b, pkt_meta(m)->mtu, rbuf_make(k.p, k.len)) != 0) {
		drop(l->conf.lane, e, DROP_OUT_NO_ROOM);
		return;
	}
	e->data_len = (uint16_t)wbuf_len(&w);
	e->pkt_len = e->data_len;
	/* It quotes the packet, and what was protected on its way here must not go back in clear. */
	local_inject(l, e, pkt_meta(m)->depth > 0 ? INJECT_SECRET : INJECT_LOCAL);
}

/* The same buffer as a packet of our own: nothing of how it came may stay with it. */
static void
reset(struct rte_mbuf *m, uint8_t af)
{
	m->ol_flags &= RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL;
	m->packet_type = 0;
	m->vlan_tci = 0;
	*pkt_meta(m) = (struct pkt_meta){ .af = af, .in_if = IFACE_NONE, .flags = PKT_F_LOCAL_OUT };
}

static void
trim_to(struct rte_mbuf *m, size_t len)
{
	m->data_len = (uint16_t)len;
	m->pkt_len = m->data_len;
}

/* A link-local host has no route: the answer goes back to the station that asked, as it came. */
static void
reply_to_station(struct local *l, struct rte_mbuf *m, size_t len)
{
	const uint16_t off = pkt_meta(m)->l3_off;
	const uint8_t iface = pkt_meta(m)->in_if;
	uint8_t *eth = rte_pktmbuf_mtod(m, uint8_t *);

	trim_to(m, off + len);
	memcpy(eth, eth + RTE_ETHER_ADDR_LEN, RTE_ETHER_ADDR_LEN);
	memcpy(eth + RTE_ETHER_ADDR_LEN, us_mac(l, iface), RTE_ETHER_ADDR_LEN);
	reset(m, AF_INET6);
	pkt_meta(m)->out_if = iface;
	local_inject(l, m, INJECT_FRAME);
}

static void
echo(struct local *l, struct rte_mbuf *m, const struct ippkt *k)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const bool is_link = is_link_local(&k->src) || is_link_local(&k->dst);
	const bool is_frame = meta->depth == 0 &&
		(meta->l3_off == RTE_ETHER_HDR_LEN || meta->l3_off == VLAN_FRAME_OFF);
	size_t len = k->len;
	int ret;

	if (is_link ? !is_frame || !us_on(l, meta->in_if, &k->dst) : !us_anywhere(l, &k->dst)) {
		drop(l->conf.lane, m, DROP_ICMP_IGNORED);
		return;
	}
	ret = us_is_broadcast(l, &k->src) ? -ENOMSG : icmp_echo_reply(k->p, &len);
	if (ret != 0) {
		drop(l->conf.lane, m, ret == -EBADMSG ? DROP_ICMP_MALFORMED : DROP_ICMP_IGNORED);
		return;
	}
	if (is_link) {
		reply_to_station(l, m, len);
		return;
	}
	(void)rte_pktmbuf_adj(m, meta->l3_off);
	trim_to(m, len);
	reset(m, k->src.af);
	local_inject(l, m, INJECT_LOCAL);
}

/* Somebody on the way says that packets of an SA are too large. @return false: not such a message */
static bool
path_mtu(struct local *l, struct rte_mbuf *m, const struct ippkt *k)
{
	const struct pkt_meta *meta = pkt_meta(m);
	struct pmtu_msg msg;
	const int ret = pmtu_parse(k->p, k->len, (size_t)(meta->l4_off - meta->l3_off), &msg);

	if (ret == -ENOMSG)
		return false;
	if (ret != 0)
		drop(l->conf.lane, m, DROP_ICMP_MALFORMED);
	else if (snap_knobs(l->conf.snap)->pmtu_learn == 0 || !us_anywhere(l, &k->dst) ||
		snap_pmtu_learn(l->conf.snap, &msg, l->now_ms) != 0)
		drop(l->conf.lane, m, DROP_ICMP_IGNORED);
	else
		rte_pktmbuf_free(m);
	return true;
}

static void
icmp6(struct local *l, struct rte_mbuf *m, const struct ippkt *k)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const size_t off = (size_t)(meta->l4_off - meta->l3_off);
	const uint8_t type = off < k->len ? k->p[off] : 0;

	if (type == ND_SOLICIT || type == ND_ADVERT)
		discover_nd(l, m, k);
	else if (!path_mtu(l, m, k))
		echo(l, m, k);
}

void
host_input(struct local *l, struct rte_mbuf *m)
{
	const uint8_t proto = pkt_meta(m)->l4_proto;
	struct ippkt k;

	if (!ippkt_get(m, &k)) {
		drop(l->conf.lane, m, DROP_IP_SHORT);
		return;
	}
	if (proto == IPPROTO_ICMP && k.src.af == AF_INET) {
		if (!path_mtu(l, m, &k))
			echo(l, m, &k);
		return;
	}
	if (proto == IPPROTO_ICMPV6 && k.src.af == AF_INET6) {
		icmp6(l, m, &k);
		return;
	}
	host_error(l, m,
		proto == IPPROTO_UDP || proto == IPPROTO_TCP ? ICMP_ERR_PORT : ICMP_ERR_PROTO);
	drop(l->conf.lane, m, DROP_IP_LOCAL);
}
