/* SPDX-License-Identifier: BSD-2-Clause */
/* The gateway as a host: ARP, Neighbour Discovery, ICMP echo and errors, neighbours and what waits for */
/* them. Control thread only; packets come from the punt ring and leave through inject. */
#ifndef CTL_LOCAL_H
#define CTL_LOCAL_H

#include <stdint.h>

#include <rte_ether.h>
#include <rte_mbuf.h>

#include "base/addr.h"
#include "base/defs.h"
#include "base/err.h"
#include "pkt/lane.h"
#include "port/port.h"
#include "snap/snap.h"

struct local_conf {
	struct snap *snap;
	const struct portset *ports;
	struct rte_mempool *pool; /* for packets made here */
	struct lane *lane; /* control's own row of drop counters */
	/* Hand a packet (meta.kind = enum inject_kind) to a worker. Takes ownership, drops when full. */
	void (*inject)(void *arg, struct rte_mbuf *m);
	void *arg;
};

struct local;

/** @return context or NULL with err filled */
struct local *
local_new(const struct local_conf *conf, struct err *err);
/** Frees held packets too. */
void
local_free(struct local *l);

/**
 * Take one packet of the punt ring. Neighbours may come or go by it: commit when snap_is_dirty().
 *
 * @param now_ms  monotonic
 */
void
local_punt(struct local *l, struct rte_mbuf *m, uint64_t now_ms);

/** Retransmit, age, give up. Call about ten times a second, then commit when snap_is_dirty(). */
void
local_tick(struct local *l, uint64_t now_ms);

/** A neighbour that is neither asked for nor aged. @return 0; -EINVAL our own address; -ENOSPC */
WARN_UNUSED int
local_add_static(struct local *l, const struct addr *a, uint8_t iface,
	const struct rte_ether_addr *mac, struct err *err);

/** @return 0; -ENOENT no such static neighbour */
WARN_UNUSED int
local_del_static(struct local *l, const struct addr *a, uint8_t iface, struct err *err);

/** One line of the neighbour table. */
struct nbr_row {
	struct addr addr;
	uint8_t iface;
	struct rte_ether_addr mac; /* zero while there is no answer */
	const char *state; /* "incomplete", "failed", "reachable", "probe", "static" */
	uint64_t age_ms; /* since it was last heard */
};

/** List the neighbours, unordered. @param max  rows that fit @return how many there are */
unsigned int
local_neighbours(const struct local *l, uint64_t now_ms, struct nbr_row *rows, unsigned int max);

/** Gratuitous ARP and unsolicited neighbour advertisements for all our addresses (start, link up). */
void
local_announce(struct local *l, uint64_t now_ms);

#endif
