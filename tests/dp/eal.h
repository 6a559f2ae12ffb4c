/* SPDX-License-Identifier: BSD-2-Clause */
/* How every data path test starts DPDK: no hugepages, no hardware, no files, one core. */
/* Owner: the test program; one thread, once. */
#ifndef DP_EAL_H
#define DP_EAL_H

#include <stdio.h>
#include <stdlib.h>

#include <rte_common.h>
#include <rte_eal.h>

#include "base/addr.h"
#include "pkt/pkt.h"

/** Start EAL and register the packet metadata, or abort. @param extra  one more EAL option, or NULL */
static inline void
test_eal(unsigned int mib, const char *extra)
{
	char mem[16], more[64];
	char *argv[] = { (char[]){ "test" }, (char[]){ "--no-huge" }, (char[]){ "-m" }, mem,
		(char[]){ "--no-pci" }, (char[]){ "--no-telemetry" }, (char[]){ "--no-shconf" },
		(char[]){ "-l" }, (char[]){ "0" }, more };

	(void)snprintf(mem, sizeof(mem), "%u", mib);
	(void)snprintf(more, sizeof(more), "%s", extra != NULL ? extra : "");
	if (rte_eal_init((int)RTE_DIM(argv) - (extra == NULL), argv) < 0 || pkt_init() != 0)
		abort();
}

/** The address or prefix that text says; aborts on what is none. */
static inline struct addr
test_ip(const char *text)
{
	struct addr a;

	if (addr_parse(text, &a) != 0)
		abort();
	return a;
}

#endif
