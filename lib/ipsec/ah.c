/* SPDX-License-Identifier: BSD-2-Clause */
#include "ipsec/ah.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "wire/ip.h"

enum {
	OPT_END = 0,
	OPT_NOP = 1,
	OPT_LSRR = 131,
	OPT_SSRR = 137,
};

/*
 * RFC 4302 A1. What is not listed there as immutable is zeroed whole, type and length too, which is also
 * what it asks for options that nobody knows. Source routes (LSRR, SSRR) are zeroed like the others; the
 * destination address that they will lead to is predicted.
 */
static const bool opt_immutable[256] = {
	[OPT_END] = true,
	[OPT_NOP] = true,
	[130] = true, /* security, RFC 1108 */
	[133] = true, /* extended security, RFC 1108 */
	[134] = true, /* commercial security */
	[148] = true, /* router alert, RFC 2113 */
	[149] = true, /* sender directed multi-destination delivery, RFC 1770 */
};

#define IP6_OPT_PAD1   0u
#define IP6_OPT_CHANGE 0x20u /* RFC 8200 4.2: the data may change on the way */
#define IP6_ADDR       16u
#define RH_FIXED       8u /* of routing header types 0 and 2, before the addresses */

/*
 * A source route that is not used up gives the last of its addresses as the destination. The pointer
 * counts bytes from 1 and is past the end when the packet has been everywhere (RFC 791 3.1).
 */
static int
predict_route4(uint8_t *p, const uint8_t *opt, unsigned int len)
{
	if (len < 3 || opt[2] < 4)
		return -EINVAL;
	if (opt[2] > len)
		return 0;
	if ((len - 3) % 4 != 0)
		return -EINVAL;
	memcpy(p + offsetof(struct ip4, dst), opt + len - 4, 4);
	return 0;
}

static int
mask_options4(uint8_t *p, unsigned int head)
{
	unsigned int len;

	for (unsigned int off = sizeof(struct ip4); off < head && p[off] != OPT_END; off += len) {
		const uint8_t type = p[off];

		len = 1;
		if (type == OPT_NOP)
			continue;
		if (head - off < 2 || p[off + 1] < 2 || p[off + 1] > head - off)
			return -EINVAL;
		len = p[off + 1];
		if ((type == OPT_LSRR || type == OPT_SSRR) && predict_route4(p, p + off, len) != 0)
			return -EINVAL;
		if (!opt_immutable[type])
			memset(p + off, 0, len);
	}
	return 0;
}

static int
mask4(uint8_t *p, unsigned int head, const struct ah_rules *rules)
{
	uint16_t frag_be;

	if ((p[0] & 0x0fu) * 4u != head || p[offsetof(struct ip4, proto)] != IPPROTO_AH)
		return -EINVAL;
	p[offsetof(struct ip4, tos)] &= rules->tos_keep;
	memcpy(&frag_be, p + offsetof(struct ip4, frag_be), sizeof(frag_be));
	frag_be &= rules->frag_keep_be;
	memcpy(p + offsetof(struct ip4, frag_be), &frag_be, sizeof(frag_be));
	p[offsetof(struct ip4, ttl)] = 0;
	memset(p + offsetof(struct ip4, csum_be), 0, 2);
	return mask_options4(p, head);
}

/*
 * Hop-by-hop and destination options: only the data of a mutable option is zero, its type and length
 * are authenticated (RFC 4302 3.3.3.1.2.2).
 */
static int
mask_options6(uint8_t *ext, unsigned int len)
{
	unsigned int opt;

	for (unsigned int off = 2; off < len; off += opt) {
		opt = 1;
		if (ext[off] == IP6_OPT_PAD1)
			continue;
		if (len - off < 2 || ext[off + 1] + 2u > len - off)
			return -EINVAL;
		opt = ext[off + 1] + 2u;
		if (ext[off] & IP6_OPT_CHANGE)
			memset(ext + off + 2, 0, opt - 2);
	}
	return 0;
}

/*
 * As the last hop leaves it: each visited node has put the address it had in the place of the one it
 * took, so the addresses that are left move down by one behind the present destination. Type 0 (RFC
 * 2460 4.4) and type 2 (one address, RFC 6275 6.4) work so.
 */
static int
predict_route6(uint8_t *p, uint8_t *ext, unsigned int len)
{
	const unsigned int n = (len - RH_FIXED) / IP6_ADDR, left = ext[3];
	uint8_t *dst = p + offsetof(struct ip6, dst), *addr;
	uint8_t last[IP6_ADDR];

	if (left == 0)
		return 0; /* at its destination, of whatever type it is */
	if (ext[2] != 0 && ext[2] != 2)
		return -EOPNOTSUPP;
	if ((len - RH_FIXED) % IP6_ADDR != 0 || left > n || (ext[2] == 2 && n != 1))
		return -EINVAL;
	addr = ext + RH_FIXED + (size_t)(n - left) * IP6_ADDR;
	memcpy(last, addr + (size_t)(left - 1) * IP6_ADDR, IP6_ADDR);
	memmove(addr + IP6_ADDR, addr, (size_t)(left - 1) * IP6_ADDR);
	memcpy(addr, dst, IP6_ADDR);
	memcpy(dst, last, IP6_ADDR);
	ext[3] = 0;
	return 0;
}

/* Home addresses of Mobile IPv6 (RFC 6275 9.3.2) are not exchanged: the gateway is no correspondent. */
static int
mask_ext6(uint8_t *p, uint8_t next, uint8_t *ext, unsigned int len)
{
	switch (next) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_DSTOPTS:
		return mask_options6(ext, len);
	case IPPROTO_ROUTING:
		return predict_route6(p, ext, len);
	default:
		return -EOPNOTSUPP;
	}
}

static int
mask6(uint8_t *p, unsigned int head)
{
	uint8_t next = p[offsetof(struct ip6, next)];
	unsigned int len;
	int ret;

	p[0] &= 0xf0;
	memset(p + 1, 0, 3);
	p[offsetof(struct ip6, hop_limit)] = 0;
	for (unsigned int off = sizeof(struct ip6); off < head; off += len) {
		/* All lengths are multiples of 8, and so is head when it is right. */
		if (head - off < 8)
			return -EINVAL;
		len = next == IPPROTO_FRAGMENT ? 8 : (p[off + 1] + 1u) * 8;
		if (len > head - off)
			return -EINVAL;
		ret = mask_ext6(p, next, p + off, len);
		if (ret != 0)
			return ret;
		next = p[off];
	}
	return next == IPPROTO_AH ? 0 : -EINVAL;
}

int
ah_mask(uint8_t *p, unsigned int head, const struct ah_rules *rules, uint8_t *save)
{
	int ret = -EINVAL;

	if (head > AH_HEAD_MAX)
		return -EMSGSIZE;
	if (head < sizeof(struct ip4))
		return -EINVAL;
	memcpy(save, p, head);
	if (p[0] >> 4 == 4)
		ret = mask4(p, head, rules);
	else if (p[0] >> 4 == 6 && head >= sizeof(struct ip6))
		ret = mask6(p, head);
	if (ret != 0)
		memcpy(p, save, head);
	return ret;
}

void
ah_unmask(uint8_t *p, unsigned int head, const uint8_t *save)
{
	memcpy(p, save, head);
}
