/* SPDX-License-Identifier: BSD-2-Clause */
/* ESP: padding of all kinds against libcrypto, the knobs that make bad packets, regions of every construction. */
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

#include "dp/crypto_model.h"
#include "dp/engine.h"
#include "dp/esp_peer.h"
#include "support/rng.h"
#include "wire/ip.h"

#define HI7 ((uint64_t)7 << 32)

/* ---- padding ---- */

static void
esp_padding_modes_seal_and_open(void **state)
{
	const uint32_t modes[3] = { SA_F_PAD_SEQ, SA_F_PAD_RAND, SA_F_PAD_ZERO };
	uint8_t inner[BUF_SIZE];
	struct rte_mbuf *m;

	(void)state;
	for (unsigned int i = 0; i < 9; i++) {
		struct peer peer = { .spec = make_spec(pick(3), AF_INET, false) };

		peer.spec.flags |= modes[i / 3];
		peer_open_spec(&peer);
		for (unsigned int len = 60; len < 80; len++) {
			const struct sealing s = { .payload = inner,
				.len = len,
				.seq = len,
				.next = 4,
				.more_blocks = len % 3 };

			m = inner_pkt(&peer, inner, len, AF_INET);
			assert_int_equal(out_burst(&m, 1), 1);
			check_opens(&peer, m, inner, len);
			/* Our own packet, opened by the SA's other end with the same flags. */
			peer.sa->rp->top = 0;
			memset(peer.sa->rp->bits, 0, sizeof(uint64_t));
			assert_int_equal(in_burst(&m, 1), 1);
			assert_memory_equal(rte_pktmbuf_mtod(m, void *), inner, len);
			rte_pktmbuf_free(m);
			m = sealed_pkt(&peer, &s);
			assert_int_equal(in_burst(&m, 1), 1);
			rte_pktmbuf_free(m);
		}
		peer_close(&peer);
	}
}

static void
esp_padding_is_checked_as_the_sa_says(void **state)
{
	const uint32_t modes[3] = { SA_F_PAD_SEQ, SA_F_PAD_RAND, SA_F_PAD_ZERO };
	uint8_t inner[60];
	struct rte_mbuf *m;

	(void)state;
	make_inner(inner, sizeof(inner), AF_INET, 0);
	for (unsigned int i = 0; i < 3; i++) {
		struct sealing s = { .payload = inner,
			.len = sizeof(inner),
			.seq = 1,
			.next = 4,
			.pad_xor = 0x40,
			.more_blocks = 1 };
		struct peer peer = { .spec = make_spec(pick(3), AF_INET, false) };

		peer.spec.flags |= modes[i];
		peer_open_spec(&peer);
		m = sealed_pkt(&peer, &s);
		assert_int_equal(in_burst(&m, 1), modes[i] == SA_F_PAD_RAND);
		rte_pktmbuf_free_bulk(&m, modes[i] == SA_F_PAD_RAND);
		s = (struct sealing){
			.payload = inner, .len = 60, .seq = 2, .next = 4, .pad_len_add = 200
		};
		expect_drop(sealed_pkt(&peer, &s), DROP_SEC_PAD);
		assert_int_equal(peer.sa->lc[0].bad_pad, modes[i] == SA_F_PAD_RAND ? 1 : 2);
		peer_close(&peer);
	}
}

/* RFC 4303 2.7: every packet of the tunnel has the same length, and the inner one tells its own. */
static void
esp_tunnel_hides_lengths(void **state)
{
	uint8_t inner[BUF_SIZE];
	struct rte_mbuf *m;

	(void)state;
	for (unsigned int i = 0; i < SUITES * 2; i++) {
		struct peer peer = { .spec = make_spec(pick(i / 2), AF_INET6, i & 1) };

		peer.spec.tfc_len = 301;
		peer_open_spec(&peer);
		for (unsigned int len = 40; len < 310; len += 29) {
			m = inner_pkt(&peer, inner, len, i & 1 ? AF_INET : AF_INET6);
			assert_int_equal(out_burst(&m, 1), 1);
			check_opens(&peer, m, inner, len);
			assert_int_equal(in_burst(&m, 1), 1);
			assert_int_equal(m->pkt_len, len);
			assert_memory_equal(rte_pktmbuf_mtod(m, void *), inner, len);
			rte_pktmbuf_free(m);
		}
		/* No room to hide it is no reason to show it. */
		peer.sa->tfc_len = BUF_SIZE;
		expect_out_drop(inner_pkt(&peer, inner, 40, AF_INET), DROP_OUT_NO_ROOM);
		peer_close(&peer);
	}
}

/* ---- the knobs that make bad packets ---- */

static void
esp_test_replay_repeats_numbers_but_no_iv(void **state)
{
	uint8_t inner[4][100], iv[4][8], *p;
	struct rte_mbuf *m[4];
	struct peer peer;

	(void)state;
	peer_open(&peer, &suites[0], AF_INET, false);
	knobs.test_replay = 1;
	for (unsigned int i = 0; i < 4; i++)
		m[i] = inner_pkt(&peer, inner[i], 100, AF_INET);
	assert_int_equal(out_burst(m, 2), 2);
	assert_int_equal(out_burst(m + 2, 2), 2);
	assert_int_equal(atomic_load(&peer.sa->seq), 1);
	for (unsigned int i = 0; i < 4; i++) {
		p = rte_pktmbuf_mtod(m[i], uint8_t *);
		assert_memory_equal(p + 24, "\0\0\0\1", 4);
		memcpy(iv[i], p + 28, 8);
		for (unsigned int k = 0; k < i; k++)
			assert_memory_not_equal(iv[i], iv[k], 8);
	}
	assert_int_equal(in_burst(m, 4), 1);
	assert_int_equal(lane->drop[DROP_SEC_REPLAY_DUP], 3);
	rte_pktmbuf_free(m[0]);
	/* Switched off, numbers go on behind the one that was repeated. */
	knobs.test_replay = 0;
	m[0] = inner_pkt(&peer, inner[0], 100, AF_INET);
	assert_int_equal(out_burst(m, 1), 1);
	assert_int_equal(atomic_load(&peer.sa->seq), 2);
	rte_pktmbuf_free(m[0]);
	peer_close(&peer);
}

/* With an implicit IV the number is the nonce: the knob has no say there. */
static void
esp_test_replay_leaves_implicit_ivs_alone(void **state)
{
	static const struct suite iiv[] = {
		{ "aes-gcm-16-iiv", NULL, 36, 0 },
		{ "chacha20-poly1305-iiv", NULL, 36, 0 },
	};
	uint8_t inner[100], seq[4] = { 0 };
	struct rte_mbuf *m[2];

	(void)state;
	for (unsigned int i = 0; i < ARRAY_LEN(iiv); i++) {
		struct peer peer;

		if (!suite_offered(&iiv[i]))
			continue;
		peer_open(&peer, &iiv[i], AF_INET, false);
		knobs.test_replay = 1;
		m[0] = inner_pkt(&peer, inner, 100, AF_INET);
		m[1] = inner_pkt(&peer, inner, 100, AF_INET);
		assert_int_equal(out_burst(m, 2), 2);
		knobs.test_replay = 0;
		for (unsigned int k = 0; k < 2; k++) {
			seq[3] = (uint8_t)(k + 1);
			assert_memory_equal(rte_pktmbuf_mtod(m[k], uint8_t *) + 24, seq, 4);
		}
		assert_int_equal(in_burst(m, 2), 2);
		rte_pktmbuf_free(m[0]);
		rte_pktmbuf_free(m[1]);
		peer_close(&peer);
	}
}

static void
esp_test_integrity_zeroes_the_icv(void **state)
{
	const uint8_t zero[64] = { 0 };
	uint8_t inner[100];
	struct rte_mbuf *m;

	(void)state;
	knobs.test_integrity = 1;
	for (unsigned int i = 0; i < SUITES; i++) {
		struct peer peer = { .spec = make_spec(pick(i), AF_INET6, false) };

		if (i & 1)
			set_natt(&peer.spec);
		peer_open_spec(&peer);
		m = inner_pkt(&peer, inner, 100, AF_INET);
		assert_int_equal(out_burst(&m, 1), 1);
		assert_memory_equal(
			rte_pktmbuf_mtod_offset(m, void *, m->pkt_len - peer.sa->icv_len), zero,
			peer.sa->icv_len);
		if (i & 1) {
			check_udp(rte_pktmbuf_mtod_offset(m, uint8_t *, 40),
				rte_pktmbuf_mtod(m, uint8_t *), m->pkt_len - 40);
			pkt_meta(m)->flags |= PKT_F_UDP;
		}
		expect_drop(m, DROP_SEC_AUTH);
		peer_close(&peer);
	}
	knobs.test_integrity = 0;
}

/* ---- what the engine is told, by class ---- */

static const struct construction {
	struct suite suite;
	const char *nonce; /* salt s, IV i, block counter c */
} constructions[] = {
	{ { "aes-gcm-8", NULL, 20, 0 }, "ssssiiiiiiii" },
	{ { "aes-gcm-16-iiv", NULL, 36, 0 }, "ssssiiiiiiii" },
	{ { "aes-ctr", "hmac-sha1", 20, 20 }, "ssssiiiiiiiicccc" },
	{ { "aes-ccm-12", NULL, 19, 0 }, "sssiiiiiiii" },
	{ { "aes-ccm-8-iiv", NULL, 35, 0 }, "sssiiiiiiii" },
	{ { "chacha20-poly1305", NULL, 36, 0 }, "ssssiiiiiiii" },
	{ { "chacha20-poly1305-iiv", NULL, 36, 0 }, "ssssiiiiiiii" },
	{ { "aes-gmac", NULL, 28, 0 }, "ssssiiiiiiii" },
};

static void
check_nonce(const struct construction *k, const struct peer *peer, const struct cop *cop,
	const uint8_t iv[8])
{
	const uint8_t *salt =
		peer->spec.enckey.b + peer->spec.enckey.len - peer->spec.enc->salt_len;
	unsigned int s = 0, v = 0, c = 0;

	for (unsigned int i = 0; k->nonce[i] != '\0'; i++) {
		if (k->nonce[i] == 's')
			assert_int_equal(cop->iv[i], salt[s++]);
		else if (k->nonce[i] == 'i')
			assert_int_equal(cop->iv[i], iv[v++]);
		else
			assert_int_equal(cop->iv[i], ++c == 4);
	}
	assert_int_equal(v, 8);
}

/* Regions of one ESP packet, the same for both directions. */
static void
check_cop(const struct construction *k, const struct peer *peer, struct rte_mbuf *m, uint64_t seq)
{
	const struct cop *cop = &lane->cop[0];
	const bool esn = peer->sa->esn, gmac = peer->spec.enc->cls == ALG_CLASS_GMAC;
	const uint64_t seq_be = rte_cpu_to_be_64(seq);
	const uint32_t spi_be = htonl(SPI);
	const unsigned int icv =
		peer->spec.auth != NULL ? peer->spec.auth->icv_len : peer->spec.enc->icv_len;
	uint8_t *esp = rte_pktmbuf_mtod_offset(m, uint8_t *, pkt_meta(m)->l4_off);
	const unsigned int len = pkt_meta(m)->l4_len, text = 8u + peer->spec.enc->iv_len;

	check_nonce(k, peer, cop, peer->spec.enc->iv_len > 0 ? esp + 8 : (const uint8_t *)&seq_be);
	assert_ptr_equal(cop->text, gmac ? esp + 8 : esp + text);
	assert_ptr_equal(cop->text + cop->text_len, esp + len - icv);
	if (peer->spec.auth != NULL) {
		assert_ptr_equal(cop->aad, esp);
		assert_int_equal(cop->auth_len, len - icv + (esn ? 4 : 0));
		return;
	}
	assert_ptr_equal(cop->icv, esp + len - icv);
	assert_int_equal(cop->aad_len, esn ? 12 : 8);
	assert_memory_equal(cop->aad, &spi_be, 4);
	assert_memory_equal(cop->aad + cop->aad_len - 4, (const uint8_t *)&seq_be + 4, 4);
	if (esn)
		assert_memory_equal(cop->aad + 4, &seq_be, 4);
}

/* One packet out and in again; what the engine makes of it is what the model says. */
static void
seal_and_open(const struct construction *k, struct peer *peer, uint64_t seq)
{
	uint8_t inner[100], want[256];
	struct rte_mbuf *m;
	const struct cop *cop = &lane->cop[0];

	atomic_store(&peer->sa->seq, seq - 1);
	peer->sa->rp->top = seq - 1;
	m = inner_pkt(peer, inner, 100, AF_INET);
	memset(lane->cop, 0xab, sizeof(*lane->cop));
	assert_int_equal(xform_esp.out_begin(lane, &m, 1), 1);
	check_cop(k, peer, m, seq);
	crypto_model(&peer->spec, cop, want);
	assert_int_equal(engine_run(lane, 0, &m, 1), 1);
	assert_int_equal(xform_esp.out_end(lane, &m, 1), 1);
	assert_memory_equal(cop->text, want, cop->text_len + peer->sa->icv_len);
	memset(lane->cop, 0xab, sizeof(*lane->cop));
	assert_int_equal(xform_esp.in_begin(lane, &m, 1), 1);
	check_cop(k, peer, m, seq);
	assert_int_equal(engine_run(lane, 0, &m, 1), 1);
	assert_int_equal(xform_esp.in_end(lane, &m, 1), 1);
	assert_int_equal(m->pkt_len, 100);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), inner, 100);
	rte_pktmbuf_free(m);
}

static void
esp_regions_and_nonces_of_every_construction(void **state)
{
	unsigned int done = 0;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(constructions) * 2; i++) {
		const struct construction *k = &constructions[i / 2];
		const bool esn = (i & 1) != 0;
		struct peer peer;

		assert_non_null(alg_by_name(ALG_ENC, k->suite.enc));
		if (!suite_offered(&k->suite))
			continue;
		/* Look-aside devices want one region for GMAC: the high word has no place in it. */
		if (esn && engine_now->engine != CRYPTO_DIRECT &&
			strcmp(k->suite.enc, "aes-gmac") == 0)
			continue;
		peer_open(&peer, &k->suite, AF_INET, esn);
		seal_and_open(k, &peer, esn ? HI7 + 5 : 5);
		seal_and_open(k, &peer, esn ? (HI7 << 1) - 1 : UINT32_MAX);
		peer_close(&peer);
		done++;
	}
	/* The direct engine has them all. */
	assert_true(done == RTE_DIM(constructions) * 2 || engine_now->engine != CRYPTO_DIRECT);
}

/* Twelve zero bytes (null) or none; no window, which anybody could move. */
static void
esp_without_integrity(void **state)
{
	const struct suite null = { "null", "null", 0, 0 }, bare = { "aes-cbc", NULL, 16, 0 };
	uint8_t inner[100], *icv;

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		struct peer peer = { .spec = make_spec(i ? &bare : &null, AF_INET, false) };
		struct err err = { 0 };
		struct rte_mbuf *m;

		peer.sa = rte_zmalloc("sa", sizeof(*peer.sa) + sizeof(struct sa_lc), 64);
		assert_non_null(peer.sa);
		assert_int_equal(xform_esp.sa_init(peer.sa, &peer.spec, &knobs, &err), 0);
		assert_true(peer.sa->auth == 0 && peer.sa->rp == NULL);
		assert_int_equal(peer.sa->icv_len, i ? 0 : 12);
		m = inner_pkt(&peer, inner, 100, AF_INET);
		assert_int_equal(xform_esp.out_begin(lane, &m, 1), 1);
		assert_int_equal(lane->cop[0].auth_len, 0);
		assert_int_equal(xform_esp.out_end(lane, &m, 1), 1);
		icv = rte_pktmbuf_mtod_offset(m, uint8_t *, m->pkt_len - 12);
		if (!i)
			assert_memory_equal(icv, "\0\0\0\0\0\0\0\0\0\0\0\0", 12);
		assert_int_equal(xform_esp.in_begin(lane, &m, 1), 1);
		assert_int_equal(lane->cop[0].auth_len, 0);
		assert_int_equal(xform_esp.in_end(lane, &m, 1), 1);
		assert_memory_equal(rte_pktmbuf_mtod(m, void *), inner, 100);
		rte_pktmbuf_free(m);
		if (!i) {
			m = inner_pkt(&peer, inner, 100, AF_INET);
			assert_int_equal(xform_esp.out_begin(lane, &m, 1), 1);
			*rte_pktmbuf_mtod_offset(m, uint8_t *, m->pkt_len - 1) = 1;
			memset(lane->drop, 0, sizeof(lane->drop));
			assert_int_equal(xform_esp.out_end(lane, &m, 1), 1);
			assert_int_equal(xform_esp.in_begin(lane, &m, 1), 1);
			assert_int_equal(xform_esp.in_end(lane, &m, 1), 0);
			assert_int_equal(lane->drop[DROP_SEC_AUTH], 1);
			assert_int_equal(peer.sa->lc[0].auth_fail, 1);
		}
		xform_esp.sa_fini(peer.sa);
		rte_free(peer.sa);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(esp_padding_modes_seal_and_open),
		cmocka_unit_test(esp_padding_is_checked_as_the_sa_says),
		cmocka_unit_test(esp_tunnel_hides_lengths),
		cmocka_unit_test(esp_test_replay_repeats_numbers_but_no_iv),
		cmocka_unit_test(esp_test_replay_leaves_implicit_ivs_alone),
		cmocka_unit_test(esp_test_integrity_zeroes_the_icv),
		cmocka_unit_test(esp_regions_and_nonces_of_every_construction),
		cmocka_unit_test(esp_without_integrity),
	};
	const struct engine_group group = { .start = peers_start, .stop = peers_stop };

	rng = rng_seed("esp_forms");
	knobs = (struct knobs)KNOBS_INIT;
	engine_eal();
	return engine_groups(&group, tests, ARRAY_LEN(tests));
}
