/* SPDX-License-Identifier: BSD-2-Clause */
/* ESP tunnel mode against libcrypto: what we seal it opens, what it seals we open, what is wrong drops. */
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
#include "ipsec/ecn.h"
#include "support/rng.h"
#include "wire/ip.h"

#define HI7 ((uint64_t)7 << 32)

/* ---- every algorithm, family and sequence space ---- */

/* Run fn for each suite, outer family, inner family, and {plain, ESN with high word 0, 7}. */
static void
for_all(void (*fn)(struct peer *, uint8_t, uint64_t))
{
	const uint8_t afs[2] = { AF_INET, AF_INET6 };
	const uint64_t start[3] = { 0, 0, HI7 + 500 };
	struct peer peer;

	for (unsigned int i = 0; i < RTE_DIM(suites) * 12; i++) {
		const unsigned int space = i / 4 % 3;

		if (!suite_offered(&suites[i / 12]))
			continue;
		peer_open(&peer, &suites[i / 12], afs[i & 1], space > 0);
		fn(&peer, afs[i >> 1 & 1], start[space]);
		for (unsigned int r = 0; r < DROP_MAX; r++)
			assert_int_equal(lane->drop[r], 0);
		peer_close(&peer);
	}
}

static void
seal_some(struct peer *peer, uint8_t af, uint64_t start)
{
	uint8_t inner[BUF_SIZE];
	uint64_t bytes = 0;

	atomic_store(&peer->sa->seq, start);
	for (unsigned int i = 0; i < 40; i++) {
		unsigned int len = i < 36 ? 40 + i : 40 + (unsigned int)(rng_next(&rng) % 1400);
		struct rte_mbuf *m = inner_pkt(peer, inner, len, af);

		assert_int_equal(out_burst(&m, 1), 1);
		assert_int_equal(atomic_load(&peer->sa->seq), start + i + 1);
		check_outer(peer, m);
		check_opens(peer, m, inner, len);
		bytes += pkt_meta(m)->l4_len - 8u - peer->sa->iv_len - peer->sa->icv_len;
		rte_pktmbuf_free(m);
	}
	assert_int_equal(peer->sa->lc[0].pkts, 40);
	assert_int_equal(peer->sa->lc[0].bytes, bytes);
}

static void
esp_seals_what_libcrypto_opens(void **state)
{
	(void)state;
	for_all(seal_some);
}

static void
open_some(struct peer *peer, uint8_t af, uint64_t start)
{
	uint8_t inner[BUF_SIZE];

	peer->sa->rp->top = start;
	for (unsigned int i = 0; i < 40; i++) {
		unsigned int len = i < 36 ? 40 + i : 40 + (unsigned int)(rng_next(&rng) % 1400);
		const struct sealing s = { .payload = inner,
			.len = len,
			.seq = start + i + 1,
			.next = af == AF_INET ? 4 : 41,
			.more_blocks = i % 5 };
		struct rte_mbuf *m;

		make_inner(inner, len, af, 0);
		m = sealed_pkt(peer, &s);
		assert_int_equal(in_burst(&m, 1), 1);
		assert_int_equal(m->data_len, len);
		assert_memory_equal(rte_pktmbuf_mtod(m, void *), inner, len);
		assert_int_equal(pkt_meta(m)->af, af);
		assert_int_equal(pkt_meta(m)->l4_proto, s.next);
		assert_int_equal(pkt_meta(m)->depth, 1);
		assert_int_equal(peer->sa->rp->top, s.seq);
		rte_pktmbuf_free(m);
	}
	assert_int_equal(peer->sa->lc[0].pkts, 40);
}

static void
esp_opens_what_libcrypto_seals(void **state)
{
	(void)state;
	for_all(open_some);
}

/* Bursts of three SAs in runs, outbound to inbound, with refused packets between them. */
static void
esp_bursts_of_several_sas_round_trip(void **state)
{
	const unsigned int which[3] = { 0, 4, 7 };
	uint8_t inner[32][200], *drop_me;
	struct rte_mbuf *m[32];
	struct peer peer[3];

	(void)state;
	for (unsigned int i = 0; i < 3; i++)
		peer_open(&peer[i], pick(which[i]), i == 1 ? AF_INET6 : AF_INET, i == 2);
	for (unsigned int i = 0; i < 32; i++)
		m[i] = inner_pkt(&peer[i / 11], inner[i], 60 + i, i & 1 ? AF_INET : AF_INET6);
	m[3]->data_off = 20; /* no room in front */
	pkt_meta(m[12])->l4_len = BUF_SIZE; /* nor behind */
	assert_int_equal(out_burst(m, 32), 30);
	assert_int_equal(lane->drop[DROP_OUT_NO_ROOM], 2);
	drop_me = rte_pktmbuf_mtod_offset(m[5], uint8_t *, pkt_meta(m[5])->l4_off + 30);
	*drop_me ^= 1;
	assert_int_equal(in_burst(m, 30), 29);
	assert_int_equal(lane->drop[DROP_SEC_AUTH], 1);
	for (unsigned int i = 0, k = 0; i < 32; i++) {
		if (i == 3 || i == 12 || i == 6) /* the sixth kept packet was number 6 */
			continue;
		assert_int_equal(m[k]->data_len, 60 + i);
		assert_memory_equal(rte_pktmbuf_mtod(m[k], void *), inner[i], 60 + i);
		rte_pktmbuf_free(m[k++]);
	}
	for (unsigned int i = 0; i < 3; i++)
		peer_close(&peer[i]);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
}

/* ---- what must be refused ---- */

static struct rte_mbuf *
one(const struct peer *peer, uint64_t seq)
{
	uint8_t inner[84];
	const struct sealing s = { .payload = inner, .len = sizeof(inner), .seq = seq, .next = 4 };

	make_inner(inner, sizeof(inner), AF_INET, 0);
	return sealed_pkt(peer, &s);
}

static void
expect_pass(struct rte_mbuf *m)
{
	assert_int_equal(in_burst(&m, 1), 1);
	rte_pktmbuf_free(m);
}

static void
esp_refuses_replays(void **state)
{
	struct rte_mbuf *m[4];
	struct peer peer;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(suites); i++) {
		peer_open(&peer, pick(i), AF_INET, false);
		expect_drop(one(&peer, 0), DROP_SEC_SEQ_ZERO);
		expect_pass(one(&peer, 100));
		expect_drop(one(&peer, 100), DROP_SEC_REPLAY_DUP);
		expect_drop(one(&peer, 100 - WINDOW), DROP_SEC_REPLAY_OLD);
		expect_pass(one(&peer, 101 - WINDOW));
		for (unsigned int j = 0; j < 4; j++)
			m[j] = one(&peer, 102 + j / 2);
		assert_int_equal(in_burst(m, 4), 2);
		assert_int_equal(lane->drop[DROP_SEC_REPLAY_DUP], 3);
		assert_int_equal(peer.sa->lc[0].replayed, 5);
		rte_pktmbuf_free_bulk(m, 2);
		peer_close(&peer);
	}
}

/* A forged number must not move the window, or an attacker could shut the real peer out. */
static void
esp_refuses_every_flipped_bit_and_keeps_the_window(void **state)
{
	struct peer peer;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(suites) * 2; i++) {
		struct rte_mbuf *m = NULL;
		unsigned int len = 40; /* at least; the first packet tells */

		peer_open(&peer, pick(i / 2), AF_INET6, i & 1);
		for (unsigned int bit = 32; bit < len * 8; bit += 1 + bit % 7) {
			m = one(&peer, 5);
			len = pkt_meta(m)->l4_len;
			*rte_pktmbuf_mtod_offset(m, uint8_t *, pkt_meta(m)->l4_off + bit / 8) ^=
				(uint8_t)(1u << bit % 8);
			assert_int_equal(in_burst(&m, 1), 0);
		}
		assert_int_equal(peer.sa->rp->top, 0);
		assert_int_equal(peer.sa->lc[0].pkts, 0);
		assert_true(lane->drop[DROP_SEC_AUTH] > 100);
		assert_int_equal(lane->drop[DROP_SEC_AUTH], peer.sa->lc[0].auth_fail);
		expect_pass(one(&peer, 5));
		peer_close(&peer);
	}
}

static void
esp_refuses_every_truncation(void **state)
{
	struct peer peer;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(suites) * 2; i++) {
		struct rte_mbuf *m;
		uint16_t cut = 0;

		peer_open(&peer, pick(i / 2), AF_INET, i & 1);
		for (uint16_t len = 0;; len++) {
			m = one(&peer, 9);
			if (len == pkt_meta(m)->l4_len)
				break;
			pkt_meta(m)->l4_len = len;
			m->data_len = m->pkt_len = (uint16_t)(pkt_meta(m)->l4_off + len);
			assert_int_equal(in_burst(&m, 1), 0);
			cut++;
		}
		expect_pass(m);
		assert_int_equal(lane->drop[DROP_SEC_SHORT] + lane->drop[DROP_SEC_LENGTH] +
				lane->drop[DROP_SEC_AUTH],
			cut);
		assert_int_equal(
			lane->drop[DROP_SEC_SHORT], 8 + peer.sa->iv_len + peer.sa->icv_len + 2);
		assert_true(lane->drop[DROP_SEC_LENGTH] > 0 && lane->drop[DROP_SEC_AUTH] > 0);
		peer_close(&peer);
	}
}

static void
esp_refuses_wrong_contents(void **state)
{
	uint8_t inner[86], v6[86];
	const struct {
		struct sealing s;
		enum drop_reason reason;
	} rows[] = {
		{ { .payload = inner,
			  .len = 85,
			  .seq = 1,
			  .next = 4,
			  .pad_xor = 4,
			  .more_blocks = 1 },
			DROP_SEC_PAD },
		{ { .payload = inner,
			  .len = 85,
			  .seq = 2,
			  .next = 4,
			  .pad_len_add = 1,
			  .more_blocks = 1 },
			DROP_SEC_PAD },
		{ { .payload = inner, .len = 85, .seq = 3, .next = 4, .pad_len_add = 200 },
			DROP_SEC_PAD },
		{ { .payload = inner, .len = 85, .seq = 4, .next = 59 }, DROP_SEC_DUMMY },
		{ { .payload = inner, .len = 85, .seq = 5, .next = 41 }, DROP_SEC_NEXT },
		{ { .payload = v6, .len = 85, .seq = 6, .next = 4 }, DROP_SEC_NEXT },
		{ { .payload = inner, .len = 85, .seq = 7, .next = 17 }, DROP_SEC_NEXT },
		{ { .payload = inner, .len = 0, .seq = 8, .next = 4 }, DROP_SEC_NEXT },
		{ { .payload = inner, .len = 19, .seq = 9, .next = 4 }, DROP_SEC_INNER },
		{ { .payload = v6, .len = 39, .seq = 10, .next = 41 }, DROP_SEC_INNER },
		{ { .payload = inner, .len = 84, .seq = 11, .next = 4 },
			DROP_SEC_INNER }, /* a byte less than the header says */
		{ { .payload = v6, .len = 84, .seq = 12, .next = 41 }, DROP_SEC_INNER },
		{ { .payload = inner, .len = 85, .seq = 13, .next = 4, .tos = 3 }, DROP_SEC_ECN },
		{ { .payload = v6, .len = 85, .seq = 14, .next = 41, .tos = 3 }, DROP_SEC_ECN },
	};
	struct peer peer;

	(void)state;
	make_inner(inner, 85, AF_INET, 0);
	make_inner(v6, 85, AF_INET6, 0);
	for (unsigned int i = 0; i < RTE_DIM(suites); i++) {
		peer_open(&peer, pick(i), i & 1 ? AF_INET6 : AF_INET, false);
		for (unsigned int j = 0; j < RTE_DIM(rows); j++)
			expect_drop(sealed_pkt(&peer, &rows[j].s), rows[j].reason);
		assert_int_equal(peer.sa->lc[0].bad_pad, 3);
		assert_int_equal(peer.sa->rp->top, 14); /* it was the peer's word, and is used up */
		peer_close(&peer);
	}
}

static void
esp_refuses_wrong_outer_addresses(void **state)
{
	struct peer peer;
	struct rte_mbuf *m;

	(void)state;
	for (unsigned int v6 = 0; v6 < 2; v6++) {
		const uint16_t ip_len = v6 ? 40 : 20, first = v6 ? 8 : 12;

		peer_open(&peer, &suites[0], v6 ? AF_INET6 : AF_INET, false);
		for (uint16_t off = first; off < ip_len; off++) {
			m = one(&peer, 1);
			rte_pktmbuf_mtod_offset(m, uint8_t *, 14)[off] ^= 0x10;
			expect_drop(m, DROP_SEC_SA_ADDR);
		}
		m = one(&peer, 1);
		pkt_meta(m)->af = v6 ? AF_INET : AF_INET6;
		expect_drop(m, DROP_SEC_SA_ADDR);
		expect_pass(one(&peer, 1));
		peer_close(&peer);
	}
}

/* RFC 4303 A2: a new high word is guessed, and believed only after authentication. */
static void
esp_follows_the_high_word(void **state)
{
	struct peer peer;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(suites); i++) {
		peer_open(&peer, pick(i), AF_INET, true);
		peer.sa->rp->top = HI7 - 1;
		expect_pass(one(&peer, HI7));
		expect_pass(one(&peer, HI7 - 3));
		expect_drop(one(&peer, HI7 - 3), DROP_SEC_REPLAY_DUP);
		expect_drop(one(&peer, (HI7 << 1) + 9), DROP_SEC_AUTH);
		assert_int_equal(peer.sa->rp->top, HI7);
		peer_close(&peer);
	}
}

static void
esp_stops_at_the_last_sequence_number(void **state)
{
	uint8_t inner[BUF_SIZE];
	struct rte_mbuf *m[8];
	struct peer peer;

	(void)state;
	for (unsigned int esn = 0; esn < 2; esn++) {
		peer_open(&peer, &suites[0], AF_INET, esn);
		atomic_store(&peer.sa->seq, peer.sa->seq_limit - 5);
		for (unsigned int round = 0; round < 3; round++) {
			for (unsigned int i = 0; i < 8; i++)
				m[i] = inner_pkt(&peer, inner, 100, AF_INET);
			assert_int_equal(out_burst(m, 8), round == 0 ? 5 : 0);
			rte_pktmbuf_free_bulk(m, round == 0 ? 5 : 0);
		}
		assert_int_equal(lane->drop[DROP_OUT_SEQ], 19);
		assert_int_equal(peer.sa->lc[0].seq_overflow, 19);
		/* Refused packets leave the counter alone, so that it cannot wrap. */
		assert_int_equal(atomic_load(&peer.sa->seq), peer.sa->seq_limit + 3);
		assert_true(UINT64_MAX - peer.sa->seq_limit >= (uint64_t)WORKER_MAX * PVEC_MAX);
		peer_close(&peer);
	}
}

static void
esp_refuses_a_dead_sa(void **state)
{
	uint8_t inner[BUF_SIZE];
	struct rte_mbuf *m;
	struct peer peer;

	(void)state;
	peer_open(&peer, &suites[0], AF_INET, false);
	atomic_store(&peer.sa->state, SA_DEAD);
	m = inner_pkt(&peer, inner, 100, AF_INET);
	assert_int_equal(out_burst(&m, 1), 0);
	assert_int_equal(lane->drop[DROP_OUT_SA_STATE], 1);
	assert_int_equal(atomic_load(&peer.sa->seq), 0);
	peer_close(&peer);
}

static void
esp_drops_what_the_engine_failed_on(void **state)
{
	uint8_t inner[BUF_SIZE];
	struct rte_mbuf *m;
	struct peer peer;

	(void)state;
	peer_open(&peer, &suites[0], AF_INET, false);
	m = inner_pkt(&peer, inner, 100, AF_INET);
	assert_int_equal(xform_esp.out_begin(lane, &m, 1), 1);
	pkt_meta(m)->flags |= PKT_F_CRYPTO_ERR;
	assert_int_equal(xform_esp.out_end(lane, &m, 1), 0);
	m = one(&peer, 1);
	assert_int_equal(xform_esp.in_begin(lane, &m, 1), 1);
	pkt_meta(m)->flags |= PKT_F_CRYPTO_ERR;
	assert_int_equal(xform_esp.in_end(lane, &m, 1), 0);
	assert_int_equal(lane->drop[DROP_CRYPTO_ERROR], 2);
	/* The one to be sent has used up its number and counts; the received one proved nothing. */
	assert_int_equal(peer.sa->lc[0].pkts, 1);
	peer_close(&peer);
}

/* ---- header rules ---- */

static void
esp_outer_df_and_ecn_follow_the_parameters(void **state)
{
	const struct {
		int32_t dfbit, ecn;
		uint8_t af, df, tos;
	} rows[] = {
		{ 0, 0, AF_INET, 0, 0x28 },
		{ 1, 0, AF_INET, 0x40, 0x28 },
		{ 2, 1, AF_INET, 0x40, 0x2a },
		{ 2, -1, AF_INET, 0x40, 0x2a },
		{ 1, 1, AF_INET6, 0, 0x2a },
		{ 2, 0, AF_INET6, 0, 0x28 },
	};
	uint8_t inner[BUF_SIZE], *p;
	struct rte_mbuf *m;
	struct peer peer;
	uint16_t id;

	(void)state;
	peer_open(&peer, &suites[0], AF_INET, false);
	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		knobs.dfbit = rows[i].dfbit;
		knobs.af[0].ecn = knobs.af[1].ecn = rows[i].ecn;
		make_inner(inner, 100, rows[i].af, 0x2a);
		m = wrap(&peer, inner, 100, rows[i].af);
		pkt_meta(m)->flags = PKT_F_FRAG;
		assert_int_equal(out_burst(&m, 1), 1);
		p = rte_pktmbuf_mtod(m, uint8_t *);
		assert_true(p[1] == rows[i].tos && p[6] == rows[i].df && p[7] == 0);
		assert_int_equal(ip4_csum(p, 20), 0);
		id = (uint16_t)(p[4] << 8 | p[5]);
		assert_int_equal(id, (uint16_t)(peer.sa->iv_base + i + 1));
		assert_int_equal(pkt_meta(m)->flags, 0);
		rte_pktmbuf_free(m);
	}
	knobs = (struct knobs)KNOBS_INIT;
	peer_close(&peer);
}

/* RFC 6040 figure 4, written out again: [inner][outer], 4 = drop. */
static void
esp_merges_ecn_at_the_exit(void **state)
{
	const uint8_t want[4][4] = { { 0, 0, 0, 4 }, { 1, 1, 1, 3 }, { 2, 1, 2, 3 },
		{ 3, 3, 3, 3 } };
	uint8_t inner[100], got;
	struct rte_mbuf *m;
	struct peer peer;

	(void)state;
	peer_open(&peer, &suites[0], AF_INET, false);
	for (unsigned int i = 0; i < 64; i++) {
		const uint8_t in = i & 3, out = i >> 2 & 3, v6 = i >> 4 & 1;
		const struct sealing s = { .payload = inner,
			.len = 100,
			.seq = i + 1,
			.next = v6 ? 41 : 4,
			.tos = 0x40 | out };

		knobs.af[v6].ecn = i < 32 ? 1 : -1;
		make_inner(inner, 100, v6 ? AF_INET6 : AF_INET, 0xb8 | in);
		m = sealed_pkt(&peer, &s);
		if (i < 32 && want[in][out] == 4) {
			expect_drop(m, DROP_SEC_ECN);
			continue;
		}
		assert_int_equal(in_burst(&m, 1), 1);
		got = tunnel_tos(rte_pktmbuf_mtod(m, uint8_t *), v6);
		assert_int_equal(got, 0xb8 | (i < 32 ? want[in][out] : in));
		if (!v6)
			assert_int_equal(ip4_csum(rte_pktmbuf_mtod(m, void *), 20), 0);
		rte_pktmbuf_free(m);
	}
	knobs = (struct knobs)KNOBS_INIT;
	peer_close(&peer);
}

static void
esp_trims_confidentiality_padding(void **state)
{
	uint8_t inner[300] = { 0 };
	const struct sealing s = { .payload = inner, .len = sizeof(inner), .seq = 1, .next = 4 };
	struct rte_mbuf *m;
	struct peer peer;

	(void)state;
	peer_open(&peer, pick(3), AF_INET, false);
	make_inner(inner, 60, AF_INET, 0);
	m = sealed_pkt(&peer, &s);
	assert_int_equal(in_burst(&m, 1), 1);
	assert_int_equal(m->data_len, 60);
	assert_int_equal(m->pkt_len, 60);
	rte_pktmbuf_free(m);
	peer_close(&peer);
}

static void
esp_counts_and_bounds_nesting(void **state)
{
	struct rte_mbuf *m;
	struct peer peer;

	(void)state;
	peer_open(&peer, &suites[0], AF_INET6, false);
	m = one(&peer, 1);
	pkt_meta(m)->depth = 1;
	assert_int_equal(in_burst(&m, 1), 1);
	assert_int_equal(pkt_meta(m)->depth, 2);
	rte_pktmbuf_free(m);
	m = one(&peer, 2);
	pkt_meta(m)->depth = NEST_MAX;
	expect_drop(m, DROP_SEC_NEST);
	peer_close(&peer);
}

static void
esp_init_refuses_what_it_cannot_do(void **state)
{
	const struct suite null = { "null", NULL, 0, 0 },
			   gcm_sha = { "aes-gcm-16", "hmac-sha1", 20, 20 };
	struct sa_spec spec[11];
	const int want[RTE_DIM(spec)] = { -EINVAL, -EINVAL, -EINVAL, -EINVAL, -EINVAL, -EOPNOTSUPP,
		-EINVAL, -EINVAL, -EINVAL, -EINVAL, -EOPNOTSUPP };
	struct sa_rt sa;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(spec); i++)
		spec[i] = make_spec(&suites[3], AF_INET, false);
	spec[0].natt.type = 1;
	spec[1].natt.type = 2; /* without ports */
	spec[2].idx.src = end_point(AF_INET6, 1);
	spec[3].enc = NULL;
	spec[4] = make_spec(&null, AF_INET, true);
	spec[5].flags = SA_F_OLD;
	spec[6].window_pkts = SA_WINDOW_MAX + 1;
	spec[7] = make_spec(&suites[0], AF_INET, false);
	spec[7].enckey.len = 4;
	spec[8] = make_spec(&gcm_sha, AF_INET, false);
	spec[9].idx.mode = MODE_TRANSPORT;
	spec[9].tfc_len = 100;
	spec[10].enc = alg_by_name(ALG_ENC, "skipjack");
	for (unsigned int i = 0; i < RTE_DIM(spec); i++) {
		struct err err = { 0 };

		memset(&sa, 0, sizeof(sa));
		assert_int_equal(xform_esp.sa_init(&sa, &spec[i], &knobs, &err), want[i]);
		assert_true(err.code == want[i] && err.text[0] != '\0');
		assert_null(sa.rp);
	}
	assert_ptr_equal(xform_find(IPPROTO_ESP), &xform_esp);
	assert_ptr_equal(xform_find(IPPROTO_AH), &xform_ah);
	assert_null(xform_find(IPPROTO_UDP));
}

static void
esp_window_zero_checks_nothing(void **state)
{
	struct peer peer;

	(void)state;
	peer_open(&peer, &suites[0], AF_INET, false);
	xform_esp.sa_fini(peer.sa);
	peer.spec.window_pkts = 0;
	assert_int_equal(xform_esp.sa_init(peer.sa, &peer.spec, &knobs, NULL), 0);
	assert_null(peer.sa->rp);
	expect_pass(one(&peer, 3));
	expect_pass(one(&peer, 3));
	peer_close(&peer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(esp_seals_what_libcrypto_opens),
		cmocka_unit_test(esp_opens_what_libcrypto_seals),
		cmocka_unit_test(esp_bursts_of_several_sas_round_trip),
		cmocka_unit_test(esp_refuses_replays),
		cmocka_unit_test(esp_refuses_every_flipped_bit_and_keeps_the_window),
		cmocka_unit_test(esp_refuses_every_truncation),
		cmocka_unit_test(esp_refuses_wrong_contents),
		cmocka_unit_test(esp_refuses_wrong_outer_addresses),
		cmocka_unit_test(esp_follows_the_high_word),
		cmocka_unit_test(esp_stops_at_the_last_sequence_number),
		cmocka_unit_test(esp_refuses_a_dead_sa),
		cmocka_unit_test(esp_drops_what_the_engine_failed_on),
		cmocka_unit_test(esp_outer_df_and_ecn_follow_the_parameters),
		cmocka_unit_test(esp_merges_ecn_at_the_exit),
		cmocka_unit_test(esp_trims_confidentiality_padding),
		cmocka_unit_test(esp_counts_and_bounds_nesting),
		cmocka_unit_test(esp_init_refuses_what_it_cannot_do),
		cmocka_unit_test(esp_window_zero_checks_nothing),
	};
	const struct engine_group group = { .start = peers_start, .stop = peers_stop };

	rng = rng_seed("esp");
	knobs = (struct knobs)KNOBS_INIT;
	engine_eal();
	return engine_groups(&group, tests, ARRAY_LEN(tests));
}
