/* SPDX-License-Identifier: BSD-2-Clause */
/* Which addresses are ours, and which of them to speak with. */
#include <string.h>
#include <sys/socket.h>

#include "ctl/local_priv.h"
#include "wire/nd.h"

static const struct iface *
iface_of(const struct local *l, uint8_t iface)
{
	return iface < l->conf.ports->niface ? &l->conf.ports->iface[iface] : NULL;
}

static bool
is_link_local(const struct addr *a)
{
	return a->af == AF_INET6 && nd_is_link_local(a->b);
}

const struct rte_ether_addr *
us_mac(const struct local *l, uint8_t iface)
{
	return &l->conf.ports->port[l->conf.ports->iface[iface].port].mac;
}

bool
us_link_local(const struct local *l, uint8_t iface, struct addr *out)
{
	const struct iface *ifc = iface_of(l, iface);
	uint8_t b[16];

	for (unsigned int k = 0; ifc != NULL && k < ifc->naddr; k++) {
		if (ifc->addr[k].af != AF_INET6)
			continue;
		nd_link_local(us_mac(l, iface)->addr_bytes, b);
		*out = addr_make(AF_INET6, b);
		return true;
	}
	return false;
}

bool
us_on(const struct local *l, uint8_t iface, const struct addr *a)
{
	const struct iface *ifc = iface_of(l, iface);
	struct addr own;

	for (unsigned int k = 0; ifc != NULL && k < ifc->naddr; k++) {
		if (addr_eq(&ifc->addr[k], a))
			return true;
	}
	return is_link_local(a) && us_link_local(l, iface, &own) && addr_eq(&own, a);
}

bool
us_anywhere(const struct local *l, const struct addr *a)
{
	if (is_link_local(a))
		return false;
	for (uint8_t i = 0; i < l->conf.ports->niface; i++) {
		if (us_on(l, i, a))
			return true;
	}
	return false;
}

/* With 31 or 32 bits there is no broadcast address (RFC 3021). */
static bool
is_edge(const struct addr *prefix, const struct addr *a)
{
	struct addr low = *prefix;
	struct addr high;

	if (prefix->af != AF_INET || prefix->plen > 30 || !addr_in_prefix(prefix, a))
		return false;
	addr_mask(&low);
	high = low;
	for (unsigned int bit = prefix->plen; bit < 32; bit++)
		high.b[bit / 8] |= (uint8_t)(0x80u >> bit % 8);
	return addr_eq(&low, a) || addr_eq(&high, a);
}

bool
us_is_broadcast(const struct local *l, const struct addr *a)
{
	const struct portset *ps = l->conf.ports;

	for (uint8_t i = 0; a->af == AF_INET && i < ps->niface; i++) {
		for (unsigned int k = 0; k < ps->iface[i].naddr; k++) {
			if (is_edge(&ps->iface[i].addr[k], a))
				return true;
		}
	}
	return false;
}

bool
us_on_link(const struct local *l, uint8_t iface, const struct addr *a)
{
	const struct nexthop *nh;

	if (addr_is_any(a) || addr_is_multicast(a) || us_on(l, iface, a) || us_is_broadcast(l, a))
		return false;
	/* On every link there may be this address: only one that a route names is of interest. */
	if (is_link_local(a))
		return snap_nbr_find(l->conf.snap, a, iface) != 0;
	nh = snap_nexthop(l->conf.snap, snap_route_lookup(l->conf.snap, a));
	switch (atomic_load_explicit(&nh->kind, memory_order_relaxed)) {
	case NH_GLEAN:
		return nh->iface == iface;
	case NH_PENDING:
	case NH_REACHABLE:
		return nh->iface == iface && addr_eq(&nh->gw, a);
	default:
		return false;
	}
}

bool
us_asker(const struct local *l, uint8_t iface, const struct addr *target, struct addr *out)
{
	const struct iface *ifc = iface_of(l, iface);
	const struct addr *any = NULL;

	for (unsigned int k = 0; ifc != NULL && k < ifc->naddr; k++) {
		const struct addr *a = &ifc->addr[k];

		if (a->af == target->af && any == NULL)
			any = a;
		if (addr_in_prefix(a, target)) {
			any = a;
			break;
		}
	}
	if (any == NULL)
		return false;
	*out = *any;
	if (target->af == AF_INET6 && !addr_in_prefix(any, target))
		return us_link_local(l, iface, out);
	return true;
}

/* The first address of the family, or better the one in the prefix of dst. */
static const struct addr *
best_on(const struct iface *ifc, const struct addr *dst)
{
	const struct addr *best = NULL;

	for (unsigned int k = 0; k < ifc->naddr; k++) {
		const struct addr *a = &ifc->addr[k];

		if (a->af != dst->af || is_link_local(a))
			continue;
		if (addr_in_prefix(a, dst))
			return a;
		if (best == NULL)
			best = a;
	}
	return best;
}

bool
us_error_source(const struct local *l, uint8_t iface, const struct addr *dst, struct addr *out)
{
	const struct portset *ps = l->conf.ports;
	const struct iface *ifc = iface_of(l, iface);
	const struct addr *best = ifc != NULL ? best_on(ifc, dst) : NULL;

	for (uint8_t i = 0; best == NULL && i < ps->niface; i++)
		best = best_on(&ps->iface[i], dst);
	if (best != NULL)
		*out = *best;
	return best != NULL;
}
