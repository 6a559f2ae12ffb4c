/* SPDX-License-Identifier: BSD-2-Clause */
/* What a reload may change: everything but what is compared here. */
#include <stdio.h>
#include <string.h>

#include "conf_priv.h"

/* A field and its key. Structures begin as zeroes and strings are written once: bytes compare well. */
struct same {
	const char *key;
	size_t off, size;
};
#define SAME(key_, type, f)                                                   \
	{                                                                     \
		key_, offsetof(struct type, f), sizeof(((struct type *)0)->f) \
	}

static _Thread_local char differs[CONF_KEYPATH];

static const char *
first_difference(const struct same *rows, size_t nrows, const void *a, const void *b)
{
	for (size_t i = 0; i < nrows; i++) {
		if (memcmp((const char *)a + rows[i].off, (const char *)b + rows[i].off,
			    rows[i].size) != 0)
			return rows[i].key;
	}
	return NULL;
}

static bool
port_differs(const struct conf *now, const struct conf *next, unsigned int i)
{
	static const struct same rows[] = {
		SAME("name", conf_port, name),
		SAME("device", conf_port, dev.device),
		SAME("queues", conf_port, dev.queues),
		SAME("mtu", conf_port, dev.mtu),
		SAME("promiscuous", conf_port, dev.promiscuous),
		SAME("rx_descriptors", conf_port, dev.rx_desc),
		SAME("tx_descriptors", conf_port, dev.tx_desc),
	};
	const char *key = first_difference(rows, ARRAY_LEN(rows), &now->port[i], &next->port[i]);

	if (key == NULL)
		return false;
	(void)snprintf(differs, sizeof(differs), "ports[%u].%s", i, key);
	return true;
}

/* Untagged interfaces have their port's name and MTU, so only their addresses can differ here. */
static bool
iface_differs(const struct iface *a, const struct iface *b, unsigned int vlan)
{
	static const struct same rows[] = {
		SAME("name", iface, name),
		SAME("id", iface, vlan),
		SAME("mtu", iface, mtu),
		SAME("addresses", iface, naddr),
		SAME("addresses", iface, addr),
	};
	const char *key = first_difference(rows, ARRAY_LEN(rows), a, b);

	if (key == NULL)
		return false;
	if (a->vlan == 0)
		(void)snprintf(differs, sizeof(differs), "ports[%u].%s", a->port, key);
	else
		(void)snprintf(
			differs, sizeof(differs), "ports[%u].vlans[%u].%s", a->port, vlan, key);
	return true;
}

static unsigned int
count_ifaces(const struct conf *c, unsigned int port)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < c->niface; i++)
		n += c->iface[i].port == port;
	return n;
}

static bool
ifaces_differ(const struct conf *now, const struct conf *next)
{
	unsigned int first = 0;

	for (unsigned int p = 0; p < now->nport; p++) {
		unsigned int n = count_ifaces(now, p);

		if (n != count_ifaces(next, p)) {
			(void)snprintf(differs, sizeof(differs), "ports[%u].vlans", p);
			return true;
		}
		for (unsigned int i = 0; i < n; i++) {
			if (iface_differs(&now->iface[first + i], &next->iface[first + i], i - 1))
				return true;
		}
		first += n;
	}
	return false;
}

static bool
ports_differ(const struct conf *now, const struct conf *next)
{
	if (now->nport != next->nport) {
		(void)snprintf(differs, sizeof(differs), "ports");
		return true;
	}
	for (unsigned int i = 0; i < now->nport; i++) {
		if (port_differs(now, next, i))
			return true;
	}
	return ifaces_differ(now, next);
}

bool
conf_can_reload(const struct conf *now, const struct conf *next, const char **what)
{
	static const struct same rows[] = {
		SAME("crypto.engine", conf, engine),
		SAME("crypto.devices", conf, ncrypto_device),
		SAME("crypto.devices", conf, crypto_device),
		SAME("crypto.compress_device", conf, compress_device),
		SAME("crypto.calibrate", conf, calibrate),
		SAME("buffers.count", conf, mbufs),
		SAME("buffers.size", conf, mbuf_size),
		SAME("limits.sa", conf, max_sa),
		SAME("limits.acl_bytes", conf, max_acl_bytes),
		SAME("control.rpc", conf, rpc_path),
	};

	if (ports_differ(now, next)) {
		*what = differs;
		return false;
	}
	*what = first_difference(rows, ARRAY_LEN(rows), now, next);
	return *what == NULL;
}
