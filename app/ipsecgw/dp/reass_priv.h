/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables behind reass.h. Private to reass.c, reass_build.c and vfrag.c; under their locks. */
#ifndef DP_REASS_PRIV_H
#define DP_REASS_PRIV_H

#include <stdatomic.h>
#include <sys/queue.h>

#include <rte_spinlock.h>

#include "dp/dp_hot.h"
#include "dp/reass.h"

#define DGRAMS    1024u /* incomplete packets, all sources */
#define PIECES    64u /* fragments of one packet: 65535 bytes in pieces of 1280, and some */
#define BUCKETS   1024u /* power of two */
#define VROWS     4096u /* remembered first fragments, power of two */
#define VWAYS     4u /* rows of a bucket */
#define BORROWED  64u /* fragments that may wait in buffers of other pools, which are small */
#define LARGE_BUF 255u /* packets larger than an ordinary buffer, being worked on */

/** What all fragments of one packet have in common (RFC 791, RFC 8200 4.5). */
struct frag_key {
	uint8_t src[16], dst[16]; /* IPv4 in the first four bytes, rest zero */
	uint32_t id_be;
	uint8_t af;
	uint8_t proto; /* IPv4 only: in IPv6 the first fragment alone says it */
	uint8_t depth; /* what came protected is not mixed with what did not */
	uint8_t rsvd;
};

/** Where one fragment belongs. */
struct frag_place {
	uint32_t off, len; /* bytes */
	bool more;
};

struct piece {
	uint32_t off, len;
	struct rte_mbuf *m;
};

struct dgram {
	TAILQ_ENTRY(dgram) age; /* oldest first; or free */
	LIST_ENTRY(dgram) by_src;
	struct frag_key key;
	struct sa_proof proof[NEST_MAX]; /* [key.depth] how its fragments were protected */
	uint64_t since_tsc;
	uint32_t have, end; /* bytes; end 0 until the last fragment is there */
	uint16_t npiece;
	uint8_t ecn; /* bit per codepoint seen */
	bool refused; /* fragments contradicted each other: the rest is dropped as well (RFC 5722) */
	struct piece piece[PIECES]; /* by offset, no overlap */
};
TAILQ_HEAD(dgram_list, dgram);
LIST_HEAD(dgram_bucket, dgram);

/** One remembered first fragment. */
struct vrow {
	struct frag_key key;
	uint64_t since_tsc; /* 0 = empty */
	uint32_t opener;
	uint32_t ports_be;
	uint8_t proto;
};

struct reass {
	rte_spinlock_t lock; /* of all but rows */
	_Atomic uint32_t waiting; /* packets; workers look without the lock whether there is any */
	uint32_t nmbuf, max_mbuf; /* fragments held, and how many may be */
	uint32_t nborrowed; /* of these, in buffers that are not of the ports */
	uint32_t seed;
	struct rte_mempool *large;
	struct dgram_list old, free;
	struct dgram_bucket bucket[BUCKETS]; /* by source, so that one walk counts them */
	struct dgram dgram[DGRAMS];
	rte_spinlock_t vlock; /* of vrow */
	struct vrow vrow[VROWS];
};

/** Read key and place of a parsed fragment. */
void
frag_read(struct rte_mbuf *m, struct frag_key *key, struct frag_place *at);

/**
 * Find the upper-layer header of a first fragment, behind extension headers that follow the IPv6
 * fragment header.
 *
 * @param off  bytes from rte_pktmbuf_mtod()
 * @return false when the chain does not end within the fragment
 */
WARN_UNUSED bool
frag_upper(struct rte_mbuf *m, uint8_t *proto, unsigned int *off);

/**
 * Copy the pieces of a complete packet into one buffer. The pieces stay the caller's.
 *
 * @param last  the piece that came last: its metadata is of this step
 * @return the packet, or NULL with the reason to drop
 */
struct rte_mbuf *
reass_build(struct worker *w, const struct dgram *d, struct rte_mbuf *last, enum drop_reason *why);

#endif
