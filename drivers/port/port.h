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
	uint16_t mtu; /* IP MTU, bytes; 0: 1500 */
	uint16_t queues; /* rx queues wanted, limited by the device; 0: one per worker */
	uint16_t rx_desc, tx_desc; /* per queue, adjusted to the device; 0: 1024 */
	bool promiscuous;
};

struct port {
	uint16_t id; /* ethdev port id */
	uint16_t nrxq, ntxq;
	uint16_t mtu;
	bool tx_ip_csum; /* NIC computes the IPv4 header checksum */
	bool rx_ip_csum; /* NIC verifies it and flags the mbuf */
	bool rx_intr; /* an rx queue has an event fd that becomes readable when packets wait */
	bool probed; /* created by port_start(), so port_stop() removes it */
	uint64_t owner; /* ethdev owner id; 0: not started */
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

/** Counters of the device itself, since it was created. */
struct port_hw_stats {
	uint64_t imissed; /* packets lost because no descriptor or worker was there for them */
	uint64_t ierrors, oerrors; /* packets */
	uint64_t rx_nombuf; /* failed allocations of a packet buffer */
};

/**
 * Find or create one ethdev, configure and start it. Control thread.
 *
 * A device that EAL has probed (-a, --vdev) is used as it is; any other is probed from conf->device.
 * Symmetric RSS key where the device has RSS and several rx queues; checksum offloads where offered;
 * rx interrupts where the driver has them. Frames are never spread over several buffers.
 *
 * With rx_intr, poll rte_eth_dev_rx_intr_ctl_q_get_fd(); rte_eth_dev_rx_intr_enable() arms it, where
 * -ENOTSUP means that nothing needs arming (net_tap: the fd is level-triggered).
 *
 * @param p         zeroed by this function; on error nothing needs stopping
 * @param nworkers  1..; each worker gets its own tx queue; rx queues are spread over workers
 * @param pool      buffers of all rx queues; must take a whole frame each
 * @return 0; -ENODEV no such device; -EBUSY already used; -EINVAL MTU, queues or arguments that do not
 *         fit the device; -errno of ethdev. The text begins with the device, not with the port's name.
 */
WARN_UNUSED int
port_start(struct port *p, const struct port_conf *conf, unsigned int nworkers,
	struct rte_mempool *pool, struct err *err);
/** Stop, close, and remove what port_start() created. May be called twice, or on a zeroed port. */
void
port_stop(struct port *p);

/** Refresh link state without waiting. Control thread, on its tick. */
void
port_poll_link(struct port *p);

/** Read the counters of the device. Control thread. @return 0; -errno of ethdev, out is zeroed */
WARN_UNUSED int
port_stats(const struct port *p, struct port_hw_stats *out);

/**
 * Check that a started port can carry an interface.
 *
 * @return 0; -EINVAL its MTU is above the port's, below 68, or below 1280 with an IPv6 address
 */
WARN_UNUSED int
iface_check(const struct port *p, const struct iface *iface, struct err *err);

#endif
