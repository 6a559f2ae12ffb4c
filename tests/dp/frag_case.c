/* SPDX-License-Identifier: BSD-2-Clause */
#include "dp/frag_case.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "pkt/pkt.h"
#include "pkt/punt.h"
#include "wire/ip.h"

struct whole *
frag_whole(bool v6, unsigned int len, uint16_t id)
{
	static const uint8_t src4[4] = { 10, 1, 0, 2 }, dst4[4] = { 10, 1, 0, 1 };
	static const uint8_t src6[16] = { 0xfd, 0, 0, 1, [15] = 2 },
			     dst6[16] = { 0xfd, 0, 0, 1, [15] = 1 };
	static struct whole x;

	memset(&x, 0, sizeof(x));
	x.v6 = v6;
	x.port = GW_LAN;
	memcpy(x.src, v6 ? src6 : src4, v6 ? 16 : 4);
	memcpy(x.dst, v6 ? dst6 : dst4, v6 ? 16 : 4);
	x.proto = IPPROTO_UDP;
	x.id = id;
	x.len = len;
	for (unsigned int i = 0; i < len; i++)
		x.data[i] = (uint8_t)(i * 7 + i / 251 + id);
	return &x;
}

static void
put16(uint8_t *p, unsigned int v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void
put_head4(const struct whole *x, struct cut c, bool more, uint8_t *p)
{
	uint16_t csum;

	memset(p, 0, 20);
	p[0] = 0x45;
	p[1] = x->tos;
	put16(p + 2, 20 + c.len);
	put16(p + 4, x->id);
	put16(p + 6, c.off / 8 | (more ? IP4_MF : 0));
	p[8] = 64;
	p[9] = x->proto;
	memcpy(p + 12, x->src, 4);
	memcpy(p + 16, x->dst, 4);
	csum = ip4_csum(p, 20);
	memcpy(p + 10, &csum, 2);
}

static void
put_head6(const struct whole *x, struct cut c, bool more, uint8_t *p)
{
	memset(p, 0, 48);
	p[0] = 0x60;
	put16(p + 4, 8 + c.len);
	p[6] = 44;
	p[7] = 64;
	memcpy(p + 8, x->src, 16);
	memcpy(p + 24, x->dst, 16);
	p[40] = x->proto;
	put16(p + 42, c.off | more);
	put16(p + 46, x->id);
}

unsigned int
frag_build(const struct whole *x, struct cut c, uint8_t *frame)
{
	static const uint8_t host[6] = { 2, 0, 0, 0, 9, 9 };
	const unsigned int head = x->v6 ? 48 : 20;
	const bool more = c.off + c.len < x->len;

	memcpy(frame, gw.ports.port[x->port].mac.addr_bytes, 6);
	memcpy(frame + 6, host, 6);
	put16(frame + 12, x->v6 ? 0x86dd : 0x0800);
	if (x->v6)
		put_head6(x, c, more, frame + 14);
	else
		put_head4(x, c, more, frame + 14);
	memcpy(frame + 14 + head, x->data + c.off, c.len);
	return 14 + head + c.len;
}

void
frag_send(const struct whole *x, struct cut c)
{
	case_send_raw(x->port, case_frame, frag_build(x, c, case_frame));
}

void
frag_expect(const struct whole *x)
{
	const unsigned int head = x->v6 ? 40 : 20;
	struct rte_mbuf *m = gw_punted(&gw);
	const struct pkt_meta *meta;
	const uint8_t *p;

	assert_non_null(m);
	meta = pkt_meta(m);
	assert_int_equal(meta->kind, PUNT_LOCAL);
	assert_int_equal(meta->l3_off, 14);
	assert_int_equal(m->nb_segs, 1);
	assert_int_equal(m->data_len, 14 + head + x->len);
	assert_int_equal(meta->l4_off, 14 + head);
	assert_int_equal(meta->l4_len, x->len);
	assert_int_equal(meta->l4_proto, x->proto);
	assert_int_equal(meta->flags & PKT_F_FRAG, 0);
	p = rte_pktmbuf_mtod_offset(m, const uint8_t *, 14);
	if (x->v6) {
		assert_int_equal(p[4] << 8 | p[5], x->len);
		assert_int_equal(p[6], x->proto);
	} else {
		assert_int_equal(p[2] << 8 | p[3], 20 + x->len);
		assert_int_equal(p[6] << 8 | p[7], 0);
		assert_int_equal(ip4_csum(p, 20), 0);
	}
	assert_memory_equal(p + (x->v6 ? 8 : 12), x->src, x->v6 ? 16 : 4);
	assert_memory_equal(p + head, x->data, x->len);
	rte_pktmbuf_free(m);
	assert_null(gw_punted(&gw));
}
