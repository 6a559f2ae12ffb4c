/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of net.inet.ipsec.*, net.inet6.ipsec6.* and net.key.* that live in struct knobs. */
#ifndef KEYD_KEY_PARAMS_H
#define KEYD_KEY_PARAMS_H

#include "params/params.h"

/** @return the tree over struct knobs (ipsec/knobs.h); constant, any thread */
const struct params_tree *
key_params_tree(void);

#endif
