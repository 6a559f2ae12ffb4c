/* SPDX-License-Identifier: BSD-2-Clause */
/* Routes and neighbours of a struct snap: the control side of fib4, fib6 and nh. Part of snap.h. */
/* Control thread only. The tables are live: lookups see a change at once, caches after a commit. */
#ifndef SNAP_ROUTE_H
#define SNAP_ROUTE_H

#include <stdint.h>

#include <rte_ether.h>

#include "base/addr.h"
#include "base/defs.h"
#include "base/err.h"

struct nexthop;
struct snap;

/**
 * Add a static route. Its gateway gets a next hop at once, which stays while a route uses it.
 *
 * @param to   destination prefix; host bits are ignored
 * @param via  gateway address on iface, or NULL for on-link
 * @return 0; -EEXIST there is a route to that prefix; -EINVAL via is our own or of another family;
 *         -ENOSPC tables full
 */
WARN_UNUSED int
snap_route_add(struct snap *s, const struct addr *to, const struct addr *via, uint8_t iface,
	struct err *err);
/** Delete a static route. @return 0; -ENOENT no such route, or not a static one */
WARN_UNUSED int
snap_route_del(struct snap *s, const struct addr *to, struct err *err);
/** Addresses of all interfaces: local /32 and /128 routes and connected prefixes. */
WARN_UNUSED int
snap_add_connected(struct snap *s, struct err *err);

/** Longest match, as workers see it. @return next hop index, 0 = no route */
uint16_t
snap_route_lookup(const struct snap *s, const struct addr *dst);
const struct nexthop *
snap_nexthop(const struct snap *s, uint16_t nh);

/**
 * Make or find the next hop of a neighbour, and claim it until snap_nbr_del(). While the address is on
 * link there (or a gateway) and no static route says otherwise, it has a host route. Link-local
 * addresses have none: they mean another host on each interface.
 *
 * @return index, or 0: our own address, or no room
 */
uint16_t
snap_nbr_get(struct snap *s, const struct addr *gw, uint8_t iface);
/** Find without making or claiming. @return index or 0 */
uint16_t
snap_nbr_find(const struct snap *s, const struct addr *gw, uint8_t iface);
/** Set the neighbour's link address and make it reachable (in force at once). */
void
snap_nbr_set(struct snap *s, uint16_t nh, const struct rte_ether_addr *mac);
/** Back to pending: workers punt what goes there. */
void
snap_nbr_unset(struct snap *s, uint16_t nh);
/** Unset and give up the claim: the next hop goes, unless a static route uses it. */
void
snap_nbr_del(struct snap *s, uint16_t nh);

#endif
