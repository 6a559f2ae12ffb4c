/* SPDX-License-Identifier: BSD-2-Clause */
/* ESP in transport mode and in UDP, against libcrypto. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_malloc.h>

#include <cmocka.h>

#include "dp/engine.h"
#include "dp/esp_peer.h"
#include "support/rng.h"
#include "wire/ip.h"

#define HI7 ((uint64_t)7 << 32)

/* ---- packets between the SA's own end points ---- */

struct shape {
	uint8_t af;
	bool opts; /* IPv4 options; hop-by-hop, destination and routing headers */
	bool dest; /* IPv6: destination options that are protected */
	uint8_t proto;
};

/* A packet, cut where the protection begins. */
struct clear {
	uint8_t p[BUF_SIZE];
	unsigned int len, head_len, next_off;
	uint8_t next; /* of the head */
};

static void
put_ext(struct clear *c, uint8_t kind)
{
	c->p[c->next_off] = kind;
	c->next_off = c->head_len;
	memset(c->p + c->head_len, 0, 8);
	if (kind == IPPROTO_HOPOPTS || kind == IPPROTO_DSTOPTS)
		c->p[c->head_len + 2] = 1, c->p[c->head_len + 3] = 4; /* PadN */
	c->head_len += 8;
}

static void
make_head(struct clear *c, const struct peer *peer, const struct shape *s)
{
	const uint8_t opts[8] = { 0x94, 4, 0, 0, 1, 1, 1, 0 };

	memset(c->p, 0, 40);
	if (s->af == AF_INET) {
		c->head_len = s->opts ? 28 : 20;
		c->p[0] = s->opts ? 0x47 : 0x45;
		c->p[1] = 0x2a;
		c->p[5] = 77;
		c->p[6] = 0x40;
		c->p[8] = 61;
		c->next_off = 9;
		memcpy(c->p + 12, peer->spec.idx.src.b, 4);
		memcpy(c->p + 16, peer->spec.idx.dst.b, 4);
		memcpy(c->p + 20, opts, sizeof(opts));
		return;
	}
	memcpy(c->p, "\x62\xa1\x23\x45\0\0\0\x3d", 8);
	memcpy(c->p + 8, peer->spec.idx.src.b, 16);
	memcpy(c->p + 24, peer->spec.idx.dst.b, 16);
	c->head_len = 40;
	c->next_off = 6;
	if (s->opts) {
		put_ext(c, IPPROTO_HOPOPTS);
		put_ext(c, IPPROTO_DSTOPTS);
		put_ext(c, IPPROTO_ROUTING);
	}
}

/* Lengths, protocol and IPv4 checksum of a head that is followed by n bytes. */
static void
finish_head(uint8_t *p, const struct clear *c, unsigned int n, uint8_t next)
{
	const unsigned int len = (p[0] >> 4 == 6 ? c->head_len - 40 : c->head_len) + n;
	uint8_t *field = p + (p[0] >> 4 == 6 ? 4 : 2);
	uint16_t csum;

	field[0] = (uint8_t)(len >> 8);
	field[1] = (uint8_t)len;
	p[c->next_off] = next;
	if (p[0] >> 4 == 6)
		return;
	memset(p + 10, 0, 2);
	csum = ip4_csum(p, c->head_len);
	memcpy(p + 10, &csum, 2);
}

static void
make_clear(struct clear *c, const struct peer *peer, const struct shape *s, unsigned int n)
{
	make_head(c, peer, s);
	c->len = c->head_len + n;
	for (unsigned int i = c->head_len; i < c->len; i++)
		c->p[i] = (uint8_t)rng_next(&rng);
	c->next = s->proto;
	if (s->dest && s->af == AF_INET6) {
		c->next = IPPROTO_DSTOPTS;
		c->p[c->head_len] = s->proto;
		c->p[c->head_len + 1] = 0;
	}
	finish_head(c->p, c, n, c->next);
}

static struct rte_mbuf *
out_pkt(const struct peer *peer, const struct clear *c)
{
	struct rte_mbuf *m = wrap(peer, c->p, c->len, c->p[0] >> 4 == 4 ? AF_INET : AF_INET6);

	pkt_meta(m)->flags |= PKT_F_TRANSPORT;
	return m;
}

/* The same packet as libcrypto protects it. */
static struct rte_mbuf *
in_pkt(const struct peer *peer, const struct clear *c, struct sealing s)
{
	const unsigned int udp = peer->spec.natt.type != 0 ? 8 : 0;
	uint8_t pkt[BUF_SIZE];
	struct rte_mbuf *m;
	unsigned int n;

	if (s.payload == NULL) {
		s.payload = c->p + c->head_len;
		s.len = c->len - c->head_len;
		s.next = c->next;
	}
	memcpy(pkt, c->p, c->head_len);
	n = seal_esp(peer, &s, pkt + c->head_len + udp);
	memset(pkt + c->head_len, 0x99, udp); /* dp has looked at it, ESP has not to */
	finish_head(pkt, c, udp + n, udp != 0 ? IPPROTO_UDP : IPPROTO_ESP);
	m = wrap(peer, pkt, c->head_len + udp + n, c->p[0] >> 4 == 4 ? AF_INET : AF_INET6);
	pkt_meta(m)->l4_off = (uint16_t)(14 + c->head_len + udp);
	pkt_meta(m)->l4_len = (uint16_t)n;
	pkt_meta(m)->l4_proto = IPPROTO_ESP;
	pkt_meta(m)->flags = udp != 0 ? PKT_F_UDP : 0;
	return m;
}

/* ---- transport mode ---- */

static void
seal_one(struct peer *peer, const struct clear *c)
{
	const unsigned int udp = peer->spec.natt.type != 0 ? 8 : 0;
	const struct sealing want = {
		.payload = c->p + c->head_len, .len = c->len - c->head_len, .next = c->next
	};
	struct rte_mbuf *m = out_pkt(peer, c);
	const struct pkt_meta *meta = pkt_meta(m);
	uint8_t head[128], *p;

	assert_int_equal(out_burst(&m, 1), 1);
	p = rte_pktmbuf_mtod(m, uint8_t *);
	assert_int_equal(meta->l3_off, 0);
	assert_int_equal(meta->l4_off, c->head_len + udp);
	assert_int_equal(meta->l4_proto, IPPROTO_ESP);
	assert_int_equal(meta->flags, PKT_F_TRANSPORT);
	memcpy(head, c->p, c->head_len);
	finish_head(head, c, udp + meta->l4_len, udp != 0 ? IPPROTO_UDP : IPPROTO_ESP);
	assert_memory_equal(p, head, c->head_len);
	if (udp != 0)
		check_udp(p + c->head_len, p, udp + meta->l4_len);
	check_payload(peer, m, &want);
	rte_pktmbuf_free(m);
}

static void
open_one(struct peer *peer, const struct clear *c, uint64_t seq)
{
	struct rte_mbuf *m = in_pkt(peer, c, (struct sealing){ .seq = seq });
	const struct pkt_meta *meta = pkt_meta(m);

	pkt_meta(m)->flags |= PKT_F_TUNNEL; /* of a layer before */
	assert_int_equal(in_burst(&m, 1), 1);
	assert_int_equal(m->pkt_len, c->len);
	assert_int_equal(m->data_len, c->len);
	assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), c->p, c->len);
	assert_true(meta->l3_off == 0 && meta->l4_off == c->head_len);
	assert_int_equal(meta->l4_len, c->len - c->head_len);
	assert_int_equal(meta->l4_proto, c->next);
	assert_int_equal(meta->depth, 1);
	assert_int_equal(meta->flags, 0);
	rte_pktmbuf_free(m);
}

/* Suites x families x headers x {plain, UDP} x {no ESN, ESN} x {transport, any}. */
static void
esp_transport_seals_and_opens(void **state)
{
	struct clear c;

	(void)state;
	for (unsigned int i = 0; i < SUITES * 64; i++) {
		const bool esn = (i >> 5 & 1) != 0;
		const struct shape s = { .af = i & 1 ? AF_INET6 : AF_INET,
			.opts = (i >> 1 & 1) != 0,
			.dest = (i >> 2 & 1) != 0,
			.proto = i & 8 ? IPPROTO_IPIP : IPPROTO_SCTP };
		const uint64_t start = esn ? HI7 + i : i;
		struct peer peer = { .spec = make_spec(pick(i / 64), s.af, esn) };

		/* With mode any, a protocol that could be a tunnel's would be taken for one. */
		peer.spec.idx.mode = s.proto == IPPROTO_IPIP ? MODE_TRANSPORT : MODE_ANY;
		if (i & 16)
			set_natt(&peer.spec);
		peer_open_spec(&peer);
		atomic_store(&peer.sa->seq, start);
		peer.sa->rp->top = start;
		for (unsigned int n = s.dest ? 8 : 0; n < 40; n += 1 + n / 9) {
			make_clear(&c, &peer, &s, n);
			seal_one(&peer, &c);
			open_one(&peer, &c, start + 100 + n);
		}
		peer_close(&peer);
	}
}

/* What each mode makes of each next header. */
static void
esp_mode_decides_what_is_opened(void **state)
{
	const uint8_t modes[3] = { MODE_ANY, MODE_TRANSPORT, MODE_TUNNEL };
	const uint8_t nexts[4] = { IPPROTO_IPIP, IPPROTO_IPV6, IPPROTO_UDP, IPPROTO_NONE };
	const struct shape s = { .af = AF_INET, .proto = IPPROTO_UDP };
	uint8_t inner[60];
	struct clear c;

	(void)state;
	for (unsigned int i = 0; i < 12; i++) {
		struct peer peer = { .spec = make_spec(&suites[0], AF_INET, false) };
		const uint8_t mode = modes[i / 4], next = nexts[i % 4];
		const bool tunnel = next != IPPROTO_UDP && mode != MODE_TRANSPORT;
		struct rte_mbuf *m;

		peer.spec.idx.mode = mode;
		peer_open_spec(&peer);
		make_clear(&c, &peer, &s, 0);
		make_inner(inner, 60, next == IPPROTO_IPV6 ? AF_INET6 : AF_INET, 0);
		m = in_pkt(&peer, &c,
			(struct sealing){ .payload = inner, .len = 60, .seq = 1, .next = next });
		if (next == IPPROTO_NONE) {
			expect_drop(m, DROP_SEC_DUMMY);
		} else if (next == IPPROTO_UDP && mode == MODE_TUNNEL) {
			expect_drop(m, DROP_SEC_NEXT);
		} else {
			assert_int_equal(in_burst(&m, 1), 1);
			assert_int_equal(pkt_meta(m)->flags, tunnel ? PKT_F_TUNNEL : 0);
			assert_int_equal(m->pkt_len, tunnel ? 60 : 80);
			rte_pktmbuf_free(m);
		}
		peer_close(&peer);
	}
}

/* Refused before it costs a number. */
static void
esp_transport_refuses_fragments_and_broken_chains(void **state)
{
	struct clear c;

	(void)state;
	for (unsigned int i = 0; i < 5; i++) {
		const bool v6 = i > 1;
		const struct shape s = { .af = v6 ? AF_INET6 : AF_INET, .proto = IPPROTO_UDP };
		struct peer peer = { .spec = make_spec(&suites[0], s.af, false) };
		struct rte_mbuf *m[3];

		peer.spec.idx.mode = MODE_TRANSPORT;
		peer_open_spec(&peer);
		make_clear(&c, &peer, &s, 48);
		m[0] = out_pkt(&peer, &c);
		m[2] = out_pkt(&peer, &c);
		if (i == 0)
			c.p[6] = 0x20;
		if (i == 1)
			c.p[0] = 0x44;
		if (i == 2)
			c.p[6] = IPPROTO_FRAGMENT, c.p[42] = 0, c.p[43] = 1;
		if (i == 3)
			c.p[6] = IPPROTO_ROUTING, c.p[41] = 6; /* past the end */
		if (i == 4)
			c.p[6] = IPPROTO_DSTOPTS, c.p[40] = 0, c.p[41] = 0; /* hop-by-hop second */
		m[1] = out_pkt(&peer, &c);
		assert_int_equal(out_burst(m, 3), 2);
		assert_int_equal(lane->drop[DROP_OUT_FRAG], i == 0 || i == 2);
		assert_int_equal(lane->drop[DROP_IP_HLEN], i == 1);
		assert_int_equal(lane->drop[DROP_IP_EXTHDR], i > 2);
		assert_int_equal(atomic_load(&peer.sa->seq), 2);
		rte_pktmbuf_free_bulk(m, 2);
		peer_close(&peer);
	}
}

static void
esp_transport_counts_and_bounds_nesting(void **state)
{
	const struct shape s = { .af = AF_INET6, .opts = true, .proto = IPPROTO_UDP };
	struct peer peer = { .spec = make_spec(&suites[0], AF_INET6, false) };
	struct rte_mbuf *m;
	struct clear c;

	(void)state;
	peer.spec.idx.mode = MODE_TRANSPORT;
	peer_open_spec(&peer);
	make_clear(&c, &peer, &s, 48);
	m = in_pkt(&peer, &c, (struct sealing){ .seq = 1 });
	pkt_meta(m)->depth = NEST_MAX;
	expect_drop(m, DROP_SEC_NEST);
	m = in_pkt(&peer, &c, (struct sealing){ .seq = 2 });
	rte_pktmbuf_mtod_offset(m, uint8_t *, 14)[c.next_off] = IPPROTO_AH;
	rte_pktmbuf_mtod_offset(m, uint8_t *, 14)[6] = IPPROTO_AH; /* no head that ends at ESP */
	expect_drop(m, DROP_IP_EXTHDR);
	peer_close(&peer);
}

/* ---- UDP encapsulation ---- */

static void
esp_udp_tunnel_is_what_rfc_3948_says(void **state)
{
	uint8_t inner[200], *p;
	struct rte_mbuf *m;

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		const bool v6 = (i & 1) != 0;
		const unsigned int ip_len = v6 ? 40 : 20;
		struct peer peer = { .spec = make_spec(
					     &suites[0], v6 ? AF_INET6 : AF_INET, false) };

		set_natt(&peer.spec);
		peer.spec.idx.mode = i & 2 ? MODE_ANY : MODE_TUNNEL;
		peer_open_spec(&peer);
		assert_int_equal(peer.sa->hdr_len, ip_len + 16);
		m = inner_pkt(&peer, inner, sizeof(inner), i & 2 ? AF_INET6 : AF_INET);
		assert_int_equal(out_burst(&m, 1), 1);
		p = rte_pktmbuf_mtod(m, uint8_t *);
		assert_int_equal(pkt_meta(m)->l4_off, ip_len + 8);
		assert_int_equal(p[v6 ? 6 : 9], IPPROTO_UDP);
		assert_int_equal(
			v6 ? p[4] << 8 | p[5] : (p[2] << 8 | p[3]) - 20, m->pkt_len - ip_len);
		if (!v6)
			assert_int_equal(ip4_csum(p, 20), 0);
		check_udp(p + ip_len, p, m->pkt_len - ip_len);
		check_opens(&peer, m, inner, sizeof(inner));
		pkt_meta(m)->flags = PKT_F_UDP;
		assert_int_equal(in_burst(&m, 1), 1);
		assert_memory_equal(rte_pktmbuf_mtod(m, void *), inner, sizeof(inner));
		assert_int_equal(pkt_meta(m)->flags, PKT_F_TUNNEL);
		rte_pktmbuf_free(m);
		peer_close(&peer);
	}
}

/* RFC 3948 5.1: where a verified packet comes from is where the peer is now; a forged one says nothing. */
static void
esp_udp_new_mapping_is_an_event(void **state)
{
	struct clear c;

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		const bool v6 = i == 1;
		const struct shape s = { .af = v6 ? AF_INET6 : AF_INET, .proto = IPPROTO_SCTP };
		struct peer peer = { .spec = make_spec(&suites[0], s.af, false) };
		const unsigned int src = 14 + (v6 ? 8 : 12), udp = 14 + (v6 ? 40 : 20);
		struct audit_rec r;
		uint8_t port[2];

		peer.spec.idx.mode = MODE_TRANSPORT;
		set_natt(&peer.spec);
		peer_open_spec(&peer);
		lane->audit = audit_new(0, 1000);
		make_clear(&c, &peer, &s, 30);
		/* As ever, then from another port, from another address, and forged. */
		for (unsigned int k = 0; k < 4; k++) {
			struct rte_mbuf *m = in_pkt(&peer, &c, (struct sealing){ .seq = k + 1 });
			uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);

			memcpy(p + udp, "\x11\x95", sizeof(port)); /* 4501 */
			p[udp + 1] ^= k == 1;
			p[src + 3] ^= k >= 2;
			p[udp + 8 + 8 + 9] ^= k == 3;
			memcpy(port, p + udp, sizeof(port));
			assert_int_equal(in_burst(&m, 1), k < 3);
			rte_pktmbuf_free_bulk(&m, k < 3);
			assert_int_equal(audit_take(lane->audit, &r), k > 0);
			if (k == 0)
				continue;
			assert_int_equal(r.kind, k == 3 ? AUDIT_INTEGRITY : AUDIT_NEW_MAPPING);
			assert_int_equal(r.spi, peer.spec.spi);
			assert_int_equal(r.src[3], peer.spec.idx.src.b[3] ^ (k >= 2));
			if (k < 3)
				assert_memory_equal(&r.port_be, port, sizeof(port));
		}
		audit_free(lane->audit);
		lane->audit = NULL;
		peer_close(&peer);
	}
}

/* In UDP or not is part of the SA; the source of such an SA may have moved, the destination is ours. */
static void
esp_udp_and_plain_are_not_interchangeable(void **state)
{
	struct clear c;

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		const bool v6 = (i & 1) != 0, natt = (i & 2) != 0;
		const struct shape s = { .af = v6 ? AF_INET6 : AF_INET, .proto = IPPROTO_SCTP };
		struct peer peer = { .spec = make_spec(&suites[0], s.af, false) };
		const unsigned int src = v6 ? 8 : 12, dst = v6 ? 24 : 16;
		struct rte_mbuf *m;

		peer.spec.idx.mode = MODE_TRANSPORT;
		if (natt)
			set_natt(&peer.spec);
		peer_open_spec(&peer);
		make_clear(&c, &peer, &s, 30);
		m = in_pkt(&peer, &c, (struct sealing){ .seq = 1 });
		pkt_meta(m)->flags ^= PKT_F_UDP;
		expect_drop(m, DROP_SEC_SA_ADDR);
		m = in_pkt(&peer, &c, (struct sealing){ .seq = 2 });
		rte_pktmbuf_mtod_offset(m, uint8_t *, 14)[dst + 3] ^= 1;
		expect_drop(m, DROP_SEC_SA_ADDR);
		m = in_pkt(&peer, &c, (struct sealing){ .seq = 3 });
		rte_pktmbuf_mtod_offset(m, uint8_t *, 14)[src + 3] ^= 1;
		assert_int_equal(in_burst(&m, 1), natt);
		rte_pktmbuf_free_bulk(&m, natt);
		assert_int_equal(peer.sa->lc[0].addr_mismatch, natt ? 2 : 3);
		peer_close(&peer);
	}
}

static uint16_t
sum_of(const uint8_t *p, unsigned int head_len, unsigned int len, uint8_t proto)
{
	return ip_csum_pseudo(p + (p[0] >> 4 == 6 ? 8 : 12), p[0] >> 4 == 6 ? 32 : 8, proto,
		p + head_len, len - head_len);
}

/*
 * The sender took its checksum with its own address; what arrives comes from the NAT's. With and without
 * knowing the original address it is right again; an SA without NAT leaves it as it is.
 */
static void
esp_udp_transport_mends_checksums(void **state)
{
	struct clear c;

	(void)state;
	for (unsigned int i = 0; i < 24; i++) {
		const bool v6 = (i & 1) != 0, tcp = (i & 2) != 0, none = (i & 4) != 0;
		const unsigned int how = i / 8; /* 0 no NAT, 1 address not known, 2 known */
		const struct shape s = { .af = v6 ? AF_INET6 : AF_INET,
			.opts = true,
			.proto = tcp ? IPPROTO_TCP : IPPROTO_UDP };
		struct peer peer = { .spec = make_spec(&suites[0], s.af, false) };
		struct addr orig = end_point(s.af, 99);
		unsigned int field, src = v6 ? 8 : 12, alen = v6 ? 16 : 4;
		struct rte_mbuf *m;
		uint16_t csum;
		uint8_t *p;

		peer.spec.idx.mode = MODE_TRANSPORT;
		if (how > 0)
			set_natt(&peer.spec);
		if (how == 2)
			peer.spec.natt.oa_src = orig;
		peer_open_spec(&peer);
		make_clear(&c, &peer, &s, 64);
		field = c.head_len + (tcp ? 16 : 6);
		memset(c.p + field, 0, 2);
		memcpy(c.p + src, orig.b, alen);
		csum = none ? 0 : sum_of(c.p, c.head_len, c.len, s.proto);
		memcpy(c.p + field, &csum, 2);
		memcpy(c.p + src, peer.spec.idx.src.b, alen);
		finish_head(c.p, &c, 64, s.proto);
		m = in_pkt(&peer, &c, (struct sealing){ .seq = 1 });
		assert_int_equal(in_burst(&m, 1), 1);
		p = rte_pktmbuf_mtod(m, uint8_t *);
		if (how == 0 || (none && !tcp))
			assert_memory_equal(p, c.p, c.len);
		else if (!none)
			assert_int_equal(sum_of(p, c.head_len, c.len, s.proto), 0);
		rte_pktmbuf_free(m);
		peer_close(&peer);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(esp_transport_seals_and_opens),
		cmocka_unit_test(esp_mode_decides_what_is_opened),
		cmocka_unit_test(esp_transport_refuses_fragments_and_broken_chains),
		cmocka_unit_test(esp_transport_counts_and_bounds_nesting),
		cmocka_unit_test(esp_udp_tunnel_is_what_rfc_3948_says),
		cmocka_unit_test(esp_udp_new_mapping_is_an_event),
		cmocka_unit_test(esp_udp_and_plain_are_not_interchangeable),
		cmocka_unit_test(esp_udp_transport_mends_checksums),
	};
	const struct engine_group group = { .start = peers_start, .stop = peers_stop };

	rng = rng_seed("esp_modes");
	knobs = (struct knobs)KNOBS_INIT;
	engine_eal();
	return engine_groups(&group, tests, ARRAY_LEN(tests));
}
