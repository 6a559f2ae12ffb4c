/* SPDX-License-Identifier: BSD-2-Clause */
#include "port/kind.h"

#include <ctype.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_kvargs.h>
#include <rte_pci.h>

#include "port/port_priv.h"

/*
 * Where 22.11's drivers leave no choice of queues: tap refuses unequal numbers; virtio tells its peer the
 * larger of both and loses what arrives on a queue that nobody polls; a ring port's tx queue i loops to
 * its rx queue i; af_packet, af_xdp, pcap and vhost receive on every queue that their arguments made.
 */
static const struct port_kind kinds[] = {
	{
		.name = "eth",
		.has_rx_intr = true,
		.help = "0000:01:00.0 - a network card bound to vfio-pci, or one with a bifurcated driver",
	},
	{
		.name = "tap",
		.prefix = "net_tap",
		.needs_root = true,
		.has_rx_intr = true,
		.queues = PORT_QUEUES_EQUAL,
		.iface = PORT_IFACE_MADE,
		.need = "iface",
		.help = "net_tap0,iface=gw0 - a new kernel interface whose other end is the gateway",
	},
	{
		.name = "af_packet",
		.prefix = "net_af_packet",
		.needs_root = true,
		.queues = PORT_QUEUES_ALL,
		.iface = PORT_IFACE_THERE,
		.need = "iface",
		.more_queues = "qpairs=N",
		.help = "net_af_packet0,iface=eth1 - any kernel interface, through packet sockets",
	},
	{
		.name = "af_xdp",
		.prefix = "net_af_xdp",
		.needs_root = true,
		.queues = PORT_QUEUES_ALL,
		.iface = PORT_IFACE_THERE,
		.need = "iface",
		.more_queues = "queue_count=N",
		.help = "net_af_xdp0,iface=eth1 - a kernel interface, through XDP sockets",
	},
	{
		.name = "memif",
		.prefix = "net_memif",
		.help = "net_memif0,role=client,socket=/run/m.sock,socket-abstract=no - shared memory",
	},
	{
		.name = "pcap",
		.prefix = "net_pcap",
		.queues = PORT_QUEUES_ALL,
		.more_queues = "rx_pcap= and tx_pcap= several times",
		.help = "net_pcap0,rx_pcap=in.pcap,tx_pcap=out.pcap - capture files",
	},
	{
		.name = "ring",
		.prefix = "net_ring",
		.queues = PORT_QUEUES_EQUAL,
		.help = "net_ring0 - a loop of rings inside the process, for tests",
	},
	{
		.name = "null",
		.prefix = "net_null",
		.help = "net_null0 - swallows what is sent and makes empty packets, for benchmarks",
	},
	{
		.name = "vhost",
		.prefix = "net_vhost",
		.has_rx_intr = true,
		.queues = PORT_QUEUES_ALL,
		.need = "iface",
		.more_queues = "queues=N",
		.help = "net_vhost0,iface=/run/vm.sock - the network of a virtual machine (vhost-user server)",
	},
	{
		.name = "virtio_user",
		.prefix = "net_virtio_user",
		.has_rx_intr = true,
		.queues = PORT_QUEUES_EQUAL,
		.need = "path",
		.more_queues = "queues=N",
		.help = "net_virtio_user0,path=/run/vm.sock - vhost-user client, or path=/dev/vhost-net",
	},
};

/* Not configured by this name, but its driver pairs queues as virtio_user does. */
static const struct port_kind virtio_pci = {
	.name = "eth",
	.has_rx_intr = true,
	.queues = PORT_QUEUES_EQUAL,
	.help = "a virtio network card of a virtual machine",
};

const struct port_kind *
port_kind_at(size_t i)
{
	return i < ARRAY_LEN(kinds) ? &kinds[i] : NULL;
}

int
device_name(const char *device, char name[RTE_DEV_NAME_MAX_LEN])
{
	const size_t len = strcspn(device, ",");
	struct rte_pci_addr pci;

	if (len == 0 || len >= RTE_DEV_NAME_MAX_LEN)
		return -EINVAL;
	memcpy(name, device, len);
	name[len] = '\0';
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)name[i]) && strchr("_-:.", name[i]) == NULL)
			return -EINVAL;
	}
	/* EAL knows PCI devices by the long form only. */
	if (rte_pci_addr_parse(name, &pci) == 0)
		rte_pci_device_name(&pci, name, RTE_DEV_NAME_MAX_LEN);
	return 0;
}

bool
device_is_pci(const char *name)
{
	struct rte_pci_addr pci;

	return rte_pci_addr_parse(name, &pci) == 0;
}

const struct port_kind *
port_kind_find(const char *device)
{
	char name[RTE_DEV_NAME_MAX_LEN];

	if (device_name(device, name) != 0)
		return NULL;
	if (device_is_pci(name))
		return &kinds[0];
	/* No prefix begins another one, so the first match is the only one; EAL matches drivers likewise. */
	for (size_t i = 1; i < ARRAY_LEN(kinds); i++) {
		if (strncmp(name, kinds[i].prefix, strlen(kinds[i].prefix)) == 0)
			return &kinds[i];
	}
	return NULL;
}

const struct port_kind *
port_kind_of_driver(const char *driver)
{
	if (strcmp(driver, "net_virtio") == 0)
		return &virtio_pci;
	for (size_t i = 1; i < ARRAY_LEN(kinds); i++) {
		if (strcmp(driver, kinds[i].prefix) == 0)
			return &kinds[i];
	}
	return &kinds[0];
}

/* "net_tap, net_af_packet, ...": what a vdev name may begin with. */
static int
unknown(const char *device, struct err *err)
{
	char known[160];
	size_t n = 0;

	for (size_t i = 1; i < ARRAY_LEN(kinds) && n < sizeof(known); i++)
		n += (size_t)snprintf(
			known + n, sizeof(known) - n, "%s%s", i > 1 ? ", " : "", kinds[i].prefix);
	if (strncmp(device, "net_", 4) == 0)
		return err_set(err, -EINVAL, "unknown vdev %.64s; known: %s", device, known);
	return err_set(err, -EINVAL,
		"\"%.64s\" is neither a PCI address such as 0000:01:00.0 nor a vdev; known: %s",
		device, known);
}

static int
check_pci(const char *name, struct err *err)
{
	char path[RTE_DEV_NAME_MAX_LEN + 32];

	(void)snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", name);
	if (access(path, F_OK) != 0)
		return err_set(err, -ENODEV,
			"no PCI device %s in this machine (lspci -D lists them)", name);
	return 0;
}

/* By its driver, which unlike /sys is always that of our own network namespace. */
static bool
is_tap(const char *iface)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq ifr = { .ifr_data = (char *)&info };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0)
		return true; /* unknown: the driver will tell */
	(void)snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", iface);
	rc = ioctl(fd, SIOCETHTOOL, &ifr);
	(void)close(fd);
	return rc == 0 && strcmp(info.driver, "tun") == 0 && strcmp(info.bus_info, "tap") == 0;
}

static int
check_iface(const struct port_kind *kind, const char *name, const char *iface, struct err *err)
{
	const size_t len = strlen(iface);

	if (len == 0 || len >= IFNAMSIZ)
		return err_set(err, -EINVAL,
			"%s: iface=%.64s: the name has %zu characters, not 1 to %d", name, iface,
			len, IFNAMSIZ - 1);
	if (strpbrk(iface, "/: \t\n\v\f\r") != NULL || strcmp(iface, ".") == 0 ||
		strcmp(iface, "..") == 0)
		return err_set(
			err, -EINVAL, "%s: iface=%s: not a legal interface name", name, iface);
	if (kind->iface == PORT_IFACE_THERE && if_nametoindex(iface) == 0)
		return err_set(err, -ENODEV,
			"%s: there is no interface %s here (ip link lists them)", name, iface);
	/* A tap that someone made for us is fine, anything else of that name is in the way. */
	if (kind->iface == PORT_IFACE_MADE && if_nametoindex(iface) != 0 && !is_tap(iface))
		return err_set(err, -EEXIST,
			"%s: an interface %s exists already and is not a tap: choose another name",
			name, iface);
	return 0;
}

struct check {
	const struct port_kind *kind;
	const char *name; /* of the device */
	struct err *err;
	bool has_needed;
	int rc;
};

/* One key=value of the arguments; the value is NULL without '='. */
static int
check_arg(const char *key, const char *value, void *opaque)
{
	struct check *c = opaque;

	if (value == NULL)
		value = "";
	if (key[0] == '\0') {
		c->rc = err_set(c->err, -EINVAL, "%s: an argument has no name", c->name);
		return c->rc;
	}
	if (c->kind->need != NULL && strcmp(key, c->kind->need) == 0) {
		if (value[0] == '\0')
			c->rc = err_set(c->err, -EINVAL, "%s: %s= has no value", c->name, key);
		else if (c->kind->iface != PORT_IFACE_NONE)
			c->rc = check_iface(c->kind, c->name, value, c->err);
		c->has_needed = true;
	} else if (strcmp(key, "rx_pcap") == 0 && access(value, R_OK) != 0) {
		c->rc = err_set(c->err, -ENOENT, "%s: cannot read the capture file %.128s: %s",
			c->name, value, rte_strerror(errno));
	}
	return c->rc;
}

int
port_device_check(const char *device, struct err *err)
{
	char name[RTE_DEV_NAME_MAX_LEN];
	const char *args = strchr(device, ',');
	struct check c = { .kind = port_kind_find(device), .name = name, .err = err };
	struct rte_kvargs *kv;

	if (c.kind == NULL || device_name(device, name) != 0)
		return unknown(device, err);
	kv = rte_kvargs_parse(args != NULL ? args + 1 : "", NULL);
	if (kv == NULL)
		return err_set(err, -EINVAL,
			"%s: the arguments \"%.128s\" are not key=value,key=value", name,
			args != NULL ? args + 1 : "");
	(void)rte_kvargs_process(kv, NULL, check_arg, &c);
	rte_kvargs_free(kv);
	if (c.rc != 0)
		return c.rc;
	if (c.kind->need != NULL && !c.has_needed)
		return err_set(err, -EINVAL, "%s: the argument %s= is missing; for example %s",
			name, c.kind->need, c.kind->help);
	return c.kind->prefix == NULL ? check_pci(name, err) : 0;
}
