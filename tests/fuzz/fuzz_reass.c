/* SPDX-License-Identifier: BSD-2-Clause */
/* Any sequence of fragments to us: what comes out whole is what its bytes' places say, or nothing does. */
#include <netinet/in.h>
#include <sanitizer/lsan_interface.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include <cmocka.h>

#include "dp/gw.h"
#include "pkt/pkt.h"
#include "wire/ip.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * Four bytes a fragment: flags, place in eights (two bytes), length. Each byte of payload is a function
 * of its place, so that overlaps agree and yet must never be mixed.
 */
#define F_IP6  0x01u
#define F_MORE 0x02u
#define F_STEP 0x04u /* a second passes */
#define F_ID   0x30u

static struct gw gw;

static uint8_t
byte_at(unsigned int off)
{
	return (uint8_t)(off * 31 + off / 256);
}

static void
put16(uint8_t *p, unsigned int v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void
send_fragment(const uint8_t d[4])
{
	static uint8_t frame[512];
	const bool v6 = (d[0] & F_IP6) != 0;
	const unsigned int hdr = v6 ? 48 : 20, off = ((d[1] << 8 | d[2]) & 0x1fffu) * 8u;
	struct gw_frame f =
		gw_frame(GW_LAN, v6 ? "fd00:1::2" : "10.1.0.2", v6 ? "fd00:1::1" : "10.1.0.1");
	uint8_t *ip = frame + 14;
	uint16_t csum;

	f.len = hdr + d[3];
	(void)gw_build(&gw, &f, frame);
	for (unsigned int i = 0; i < d[3]; i++)
		ip[hdr + i] = byte_at(off + i);
	if (v6) {
		ip[6] = 44;
		memset(ip + 40, 0, 8);
		ip[40] = 254; /* no protocol that is looked at */
		put16(ip + 42, off | ((d[0] & F_MORE) != 0));
		ip[47] = d[0] & F_ID;
	} else {
		ip[5] = d[0] & F_ID;
		ip[9] = 254;
		put16(ip + 6, off / 8 | ((d[0] & F_MORE) != 0 ? IP4_MF : 0));
		memset(ip + 10, 0, 2);
		csum = ip4_csum(ip, 20);
		memcpy(ip + 10, &csum, 2);
	}
	gw_rx(&gw, GW_LAN, frame, 14 + f.len);
	if ((d[0] & F_STEP) != 0)
		gw.now += rte_get_tsc_hz();
	(void)gw_step(&gw);
}

static void
check_whole(struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const uint8_t *l4 = rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->l4_off);

	if ((meta->flags & PKT_F_FRAG) != 0 || meta->l4_off + meta->l4_len != m->data_len)
		abort();
	for (unsigned int i = 0; i < meta->l4_len; i++) {
		if (l4[i] != byte_at(i))
			abort();
	}
	rte_pktmbuf_free(m);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rte_mbuf *m;

	if (gw.w == NULL) {
		/* What EAL's memory points at looks like a leak to a sanitizer that does not know it. */
		__lsan_disable();
		gw_open(&gw, CRYPTO_DIRECT, NULL);
		__lsan_enable();
	}
	for (; size >= 4; size -= 4, data += 4) {
		send_fragment(data);
		while ((m = gw_punted(&gw)) != NULL)
			check_whole(m);
	}
	gw.now += 16 * rte_get_tsc_hz();
	(void)gw_step(&gw);
	if (rte_mempool_in_use_count(gw.pool) != 0 || reass_large_in_use(gw.reass) != 0)
		abort();
	return 0;
}
