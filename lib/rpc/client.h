/* SPDX-License-Identifier: BSD-2-Clause */
/* The other end: connect to a gateway's Unix socket, call, wait with a time-out. */
/* Owner: the caller; one call at a time. */
#ifndef RPC_CLIENT_H
#define RPC_CLIENT_H

#include <jansson.h>

#include "base/defs.h"
#include "base/err.h"

#define RPC_REPLY_MAX (256u << 20) /* bytes of one reply that the client is willing to take */

struct rpc_client;

/**
 * Connect.
 *
 * @param timeout_ms  for each later call, from request to last byte of the reply
 * @return 0; -ENOENT, -ECONNREFUSED nobody listens; -EACCES; -ENAMETOOLONG; -ENOMEM
 */
WARN_UNUSED int
rpc_client_open(const char *path, int timeout_ms, struct rpc_client **out, struct err *err);

/**
 * Call a method and wait for its result.
 *
 * @param params  reference is taken over; NULL for none
 * @param result  receives a new reference
 * @return 0; -ETIMEDOUT; -ECONNRESET the gateway closed the connection; -EBADMSG not JSON-RPC;
 *         -EREMOTEIO the gateway refused: err->text is its message, code and path
 */
WARN_UNUSED int
rpc_client_call(
	struct rpc_client *c, const char *method, json_t *params, json_t **result, struct err *err);
void
rpc_client_close(struct rpc_client *c);

#endif
