/* SPDX-License-Identifier: BSD-2-Clause */
/* What the gateway reads as a host: ARP, Neighbour Discovery, ICMP. The first byte chooses the parser. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/arp.h"
#include "wire/icmp.h"
#include "wire/ip.h"
#include "wire/nd.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
arp(const uint8_t *p, size_t len)
{
	uint8_t again[ARP_LEN];
	struct wbuf w = wbuf_make(again, sizeof(again));
	struct arp_msg m;

	if (arp_parse(p, len, &m) != 0)
		return;
	arp_put(&w, &m);
	if (w.overflow || memcmp(again, p, sizeof(again)) != 0)
		abort();
}

/* The fuzzer cannot guess checksums: mend the one that is looked at. */
static void
mend(uint8_t *p, size_t len, size_t off)
{
	uint16_t sum;

	if (len < off + 4)
		return;
	memset(p + off + 2, 0, 2);
	sum = off >= 40 ? ip_csum_pseudo(p + 8, 32, 58, p + off, len - off) :
			  ip_csum_fold(ip_csum_add(p + off, len - off, 0));
	memcpy(p + off + 2, &sum, 2);
}

static void
nd(uint8_t *p, size_t len)
{
	uint8_t again[ND_MSG_MAX];
	struct wbuf w = wbuf_make(again, sizeof(again));
	struct nd_msg m;
	struct nd_msg m2;

	mend(p, len, 40);
	if (nd_parse(p, len, 40, &m) != 0)
		return;
	nd_put(&w, &m);
	if (w.overflow || nd_parse(again, wbuf_len(&w), 40, &m2) != 0 ||
		memcmp(m.target, m2.target, 16) != 0 || m.has_mac != m2.has_mac)
		abort();
}

static void
echo(uint8_t *p, size_t len)
{
	size_t n = len;

	if (len > 20)
		mend(p, len, p[0] >> 4 == 4 ? (size_t)(p[0] & 15) * 4 : 40);
	/* A reply is not a request: answering it again would be a loop between two hosts. */
	if (icmp_echo_reply(p, &n) == 0 && (n > len || icmp_echo_reply(p, &n) != -ENOMSG))
		abort();
}

static void
error(const uint8_t *p, size_t len, enum icmp_err what)
{
	static const uint8_t us[16] = { 10, 1 };
	uint8_t out[ICMP6_ERR_MAX];
	struct wbuf w = wbuf_make(out, sizeof(out));

	if (!icmp_err_allowed(p, len, what))
		return;
	if (icmp_err_put(&w, what, us, 1300, rbuf_make(p, len)) != 0)
		abort();
	/* Never an error about an error. */
	if (icmp_err_allowed(out, wbuf_len(&w), what))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *p;

	if (size == 0 || size > 4096)
		return 0;
	p = malloc(size - 1); /* of exactly this size: the sanitizer guards both ends */
	if (p == NULL)
		return 0;
	memcpy(p, data + 1, size - 1);
	switch (data[0] % 9) {
	case 0:
		arp(p, size - 1);
		break;
	case 1:
		nd(p, size - 1);
		break;
	case 2:
		echo(p, size - 1);
		break;
	default:
		error(p, size - 1, (enum icmp_err)(data[0] % 9 - 3));
		break;
	}
	free(p);
	return 0;
}
