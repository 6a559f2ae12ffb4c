/* SPDX-License-Identifier: BSD-2-Clause */
/* ARP and Neighbour Discovery as they come in: answer for our addresses, learn from who speaks to us. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "ctl/frame.h"
#include "ctl/local_priv.h"
#include "wire/arp.h"
#include "wire/nd.h"

/* Another station claims our address: nothing can be repaired here, but somebody must know. */
static void
conflict(struct local *l, uint8_t iface, const struct addr *a, const uint8_t mac[6])
{
	char text[ADDR_STRLEN];

	if (memcmp(mac, us_mac(l, iface), 6) == 0 || !log_limit_ok(&l->conflict, l->now_ms))
		return; /* the former is our own frame, come back to us */
	log_warn("%s: our address %s is also used by %02x:%02x:%02x:%02x:%02x:%02x",
		l->conf.ports->iface[iface].name, addr_str(a, text), mac[0], mac[1], mac[2], mac[3],
		mac[4], mac[5]);
}

static void
arp_in(struct local *l, uint8_t iface, const struct arp_msg *msg)
{
	const struct addr sender = addr_make(AF_INET, msg->sender_ip);
	const struct addr target = addr_make(AF_INET, msg->target_ip);
	const bool is_to_us = us_on(l, iface, &target);
	const bool is_request = msg->op == ARP_REQUEST;
	struct rte_ether_addr mac;
	struct heard h = { .addr = sender, .mac = &mac, .iface = iface, .may_replace = true };

	memcpy(mac.addr_bytes, msg->sender_mac, 6);
	if (us_on(l, iface, &sender)) {
		conflict(l, iface, &sender, msg->sender_mac);
		return;
	}
	if (memcmp(msg->sender_mac, us_mac(l, iface), 6) == 0)
		return;
	if (is_request && is_to_us)
		frame_arp_reply(l, iface, msg);
	/* Talk between others is no news for us, but "I am here" is, if we know the host (RFC 5227). */
	if (is_request && !is_to_us && !addr_eq(&sender, &target))
		return;
	if (!us_on_link(l, iface, &sender))
		return;
	h.may_create = is_request && is_to_us;
	h.confirms = is_to_us;
	nbr_heard(l, &h);
}

void
discover_arp(struct local *l, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const size_t off = meta->l3_off;
	struct arp_msg msg;

	if (meta->in_if >= l->conf.ports->niface || off > m->data_len ||
		arp_parse(rte_pktmbuf_mtod_offset(m, void *, off), m->data_len - off, &msg) != 0) {
		drop(l->conf.lane, m, DROP_ARP_MALFORMED);
		return;
	}
	arp_in(l, meta->in_if, &msg);
	rte_pktmbuf_free(m);
}

static void
solicited(struct local *l, uint8_t iface, const struct nd_msg *msg,
	const struct rte_ether_addr *station)
{
	const struct addr src = addr_make(AF_INET6, msg->src);
	const struct addr target = addr_make(AF_INET6, msg->target);
	struct rte_ether_addr mac = *station;
	struct heard h = { .addr = src, .mac = &mac, .iface = iface, .may_create = true };

	/* Somebody tries our address: all nodes must hear that it is taken (RFC 4862 5.4.3). */
	if (addr_is_any(&src)) {
		frame_advertise(l, iface, &target, NULL, NULL);
		return;
	}
	if (us_on(l, iface, &src)) {
		conflict(l, iface, &src, msg->has_mac ? msg->mac : station->addr_bytes);
		return;
	}
	if (msg->has_mac)
		memcpy(mac.addr_bytes, msg->mac, 6);
	frame_advertise(l, iface, &target, &src, &mac);
	if (!msg->has_mac || !us_on_link(l, iface, &src))
		return;
	h.may_replace = true;
	h.confirms = true;
	nbr_heard(l, &h);
}

static void
advertised(struct local *l, uint8_t iface, const struct nd_msg *msg,
	const struct rte_ether_addr *station)
{
	const struct addr target = addr_make(AF_INET6, msg->target);
	struct rte_ether_addr mac;
	struct heard h = { .addr = target, .iface = iface };

	if (us_on(l, iface, &target)) {
		conflict(l, iface, &target, msg->has_mac ? msg->mac : station->addr_bytes);
		return;
	}
	memcpy(mac.addr_bytes, msg->mac, 6);
	if (msg->has_mac)
		h.mac = &mac;
	h.may_replace = msg->is_override;
	h.confirms = msg->is_solicited;
	nbr_heard(l, &h);
}

void
discover_nd(struct local *l, struct rte_mbuf *m, const struct ippkt *k)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const uint8_t iface = meta->in_if;
	struct rte_ether_addr station;
	struct nd_msg msg;
	struct addr target;

	/* A tunnel is no link: what came out of one speaks for no station here. */
	if (meta->depth > 0 || meta->l3_off < RTE_ETHER_HDR_LEN || iface >= l->conf.ports->niface) {
		drop(l->conf.lane, m, DROP_ICMP_IGNORED);
		return;
	}
	if (nd_parse(k->p, k->len, (size_t)(meta->l4_off - meta->l3_off), &msg) != 0) {
		drop(l->conf.lane, m, DROP_ICMP_MALFORMED);
		return;
	}
	memcpy(&station, rte_pktmbuf_mtod_offset(m, void *, RTE_ETHER_ADDR_LEN), sizeof(station));
	target = addr_make(AF_INET6, msg.target);
	if (msg.type == ND_SOLICIT && !us_on(l, iface, &target)) {
		drop(l->conf.lane, m, DROP_ICMP_IGNORED);
		return;
	}
	if (msg.type == ND_SOLICIT)
		solicited(l, iface, &msg, &station);
	else
		advertised(l, iface, &msg, &station);
	rte_pktmbuf_free(m);
}
