/* SPDX-License-Identifier: BSD-2-Clause */
/* The control thread: one loop that owns everything which changes, and the gateway it owns. */
/* Made by main in the order of the fields, unmade in reverse. Control thread only. */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mempool.h>
#include <rte_ring.h>

#include "base/defs.h"
#include "base/err.h"
#include "conf.h"
#include "crypto/crypto.h"
#include "ctl/audit_log.h"
#include "ctl/keepalive.h"
#include "ctl/local.h"
#include "ctl/rpc_methods.h"
#include "ctl/rpc_sock.h"
#include "ctl/workers.h"
#include "keyd/keyd.h"
#include "pkt/lane.h"
#include "port/port.h"
#include "snap/snap.h"

struct gateway {
	struct conf *conf;
	bool poll_always;
	struct rte_mempool *pool;
	struct reass *reass;
	struct portset ports; /* ports that are started come first */
	struct crypto *crypto;
	struct snap *snap;
	struct keyd keyd;
	struct lane lane; /* control's own row of drop counters */
	struct rte_ring *punt;
	struct local *local;
	struct workers workers;
	struct audit_log audit;
	struct keepalive keepalive;
	struct rpc_env rpc;
	struct rpc_sock *sock;
};

/**
 * Serve until SIGTERM or SIGINT.
 *
 * Workers make no system calls, so nothing wakes this thread when they punt a packet: the ring is
 * looked at on every wake-up, after at most 1 ms while packets come (a thousand wake-ups a second, below
 * one per cent of a core) and after at most 10 ms when none came for a second. So the first packet of a
 * quiet neighbour or ping waits up to 10 ms, the next ones up to 1 ms.
 *
 * SIGTERM, SIGINT and SIGHUP must be blocked in all threads.
 * @return 0; -errno the loop cannot run
 */
WARN_UNUSED int
ctl_run(struct gateway *gw, struct err *err);

/** Stop the workers and wait for them while objects are still reclaimed and punted packets freed. */
void
ctl_stop_workers(struct gateway *gw);

/** Read the configuration again and put into force what may change. Logs what happened. */
void
ctl_reload(struct gateway *gw, uint64_t now_ms);

/** Hand a packet of control to a worker (struct local_conf.inject). @param arg  struct gateway */
void
ctl_inject(void *arg, struct rte_mbuf *m);

/** Neighbours (struct rpc_env.neighbours). @param arg  struct gateway @return list; NULL: no memory */
json_t *
ctl_neighbours(void *arg);

/** @return monotonic milliseconds */
uint64_t
ctl_now_ms(void);

#endif
