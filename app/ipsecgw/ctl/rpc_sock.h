/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON-RPC clients on a Unix stream socket: who may connect, bounded queues, replies held for a commit. */
/* Control thread only. Knows nothing of what the methods do. */
#ifndef CTL_RPC_SOCK_H
#define CTL_RPC_SOCK_H

#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/err.h"
#include "rpc/rpc.h"

struct rpc_sock_conf {
	const char *path;
	const struct rpc_table *table;
	void *ctx; /* for the methods */
	int (*commit)(void *ctx, struct err *err); /* puts into force what calls have staged */
	unsigned int max_clients; /* 0 = 64 */
	size_t queue_bytes; /* output a client may leave unread before we stop reading it; 0 = 1 MiB */
	unsigned int stall_ms; /* a full queue that does not move for so long ends it; 0 = 10 s */
};

struct rpc_sock;

/**
 * Listen: mode 0600, parent directory made if missing, a stale socket removed only when nobody listens.
 *
 * @return socket, or NULL with err filled (-EADDRINUSE: another gateway listens there)
 */
struct rpc_sock *
rpc_sock_open(const struct rpc_sock_conf *conf, struct err *err);
/** Close all connections and remove the socket. */
void
rpc_sock_close(struct rpc_sock *rs);

/** @return a descriptor that is readable when rpc_sock_serve() has something to do */
int
rpc_sock_fd(const struct rpc_sock *rs);

/**
 * Accept, read, call, commit once what all calls together have staged, then answer.
 *
 * Never blocks. One round reads a bounded amount per client, so that nobody starves the others.
 * @param now_ms  monotonic
 */
void
rpc_sock_serve(struct rpc_sock *rs, uint64_t now_ms);

/** End connections that take no output. Call about once a second. */
void
rpc_sock_tick(struct rpc_sock *rs, uint64_t now_ms);

/** @return clients connected now */
unsigned int
rpc_sock_clients(const struct rpc_sock *rs);

#endif
