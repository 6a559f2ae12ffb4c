/* SPDX-License-Identifier: BSD-2-Clause */
#include "ipsec/transport.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "wire/ip.h"

#define EXT_MAX 8u /* extension headers walked before giving up, as ip6_find_upper() */

static unsigned int
get16(const uint8_t *p)
{
	return (unsigned int)p[0] << 8 | p[1];
}

static int
find4(const uint8_t *p, size_t len, struct transport_place *out)
{
	const size_t ihl = (size_t)(p[0] & 15u) * 4;

	if (ihl < sizeof(struct ip4) || ihl > len)
		return -EINVAL;
	if ((get16(p + offsetof(struct ip4, frag_be)) & (IP4_MF | IP4_OFF_MASK)) != 0)
		return -ENOTSUP;
	*out = (struct transport_place){ .off = (uint16_t)ihl,
		.next_off = offsetof(struct ip4, proto),
		.next = p[offsetof(struct ip4, proto)] };
	return 0;
}

/* Bytes of the extension header of this kind at p. @return 0 when it runs past left */
static size_t
ext_len(uint8_t kind, const uint8_t *p, size_t left)
{
	size_t n;

	if (left < 8)
		return 0;
	n = kind == IPPROTO_FRAGMENT ? 8 : ((size_t)p[1] + 1) * 8;
	return n > left ? 0 : n;
}

static bool
is_ext(uint8_t kind)
{
	return kind == IPPROTO_HOPOPTS || kind == IPPROTO_ROUTING || kind == IPPROTO_DSTOPTS ||
		kind == IPPROTO_FRAGMENT;
}

static int
find6(const uint8_t *p, size_t len, struct transport_place *out)
{
	struct transport_place at = { .off = sizeof(struct ip6),
		.next_off = offsetof(struct ip6, next) };
	size_t n;

	at.next = p[at.next_off];
	*out = at;
	for (unsigned int i = 0; is_ext(at.next); i++) {
		const uint8_t kind = at.next;

		if (i == EXT_MAX)
			return -ELOOP;
		n = ext_len(kind, p + at.off, len - at.off);
		/* Hop-by-hop options stand first or nowhere (RFC 8200 4.1). */
		if (n == 0 || at.off + n > UINT16_MAX || (kind == IPPROTO_HOPOPTS && i > 0))
			return -EINVAL;
		if (kind == IPPROTO_FRAGMENT && (get16(p + at.off + 2) & 0xfff9u) != 0)
			return -ENOTSUP;
		at = (struct transport_place){
			.off = (uint16_t)(at.off + n), .next_off = at.off, .next = p[at.off]
		};
		/* The whole of a packet in a fragment header (RFC 6946) is no fragment. */
		if (kind != IPPROTO_DSTOPTS)
			*out = at;
	}
	return 0;
}

int
transport_find(const uint8_t *p, size_t len, bool v6, struct transport_place *out)
{
	if (len < (v6 ? sizeof(struct ip6) : sizeof(struct ip4)) || p[0] >> 4 != (v6 ? 6 : 4))
		return -EINVAL;
	return v6 ? find6(p, len, out) : find4(p, len, out);
}

int
transport_next_off(const uint8_t *p, size_t head_len, bool v6)
{
	size_t next_off = offsetof(struct ip6, next), off = sizeof(struct ip6), n;

	if (!v6)
		return head_len == (size_t)(p[0] & 15u) * 4 && head_len >= sizeof(struct ip4) ?
			(int)offsetof(struct ip4, proto) :
			-EINVAL;
	while (off < head_len) {
		if (!is_ext(p[next_off]))
			return -EINVAL;
		n = ext_len(p[next_off], p + off, head_len - off);
		if (n == 0)
			return -EINVAL;
		next_off = off;
		off += n;
	}
	return off == head_len ? (int)next_off : -EINVAL;
}

static uint16_t
fold(uint32_t sum)
{
	return (uint16_t)~ip_csum_fold(sum);
}

void
transport_oa_add(struct transport_oa *oa, const uint8_t *addr, size_t n)
{
	oa->sum = fold(ip_csum_add(addr, n, oa->sum));
}

/* The checksum field at p follows from the old addresses' sum to the new one's (RFC 1624 equation 3). */
static void
mend_by_difference(uint8_t *p, uint16_t old_sum, uint16_t new_sum)
{
	uint16_t csum;

	memcpy(&csum, p, sizeof(csum));
	csum = ip_csum_fold((uint32_t)(uint16_t)~csum + (uint16_t)~old_sum + new_sum);
	memcpy(p, &csum, sizeof(csum));
}

/* Where the TCP or UDP header begins. @return 0 when the packet holds none that is whole */
static size_t
find_upper(const uint8_t *p, size_t len, bool v6, uint8_t *proto)
{
	struct ip6_upper upper;
	struct transport_place at;

	if (v6) {
		if (ip6_find_upper(p, len, &upper) != 0 ||
			(upper.is_frag && (!upper.first_frag || upper.more_frags)))
			return 0;
		*proto = upper.proto;
		return upper.off;
	}
	if (transport_find(p, len, false, &at) != 0)
		return 0;
	*proto = at.next;
	return at.off;
}

void
transport_mend_csum(uint8_t *p, size_t len, bool v6, const struct transport_oa *oa)
{
	const size_t addr_len = v6 ? 16 : 4;
	const uint8_t *addrs = p + (v6 ? offsetof(struct ip6, src) : offsetof(struct ip4, src));
	uint32_t new_sum = 0;
	uint8_t proto = 0, *field;
	uint16_t csum = 0;
	size_t off = find_upper(p, len, v6, &proto);

	if (off == 0 || (proto != IPPROTO_TCP && proto != IPPROTO_UDP))
		return;
	if (len - off < (proto == IPPROTO_TCP ? 20u : 8u))
		return;
	field = p + off + (proto == IPPROTO_TCP ? 16 : 6);
	if (proto == IPPROTO_UDP && field[0] == 0 && field[1] == 0)
		return;
	if (oa->src || oa->dst) {
		if (oa->src)
			new_sum = ip_csum_add(addrs, addr_len, new_sum);
		if (oa->dst)
			new_sum = ip_csum_add(addrs + addr_len, addr_len, new_sum);
		mend_by_difference(field, oa->sum, fold(new_sum));
	} else {
		memset(field, 0, 2);
		csum = ip_csum_pseudo(addrs, 2 * addr_len, proto, p + off, len - off);
		memcpy(field, &csum, sizeof(csum));
	}
	memcpy(&csum, field, sizeof(csum));
	if (proto == IPPROTO_UDP && csum == 0) /* 0 would say that there is none (RFC 768) */
		memset(field, 0xff, 2);
}
