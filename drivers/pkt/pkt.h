/* SPDX-License-Identifier: BSD-2-Clause */
/* What every driver and stage shares about a packet: pkt_meta (dynfield), pkt_priv, pvec. */
/* A packet owns its metadata; the vector that holds it owns the packet. One worker at a time. */
#ifndef PKT_PKT_H
#define PKT_PKT_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>
#include <rte_crypto.h>
#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>

#include "ipsec/history.h"

struct sa_rt;

#define PVEC_MAX  256u /* packets of one named vector */
#define BURST_MAX 32u /* packets of one rx burst */
#define NEST_MAX  4u /* nested protections, each direction */

#define PKT_SAVE_MAX 256u /* bytes of IP header and extension headers that AH can mask */

/* Flags of pkt_meta.flags. */
#define PKT_F_CRYPTO_FAIL 0x0001u /* set by an engine: wrong ICV (in) or engine error (out) */
#define PKT_F_FRAG        0x0002u /* IPv4/IPv6 fragment: ports are unknown by decision */
#define PKT_F_LOCAL_OUT   0x0004u /* made by the gateway itself: no inbound check, no TTL step */
#define PKT_F_CRYPTO_ERR  0x0008u /* engine error that is not an ICV mismatch */
#define PKT_F_OUT         0x0010u /* in an engine for outbound protection (else inbound) */
#define PKT_F_MORE        0x0020u /* outbound: the policy has another request after this one */
#define PKT_F_NO_CACHE    0x0040u /* each packet is looked at for itself: IPv4 options, group frames */
#define PKT_F_L2_GROUP    0x0080u /* came in a frame for many stations */
#define PKT_F_TRANSPORT \
	0x0100u /* outbound: the SA is applied in transport mode, else as a tunnel */
#define PKT_F_TUNNEL 0x0200u /* inbound: what the last SA opened was a tunnel */
#define PKT_F_UDP    0x0400u /* inbound: ESP stands behind a UDP header, 8 bytes before l4_off */
#define PKT_F_IPIP   0x0800u /* inbound: opened last was IP in IP without an SA: history has it */

/**
 * Per-packet metadata, a dynfield at a fixed offset in the cache line of tx_offload.
 * Offsets are bytes from rte_pktmbuf_mtod().
 */
struct pkt_meta {
	struct sa_rt
		*sa; /* SA being applied, or last verified; valid within one worker step only, */
	/* or while counted in sa_lc.inflight */
	union {
		struct {
			union {
				uint32_t
					ports_be; /* until the policy is known: as selectors see it */
				uint32_t sp_ref; /* outbound: slot << 8 | generation, 0 = none */
			};
			union {
				uint32_t flow; /* hash, until the flow cache was asked */
				uint32_t mtu; /* bytes the path takes; with PUNT_TOO_BIG */
			};
		};
		uint64_t seq; /* inbound between xform begin and end: full sequence number */
	};
	uint16_t l3_off, l4_off; /* IP header; upper layer or IPsec header */
	uint16_t nh; /* next hop index (snap/nexthop) once routed */
	uint16_t l4_len; /* bytes from l4_off to the end of the IP packet */
	union {
		struct {
			uint8_t af; /* AF_INET, AF_INET6 */
			uint8_t l4_proto; /* protocol found at l4_off */
		};
		uint16_t af_proto; /* both, as flow keys read them; see pkt_set_proto() */
	};
	uint8_t in_if, out_if; /* interface index */
	uint8_t step : 4; /* policy request in progress */
	uint8_t depth : 4; /* entries in the history */
	uint8_t kind; /* on a ring: enum punt_kind or inject_kind */
	uint16_t flags; /* PKT_F_* */
};
static_assert(sizeof(struct pkt_meta) == 32, "pkt_meta fills the 32 free dynfield bytes");

/* rte_mbuf.dynfield1 begins at byte 92; the aligned 32 bytes at 96 end the second cache line. */
#define PKT_META_OFF 96

static inline struct pkt_meta *
pkt_meta(struct rte_mbuf *m)
{
	return RTE_MBUF_DYNFIELD(m, PKT_META_OFF, struct pkt_meta *);
}

/**
 * Set af and l4_proto in one store: a load of both that follows two stores of a byte would have to wait
 * until these have reached the cache.
 */
static inline void
pkt_set_proto(struct pkt_meta *meta, uint8_t af, uint8_t proto)
{
	meta->af_proto = rte_cpu_to_le_16((uint16_t)(af | proto << 8));
}

/**
 * mbuf private area (priv_size of every pool): touched only by look-aside crypto and nesting.
 * op/sym are initialised once per object (mempool NULL, phys_addr set) by pkt_pool_create().
 */
struct pkt_priv {
	struct rte_crypto_op op;
	struct rte_crypto_sym_op sym;
	uint8_t iv[16]; /* IV as the PMD wants it, at a fixed offset from op */
	uint8_t aad[32]; /* additional data of an AEAD; CCM: behind 18 bytes for the PMD */
	uint8_t icv[64]; /* received ICV moved out of the way, or computed one */
	uint8_t *icv_at; /* separate MAC: where the ICV is, or belongs, in the packet */
	uint8_t save[PKT_SAVE_MAX]; /* AH: header fields masked while the ICV is computed */
	uint16_t comp_len; /* IPComp: bytes of the result, 0 = left alone */
	uint8_t comp_why; /* IPComp: DROP_MAX, or enum drop_reason of what the engine refused */
	struct sa_proof history[NEST_MAX]; /* outermost first; the last one only with PKT_F_IPIP */
};

static inline struct pkt_priv *
pkt_priv(struct rte_mbuf *m)
{
	return (struct pkt_priv *)rte_mbuf_to_priv(m);
}

/** A named vector of packets. Owns what it holds. */
struct pvec {
	uint16_t n;
	struct rte_mbuf *m[PVEC_MAX];
};

/** Register the dynfield at PKT_META_OFF. Call once after rte_eal_init(). @return 0 or -errno */
int
pkt_init(void);

/**
 * Create a packet pool whose mbufs carry pkt_priv with an initialised crypto op.
 *
 * @param n          mbufs
 * @param data_room  bytes including RTE_PKTMBUF_HEADROOM
 * @return pool or NULL (rte_errno)
 */
struct rte_mempool *
pkt_pool_create(const char *name, unsigned int n, uint16_t data_room, int socket);

#endif
