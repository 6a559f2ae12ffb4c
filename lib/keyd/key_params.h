/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of net.inet.*, net.inet6.ipsec6.* and net.key.*: NetBSD's names and ranges, and some of ours. */
/* A constant table; any thread. The fields are those of struct knobs, the context is a struct keyd. */
#ifndef KEYD_KEY_PARAMS_H
#define KEYD_KEY_PARAMS_H

#include "params/params.h"

/** Vectors of counters (struct param.vector). Who has the counters knows what stands in them. */
enum key_vector {
	KEY_VECTOR_NONE,
	KEY_VECTOR_IPSEC,
	KEY_VECTOR_AH,
	KEY_VECTOR_ESP,
	KEY_VECTOR_IPCOMP,
	KEY_VECTOR_IPIP,
};

/** @return the tree over struct knobs (ipsec/knobs.h) with struct keyd as context; any thread */
const struct params_tree *
key_params_tree(void);

#endif
