/* SPDX-License-Identifier: BSD-2-Clause */
/* Order a vector so that packets of one SA are neighbours, without sorting. Worker only. */
#ifndef PKT_GROUP_H
#define PKT_GROUP_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

/**
 * Reorder m[0..n) so that equal pkt_meta.sa are adjacent; the order of first appearance of the SAs
 * and the order of packets within an SA are kept.
 *
 * @param n  at most PVEC_MAX
 * @return true when all have the same SA (also for n == 0)
 */
bool
group_by_sa(struct rte_mbuf **m, uint16_t n);

#endif
