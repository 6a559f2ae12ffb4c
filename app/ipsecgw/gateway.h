/* SPDX-License-Identifier: BSD-2-Clause */
/* Build and take down what ctl/ctl.h calls a gateway. main only; EAL is running. */
#ifndef IPSECGW_GATEWAY_H
#define IPSECGW_GATEWAY_H

#include "ctl/ctl.h"

/**
 * Devices and state: buffers, ports, engines, snapshots, keys, routes, local stack, workers, socket,
 * setkey files; then everything is committed and the workers are launched.
 *
 * @param gw  zeroed but for conf and poll_always
 * @return 0; -errno with err filled and nothing left behind
 */
WARN_UNUSED int
gateway_start(struct gateway *gw, struct err *err);

/**
 * Drain, stop, free, and count what is left.
 * @return 0; -EBADE something was not given back, or given back twice (logged)
 */
WARN_UNUSED int
gateway_stop(struct gateway *gw);

#endif
