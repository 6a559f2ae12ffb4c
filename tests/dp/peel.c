/* SPDX-License-Identifier: BSD-2-Clause */
#include "dp/peel.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <rte_byteorder.h>

#include <cmocka.h>

#include "base/defs.h"
#include "wire/ip.h"

struct rest {
	const uint8_t *p;
	unsigned int len;
	uint8_t proto; /* of what p points at */
};

/* Read an IP header, and leave what it carries. */
static void
peel_ip(struct rest *r, struct seen *s)
{
	const uint8_t *p = r->p;
	struct ip6_upper u = { 0 };

	if (p[0] >> 4 == 6) {
		assert_int_equal(ip6_find_upper(p, r->len, &u), 0);
		s->src = addr_make(AF_INET6, p + 8);
		s->dst = addr_make(AF_INET6, p + 24);
		s->ttl = p[7];
		r->len = 40u + (unsigned int)(p[4] << 8 | p[5]);
	} else {
		u.off = (p[0] & 15u) * 4u;
		u.proto = p[9];
		s->src = addr_make(AF_INET, p + 12);
		s->dst = addr_make(AF_INET, p + 16);
		s->ttl = p[8];
		assert_int_equal(ip4_csum(p, u.off), 0);
		r->len = (unsigned int)(p[2] << 8 | p[3]);
	}
	assert_true(u.off + 12u <= r->len);
	r->p += u.off;
	r->len -= u.off;
	r->proto = u.proto;
}

static uint32_t
word_at(const uint8_t *p)
{
	uint32_t word;

	memcpy(&word, p, sizeof(word));
	return rte_be_to_cpu_32(word);
}

/* Take one protection off. ESP here has no encryption and an ICV of 12 bytes. @return false: none */
static bool
peel_one(struct rest *r, struct seen *s)
{
	const uint8_t *p = r->p;
	unsigned int head = 8, tail = 14;

	if (r->proto == IPPROTO_AH) {
		s->spi[s->nspi++] = word_at(p + 4);
		head = (p[1] + 2u) * 4u;
		tail = 0;
		r->proto = p[0];
	} else if (r->proto == IPPROTO_ESP && word_at(p) != PEEL_ALIEN) {
		s->spi[s->nspi++] = word_at(p);
		tail += p[r->len - 14];
		r->proto = p[r->len - 13];
	} else {
		return false;
	}
	assert_true(s->nspi < ARRAY_LEN(s->spi) && head + tail <= r->len);
	r->p += head;
	r->len -= head + tail;
	return true;
}

void
peel(const uint8_t *p, unsigned int len, struct seen *s)
{
	struct rest r = { .p = p, .len = len };

	memset(s, 0, sizeof(*s));
	do {
		if (s->nspi == 0 || r.proto == IPPROTO_IPIP || r.proto == IPPROTO_IPV6)
			peel_ip(&r, s);
	} while (peel_one(&r, s));
	assert_int_equal(r.p[8] << 8 | r.p[9], PEEL_MARK);
	s->number = r.p[11];
}
