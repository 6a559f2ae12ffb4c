/* SPDX-License-Identifier: BSD-2-Clause */
/* Routes and neighbours: rte_fib for both families, and the next hops they point at. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <rte_malloc.h>

#include "snap/snap_priv.h"

#define ROUTES_MAX 65536u
#define TBL8_4     1024u
#define TBL8_6     4096u

int
fib_init(struct snap *s, struct err *err)
{
	struct rte_fib_conf c4 = {
		.type = RTE_FIB_DIR24_8,
		.default_nh = NH_NONE,
		.max_routes = ROUTES_MAX,
		.dir24_8 = { .nh_sz = RTE_FIB_DIR24_8_2B, .num_tbl8 = TBL8_4 },
	};
	struct rte_fib6_conf c6 = {
		.type = RTE_FIB6_TRIE,
		.default_nh = NH_NONE,
		.max_routes = ROUTES_MAX,
		.trie = { .nh_sz = RTE_FIB6_TRIE_2B, .num_tbl8 = TBL8_6 },
	};

	s->fib4 = rte_fib_create("fib4", s->conf.socket, &c4);
	s->fib6 = rte_fib6_create("fib6", s->conf.socket, &c6);
	s->nh = rte_zmalloc_socket(
		"nh", NH_MAX * sizeof(*s->nh), RTE_CACHE_LINE_SIZE, s->conf.socket);
	s->nnh = 1; /* 0 is "no route" */
	if (s->fib4 == NULL || s->fib6 == NULL || s->nh == NULL)
		return err_set(err, -ENOMEM,
			"no memory for the routing tables (about 100 MB: see -m or hugepages)");
	return 0;
}

void
fib_fini(struct snap *s)
{
	rte_fib_free(s->fib4);
	rte_fib6_free(s->fib6);
	rte_free(s->nh);
}

static int
route_set(struct snap *s, const struct addr *to, uint16_t nh)
{
	struct addr net = *to;
	uint32_t word;

	addr_mask(&net);
	if (net.af == AF_INET6)
		return rte_fib6_add(s->fib6, net.b, net.plen, nh);
	memcpy(&word, net.b, sizeof(word));
	return rte_fib_add(s->fib4, rte_be_to_cpu_32(word), net.plen, nh);
}

static uint16_t
nh_new(struct snap *s, enum nh_kind kind, uint8_t iface, const struct addr *gw)
{
	struct nexthop *nh;

	if (s->nnh == NH_MAX)
		return 0;
	nh = &s->nh[s->nnh];
	nh->iface = iface;
	if (gw != NULL)
		nh->gw = *gw;
	atomic_store_explicit(&nh->kind, (uint8_t)kind, memory_order_release);
	return s->nnh++;
}

uint16_t
snap_nbr_get(struct snap *s, const struct addr *gw, uint8_t iface)
{
	struct addr host = *gw;
	uint16_t nh;

	for (uint16_t i = 1; i < s->nnh; i++) {
		if (s->nh[i].iface == iface && addr_eq(&s->nh[i].gw, gw))
			return i;
	}
	host.plen = addr_full_plen(&host);
	host.port_be = 0;
	nh = nh_new(s, NH_PENDING, iface, &host);
	/* A host route into the live table: readers see the old or the new entry, never half of one. */
	if (nh != 0 && route_set(s, &host, nh) != 0)
		return 0;
	return nh;
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
	nh->hdr_len = 14;
	if (ifc->vlan != 0) {
		h[12] = 0x81;
		h[13] = 0x00;
		h[14] = (uint8_t)(ifc->vlan >> 8);
		h[15] = (uint8_t)ifc->vlan;
		nh->hdr_len = 18;
	}
	atomic_store_explicit(&nh->slot, slot, memory_order_release);
	atomic_store_explicit(&nh->kind, NH_REACHABLE, memory_order_release);
}

void
snap_nbr_unset(struct snap *s, uint16_t i)
{
	atomic_store_explicit(&s->nh[i].kind, NH_PENDING, memory_order_release);
}

int
snap_route_add(struct snap *s, const struct addr *to, const struct addr *via, uint8_t iface,
	struct err *err)
{
	char a[ADDR_STRLEN];
	uint16_t nh = via != NULL ? snap_nbr_get(s, via, iface) : nh_new(s, NH_GLEAN, iface, NULL);

	if (nh == 0)
		return err_set(err, -ENOSPC, "more than %u next hops", NH_MAX - 1);
	if (route_set(s, to, nh) != 0)
		return err_set(err, -ENOSPC, "the routing table has no room for %s",
			addr_prefix_str(to, a));
	return 0;
}

int
snap_add_connected(struct snap *s, struct err *err)
{
	const struct portset *ps = s->conf.ports;
	struct addr host;
	uint16_t nh;
	int ret = 0;

	for (uint8_t i = 0; i < ps->niface; i++) {
		for (unsigned int k = 0; ret == 0 && k < ps->iface[i].naddr; k++) {
			host = ps->iface[i].addr[k];
			if (host.plen != addr_full_plen(&host))
				ret = snap_route_add(s, &host, NULL, i, err);
			host.plen = addr_full_plen(&host);
			nh = nh_new(s, NH_LOCAL, i, &host);
			if (ret == 0 && (nh == 0 || route_set(s, &host, nh) != 0))
				ret = err_set(err, -ENOSPC, "no room for the address of %s",
					ps->iface[i].name);
		}
	}
	return ret;
}
