/* SPDX-License-Identifier: BSD-2-Clause */
/* Read what left the gateway: the packet of a test, and every protection that is around it. */
#ifndef DP_PEEL_H
#define DP_PEEL_H

#include <stdint.h>

#include "base/addr.h"

#define PEEL_MARK  0x7ac3u /* before the number that a packet carries */
#define PEEL_ALIEN 0xdeadbeefu /* SPI of ESP that is not for us */

/** What was found; the fields of the header are those of the innermost one. */
struct seen {
	uint8_t nspi;
	uint32_t spi[8]; /* outermost first */
	uint8_t ttl;
	struct addr src, dst;
	unsigned int number;
};

/** Read a packet and all that is around it. The test fails if it cannot be read. */
void
peel(const uint8_t *p, unsigned int len, struct seen *s);

#endif
