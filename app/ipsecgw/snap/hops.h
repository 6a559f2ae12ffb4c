/* SPDX-License-Identifier: BSD-2-Clause */
/* Control-side state of routes and next hops. Private to snap/; control thread only. */
#ifndef SNAP_HOPS_H
#define SNAP_HOPS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/defs.h"
#include "base/err.h"
#include "snap/snap.h"

#define NH_TRANSIT 1u /* next hop of a route being written: punts, so that control looks again */

/** What control knows of a next hop besides what workers see. Row i belongs to nh[i]. */
struct nh_ctl {
	uint16_t refs; /* static routes through this neighbour */
	uint16_t next_free;
	bool is_used; /* allocated and not on its way through limbo */
	bool is_claimed; /* by snap_nbr_get() */
	bool is_routed; /* the exact host route of gw is this neighbour's own */
	bool is_connected; /* on-link prefix of an interface address */
};

/* fib.c */
WARN_UNUSED int
fib_init(struct snap *s, struct err *err);
void
fib_fini(struct snap *s);
/** Exact match of a prefix. @return next hop index or 0 */
uint16_t
fib_exact(const struct snap *s, const struct addr *to);
/** The next hop that host would have without its own host route, if it has one. */
uint16_t
fib_covering(const struct snap *s, const struct addr *host);
WARN_UNUSED int
fib_set(struct snap *s, const struct addr *to, uint16_t nh);
void
fib_unset(struct snap *s, const struct addr *to);

/* nh.c */
WARN_UNUSED int
nh_init(struct snap *s, struct err *err);
void
nh_fini(struct snap *s);
/** @return index or 0 when all are used */
uint16_t
nh_new(struct snap *s, enum nh_kind kind, uint8_t iface, const struct addr *gw);
/** Into limbo; nothing may route to it any more. */
void
nh_retire(struct snap *s, uint16_t i);
/** Out of limbo: free for reuse. */
void
nh_release(struct snap *s, const struct nexthop *nh);
/** True when the exact route to `to` is i's own host route. */
bool
nh_owns(const struct snap *s, uint16_t i, const struct addr *to);
/** Find or make the neighbour and count one static route through it. @return index or 0 */
uint16_t
nh_gateway_get(struct snap *s, const struct addr *gw, uint8_t iface);
void
nh_gateway_put(struct snap *s, uint16_t i);
/** A route to `to` came or went: put the host routes of neighbours inside it right. */
void
nh_sync_inside(struct snap *s, const struct addr *to);

#endif
