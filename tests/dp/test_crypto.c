/* SPDX-License-Identifier: BSD-2-Clause */
/* Engines and devices against OpenSSL's libcrypto: every combination, key size and many lengths. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_malloc.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "dp/crypto_model.h"
#include "dp/engine.h"
#include "support/rng.h"

#define BUF_LEN   2048u
#define NPKT      32u
#define COMBO_MAX 400u
#define AH_FIXED  12u /* bytes of AH before its ICV */
#define GUARD     32u /* bytes behind the ICV that nobody may touch */

/* One algorithm of each kind at most, and a key of the tested size or, where any will do, of any. */
struct combo {
	const struct alg *enc, *auth;
	uint16_t enc_len, auth_len;
	bool esn;
};

/* A packet: header, IV when it is authenticated in a row, text, ICV; or AH with its ICV inside. */
struct packet {
	struct rte_mbuf *m;
	uint8_t *buf; /* data of m */
	uint8_t want[BUF_LEN], plain[BUF_LEN];
	uint8_t aad[12]; /* AEAD with ESN: not in the packet */
	uint8_t guard[GUARD];
	uint32_t hi; /* ESN with a separate MAC: hashed behind the text */
	uint32_t head, text_len;
};

static struct crypto *crypto;
static struct lane lane;
static struct rte_mempool *pool;
static struct packet packets[NPKT];
static struct combo combos[COMBO_MAX];
static unsigned int ncombos;
static struct sa_rt *sas[COMBO_MAX];
static struct sa_spec specs[COMBO_MAX];
static unsigned int offered[COMBO_MAX], noffered;
static const struct engine *engine;
static uint64_t rng;

static void
add_combo(const struct alg *enc, unsigned int enc_bits, const struct alg *auth,
	unsigned int auth_bits)
{
	for (unsigned int esn = 0; esn < 2; esn++) {
		assert_true(ncombos < COMBO_MAX);
		combos[ncombos++] = (struct combo){ enc, auth, (uint16_t)(enc_bits / 8),
			(uint16_t)(auth_bits / 8), esn != 0 };
	}
}

/* Any legal key, drawn so that every size comes up in time. */
static unsigned int
some_key(const struct alg *a)
{
	if (a == NULL || a->key_step_bits == 0)
		return a == NULL ? 0 : a->key_min_bits;
	return a->key_min_bits +
		a->key_step_bits *
		(unsigned int)(rng_next(&rng) %
			((unsigned int)(a->key_max_bits - a->key_min_bits) / a->key_step_bits + 1));
}

static bool
is_for_esp(const struct alg *a)
{
	return a->kind == ALG_AUTH && a->code != ALG_TCP_MD5 && a->code != ALG_KEYED_MD5 &&
		a->code != ALG_KEYED_SHA1 && a->code != ALG_AES_GMAC_AUTH;
}

static void
add_cipher(const struct alg *enc)
{
	const struct alg *auth;

	add_combo(enc, some_key(enc), NULL, 0);
	for (size_t i = 0; (auth = alg_row(i)) != NULL; i++) {
		if (is_for_esp(auth))
			add_combo(enc, some_key(enc), auth, some_key(auth));
	}
}

/* All that the table of algorithms has: AEADs with each key size, ciphers with each MAC, and AH. */
static void
make_combos(void)
{
	const struct alg *a;

	ncombos = 0;
	for (size_t i = 0; (a = alg_row(i)) != NULL; i++) {
		if (a->cls == ALG_CLASS_UNSUPPORTED || a->kind == ALG_COMP ||
			a->code == ALG_TCP_MD5)
			continue;
		if (a->kind == ALG_ENC && !alg_is_aead(a)) {
			add_cipher(a);
			continue;
		}
		for (unsigned int bits = a->key_min_bits; bits <= a->key_max_bits;
			bits += a->key_step_bits) {
			if (a->kind == ALG_ENC)
				add_combo(a, bits, NULL, 0);
			else
				add_combo(NULL, 0, a, bits);
			if (a->key_step_bits == 0)
				break;
		}
	}
}

static void
random_bytes(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)rng_next(&rng);
}

/* An engine may do with one key size, or without ESN, what it cannot do with another, or with ESN. */
static bool
can_open(const struct combo *c)
{
	struct sa_rt *sa = rte_zmalloc(NULL, sizeof(*sa) + sizeof(struct sa_lc), 64);
	struct sa_spec s = { .enc = c->enc, .auth = c->auth, .flags = c->esn ? SA_F_ESN : 0 };
	int ret;

	assert_non_null(sa);
	s.enckey.len = c->enc_len;
	s.authkey.len = c->auth_len;
	random_bytes(s.enckey.b, s.enckey.len);
	random_bytes(s.authkey.b, s.authkey.len);
	ret = crypto_sa_open(crypto, sa, &s, 0, NULL);
	if (ret == 0)
		crypto_sa_close(crypto, sa);
	else
		assert_int_equal(ret, -EOPNOTSUPP);
	/* What is offered in general can be had in the particular, but for ESN on a device. */
	if (crypto_offers(crypto, c->enc, c->auth) && !c->esn)
		assert_int_equal(ret, 0);
	rte_free(sa);
	return ret == 0;
}

/* Pairs of algorithms, key sizes and ESN that an engine has, as its device lists them; 0 is all. */
static const unsigned int wanted[ENGINES_ALL] = { 0, 33, 157, 137, 4 };

static int
start(void **state)
{
	(void)state;
	pool = pkt_pool_create("pkts", 255, BUF_LEN + RTE_PKTMBUF_HEADROOM, 0);
	assert_non_null(pool);
	crypto = engine_open(engine, &lane);
	make_combos();
	noffered = 0;
	for (unsigned int i = 0; i < ncombos; i++) {
		if (can_open(&combos[i]))
			offered[noffered++] = i;
	}
	printf("%s: %u of %u combinations\n", engine->name, noffered, ncombos);
	assert_int_equal(
		noffered, wanted[engine - engines] != 0 ? wanted[engine - engines] : ncombos);
	for (unsigned int i = 0; i < NPKT; i++) {
		packets[i].m = rte_pktmbuf_alloc(pool);
		if (packets[i].m == NULL)
			abort();
		packets[i].buf = (uint8_t *)rte_pktmbuf_append(packets[i].m, BUF_LEN);
	}
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < NPKT; i++)
		rte_pktmbuf_free(packets[i].m);
	engine_close(crypto, &lane);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
	rte_mempool_free(pool);
	return 0;
}

static void
open_all(void)
{
	for (unsigned int k = 0; k < noffered; k++) {
		const unsigned int i = offered[k];
		struct sa_spec *s = &specs[i];

		*s = (struct sa_spec){ .enc = combos[i].enc,
			.auth = combos[i].auth,
			.flags = combos[i].esn ? SA_F_ESN : 0 };
		s->enckey.len = combos[i].enc_len;
		s->authkey.len = combos[i].auth_len;
		random_bytes(s->enckey.b, s->enckey.len);
		random_bytes(s->authkey.b, s->authkey.len);
		sas[i] = rte_zmalloc(NULL, sizeof(struct sa_rt) + sizeof(struct sa_lc), 64);
		assert_non_null(sas[i]);
		sas[i]->cls = (uint8_t)(s->enc != NULL ? s->enc->cls : s->auth->cls);
		sas[i]->icv_len = s->auth != NULL ? s->auth->icv_len : s->enc->icv_len;
		assert_int_equal(crypto_sa_open(crypto, sas[i], s, 0, NULL), 0);
	}
}

static void
close_all(void)
{
	for (unsigned int k = 0; k < noffered; k++) {
		crypto_sa_close(crypto, sas[offered[k]]);
		rte_free(sas[offered[k]]);
	}
}

static void
make_regions(struct packet *p, const struct combo *c, struct cop *cop)
{
	const bool aead = c->enc != NULL && alg_is_aead(c->enc);

	p->head = aead ? 8u : 8u + c->enc->iv_len;
	p->text_len = (uint32_t)(1 + rng_next(&rng) % 1500);
	if (c->enc->cls == ALG_CLASS_CBC)
		p->text_len = (p->text_len + c->enc->block - 1) / c->enc->block * c->enc->block;
	*cop = (struct cop){ .aad = p->buf,
		.text = p->buf + p->head,
		.text_len = p->text_len,
		.auth_len = p->head + p->text_len,
		.aad_len = 8,
		.icv = p->buf + p->head + p->text_len };
	if (aead && c->esn) {
		cop->aad = p->aad;
		cop->aad_len = 12;
	}
}

/* The ICV is hashed as zeros; ESN comes behind the payload (RFC 4302 3.3.3). */
static void
make_ah(struct packet *p, const struct combo *c, struct cop *cop)
{
	p->head = 0;
	p->text_len = (uint32_t)(AH_FIXED + c->auth->icv_len + rng_next(&rng) % 1500);
	*cop = (struct cop){ .aad = p->buf, .auth_len = p->text_len, .icv = p->buf + AH_FIXED };
}

static void
make_iv(struct packet *p, const struct combo *c, struct cop *cop)
{
	random_bytes(cop->iv, sizeof(cop->iv));
	if (c->enc == NULL)
		return;
	if (c->enc->cls == ALG_CLASS_CTR)
		memcpy(cop->iv + 12, "\0\0\0\1", 4);
	if (!alg_is_aead(c->enc))
		memcpy(p->buf + 8, cop->iv + c->enc->salt_len, c->enc->iv_len);
}

static void
make_packet(struct packet *p, unsigned int combo, struct cop *cop)
{
	const struct combo *c = &combos[combo];
	uint8_t *end;

	if (c->enc == NULL)
		make_ah(p, c, cop);
	else
		make_regions(p, c, cop);
	random_bytes(p->buf, p->head + p->text_len);
	random_bytes(p->aad, sizeof(p->aad));
	random_bytes(p->guard, sizeof(p->guard));
	make_iv(p, c, cop);
	p->hi = (uint32_t)rng_next(&rng);
	if (c->enc == NULL)
		memset(cop->icv, 0, c->auth->icv_len);
	memcpy(p->plain, p->buf, p->head + p->text_len);
	end = p->buf + p->head + p->text_len;
	if (c->enc != NULL)
		end += sas[combo]->icv_len;
	memcpy(end, p->guard, GUARD);
	if (c->auth != NULL && c->esn) {
		memcpy(p->buf + p->head + p->text_len, &p->hi, sizeof(p->hi));
		cop->auth_len += 4;
	}
	pkt_meta(p->m)->sa = sas[combo];
	pkt_meta(p->m)->flags = PKT_F_OUT;
}

/* Turn a sealed packet round, as xform does inbound: the ICV makes room for ESN, or for zeros in AH. */
static void
turn(struct packet *p, unsigned int combo, struct cop *cop)
{
	const struct combo *c = &combos[combo];

	pkt_meta(p->m)->flags = 0;
	if (c->auth == NULL || (c->enc != NULL && !c->esn))
		return;
	memcpy(cop->tag, cop->icv, sas[combo]->icv_len);
	if (c->enc == NULL)
		memset(cop->icv, 0, sas[combo]->icv_len);
	if (c->esn)
		memcpy(p->buf + p->head + p->text_len, &p->hi, sizeof(p->hi));
	cop->icv = cop->tag;
}

/* What is sealed is right, and nothing behind it was written to. */
static void
check_sealed(const struct packet *p, unsigned int combo, const struct cop *cop)
{
	const struct combo *c = &combos[combo];
	const uint8_t *end = cop->icv + sas[combo]->icv_len;

	if (c->enc == NULL) {
		assert_memory_equal(cop->icv, p->want, sas[combo]->icv_len);
		assert_memory_equal(p->buf, p->plain, AH_FIXED);
		assert_memory_equal(
			end, p->plain + (end - p->buf), p->text_len - (size_t)(end - p->buf));
		end = p->buf + p->text_len;
		if (c->esn)
			end += 4;
		assert_memory_equal(end, p->guard + (c->esn ? 4 : 0), GUARD - 4);
		return;
	}
	assert_memory_equal(cop->text, p->want, p->text_len + sas[combo]->icv_len);
	assert_memory_equal(end, p->guard, GUARD);
}

static void
check_burst(unsigned int n, unsigned int fixed)
{
	struct rte_mbuf *m[NPKT];
	unsigned int combo[NPKT];

	for (unsigned int i = 0; i < n; i++) {
		struct packet *p = &packets[i];

		combo[i] = fixed < COMBO_MAX ? fixed : offered[rng_next(&rng) % noffered];
		make_packet(p, combo[i], &lane.cop[i]);
		crypto_model(&specs[combo[i]], &lane.cop[i], p->want);
		m[i] = p->m;
	}
	engine_run(&lane, 0, m, (uint16_t)n);
	for (unsigned int i = 0; i < n; i++) {
		assert_int_equal(pkt_meta(m[i])->flags, PKT_F_OUT);
		check_sealed(&packets[i], combo[i], &lane.cop[i]);
		turn(&packets[i], combo[i], &lane.cop[i]);
	}
	engine_run(&lane, 0, m, (uint16_t)n);
	for (unsigned int i = 0; i < n; i++) {
		assert_int_equal(pkt_meta(m[i])->flags, 0);
		assert_memory_equal(
			packets[i].buf, packets[i].plain, packets[i].head + packets[i].text_len);
	}
}

static void
crypto_equals_openssl_for_each_combination(void **state)
{
	(void)state;
	open_all();
	for (unsigned int k = 0; k < noffered; k++) {
		for (unsigned int round = 0; round < 4; round++)
			check_burst(1 + (unsigned int)(rng_next(&rng) % NPKT), offered[k]);
	}
	close_all();
}

static void
crypto_equals_openssl_for_mixed_bursts(void **state)
{
	(void)state;
	open_all();
	for (unsigned int round = 0; round < 300; round++)
		check_burst(1 + (unsigned int)(rng_next(&rng) % NPKT), UINT32_MAX);
	close_all();
}

static void
crypto_refuses_every_flipped_bit(void **state)
{
	struct packet *p = &packets[0];
	struct rte_mbuf *m = p->m;

	(void)state;
	open_all();
	for (unsigned int round = 0; round < 40 * noffered; round++) {
		const unsigned int c = offered[round % noffered];
		struct cop *cop = &lane.cop[0];
		unsigned int len;
		size_t bit;

		if (sas[c]->icv_len == 0 ||
			(specs[c].auth != NULL && specs[c].auth->code == ALG_NULL_AUTH))
			continue;
		make_packet(p, c, cop);
		engine_run(&lane, 0, &m, 1);
		/* The header of GCM with ESN is not what is authenticated, so its bits are spared. */
		len = p->head + p->text_len + (specs[c].enc != NULL ? sas[c]->icv_len : 0u);
		bit = rng_next(&rng) % (len * UINT64_C(8));
		if (cop->aad == p->aad && bit < 64)
			p->aad[bit / 8] ^= (uint8_t)(1u << bit % 8);
		else
			p->buf[bit / 8] ^= (uint8_t)(1u << bit % 8);
		turn(p, c, cop);
		engine_run(&lane, 0, &m, 1);
		assert_int_equal(pkt_meta(m)->flags, PKT_F_CRYPTO_FAIL);
	}
	close_all();
}

/* Shares of one byte each: the queue of a device is smaller than what is thrown at it. */
static void
crypto_counts_what_a_full_queue_refuses(void **state)
{
	const uint64_t end = rte_get_timer_cycles() + 5 * rte_get_timer_hz();
	struct rte_mempool *many = pkt_pool_create("many", 2047, 512, 0);
	struct rte_mbuf *m[NPKT];
	struct pvec done = { 0 };
	unsigned int sent = 0, back = 0;

	(void)state;
	assert_non_null(many);
	open_all();
	lane.drop[DROP_CRYPTO_QUEUE] = 0;
	for (; sent < 1920; sent += NPKT) {
		assert_int_equal(rte_pktmbuf_alloc_bulk(many, m, NPKT), 0);
		for (unsigned int i = 0; i < NPKT; i++) {
			uint8_t *data = (uint8_t *)rte_pktmbuf_append(m[i], 64);

			pkt_meta(m[i])->sa = sas[offered[0]];
			pkt_meta(m[i])->flags = PKT_F_OUT;
			lane.cop[i] = (struct cop){ .aad = data,
				.text = data + 8,
				.icv = data + 24,
				.text_len = 16,
				.aad_len = 8 };
		}
		done.n = sas[offered[0]]->crypto->submit(&lane, 0, m, NPKT);
		back += done.n;
		rte_pktmbuf_free_bulk(m, done.n);
	}
	assert_int_equal(crypto_inflight(&lane), sas[offered[0]]->lc[0].inflight);
	assert_int_equal(back + crypto_inflight(&lane) + lane.drop[DROP_CRYPTO_QUEUE], sent);
	/* The verdict still comes when nothing new is submitted, even for a dead SA. */
	atomic_store(&sas[offered[0]]->state, SA_DEAD);
	while (crypto_inflight(&lane) > 0 && rte_get_timer_cycles() < end) {
		done.n = 0;
		crypto_poll(&lane, &done);
		back += done.n;
		rte_pktmbuf_free_bulk(done.m, done.n);
	}
	assert_int_equal(back + lane.drop[DROP_CRYPTO_QUEUE], sent);
	assert_true((engine->device != NULL) == (lane.drop[DROP_CRYPTO_QUEUE] > 0));
	assert_int_equal(sas[offered[0]]->lc[0].inflight, 0);
	close_all();
	assert_int_equal(rte_mempool_in_use_count(many), 0);
	rte_mempool_free(many);
}

/* A vector that is nearly full takes what fits; the rest waits in the device. */
static void
crypto_poll_respects_the_room_of_the_vector(void **state)
{
	struct pvec done = { .n = PVEC_MAX - 3 };
	struct rte_mbuf *m[NPKT];

	(void)state;
	if (engine->device == NULL)
		return;
	open_all();
	for (unsigned int i = 0; i < NPKT; i++) {
		make_packet(&packets[i], offered[0], &lane.cop[i]);
		m[i] = packets[i].m;
	}
	assert_int_equal(sas[offered[0]]->crypto->submit(&lane, 0, m, NPKT), 0);
	for (unsigned int i = 0; i < 100; i++)
		crypto_poll(&lane, &done);
	assert_int_equal(done.n, PVEC_MAX);
	assert_int_equal(crypto_inflight(&lane), NPKT - 3);
	done.n = 0;
	for (unsigned int i = 0; i < 100; i++)
		crypto_poll(&lane, &done);
	assert_int_equal(done.n, NPKT - 3);
	close_all();
}

/* An SA with a direction has no session for the other one, and a packet that wants it is lost. */
static void
crypto_drops_what_goes_the_wrong_way(void **state)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	struct sa_rt *sa = rte_zmalloc(NULL, sizeof(*sa) + sizeof(struct sa_lc), 64);
	struct cop *cop = &lane.cop[0];

	(void)state;
	if (m == NULL || sa == NULL)
		abort();
	open_all();
	sa->dir = DIR_OUT;
	assert_int_equal(crypto_sa_open(crypto, sa, &specs[offered[0]], 0, NULL), 0);
	make_packet(&packets[0], offered[0], cop);
	pkt_meta(m)->sa = sa;
	pkt_meta(m)->flags = 0;
	lane.drop[DROP_CRYPTO_ERROR] = 0;
	if (engine->device != NULL) {
		assert_int_equal(sa->crypto->submit(&lane, 0, &m, 1), 0);
		assert_int_equal(lane.drop[DROP_CRYPTO_ERROR], 1);
		assert_int_equal(crypto_inflight(&lane), 0);
	} else {
		rte_pktmbuf_free(m);
	}
	crypto_sa_close(crypto, sa);
	rte_free(sa);
	close_all();
}

static void
crypto_sessions_outgrow_the_first_pool(void **state)
{
	static struct sa_rt *many[700];

	(void)state;
	open_all();
	for (unsigned int i = 0; i < ARRAY_LEN(many); i++) {
		many[i] = rte_zmalloc(NULL, sizeof(struct sa_rt) + sizeof(struct sa_lc), 64);
		assert_non_null(many[i]);
		assert_int_equal(crypto_sa_open(crypto, many[i], &specs[offered[0]], 0, NULL), 0);
	}
	for (unsigned int i = 0; i < ARRAY_LEN(many); i++) {
		crypto_sa_close(crypto, many[i]);
		rte_free(many[i]);
	}
	close_all();
}

static void
crypto_reports_all_passed_and_refuses_the_rest(void **state)
{
	unsigned int n;
	const struct crypto_report *r = crypto_reports(crypto, &n);
	struct sa_rt sa = { 0 };
	struct sa_spec spec = { .enc = alg_by_code(ALG_TWOFISH_CBC),
		.auth = alg_by_code(ALG_HMAC_SHA1) };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(n, engine->rows);
	for (unsigned int i = 0; i < n; i++) {
		assert_true(r[i].passed && r[i].cycles_64 == 0);
		assert_string_equal(r[i].engine, engine->device != NULL ? "lookaside" : "direct");
		assert_memory_equal(r[i].device, engine->device != NULL ? engine->device : "",
			strlen(r[i].device) + (engine->device == NULL));
	}
	spec.enckey.len = 16;
	assert_int_equal(crypto_sa_open(crypto, &sa, &spec, 0, &err), -EOPNOTSUPP);
	assert_string_equal(err.text,
		"no crypto engine offers twofish-cbc and hmac-sha1 with a key of 128 bits");
}

static int
compare_iv(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

static void
crypto_random_iv_never_repeats(void **state)
{
	const size_t n = 100000;
	uint8_t(*iv)[16] = malloc(n * sizeof(*iv));

	(void)state;
	if (iv == NULL)
		abort();
	for (size_t i = 0; i < n; i++)
		crypto_random_iv(&lane, iv[i]);
	qsort(iv, n, sizeof(*iv), compare_iv);
	for (size_t i = 1; i < n; i++)
		assert_memory_not_equal(iv[i - 1], iv[i], 16);
	free(iv);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crypto_equals_openssl_for_each_combination),
		cmocka_unit_test(crypto_equals_openssl_for_mixed_bursts),
		cmocka_unit_test(crypto_refuses_every_flipped_bit),
		cmocka_unit_test(crypto_counts_what_a_full_queue_refuses),
		cmocka_unit_test(crypto_poll_respects_the_room_of_the_vector),
		cmocka_unit_test(crypto_drops_what_goes_the_wrong_way),
		cmocka_unit_test(crypto_sessions_outgrow_the_first_pool),
		cmocka_unit_test(crypto_reports_all_passed_and_refuses_the_rest),
		cmocka_unit_test(crypto_random_iv_never_repeats),
	};
	int failed = 0;

	rng = rng_seed("crypto");
	engine_eal();
	for (unsigned int i = 0; i < ENGINES_ALL; i++) {
		engine = &engines[i];
		failed += cmocka_run_group_tests_name(engine->name, tests, start, stop);
	}
	return failed + (rte_eal_cleanup() != 0);
}
