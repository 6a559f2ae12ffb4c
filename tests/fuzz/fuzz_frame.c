/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a frame on either port, or inside a verified tunnel, through one whole worker step. */
#include <sanitizer/lsan_interface.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include <cmocka.h>

#include "dp/gw.h"
#include "pkt/pkt.h"
#include "pkt/punt.h"
#include "wire/ip.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte of an input says how the rest arrives. */
#define MODE_WAN  0x01u /* on the WAN port, else on the LAN */
#define MODE_ROOM 0x02u /* in a buffer with room around it, else in one of exactly its size */
#define MODE_CSUM 0x04u /* with the IPv4 checksum put right */
#define MODE_MAC  0x08u /* addressed to the port */
#define MODE_SEAL 0x10u /* as the inner packet of a good ESP packet */
#define MODE_NEXT 0x20u /* with MODE_SEAL: in transport mode, its first byte the next header */

#define FRAME_MAX 1800u
#define HEADROOM  128u
#define TAILROOM  128u
#define KEY       "00112233445566778899aabbccddeeff01020304"
#define SHA       " -A hmac-sha1 0x000102030405060708090a0b0c0d0e0f10111213;"

static const char config[] =
	"add 192.0.2.1 192.0.2.2 esp 0x1001 -m tunnel -E aes-gcm-16 0x" KEY ";"
	"add 2001:db8::1 2001:db8::2 esp 0x1003 -m tunnel "
	"-E aes-cbc 0x00112233445566778899aabbccddeeff" SHA
	"add 192.0.2.2 192.0.2.1 esp 0x1002 -m tunnel -E aes-gcm-16 0x" KEY ";"
	"add 192.0.2.2 192.0.2.1 esp 0x1004 -m tunnel -window 64 -E null" SHA
	"add 192.0.2.2[4500] 192.0.2.1[4500] esp-udp 0x1005 -m transport -oa_src 10.9.9.9 -E null" SHA
	"add 192.0.2.2 192.0.2.1 esp 0x1006 -m transport -E aes-gcm-16 0x" KEY ";"
	"add 192.0.2.2 192.0.2.1 ipcomp 0x1007 -C deflate;"
	"spdadd 10.1.0.0/16 10.2.0.0/16[53] udp -P out none;"
	"spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-192.0.2.2/require;"
	"spdadd 10.2.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-192.0.2.2/require "
	"esp/tunnel/2001:db8::1-2001:db8::2/require;"
	"spdadd fd00:1::/64 fd00:2::/64 tcp -P out discard;"
	"spdadd fd00:1::/64 fd00:2::/64 any -P out ipsec esp/tunnel/2001:db8::1-2001:db8::2/use;"
	"spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec esp/tunnel/192.0.2.2-192.0.2.1/require;"
	"spdadd fd00:2::/64 fd00:1::/64 udp -P in ipsec esp/tunnel/192.0.2.2-192.0.2.1/use;";

static struct gw gw;

struct buffer {
	struct rte_mbuf_ext_shared_info info;
	uint8_t *bytes;
};

static void
free_buffer(void *addr, void *arg)
{
	struct buffer *b = arg;

	(void)addr;
	free(b->bytes);
	free(b);
}

/* A heap buffer of its own for each frame: the sanitizer sees the byte behind it. */
static struct rte_mbuf *
make_mbuf(const uint8_t *frame, uint16_t len, bool room)
{
	const uint16_t head = room ? HEADROOM : 0, tail = room ? TAILROOM : 0;
	struct rte_mbuf *m = rte_pktmbuf_alloc(gw.pool);
	struct buffer *b = malloc(sizeof(*b));

	if (m == NULL || b == NULL)
		abort();
	b->bytes = malloc((size_t)head + len + tail);
	if (b->bytes == NULL)
		abort();
	memcpy(b->bytes + head, frame, len);
	b->info.free_cb = free_buffer;
	b->info.fcb_opaque = b;
	rte_mbuf_ext_refcnt_set(&b->info, 1);
	rte_pktmbuf_attach_extbuf(m, b->bytes, 0, (uint16_t)(head + len + tail), &b->info);
	m->data_off = head;
	m->data_len = len;
	m->pkt_len = len;
	return m;
}

static void
fix_frame(uint8_t *frame, size_t len, uint8_t mode)
{
	const unsigned int port = (mode & MODE_WAN) != 0 ? GW_WAN : GW_LAN;
	unsigned int ihl;
	uint16_t csum;

	if ((mode & MODE_MAC) != 0 && len >= 6)
		memcpy(frame, gw.ports.port[port].mac.addr_bytes, 6);
	if ((mode & MODE_CSUM) == 0 || len < 34)
		return;
	ihl = (frame[14] & 15u) * 4u;
	if (frame[14] >> 4 != 4 || ihl < 20 || 14 + ihl > len)
		return;
	frame[24] = frame[25] = 0;
	csum = ip4_csum(frame + 14, ihl);
	memcpy(frame + 24, &csum, sizeof(csum));
}

/* Each packet ends exactly once. */
static void
check_balance(void)
{
	static uint64_t rx, out;
	struct rte_mbuf *m;

	rx += gw_step(&gw);
	gw.now += 16 * rte_get_tsc_hz(); /* fragments to us wait for others no longer */
	rx += gw_step(&gw);
	for (unsigned int port = 0; port < 2; port++) {
		for (; (m = gw_tx(&gw, port)) != NULL; out++)
			rte_pktmbuf_free(m);
	}
	while ((m = gw_punted(&gw)) != NULL) {
		const uint8_t kind = pkt_meta(m)->kind;

		out += kind == PUNT_ARP || kind == PUNT_LOCAL || kind == PUNT_RESOLVE;
		rte_pktmbuf_free(m);
	}
	if (out + gw_all_drops(&gw) < rx || rte_mempool_in_use_count(gw.pool) != 0)
		abort();
	rx = out + gw_all_drops(&gw); /* one packet may have become many pieces */
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t frame[2048], sealed[2048];
	static uint32_t seq;
	const uint8_t *p = frame;
	struct gw_esp e = { .spi = 0x1002, .key = KEY, .inner = frame + 14 };
	size_t len;
	uint8_t mode;

	if (gw.w == NULL) {
		/* What EAL's memory points at looks like a leak to a sanitizer that does not know it. */
		__lsan_disable();
		gw_open(&gw, CRYPTO_DIRECT, NULL);
		gw_setkey(&gw, config);
		__lsan_enable();
	}
	if (size < 2 || size - 1 > FRAME_MAX)
		return 0;
	mode = data[0];
	len = size - 1;
	memcpy(frame, data + 1, len);
	fix_frame(frame, len, mode);
	if ((mode & MODE_SEAL) != 0 && len > 14) {
		e.seq = ++seq;
		e.inner_len = (unsigned int)len - 14;
		if ((mode & MODE_NEXT) != 0 && e.inner_len > 1) {
			e.spi = 0x1006;
			e.next = *e.inner++;
			e.inner_len--;
		}
		len = gw_seal(&gw, &e, sealed);
		p = sealed;
		mode |= MODE_WAN;
	}
	if (rte_ring_enqueue(gw.rx[(mode & MODE_WAN) != 0 ? GW_WAN : GW_LAN],
		    make_mbuf(p, (uint16_t)len, (mode & MODE_ROOM) != 0)) != 0)
		abort();
	check_balance();
	return 0;
}
