/* SPDX-License-Identifier: BSD-2-Clause */
/* One whole gateway data path in a test: two ring ports, one worker, real snapshots, fake time. */
/* Owner: the test program; one thread, --no-huge. */
#ifndef DP_GW_H
#define DP_GW_H

#include <stdint.h>

#include <rte_mbuf.h>

#include "dp/worker.h"
#include "keyd/keyd.h"

#define GW_LAN   0u /* port and interface 10.1.0.1/16, fd00:1::1/64 */
#define GW_WAN   1u /* port and interface 192.0.2.1/24, 2001:db8::1/64 */
#define GW_FRAGS 512u /* fragments that may wait */
#define GW_TAG   2u /* interface: VLAN 100 of the LAN port, 10.3.0.1/16 */

/* The peer gateway 192.0.2.2 and 2001:db8::2 is a reachable neighbour on the WAN; 10.1.0.2 and fd00:1::2
 * on the LAN. 10.2.0.0/16 and fd00:2::/64 are routed to the peer. */
struct gw {
	struct portset ports;
	struct rte_ring *rx[2], *tx[2], *punt;
	struct rte_mempool *pool;
	struct reass *reass;
	struct crypto *crypto;
	struct snap *snap;
	struct keyd kd;
	struct worker *w;
	uint64_t now; /* fake TSC */
};

/** EAL, ports, snapshot, worker; ready, no policies. @param devices  crypto devices, NULL-terminated or NULL */
void
gw_open(struct gw *g, enum crypto_engine engine, const char *const *devices);
/**
 * The same as gateway 0, or as its peer: gateway 1 has 192.0.2.2, 2001:db8::2, 10.2.0.1 and fd00:2::1.
 * One of them can be open at a time.
 */
void
gw_open_side(
	struct gw *g, unsigned int side, enum crypto_engine engine, const char *const *devices);
/** Close all and assert that nothing leaks: SAs, policies, sessions, packets. */
void
gw_close(struct gw *g);

/** Run setkey text through the engine and commit. Fails the test on any error. */
void
gw_setkey(struct gw *g, const char *text);
void
gw_commit(struct gw *g);

/** Change an interface's MTU, also where next hops remember it. */
void
gw_set_mtu(struct gw *g, uint8_t iface, uint16_t mtu);

/** A frame of len bytes on a port's wire. */
void
gw_rx(struct gw *g, unsigned int port, const uint8_t *frame, unsigned int len);
/** One step. @return packets seen */
unsigned int
gw_step(struct gw *g);
/** Steps until no look-aside device holds a packet; at least one. */
void
gw_settle(struct gw *g);
/** Next frame sent on a port, or NULL; the caller frees it. */
struct rte_mbuf *
gw_tx(struct gw *g, unsigned int port);
/** Next punted packet or NULL; the caller frees it. */
struct rte_mbuf *
gw_punted(struct gw *g);
uint64_t
gw_drops(const struct gw *g, enum drop_reason r);
/** Total of all reasons. */
uint64_t
gw_all_drops(const struct gw *g);

/** What to build: a frame to a port with an IP packet in it. Defaults by gw_frame_init(). */
struct gw_frame {
	unsigned int port; /* whose MAC is the destination */
	const char *src, *dst; /* addresses, family by dst */
	uint8_t proto; /* UDP with ports 1000 -> 2000 unless said otherwise */
	uint8_t ttl, tos;
	uint16_t frag; /* IPv4 flags and offset, host order */
	unsigned int len; /* of the IP packet */
	uint16_t sport, dport;
};
struct gw_frame
gw_frame(unsigned int port, const char *src, const char *dst);
/** @return length of the frame written to out (at least 14 + f->len bytes) */
unsigned int
gw_build(const struct gw *g, const struct gw_frame *f, uint8_t *out);

/** ESP with AES-128-GCM-16 by libcrypto, in tunnel from 192.0.2.2 to 192.0.2.1 or their IPv6 twins. */
struct gw_esp {
	uint32_t spi, seq;
	const char *key; /* 20 bytes as hex */
	bool outer6;
	const uint8_t *inner;
	unsigned int inner_len;
	uint8_t next; /* 0: by the inner version */
	uint8_t tos;
	uint8_t pad_xor; /* spoils the padding */
};
/** @return length of the frame for the WAN port */
unsigned int
gw_seal(const struct gw *g, const struct gw_esp *e, uint8_t *out);

#endif
