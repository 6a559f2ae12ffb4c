/* SPDX-License-Identifier: BSD-2-Clause */
/* Path MTU discovery through the worker and control: ICMP about an SA's packets lowers what it sends. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>

#include <cmocka.h>

#include "ctl/local.h"
#include "dp/gw_case.h"
#include "pkt/pkt.h"
#include "pkt/punt.h"
#include "wire/ip.h"

#define SA_OUT6                                                           \
	"add 2001:db8::1 2001:db8::2 ah 0x2001 -m tunnel -A hmac-sha1 0x" \
	"000102030405060708090a0b0c0d0e0f10111213;"
#define SA_NATT                                                                                      \
	"add 192.0.2.1[4500] 192.0.2.2[4500] esp-udp 0x3001 -m tunnel -E aes-gcm-16 0x" CASE_KEY_OUT \
	";"

static struct local *local;
static struct lane lane;
static uint64_t now_ms;

static void
inject(void *arg, struct rte_mbuf *m)
{
	(void)arg;
	assert_int_equal(rte_ring_enqueue(worker_inject_ring(gw.w), m), 0);
}

static int
start(void **state)
{
	struct local_conf lc = { .ports = &gw.ports, .lane = &lane, .inject = inject };

	(void)case_start(state);
	memset(&lane, 0, sizeof(lane));
	now_ms = 1000000;
	lc.snap = gw.snap;
	lc.pool = gw.pool;
	local = local_new(&lc, NULL);
	return local == NULL;
}

static int
stop(void **state)
{
	local_free(local);
	return case_stop(state);
}

/* What is quoted, and what is said of it. */
struct said {
	const char *from, *to, *src, *dst; /* of the ICMP packet, of the quoted one */
	uint8_t proto;
	uint32_t spi;
	unsigned int mtu, len;
};

static const struct said good4 = { "192.0.2.2", "192.0.2.1", "192.0.2.1", "192.0.2.2", IPPROTO_ESP,
	0x1001, 1400, 1500 };
static const struct said good6 = { "2001:db8::2", "2001:db8::1", "2001:db8::1", "2001:db8::2",
	IPPROTO_AH, 0x2001, 1400, 1500 };

static unsigned int
put_quoted(const struct said *s, uint8_t *out)
{
	static uint8_t frame[CASE_FRAME_MAX];
	struct gw_frame f = gw_frame(GW_WAN, s->src, s->dst);
	const unsigned int hdr = strchr(s->dst, ':') != NULL ? 40 : 20;
	const uint32_t spi_be = rte_cpu_to_be_32(s->spi);
	uint8_t *l4 = frame + 14 + hdr;

	f.proto = s->proto;
	f.len = s->len;
	f.sport = f.dport = 4500;
	(void)gw_build(&gw, &f, frame);
	memcpy(l4 + (s->proto == IPPROTO_AH ? 4 : s->proto == IPPROTO_UDP ? 8 : 0), &spi_be, 4);
	memcpy(out, frame + 14, hdr + 16);
	return hdr + 16;
}

static void
say(const struct said *s)
{
	static uint8_t quoted[64];
	const bool v6 = strchr(s->to, ':') != NULL;
	const unsigned int n = put_quoted(s, quoted), hdr = v6 ? 40 : 20;
	struct gw_frame f = gw_frame(GW_WAN, s->from, s->to);
	uint8_t *icmp = case_frame + 14 + hdr;
	struct rte_mbuf *m;
	uint16_t csum;

	f.proto = v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	f.len = hdr + 8 + n;
	(void)gw_build(&gw, &f, case_frame);
	memset(icmp, 0, 8);
	icmp[0] = v6 ? 2 : 3;
	icmp[1] = v6 ? 0 : 4;
	icmp[6] = (uint8_t)(s->mtu >> 8);
	icmp[7] = (uint8_t)s->mtu;
	memcpy(icmp + 8, quoted, n);
	csum = v6 ? ip_csum_pseudo(case_frame + 14 + 8, 32, IPPROTO_ICMPV6, icmp, 8 + n) :
		    ip_csum_fold(ip_csum_add(icmp, 8 + n, 0));
	memcpy(icmp + 2, &csum, 2);
	case_send_raw(GW_WAN, case_frame, 14 + f.len);
	m = gw_punted(&gw);
	assert_non_null(m);
	local_punt(local, m, now_ms);
}

static unsigned int
pmtu_of(uint32_t spi)
{
	const struct sa *sa;

	TAILQ_FOREACH (sa, &gw.kd.sad.all, link) {
		if (sa->spec.spi == spi)
			return atomic_load(&((struct sa_rt *)sa->rt)->pmtu);
	}
	fail_msg("no SA 0x%x", spi);
	return 0;
}

static void
pmtu_is_learnt_lowered_and_forgotten(void **state)
{
	static const struct {
		unsigned int said, known;
	} rows[] = { { 1400, 1400 }, { 1450, 1400 }, { 1300, 1300 }, { 100, 576 }, { 1499, 576 } };
	struct said s = good4;

	(void)state;
	gw_setkey(&gw, CASE_SA_OUT);
	for (unsigned int i = 0; i < ARRAY_LEN(rows); i++) {
		s.mtu = rows[i].said;
		say(&s);
		assert_int_equal(pmtu_of(0x1001), rows[i].known);
	}
	local_tick(local, now_ms + 599000);
	assert_int_equal(pmtu_of(0x1001), 576);
	local_tick(local, now_ms + 610000);
	assert_int_equal(pmtu_of(0x1001), 0);
	s.mtu = 0; /* a router of before RFC 1191 */
	say(&s);
	assert_int_equal(pmtu_of(0x1001), 1492);
}

static void
pmtu_of_ah_over_ip6(void **state)
{
	struct said s = good6;

	(void)state;
	gw_setkey(&gw, SA_OUT6);
	say(&s);
	assert_int_equal(pmtu_of(0x2001), 1400);
	s.mtu = 1000;
	say(&s);
	assert_int_equal(pmtu_of(0x2001), 1280);
}

static void
pmtu_of_esp_behind_udp(void **state)
{
	struct said s = good4;

	(void)state;
	gw_setkey(&gw, SA_NATT);
	s.spi = 0x3001;
	say(&s); /* plain ESP with its SPI is not what it sends */
	assert_int_equal(pmtu_of(0x3001), 0);
	s.proto = IPPROTO_UDP;
	say(&s);
	assert_int_equal(pmtu_of(0x3001), 1400);
}

/* Each of these is a lie, or no business of ours. */
static void
pmtu_of_others_is_not_believed(void **state)
{
	struct said rows[] = { good4, good4, good4, good4, good4, good4 };

	(void)state;
	gw_setkey(&gw, CASE_SA_OUT CASE_SA_IN);
	rows[0].spi = 0x1003; /* nobody's */
	rows[1].src = "192.0.2.9";
	rows[2].dst = "192.0.2.9";
	rows[3].proto = IPPROTO_AH;
	rows[4].spi = 0x1002; /* inbound */
	rows[4].src = "192.0.2.2";
	rows[4].dst = "192.0.2.1";
	rows[5].mtu = 1500; /* it would have passed */
	for (unsigned int i = 0; i < ARRAY_LEN(rows); i++) {
		say(&rows[i]);
		assert_int_equal(pmtu_of(0x1001) + pmtu_of(0x1002), 0);
	}
	assert_int_equal(lane.drop[DROP_ICMP_IGNORED], 5);
	assert_int_equal(lane.drop[DROP_ICMP_MALFORMED], 1);
	snap_knobs(gw.snap)->pmtu_learn = 0;
	say(&good4);
	assert_int_equal(pmtu_of(0x1001), 0);
}

/* The inner source is told what its packets may have, inside the tunnel's rules. */
static void
pmtu_reaches_the_inner_source(void **state)
{
	struct gw_frame f = gw_frame(GW_LAN, "10.1.0.2", "10.2.0.2");
	struct rte_mbuf *m;
	const uint8_t *p;

	(void)state;
	gw_setkey(&gw, CASE_SA_OUT CASE_POLICY_OUT);
	say(&good4);
	f.len = 1400;
	f.frag = IP4_DF;
	case_send(&f);
	assert_int_equal(case_drain(GW_WAN), 0);
	m = gw_punted(&gw);
	assert_non_null(m);
	local_punt(local, m, now_ms);
	(void)gw_step(&gw);
	m = gw_tx(&gw, GW_LAN);
	assert_non_null(m);
	p = rte_pktmbuf_mtod_offset(m, const uint8_t *, 14);
	assert_int_equal(p[20], 3);
	assert_int_equal(p[21], 4);
	/* 1400 less IP, ESP, IV, ICV is 1348; less the trailer. */
	assert_int_equal(p[26] << 8 | p[27], 1346);
	rte_pktmbuf_free(m);
	f.len = 1346;
	case_send(&f);
	m = gw_tx(&gw, GW_WAN);
	assert_non_null(m);
	assert_int_equal(m->pkt_len, 14 + 1400);
	rte_pktmbuf_free(m);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, start, stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(pmtu_is_learnt_lowered_and_forgotten),
		CASE(pmtu_of_ah_over_ip6),
		CASE(pmtu_of_esp_behind_udp),
		CASE(pmtu_of_others_is_not_believed),
		CASE(pmtu_reaches_the_inner_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
