/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/ip.h"

#include <errno.h>
#include <string.h>

#define EXT_MAX 8u /* extension headers walked before giving up */

enum {
	NEXT_HOPOPTS = 0,
	NEXT_ROUTING = 43,
	NEXT_FRAGMENT = 44,
	NEXT_DSTOPTS = 60,
};

uint32_t
ip_csum_add(const void *data, size_t len, uint32_t sum)
{
	const uint8_t *p = data;
	uint64_t acc = sum;
	uint16_t w;

	for (; len >= 2; len -= 2, p += 2) {
		memcpy(&w, p, sizeof(w));
		acc += w;
	}
	if (len == 1) {
		w = 0;
		memcpy(&w, p, 1); /* the missing byte counts as zero, RFC 1071 */
		acc += w;
	}
	while (acc >> 32 != 0)
		acc = (acc & 0xffffffffu) + (acc >> 32);
	return (uint32_t)acc;
}

uint16_t
ip_csum_fold(uint32_t sum)
{
	sum = (sum & 0xffffu) + (sum >> 16);
	sum = (sum & 0xffffu) + (sum >> 16);
	return (uint16_t)~sum;
}

uint16_t
ip4_csum(const void *hdr, size_t ihl_bytes)
{
	return ip_csum_fold(ip_csum_add(hdr, ihl_bytes, 0));
}

uint16_t
ip_csum_pseudo(const uint8_t *addrs, size_t addrs_len, uint8_t proto, const void *l4, size_t l4_len)
{
	const uint8_t tail[8] = {
		(uint8_t)(l4_len >> 24),
		(uint8_t)(l4_len >> 16),
		(uint8_t)(l4_len >> 8),
		(uint8_t)l4_len,
		0,
		0,
		0,
		proto,
	};
	uint32_t sum = ip_csum_add(addrs, addrs_len, 0);

	sum = ip_csum_add(tail, sizeof(tail), sum);
	return ip_csum_fold(ip_csum_add(l4, l4_len, sum));
}

static int
take_fragment(const uint8_t *p, size_t left, struct ip6_upper *u)
{
	unsigned int word;

	if (left < 8)
		return -EINVAL;
	word = (unsigned int)p[2] << 8 | p[3];
	u->is_frag = true;
	u->first_frag = word >> 3 == 0;
	u->more_frags = (word & 1u) != 0;
	u->proto = p[0];
	u->off = (uint16_t)(u->off + 8);
	return 0;
}

int
ip6_find_upper(const uint8_t *p, size_t len, struct ip6_upper *out)
{
	struct ip6_upper u = { .off = sizeof(struct ip6) };
	size_t ext;

	if (len < sizeof(struct ip6) || len > UINT16_MAX + sizeof(struct ip6))
		return -EINVAL;
	u.proto = p[offsetof(struct ip6, next)];
	for (unsigned int i = 0; i <= EXT_MAX; i++) {
		if (u.proto == NEXT_FRAGMENT) {
			/* What follows a fragment header may be the middle of anything: stop here. */
			if (take_fragment(p + u.off, len - u.off, &u) != 0)
				return -EINVAL;
			*out = u;
			return 0;
		}
		if (u.proto != NEXT_HOPOPTS && u.proto != NEXT_ROUTING && u.proto != NEXT_DSTOPTS) {
			*out = u;
			return 0;
		}
		if (len - u.off < 8)
			return -EINVAL;
		ext = ((size_t)p[u.off + 1] + 1) * 8;
		if (ext > len - u.off || u.off + ext > UINT16_MAX)
			return -EINVAL;
		u.proto = p[u.off];
		u.off = (uint16_t)(u.off + ext);
	}
	return -ELOOP;
}
