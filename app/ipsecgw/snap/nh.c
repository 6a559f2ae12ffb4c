/* SPDX-License-Identifier: BSD-2-Clause */
/* Next hops: slots that workers index, the neighbours among them and the host routes of those. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <rte_malloc.h>

#include "snap/snap_priv.h"
#include "wire/nd.h"

int
nh_init(struct snap *s, struct err *err)
{
	s->nh = rte_zmalloc_socket(
		"nh", NH_MAX * sizeof(*s->nh), RTE_CACHE_LINE_SIZE, s->conf.socket);
	s->nhc = calloc(NH_MAX, sizeof(*s->nhc));
	s->nnh = NH_TRANSIT + 1; /* 0 is "no route" */
	if (s->nh == NULL || s->nhc == NULL)
		return err_set(err, -ENOMEM, "no memory for %u next hops", NH_MAX);
	atomic_store_explicit(&s->nh[NH_TRANSIT].kind, NH_PENDING, memory_order_release);
	return 0;
}

void
nh_fini(struct snap *s)
{
	rte_free(s->nh);
	free(s->nhc);
}

uint16_t
nh_new(struct snap *s, enum nh_kind kind, uint8_t iface, const struct addr *gw)
{
	const struct iface *ifc;
	struct nexthop *nh;
	uint16_t i = s->free_nh;

	if (i != 0)
		s->free_nh = s->nhc[i].next_free;
	else if (s->nnh < NH_MAX)
		i = s->nnh++;
	else
		return 0;
	s->nhc[i] = (struct nh_ctl){ .is_used = true };
	ifc = &s->conf.ports->iface[iface];
	nh = &s->nh[i];
	nh->iface = iface;
	nh->gw = gw != NULL ? *gw : (struct addr){ 0 };
	/* Here and not with the link address: it has no second slot, and needs none. */
	nh->hdr_len = ifc->vlan != 0 ? 18 : 14;
	nh->mtu = ifc->mtu;
	nh->port = ifc->port;
	atomic_store_explicit(&nh->kind, (uint8_t)kind, memory_order_release);
	return i;
}

void
nh_retire(struct snap *s, uint16_t i)
{
	s->nhc[i].is_used = false;
	s->is_dirty = true;
	limbo_add(s, LIMBO_NH, &s->nh[i]);
}

void
nh_release(struct snap *s, const struct nexthop *nh)
{
	const uint16_t i = (uint16_t)(nh - s->nh);

	atomic_store_explicit(&s->nh[i].kind, NH_NONE, memory_order_relaxed);
	s->nhc[i].next_free = s->free_nh;
	s->free_nh = i;
}

const struct nexthop *
snap_nexthop(const struct snap *s, uint16_t nh)
{
	return &s->nh[nh];
}

static enum nh_kind
kind_of(const struct snap *s, uint16_t i)
{
	return atomic_load_explicit(&s->nh[i].kind, memory_order_relaxed);
}

static bool
is_neighbour(const struct snap *s, uint16_t i)
{
	const enum nh_kind kind = kind_of(s, i);

	return s->nhc[i].is_used && (kind == NH_PENDING || kind == NH_REACHABLE);
}

bool
nh_owns(const struct snap *s, uint16_t i, const struct addr *to)
{
	return is_neighbour(s, i) && s->nhc[i].is_routed && to->plen == addr_full_plen(to) &&
		addr_eq(&s->nh[i].gw, to);
}

/*
 * Whether a neighbour should have a host route: a gateway always; others while what covers their
 * address is an on-link prefix of their interface. Link-local addresses never (see route.h).
 */
static bool
wants_route(const struct snap *s, uint16_t i)
{
	const struct nexthop *nh = &s->nh[i];
	uint16_t cover;

	if (nh->gw.af == AF_INET6 && nd_is_link_local(nh->gw.b))
		return false;
	if (s->nhc[i].refs > 0)
		return true;
	cover = fib_covering(s, &nh->gw);
	return s->nhc[i].is_claimed && kind_of(s, cover) == NH_GLEAN &&
		s->nh[cover].iface == nh->iface;
}

/* Install or withdraw a neighbour's host route, as the routes around it now ask. */
static int
sync_route(struct snap *s, uint16_t i)
{
	struct nh_ctl *c = &s->nhc[i];
	const struct addr *host = &s->nh[i].gw;

	if (!c->is_routed && fib_exact(s, host) != 0)
		return 0; /* a static route to this very address rules */
	if (wants_route(s, i) == c->is_routed)
		return 0;
	s->is_dirty = true;
	if (c->is_routed) {
		fib_unset(s, host);
		c->is_routed = false;
		return 0;
	}
	/* A host route into the live table: readers see the old or the new entry, never half of one. */
	if (fib_set(s, host, i) != 0)
		return -ENOSPC;
	c->is_routed = true;
	return 0;
}

void
nh_sync_inside(struct snap *s, const struct addr *to)
{
	for (uint16_t i = 1; i < s->nnh; i++) {
		/* Without room the neighbour has no host route: its packets keep coming to control. */
		if (is_neighbour(s, i) && addr_in_prefix(to, &s->nh[i].gw))
			(void)sync_route(s, i);
	}
}

uint16_t
snap_nbr_find(const struct snap *s, const struct addr *gw, uint8_t iface)
{
	for (uint16_t i = 1; i < s->nnh; i++) {
		if (is_neighbour(s, i) && s->nh[i].iface == iface && addr_eq(&s->nh[i].gw, gw))
			return i;
	}
	return 0;
}

static bool
is_in_use(const struct nh_ctl *c)
{
	return c->is_claimed || c->refs > 0;
}

static void
drop_if_unused(struct snap *s, uint16_t i)
{
	if (!is_in_use(&s->nhc[i])) {
		snap_nbr_unset(s, i);
		if (s->nhc[i].is_routed)
			fib_unset(s, &s->nh[i].gw);
		s->nhc[i].is_routed = false;
		nh_retire(s, i);
		return;
	}
	(void)sync_route(
		s, i); /* it can only withdraw: the reasons to have one have become fewer */
}

static uint16_t
find_or_new(struct snap *s, const struct addr *gw, uint8_t iface)
{
	struct addr host = *gw;
	const uint16_t i = snap_nbr_find(s, gw, iface);

	if (i != 0)
		return i;
	host.plen = addr_full_plen(&host);
	host.port_be = 0;
	if (kind_of(s, fib_exact(s, &host)) == NH_LOCAL)
		return 0;
	s->is_dirty = true;
	return nh_new(s, NH_PENDING, iface, &host);
}

uint16_t
snap_nbr_get(struct snap *s, const struct addr *gw, uint8_t iface)
{
	const uint16_t i = find_or_new(s, gw, iface);

	if (i == 0)
		return 0;
	s->nhc[i].is_claimed = true;
	if (sync_route(s, i) != 0) {
		s->nhc[i].is_claimed = false;
		drop_if_unused(s, i);
		return 0;
	}
	return i;
}

void
snap_nbr_del(struct snap *s, uint16_t i)
{
	s->nhc[i].is_claimed = false;
	snap_nbr_unset(s, i);
	drop_if_unused(s, i);
}

uint16_t
nh_gateway_get(struct snap *s, const struct addr *gw, uint8_t iface)
{
	const uint16_t i = find_or_new(s, gw, iface);

	if (i == 0)
		return 0;
	s->nhc[i].refs++;
	if (sync_route(s, i) != 0) {
		nh_gateway_put(s, i);
		return 0;
	}
	return i;
}

void
nh_gateway_put(struct snap *s, uint16_t i)
{
	s->nhc[i].refs--;
	drop_if_unused(s, i);
}

void
snap_nbr_set(struct snap *s, uint16_t i, const struct rte_ether_addr *mac)
{
	struct nexthop *nh = &s->nh[i];
	const struct iface *ifc = &s->conf.ports->iface[nh->iface];
	const struct port *port = &s->conf.ports->port[ifc->port];
	const uint8_t slot = !atomic_load_explicit(&nh->slot, memory_order_relaxed);
	uint8_t *h = nh->hdr[slot];

	memcpy(h, mac->addr_bytes, 6);
	memcpy(h + 6, port->mac.addr_bytes, 6);
	if (ifc->vlan != 0) {
		h[12] = 0x81;
		h[13] = 0x00;
		h[14] = (uint8_t)(ifc->vlan >> 8);
		h[15] = (uint8_t)ifc->vlan;
	}
	atomic_store_explicit(&nh->slot, slot, memory_order_release);
	atomic_store_explicit(&nh->kind, NH_REACHABLE, memory_order_release);
}

void
snap_nbr_unset(struct snap *s, uint16_t i)
{
	atomic_store_explicit(&s->nh[i].kind, NH_PENDING, memory_order_release);
}
