/* SPDX-License-Identifier: BSD-2-Clause */
/* The setkey(8) language: text in, checked commands out, errors with line and column. */
/* No globals, no I/O; any thread. Whoever receives a command does not keep it: its keys are wiped. */
#ifndef SETKEY_SETKEY_H
#define SETKEY_SETKEY_H

#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/err.h"
#include "ipsec/sa.h"
#include "ipsec/sp.h"

enum setkey_verb {
	SETKEY_ADD,
	SETKEY_UPDATE, /* exchange the SA of this name */
	SETKEY_DELETE,
	SETKEY_DELETEALL, /* every SA of these addresses and protocol */
	SETKEY_FLUSH,
	SETKEY_SPDADD,
	SETKEY_SPDUPDATE,
	SETKEY_SPDDELETE,
	SETKEY_SPDFLUSH,
};

struct setkey_cmd {
	enum setkey_verb verb;
	unsigned int line, col; /* of the first word, from 1 */
	struct sa_spec sa; /* add, update; delete, deleteall (name only) */
	struct sp_spec sp; /* spdadd, spdupdate, spddelete (selector only) */
	uint8_t proto; /* flush: IPPROTO_*, 0 = all */
};

struct setkey_err {
	unsigned int line, col;
	struct err err;
};

/** Act on one command. @return 0 to go on; anything else stops the parse, with the reason in err */
typedef int (*setkey_emit)(void *arg, const struct setkey_cmd *cmd, struct err *err);

/**
 * Parse a whole file and emit its commands in order.
 *
 * @param text  len bytes, need not be NUL-terminated
 * @return 0; -EINVAL the text is wrong; else what emit returned. err->line and col tell where
 * @see setkey(8). Not taken: get, getspi, dump, spddump (they need an answer)
 */
WARN_UNUSED int
setkey_parse(const char *text, size_t len, setkey_emit emit, void *arg, struct setkey_err *err);

#endif
