/* SPDX-License-Identifier: BSD-2-Clause */
/* "routes" and "neighbours": both must be reachable through the ports that were read before. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "conf_priv.h"

#define ROUTES_MAX     65536u
#define NEIGHBOURS_MAX 1024u

/* An object of either list, as read; iface is -1 when the file names none. */
struct hop {
	struct addr to, via;
	struct rte_ether_addr mac;
	int iface;
};

/* @return the length of the longest prefix of this interface that contains the address; -1 none */
static int
prefix_on(const struct iface *f, const struct addr *a)
{
	int best = -1;

	for (unsigned int i = 0; i < f->naddr; i++) {
		if (addr_in_prefix(&f->addr[i], a) && f->addr[i].plen > best)
			best = f->addr[i].plen;
	}
	return best;
}

static int
find_on_link(const struct conf *c, const struct addr *a)
{
	int best = -1;
	int found = -1;

	for (unsigned int i = 0; i < c->niface; i++) {
		int plen = prefix_on(&c->iface[i], a);

		if (plen > best) {
			best = plen;
			found = (int)i;
		}
	}
	return found;
}

static bool
is_link_local(const struct addr *a)
{
	return a->af == AF_INET6 && a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

static bool
is_ours(const struct conf *c, const struct addr *a)
{
	for (unsigned int i = 0; i < c->niface; i++) {
		for (unsigned int j = 0; j < c->iface[i].naddr; j++) {
			if (addr_eq(&c->iface[i].addr[j], a))
				return true;
		}
	}
	return false;
}

/* Find or check the interface of a gateway or neighbour. @param h  iface is completed */
static int
settle_iface(struct reader *r, const struct node *n, const struct addr *a, struct hop *h)
{
	const struct conf *c = r->c;
	char text[ADDR_STRLEN];

	addr_str(a, text);
	if (is_ours(c, a))
		return conf_wrong(r, n,
			"%s is an address of this gateway; expected that of another host", text);
	if (h->iface >= 0) {
		/* Link-local addresses are on every link, so only the port tells them apart. */
		if (is_link_local(a) || prefix_on(&c->iface[h->iface], a) >= 0)
			return 0;
		return conf_wrong(r, n,
			"%s is not on link; expected an address inside a network of %s", text,
			c->iface[h->iface].name);
	}
	h->iface = find_on_link(c, a);
	if (h->iface >= 0)
		return 0;
	if (is_link_local(a))
		return conf_wrong(r, n, "%s is on every link; expected \"port\" beside it", text);
	return conf_wrong(
		r, n, "%s is not on link; expected an address inside a network of some port", text);
}

static int
read_port_name(struct reader *r, const struct node *n, void *field)
{
	const char *s = conf_string(r, n);
	int *iface = field;
	char shown[48];

	if (s == NULL)
		return -EINVAL;
	for (unsigned int i = 0; i < r->c->niface; i++) {
		if (strcmp(r->c->iface[i].name, s) == 0) {
			*iface = (int)i;
			return 0;
		}
	}
	return conf_wrong(r, n,
		"nothing is called \"%s\"; expected the name of a port or VLAN of this file",
		conf_show(s, shown));
}

static int
read_host(struct reader *r, const struct node *n, void *field)
{
	return conf_read_host(r, n, field);
}

static int
read_to(struct reader *r, const struct node *n, void *field)
{
	struct addr *a = field;
	struct addr net;
	char text[ADDR_STRLEN];

	if (conf_read_prefix(r, n, a) != 0)
		return -EINVAL;
	net = *a;
	addr_mask(&net);
	if (!addr_eq(&net, a))
		return conf_wrong(r, n, "bits behind the prefix length are set; expected %s",
			addr_prefix_str(&net, text));
	if (a->plen > 0 && addr_is_multicast(a))
		return conf_wrong(
			r, n, "multicast is not forwarded; expected a unicast destination");
	for (unsigned int i = 0; i < r->c->niface; i++) {
		const struct iface *f = &r->c->iface[i];

		for (unsigned int j = 0; j < f->naddr; j++) {
			if (f->addr[j].plen == a->plen && addr_in_prefix(a, &f->addr[j]))
				return conf_wrong(r, n,
					"this is the network of %s itself; expected another destination",
					f->name);
		}
	}
	return 0;
}

static int
read_route(struct reader *r, const struct node *n)
{
	static const struct field rows[] = {
		{ .key = "to",
			.kind = FIELD_FN,
			.required = true,
			.off = offsetof(struct hop, to),
			.fn = read_to },
		{ .key = "via",
			.kind = FIELD_FN,
			.off = offsetof(struct hop, via),
			.fn = read_host },
		{ .key = "port",
			.kind = FIELD_FN,
			.off = offsetof(struct hop, iface),
			.fn = read_port_name },
	};
	struct node via = { .up = n, .key = "via" };
	struct hop h = { .iface = -1 };

	if (conf_read_object(r, n, rows, ARRAY_LEN(rows), &h) != 0)
		return -EINVAL;
	if (h.via.af == 0 && h.iface < 0)
		return conf_wrong(
			r, n, "neither \"via\" nor \"port\"; expected one of them or both");
	if (h.via.af != 0 && h.via.af != h.to.af)
		return conf_wrong(r, &via, "\"to\" is of the other family; expected an %s address",
			h.to.af == AF_INET ? "IPv4" : "IPv6");
	if (h.via.af != 0 && settle_iface(r, &via, &h.via, &h) != 0)
		return -EINVAL;
	r->c->route[r->c->nroute++] =
		(struct conf_route){ .to = h.to, .via = h.via, .iface = (uint8_t)h.iface };
	return 0;
}

struct place_of {
	struct addr to;
	uint32_t index;
};

static int
by_destination(const void *a, const void *b)
{
	const struct place_of *pa = a;
	const struct place_of *pb = b;
	int d = addr_cmp(&pa->to, &pb->to);

	return d != 0 ? d : (pa->index > pb->index) - (pa->index < pb->index);
}

static int
check_duplicates(struct reader *r, const struct node *n)
{
	uint32_t count = r->c->nroute;
	struct place_of *sorted = calloc(count + 1, sizeof(*sorted));
	int ret = 0;

	if (sorted == NULL)
		return err_set(r->err, -ENOMEM, "no memory for %u routes", count);
	for (uint32_t i = 0; i < count; i++)
		sorted[i] = (struct place_of){ r->c->route[i].to, i };
	qsort(sorted, count, sizeof(*sorted), by_destination);
	for (uint32_t i = 1; i < count && ret == 0; i++) {
		struct node e = { .up = n, .index = sorted[i].index };
		struct node to = { .up = &e, .key = "to" };

		if (addr_cmp(&sorted[i - 1].to, &sorted[i].to) == 0)
			ret = conf_wrong(r, &to,
				"routes[%u] has this destination; expected each once",
				sorted[i - 1].index);
	}
	free(sorted);
	return ret;
}

int
conf_read_routes(struct reader *r, const struct node *n, void *field)
{
	struct conf *c = r->c;
	int ret;

	(void)field;
	c->route = calloc(json_array_size(n->v) + 1, sizeof(*c->route));
	if (c->route == NULL)
		return err_set(r->err, -ENOMEM, "no memory for the routes");
	ret = conf_read_array(r, n, 0, ROUTES_MAX, read_route);
	return ret != 0 ? ret : check_duplicates(r, n);
}

static int
hex_digit(char ch)
{
	if (ch >= '0' && ch <= '9')
		return ch - '0';
	if (ch >= 'a' && ch <= 'f')
		return ch - 'a' + 10;
	if (ch >= 'A' && ch <= 'F')
		return ch - 'A' + 10;
	return -1;
}

static bool
parse_mac(const char *s, struct rte_ether_addr *mac)
{
	if (strlen(s) != 17)
		return false;
	for (unsigned int i = 0; i < 6; i++, s += 3) {
		int high = hex_digit(s[0]);
		int low = hex_digit(s[1]);

		if (high < 0 || low < 0 || s[2] != (i == 5 ? '\0' : ':'))
			return false;
		mac->addr_bytes[i] = (uint8_t)(high * 16 + low);
	}
	return true;
}

static int
read_mac(struct reader *r, const struct node *n, void *field)
{
	static const struct rte_ether_addr zero;
	const char *s = conf_string(r, n);
	struct rte_ether_addr *mac = field;

	if (s == NULL)
		return -EINVAL;
	if (!parse_mac(s, mac))
		return conf_wrong(
			r, n, "not an Ethernet address; expected one like 02:00:00:00:00:02");
	if ((mac->addr_bytes[0] & 1) != 0 || memcmp(mac, &zero, sizeof(zero)) == 0)
		return conf_wrong(
			r, n, "multicast or zero; expected the Ethernet address of one station");
	return 0;
}

static int
read_neighbour(struct reader *r, const struct node *n)
{
	static const struct field rows[] = {
		{ .key = "address",
			.kind = FIELD_FN,
			.required = true,
			.off = offsetof(struct hop, to),
			.fn = read_host },
		{ .key = "mac",
			.kind = FIELD_FN,
			.required = true,
			.off = offsetof(struct hop, mac),
			.fn = read_mac },
		{ .key = "port",
			.kind = FIELD_FN,
			.off = offsetof(struct hop, iface),
			.fn = read_port_name },
	};
	struct node address = { .up = n, .key = "address" };
	struct conf *c = r->c;
	struct hop h = { .iface = -1 };

	if (conf_read_object(r, n, rows, ARRAY_LEN(rows), &h) != 0 ||
		settle_iface(r, &address, &h.to, &h) != 0)
		return -EINVAL;
	for (uint32_t i = 0; i < c->nneighbour; i++) {
		if (c->neighbour[i].iface == h.iface && addr_eq(&c->neighbour[i].addr, &h.to))
			return conf_wrong(r, &address,
				"neighbours[%u] has this address; expected each once", i);
	}
	c->neighbour[c->nneighbour++] =
		(struct conf_neighbour){ .addr = h.to, .mac = h.mac, .iface = (uint8_t)h.iface };
	return 0;
}

int
conf_read_neighbours(struct reader *r, const struct node *n, void *field)
{
	struct conf *c = r->c;

	(void)field;
	c->neighbour = calloc(json_array_size(n->v) + 1, sizeof(*c->neighbour));
	if (c->neighbour == NULL)
		return err_set(r->err, -ENOMEM, "no memory for the neighbours");
	return conf_read_array(r, n, 0, NEIGHBOURS_MAX, read_neighbour);
}
