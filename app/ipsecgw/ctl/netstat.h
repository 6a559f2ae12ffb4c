/* SPDX-License-Identifier: BSD-2-Clause */
/* The counters of NetBSD's netstat(1) and sysctl(8) vectors, from what workers and SAs count. */
/* Control thread only. Sums of rows that are being written: not one instant. */
#ifndef CTL_NETSTAT_H
#define CTL_NETSTAT_H

#include <stddef.h>
#include <stdint.h>

#include "ctl/stats.h"
#include "keyd/key_params.h"

#define NETSTAT_MAX 35u /* counters of the longest vector */

struct netstat_counter {
	const char *name; /* "REPLAY", as behind the dot of a drop reason's NetBSD counter */
	const char *text; /* what netstat -s prints behind the number; "" is not printed */
};

/** One vector, in the order of the kernel's array: counters, then the histogram by algorithm. */
struct netstat_vector {
	const char *proto; /* "esp" */
	size_t n; /* counters and slots of the histogram */
	size_t ncounter;
	const struct netstat_counter *counter; /* [ncounter] */
	const char *const *alg; /* [n - ncounter] "aes-cbc" */
};

/** @return the description; NULL for KEY_VECTOR_NONE and beyond the last */
const struct netstat_vector *
netstat_vector(enum key_vector v);

/** Add up a vector. @param out  receives netstat_vector(v)->n counters, the rest is 0 */
void
netstat_read(const struct stats_env *e, enum key_vector v, uint64_t out[NETSTAT_MAX]);

/** All of them with their texts: {"esp": {"counters": [...], "histogram": [...]}}. @return new reference */
json_t *
netstat_json(const struct stats_env *e);

#endif
