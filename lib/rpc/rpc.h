/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON-RPC 2.0, one JSON text per line: framing, dispatch, replies that can be held until a commit. */
/* No sockets, no globals; whoever owns a connection owns its rpc_in. One thread at a time. */
#ifndef RPC_RPC_H
#define RPC_RPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/defs.h"
#include "base/err.h"

#define RPC_LINE_MAX  (1u << 20) /* bytes of one request or batch, newline not counted */
#define RPC_DEPTH_MAX 32u /* nested arrays and objects */
#define RPC_BATCH_MAX 32u /* calls of one batch: bounds what one line can make us answer */
#define RPC_PATH_LEN  128u

/* Protocol errors of JSON-RPC 2.0 section 5.1; what a method refuses is -errno instead. */
#define RPC_PARSE_ERROR      (-32700)
#define RPC_INVALID_REQUEST  (-32600)
#define RPC_METHOD_NOT_FOUND (-32601)
#define RPC_INVALID_PARAMS   (-32602)
#define RPC_INTERNAL_ERROR   (-32603)

/** Why a call failed. Zero-initialised before the method runs. */
struct rpc_fail {
	int code; /* one of the above, or -errno */
	char path[RPC_PATH_LEN]; /* JSON pointer into params, "" when none applies */
	char text[320];
};

/** Record a failure. @param path  JSON pointer or NULL @return code */
int
rpc_fail_set(struct rpc_fail *f, int code, const char *path, const char *fmt, ...)
	PRINTF_LIKE(4, 5);

/**
 * One method.
 *
 * @param params  object or array, NULL when the request has none; borrowed
 * @param result  receives a new reference
 * @return 0; negative: failed, f->code (or this value, when f->code is still 0) is the error code
 */
typedef int (*rpc_fn)(void *ctx, json_t *params, json_t **result, struct rpc_fail *f);

struct rpc_method {
	const char *name; /* noun.verb */
	rpc_fn fn;
	bool stages; /* changes something that is in force only after the commit */
	const char *params; /* for people: "{name: string, value: integer}", "" when none */
	const char *doc;
};

struct rpc_table {
	const struct rpc_method *rows;
	size_t n;
};

/** What one line is answered with. Free with rpc_reply_free(). */
struct rpc_reply {
	json_t *msg; /* object, array, or NULL: nothing to send (notifications) */
	json_t *staged; /* array of those responses in msg that wait for a commit; or NULL */
	bool stages; /* some call staged a change successfully */
};

/**
 * Answer one line: a request, a notification or a batch of them.
 *
 * @param line  len bytes without the newline, need not be NUL-terminated
 * @return 0; -ENOMEM (out is then empty: nothing can be answered)
 * @see https://www.jsonrpc.org/specification
 */
WARN_UNUSED int
rpc_handle(
	const struct rpc_table *t, void *ctx, const char *line, size_t len, struct rpc_reply *out);

/** A reply made of one error, for requests that could not even be read (id null). */
WARN_UNUSED int
rpc_reply_error(struct rpc_reply *out, int code, const char *text);

/** Turn the successful responses of staged calls into this error: their commit failed. */
void
rpc_reply_fail(struct rpc_reply *r, const struct err *err);

/** @return malloc'ed text with newline and its length; NULL when there is nothing to send or no memory */
char *
rpc_reply_text(const struct rpc_reply *r, size_t *len);
void
rpc_reply_free(struct rpc_reply *r);

/** Refuse what nests too deep before a recursive parser sees it. Strings are skipped. */
bool
rpc_depth_ok(const char *text, size_t len);

/** Incoming bytes of one connection. Zero-initialise; rpc_in_free() at the end. */
struct rpc_in {
	char *buf;
	size_t start, end, cap; /* buf[start..end) is not consumed yet */
	size_t scanned; /* buf[start..scanned) is known to hold no newline */
};

/** Room for at least 4 KiB more. @param n  receives its size @return where to read to; NULL: no memory */
char *
rpc_in_room(struct rpc_in *in, size_t *n);
/** n bytes were written into the room. */
void
rpc_in_added(struct rpc_in *in, size_t n);
/**
 * Look for a complete line.
 *
 * @param line  borrowed until the next rpc_in call; without the newline
 * @return 1 there is one; 0 more bytes are needed; -EMSGSIZE longer than RPC_LINE_MAX
 */
WARN_UNUSED int
rpc_in_line(struct rpc_in *in, const char **line, size_t *len);
/** Drop the line that rpc_in_line() showed. */
void
rpc_in_consume(struct rpc_in *in, size_t len);
void
rpc_in_free(struct rpc_in *in);

#endif
