/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_ring.h>

#include "port/kind.h"
#include "port/port_priv.h"

#define NO_PORT RTE_MAX_ETHPORTS

/*
 * The first ethdev of a device that nobody owns; NO_PORT when there is none. One device may have
 * several ethdevs, and then be named in the configuration once for each.
 */
static uint16_t
find_free(const char *name, struct rte_eth_dev_owner *user)
{
	struct rte_eth_dev_owner owner;
	struct rte_eth_dev_info info;

	for (unsigned int id = rte_eth_find_next(0); id < RTE_MAX_ETHPORTS;
		id = rte_eth_find_next((uint16_t)(id + 1))) {
		if (rte_eth_dev_info_get((uint16_t)id, &info) != 0 ||
			strcmp(rte_dev_name(info.device), name) != 0)
			continue;
		if (rte_eth_dev_owner_get((uint16_t)id, &owner) != 0)
			continue;
		if (owner.id == RTE_ETH_DEV_NO_OWNER)
			return (uint16_t)id;
		*user = owner;
	}
	return NO_PORT;
}

/* Why EAL could not attach a PCI device: nearly always it is still the kernel's. */
static int
explain_pci(const char *name, int rc, struct err *err)
{
	char path[RTE_DEV_NAME_MAX_LEN + 32];
	char link[256];
	ssize_t n;

	if (!rte_eal_has_pci())
		return err_set(err, -ENODEV,
			"%s: PCI devices are switched off: start without the EAL option --no-pci",
			name);
	(void)snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", name);
	n = readlink(path, link, sizeof(link) - 1);
	if (n <= 0)
		return err_set(err, rc,
			"%s: no driver is bound to it: dpdk-devbind.py -b vfio-pci %s", name, name);
	link[n] = '\0';
	if (strstr(link, "vfio") == NULL && strstr(link, "uio") == NULL)
		return err_set(err, rc,
			"%s belongs to the kernel driver %.32s: dpdk-devbind.py -b vfio-pci %s",
			name, basename(link), name);
	return err_set(err, rc, "%s: no DPDK driver takes it (%s); EAL's messages say more", name,
		rte_strerror(-rc));
}

static int
explain(const char *device, const char *name, int rc, struct err *err)
{
	const struct port_kind *kind = port_kind_find(device);

	/* Drivers return -1 for anything; as -EPERM it would only mislead. */
	if (rc >= 0 || rc == -EPERM)
		rc = -ENODEV;
	if (device_is_pci(name))
		return explain_pci(name, rc, err);
	if (kind != NULL && kind->needs_root && geteuid() != 0)
		return err_set(err, -EACCES, "%s: a %s port needs root", name, kind->name);
	return err_set(err, rc, "%s: the driver refused \"%.128s\" (%s); EAL's messages say more",
		name, device, rte_strerror(-rc));
}

static int
probe(struct port *p, const char *device, const char *name, struct err *err)
{
	const char *args = strchr(device, ',');
	struct rte_eth_dev_owner user = { .id = RTE_ETH_DEV_NO_OWNER };
	char devargs[sizeof(((struct port_conf *)0)->device) + RTE_DEV_NAME_MAX_LEN];
	int rc = port_device_check(device, err);

	if (rc != 0)
		return rc;
	rc = snprintf(devargs, sizeof(devargs), "%s%s", name, args != NULL ? args : "");
	if (rc < 0 || (size_t)rc >= sizeof(devargs))
		return err_set(err, -EINVAL, "%s: the arguments are too long", name);
	rc = rte_dev_probe(devargs);
	if (rc != 0)
		return explain(device, name, rc, err);
	p->probed = true;
	p->id = find_free(name, &user);
	if (p->id != NO_PORT)
		return 0;
	(void)rte_eal_hotplug_remove(device_is_pci(name) ? "pci" : "vdev", name);
	return err_set(err, -ENODEV, "%s is not a network device", name);
}

/*
 * net_ring of 22.11 makes 16 rings but frees only those of configured queues when it is closed; the
 * others would keep a port of that name from being created again.
 */
static void
free_rings(const char *name)
{
	char ring[RTE_RING_NAMESIZE];
	int n;

	for (unsigned int i = 0; i < 16; i++) {
		n = snprintf(ring, sizeof(ring), "ETH_RXTX%u_%s", i, name);
		if (n > 0 && (size_t)n < sizeof(ring))
			rte_ring_free(rte_ring_lookup(ring));
	}
}

static void
remove_device(uint16_t id)
{
	char name[RTE_DEV_NAME_MAX_LEN] = "";
	struct rte_eth_dev_info info;
	bool is_ring;

	if (rte_eth_dev_info_get(id, &info) != 0)
		return;
	(void)snprintf(name, sizeof(name), "%s", rte_dev_name(info.device));
	is_ring = strcmp(info.driver_name, "net_ring") == 0;
	(void)rte_eth_dev_close(id);
	if (rte_eth_find_next_of(0, info.device) < RTE_MAX_ETHPORTS)
		return; /* another port still uses it */
	(void)rte_dev_remove(info.device);
	if (is_ring)
		free_rings(name);
}

int
device_open(struct port *p, const char *device, struct err *err)
{
	struct rte_eth_dev_owner owner = { .name = "ipsecgw" };
	struct rte_eth_dev_owner user = { .id = RTE_ETH_DEV_NO_OWNER };
	char name[RTE_DEV_NAME_MAX_LEN];
	int rc = 0;

	if (device_name(device, name) != 0)
		return port_device_check(device, err);
	p->id = find_free(name, &user);
	if (p->id == NO_PORT && user.id != RTE_ETH_DEV_NO_OWNER)
		return err_set(err, -EBUSY,
			"%s is already used (by %.32s): each port needs a device of its own", name,
			strcmp(user.name, owner.name) == 0 ? "another port" : user.name);
	if (p->id == NO_PORT)
		rc = probe(p, device, name, err);
	if (rc != 0)
		return rc;
	rc = rte_eth_dev_owner_new(&owner.id);
	if (rc == 0)
		rc = rte_eth_dev_owner_set(p->id, &owner);
	if (rc == 0) {
		p->owner = owner.id;
		return 0;
	}
	if (p->probed)
		remove_device(p->id);
	return err_set(err, rc, "%s: cannot take the device: %s", name, rte_strerror(-rc));
}

void
device_close(struct port *p)
{
	(void)rte_eth_dev_owner_unset(p->id, p->owner);
	/* What EAL probed for the user stays until rte_eal_cleanup() closes it. */
	if (p->probed)
		remove_device(p->id);
	p->owner = RTE_ETH_DEV_NO_OWNER;
	p->probed = false;
}
