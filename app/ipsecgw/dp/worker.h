/* SPDX-License-Identifier: BSD-2-Clause */
/* struct worker: one run-to-completion lcore, and the rows that control reads of it. */
/* Made by control before launch, then owned by its lcore; control reads rows with relaxed loads. */
#ifndef DP_WORKER_H
#define DP_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mempool.h>
#include <rte_ring.h>

#include "base/defs.h"
#include "base/err.h"
#include "pkt/lane.h"
#include "port/port.h"
#include "snap/snap.h"

#define RXQ_MAX 64u /* rx queues of one worker */

/* Stages that are counted, in the order of worker_step(). X(SYMBOL, "name") */
#define STAGES(X)           \
	X(CRYPTO, "crypto") \
	X(PARSE, "parse")   \
	X(IN, "in")         \
	X(FLOW, "flow")     \
	X(POLICY, "policy") \
	X(OUT, "out")       \
	X(TX, "tx")

enum stage {
#define X(sym, name) STAGE_##sym,
	STAGES(X)
#undef X
		STAGE_MAX
};

/** @return "parse" and so on; NULL past the end */
const char *
stage_name(enum stage s);

/** Counters of one worker. Written by it alone; control sums with relaxed loads. */
struct worker_rows {
	uint64_t steps, idle_steps, sleeps;
	uint64_t punted, injected; /* packets to and from control */
	uint64_t use_clear; /* packets that a "use" policy let out unprotected for want of an SA */
	struct {
		uint64_t rx_pkts, rx_bytes, tx_pkts, tx_bytes;
	} port[PORT_MAX];
	struct {
		uint64_t calls, pkts, cycles; /* cycles of one sampled step in 256 */
	} stage[STAGE_MAX];
};

struct reass;

/** What all workers share; constant while they run. */
struct worker_env {
	const struct snapshot *_Atomic *snap;
	struct rte_rcu_qsbr *qs;
	struct crypto *crypto;
	struct rte_mempool *pool; /* for fragments */
	struct reass *reass; /* incomplete packets */
	const struct portset *ports;
	struct rte_ring *punt; /* all workers to control: struct rte_mbuf *, see pkt/punt.h */
	bool poll_always; /* never sleep */
};

struct worker;

/**
 * Make the table of incomplete packets that all workers share. Control thread.
 *
 * @param max_frags  fragments that may wait for others, all packets
 * @return table or NULL: no memory
 */
struct reass *
reass_new(unsigned int max_frags, int socket);
/** No worker runs any more. Frees the fragments that wait. */
void
reass_free(struct reass *r);
/** Fragments that wait for others. No worker may run. */
unsigned int
reass_held(const struct reass *r);
/** @return buffers of reassembled packets that somebody still has */
unsigned int
reass_large_in_use(const struct reass *r);

/**
 * Make a worker and its inject ring. Control thread.
 *
 * @param idx  0..nworkers-1: its row, QSBR thread id and tx queue number
 * @return worker, or NULL with err filled
 */
struct worker *
worker_new(const struct worker_env *env, unsigned int idx, int socket, struct err *err);
/** Not running any more. Frees what its vectors hold. */
void
worker_free(struct worker *w);

/** Let the worker poll a queue. Before worker_run(). @return 0; -ENOSPC */
WARN_UNUSED int
worker_add_rxq(struct worker *w, uint8_t port, uint16_t queue);

/** One pass over all stages. @param now_tsc  time, injected so that tests own it @return packets seen */
unsigned int
worker_step(struct worker *w, uint64_t now_tsc);

/** lcore main: step until worker_stop(), sleep when idle, drain, return 0. @param arg  struct worker */
int
worker_run(void *arg);
/** Ask it to drain and return; any thread. */
void
worker_stop(struct worker *w);

/** Ring for packets from control (one consumer: this worker); control only enqueues. */
struct rte_ring *
worker_inject_ring(struct worker *w);

const struct worker_rows *
worker_rows(const struct worker *w);
const struct lane *
worker_lane(const struct worker *w);

#endif
