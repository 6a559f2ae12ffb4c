/* SPDX-License-Identifier: BSD-2-Clause */
/* Ports (ethdevs) and the IP interfaces on them. Built by control, const for workers but link state. */
#ifndef PORT_PORT_H
#define PORT_PORT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>
#include <rte_mempool.h>

#include "base/addr.h"
#include "base/defs.h"
#include "base/err.h"

#define PORT_MAX    16u
#define IFACE_MAX   64u
#define IFACE_ADDRS 8u
#define IFACE_NONE  0xffu

struct port_conf {
	char device[128]; /* PCI address or vdev arguments */
	uint16_t mtu;
	uint16_t queues; /* rx = tx queues wanted; limited by the device */
	uint16_t rx_desc, tx_desc; /* descriptors of one queue; 0 = default */
	bool promiscuous;
};

struct port {
	uint16_t id; /* ethdev port id */
	uint16_t nrxq, ntxq;
	uint16_t mtu;
	bool tx_ip_csum; /* NIC computes the IPv4 header checksum */
	bool rx_ip_csum; /* NIC verifies it and flags the mbuf */
	_Atomic uint8_t link; /* control writes, workers read relaxed */
	struct rte_ether_addr mac;
};

/** An IP interface: a port, or one VLAN of it. Index = position in portset.iface. */
struct iface {
	char name[32];
	uint8_t port; /* index in portset.port */
	uint16_t vlan; /* 0 = untagged */
	uint16_t mtu; /* IP MTU, bytes */
	uint8_t naddr;
	struct addr addr[IFACE_ADDRS]; /* with prefix length */
};

struct portset {
	uint8_t nport, niface;
	struct port port[PORT_MAX];
	struct iface iface[IFACE_MAX];
};

/**
 * Configure and start one ethdev (already probed by EAL or created from vdev arguments here).
 * Symmetric RSS key where the device has RSS; checksum offloads where offered.
 *
 * @param nworkers  each worker gets its own tx queue; rx queues are spread over workers
 * @return 0; -ENODEV no such device; -errno of ethdev
 */
WARN_UNUSED int
port_start(struct port *p, const struct port_conf *conf, unsigned int nworkers,
	struct rte_mempool *pool, struct err *err);
void
port_stop(struct port *p);

/** Refresh link state. Control thread, on its tick. */
void
port_poll_link(struct port *p);

#endif
