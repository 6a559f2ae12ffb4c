/* SPDX-License-Identifier: BSD-2-Clause */
/* Ethernet frames that the gateway makes itself: ARP and Neighbour Discovery. */
#include "ctl/frame.h"

#include <string.h>
#include <sys/socket.h>

#include "ctl/local_priv.h"
#include "pkt/punt.h"
#include "wire/arp.h"
#include "wire/nd.h"

#define TYPE_ARP  0x0806u
#define TYPE_IP6  0x86ddu
#define TYPE_VLAN 0x8100u

static const struct rte_ether_addr broadcast = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };
static const uint8_t all_nodes[16] = { 0xff, 0x02, [15] = 1 };

static void
put16(struct wbuf *w, unsigned int v)
{
	const uint8_t b[2] = { (uint8_t)(v >> 8), (uint8_t)v };

	wbuf_copy(w, b, sizeof(b));
}

/* @return a new packet with its Ethernet header written, or NULL when the pool is empty: then the */
/* caller gives up, and whoever waits will ask again */
static struct rte_mbuf *
begin(struct local *l, uint8_t iface, const struct rte_ether_addr *dst, unsigned int type,
	struct wbuf *w)
{
	const struct iface *ifc = &l->conf.ports->iface[iface];
	struct rte_mbuf *m = rte_pktmbuf_alloc(l->conf.pool);

	if (m == NULL)
		return NULL;
	*pkt_meta(m) =
		(struct pkt_meta){ .in_if = IFACE_NONE, .out_if = iface, .flags = PKT_F_LOCAL_OUT };
	*w = wbuf_make(rte_pktmbuf_mtod(m, void *), rte_pktmbuf_tailroom(m));
	wbuf_copy(w, dst->addr_bytes, 6);
	wbuf_copy(w, us_mac(l, iface)->addr_bytes, 6);
	if (ifc->vlan != 0) {
		put16(w, TYPE_VLAN);
		put16(w, ifc->vlan);
	}
	put16(w, type);
	return m;
}

static void
finish(struct local *l, struct rte_mbuf *m, const struct wbuf *w)
{
	if (w->overflow) {
		drop(l->conf.lane, m, DROP_OUT_NO_ROOM);
		return;
	}
	m->data_len = (uint16_t)wbuf_len(w);
	m->pkt_len = m->data_len;
	local_inject(l, m, INJECT_FRAME);
}

static void
send_arp(
	struct local *l, uint8_t iface, const struct rte_ether_addr *dst, const struct arp_msg *msg)
{
	struct wbuf w;
	struct rte_mbuf *m = begin(l, iface, dst, TYPE_ARP, &w);

	if (m == NULL)
		return;
	arp_put(&w, msg);
	finish(l, m, &w);
}

static void
send_nd(struct local *l, uint8_t iface, const struct rte_ether_addr *dst, const struct nd_msg *msg)
{
	struct wbuf w;
	struct rte_mbuf *m = begin(l, iface, dst, TYPE_IP6, &w);

	if (m == NULL)
		return;
	nd_put(&w, msg);
	finish(l, m, &w);
}

static void
ask4(struct local *l, uint8_t iface, const struct addr *target, const struct rte_ether_addr *mac)
{
	struct arp_msg msg = { .op = ARP_REQUEST };
	struct addr us;

	if (!us_asker(l, iface, target, &us))
		return;
	memcpy(msg.sender_mac, us_mac(l, iface), 6);
	memcpy(msg.sender_ip, us.b, 4);
	memcpy(msg.target_ip, target->b, 4);
	send_arp(l, iface, mac != NULL ? mac : &broadcast, &msg);
}

static void
ask6(struct local *l, uint8_t iface, const struct addr *target, const struct rte_ether_addr *mac)
{
	struct nd_msg msg = { .type = ND_SOLICIT, .has_mac = true };
	struct rte_ether_addr group;
	struct addr us;

	if (!us_asker(l, iface, target, &us))
		return;
	memcpy(msg.mac, us_mac(l, iface), 6);
	memcpy(msg.src, us.b, 16);
	memcpy(msg.target, target->b, 16);
	if (mac != NULL) {
		memcpy(msg.dst, target->b, 16);
	} else {
		nd_solicited_node(target->b, msg.dst);
		nd_multicast_mac(msg.dst, group.addr_bytes);
		mac = &group;
	}
	send_nd(l, iface, mac, &msg);
}

void
frame_ask(
	struct local *l, uint8_t iface, const struct addr *target, const struct rte_ether_addr *mac)
{
	if (target->af == AF_INET)
		ask4(l, iface, target, mac);
	else
		ask6(l, iface, target, mac);
}

void
frame_arp_reply(struct local *l, uint8_t iface, const struct arp_msg *request)
{
	struct arp_msg msg = { .op = ARP_REPLY };
	struct rte_ether_addr dst;

	memcpy(dst.addr_bytes, request->sender_mac, 6);
	memcpy(msg.sender_mac, us_mac(l, iface), 6);
	memcpy(msg.sender_ip, request->target_ip, 4);
	memcpy(msg.target_mac, request->sender_mac, 6);
	memcpy(msg.target_ip, request->sender_ip, 4);
	send_arp(l, iface, &dst, &msg);
}

/* We forward, so the router flag; our address is ours alone, so override (RFC 4861 7.2.4). */
void
frame_advertise(struct local *l, uint8_t iface, const struct addr *target, const struct addr *dst,
	const struct rte_ether_addr *mac)
{
	struct nd_msg msg = {
		.type = ND_ADVERT, .is_router = true, .is_override = true, .has_mac = true
	};
	struct rte_ether_addr group;

	memcpy(msg.mac, us_mac(l, iface), 6);
	memcpy(msg.src, target->b, 16);
	memcpy(msg.target, target->b, 16);
	if (dst != NULL) {
		msg.is_solicited = true;
		memcpy(msg.dst, dst->b, 16);
	} else {
		memcpy(msg.dst, all_nodes, 16);
		nd_multicast_mac(all_nodes, group.addr_bytes);
		mac = &group;
	}
	send_nd(l, iface, mac, &msg);
}

void
frame_announce(struct local *l, uint8_t iface, const struct addr *a)
{
	/* RFC 5227 3: an announcement is a request for one's own address. */
	struct arp_msg msg = { .op = ARP_REQUEST };

	if (a->af == AF_INET6) {
		frame_advertise(l, iface, a, NULL, NULL);
		return;
	}
	memcpy(msg.sender_mac, us_mac(l, iface), 6);
	memcpy(msg.sender_ip, a->b, 4);
	memcpy(msg.target_ip, a->b, 4);
	send_arp(l, iface, &broadcast, &msg);
}
