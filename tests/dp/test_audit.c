/* SPDX-License-Identifier: BSD-2-Clause */
/* Audit records from drop() to the client's list, their limits, and keepalives of silent NAT-T SAs. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_malloc.h>

#include <cmocka.h>

#include "ctl/audit_log.h"
#include "ctl/keepalive.h"
#include "dp/eal.h"
#include "pkt/punt.h"
#include "pkt/sa_rt.h"
#include "wire/ip.h"

#define HZ UINT64_C(1000)

static struct rte_mempool *pool;
static struct lane *lane;
static struct knobs knobs = KNOBS_INIT;

static int
start(void **state)
{
	(void)state;
	test_eal(512, NULL);
	pool = pkt_pool_create("audit", 1023, 2048, 0);
	lane = aligned_alloc(64, RTE_ALIGN(sizeof(*lane), 64));
	assert_non_null(pool);
	assert_non_null(lane);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
	rte_mempool_free(pool);
	free(lane);
	return rte_eal_cleanup();
}

static int
fresh(void **state)
{
	(void)state;
	memset(lane, 0, sizeof(*lane));
	knobs.audit_rate = 10;
	lane->knobs = &knobs;
	lane->now_tsc = 5 * HZ;
	lane->audit = audit_new(0, HZ);
	assert_non_null(lane->audit);
	return 0;
}

static int
gone(void **state)
{
	(void)state;
	audit_free(lane->audit);
	return 0;
}

/* An IPv4 packet 10.0.0.1 > 10.0.0.2 with a protected payload of these three words. */
static struct rte_mbuf *
packet(uint8_t proto, uint32_t a, uint32_t b, uint32_t c)
{
	const rte_be32_t word[3] = { rte_cpu_to_be_32(a), rte_cpu_to_be_32(b),
		rte_cpu_to_be_32(c) };
	struct ip4 ip = {
		.ver_ihl = 0x45, .proto = proto, .src = { 10, 0, 0, 1 }, .dst = { 10, 0, 0, 2 }
	};
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	uint8_t *p;

	assert_non_null(m);
	p = (uint8_t *)rte_pktmbuf_append(m, 14 + sizeof(ip) + sizeof(word));
	memset(p, 0, 14);
	memcpy(p + 14, &ip, sizeof(ip));
	memcpy(p + 14 + sizeof(ip), word, sizeof(word));
	*pkt_meta(m) = (struct pkt_meta){ .af = AF_INET,
		.l4_proto = proto,
		.l3_off = 14,
		.l4_off = 14 + sizeof(ip),
		.l4_len = sizeof(word) };
	return m;
}

static void
drop_posts_what_the_header_says(void **state)
{
	static const struct {
		enum drop_reason reason;
		enum audit_kind kind;
		uint8_t proto;
		uint32_t spi, seq;
	} row[] = {
		{ DROP_SEC_NO_SA, AUDIT_NO_SA, IPPROTO_ESP, 0x1001, 7 },
		{ DROP_SEC_SEQ_ZERO, AUDIT_REPLAY, IPPROTO_ESP, 0x1001, 7 },
		{ DROP_SEC_REPLAY_OLD, AUDIT_REPLAY, IPPROTO_ESP, 0x1001, 7 },
		{ DROP_SEC_REPLAY_DUP, AUDIT_REPLAY, IPPROTO_AH, 7, 9 },
		{ DROP_SEC_AUTH, AUDIT_INTEGRITY, IPPROTO_AH, 7, 9 },
		{ DROP_SEC_NO_SA, AUDIT_NO_SA, IPPROTO_IPCOMP, 0x1001, 0 },
	};
	struct audit_rec r;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		drop(lane, packet(row[i].proto, 0x1001, 7, 9), row[i].reason);
		assert_true(audit_take(lane->audit, &r));
		assert_false(audit_take(lane->audit, &(struct audit_rec){ 0 }));
		assert_int_equal(r.kind, row[i].kind);
		assert_int_equal(r.reason, row[i].reason);
		assert_int_equal(r.proto, row[i].proto);
		assert_int_equal(r.spi, row[i].spi);
		assert_int_equal(r.seq, row[i].seq);
		assert_int_equal(r.af, AF_INET);
		assert_memory_equal(r.src, "\x0a\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0", 16);
		assert_memory_equal(r.dst, "\x0a\0\0\x02\0\0\0\0\0\0\0\0\0\0\0\0", 16);
		assert_int_equal(r.tsc, 5 * HZ);
	}
	/* What is no event is not posted, but still known by protocol. */
	drop(lane, packet(IPPROTO_AH, 1, 2, 3), DROP_SEC_SHORT);
	drop(lane, packet(IPPROTO_IPCOMP, 1, 2, 3), DROP_SEC_NEXT);
	drop(lane, packet(IPPROTO_ESP, 1, 2, 3), DROP_IP_TTL);
	assert_false(audit_take(lane->audit, &r));
	assert_int_equal(lane->drop_by[DROP_BY_AH][DROP_SEC_SHORT], 1);
	assert_int_equal(lane->drop_by[DROP_BY_IPCOMP][DROP_SEC_NEXT], 1);
	assert_int_equal(lane->drop_by[DROP_BY_AH][DROP_SEC_AUTH], 1);
	assert_int_equal(lane->drop[DROP_SEC_AUTH], 1);
	assert_int_equal(audit_events(lane->audit, AUDIT_REPLAY), 3);
}

static void
drop_of_a_short_packet_reads_nothing_beyond(void **state)
{
	struct rte_mbuf *m;
	struct audit_rec r;

	(void)state;
	/* Each length of the packet, from nothing to all of it. */
	for (unsigned int len = 0; len <= 14 + sizeof(struct ip4) + 12; len++) {
		m = packet(IPPROTO_ESP, 0x1001, 7, 9);
		rte_pktmbuf_trim(m, (uint16_t)(m->data_len - len));
		lane->now_tsc += HZ;
		drop(lane, m, DROP_SEC_NO_SA);
		assert_true(audit_take(lane->audit, &r));
		assert_int_equal(r.src[0], len >= 14 + sizeof(struct ip4) ? 10 : 0);
		if (len < 14 + sizeof(struct ip4))
			assert_int_equal(r.spi, 0);
		if (len >= 14 + sizeof(struct ip4) + 4)
			assert_int_equal(r.spi, 0x1001);
	}
}

static struct sa_rt *
sealing_sa(void)
{
	struct sa_rt *sa = rte_zmalloc(NULL, sizeof(*sa) + sizeof(struct sa_lc), 64);
	const struct ip4 ip = { .src = { 192, 0, 2, 1 }, .dst = { 192, 0, 2, 2 } };

	assert_non_null(sa);
	sa->proto = IPPROTO_AH;
	sa->outer_af = AF_INET;
	sa->spi_be = rte_cpu_to_be_32(0x2002);
	memcpy(sa->hdr, &ip, sizeof(ip));
	return sa;
}

static void
drop_of_outbound_packets_names_the_sa(void **state)
{
	struct sa_rt *sa = sealing_sa();
	struct rte_mbuf *m = packet(IPPROTO_UDP, 0, 0, 0);
	struct audit_rec r;

	(void)state;
	pkt_meta(m)->sa = sa;
	drop(lane, m, DROP_OUT_SEQ);
	assert_true(audit_take(lane->audit, &r));
	assert_int_equal(r.kind, AUDIT_SEQ_OVERFLOW);
	assert_int_equal(r.spi, 0x2002);
	assert_int_equal(r.proto, IPPROTO_AH);
	assert_memory_equal(r.src, "\xc0\0\x02\x01", 4);
	assert_memory_equal(r.dst, "\xc0\0\x02\x02", 4);
	assert_int_equal(lane->drop_by[DROP_BY_AH][DROP_OUT_SEQ], 1);
	/* An engine's error belongs to the SA that seals, or to what is being opened. */
	m = packet(IPPROTO_ESP, 1, 2, 3);
	pkt_meta(m)->sa = sa;
	pkt_meta(m)->flags = PKT_F_OUT;
	drop(lane, m, DROP_CRYPTO_ERROR);
	m = packet(IPPROTO_ESP, 1, 2, 3);
	drop(lane, m, DROP_CRYPTO_ERROR);
	assert_int_equal(lane->drop[DROP_CRYPTO_ERROR], 2);
	assert_int_equal(lane->drop_by[DROP_BY_AH][DROP_CRYPTO_ERROR], 1);
	rte_free(sa);
}

static void
drop_for_policy_names_what_opened_the_packet(void **state)
{
	struct sa_rt *sa = sealing_sa();
	struct rte_mbuf *m = packet(IPPROTO_UDP, 1, 2, 3);
	struct audit_rec r;

	(void)state;
	drop(lane, m, DROP_POLICY_IN); /* came in clear */
	assert_true(audit_take(lane->audit, &r));
	assert_int_equal(r.kind, AUDIT_SELECTOR);
	assert_int_equal(r.proto, 0);
	assert_int_equal(r.spi, 0);
	m = packet(IPPROTO_UDP, 1, 2, 3);
	pkt_meta(m)->sa = sa;
	pkt_meta(m)->depth = 1;
	drop(lane, m, DROP_POLICY_IN);
	assert_true(audit_take(lane->audit, &r));
	assert_int_equal(r.proto, IPPROTO_AH);
	assert_int_equal(r.spi, 0x2002);
	assert_memory_equal(r.src, "\x0a\0\0\x01", 4); /* of the inner packet */
	assert_int_equal(lane->drop_by[DROP_BY_AH][DROP_POLICY_IN], 0);
	rte_free(sa);
}

static void
audit_holds_back_what_is_above_the_rate(void **state)
{
	struct audit_rec r;
	unsigned int n = 0;

	(void)state;
	knobs.audit_rate = 3;
	for (unsigned int i = 0; i < 50; i++)
		drop(lane, packet(IPPROTO_ESP, i, 1, 0), DROP_SEC_AUTH);
	/* Another kind has its own allowance. */
	drop(lane, packet(IPPROTO_ESP, 1, 1, 0), DROP_SEC_NO_SA);
	while (audit_take(lane->audit, &r))
		n++;
	assert_int_equal(n, 4);
	assert_int_equal(audit_events(lane->audit, AUDIT_INTEGRITY), 50);
	assert_int_equal(audit_suppressed(lane->audit, AUDIT_INTEGRITY), 47);
	/* The next second: the first record tells what the last one kept to itself. */
	lane->now_tsc += HZ;
	drop(lane, packet(IPPROTO_ESP, 1, 1, 0), DROP_SEC_AUTH);
	assert_true(audit_take(lane->audit, &r));
	assert_int_equal(r.suppressed, 47);
	drop(lane, packet(IPPROTO_ESP, 1, 1, 0), DROP_SEC_AUTH);
	assert_true(audit_take(lane->audit, &r));
	assert_int_equal(r.suppressed, 0);
	/* 0: none at all, but counted. */
	knobs.audit_rate = 0;
	lane->now_tsc += HZ;
	drop(lane, packet(IPPROTO_ESP, 1, 1, 0), DROP_SEC_AUTH);
	assert_false(audit_take(lane->audit, &r));
	assert_int_equal(audit_events(lane->audit, AUDIT_INTEGRITY), 53);
}

static void
audit_ring_full_counts_as_held_back(void **state)
{
	struct audit_rec r;
	uint32_t n = 0;

	(void)state;
	knobs.audit_rate = 1000000;
	for (uint32_t i = 1; i <= 300; i++)
		drop(lane, packet(IPPROTO_ESP, i, 1, 0), DROP_SEC_AUTH);
	while (audit_take(lane->audit, &r))
		assert_int_equal(r.spi, ++n);
	assert_int_equal(n, 256);
	assert_int_equal(audit_suppressed(lane->audit, AUDIT_INTEGRITY), 44);
	/* The ring goes on where it stopped. */
	for (uint32_t i = 1; i <= 1000; i++) {
		drop(lane, packet(IPPROTO_ESP, i, 1, 0), DROP_SEC_AUTH);
		assert_true(audit_take(lane->audit, &r));
		assert_int_equal(r.spi, i);
		assert_int_equal(r.suppressed, i == 1 ? 44 : 0);
	}
}

static void
without_audit_drops_are_only_counted(void **state)
{
	struct audit *a = lane->audit;

	(void)state;
	lane->audit = NULL;
	drop(lane, packet(IPPROTO_AH, 1, 1, 0), DROP_SEC_AUTH);
	lane->audit = a;
	assert_int_equal(lane->drop[DROP_SEC_AUTH], 1);
	assert_int_equal(lane->drop_by[DROP_BY_AH][DROP_SEC_AUTH], 1);
	assert_int_equal(audit_events(a, AUDIT_INTEGRITY), 0);
}

static const char *
text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static void
audit_log_keeps_the_last_thousand(void **state)
{
	static struct audit_log log;
	const struct lane *lanes[] = { lane };
	struct sa_rt *sa = sealing_sa();
	json_t *all;
	json_t *r;

	(void)state;
	knobs.audit_rate = 1000000;
	audit_log_init(&log);
	for (uint32_t i = 1; i <= 1500; i++) {
		drop(lane, packet(IPPROTO_ESP, i, i, 0), DROP_SEC_REPLAY_DUP);
		audit_log_drain(&log, lanes, 1);
	}
	all = audit_log_json(&log, 0, lanes, 1);
	r = json_object_get(all, "records");
	assert_int_equal(json_array_size(r), AUDIT_LOG_MAX);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(r, 0), "spi")), 501);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(r, 999), "id")), 1500);
	assert_string_equal(text_of(json_array_get(r, 0), "src"), "10.0.0.1");
	assert_string_equal(text_of(json_array_get(r, 0), "kind"), "replay");
	assert_string_equal(text_of(json_array_get(r, 0), "reason"), "sec.replay_dup");
	assert_string_equal(text_of(json_array_get(r, 0), "proto"), "esp");
	assert_int_equal(strlen(text_of(json_array_get(r, 0), "time")), 27);
	json_decref(all);
	/* From a number on, beyond the last, and of another kind. */
	audit_mapping(lane, sa, (const uint8_t[]){ 198, 51, 100, 7 }, rte_cpu_to_be_16(61234));
	audit_log_drain(&log, lanes, 1);
	all = audit_log_json(&log, 1501, lanes, 1);
	r = json_object_get(all, "records");
	assert_int_equal(json_array_size(r), 1);
	assert_string_equal(text_of(json_array_get(r, 0), "kind"), "new_mapping");
	assert_string_equal(text_of(json_array_get(r, 0), "src"), "198.51.100.7");
	assert_string_equal(text_of(json_array_get(r, 0), "dst"), "192.0.2.2");
	assert_int_equal(json_integer_value(json_object_get(json_array_get(r, 0), "port")), 61234);
	assert_int_equal(json_integer_value(json_object_get(all, "next")), 1502);
	json_decref(all);
	all = audit_log_json(&log, 1502, lanes, 1);
	assert_int_equal(json_array_size(json_object_get(all, "records")), 0);
	json_decref(all);
	rte_free(sa);
}

/* ---- keepalives ---- */

static struct rte_mbuf *sent[8];
static unsigned int nsent;

static void
take(void *arg, struct rte_mbuf *m)
{
	(void)arg;
	assert_true(nsent < RTE_DIM(sent));
	sent[nsent++] = m;
}

static void
expect_keepalive(const uint8_t *want, size_t len)
{
	assert_int_equal(nsent, 1);
	assert_int_equal(pkt_meta(sent[0])->kind, INJECT_ROUTED);
	assert_int_equal(sent[0]->data_len, len);
	assert_int_equal(sent[0]->pkt_len, len);
	assert_memory_equal(rte_pktmbuf_mtod(sent[0], uint8_t *), want, len);
	rte_pktmbuf_free(sent[0]);
	nsent = 0;
}

static struct keepalive
with_sa(struct keyd *kd, const char *src, const char *dst)
{
	struct sa_spec s = { .spi = 0x1000,
		.idx = { test_ip(src), test_ip(dst), IPPROTO_ESP, MODE_TUNNEL, 0 },
		.natt = { .type = NATT_ESP_IN_UDP, .keepalive_s = 20 } };
	struct sa_rt *rt = sealing_sa();
	struct sa *sa;

	s.idx.src.port_be = rte_cpu_to_be_16(4500);
	s.idx.dst.port_be = rte_cpu_to_be_16(61234);
	assert_int_equal(sad_init(&kd->sad), 0);
	assert_int_equal(sad_add(&kd->sad, &s, 100, &sa), 0);
	rt->dir = DIR_OUT;
	sa->rt = rt;
	return (struct keepalive){ .keyd = kd, .pool = pool, .nworkers = 1, .send = take };
}

/* RFC 3948 2.3: the packets, byte by byte. The checksums are by hand. */
static void
keepalive_is_one_byte_in_udp(void **state)
{
	static const uint8_t v4[] = { 0x45, 0, 0, 29, 0, 0, 0x40, 0, 64, 17, 0xb6, 0xcc, 192, 0, 2,
		1, 192, 0, 2, 2, 0x11, 0x94, 0xef, 0x32, 0, 9, 0, 0, 0xff };
	struct keyd kd = { 0 };
	struct keepalive k = with_sa(&kd, "192.0.2.1", "192.0.2.2");

	(void)state;
	keepalive_tick(&k, rte_get_tsc_hz(), 119);
	assert_int_equal(nsent, 0);
	keepalive_tick(&k, rte_get_tsc_hz(), 120);
	expect_keepalive(v4, sizeof(v4));
	keepalive_tick(&k, rte_get_tsc_hz(), 139);
	assert_int_equal(nsent, 0);
	keepalive_tick(&k, rte_get_tsc_hz(), 140);
	expect_keepalive(v4, sizeof(v4));
	assert_int_equal(k.sent, 2);
	rte_free(TAILQ_FIRST(&kd.sad.all)->rt);
	sad_fini(&kd.sad);
}

static void
keepalive_over_ip6_has_a_checksum(void **state)
{
	struct keyd kd = { 0 };
	struct keepalive k = with_sa(&kd, "fd00::1", "fd00::2");
	uint8_t *p;

	(void)state;
	keepalive_tick(&k, rte_get_tsc_hz(), 200);
	assert_int_equal(nsent, 1);
	p = rte_pktmbuf_mtod(sent[0], uint8_t *);
	assert_int_equal(sent[0]->data_len, 49);
	assert_int_equal(p[0], 0x60);
	assert_int_equal(p[6], IPPROTO_UDP);
	assert_int_equal(p[48], 0xff);
	/* Summed with its pseudo header and its own checksum it is all ones. */
	assert_int_equal(ip_csum_pseudo(p + 8, 32, IPPROTO_UDP, p + 40, 9), 0);
	assert_int_not_equal(p[46] | p[47], 0);
	rte_pktmbuf_free(sent[0]);
	nsent = 0;
	rte_free(TAILQ_FIRST(&kd.sad.all)->rt);
	sad_fini(&kd.sad);
}

static void
keepalive_only_when_due(void **state)
{
	const uint64_t hz = rte_get_tsc_hz();
	struct keyd kd = { 0 };
	struct keepalive k = with_sa(&kd, "192.0.2.1", "192.0.2.2");
	struct sa *sa = TAILQ_FIRST(&kd.sad.all);
	struct sa_rt *rt = sa->rt;

	(void)state;
	rt->lc[0].last_tsc = 1000 * hz; /* busy a moment ago */
	keepalive_tick(&k, 1019 * hz, 500);
	assert_int_equal(nsent, 0);
	rt->dir = DIR_IN;
	keepalive_tick(&k, 1100 * hz, 501);
	rt->dir = DIR_OUT;
	sa->state = SA_DEAD;
	keepalive_tick(&k, 1100 * hz, 502);
	sa->state = SA_MATURE;
	sa->spec.natt.keepalive_s = 0;
	keepalive_tick(&k, 1100 * hz, 503);
	assert_int_equal(nsent, 0);
	sa->spec.natt.keepalive_s = 20;
	keepalive_tick(&k, 1020 * hz, 504);
	assert_int_equal(nsent, 1);
	rte_pktmbuf_free(sent[0]);
	nsent = 0;
	rte_free(rt);
	sad_fini(&kd.sad);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, fresh, gone)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(drop_posts_what_the_header_says),
		CASE(drop_of_a_short_packet_reads_nothing_beyond),
		CASE(drop_of_outbound_packets_names_the_sa),
		CASE(drop_for_policy_names_what_opened_the_packet),
		CASE(audit_holds_back_what_is_above_the_rate),
		CASE(audit_ring_full_counts_as_held_back),
		CASE(without_audit_drops_are_only_counted),
		CASE(audit_log_keeps_the_last_thousand),
		cmocka_unit_test(keepalive_is_one_byte_in_udp),
		cmocka_unit_test(keepalive_over_ip6_has_a_checksum),
		cmocka_unit_test(keepalive_only_when_due),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
