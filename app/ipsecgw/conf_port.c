/* SPDX-License-Identifier: BSD-2-Clause */
/* "ports": devices, their VLANs, and the addresses of both. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "conf_priv.h"

#define MTU_MIN     576u /* RFC 791: every host takes a datagram of 576 bytes */
#define MTU_MAX     9600u
#define MTU_MIN_IP6 1280u /* RFC 8200 5 */
#define QUEUES_MAX  WORKER_MAX
#define DESC_MIN    32u
#define DESC_MAX    32768u

static int
read_address_text(struct reader *r, const struct node *n, bool has_length, struct addr *a)
{
	const char *s = conf_string(r, n);
	char shown[48];
	int ret;

	if (s == NULL)
		return -EINVAL;
	ret = (strchr(s, '/') != NULL) == has_length ? addr_parse(s, a) : -EINVAL;
	if (ret == -ERANGE)
		return conf_wrong(r, n, "\"%s\": prefix length too large; expected at most %s",
			conf_show(s, shown), strchr(s, ':') != NULL ? "128" : "32");
	if (ret != 0)
		return conf_wrong(r, n, "\"%s\" is not an address; expected one like %s",
			conf_show(s, shown),
			has_length ? "192.0.2.1/24 or 2001:db8::1/64" : "192.0.2.1 or 2001:db8::1");
	return 0;
}

/* Why no single host can have this address; NULL when one can. */
static const char *
not_a_host(const struct addr *a)
{
	static const uint8_t loopback6[16] = { [15] = 1 };
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (addr_is_any(a))
		return "the unspecified address";
	if (addr_is_multicast(a))
		return "a multicast or broadcast address";
	if (a->af == AF_INET && a->b[0] >= 240)
		return "a reserved address";
	if (a->af == AF_INET && a->b[0] == 0)
		return "an address of network 0";
	if (a->af == AF_INET ? a->b[0] == 127 : memcmp(a->b, loopback6, 16) == 0)
		return "a loopback address";
	if (a->af == AF_INET6 && memcmp(a->b, mapped, 12) == 0)
		return "an IPv4-mapped address";
	return NULL;
}

static int
check_host(struct reader *r, const struct node *n, const struct addr *a)
{
	const char *why = not_a_host(a);

	if (why == NULL)
		return 0;
	return conf_wrong(r, n, "this is %s; expected the address of one host", why);
}

int
conf_read_prefix(struct reader *r, const struct node *n, struct addr *a)
{
	return read_address_text(r, n, true, a);
}

int
conf_read_host(struct reader *r, const struct node *n, struct addr *a)
{
	if (read_address_text(r, n, false, a) != 0)
		return -EINVAL;
	return check_host(r, n, a);
}

/* "0000:01:00.0" and "01:00.0" are one device, and so are "net_tap0,iface=a" and "net_tap0,iface=b". */
static size_t
device_name(const char **device)
{
	if (strncmp(*device, "0000:", 5) == 0)
		*device += 5;
	return strcspn(*device, ",");
}

static bool
is_same_device(const char *a, const char *b)
{
	size_t na = device_name(&a);
	size_t nb = device_name(&b);

	return na == nb && strncasecmp(a, b, na) == 0;
}

int
conf_read_device(struct reader *r, const struct node *n, char device[128])
{
	const struct conf *c = r->c;
	const char *s = conf_string(r, n);

	if (s == NULL)
		return -EINVAL;
	if (s[0] == '\0' || s[0] == ',' || strlen(s) >= 128)
		return conf_wrong(
			r, n, "expected a PCI address or vdev arguments of at most 127 bytes");
	for (const char *p = s; *p != '\0'; p++) {
		if (*p <= ' ' || *p == 0x7f)
			return conf_wrong(r, n,
				"blank, control or non-ASCII character; expected a PCI address or vdev arguments");
	}
	for (unsigned int i = 0; i < c->nport; i++) {
		if (is_same_device(s, c->port[i].dev.device))
			return conf_wrong(
				r, n, "ports[%u] has this device already; expected another one", i);
	}
	for (unsigned int i = 0; i < c->ncrypto_device; i++) {
		if (is_same_device(s, c->crypto_device[i]))
			return conf_wrong(r, n,
				"crypto.devices[%u] is this device already; expected another one",
				i);
	}
	(void)snprintf(device, 128, "%s", s);
	return 0;
}

static int
read_port_device(struct reader *r, const struct node *n, void *field)
{
	return conf_read_device(r, n, field);
}

static bool
is_name(const char *s)
{
	size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

	return n > 0 && n < 32 && s[n] == '\0' && strspn(s, "0123456789._-") == 0;
}

static int
read_name(struct reader *r, const struct node *n, void *field)
{
	const char *s = conf_string(r, n);

	(void)field;
	if (s == NULL)
		return -EINVAL;
	if (!is_name(s))
		return conf_wrong(r, n,
			"not a name; expected a letter, then up to 30 letters, digits, '.', '_' or '-'");
	for (unsigned int i = 0; i < r->c->niface; i++) {
		if (strcmp(r->c->iface[i].name, s) == 0)
			return conf_wrong(r, n,
				"another port or VLAN is called %s; expected a name of its own", s);
	}
	(void)snprintf(r->iface->name, sizeof(r->iface->name), "%s", s);
	return 0;
}

/* The two ends of a prefix name the network, not a host (RFC 1122 3.2.1.3, RFC 4291 2.6.1). */
static bool
is_end_of_prefix(const struct addr *a)
{
	struct addr host = *a;
	struct addr low = *a;
	bool is_high = a->af == AF_INET;

	if (a->plen + 1 >= addr_full_plen(a))
		return false; /* point to point (RFC 3021, RFC 6164) or a single host */
	addr_mask(&low);
	for (unsigned int bit = a->plen; is_high && bit < 32; bit++)
		is_high = (host.b[bit / 8] >> (7 - bit % 8) & 1) != 0;
	return is_high || addr_eq(&low, &host);
}

static int
check_address(struct reader *r, const struct node *n, const struct addr *a)
{
	char text[ADDR_STRLEN];

	if (check_host(r, n, a) != 0)
		return -EINVAL;
	if (a->plen == 0)
		return conf_wrong(
			r, n, "prefix length 0; expected the length of the local network");
	if (is_end_of_prefix(a))
		return conf_wrong(r, n,
			"this is the address of the network or its broadcast "
			"address; expected the address of one host");
	for (unsigned int i = 0; i < r->c->niface; i++) {
		const struct iface *f = &r->c->iface[i];

		for (unsigned int j = 0; j < f->naddr; j++) {
			if (addr_eq(&f->addr[j], a))
				return conf_wrong(r, n,
					"%s has %s already; expected an address of its own",
					f->name, addr_str(a, text));
			if (f != r->iface && f->addr[j].plen == a->plen &&
				addr_in_prefix(&f->addr[j], a))
				return conf_wrong(r, n,
					"%s is in the same network; expected one network for each port and VLAN",
					f->name);
		}
	}
	return 0;
}

static int
read_address(struct reader *r, const struct node *n)
{
	struct addr a = { 0 };

	if (conf_read_prefix(r, n, &a) != 0 || check_address(r, n, &a) != 0)
		return -EINVAL;
	r->iface->addr[r->iface->naddr++] = a;
	return 0;
}

static int
read_addresses(struct reader *r, const struct node *n, void *field)
{
	(void)field;
	return conf_read_array(r, n, 0, IFACE_ADDRS, read_address);
}

static int
check_ip6_mtu(struct reader *r, const struct node *n, const struct iface *f)
{
	struct node list = { .up = n, .key = "addresses" };

	if (f->mtu >= MTU_MIN_IP6)
		return 0;
	for (unsigned int i = 0; i < f->naddr; i++) {
		struct node e = { .up = &list, .index = i };

		if (f->addr[i].af == AF_INET6)
			return conf_wrong(r, &e,
				"an IPv6 address and an MTU of %u; expected an MTU of at least %u",
				f->mtu, MTU_MIN_IP6);
	}
	return 0;
}

/* @return the next free interface of the port being read; NULL with the error recorded */
static struct iface *
new_iface(struct reader *r, const struct node *n)
{
	struct conf *c = r->c;
	struct iface *f = &c->iface[c->niface];

	if (c->niface == IFACE_MAX) {
		(void)conf_wrong(
			r, n, "too many; expected at most %u ports and VLANs in all", IFACE_MAX);
		return NULL;
	}
	f->port = c->nport;
	f->mtu = c->port[c->nport].dev.mtu;
	c->niface++;
	r->iface = f;
	return f;
}

static int
read_vlan(struct reader *r, const struct node *n)
{
	static const struct field rows[] = {
		{ .key = "name", .kind = FIELD_FN, .required = true, .fn = read_name },
		{ "id", FIELD_UINT, true, offsetof(struct iface, vlan), sizeof(uint16_t), 1, 4094,
			NULL },
		{ "mtu", FIELD_UINT, false, offsetof(struct iface, mtu), sizeof(uint16_t), MTU_MIN,
			MTU_MAX, NULL },
		{ .key = "addresses", .kind = FIELD_FN, .fn = read_addresses },
	};
	const struct conf *c = r->c;
	struct iface *f = new_iface(r, n);
	struct node id = { .up = n, .key = "id" };
	struct node mtu = { .up = n, .key = "mtu" };

	if (f == NULL || conf_read_object(r, n, rows, ARRAY_LEN(rows), f) != 0)
		return -EINVAL;
	for (const struct iface *o = c->iface; o < f; o++) {
		if (o->port == f->port && o->vlan == f->vlan)
			return conf_wrong(r, &id,
				"%s is VLAN %u of this port already; expected another id", o->name,
				f->vlan);
	}
	if (f->mtu > c->port[c->nport].dev.mtu)
		return conf_wrong(r, &mtu, "%u is more than the port takes; expected at most %u",
			f->mtu, c->port[c->nport].dev.mtu);
	return check_ip6_mtu(r, n, f);
}

static int
read_vlans(struct reader *r, const struct node *n, void *field)
{
	(void)field;
	return conf_read_array(r, n, 0, IFACE_MAX - 1, read_vlan);
}

static int
read_port(struct reader *r, const struct node *n)
{
#define DEV(f) offsetof(struct conf_port, dev.f), sizeof(((struct conf_port *)0)->dev.f)
	/* The VLANs come last: they need the port's name and MTU. */
	static const struct field rows[] = {
		{ .key = "name", .kind = FIELD_FN, .required = true, .fn = read_name },
		{ "device", FIELD_FN, true, DEV(device), 0, 0, read_port_device },
		{ "queues", FIELD_UINT, false, DEV(queues), 1, QUEUES_MAX, NULL },
		{ "mtu", FIELD_UINT, false, DEV(mtu), MTU_MIN, MTU_MAX, NULL },
		{ "promiscuous", FIELD_BOOL, false, DEV(promiscuous), 0, 0, NULL },
		{ "rx_descriptors", FIELD_UINT, false, DEV(rx_desc), DESC_MIN, DESC_MAX, NULL },
		{ "tx_descriptors", FIELD_UINT, false, DEV(tx_desc), DESC_MIN, DESC_MAX, NULL },
		{ .key = "addresses", .kind = FIELD_FN, .fn = read_addresses },
		{ .key = "vlans", .kind = FIELD_FN, .fn = read_vlans },
	};
#undef DEV
	struct conf *c = r->c;
	struct conf_port *p = &c->port[c->nport];
	struct iface *f;

	p->dev.mtu = 1500;
	p->dev.queues = 1;
	f = new_iface(r, n);
	if (f == NULL || conf_read_object(r, n, rows, ARRAY_LEN(rows), p) != 0)
		return -EINVAL;
	memcpy(p->name, f->name, sizeof(p->name));
	f->mtu = p->dev.mtu;
	c->nport++;
	return check_ip6_mtu(r, n, f);
}

int
conf_read_ports(struct reader *r, const struct node *n, void *field)
{
	(void)field;
	return conf_read_array(r, n, 1, PORT_MAX, read_port);
}
