/* SPDX-License-Identifier: BSD-2-Clause */
/* Routes: rte_fib for both families, its RIB as the record of what is there. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <rte_byteorder.h>
#include <rte_rib.h>
#include <rte_rib6.h>

#include "snap/snap_priv.h"
#include "wire/nd.h"

#define ROUTES_MAX 65536u
#define TBL8_4     1024u
/* A host route of a random IPv6 interface identifier takes seven tables of its own, 512 bytes each: */
/* this many, the most that two-byte entries can name, are enough for all neighbours. */
#define TBL8_6 32767u

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
	if (s->fib4 == NULL || s->fib6 == NULL)
		return err_set(err, -ENOMEM,
			"no memory for the routing tables (about 120 MB: see -m or hugepages)");
	return 0;
}

void
fib_fini(struct snap *s)
{
	rte_fib_free(s->fib4);
	rte_fib6_free(s->fib6);
}

static uint32_t
host_order(const struct addr *a)
{
	rte_be32_t be;

	memcpy(&be, a->b, sizeof(be));
	return rte_be_to_cpu_32(be);
}

void
fib_unset(struct snap *s, const struct addr *to)
{
	struct addr net = *to;

	addr_mask(&net);
	if (net.af == AF_INET6)
		(void)rte_fib6_delete(s->fib6, net.b, net.plen);
	else
		(void)rte_fib_delete(s->fib4, host_order(&net), net.plen);
}

static uint16_t
node4_nh(const struct rte_rib_node *node)
{
	uint64_t nh = 0;

	if (node != NULL && rte_rib_get_nh(node, &nh) != 0)
		nh = 0;
	return (uint16_t)nh;
}

static uint16_t
node6_nh(const struct rte_rib6_node *node)
{
	uint64_t nh = 0;

	if (node != NULL && rte_rib6_get_nh(node, &nh) != 0)
		nh = 0;
	return (uint16_t)nh;
}

uint16_t
fib_exact(const struct snap *s, const struct addr *to)
{
	struct addr net = *to;

	addr_mask(&net);
	if (net.af == AF_INET6)
		return node6_nh(rte_rib6_lookup_exact(rte_fib6_get_rib(s->fib6), net.b, net.plen));
	return node4_nh(rte_rib_lookup_exact(rte_fib_get_rib(s->fib4), host_order(&net), net.plen));
}

static int
fib_add(struct snap *s, const struct addr *net, uint16_t nh)
{
	if (net->af == AF_INET6)
		return rte_fib6_add(s->fib6, net->b, net->plen, nh);
	return rte_fib_add(s->fib4, host_order(net), net->plen, nh);
}

/* The next hop of the longest route around net. */
static uint16_t
parent_nh(const struct snap *s, const struct addr *net)
{
	struct addr up = *net;
	uint16_t nh = 0;

	while (nh == 0 && up.plen > 0) {
		up.plen--;
		nh = fib_exact(s, &up);
	}
	return nh;
}

/*
 * rte_fib and rte_fib6 of 22.11 reserve no second-level table for a new long prefix whose next hop is
 * its parent's, but return one when it is deleted: the counter falls below zero and nothing fits any
 * more. So such a prefix goes in with another next hop, which punts, and is then given its own.
 */
int
fib_set(struct snap *s, const struct addr *to, uint16_t nh)
{
	struct addr net = *to;
	int ret = 0;

	addr_mask(&net);
	if (fib_exact(s, &net) == 0 && parent_nh(s, &net) == nh)
		ret = fib_add(s, &net, NH_TRANSIT);
	if (ret == 0)
		ret = fib_add(s, &net, nh);
	/* A replacement for which there is no room is not reported. */
	if (ret == 0 && fib_exact(s, &net) != nh)
		ret = -ENOSPC;
	return ret;
}

static uint16_t
covering6(const struct snap *s, const struct addr *host)
{
	struct rte_rib6 *rib = rte_fib6_get_rib(s->fib6);
	struct rte_rib6_node *own = rte_rib6_lookup_exact(rib, host->b, host->plen);

	return node6_nh(own != NULL ? rte_rib6_lookup_parent(own) : rte_rib6_lookup(rib, host->b));
}

uint16_t
fib_covering(const struct snap *s, const struct addr *host)
{
	struct rte_rib *rib = rte_fib_get_rib(s->fib4);
	struct rte_rib_node *own;

	if (host->af == AF_INET6)
		return covering6(s, host);
	own = rte_rib_lookup_exact(rib, host_order(host), host->plen);
	return node4_nh(
		own != NULL ? rte_rib_lookup_parent(own) : rte_rib_lookup(rib, host_order(host)));
}

uint16_t
snap_route_lookup(const struct snap *s, const struct addr *dst)
{
	uint8_t bytes[1][RTE_FIB6_IPV6_ADDR_SIZE];
	uint32_t host = host_order(dst);
	uint64_t nh = NH_NONE;
	int ret;

	if (dst->af == AF_INET6) {
		memcpy(bytes[0], dst->b, sizeof(bytes[0]));
		ret = rte_fib6_lookup_bulk(s->fib6, bytes, &nh, 1);
	} else {
		ret = rte_fib_lookup_bulk(s->fib4, &host, &nh, 1);
	}
	return ret == 0 ? (uint16_t)nh : 0;
}

static enum nh_kind
kind_of(const struct snap *s, uint16_t i)
{
	return atomic_load_explicit(&s->nh[i].kind, memory_order_relaxed);
}

/* An on-link route to one host is a route by way of that host: then it is like all neighbours. */
static uint16_t
target_get(struct snap *s, const struct addr *to, const struct addr *via, uint8_t iface)
{
	if (via == NULL && to->plen < addr_full_plen(to))
		return nh_new(s, NH_GLEAN, iface, NULL);
	return nh_gateway_get(s, via != NULL ? via : to, iface);
}

static void
target_put(struct snap *s, uint16_t nh)
{
	if (kind_of(s, nh) == NH_GLEAN)
		nh_retire(s, nh);
	else
		nh_gateway_put(s, nh);
}

static int
check_new(const struct snap *s, const struct addr *to, const struct addr *via, struct err *err)
{
	char a[ADDR_STRLEN];
	const uint16_t old = fib_exact(s, to);

	if (old != 0 && !nh_owns(s, old, to))
		return err_set(
			err, -EEXIST, "there is already a route to %s", addr_prefix_str(to, a));
	if (via != NULL && via->af != to->af)
		return err_set(err, -EINVAL, "the gateway of %s is of another family",
			addr_prefix_str(to, a));
	if (via != NULL && kind_of(s, snap_route_lookup(s, via)) == NH_LOCAL)
		return err_set(err, -EINVAL, "the gateway %s is our own address", addr_str(via, a));
	return 0;
}

int
snap_route_add(struct snap *s, const struct addr *to, const struct addr *via, uint8_t iface,
	struct err *err)
{
	struct addr net = *to;
	char a[ADDR_STRLEN];
	uint16_t owner;
	uint16_t nh;
	int ret;

	addr_mask(&net);
	ret = check_new(s, &net, via, err);
	if (ret != 0)
		return ret;
	nh = target_get(s, &net, via, iface);
	if (nh == 0)
		return err_set(err, -ENOSPC, "no room for the next hop of %s (at most %u)",
			addr_prefix_str(&net, a), NH_MAX - 1);
	/* A neighbour's own host route to this prefix becomes the static one. */
	owner = fib_exact(s, &net);
	s->is_dirty = true;
	ret = fib_set(s, &net, nh);
	if (ret == 0) {
		s->nhc[owner].is_routed = false;
	} else {
		target_put(s, nh);
		ret = err_set(err, -ENOSPC, "the routing table has no room for %s",
			addr_prefix_str(&net, a));
	}
	nh_sync_inside(s, &net);
	return ret;
}

int
snap_route_del(struct snap *s, const struct addr *to, struct err *err)
{
	struct addr net = *to;
	char a[ADDR_STRLEN];
	uint16_t nh;

	addr_mask(&net);
	nh = fib_exact(s, &net);
	if (nh == 0 || nh_owns(s, nh, &net) || kind_of(s, nh) == NH_LOCAL ||
		s->nhc[nh].is_connected)
		return err_set(
			err, -ENOENT, "there is no static route to %s", addr_prefix_str(&net, a));
	fib_unset(s, &net);
	s->is_dirty = true;
	target_put(s, nh);
	nh_sync_inside(s, &net);
	return 0;
}

/* Two addresses of one interface may share a prefix; two interfaces may not. */
static int
connected_prefix(struct snap *s, const struct addr *a, uint8_t iface, struct err *err)
{
	const uint16_t old = fib_exact(s, a);

	if (a->plen == addr_full_plen(a))
		return 0;
	if (a->af == AF_INET6 && nd_is_link_local(a->b))
		return 0;
	if (old != 0 && s->nhc[old].is_connected && s->nh[old].iface == iface)
		return 0;
	if (snap_route_add(s, a, NULL, iface, err) != 0)
		return -ENOSPC;
	s->nhc[fib_exact(s, a)].is_connected = true;
	return 0;
}

static int
connected_addr(struct snap *s, const struct addr *a, uint8_t iface, struct err *err)
{
	struct addr host = *a;
	char text[ADDR_STRLEN];
	uint16_t nh;
	int ret = connected_prefix(s, a, iface, err);

	host.plen = addr_full_plen(&host);
	if (ret != 0 || (a->af == AF_INET6 && nd_is_link_local(a->b)))
		return ret;
	if (fib_exact(s, &host) != 0)
		return err_set(err, -EEXIST, "there is already a route to the address %s",
			addr_str(&host, text));
	nh = nh_new(s, NH_LOCAL, iface, &host);
	if (nh == 0 || fib_set(s, &host, nh) != 0)
		return err_set(err, -ENOSPC, "no room for the address %s", addr_str(&host, text));
	s->is_dirty = true;
	return 0;
}

int
snap_add_connected(struct snap *s, struct err *err)
{
	const struct portset *ps = s->conf.ports;
	int ret = 0;

	for (uint8_t i = 0; i < ps->niface; i++) {
		for (unsigned int k = 0; ret == 0 && k < ps->iface[i].naddr; k++)
			ret = connected_addr(s, &ps->iface[i].addr[k], i, err);
	}
	return ret;
}
