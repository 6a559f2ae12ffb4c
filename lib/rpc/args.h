/* SPDX-License-Identifier: BSD-2-Clause */
/* Typed arguments of a JSON-RPC call; every refusal names the argument by JSON pointer. */
/* Owner: the method's stack. Values are borrowed from params. */
#ifndef RPC_ARGS_H
#define RPC_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/defs.h"
#include "rpc/rpc.h"

#define ARGS_MAX 16u /* arguments of one method */

struct args {
	json_t *params; /* object, or NULL for none */
	struct rpc_fail *fail; /* first refusal; later ones do not overwrite it */
	const char *taken[ARGS_MAX];
	unsigned int ntaken;
};

/** Begin. Arguments are by name: a non-empty array is refused. @return 0; RPC_INVALID_PARAMS */
WARN_UNUSED int
args_begin(struct args *a, json_t *params, struct rpc_fail *fail);

/** Required string of at most max_len bytes. @return 0; RPC_INVALID_PARAMS */
WARN_UNUSED int
args_str(struct args *a, const char *name, size_t max_len, const char **out);

/** Required integer in min..max. @return 0; RPC_INVALID_PARAMS */
WARN_UNUSED int
args_int(struct args *a, const char *name, int64_t min, int64_t max, int64_t *out);

/** Optional ones: *out keeps its value when the argument is absent. @return 0; RPC_INVALID_PARAMS */
WARN_UNUSED int
args_str_opt(struct args *a, const char *name, size_t max_len, const char **out);
WARN_UNUSED int
args_int_opt(struct args *a, const char *name, int64_t min, int64_t max, int64_t *out);
WARN_UNUSED int
args_bool_opt(struct args *a, const char *name, bool *out);

/** End: an argument that nobody asked for is refused. @return 0; RPC_INVALID_PARAMS */
WARN_UNUSED int
args_end(struct args *a);

/** Write "/name" with ~ and / escaped (RFC 6901). @return buf */
const char *
args_pointer(const char *name, char buf[RPC_PATH_LEN]);

#endif
