/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line: EAL options, "--", our options; and what EAL is given besides. */
/* main only, before EAL starts. Strings are borrowed from argv. */
#ifndef IPSECGW_OPTIONS_H
#define IPSECGW_OPTIONS_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/err.h"

#define EAL_ARGS_MAX 128

struct options {
	const char *config;
	bool check, help, version, poll_always;
	bool no_hugepages; /* --no-huge or --in-memory was given to EAL */
	int eal_argc;
	char *eal_argv[EAL_ARGS_MAX + 2]; /* NULL-terminated; rte_eal_init() may permute it */
};

/** @return 0; -EINVAL with the reason in err */
WARN_UNUSED int
options_parse(int argc, char **argv, struct options *o, struct err *err);

/** What to print for --help. */
extern const char options_help[];

/** See whether hugepages are free when EAL is going to want some. @return 0; -ENOMEM with advice in err */
WARN_UNUSED int
options_check_hugepages(const struct options *o, struct err *err);

#endif
