/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands of ipsecgwctl: each calls methods of the gateway and prints what comes back. */
#ifndef IPSECGWCTL_COMMANDS_H
#define IPSECGWCTL_COMMANDS_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/err.h"
#include "rpc/client.h"

/** What a command works with. */
struct cmd_env {
	struct rpc_client *client;
	int argc; /* of the command's own arguments; argv[0] is its name */
	char **argv;
};

struct command {
	const char *name;
	int (*fn)(struct cmd_env *env, struct err *err);
	const char *args, *doc;
};

/** @return row or NULL */
const struct command *
command_find(const char *name);
/** @return row i, NULL past the end */
const struct command *
command_at(size_t i);

/** Print the tables of `stats` to standard output. @param reasons  result of drop.list, may be NULL */
void
stats_print(const json_t *stats, const json_t *reasons);

/** `top`: a table each second, with rates. Runs until interrupted, or count times. */
WARN_UNUSED int
cmd_top(struct cmd_env *env, struct err *err);

/** `sysctl`: show or set parameters. */
WARN_UNUSED int
cmd_sysctl(struct cmd_env *env, struct err *err);
/** `audit`: the last events, and with -f those to come until interrupted. */
WARN_UNUSED int
cmd_audit(struct cmd_env *env, struct err *err);
/** `netstat`: counters with NetBSD's texts. */
WARN_UNUSED int
cmd_netstat(struct cmd_env *env, struct err *err);

/** Parse "--interval N", "--count M", "--json" of stats and top. Absent ones keep their value. */
struct repeat {
	bool json;
	double interval_s; /* 0: once */
	long count; /* 0: for ever */
};
WARN_UNUSED int
repeat_parse(const struct cmd_env *env, struct repeat *r, struct err *err);
/** Wait for the interval; fails only when interrupted. */
void
repeat_sleep(const struct repeat *r);

#endif
