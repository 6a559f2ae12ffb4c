/* SPDX-License-Identifier: BSD-2-Clause */
#include "dp/pair_case.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "pkt/pkt.h"
#include "pkt/punt.h"
#include "wire/ip.h"

struct packet original, wire;

/* An IP packet from src to dst as it enters the first gateway. */
void
make_original(const char *src, const char *dst, unsigned int len)
{
	static uint8_t frame[CASE_FRAME_MAX];
	struct gw_frame f = gw_frame(GW_LAN, src, dst);

	f.len = len;
	original.len = gw_build(&gw, &f, frame) - 14;
	memcpy(original.b, frame + 14, original.len);
}

uint16_t
udp_csum(const struct packet *p)
{
	const bool v6 = p->b[0] >> 4 == 6;
	const unsigned int head = v6 ? 40 : 20;

	return ip_csum_pseudo(
		p->b + (v6 ? 8 : 12), v6 ? 32 : 8, IPPROTO_UDP, p->b + head, p->len - head);
}

/* Length and checksum: the latter is mended when NAT-T opens a packet in transport mode. */
static void
put_udp_csum(struct packet *p)
{
	const unsigned int head = p->b[0] >> 4 == 6 ? 40 : 20;
	uint16_t v = htons((uint16_t)(p->len - head));

	memcpy(p->b + head + 4, &v, 2);
	memset(p->b + head + 6, 0, 2);
	v = udp_csum(p);
	memcpy(p->b + head + 6, &v, 2);
}

/* Behind the UDP header: bytes that DEFLATE makes much of, or nothing at all. */
void
fill_original(bool shrinks)
{
	const unsigned int head = (original.b[0] >> 4 == 6 ? 40 : 20) + 8;
	uint32_t x = 1;

	for (unsigned int i = head; i < original.len; i++) {
		x = x * 1664525u + 1013904223u;
		original.b[i] = shrinks ? 0x55 : (uint8_t)(x >> 24);
	}
	put_udp_csum(&original);
}

/* Either a frame from the LAN, or a packet of the gateway's own. */
void
enter(const struct packet *p, bool local)
{
	struct rte_mbuf *m;

	if (!local) {
		memcpy(case_frame, gw.ports.port[GW_LAN].mac.addr_bytes, 6);
		memcpy(case_frame + 6, "\2\0\0\0\11\11", 6);
		memcpy(case_frame + 12, p->b[0] >> 4 == 6 ? "\x86\xdd" : "\x08\x00", 2);
		memcpy(case_frame + 14, p->b, p->len);
		case_send_raw(GW_LAN, case_frame, p->len + 14);
		return;
	}
	m = rte_pktmbuf_alloc(gw.pool);
	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)p->len), p->b, p->len);
	pkt_meta(m)->kind = INJECT_LOCAL;
	pkt_meta(m)->af = p->b[0] >> 4 == 6 ? AF_INET6 : AF_INET;
	assert_int_equal(rte_ring_enqueue(worker_inject_ring(gw.w), m), 0);
	(void)gw_step(&gw);
}

void
no_drops(void)
{
	for (unsigned int i = 0; i < DROP_MAX; i++) {
		if (gw_drops(&gw, (enum drop_reason)i) != 0)
			fail_msg("dropped: %s", drop_name((enum drop_reason)i));
	}
}

/* @return the frame, without its mbuf */
void
take_frame(struct rte_mbuf *m, unsigned int off, struct packet *out)
{
	assert_non_null(m);
	out->len = m->data_len - off;
	memcpy(out->b, rte_pktmbuf_mtod_offset(m, uint8_t *, off), out->len);
	rte_pktmbuf_free(m);
}

/* Seal at gateway 0: the wire's frame. */
void
seal(bool local)
{
	enter(&original, local);
	case_settle();
	no_drops();
	take_frame(gw_tx(&gw, GW_WAN), 0, &wire);
	assert_null(gw_tx(&gw, GW_WAN));
}

/* Open at gateway 1: what comes out, by the LAN port or to control. */
void
receive(void)
{
	memcpy(wire.b, gw.ports.port[GW_WAN].mac.addr_bytes, 6);
	case_send_raw(GW_WAN, wire.b, wire.len);
	case_settle();
}

void
expect_original(bool local)
{
	struct packet got = { 0 };
	struct rte_mbuf *m = local ? gw_punted(&gw) : gw_tx(&gw, GW_LAN);
	const bool v6 = original.b[0] >> 4 == 6;
	uint16_t csum;

	no_drops();
	assert_non_null(m);
	take_frame(m, local ? pkt_meta(m)->l3_off : 14u, &got);
	if (!local) { /* two hops */
		original.b[v6 ? 7 : 8] = (uint8_t)(original.b[v6 ? 7 : 8] - 2);
		if (!v6) {
			memset(original.b + 10, 0, 2);
			csum = ip4_csum(original.b, 20);
			memcpy(original.b + 10, &csum, 2);
		}
	}
	assert_int_equal(got.len, original.len);
	assert_memory_equal(got.b, original.b, got.len);
}

/* Upper protocol of the outermost IP packet of the frame. */
uint8_t
wire_proto(void)
{
	return wire.b[14] >> 4 == 6 ? wire.b[14 + 6] : wire.b[14 + 9];
}
