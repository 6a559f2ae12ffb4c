/* SPDX-License-Identifier: BSD-2-Clause */
/* The methods of the JSON-RPC socket, as a table. rpc.methods prints it. Control thread only. */
#ifndef CTL_RPC_METHODS_H
#define CTL_RPC_METHODS_H

#include "base/defs.h"
#include "base/err.h"
#include "ctl/audit_log.h"
#include "ctl/keepalive.h"
#include "ctl/stats.h"
#include "ipsec/knobs.h"
#include "rpc/rpc.h"
#include "snap/snap.h"

/** Context of every method. Nothing is owned. */
struct rpc_env {
	struct stats_env stats;
	struct snap *snap;
	json_t *(*neighbours)(
		void *arg); /* list for neighbour.list; NULL: no local stack, no neighbours */
	void *arg;
	const struct audit_log *audit; /* NULL: nobody takes the records */
	const struct keepalive *keepalive; /* NULL: nobody sends any */
	struct knobs
		committed; /* what the last good commit published: where a failed one returns */
};

/** @return the table; its methods take a struct rpc_env as context */
const struct rpc_table *
rpc_methods(void);

/** Take note that the staged parameters are in force (after a commit of somebody else). */
void
rpc_env_committed(struct rpc_env *env);

/**
 * Group commit for rpc_sock_serve(): publish what the calls staged, or return to what was published.
 * @param arg  struct rpc_env
 */
WARN_UNUSED int
rpc_commit(void *arg, struct err *err);

#endif
