/* SPDX-License-Identifier: BSD-2-Clause */
/* SAs and packets of AH for tests: the data path's end, and what surrounds it. */
/* Owner: the test program; one thread. */
#ifndef DP_AH_PEER_H
#define DP_AH_PEER_H

#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "crypto/crypto.h"
#include "dp/engine.h"
#include "unit/hexpkt.h"
#include "xform/xform.h"

#define AH_SPI    0x10203040u
#define AH_WINDOW 64u
#define AH_BUF    2048u /* bytes of a buffer behind the headroom */

extern struct rte_mempool *pool;
extern struct lane *lane;
extern struct crypto *crypto;
extern struct knobs knobs;

/** Start EAL once, a pool and a lane with this engine; and stop them, asserting that nothing is left. */
void
ah_start(const struct engine *e);
void
ah_stop(void);

/** An SA from 192.0.2.1 or 2001:db8::1 to .2 or ::2, any mode, key 00 01 02 ... @return spec.auth NULL: unknown */
struct sa_spec
ah_spec(const char *auth, uint8_t af, uint32_t flags);
/** Open it; drop counters start at 0. */
struct sa_rt *
ah_open(const struct sa_spec *spec);
void
ah_close(struct sa_rt *sa);

/**
 * Put an IP packet into an mbuf as a port does, 14 bytes in front and link padding behind, with the meta
 * of what the worker found: l4 is the AH if there is one.
 */
struct rte_mbuf *
ah_pkt(struct sa_rt *sa, const uint8_t *p, unsigned int len);

/** Begin, the engine of the SAs, end. Outbound the mode is the SA's; any is a tunnel. @return packets left */
uint16_t
ah_out(struct rte_mbuf **m, uint16_t n);
uint16_t
ah_in(struct rte_mbuf **m, uint16_t n);

/* UDP from one end of the SA to the other, with options or extension headers. */
#define UDP4    "450000240001400040110000c0000201c0000202123456780010000068656c6c6f213132"
#define UDP4OPT "460000280001400040110000c0000201c000020294040000123456780010000068656c6c6f213132"
#define A6(n)   "20010db80000000000000000000000" n
#define UDP6    "6000000000101140" A6("01") A6("02") "123456780010000068656c6c6f213132"
#define UDP6HBH \
	"6000000000180040" A6("01") A6("02") "1100050200000100123456780010000068656c6c6f213132"

/** The packet of the text with a right IPv4 checksum. */
struct hexpkt
ah_clear(const char *hex);

/** An SA of ah_spec() with this mode; one with SA_F_OLD has no window. */
struct sa_rt *
ah_open_mode(const char *auth, uint8_t af, uint8_t mode, uint32_t flags);

/** @return AF_INET or AF_INET6, by the version of the packet */
uint8_t
ah_af(const struct hexpkt *p);

/** Seal a packet, and take the bytes from its mbuf. */
struct hexpkt
ah_sealed(struct sa_rt *sa, const struct hexpkt *clear);

/** It opens, to exactly these bytes. */
void
ah_expect_open(struct sa_rt *sa, const struct hexpkt *p, const struct hexpkt *clear);

/** It is dropped for this reason and freed. */
void
ah_expect_drop(struct rte_mbuf *m, enum drop_reason reason);
void
ah_expect_drop_bytes(struct sa_rt *sa, const struct hexpkt *p, enum drop_reason reason);

/** Where the AH is. */
unsigned int
ah_off(const struct hexpkt *p);

#endif
