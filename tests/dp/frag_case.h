/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets to us cut by hand: what to send, and what control must get when all of it is there. */
/* Owner: the test program; one thread. */
#ifndef DP_FRAG_CASE_H
#define DP_FRAG_CASE_H

#include <stdbool.h>
#include <stdint.h>

#include "dp/gw_case.h"

/** A packet from a LAN host to our LAN address, by its payload. Fields may be changed before sending. */
struct whole {
	bool v6;
	unsigned int port;
	uint8_t src[16], dst[16];
	uint8_t proto; /* UDP */
	uint8_t tos; /* IPv4 */
	uint16_t id;
	unsigned int len; /* bytes of data; what ends there is the last fragment */
	uint8_t data[65536 + 8]; /* the last fragment may end behind what IP can have */
};

struct cut {
	unsigned int off, len; /* bytes of the payload */
};

/** @return the only one there is; its bytes depend on len and id */
struct whole *
frag_whole(bool v6, unsigned int len, uint16_t id);
/** @return length of the frame */
unsigned int
frag_build(const struct whole *x, struct cut c, uint8_t *frame);
/** Receive one fragment, one step. */
void
frag_send(const struct whole *x, struct cut c);
/** Control got this packet, whole and once. */
void
frag_expect(const struct whole *x);

#endif
