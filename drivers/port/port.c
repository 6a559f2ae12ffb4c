/* SPDX-License-Identifier: BSD-2-Clause */
#include "port/port.h"

#include <errno.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "port/kind.h"
#include "port/port_priv.h"

#define DESC_DEFAULT 1024u
#define VLAN_LEN     4u
#define IP4_MIN_MTU  68u /* RFC 791 */
#define IP6_MIN_MTU  1280u /* RFC 8200 5 */
#define RSS_WANTED   (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP)

/* All that bringing up one ethdev needs. */
struct setup {
	struct port *p;
	const struct port_conf *conf;
	const struct port_kind *kind;
	const char *name; /* of the device, for error texts */
	struct rte_mempool *pool;
	unsigned int nworkers;
	struct rte_eth_dev_info info;
	struct rte_eth_conf eth;
	struct err *err;
};

static int
pick_queues(struct setup *s)
{
	const unsigned int wanted = s->conf->queues != 0 ? s->conf->queues : s->nworkers;
	const unsigned int max_rx = s->info.max_rx_queues;
	const bool equal = s->kind->queues == PORT_QUEUES_EQUAL;
	const unsigned int max_tx =
		equal ? RTE_MIN(max_rx, s->info.max_tx_queues) : s->info.max_tx_queues;
	const char *more = s->kind->more_queues;
	unsigned int nrxq = RTE_MIN(wanted, max_rx);
	unsigned int ntxq = s->nworkers;

	if (s->nworkers == 0 || nrxq == 0)
		return err_set(s->err, -EINVAL,
			"%s: %u workers, %u rx queues: both must be at least 1", s->name,
			s->nworkers, nrxq);
	if (ntxq > max_tx)
		return err_set(s->err, -EINVAL,
			"%s has %u tx queues but %u workers need one each: use fewer workers%s%s",
			s->name, max_tx, ntxq,
			more != NULL ? " or give the device more queues with " : "",
			more != NULL ? more : "");
	if (s->kind->queues == PORT_QUEUES_ALL)
		nrxq = max_rx;
	if (equal) {
		nrxq = RTE_MIN(nrxq, max_tx);
		nrxq = RTE_MAX(nrxq, ntxq);
		ntxq = nrxq;
	}
	s->p->nrxq = (uint16_t)nrxq;
	s->p->ntxq = (uint16_t)ntxq;
	return 0;
}

/* As ethdev counts: what a frame has beside the MTU. */
static uint32_t
overhead(const struct rte_eth_dev_info *info)
{
	if (info->max_mtu != UINT16_MAX && info->max_rx_pktlen > info->max_mtu)
		return info->max_rx_pktlen - info->max_mtu;
	return RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;
}

static int
pick_mtu(struct setup *s)
{
	const uint32_t mtu = s->conf->mtu != 0 ? s->conf->mtu : RTE_ETHER_MTU;
	const uint32_t min = RTE_MAX(s->info.min_mtu, IP4_MIN_MTU);
	const uint32_t room = rte_pktmbuf_data_room_size(s->pool) - RTE_PKTMBUF_HEADROOM;
	const uint32_t frame = mtu + RTE_ETHER_HDR_LEN + VLAN_LEN + RTE_ETHER_CRC_LEN;
	uint32_t max = s->info.max_mtu;

	if (s->info.max_rx_pktlen > overhead(&s->info))
		max = RTE_MIN(max, s->info.max_rx_pktlen - overhead(&s->info));
	if (mtu < min || mtu > max)
		return err_set(s->err, -EINVAL, "%s: MTU %u: the device takes %u to %u", s->name,
			mtu, min, max);
	if (frame > room || s->info.min_rx_bufsize > room)
		return err_set(s->err, -EINVAL,
			"%s: MTU %u needs packet buffers of %u bytes, they have %u: lower the MTU or "
			"make the buffers larger",
			s->name, mtu, RTE_MAX(frame, s->info.min_rx_bufsize), room);
	s->p->mtu = (uint16_t)mtu;
	s->eth.rxmode.mtu = mtu;
	return 0;
}

/* Drivers keep the pointer and read it again whenever they reset the device, so it has no owner but us. */
static uint8_t rss_key[UINT8_MAX + 1];

/*
 * A Toeplitz key that repeats after 16 bits gives both directions of a flow the same hash, since
 * swapping addresses and ports moves bits by multiples of 16 only; 0x6d5a spreads flows evenly
 * (Woo and Park, Scalable TCP session monitoring with symmetric receive-side scaling, 2012).
 */
static void
pick_rss(struct setup *s)
{
	const uint64_t hf = s->info.flow_type_rss_offloads & RSS_WANTED;
	const uint8_t len = s->info.hash_key_size;

	if (s->p->nrxq < 2 || hf == 0)
		return;
	for (unsigned int i = 0; i < sizeof(rss_key); i++)
		rss_key[i] = i % 2 == 0 ? 0x6d : 0x5a;
	s->eth.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	s->eth.rx_adv_conf.rss_conf.rss_hf = hf;
	/* A driver that names no length takes 40 bytes (rte_eth_rss_conf). */
	s->eth.rx_adv_conf.rss_conf.rss_key = rss_key;
	s->eth.rx_adv_conf.rss_conf.rss_key_len = len != 0 ? len : 40;
}

/* VLAN tags are put in and taken off in software; LRO and TSO would change what IPsec protects. */
static void
pick_offloads(struct setup *s)
{
	s->p->rx_ip_csum = (s->info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_IPV4_CKSUM) != 0;
	s->p->tx_ip_csum = (s->info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_IPV4_CKSUM) != 0;
	if (s->p->rx_ip_csum)
		s->eth.rxmode.offloads |= RTE_ETH_RX_OFFLOAD_IPV4_CKSUM;
	if (s->p->tx_ip_csum)
		s->eth.txmode.offloads |= RTE_ETH_TX_OFFLOAD_IPV4_CKSUM;
}

static int
setup_queues(struct setup *s)
{
	const unsigned int socket = (unsigned int)rte_eth_dev_socket_id(s->p->id);
	struct rte_eth_rxconf rx = s->info.default_rxconf;
	struct rte_eth_txconf tx = s->info.default_txconf;
	uint16_t nrxd = s->conf->rx_desc != 0 ? s->conf->rx_desc : DESC_DEFAULT;
	uint16_t ntxd = s->conf->tx_desc != 0 ? s->conf->tx_desc : DESC_DEFAULT;
	int rc = rte_eth_dev_adjust_nb_rx_tx_desc(s->p->id, &nrxd, &ntxd);

	if (rc != 0)
		return err_set(s->err, rc,
			"%s: %u rx and %u tx descriptors do not fit the device: %s", s->name, nrxd,
			ntxd, rte_strerror(-rc));
	rx.offloads = s->eth.rxmode.offloads;
	tx.offloads = s->eth.txmode.offloads;
	for (uint16_t q = 0; q < s->p->nrxq; q++) {
		rc = rte_eth_rx_queue_setup(s->p->id, q, nrxd, socket, &rx, s->pool);
		if (rc != 0)
			return err_set(s->err, rc,
				"%s: cannot set up rx queue %u of %u: %s (each takes %u packet buffers, "
				"there are %u)",
				s->name, q, s->p->nrxq, rte_strerror(-rc), nrxd, s->pool->size);
	}
	for (uint16_t q = 0; q < s->p->ntxq; q++) {
		rc = rte_eth_tx_queue_setup(s->p->id, q, ntxd, socket, &tx);
		if (rc != 0)
			return err_set(s->err, rc, "%s: cannot set up tx queue %u of %u: %s",
				s->name, q, s->p->ntxq, rte_strerror(-rc));
	}
	return 0;
}

/* Some drivers round buffers down and then spread a frame over several, unasked. */
static int
check_one_segment(struct setup *s)
{
	struct rte_eth_rxq_info q;

	if (rte_eth_rx_queue_info_get(s->p->id, 0, &q) != 0 || q.scattered_rx == 0)
		return 0;
	return err_set(s->err, -EINVAL,
		"%s: the driver would spread a frame of MTU %u over several packet buffers of %u bytes: "
		"make them larger",
		s->name, s->p->mtu, rte_pktmbuf_data_room_size(s->pool) - RTE_PKTMBUF_HEADROOM);
}

static int
configure_and_start(struct setup *s, bool rx_intr)
{
	int rc;

	s->eth.intr_conf.rxq = rx_intr;
	rc = rte_eth_dev_configure(s->p->id, s->p->nrxq, s->p->ntxq, &s->eth);
	if (rc != 0)
		return err_set(s->err, rc,
			"%s: the driver refuses %u rx and %u tx queues, MTU %u: %s", s->name,
			s->p->nrxq, s->p->ntxq, s->p->mtu, rte_strerror(-rc));
	rc = setup_queues(s);
	if (rc != 0)
		return rc;
	/* rxmode.mtu does not reach the kernel's end of tap and af_packet; this does. */
	rc = rte_eth_dev_set_mtu(s->p->id, s->p->mtu);
	if (rc != 0 && rc != -ENOTSUP)
		return err_set(s->err, rc, "%s: cannot set MTU %u: %s", s->name, s->p->mtu,
			rte_strerror(-rc));
	rc = rte_eth_dev_start(s->p->id);
	if (rc != 0)
		return err_set(s->err, rc, "%s: cannot start: %s; EAL's messages say more", s->name,
			rte_strerror(-rc));
	rc = check_one_segment(s);
	if (rc != 0)
		(void)rte_eth_dev_stop(s->p->id);
	return rc;
}

/* Neighbour Discovery and IPv6 routing need multicast. -ENOTSUP: the device filters nothing. */
static int
open_filters(struct setup *s)
{
	const uint16_t id = s->p->id;
	int rc = -ENOTSUP;

	if (!s->conf->promiscuous)
		rc = rte_eth_allmulticast_enable(id);
	if (rc != 0)
		rc = rte_eth_promiscuous_enable(id);
	if (rc == 0 || rc == -ENOTSUP)
		return 0;
	return err_set(s->err, rc, "%s: cannot %s: %s", s->name,
		s->conf->promiscuous ? "be promiscuous" : "receive all multicast",
		rte_strerror(-rc));
}

/* net_ring has no address at all, and a frame without a source address is no frame. */
static int
read_mac(struct setup *s)
{
	int rc = rte_eth_macaddr_get(s->p->id, &s->p->mac);

	if (rc != 0)
		return err_set(s->err, rc, "%s: cannot read the MAC address: %s", s->name,
			rte_strerror(-rc));
	if (rte_is_valid_assigned_ether_addr(&s->p->mac))
		return 0;
	rte_eth_random_addr(s->p->mac.addr_bytes);
	rc = rte_eth_dev_default_mac_addr_set(s->p->id, &s->p->mac);
	if (rc == 0 || rc == -ENOTSUP)
		return 0;
	return err_set(s->err, rc, "%s: has no MAC address and takes none: %s", s->name,
		rte_strerror(-rc));
}

static bool
has_rx_intr(uint16_t id)
{
	int rc = rte_eth_dev_rx_intr_enable(id, 0);

	if (rc != 0 && rc != -ENOTSUP)
		return false;
	if (rc == 0)
		(void)rte_eth_dev_rx_intr_disable(id, 0);
	return rte_eth_dev_rx_intr_ctl_q_get_fd(id, 0) >= 0;
}

static int
bring_up(struct setup *s)
{
	bool rx_intr = s->kind->has_rx_intr;
	int rc = configure_and_start(s, rx_intr);

	/* Drivers that cannot interrupt say so by failing anywhere between configure and start. */
	if (rc != 0 && rx_intr) {
		rx_intr = false;
		rc = configure_and_start(s, false);
	}
	if (rc != 0)
		return rc;
	rc = open_filters(s);
	if (rc == 0)
		rc = read_mac(s);
	if (rc != 0) {
		(void)rte_eth_dev_stop(s->p->id);
		return rc;
	}
	s->p->rx_intr = rx_intr && has_rx_intr(s->p->id);
	return 0;
}

int
port_start(struct port *p, const struct port_conf *conf, unsigned int nworkers,
	struct rte_mempool *pool, struct err *err)
{
	struct setup s = { .p = p, .conf = conf, .pool = pool, .nworkers = nworkers, .err = err };
	char name[RTE_DEV_NAME_MAX_LEN];
	int rc;

	memset(p, 0, sizeof(*p));
	rc = device_open(p, conf->device, err);
	if (rc != 0)
		return rc;
	s.name = device_name(conf->device, name) == 0 ? name : conf->device;
	rc = rte_eth_dev_info_get(p->id, &s.info);
	if (rc != 0) {
		(void)err_set(err, rc, "%s: the driver does not describe it: %s", s.name,
			rte_strerror(-rc));
		goto err_open;
	}
	s.kind = port_kind_of_driver(s.info.driver_name);
	rc = pick_queues(&s);
	if (rc == 0)
		rc = pick_mtu(&s);
	if (rc != 0)
		goto err_open;
	pick_rss(&s);
	pick_offloads(&s);
	rc = bring_up(&s);
	if (rc != 0)
		goto err_open;
	port_poll_link(p);
	return 0;

err_open:
	device_close(p);
	return rc;
}

void
port_stop(struct port *p)
{
	if (p->owner == RTE_ETH_DEV_NO_OWNER)
		return;
	(void)rte_eth_dev_stop(p->id);
	device_close(p);
	atomic_store_explicit(&p->link, 0, memory_order_relaxed);
}

void
port_poll_link(struct port *p)
{
	struct rte_eth_link link = { 0 };
	int rc = rte_eth_link_get_nowait(p->id, &link);
	/* A driver without link state, as opposed to a device that is gone, is always up. */
	const uint8_t up = rc == -ENOTSUP || (rc == 0 && link.link_status == RTE_ETH_LINK_UP);

	atomic_store_explicit(&p->link, up, memory_order_relaxed);
}

int
port_stats(const struct port *p, struct port_hw_stats *out)
{
	struct rte_eth_stats stats;
	int rc;

	*out = (struct port_hw_stats){ 0 };
	if (p->owner == RTE_ETH_DEV_NO_OWNER)
		return -ENODEV;
	rc = rte_eth_stats_get(p->id, &stats);
	if (rc != 0)
		return rc;
	out->imissed = stats.imissed;
	out->ierrors = stats.ierrors;
	out->oerrors = stats.oerrors;
	out->rx_nombuf = stats.rx_nombuf;
	return 0;
}

int
iface_check(const struct port *p, const struct iface *iface, struct err *err)
{
	uint16_t min = IP4_MIN_MTU;

	for (uint8_t i = 0; i < iface->naddr; i++)
		min = iface->addr[i].af == AF_INET6 ? IP6_MIN_MTU : min;
	if (iface->mtu < min)
		return err_set(err, -EINVAL, "interface %s: MTU %u is below %u", iface->name,
			iface->mtu, min);
	if (iface->mtu > p->mtu)
		return err_set(err, -EINVAL, "interface %s: MTU %u is above its port's %u",
			iface->name, iface->mtu, p->mtu);
	return 0;
}
