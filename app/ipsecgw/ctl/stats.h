/* SPDX-License-Identifier: BSD-2-Clause */
/* Sums of what the workers count, as JSON. Rows are written by workers and read with relaxed loads. */
/* Control thread only. A sum over rows is not one instant: it may be a few packets apart. */
#ifndef CTL_STATS_H
#define CTL_STATS_H

#include <stdint.h>

#include <rte_mempool.h>

#include <jansson.h>

#include "crypto/crypto.h"
#include "dp/worker.h"
#include "keyd/keyd.h"
#include "pkt/lane.h"
#include "port/port.h"

/** Where the counters are. Nothing is owned. */
struct stats_env {
	const struct worker_rows *const *rows; /* [nworkers] */
	const struct lane *const *lanes; /* [nworkers] */
	const struct lane *control; /* drops of the control thread; NULL = none */
	unsigned int nworkers;
	const struct keyd *keyd;
	const struct snap *snap; /* has the sums of SAs that are gone */
	const struct crypto *crypto;
	const struct portset *ports;
	struct rte_mempool *pool; /* NULL: mbufs are not reported */
	uint64_t start_tsc;
};

/** Everything. @return new reference; NULL: no memory */
json_t *
stats_json(const struct stats_env *e);
/** SAs with their parameters and counters, never their keys. @return new reference; NULL: no memory */
json_t *
stats_sas(const struct stats_env *e);
/** Policies in match order, inbound first. @return new reference; NULL: no memory */
json_t *
stats_policies(const struct stats_env *e);
/** Ports: link, hardware, and sums over workers. @return new reference; NULL: no memory */
json_t *
stats_ports(const struct stats_env *e);
/** Names of the stages, in order. @return new reference; NULL: no memory */
json_t *
stats_stages(void);
/** Sum of one drop reason over workers and control. @return packets */
uint64_t
stats_drops(const struct stats_env *e, enum drop_reason r);
/** Of these, what belonged to one protocol. @return packets */
uint64_t
stats_drops_by(const struct stats_env *e, enum drop_by by, enum drop_reason r);

#endif
