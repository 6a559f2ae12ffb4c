/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

unsigned int
addr_len(const struct addr *a)
{
	switch (a->af) {
	case AF_INET:
		return 4;
	case AF_INET6:
		return 16;
	default:
		return 0;
	}
}

uint8_t
addr_full_plen(const struct addr *a)
{
	return (uint8_t)(addr_len(a) * 8);
}

struct addr
addr_make(uint8_t af, const void *bytes)
{
	struct addr a = { .af = af };

	memcpy(a.b, bytes, addr_len(&a));
	a.plen = addr_full_plen(&a);
	return a;
}

/* Decimal 0..999 with at most three digits and nothing behind it; -1 otherwise. */
static int
small_number(const char *s)
{
	int v = 0;
	size_t n = strlen(s);

	if (n == 0 || n > 3)
		return -1;
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9')
			return -1;
		v = v * 10 + (*s - '0');
	}
	return v;
}

int
addr_parse(const char *text, struct addr *out)
{
	const char *slash = strchr(text, '/');
	size_t n = slash != NULL ? (size_t)(slash - text) : strlen(text);
	struct addr a = { 0 };
	char host[ADDR_STRLEN];
	int plen;

	if (n == 0 || n >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, n);
	host[n] = '\0';
	if (inet_pton(AF_INET, host, a.b) == 1)
		a.af = AF_INET;
	else if (inet_pton(AF_INET6, host, a.b) == 1)
		a.af = AF_INET6;
	else
		return -EINVAL;
	a.plen = addr_full_plen(&a);
	if (slash != NULL) {
		plen = small_number(slash + 1);
		if (plen < 0)
			return -EINVAL;
		if (plen > a.plen)
			return -ERANGE;
		a.plen = (uint8_t)plen;
	}
	*out = a;
	return 0;
}

const char *
addr_str(const struct addr *a, char buf[ADDR_STRLEN])
{
	if (addr_len(a) == 0 || inet_ntop(a->af, a->b, buf, ADDR_STRLEN) == NULL)
		(void)snprintf(buf, ADDR_STRLEN, "unset");
	return buf;
}

const char *
addr_prefix_str(const struct addr *a, char buf[ADDR_STRLEN])
{
	size_t n;

	addr_str(a, buf);
	if (a->plen != addr_full_plen(a)) {
		n = strlen(buf);
		(void)snprintf(buf + n, ADDR_STRLEN - n, "/%u", a->plen);
	}
	return buf;
}

bool
addr_eq(const struct addr *a, const struct addr *b)
{
	return a->af == b->af && memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

int
addr_cmp(const struct addr *a, const struct addr *b)
{
	int d = a->af - b->af;

	if (d == 0)
		d = memcmp(a->b, b->b, sizeof(a->b));
	if (d == 0)
		d = a->plen - b->plen;
	if (d == 0)
		d = ntohs(a->port_be) - ntohs(b->port_be);
	return d;
}

bool
addr_in_prefix(const struct addr *prefix, const struct addr *host)
{
	unsigned int whole = prefix->plen / 8;
	unsigned int rest = prefix->plen % 8;

	if (prefix->af != host->af || memcmp(prefix->b, host->b, whole) != 0)
		return false;
	return rest == 0 || ((prefix->b[whole] ^ host->b[whole]) >> (8 - rest)) == 0;
}

void
addr_mask(struct addr *a)
{
	unsigned int whole = a->plen / 8;
	unsigned int rest = a->plen % 8;

	if (rest != 0) {
		a->b[whole] = (uint8_t)(a->b[whole] & (0xff00u >> rest));
		whole++;
	}
	memset(a->b + whole, 0, sizeof(a->b) - whole);
}

bool
addr_is_any(const struct addr *a)
{
	static const uint8_t zero[16];

	return memcmp(a->b, zero, sizeof(zero)) == 0;
}

bool
addr_is_multicast(const struct addr *a)
{
	static const uint8_t broadcast[4] = { 255, 255, 255, 255 };

	if (a->af == AF_INET6)
		return a->b[0] == 0xff;
	return (a->b[0] & 0xf0) == 0xe0 || memcmp(a->b, broadcast, sizeof(broadcast)) == 0;
}
