/* SPDX-License-Identifier: BSD-2-Clause */
/* Random traffic under random policies and SAs: the worker and the naive model must agree on each packet. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>

#include <cmocka.h>

#include "dp/gw_case.h"
#include "dp/model.h"
#include "pkt/pkt.h"
#include "pkt/punt.h"
#include "support/rng.h"
#include "wire/ip.h"

#define STEPS    1500u
#define MARK     0x7ac3u /* before the number that a packet carries */
#define NPKT_MAX 32u /* one burst, even when all come by one port */
#define ALIEN    0xdeadbeefu /* SPI of ESP that is not for us */

static uint64_t rng;

static uint32_t
below(uint32_t n)
{
	return (uint32_t)(rng_next(&rng) % n);
}

static bool
chance(uint32_t percent)
{
	return below(100) < percent;
}
#define PICK(table) ((table)[below(ARRAY_LEN(table))])

static const char *const lan4[] = { "10.1.0.2", "10.1.0.5", "10.1.7.9" };
static const char *const far4[] = { "10.2.0.2", "10.2.0.9", "10.2.5.1" };
static const char *const lan6[] = { "fd00:1::2", "fd00:1::5" };
static const char *const far6[] = { "fd00:2::2", "fd00:2::9", "fd00:2::1:1" };
static const char *const net4[] = { "0.0.0.0/0", "10.1.0.0/16", "10.1.0.2/32", "10.2.0.0/16",
	"10.2.0.0/24", "10.2.0.9/32", "10.3.0.0/16" };
static const char *const net6[] = { "::/0", "fd00:1::/64", "fd00:1::2/128", "fd00:2::/64",
	"fd00:2::/112", "fd00:2::9/128" };
static const uint8_t protos[] = { IPPROTO_UDP, IPPROTO_UDP, IPPROTO_TCP, IPPROTO_ICMP, 47,
	IPPROTO_ESP };
static const uint16_t ports[] = { 53, 2000, 3 };

static struct addr
ip(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static bool
is_local(const struct addr *a)
{
	for (unsigned int i = 0; i < gw.ports.niface; i++) {
		for (unsigned int k = 0; k < gw.ports.iface[i].naddr; k++) {
			if (addr_eq(&gw.ports.iface[i].addr[k], a))
				return true;
		}
	}
	return false;
}

/* ---- the databases ---- */

/* Outbound NULL encryption, so that what left can be read; inbound what gw_seal() makes. */
static const struct {
	const char *src, *dst;
	uint32_t spi, reqid;
	bool in;
	const char *proto; /* NULL: esp, tunnel only */
} sas[] = {
	{ "192.0.2.1", "192.0.2.2", 0x1100, 0, false, NULL },
	{ "192.0.2.1", "192.0.2.2", 0x1101, 7, false, NULL },
	{ "192.0.2.1", "192.0.2.2", 0x1102, 8, false, NULL },
	{ "192.0.2.1", "192.0.2.3", 0x1103, 0, false, NULL },
	{ "192.0.2.1", "192.0.2.3", 0x1104, 7, false, NULL },
	{ "2001:db8::1", "2001:db8::2", 0x1105, 0, false, NULL },
	{ "2001:db8::1", "2001:db8::2", 0x1106, 7, false, NULL },
	{ "192.0.2.1", "192.0.2.2", 0x1300, 0, false, "ah" },
	{ "192.0.2.1", "192.0.2.2", 0x1301, 7, false, "ah" },
	{ "192.0.2.1", "192.0.2.2", 0x1302, 8, false, "esp" },
	{ "10.1.0.2", "10.2.0.2", 0x1303, 0, false, "ah" },
	{ "10.1.0.2", "10.2.0.2", 0x1304, 7, false, "ah" },
	{ "10.1.0.2", "10.2.0.2", 0x1305, 7, false, "esp" },
	{ "10.1.0.5", "10.2.0.9", 0x1306, 8, false, "esp" },
	{ "192.0.2.2", "192.0.2.1", 0x1200, 0, true, NULL },
	{ "192.0.2.2", "192.0.2.1", 0x1201, 7, true, NULL },
	{ "192.0.2.2", "192.0.2.1", 0x1202, 8, true, NULL },
	{ "2001:db8::2", "2001:db8::1", 0x1203, 0, true, NULL },
	{ "2001:db8::2", "2001:db8::1", 0x1204, 7, true, NULL },
	{ "10.2.0.2", "10.1.0.2", 0x1205, 9, true, "esp" },
};
#define SA_IN0  14u /* first inbound row */
#define SA_BITW (ARRAY_LEN(sas) - 1) /* transport mode between two hosts */
static uint32_t seq[ARRAY_LEN(sas)];

static void
toggle_sa(unsigned int i)
{
	struct addr dst = ip(sas[i].dst);
	const bool is_ah = sas[i].proto != NULL && strcmp(sas[i].proto, "ah") == 0;
	struct sa *sa = sad_find(&gw.kd.sad, sas[i].spi, is_ah ? IPPROTO_AH : IPPROTO_ESP, &dst);
	const char *const sha1 = "-A hmac-sha1 0x000102030405060708090a0b0c0d0e0f10111213";
	char text[256];

	/* More are added than deleted, or most packets would end at a missing SA. */
	if (sa != NULL && chance(60))
		return;
	if (sa != NULL) {
		assert_int_equal(keyd_sa_delete(&gw.kd, &sa->spec.idx, sas[i].spi, NULL), 0);
		gw_commit(&gw);
		return;
	}
	(void)snprintf(text, sizeof(text), "add %s %s %s %u %s -u %u -window 1024 %s %s;",
		sas[i].src, sas[i].dst, is_ah ? "ah" : "esp", sas[i].spi,
		sas[i].proto != NULL ? "" : "-m tunnel", sas[i].reqid,
		is_ah             ? "" :
			sas[i].in ? "-E aes-gcm-16 0x" CASE_KEY_IN :
				    "-E null",
		sas[i].in ? "" : sha1);
	if (sas[i].reqid == 0) /* 0 is said by silence */
		memset(strstr(text, "-u 0"), ' ', 4);
	gw_setkey(&gw, text);
}

static void
put_request(char *text, size_t size, bool in)
{
	static const char *const out_ends[] = { "192.0.2.1-192.0.2.2", "192.0.2.1-192.0.2.3",
		"2001:db8::1-2001:db8::2" };
	static const char *const in_ends[] = { "192.0.2.2-192.0.2.1", "192.0.2.2-192.0.2.1",
		"192.0.2.3-192.0.2.1", "2001:db8::2-2001:db8::1" };
	static const char *const levels[] = { "use", "require", "require", "unique:7", "unique:8" };
	static const char *const transport_in[] = { "esp/transport//use", "esp/transport//require",
		"esp/transport//unique:9", "esp/transport//unique:7", "ah/transport//use" };
	/* What the inbound SA of two hosts seals nobody here could read: its reqid is another. */
	static const char *const transport_out[] = { "ah/transport//use", "ah/transport//require",
		"ah/transport//unique:7", "esp/transport//unique:7", "esp/transport//unique:8" };
	const size_t n = strlen(text);

	if (chance(25)) {
		(void)snprintf(
			text + n, size - n, " %s", in ? PICK(transport_in) : PICK(transport_out));
		return;
	}
	(void)snprintf(text + n, size - n, " %s/tunnel/%s/%s", !in && chance(25) ? "ah" : "esp",
		in ? PICK(in_ends) : PICK(out_ends), PICK(levels));
}

static void
add_policy(void)
{
	static const char *const upper[] = { "any", "any", "udp", "tcp", "47" };
	const bool v6 = chance(40), in = chance(50);
	const char *const up = chance(10) ? (v6 ? "58" : "1") : PICK(upper);
	const bool has_ports = strcmp(up, "udp") == 0 || strcmp(up, "tcp") == 0;
	char port[2][16] = { "", "" }, text[512];
	uint32_t action = below(10);

	for (unsigned int i = 0; has_ports && i < 2; i++) {
		if (chance(50))
			(void)snprintf(port[i], sizeof(port[i]), "[%u]", PICK(ports));
	}
	(void)snprintf(text, sizeof(text), "spdupdate %s%s %s%s %s -P %s %s",
		v6 ? PICK(net6) : PICK(net4), port[0], v6 ? PICK(net6) : PICK(net4), port[1], up,
		in ? "in" : "out",
		action < 2         ? "discard" :
			action < 4 ? "none" :
				     "ipsec");
	for (unsigned int n = action >= 4 ? 1 + below(5) / 2 : 0; n > 0; n--)
		put_request(text, sizeof(text), in);
	(void)strcat(text, ";");
	gw_setkey(&gw, text);
}

static void
delete_policy(void)
{
	struct sp *sp = TAILQ_FIRST(&gw.kd.spd.list[chance(50) ? DIR_IN : DIR_OUT]);
	struct selector sel;

	for (uint32_t n = below(8); n > 0 && sp != NULL && TAILQ_NEXT(sp, link) != NULL; n--)
		sp = TAILQ_NEXT(sp, link);
	if (sp == NULL)
		return;
	sel = sp->spec.sel;
	assert_int_equal(keyd_sp_delete(&gw.kd, &sel, NULL), 0);
	gw_commit(&gw);
}

static void
change_something(void)
{
	const uint32_t what = below(10);

	if (what < 4) {
		toggle_sa(below(ARRAY_LEN(sas)));
	} else if (what < 7 && gw.kd.spd.n < 24) {
		add_policy();
	} else if (what < 9) {
		delete_policy();
	} else {
		snap_knobs(gw.snap)->af[below(2)].def_policy = chance(70) ? SP_NONE : SP_DISCARD;
		gw_commit(&gw);
	}
}

/* ---- the traffic ---- */

struct sent {
	struct model_answer want;
	struct addr src, dst;
	bool seen;
};
static struct sent sent[NPKT_MAX];

static void
put_mark(uint8_t *p, unsigned int number)
{
	const uint8_t mark[4] = { MARK >> 8, MARK & 0xff, 0, (uint8_t)number };

	memcpy(p, mark, sizeof(mark));
}

/* Insert len bytes before the upper layer; the packet's own length field is the caller's. */
static void
make_gap(uint8_t *l4, unsigned int l4_len, unsigned int len)
{
	memmove(l4 + len, l4, l4_len);
	memset(l4, 1, len); /* IPv4: no-operation options */
}

static unsigned int
vary4(uint8_t *p, unsigned int len, struct model_pkt *pkt)
{
	uint16_t csum;

	if (chance(5)) {
		make_gap(p + 20, len - 20, 4);
		p[0] = 0x46;
		len += 4;
		p[3] = (uint8_t)len;
	}
	/* A first fragment is judged by its ports; the id of the others was never seen before. */
	if (chance(10) && !is_local(&(const struct addr[]){ addr_make(AF_INET, p + 16) }[0])) {
		pkt->is_piece = true;
		pkt->is_frag = chance(50);
		p[4] = pkt->is_frag;
		p[6] = pkt->is_frag ? 0 : 0x20;
		p[7] = pkt->is_frag ? 9 : 0;
	}
	p[10] = p[11] = 0;
	csum = ip4_csum(p, (p[0] & 15u) * 4u);
	memcpy(p + 10, &csum, 2);
	return len;
}

static unsigned int
vary6(uint8_t *p, unsigned int len, struct model_pkt *pkt)
{
	const uint8_t next = p[6];

	const bool frag =
		chance(10) && !is_local(&(const struct addr[]){ addr_make(AF_INET6, p + 24) }[0]);

	if (!frag && !chance(5))
		return len;
	pkt->is_piece = frag;
	pkt->is_frag = frag && chance(50);
	make_gap(p + 40, len - 40, 8);
	p[6] = frag ? 44 : 60;
	memset(p + 40, 0, 8);
	p[40] = next;
	if (frag)
		p[43] = pkt->is_frag ? 72 : 1;
	p[47] = pkt->is_frag;
	p[5] = (uint8_t)(len - 40 + 8);
	return len + 8;
}

/* One IP packet with its description. @return its length; it begins at frame + 14 */
static unsigned int
make_packet(unsigned int number, bool from_far, uint8_t *frame, struct model_pkt *pkt)
{
	const bool v6 = chance(40);
	struct gw_frame f = gw_frame(from_far ? GW_WAN : GW_LAN, NULL, NULL);
	uint8_t *p = frame + 14, *l4 = p + (v6 ? 40 : 20);

	f.src = from_far ? (v6 ? PICK(far6) : PICK(far4)) : (v6 ? PICK(lan6) : PICK(lan4));
	f.dst = from_far && chance(70) ? (v6 ? lan6[0] : lan4[0]) : (v6 ? PICK(far6) : PICK(far4));
	if (chance(5))
		f.dst = v6 ? "fd00:1::1" : "10.1.0.1";
	f.proto = PICK(protos);
	if (f.proto == IPPROTO_ICMP && v6)
		f.proto = IPPROTO_ICMPV6;
	if (f.proto == IPPROTO_ESP && is_local(&(const struct addr[]){ ip(f.dst) }[0]))
		f.proto = 47;
	f.sport = PICK(ports);
	f.dport = PICK(ports);
	f.ttl = chance(3) ? 1 : 64;
	f.len = 80 + below(100);
	(void)gw_build(&gw, &f, frame);
	put_mark(l4 + 8, number);
	*pkt = (struct model_pkt){ .ttl = f.ttl };
	pkt->sel = (struct selector_pkt){ .src = ip(f.src), .dst = ip(f.dst), .proto = f.proto };
	if (f.proto == IPPROTO_UDP || f.proto == IPPROTO_TCP) {
		pkt->sel.has_ports = true;
		pkt->sel.sport_be = rte_cpu_to_be_16(f.sport);
		pkt->sel.dport_be = rte_cpu_to_be_16(f.dport);
	} else if (f.proto == IPPROTO_ESP) {
		memcpy(l4, "\xde\xad\xbe\xef", 4);
	} else if (f.proto == IPPROTO_ICMP || f.proto == IPPROTO_ICMPV6) {
		l4[0] = v6 ? 128 : 8;
		l4[1] = 0;
		pkt->sel.has_ports = true;
		pkt->sel.sport_be = rte_cpu_to_be_16(l4[0]);
	}
	return v6 ? vary6(p, f.len, pkt) : vary4(p, f.len, pkt);
}

/* Wrap the IP packet at frame + 14 into one more tunnel from a peer. */
static unsigned int
wrap(uint8_t *frame, unsigned int len, struct model_pkt *pkt)
{
	static uint8_t out[CASE_FRAME_MAX];
	const unsigned int i = SA_IN0 + below(SA_BITW - SA_IN0);
	struct gw_esp e = { .spi = sas[i].spi,
		.seq = ++seq[i],
		.key = CASE_KEY_IN,
		.outer6 = strchr(sas[i].dst, ':') != NULL,
		.inner = frame + 14,
		.inner_len = len };
	const unsigned int n = gw_seal(&gw, &e, out);

	memcpy(frame, out, n);
	memmove(&pkt->tunnel[1], &pkt->tunnel[0], sizeof(pkt->tunnel[0]) * pkt->depth);
	pkt->tunnel[0].spi = sas[i].spi;
	pkt->tunnel[0].dst = ip(sas[i].dst);
	pkt->tunnel[0].transport = false;
	pkt->depth++;
	return n - 14;
}

/* ESP in transport mode between two hosts, who know nothing of the gateway. */
static unsigned int
wrap_transport(uint8_t *frame, unsigned int len, struct model_pkt *pkt)
{
	static uint8_t out[CASE_FRAME_MAX];
	struct gw_esp e = { .spi = sas[SA_BITW].spi,
		.seq = ++seq[SA_BITW],
		.key = CASE_KEY_IN,
		.inner = frame + 34,
		.inner_len = len - 20,
		.next = frame[14 + 9] };
	const unsigned int n = gw_seal(&gw, &e, out);
	uint16_t csum;

	out[14 + 8] = frame[14 + 8];
	memcpy(out + 14 + 12, frame + 14 + 12, 8);
	memset(out + 14 + 10, 0, 2);
	csum = ip4_csum(out + 14, 20);
	memcpy(out + 14 + 10, &csum, 2);
	memcpy(frame, out, n);
	pkt->tunnel[0].spi = e.spi;
	pkt->tunnel[0].dst = ip(sas[SA_BITW].dst);
	pkt->tunnel[0].transport = true;
	pkt->depth = 1;
	return n - 14;
}

static bool
may_wrap_transport(const uint8_t *frame, const struct model_pkt *pkt)
{
	const struct addr src = ip(sas[SA_BITW].src), dst = ip(sas[SA_BITW].dst);

	return addr_eq(&pkt->sel.src, &src) && addr_eq(&pkt->sel.dst, &dst) && !pkt->is_piece &&
		frame[14] == 0x45 && pkt->sel.proto != IPPROTO_ESP &&
		sad_find(&gw.kd.sad, sas[SA_BITW].spi, IPPROTO_ESP, &dst) != NULL;
}

static unsigned int
add_tag(uint8_t *frame, unsigned int len)
{
	memmove(frame + 16, frame + 12, len - 12);
	memcpy(frame + 12, "\x81\0\0\x64", 4);
	return len + 4;
}

static void
send_random(unsigned int number)
{
	const bool from_far = chance(60);
	struct model_pkt pkt;
	unsigned int len = make_packet(number, from_far, case_frame, &pkt);

	if (from_far && may_wrap_transport(case_frame, &pkt) && chance(70))
		len = wrap_transport(case_frame, len, &pkt);
	for (unsigned int n = from_far && chance(75) ? 1 + below(5) / 3 + below(5) / 4 : 0; n > 0;
		n--)
		len = wrap(case_frame, len, &pkt);
	sent[number] = (struct sent){ .src = pkt.sel.src, .dst = pkt.sel.dst };
	model_ask(&gw.kd, &pkt, is_local, &sent[number].want);
	len += 14;
	if (!from_far && chance(10))
		len = add_tag(case_frame, len);
	gw_rx(&gw, from_far ? GW_WAN : GW_LAN, case_frame, len);
}

/* ---- what came out ---- */

struct seen {
	uint8_t nspi;
	uint32_t spi[8]; /* outermost first */
	uint8_t ttl;
	struct addr src, dst;
	unsigned int number;
};

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
	} else if (r->proto == IPPROTO_ESP && word_at(p) != ALIEN) {
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

/* Read a packet and all that is around it. */
static void
peel(const uint8_t *p, unsigned int len, struct seen *s)
{
	struct rest r = { .p = p, .len = len };

	memset(s, 0, sizeof(*s));
	do {
		if (s->nspi == 0 || r.proto == IPPROTO_IPIP || r.proto == IPPROTO_IPV6)
			peel_ip(&r, s);
	} while (peel_one(&r, s));
	assert_int_equal(r.p[8] << 8 | r.p[9], MARK);
	s->number = r.p[11];
}

static void
check_sent(const struct seen *s, unsigned int port, unsigned int step)
{
	struct sent *e = &sent[s->number];
	const struct model_answer *want = &e->want;

	if (want->verdict != MODEL_SEND || e->seen)
		fail_msg("step %u packet %u: sent, expected %s", step, s->number,
			want->verdict == MODEL_DROP ? drop_name(want->reason) : "otherwise");
	e->seen = true;
	if (s->nspi != want->nspi)
		fail_msg("step %u packet %u: %u protections, expected %u", step, s->number, s->nspi,
			want->nspi);
	for (unsigned int i = 0; i < s->nspi; i++)
		assert_int_equal(s->spi[i], want->spi[s->nspi - 1 - i]);
	assert_int_equal(s->ttl, 63);
	assert_true(addr_eq(&s->src, &e->src) && addr_eq(&s->dst, &e->dst));
	assert_int_equal(port,
		s->nspi == 0 &&
				(addr_eq(&s->dst, &(const struct addr[]){ ip(lan4[0]) }[0]) ||
					addr_eq(&s->dst,
						&(const struct addr[]){ ip(lan6[0]) }[0])) ?
			GW_LAN :
			GW_WAN);
}

static unsigned int
collect_sent(unsigned int step)
{
	struct rte_mbuf *m;
	struct seen s;
	unsigned int n = 0;

	for (unsigned int port = 0; port < 2; port++) {
		for (; (m = gw_tx(&gw, port)) != NULL; n++) {
			peel(rte_pktmbuf_mtod_offset(m, uint8_t *, 14), m->data_len - 14u, &s);
			check_sent(&s, port, step);
			rte_pktmbuf_free(m);
		}
	}
	return n;
}

/* @return packets that control owns now, without those that are counted as drops */
static unsigned int
collect_punted(void)
{
	struct rte_mbuf *m;
	struct seen s;
	unsigned int n = 0;

	while ((m = gw_punted(&gw)) != NULL) {
		const struct pkt_meta *meta = pkt_meta(m);

		peel(rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l3_off),
			m->data_len - (unsigned int)meta->l3_off, &s);
		if (meta->kind == PUNT_LOCAL) {
			assert_int_equal(sent[s.number].want.verdict, MODEL_LOCAL);
			n++;
		} else {
			assert_int_equal(meta->kind, PUNT_TTL);
			assert_true(sent[s.number].want.is_ttl);
		}
		assert_false(sent[s.number].seen);
		sent[s.number].seen = true;
		rte_pktmbuf_free(m);
	}
	return n;
}

/* Each reason as often as the model says since the last step. */
static unsigned int
check_drops(uint64_t *before, unsigned int n, unsigned int step)
{
	unsigned int want[DROP_MAX] = { 0 }, total = 0;

	for (unsigned int i = 0; i < n; i++) {
		if (sent[i].want.verdict == MODEL_DROP)
			want[sent[i].want.reason]++;
		else if (!sent[i].seen)
			fail_msg("step %u packet %u is lost", step, i);
	}
	for (unsigned int r = 0; r < DROP_MAX; r++) {
		const uint64_t now = gw_drops(&gw, (enum drop_reason)r);

		if (now - before[r] != want[r])
			fail_msg("step %u: %s %u times, expected %u", step,
				drop_name((enum drop_reason)r), (unsigned int)(now - before[r]),
				want[r]);
		before[r] = now;
		total += want[r];
	}
	return total;
}

static int
fill(void)
{
	const struct rte_ether_addr mac = { { 2, 0, 0, 0, 9, 3 } };
	struct addr a = ip("192.0.2.3");

	snap_nbr_set(gw.snap, snap_nbr_get(gw.snap, &a, GW_WAN), &mac);
	memset(seq, 0, sizeof(seq));
	for (unsigned int i = 0; i < ARRAY_LEN(sas); i++) {
		if (chance(80))
			toggle_sa(i);
	}
	return 0;
}

static int
start(void **state)
{
	(void)case_start(state);
	return fill();
}

static int
start_lookaside(void **state)
{
	(void)case_start_lookaside(state);
	return fill();
}

static void
worker_agrees_with_the_naive_model(void **state)
{
	uint64_t before[DROP_MAX] = { 0 };
	unsigned int tally[3] = { 0 };

	(void)state;
	for (unsigned int step = 0; step < STEPS; step++) {
		const unsigned int n = 1 + below(NPKT_MAX);
		unsigned int out, punted, dropped;

		for (unsigned int k = below(4) / 2; k > 0; k--)
			change_something();
		for (unsigned int i = 0; i < n; i++)
			send_random(i);
		case_settle();
		out = collect_sent(step);
		punted = collect_punted();
		dropped = check_drops(before, n, step);
		assert_int_equal(n, out + punted + dropped);
		tally[0] += out;
		tally[1] += punted;
		tally[2] += dropped;
	}
	print_message("    %u sent, %u to control, %u dropped\n", tally[0], tally[1], tally[2]);
	assert_true(tally[0] > STEPS && tally[1] > 0 && tally[2] > STEPS);
}

/* Any byte of any frame may be wrong: whatever happens to it, it happens once. */
static void
worker_loses_and_invents_no_packet(void **state)
{
	const struct worker_rows *rows = worker_rows(gw.w);
	uint64_t rx = 0, out = 0, kept = 0;
	struct rte_mbuf *m;

	(void)state;
	for (unsigned int step = 0; step < STEPS; step++) {
		const unsigned int n = 1 + below(BURST_MAX);

		if (chance(25))
			change_something();
		for (unsigned int i = 0; i < n; i++) {
			struct model_pkt pkt;
			const bool from_far = chance(50);
			unsigned int len = make_packet(i, from_far, case_frame, &pkt);

			if (from_far && chance(60))
				len = wrap(case_frame, len, &pkt);
			len += 14;
			for (unsigned int k = below(4); k > 0; k--)
				case_frame[below(chance(70) ? 80 : len)] = (uint8_t)below(256);
			gw_rx(&gw, from_far ? GW_WAN : GW_LAN, case_frame,
				chance(90) ? len : 1 + below(len));
		}
		(void)gw_step(&gw);
		rx = rows->port[0].rx_pkts + rows->port[1].rx_pkts;
		out += case_drain(GW_LAN) + case_drain(GW_WAN);
		while ((m = gw_punted(&gw)) != NULL) {
			const uint8_t kind = pkt_meta(m)->kind;

			kept += kind == PUNT_ARP || kind == PUNT_LOCAL || kind == PUNT_RESOLVE;
			rte_pktmbuf_free(m);
		}
		assert_int_equal(rx,
			out + kept + gw_all_drops(&gw) + reass_held(gw.reass) +
				crypto_inflight(worker_lane(gw.w)));
	}
	case_settle();
	out += case_drain(GW_LAN) + case_drain(GW_WAN);
	assert_int_equal(out, rows->port[0].tx_pkts + rows->port[1].tx_pkts);
	assert_true(out > 0 && kept > 0 && gw_all_drops(&gw) > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			worker_agrees_with_the_naive_model, start, case_stop),
		{ "worker_agrees_with_the_naive_model_over_a_device",
			worker_agrees_with_the_naive_model, start_lookaside, case_stop, NULL },
		cmocka_unit_test_setup_teardown(
			worker_loses_and_invents_no_packet, start, case_stop),
		{ "worker_loses_no_packet_in_a_device", worker_loses_and_invents_no_packet,
			start_lookaside, case_stop, NULL },
	};

	rng = rng_seed("random");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
