/* SPDX-License-Identifier: BSD-2-Clause */
/* Engine "direct" against OpenSSL's libcrypto: every combination, key size and many lengths. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_malloc.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "crypto/crypto.h"
#include "support/rng.h"

#define BUF_LEN 2048u
#define NPKT    32u

struct combo {
	enum alg_code enc, auth;
	uint16_t enc_len, auth_len;
};

static const struct combo combos[] = {
	{ ALG_AES_GCM_16, ALG_CODE_NONE, 20, 0 },
	{ ALG_AES_GCM_16, ALG_CODE_NONE, 28, 0 },
	{ ALG_AES_GCM_16, ALG_CODE_NONE, 36, 0 },
	{ ALG_AES_CBC, ALG_HMAC_SHA1, 16, 20 },
	{ ALG_AES_CBC, ALG_HMAC_SHA256, 16, 32 },
	{ ALG_AES_CBC, ALG_HMAC_SHA384, 24, 48 },
	{ ALG_AES_CBC, ALG_HMAC_SHA512, 32, 64 },
	{ ALG_AES_CBC, ALG_HMAC_SHA1, 32, 20 },
	{ ALG_NULL_ENC, ALG_HMAC_SHA1, 0, 20 },
	{ ALG_NULL_ENC, ALG_HMAC_SHA256, 0, 32 },
	{ ALG_NULL_ENC, ALG_HMAC_SHA384, 0, 48 },
	{ ALG_NULL_ENC, ALG_HMAC_SHA512, 0, 64 },
};

/* A packet: 8 or 12 bytes of header, IV when it is authenticated in a row, text, ICV. */
struct packet {
	struct rte_mbuf *m;
	uint8_t buf[BUF_LEN], want[BUF_LEN], plain[BUF_LEN];
	uint32_t head, text_len;
};

static struct crypto *crypto;
static struct lane lane;
static struct rte_mempool *pool;
static struct packet packets[NPKT];
static struct sa_rt *sas[ARRAY_LEN(combos)];
static struct sa_spec specs[ARRAY_LEN(combos)];
static uint64_t rng;

static int
start(void **state)
{
	char *argv[] = { (char[]){ "test_crypto" }, (char[]){ "--no-huge" }, (char[]){ "-m" },
		(char[]){ "64" }, (char[]){ "--no-pci" }, (char[]){ "--no-telemetry" },
		(char[]){ "--no-shconf" }, (char[]){ "-l" }, (char[]){ "0" } };
	const struct crypto_conf conf = { .nworkers = 1, .calibrate = true };
	struct err err = { 0 };

	(void)state;
	rng = rng_seed("crypto");
	assert_true(rte_eal_init((int)ARRAY_LEN(argv), argv) >= 0);
	assert_int_equal(pkt_init(), 0);
	pool = pkt_pool_create("pkts", 255, RTE_MBUF_DEFAULT_BUF_SIZE, 0);
	assert_non_null(pool);
	crypto = crypto_new(&conf, &err);
	if (crypto == NULL)
		fail_msg("%s", err.text);
	assert_int_equal(crypto_lane_open(crypto, &lane), 0);
	for (unsigned int i = 0; i < NPKT; i++)
		packets[i].m = rte_pktmbuf_alloc(pool);
	return 0;
}

static int
stop(void **state)
{
	uint64_t created;
	uint64_t destroyed;

	(void)state;
	for (unsigned int i = 0; i < NPKT; i++)
		rte_pktmbuf_free(packets[i].m);
	crypto_session_counts(crypto, &created, &destroyed);
	assert_int_equal(created, destroyed);
	crypto_lane_close(crypto, &lane);
	crypto_free(crypto);
	rte_mempool_free(pool);
	return rte_eal_cleanup();
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
	for (size_t i = 0; i < ARRAY_LEN(combos); i++) {
		struct sa_spec *s = &specs[i];

		*s = (struct sa_spec){ .enc = alg_by_code(combos[i].enc),
			.auth = alg_by_code(combos[i].auth) };
		s->enckey.len = combos[i].enc_len;
		s->authkey.len = combos[i].auth_len;
		random_bytes(s->enckey.b, s->enckey.len);
		random_bytes(s->authkey.b, s->authkey.len);
		sas[i] = rte_zmalloc(NULL, sizeof(struct sa_rt), 64);
		assert_non_null(sas[i]);
		sas[i]->cls = (uint8_t)s->enc->cls;
		sas[i]->icv_len = s->auth != NULL ? s->auth->icv_len : s->enc->icv_len;
		assert_int_equal(crypto_sa_open(crypto, sas[i], s, 0, NULL), 0);
	}
}

static void
close_all(void)
{
	for (size_t i = 0; i < ARRAY_LEN(combos); i++) {
		crypto_sa_close(crypto, sas[i]);
		rte_free(sas[i]);
	}
}

static void
make_packet(struct packet *p, unsigned int combo, struct cop *cop)
{
	const struct sa_spec *s = &specs[combo];
	const bool cbc = s->enc->cls == ALG_CLASS_CBC;
	const unsigned int blk = cbc ? 16 : 1;
	const bool esn = s->enc->cls == ALG_CLASS_GCM && rng_next(&rng) % 2 == 0;

	p->head = (esn ? 12u : 8u) + (cbc ? 16u : 0u);
	p->text_len = (uint32_t)(blk + rng_next(&rng) % 1500 / blk * blk);
	random_bytes(p->buf, p->head + p->text_len);
	memset(p->buf + p->head + p->text_len, 0, 64);
	*cop = (struct cop){ .aad = p->buf,
		.text = p->buf + p->head,
		.text_len = p->text_len,
		.auth_len = p->head + p->text_len,
		.aad_len = (uint16_t)p->head,
		.icv = p->buf + p->head + p->text_len };
	random_bytes(cop->iv, sizeof(cop->iv));
	if (cbc)
		memcpy(p->buf + 8, cop->iv, 16);
	memcpy(p->plain, p->buf, p->head + p->text_len);
	pkt_meta(p->m)->sa = sas[combo];
	pkt_meta(p->m)->flags = PKT_F_OUT;
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
	assert_int_equal(EVP_EncryptUpdate(x, NULL, &n, p->plain, (int)p->head), 1);
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
	assert_non_null(HMAC(digest(s->auth->code), s->authkey.b, s->authkey.len, message,
		p->head + p->text_len, mac, NULL));
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

		combo[i] = fixed < ARRAY_LEN(combos) ?
			fixed :
			(unsigned int)(rng_next(&rng) % ARRAY_LEN(combos));
		make_packet(p, combo[i], &lane.cop[i]);
		if (specs[combo[i]].auth == NULL)
			openssl_gcm(&specs[combo[i]], p, &lane.cop[i], p->want);
		else
			openssl_cbc_hmac(&specs[combo[i]], p, &lane.cop[i], p->want);
		m[i] = p->m;
	}
	assert_int_equal(crypto_direct.submit(&lane, 0, m, (uint16_t)n), n);
	for (unsigned int i = 0; i < n; i++) {
		assert_int_equal(pkt_meta(m[i])->flags, PKT_F_OUT);
		assert_memory_equal(lane.cop[i].text, packets[i].want,
			packets[i].text_len + sas[combo[i]]->icv_len);
		pkt_meta(m[i])->flags = 0;
	}
	assert_int_equal(crypto_direct.submit(&lane, 0, m, (uint16_t)n), n);
	for (unsigned int i = 0; i < n; i++) {
		assert_int_equal(pkt_meta(m[i])->flags, 0);
		assert_memory_equal(
			packets[i].buf, packets[i].plain, packets[i].head + packets[i].text_len);
	}
}

static void
direct_equals_openssl_for_each_combination(void **state)
{
	(void)state;
	open_all();
	for (unsigned int c = 0; c < ARRAY_LEN(combos); c++) {
		for (unsigned int round = 0; round < 20; round++)
			check_burst(1 + (unsigned int)(rng_next(&rng) % NPKT), c);
	}
	close_all();
}

static void
direct_equals_openssl_for_mixed_bursts(void **state)
{
	(void)state;
	open_all();
	for (unsigned int round = 0; round < 200; round++)
		check_burst(1 + (unsigned int)(rng_next(&rng) % NPKT), UINT32_MAX);
	close_all();
}

static void
direct_refuses_every_flipped_bit(void **state)
{
	(void)state;
	open_all();
	for (unsigned int c = 0; c < ARRAY_LEN(combos); c++) {
		for (unsigned int round = 0; round < 200; round++) {
			struct packet *p = &packets[0];
			struct rte_mbuf *m = p->m;
			size_t bit;

			make_packet(p, c, &lane.cop[0]);
			crypto_direct.submit(&lane, 0, &m, 1);
			bit = rng_next(&rng) % ((p->head + p->text_len + sas[c]->icv_len) * 8u);
			p->buf[bit / 8] ^= (uint8_t)(1u << bit % 8);
			pkt_meta(m)->flags = 0;
			crypto_direct.submit(&lane, 0, &m, 1);
			assert_int_equal(pkt_meta(m)->flags, PKT_F_CRYPTO_FAIL);
		}
	}
	close_all();
}

static void
crypto_reports_all_passed_and_refuses_the_rest(void **state)
{
	unsigned int n;
	const struct crypto_report *r = crypto_reports(crypto, &n);
	struct sa_rt sa = { 0 };
	struct sa_spec spec = { .enc = alg_by_code(ALG_CAMELLIA_CBC),
		.auth = alg_by_code(ALG_HMAC_SHA1) };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(n, 19);
	for (unsigned int i = 0; i < n; i++)
		assert_true(r[i].passed && r[i].cycles_64 > 0);
	assert_int_equal(crypto_sa_open(crypto, &sa, &spec, 0, &err), -EOPNOTSUPP);
	assert_string_equal(err.text, "no crypto engine offers camellia-cbc with hmac-sha1");
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
		cmocka_unit_test(direct_equals_openssl_for_each_combination),
		cmocka_unit_test(direct_equals_openssl_for_mixed_bursts),
		cmocka_unit_test(direct_refuses_every_flipped_bit),
		cmocka_unit_test(crypto_reports_all_passed_and_refuses_the_rest),
		cmocka_unit_test(crypto_random_iv_never_repeats),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
