/* SPDX-License-Identifier: BSD-2-Clause */
/* Per-worker flow cache: what policies and routes said about a flow, once per snapshot. */
/* Owned by one worker. An entry counts only while its generation is the snapshot's. */
#ifndef DP_FLOW_H
#define DP_FLOW_H

#include <assert.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include <rte_hash_crc.h>

#include "pkt/pkt.h"
#include "pkt/sa_rt.h"

#define FLOWS 16384u /* entries, power of two; pairs of neighbours form a bucket */

/**
 * Addresses, ports, protocol, and the SA that the packet came out of (opened_by(); 0 = none). The space
 * behind them holds a part of the answer, so that a flow fits one cache line.
 */
struct flow_key {
	uint64_t addr[4]; /* IPv4: source and destination in addr[0], the rest is not used */
	uint64_t ports_sa; /* ports (l4_ports()) << 32 | opened_by() */
	uint16_t af_proto; /* as in pkt_meta */
	uint16_t nh; /* answer: next hop */
	uint32_t gen; /* answer: generation of the snapshot that decided; 0 = empty */
};

/** No policy means that none matched and the default let the packet pass. */
struct flow {
	struct flow_key key;
	struct sp_rt *sp_in, *sp_out;
} __rte_cache_aligned;
static_assert(sizeof(struct flow) == 64, "one line per flow");

struct flow_cache {
	struct flow slot[FLOWS];
};

/** How a protocol's header tells flows apart; the value is the bytes of it that must be there. */
enum l4_kind {
	L4_OTHER = 0, /* by protocol only */
	L4_ICMP = 2, /* two bytes: type, code */
	L4_PORTS = 4, /* two 16-bit words */
};

extern const uint8_t l4_kinds[256]; /* enum l4_kind by protocol number */

/**
 * Ports as selectors see them: source || destination in network order; for ICMP type and code as two
 * 16-bit numbers (ipsec(4)). parse_ip() has seen to it that the bytes are there.
 */
static inline uint32_t
l4_ports(const uint8_t *l4, uint8_t proto)
{
	uint32_t ports = 0;
	const uint8_t kind = l4_kinds[proto];

	if (likely(kind == L4_PORTS)) {
		memcpy(&ports, l4, sizeof(ports));
	} else if (kind == L4_ICMP) {
		const uint8_t type_code[4] = { 0, l4[0], 0, l4[1] };

		memcpy(&ports, type_code, sizeof(ports));
	}
	return ports;
}

/** Fill the key of a packet that is no fragment; meta->ports is set. @param opener  opened_by() or 0 */
static inline void
flow_key_init(struct flow_key *k, struct rte_mbuf *m, uint32_t opener)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l3_off);

	if (likely(meta->af == AF_INET))
		memcpy(&k->addr[0], ip + 12, 8);
	else
		memcpy(k->addr, ip + 8, 32);
	k->ports_sa = (uint64_t)meta->ports_be << 32 | opener;
	k->af_proto = meta->af_proto;
}

static inline bool
flow_is_ip6(const struct flow_key *k)
{
	return (rte_le_to_cpu_16(k->af_proto) & 0xff) == AF_INET6;
}

static inline uint32_t
flow_hash(const struct flow_key *k, uint32_t seed)
{
	uint32_t h = rte_hash_crc_8byte(k->addr[0], seed ^ k->af_proto);

	if (unlikely(flow_is_ip6(k))) {
		h = rte_hash_crc_8byte(k->addr[1], h);
		h = rte_hash_crc_8byte(k->addr[2], h);
		h = rte_hash_crc_8byte(k->addr[3], h);
	}
	return rte_hash_crc_8byte(k->ports_sa, h);
}

static inline bool
flow_key_eq(const struct flow_key *a, const struct flow_key *b)
{
	uint64_t diff = (a->addr[0] ^ b->addr[0]) | (a->ports_sa ^ b->ports_sa) |
		(uint64_t)(a->af_proto ^ b->af_proto);

	if (unlikely(flow_is_ip6(a)))
		diff |= (a->addr[1] ^ b->addr[1]) | (a->addr[2] ^ b->addr[2]) |
			(a->addr[3] ^ b->addr[3]);
	return diff == 0;
}

/** @return the entry of this generation, or NULL */
static inline struct flow *
flow_find(struct flow_cache *c, const struct flow_key *k, uint32_t hash, uint32_t gen)
{
	struct flow *f = &c->slot[hash & (FLOWS - 1)];

	if (likely(f->key.gen == gen && flow_key_eq(&f->key, k)))
		return f;
	f = &c->slot[(hash ^ 1) & (FLOWS - 1)];
	if (f->key.gen == gen && flow_key_eq(&f->key, k))
		return f;
	return NULL;
}

/** Choose the slot to learn into: a stale one of the bucket, else the first. */
static inline struct flow *
flow_victim(struct flow_cache *c, uint32_t hash, uint32_t gen)
{
	struct flow *f = &c->slot[hash & (FLOWS - 1)];
	struct flow *g = &c->slot[(hash ^ 1) & (FLOWS - 1)];

	return f->key.gen == gen && g->key.gen != gen ? g : f;
}

#endif
