/* SPDX-License-Identifier: BSD-2-Clause */
/* Engines and devices against OpenSSL's libcrypto: every combination, key size and many lengths. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_malloc.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "crypto/crypto.h"
#include "dp/engine.h"
#include "support/rng.h"

#define BUF_LEN 2048u
#define NPKT    32u

struct combo {
	enum alg_code enc, auth;
	uint16_t enc_len, auth_len;
	bool esn;
};

static const struct combo combos[] = {
	{ ALG_AES_GCM_16, ALG_CODE_NONE, 20, 0, false },
	{ ALG_AES_GCM_16, ALG_CODE_NONE, 28, 0, false },
	{ ALG_AES_GCM_16, ALG_CODE_NONE, 36, 0, false },
	{ ALG_AES_GCM_16, ALG_CODE_NONE, 20, 0, true },
	{ ALG_AES_GCM_16, ALG_CODE_NONE, 36, 0, true },
	{ ALG_AES_CBC, ALG_HMAC_SHA1, 16, 20, false },
	{ ALG_AES_CBC, ALG_HMAC_SHA256, 16, 32, false },
	{ ALG_AES_CBC, ALG_HMAC_SHA384, 24, 48, false },
	{ ALG_AES_CBC, ALG_HMAC_SHA512, 32, 64, false },
	{ ALG_AES_CBC, ALG_HMAC_SHA1, 32, 20, false },
	{ ALG_NULL_ENC, ALG_HMAC_SHA1, 0, 20, false },
	{ ALG_NULL_ENC, ALG_HMAC_SHA256, 0, 32, false },
	{ ALG_NULL_ENC, ALG_HMAC_SHA384, 0, 48, false },
	{ ALG_NULL_ENC, ALG_HMAC_SHA512, 0, 64, false },
	{ ALG_AES_CBC, ALG_HMAC_SHA1, 16, 20, true },
	{ ALG_AES_CBC, ALG_HMAC_SHA512, 32, 64, true },
	{ ALG_NULL_ENC, ALG_HMAC_SHA256, 0, 32, true },
};

/* A packet: 8 bytes of header, IV when it is authenticated in a row, text, ICV. */
struct packet {
	struct rte_mbuf *m;
	uint8_t *buf; /* data of m */
	uint8_t want[BUF_LEN], plain[BUF_LEN];
	uint8_t aad[12]; /* AEAD with ESN: not in the packet */
	uint32_t hi; /* ESN with a separate MAC: hashed behind the text */
	uint32_t head, text_len;
};

static struct crypto *crypto;
static struct lane lane;
static struct rte_mempool *pool;
static struct packet packets[NPKT];
static struct sa_rt *sas[ARRAY_LEN(combos)];
static struct sa_spec specs[ARRAY_LEN(combos)];
static unsigned int offered[ARRAY_LEN(combos)], noffered;
static const struct engine *engine;
static uint64_t rng;

static int
start(void **state)
{
	(void)state;
	pool = pkt_pool_create("pkts", 255, BUF_LEN + RTE_PKTMBUF_HEADROOM, 0);
	assert_non_null(pool);
	crypto = engine_open(engine, &lane);
	noffered = 0;
	for (unsigned int i = 0; i < ARRAY_LEN(combos); i++) {
		if (crypto_offers(crypto, alg_by_code(combos[i].enc), alg_by_code(combos[i].auth)))
			offered[noffered++] = i;
	}
	assert_int_equal(noffered,
		engine->device != NULL && strstr(engine->device, "gcm") != NULL ?
			5 :
			ARRAY_LEN(combos));
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
random_bytes(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)rng_next(&rng);
}

static void
open_all(void)
{
	for (unsigned int k = 0; k < noffered; k++) {
		const unsigned int i = offered[k];
		struct sa_spec *s = &specs[i];

		*s = (struct sa_spec){ .enc = alg_by_code(combos[i].enc),
			.auth = alg_by_code(combos[i].auth),
			.flags = combos[i].esn ? SA_F_ESN : 0 };
		s->enckey.len = combos[i].enc_len;
		s->authkey.len = combos[i].auth_len;
		random_bytes(s->enckey.b, s->enckey.len);
		random_bytes(s->authkey.b, s->authkey.len);
		sas[i] = rte_zmalloc(NULL, sizeof(struct sa_rt) + sizeof(struct sa_lc), 64);
		assert_non_null(sas[i]);
		sas[i]->cls = (uint8_t)s->enc->cls;
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
make_packet(struct packet *p, unsigned int combo, struct cop *cop)
{
	const struct sa_spec *s = &specs[combo];
	const bool cbc = s->enc->cls == ALG_CLASS_CBC, gcm = s->enc->cls == ALG_CLASS_GCM;
	const unsigned int blk = cbc ? 16 : 1;

	p->head = cbc ? 24u : 8u;
	p->text_len = (uint32_t)(blk + rng_next(&rng) % 1500 / blk * blk);
	random_bytes(p->buf, p->head + p->text_len);
	random_bytes(p->aad, sizeof(p->aad));
	p->hi = (uint32_t)rng_next(&rng);
	memset(p->buf + p->head + p->text_len, 0, 64);
	*cop = (struct cop){ .aad = p->buf,
		.text = p->buf + p->head,
		.text_len = p->text_len,
		.auth_len = p->head + p->text_len,
		.aad_len = 8,
		.icv = p->buf + p->head + p->text_len };
	if (gcm && combos[combo].esn) {
		cop->aad = p->aad;
		cop->aad_len = 12;
	}
	random_bytes(cop->iv, sizeof(cop->iv));
	if (cbc)
		memcpy(p->buf + 8, cop->iv, 16);
	memcpy(p->plain, p->buf, p->head + p->text_len);
	if (!gcm && combos[combo].esn) {
		memcpy(cop->icv, &p->hi, sizeof(p->hi));
		cop->auth_len += 4;
	}
	pkt_meta(p->m)->sa = sas[combo];
	pkt_meta(p->m)->flags = PKT_F_OUT;
}

/* Turn a sealed packet round, as xform does inbound: with ESN and a MAC the ICV makes room. */
static void
turn(struct packet *p, unsigned int combo, struct cop *cop)
{
	pkt_meta(p->m)->flags = 0;
	if (!combos[combo].esn || specs[combo].auth == NULL)
		return;
	memcpy(cop->tag, cop->icv, sas[combo]->icv_len);
	memcpy(cop->icv, &p->hi, sizeof(p->hi));
	cop->icv = cop->tag;
}

static void
openssl_gcm(const struct sa_spec *s, const struct packet *p, const struct cop *cop, uint8_t *out)
{
	const EVP_CIPHER *const cipher[] = { EVP_aes_128_gcm(), EVP_aes_192_gcm(),
		EVP_aes_256_gcm() };
	EVP_CIPHER_CTX *x = EVP_CIPHER_CTX_new();
	int n;

	assert_non_null(x);
	assert_int_equal(
		EVP_EncryptInit_ex(x, cipher[(s->enckey.len - 20) / 8], NULL, s->enckey.b, cop->iv),
		1);
	assert_int_equal(EVP_EncryptUpdate(x, NULL, &n, cop->aad == p->aad ? p->aad : p->plain,
				 (int)cop->aad_len),
		1);
	assert_int_equal(EVP_EncryptUpdate(x, out, &n, p->plain + p->head, (int)p->text_len), 1);
	assert_int_equal(EVP_EncryptFinal_ex(x, out + n, &n), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(x, EVP_CTRL_GCM_GET_TAG, 16, out + p->text_len), 1);
	EVP_CIPHER_CTX_free(x);
}

static const EVP_MD *
digest(enum alg_code code)
{
	switch (code) {
	case ALG_HMAC_SHA1:
		return EVP_sha1();
	case ALG_HMAC_SHA256:
		return EVP_sha256();
	case ALG_HMAC_SHA384:
		return EVP_sha384();
	default:
		return EVP_sha512();
	}
}

static void
openssl_cbc_hmac(
	const struct sa_spec *s, const struct packet *p, const struct cop *cop, uint8_t *out)
{
	const EVP_CIPHER *const cipher[] = { EVP_aes_128_cbc(), EVP_aes_192_cbc(),
		EVP_aes_256_cbc() };
	uint8_t message[BUF_LEN];
	uint8_t mac[64];
	int n;

	memcpy(message, p->plain, p->head + p->text_len);
	if (s->enc->cls == ALG_CLASS_CBC) {
		EVP_CIPHER_CTX *x = EVP_CIPHER_CTX_new();

		assert_non_null(x);
		assert_int_equal(EVP_EncryptInit_ex(x, cipher[(s->enckey.len - 16) / 8], NULL,
					 s->enckey.b, cop->iv),
			1);
		EVP_CIPHER_CTX_set_padding(x, 0);
		assert_int_equal(EVP_EncryptUpdate(x, message + p->head, &n, p->plain + p->head,
					 (int)p->text_len),
			1);
		EVP_CIPHER_CTX_free(x);
	}
	memcpy(message + p->head + p->text_len, &p->hi, sizeof(p->hi));
	assert_non_null(HMAC(digest(s->auth->code), s->authkey.b, s->authkey.len, message,
		cop->auth_len, mac, NULL));
	memcpy(out, message + p->head, p->text_len);
	memcpy(out + p->text_len, mac, s->auth->icv_len);
}

static void
check_burst(unsigned int n, unsigned int fixed)
{
	struct rte_mbuf *m[NPKT];
	unsigned int combo[NPKT];

	for (unsigned int i = 0; i < n; i++) {
		struct packet *p = &packets[i];

		combo[i] = fixed < ARRAY_LEN(combos) ? fixed : offered[rng_next(&rng) % noffered];
		make_packet(p, combo[i], &lane.cop[i]);
		if (specs[combo[i]].auth == NULL)
			openssl_gcm(&specs[combo[i]], p, &lane.cop[i], p->want);
		else
			openssl_cbc_hmac(&specs[combo[i]], p, &lane.cop[i], p->want);
		m[i] = p->m;
	}
	engine_run(&lane, 0, m, (uint16_t)n);
	for (unsigned int i = 0; i < n; i++) {
		assert_int_equal(pkt_meta(m[i])->flags, PKT_F_OUT);
		assert_memory_equal(lane.cop[i].text, packets[i].want,
			packets[i].text_len + sas[combo[i]]->icv_len);
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
		for (unsigned int round = 0; round < 20; round++)
			check_burst(1 + (unsigned int)(rng_next(&rng) % NPKT), offered[k]);
	}
	close_all();
}

static void
crypto_equals_openssl_for_mixed_bursts(void **state)
{
	(void)state;
	open_all();
	for (unsigned int round = 0; round < 200; round++)
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
	for (unsigned int round = 0; round < 200 * noffered; round++) {
		const unsigned int c = offered[round % noffered];
		struct cop *cop = &lane.cop[0];
		unsigned int len;
		size_t bit;

		make_packet(p, c, cop);
		engine_run(&lane, 0, &m, 1);
		/* The header of GCM with ESN is not what is authenticated, so its bits are spared. */
		len = p->head + p->text_len + sas[c]->icv_len;
		bit = rng_next(&rng) % (len * 8u);
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

			pkt_meta(m[i])->sa = sas[0];
			pkt_meta(m[i])->flags = PKT_F_OUT;
			lane.cop[i] = (struct cop){ .aad = data,
				.text = data + 8,
				.icv = data + 24,
				.text_len = 16,
				.aad_len = 8 };
		}
		done.n = sas[0]->crypto->submit(&lane, 0, m, NPKT);
		back += done.n;
		rte_pktmbuf_free_bulk(m, done.n);
	}
	assert_int_equal(crypto_inflight(&lane), sas[0]->lc[0].inflight);
	assert_int_equal(back + crypto_inflight(&lane) + lane.drop[DROP_CRYPTO_QUEUE], sent);
	/* The verdict still comes when nothing new is submitted, even for a dead SA. */
	atomic_store(&sas[0]->state, SA_DEAD);
	while (crypto_inflight(&lane) > 0 && rte_get_timer_cycles() < end) {
		done.n = 0;
		crypto_poll(&lane, &done);
		back += done.n;
		rte_pktmbuf_free_bulk(done.m, done.n);
	}
	assert_int_equal(back + lane.drop[DROP_CRYPTO_QUEUE], sent);
	assert_true((engine->device != NULL) == (lane.drop[DROP_CRYPTO_QUEUE] > 0));
	assert_int_equal(sas[0]->lc[0].inflight, 0);
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
		make_packet(&packets[i], 0, &lane.cop[i]);
		m[i] = packets[i].m;
	}
	assert_int_equal(sas[0]->crypto->submit(&lane, 0, m, NPKT), 0);
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
	assert_int_equal(crypto_sa_open(crypto, sa, &specs[0], 0, NULL), 0);
	make_packet(&packets[0], 0, cop);
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
		assert_int_equal(crypto_sa_open(crypto, many[i], &specs[0], 0, NULL), 0);
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
	for (unsigned int i = 0; i < ENGINES; i++) {
		engine = &engines[i];
		failed += cmocka_run_group_tests_name(engine->name, tests, start, stop);
	}
	return failed + (rte_eal_cleanup() != 0);
}
