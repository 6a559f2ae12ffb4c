/* SPDX-License-Identifier: BSD-2-Clause */
/* ARP and Neighbour Discovery frames that the gateway sends. Built from the pool and injected at once; */
/* an empty pool means none. Private to the local stack; control thread only. */
#ifndef CTL_FRAME_H
#define CTL_FRAME_H

#include <stdint.h>

#include <rte_ether.h>

#include "base/addr.h"
#include "wire/arp.h"

struct local;

/** Ask for a neighbour, its station alone when mac is not NULL. */
void
frame_ask(struct local *l, uint8_t iface, const struct addr *target,
	const struct rte_ether_addr *mac);
void
frame_arp_reply(struct local *l, uint8_t iface, const struct arp_msg *request);
/** Advertise target to one host; to all nodes when dst is NULL. */
void
frame_advertise(struct local *l, uint8_t iface, const struct addr *target, const struct addr *dst,
	const struct rte_ether_addr *mac);
void
frame_announce(struct local *l, uint8_t iface, const struct addr *a);

#endif
