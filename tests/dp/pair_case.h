/* SPDX-License-Identifier: BSD-2-Clause */
/* A packet through two gateways, one after the other: sealed by the first, opened by the second. */
/* Owner: the test program; one thread. */
#ifndef DP_PAIR_CASE_H
#define DP_PAIR_CASE_H

#include "dp/gw_case.h"

struct packet {
	unsigned int len;
	uint8_t b[CASE_FRAME_MAX];
};

/** The packet before all, without its Ethernet header; and the frame between the gateways. */
extern struct packet original, wire;

/** An IP packet with UDP from src to dst as it enters the first gateway. */
void
make_original(const char *src, const char *dst, unsigned int len);
/** Behind the UDP header: bytes that DEFLATE makes much of, or nothing at all; UDP made right. */
void
fill_original(bool shrinks);
/** Either a frame from the LAN, or a packet of the gateway's own. */
void
enter(const struct packet *p, bool local);
/** Fail with the name of any drop. */
void
no_drops(void);
/** The bytes of m from off on; m is freed. */
void
take_frame(struct rte_mbuf *m, unsigned int off, struct packet *out);
/** Send the original through gateway 0; what leaves it is the wire's frame. */
void
seal(bool local);
/** The wire's frame into gateway 1. */
void
receive(void);
/** What came out, by the LAN port or to control, is the original. */
void
expect_original(bool local);
/** Upper protocol of the outermost IP packet of the wire's frame. */
uint8_t
wire_proto(void);
/** Checksum over UDP with the field as it is. */
uint16_t
udp_csum(const struct packet *p);

#endif
