/* SPDX-License-Identifier: BSD-2-Clause */
/* What travels between workers and control: why a packet was punted, how an injected one goes on. */
/* pkt_meta.kind carries it; the ring hands over ownership of the packet. */
#ifndef PKT_PUNT_H
#define PKT_PUNT_H

/**
 * Worker to control, pkt_meta.kind. in_if is always set; the frame begins at rte_pktmbuf_mtod() and is
 * one segment. A kind marked "counted" is already counted as a drop: control may answer with an ICMP
 * error and frees the packet. The others are now control's, which counts them if it drops them.
 */
enum punt_kind {
	PUNT_ARP, /* l3_off: ARP packet behind the Ethernet (and VLAN) header, meant for in_if */
	PUNT_LOCAL, /* IP packet for one of our addresses, or ND multicast; passed inbound policy; */
	/* l3_off, l4_off, l4_len, l4_proto, af are set, in_if is where the outermost packet came in */
	PUNT_RESOLVE, /* IP packet at l3_off, finished but for its Ethernet header; nh is a GLEAN or */
	/* PENDING next hop, out_if its interface: find the neighbour, then INJECT_ROUTED */
	PUNT_TTL, /* counted IP_TTL: time exceeded to the source */
	PUNT_TOO_BIG, /* counted IP_TOO_BIG: fragmentation needed, packet too big; MTU in pkt_meta.mtu */
	PUNT_NO_ROUTE, /* counted IP_NO_ROUTE: network unreachable */
};

/** Control to worker, pkt_meta.kind. */
enum inject_kind {
	INJECT_FRAME, /* whole Ethernet frame with its VLAN tag, for interface out_if: transmitted as is */
	INJECT_LOCAL, /* IP packet at offset 0 made by the gateway: outbound policy, route, transmit; */
	/* af is set, the worker parses the rest */
	INJECT_SECRET, /* as INJECT_LOCAL, but it quotes what came out of a tunnel: it leaves protected or */
	/* not at all */
	INJECT_ROUTED, /* IP packet at offset 0 that passed policy and IPsec before PUNT_RESOLVE: */
	/* route (again) and transmit; af is set */
};

#endif
