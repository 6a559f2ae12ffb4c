/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/icmp.h"

#include <errno.h>
#include <string.h>

#include "wire/ip.h"

#define PROTO_ICMP4 1u
#define PROTO_ICMP6 58u
#define ICMP_HDR    8u
#define TTL_OURS    64u /* RFC 1700: the default TTL of packets made here */
#define TOS_CONTROL 0xc0u /* RFC 1812 4.3.2.5: errors go as internetwork control */
#define IP6_MTU_MIN 1280u

enum {
	T4_ECHO_REPLY = 0,
	T4_UNREACH = 3,
	T4_QUENCH = 4,
	T4_REDIRECT = 5,
	T4_ECHO = 8,
	T4_TIME = 11,
	T4_PARAM = 12,
	T6_UNREACH = 1,
	T6_TOO_BIG = 2,
	T6_TIME = 3,
	T6_PARAM = 4,
	T6_INFO = 128, /* from here on messages inform, below they are errors */
	T6_ECHO = 128,
	T6_ECHO_REPLY = 129,
	T6_REDIRECT = 137,
};

/* An IP packet, its header checked against its length and the padding behind it cut off. */
struct packet {
	uint8_t version;
	uint8_t proto; /* upper layer */
	bool is_frag, is_first;
	size_t len; /* by the IP header */
	size_t l4_off;
};

static unsigned int
be16(const uint8_t *p)
{
	return (unsigned int)p[0] << 8 | p[1];
}

static void
put16(void *to, size_t v)
{
	const uint8_t b[2] = { (uint8_t)(v >> 8), (uint8_t)v };

	memcpy(to, b, sizeof(b));
}

static int
look4(const uint8_t *p, size_t len, struct packet *out)
{
	const size_t ihl = (size_t)(p[0] & 0x0fu) * 4;
	const size_t total = len >= sizeof(struct ip4) ? be16(p + 2) : 0;
	unsigned int frag;

	if (ihl < sizeof(struct ip4) || total < ihl || total > len)
		return -EINVAL;
	frag = be16(p + 6);
	*out = (struct packet){
		.version = 4,
		.proto = p[9],
		.is_frag = (frag & (IP4_MF | IP4_OFF_MASK)) != 0,
		.is_first = (frag & IP4_OFF_MASK) == 0,
		.len = total,
		.l4_off = ihl,
	};
	return 0;
}

static int
look6(const uint8_t *p, size_t len, struct packet *out)
{
	const size_t total = len >= sizeof(struct ip6) ? sizeof(struct ip6) + be16(p + 4) : 0;
	struct ip6_upper u;

	if (total == 0 || total > len || ip6_find_upper(p, total, &u) != 0)
		return -EINVAL;
	*out = (struct packet){
		.version = 6,
		.proto = u.proto,
		.is_frag = u.is_frag,
		.is_first = !u.is_frag || u.first_frag,
		.len = total,
		.l4_off = u.off,
	};
	return 0;
}

static int
look(const uint8_t *p, size_t len, struct packet *out)
{
	if (len == 0)
		return -EINVAL;
	if (p[0] >> 4 == 4)
		return look4(p, len, out);
	return p[0] >> 4 == 6 ? look6(p, len, out) : -EINVAL;
}

/* One host that can be answered: not "any", not a group, not loopback, not reserved or broadcast. */
static bool
is_host4(const uint8_t a[4])
{
	return a[0] != 0 && a[0] != 127 && a[0] < 224;
}

static bool
is_host6(const uint8_t a[16])
{
	static const uint8_t low[15];

	/* :: and ::1 share their first 15 bytes. */
	return a[0] != 0xff && !(memcmp(a, low, sizeof(low)) == 0 && a[15] <= 1);
}

static bool
is_source_host(const uint8_t *p, const struct packet *k)
{
	return k->version == 4 ? is_host4(p + offsetof(struct ip4, src)) :
				 is_host6(p + offsetof(struct ip6, src));
}

/* Headers are made in aligned locals: behind 14 bytes of Ethernet the packet's own is not aligned. */
static void
header4(uint8_t *to, struct ip4 *ip, size_t total)
{
	put16(&ip->len_be, total);
	ip->ver_ihl = 0x45;
	ip->ttl = TTL_OURS;
	ip->proto = PROTO_ICMP4;
	ip->csum_be = 0;
	ip->csum_be = ip4_csum(ip, sizeof(*ip));
	memcpy(to, ip, sizeof(*ip));
}

static void
header6(uint8_t *to, struct ip6 *ip, size_t payload)
{
	put16(&ip->plen_be, payload);
	ip->next = PROTO_ICMP6;
	ip->hop_limit = TTL_OURS;
	memcpy(to, ip, sizeof(*ip));
}

static void
sum4(uint8_t *icmp, size_t n)
{
	uint16_t sum;

	memset(icmp + 2, 0, 2);
	sum = ip_csum_fold(ip_csum_add(icmp, n, 0));
	memcpy(icmp + 2, &sum, 2);
}

static void
sum6(uint8_t *icmp, size_t n, const struct ip6 *ip)
{
	uint16_t sum;

	memset(icmp + 2, 0, 2);
	sum = ip_csum_pseudo(ip->src, 32, PROTO_ICMP6, icmp, n);
	memcpy(icmp + 2, &sum, 2);
}

static void
reply4(uint8_t *p, struct packet *k)
{
	const size_t n = k->len - k->l4_off;
	struct ip4 was;
	struct ip4 ip;

	memcpy(&was, p, sizeof(was));
	memmove(p + sizeof(ip), p + k->l4_off, n);
	k->len = sizeof(ip) + n;
	ip = was;
	memcpy(ip.src, was.dst, 4);
	memcpy(ip.dst, was.src, 4);
	/* The id stays: the asker chose it unique, so fragments of the reply cannot be confused. */
	ip.frag_be = 0;
	header4(p, &ip, k->len);
	p[sizeof(ip)] = T4_ECHO_REPLY;
	sum4(p + sizeof(ip), n);
}

static void
reply6(uint8_t *p, struct packet *k)
{
	const size_t n = k->len - k->l4_off;
	struct ip6 was;
	struct ip6 ip;

	memcpy(&was, p, sizeof(was));
	memmove(p + sizeof(ip), p + k->l4_off, n);
	k->len = sizeof(ip) + n;
	ip = was;
	memcpy(ip.src, was.dst, 16);
	memcpy(ip.dst, was.src, 16);
	header6(p, &ip, n);
	p[sizeof(ip)] = T6_ECHO_REPLY;
	sum6(p + sizeof(ip), n, &ip);
}

int
icmp_echo_reply(void *p, size_t *len)
{
	const uint8_t *b = p;
	const uint8_t *icmp;
	struct packet k;
	uint16_t sum;
	size_t n;

	if (look(b, *len, &k) != 0 || k.is_frag)
		return -EBADMSG;
	if (k.proto != (k.version == 4 ? PROTO_ICMP4 : PROTO_ICMP6))
		return -ENOMSG;
	icmp = b + k.l4_off;
	n = k.len - k.l4_off;
	if (n < ICMP_HDR)
		return -EBADMSG;
	sum = k.version == 4 ?
		ip_csum_fold(ip_csum_add(icmp, n, 0)) :
		ip_csum_pseudo(b + offsetof(struct ip6, src), 32, PROTO_ICMP6, icmp, n);
	if (sum != 0)
		return -EBADMSG;
	if (icmp[0] != (k.version == 4 ? T4_ECHO : T6_ECHO) || !is_source_host(b, &k))
		return -ENOMSG;
	if (icmp[1] != 0)
		return -EBADMSG;
	if (k.version == 4)
		reply4(p, &k);
	else
		reply6(p, &k);
	*len = k.len;
	return 0;
}

/* An ICMP message whose type cannot be seen may be an error: then nothing is sent. */
static bool
is_icmp_error(const uint8_t *p, const struct packet *k)
{
	const uint8_t type = k->l4_off < k->len ? p[k->l4_off] : T4_UNREACH;

	if (k->version == 4)
		return k->proto == PROTO_ICMP4 &&
			(type == T4_UNREACH || type == T4_QUENCH || type == T4_REDIRECT ||
				type == T4_TIME || type == T4_PARAM);
	return k->proto == PROTO_ICMP6 && (type < T6_INFO || type == T6_REDIRECT);
}

bool
icmp_err_allowed(const void *p, size_t len, enum icmp_err what)
{
	const uint8_t *b = p;
	struct packet k;

	if (look(b, len, &k) != 0 || !k.is_first || !is_source_host(b, &k) || is_icmp_error(b, &k))
		return false;
	if (k.version == 4)
		return is_host4(b + offsetof(struct ip4, dst));
	return b[offsetof(struct ip6, dst)] != 0xff || what == ICMP_ERR_TOO_BIG;
}

/* The field that named the unknown protocol: what a parameter problem points at (RFC 4443 3.4). */
static uint32_t
next_field(const uint8_t *p, const struct packet *k)
{
	uint32_t field = offsetof(struct ip6, next);
	uint32_t off = sizeof(struct ip6);

	/* look6() walked the same chain, so each header is inside; a fragment header ends the walk. */
	while (off + 8 <= k->l4_off) {
		const bool is_frag = p[field] == 44;

		field = off;
		off += is_frag ? 8u : ((uint32_t)p[off + 1] + 1) * 8;
	}
	return field;
}

static int
put4(struct wbuf *w, enum icmp_err what, const uint8_t *src, uint32_t mtu, struct rbuf p)
{
	static const uint8_t type_code[][2] = {
		[ICMP_ERR_TTL] = { T4_TIME, 0 },
		[ICMP_ERR_TOO_BIG] = { T4_UNREACH, 4 },
		[ICMP_ERR_NET] = { T4_UNREACH, 0 },
		[ICMP_ERR_HOST] = { T4_UNREACH, 1 },
		[ICMP_ERR_PROTO] = { T4_UNREACH, 2 },
		[ICMP_ERR_PORT] = { T4_UNREACH, 3 },
	};
	const size_t room = ICMP4_ERR_MAX - sizeof(struct ip4) - ICMP_HDR;
	const size_t n = rbuf_left(&p) < room ? rbuf_left(&p) : room;
	uint8_t *hdr = wbuf_put(w, sizeof(struct ip4));
	uint8_t *icmp = wbuf_put(w, ICMP_HDR);
	struct ip4 ip = { .tos = TOS_CONTROL };

	wbuf_copy(w, p.p, n);
	if (w->overflow || hdr == NULL || icmp == NULL)
		return -ENOBUFS;
	memcpy(ip.src, src, 4);
	memcpy(ip.dst, p.p + offsetof(struct ip4, src), 4);
	/* Small and never fragmented, so id 0 is as good as any (RFC 6864 4.1). */
	put16(&ip.frag_be, IP4_DF);
	header4(hdr, &ip, sizeof(ip) + ICMP_HDR + n);
	icmp[0] = type_code[what][0];
	icmp[1] = type_code[what][1];
	if (what == ICMP_ERR_TOO_BIG)
		put16(icmp + 6, mtu < UINT16_MAX ? mtu : UINT16_MAX); /* RFC 1191 4 */
	sum4(icmp, ICMP_HDR + n);
	return 0;
}

static int
put6(struct wbuf *w, enum icmp_err what, const uint8_t *src, uint32_t word, struct rbuf p)
{
	static const uint8_t type_code[][2] = {
		[ICMP_ERR_TTL] = { T6_TIME, 0 },
		[ICMP_ERR_TOO_BIG] = { T6_TOO_BIG, 0 },
		[ICMP_ERR_NET] = { T6_UNREACH, 0 },
		[ICMP_ERR_HOST] = { T6_UNREACH, 3 },
		[ICMP_ERR_PROTO] = { T6_PARAM, 1 },
		[ICMP_ERR_PORT] = { T6_UNREACH, 4 },
	};
	const size_t room = ICMP6_ERR_MAX - sizeof(struct ip6) - ICMP_HDR;
	const size_t n = rbuf_left(&p) < room ? rbuf_left(&p) : room;
	uint8_t *hdr = wbuf_put(w, sizeof(struct ip6));
	uint8_t *icmp = wbuf_put(w, ICMP_HDR);
	struct ip6 ip = { 0 };

	wbuf_copy(w, p.p, n);
	if (w->overflow || hdr == NULL || icmp == NULL)
		return -ENOBUFS;
	*(uint8_t *)&ip = 0x60; /* version 6, traffic class and flow label 0 */
	memcpy(ip.src, src, 16);
	memcpy(ip.dst, p.p + offsetof(struct ip6, src), 16);
	header6(hdr, &ip, ICMP_HDR + n);
	icmp[0] = type_code[what][0];
	icmp[1] = type_code[what][1];
	put16(icmp + 4, word >> 16);
	put16(icmp + 6, word & UINT16_MAX);
	sum6(icmp, ICMP_HDR + n, &ip);
	return 0;
}

int
icmp_err_put(struct wbuf *w, enum icmp_err what, const uint8_t *src, uint32_t mtu, struct rbuf p)
{
	struct packet k;
	uint32_t word = 0;

	if (look(p.p, rbuf_left(&p), &k) != 0)
		return -EINVAL;
	p.end = p.p + k.len;
	if (k.version == 4)
		return put4(w, what, src, mtu, p);
	if (what == ICMP_ERR_TOO_BIG)
		word = mtu < IP6_MTU_MIN ? IP6_MTU_MIN : mtu;
	if (what == ICMP_ERR_PROTO)
		word = next_field(p.p, &k);
	return put6(w, what, src, word, p);
}
