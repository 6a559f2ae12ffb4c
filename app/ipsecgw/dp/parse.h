/* SPDX-License-Identifier: BSD-2-Clause */
/* IP headers to metadata: the part that is inline, because it runs once or twice for every packet. */
/* Worker only. Reads bytes in any alignment; writes the packet's own metadata. */
#ifndef DP_PARSE_H
#define DP_PARSE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include <rte_common.h>

#include "dp/flow.h"
#include "pkt/drop.h"
#include "pkt/pkt.h"
#include "wire/ip.h"

#define PARSE_OK DROP_MAX /* verdict of a packet that goes on */

/* parse.c: the odd packets. */
enum drop_reason
parse_odd4(const uint8_t *ip, unsigned int ihl, struct pkt_meta *meta);
enum drop_reason
parse_options(const uint8_t *ip, unsigned int ihl);
enum drop_reason
parse_ip6(const uint8_t *ip, unsigned int avail, struct pkt_meta *meta);

static inline uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/*
 * Checksum of a header without options. The one's complement sum is right when the number that the
 * header spells is a multiple of 0xffff (RFC 1071 2); it is never 0, for it begins with the version.
 */
static inline bool
csum20_ok(const uint8_t *ip)
{
	uint64_t a, b, sum;
	uint32_t c;

	memcpy(&a, ip, sizeof(a));
	memcpy(&b, ip + 8, sizeof(b));
	memcpy(&c, ip + 16, sizeof(c));
	sum = a + b;
	sum += sum < b; /* 2^64 is 1 modulo 0xffff */
	sum += c;
	sum += sum < c;
	return sum % 0xffffu == 0;
}

static __rte_always_inline enum drop_reason
parse_ip4(const uint8_t *ip, unsigned int avail, struct pkt_meta *meta, bool csum_known_good)
{
	const uint64_t plain_mask = RTE_BE64(0xff00000000003fff),
		       plain = RTE_BE64(0x4500000000000000);
	unsigned int ihl, total;
	uint64_t head;

	if (unlikely(avail < sizeof(struct ip4)))
		return DROP_IP_SHORT;
	ihl = (ip[0] & 15u) * 4u;
	memcpy(&head, ip, sizeof(head));
	total = get16(ip + 2);
	meta->flags = 0;
	if (unlikely((head & plain_mask) != plain)) {
		const enum drop_reason reason = parse_odd4(ip, ihl, meta);

		if (reason != PARSE_OK)
			return reason;
	}
	if (unlikely(total < ihl || total > avail))
		return DROP_IP_SHORT;
	if (!csum_known_good && unlikely(ihl == 20 ? !csum20_ok(ip) : ip4_csum(ip, ihl) != 0))
		return DROP_IP_CHECKSUM;
	if (unlikely(ihl > sizeof(struct ip4)) && parse_options(ip, ihl) != PARSE_OK)
		return DROP_IP_OPTIONS;
	pkt_set_proto(meta, AF_INET, ip[9]);
	meta->l4_off = (uint16_t)(meta->l3_off + ihl);
	meta->l4_len = (uint16_t)(total - ihl);
	return PARSE_OK;
}

/* Both families: what has no ports, and link padding. */
static __rte_always_inline enum drop_reason
parse_finish(struct rte_mbuf *m, const struct pkt_meta *meta)
{
	const uint16_t len = (uint16_t)(meta->l4_off + meta->l4_len);

	/* What is too short to have ports cannot be told from what a port policy forbids. */
	if (unlikely(meta->l4_len < l4_kinds[meta->l4_proto]) && (meta->flags & PKT_F_FRAG) == 0)
		return DROP_IP_SHORT;
	/* Link padding behind the packet goes: the packet is what its header says. */
	if (unlikely(m->data_len != len)) {
		m->data_len = len;
		m->pkt_len = len;
	}
	return PARSE_OK;
}

/**
 * Check the IP packet at meta->l3_off (avail bytes) and fill af, l4_off, l4_len, l4_proto, flags. Bytes
 * behind the packet are cut off.
 * @return PARSE_OK or the reason to drop
 */
static __rte_always_inline enum drop_reason
parse_family(struct rte_mbuf *m, unsigned int avail, bool v6, bool csum_known_good)
{
	struct pkt_meta *meta = pkt_meta(m);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l3_off);
	const enum drop_reason reason = unlikely(v6) ? parse_ip6(ip, avail, meta) :
						       parse_ip4(ip, avail, meta, csum_known_good);

	return likely(reason == PARSE_OK) ? parse_finish(m, meta) : reason;
}

#endif
