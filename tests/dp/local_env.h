/* SPDX-License-Identifier: BSD-2-Clause */
/* A local stack on real tables, packets to give it, and what it injected. One thread, fake time. */
#ifndef DP_LOCAL_ENV_H
#define DP_LOCAL_ENV_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "ctl/local.h"
#include "dp/eal.h"
#include "pkt/punt.h"

#define WAN 0u /* untagged, 192.0.2.1/24, 2001:db8::1/64, 02:00:00:00:00:0b */
#define LAN 1u /* VLAN 100, 10.1.0.1/16, 2001:db8:1::1/64, 02:00:00:00:00:0c */
#define V4  2u /* untagged, 198.18.0.1/24 only, 02:00:00:00:00:0d */

#define NPOOL 8191u

struct env {
	struct portset ports;
	struct crypto *crypto;
	struct keyd kd;
	struct snap *snap;
	struct local *l;
	struct lane lane;
	struct rte_mempool *pool;
	uint64_t now; /* ms */
	unsigned int head, nout;
	struct rte_mbuf *out[16384];
};
extern struct env world;

int
env_start(void **state);
int
env_stop(void **state);
/** For each case: new tables and stack; afterwards no packet may be missing. */
int
env_make(void **state);
int
env_unmake(void **state);

/** An mbuf with these bytes behind an Ethernet header (VLAN tag on LAN) from 02:00:00:00:00:0a. */
struct rte_mbuf *
frame(uint8_t in_if, uint16_t type, const void *data, size_t len);
/** The same from hex digits, or an UDP packet with an id in its payload, ready to punt as kind. */
struct rte_mbuf *
ip_frame(uint8_t in_if, uint8_t kind, const char *hex);
struct rte_mbuf *
udp(uint8_t in_if, uint8_t kind, const char *src, const char *dst, uint32_t id);
/** The id of a packet made by udp(), its IP header at offset 0. */
uint32_t
udp_id(struct rte_mbuf *m);
void
punt(struct rte_mbuf *m);
void
resolve(const char *dst, uint32_t id);
/** Move time on in steps of 100 ms, with ticks. */
void
run(uint64_t ms);
/** The next injected packet, which must be of this kind; the caller frees it. */
struct rte_mbuf *
take(uint8_t kind);
/** Nothing (more) was injected. */
void
quiet(void);
/** Free what was injected. @return how many of that kind */
unsigned int
flush(uint8_t kind);
/** Punt an ARP packet. */
void
arp(uint8_t iface, uint16_t op, const char *sender, uint8_t mac, const char *target);
/** Next hop kind that a destination has. */
uint8_t
kind_of(const char *dst);
/** State of a neighbour; "" when there is none. */
const char *
state_of(const char *addr);

#endif
