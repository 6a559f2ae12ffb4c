/* SPDX-License-Identifier: BSD-2-Clause */
/* Known-answer tests of an engine before it may touch a packet, and a short calibration. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_malloc.h>

#include "base/hex.h"
#include "base/log.h"
#include "base/secret.h"
#include "crypto/crypto_priv.h"

#define TEXT_LEN 32u
#define BUF_LEN  2048u

/*
 * Answers computed with OpenSSL for fixed inputs: encryption key 00 01 02 ..., authentication key
 * 40 41 42 ..., 8 bytes a0 a1 ... of header, IV b0 b1 ... (12 bytes with GCM), text c0 c1 ... (32).
 * The answer is ciphertext || ICV.
 */
static const struct kat {
	enum alg_code enc, auth;
	uint8_t enc_len, auth_len; /* bytes; GCM includes the salt */
	const char *answer;
} kats[] = {
	{ ALG_AES_GCM_16, ALG_CODE_NONE, 20, 0,
		"9e08725e0352edf876e391cd19b7d129098285a41d37c131792fdd6266cefc18"
		"acdd2beecd671ecc29791c12a32086a8" },
	{ ALG_AES_GCM_16, ALG_CODE_NONE, 28, 0,
		"7c279194cc931bd2dfdf5ccd448dabdd45f3278ee4c854a1b127816ef2ae64c0"
		"4bde46553e6c32ef6886d656cfe7e403" },
	{ ALG_AES_GCM_16, ALG_CODE_NONE, 36, 0,
		"5994986828087d988f315d690190460d54ed9b01c1fb59e28617582a805f2cc9"
		"c5b1c4cdb51704181a07d37033339809" },
	{ ALG_AES_CBC, ALG_HMAC_SHA1, 16, 20,
		"4cd8ba79a9f1e320aa59c44334601a713cdbc3a0b33cacacebc7044864cee5d6"
		"979b689fa6b265a3b1ff3331" },
	{ ALG_AES_CBC, ALG_HMAC_SHA256, 16, 32,
		"4cd8ba79a9f1e320aa59c44334601a713cdbc3a0b33cacacebc7044864cee5d6"
		"d4c5cfa039dfca8b6df48f95eee2ea69" },
	{ ALG_AES_CBC, ALG_HMAC_SHA384, 16, 48,
		"4cd8ba79a9f1e320aa59c44334601a713cdbc3a0b33cacacebc7044864cee5d6"
		"fd66848a40daed2f5a49e8eafc2d578aca654db5f016cdef" },
	{ ALG_AES_CBC, ALG_HMAC_SHA512, 16, 64,
		"4cd8ba79a9f1e320aa59c44334601a713cdbc3a0b33cacacebc7044864cee5d6"
		"2f36208a242c657a1deacd6ed967f304998263d2550dba03196ef2afd4c07e2f" },
	{ ALG_AES_CBC, ALG_HMAC_SHA1, 24, 20,
		"def1a6d511f3c8a598bbc8984f45df98e825e9a6fc20e91129110a040de446bb"
		"f45fd80fe6b8c5092da43fbe" },
	{ ALG_AES_CBC, ALG_HMAC_SHA256, 24, 32,
		"def1a6d511f3c8a598bbc8984f45df98e825e9a6fc20e91129110a040de446bb"
		"52c62885a8a8fb60de0a276d50a209d8" },
	{ ALG_AES_CBC, ALG_HMAC_SHA384, 24, 48,
		"def1a6d511f3c8a598bbc8984f45df98e825e9a6fc20e91129110a040de446bb"
		"287fb1b5d12491ffbbd4b1e8a8d69d9ea392fe3fcef47aab" },
	{ ALG_AES_CBC, ALG_HMAC_SHA512, 24, 64,
		"def1a6d511f3c8a598bbc8984f45df98e825e9a6fc20e91129110a040de446bb"
		"7b3e21d6372219dad6b07ba303ff7af03fabb70584d1883abe80e2bdf4f9ea15" },
	{ ALG_AES_CBC, ALG_HMAC_SHA1, 32, 20,
		"5b3126421a3eb99c6b26b7605efa33b32ad75fad75a4bec43cf3ed5ed8e107ca"
		"f078f497c57d28e6c4b8197a" },
	{ ALG_AES_CBC, ALG_HMAC_SHA256, 32, 32,
		"5b3126421a3eb99c6b26b7605efa33b32ad75fad75a4bec43cf3ed5ed8e107ca"
		"dc249cfbda4218c5b6a45f49a3a99e4c" },
	{ ALG_AES_CBC, ALG_HMAC_SHA384, 32, 48,
		"5b3126421a3eb99c6b26b7605efa33b32ad75fad75a4bec43cf3ed5ed8e107ca"
		"3252e4e9c9619683f286bec7247d1e0ebc1e8ff20a69f231" },
	{ ALG_AES_CBC, ALG_HMAC_SHA512, 32, 64,
		"5b3126421a3eb99c6b26b7605efa33b32ad75fad75a4bec43cf3ed5ed8e107ca"
		"11d658d048ca0e8f893f525092c2a9a8713266e3e968a545ea5234c84b904752" },
	{ ALG_NULL_ENC, ALG_HMAC_SHA1, 0, 20,
		"c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
		"3d09fa56fdb3e2afde2bcd96" },
	{ ALG_NULL_ENC, ALG_HMAC_SHA256, 0, 32,
		"c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
		"49d733871a5e37b27bf98587579c2018" },
	{ ALG_NULL_ENC, ALG_HMAC_SHA384, 0, 48,
		"c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
		"5b102eeb34f9d3c075eb68e9cd11d6d75c88dc8979f84bfe" },
	{ ALG_NULL_ENC, ALG_HMAC_SHA512, 0, 64,
		"c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
		"91cc3d0f3092d5c425caa2f10400300c7cfbf1572267d036e93d4663806218f9" },
};

/* One packet outside any pool: the engines look at its metadata only. */
struct bench {
	struct rte_mbuf *m;
	struct sa_rt *sa;
	struct lane lane;
	uint8_t buf[BUF_LEN];
};

static void
fill(uint8_t *p, size_t n, uint8_t first)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(first + i);
}

static void
make_spec(const struct kat *k, struct sa_spec *spec)
{
	*spec = (struct sa_spec){ .enc = alg_by_code(k->enc), .auth = alg_by_code(k->auth) };
	spec->enckey.len = k->enc_len;
	fill(spec->enckey.b, k->enc_len, 0);
	spec->authkey.len = k->auth_len;
	fill(spec->authkey.b, k->auth_len, 0x40);
}

/* Lay out header, IV and text as ESP does: HMAC covers them in a row. */
static void
make_cop(const struct kat *k, struct bench *b, uint32_t text_len)
{
	struct cop *cop = b->lane.cop;
	const size_t iv_len = k->enc == ALG_AES_CBC ? 16 : 0;

	*cop = (struct cop){ .aad = b->buf, .aad_len = 8, .text = b->buf + 8 + iv_len };
	fill(b->buf, 8, 0xa0);
	fill(b->buf + 8, iv_len, 0xb0);
	fill(cop->iv, sizeof(cop->iv), 0xb0);
	fill(cop->text, text_len, 0xc0);
	cop->text_len = text_len;
	cop->auth_len = (uint32_t)(8 + iv_len + text_len);
	cop->icv = cop->text + text_len;
}

static bool
run(struct bench *b, bool out)
{
	struct pkt_meta *meta = pkt_meta(b->m);

	meta->sa = b->sa;
	meta->flags = out ? PKT_F_OUT : 0;
	crypto_direct.submit(&b->lane, 0, &b->m, 1);
	return (meta->flags & (PKT_F_CRYPTO_FAIL | PKT_F_CRYPTO_ERR)) == 0;
}

static bool
answer_is_right(const struct kat *k, struct bench *b)
{
	uint8_t want[128];
	const int n = hex_decode(k->answer, strlen(k->answer), want, sizeof(want));
	struct cop *cop = b->lane.cop;
	uint8_t *text;

	make_cop(k, b, TEXT_LEN);
	text = cop->text;
	if (n < 0 || !run(b, true) || memcmp(text, want, (size_t)n) != 0)
		return false;
	if (!run(b, false))
		return false;
	for (unsigned int i = 0; i < TEXT_LEN; i++) {
		if (text[i] != 0xc0 + i)
			return false;
	}
	/* And it must be able to say no. */
	make_cop(k, b, TEXT_LEN);
	memcpy(text, want, (size_t)n);
	text[TEXT_LEN] ^= 1;
	return !run(b, false);
}

static uint32_t
cycles(const struct kat *k, struct bench *b, uint32_t text_len)
{
	uint64_t best = UINT64_MAX;

	for (unsigned int slice = 0; slice < 20; slice++) {
		uint64_t start = rte_rdtsc();

		for (unsigned int i = 0; i < 32; i++) {
			make_cop(k, b, text_len);
			(void)run(b, true);
		}
		start = (rte_rdtsc() - start) / 32;
		best = start < best ? start : best;
	}
	return (uint32_t)best;
}

static int
run_one(struct crypto *c, const struct kat *k, struct bench *b, struct crypto_report *r)
{
	struct sa_spec spec;
	int ret;

	make_spec(k, &spec);
	*r = (struct crypto_report){ .engine = crypto_direct.name,
		.device = "",
		.enc = spec.enc,
		.auth = spec.auth,
		.key_bits = (uint16_t)(k->enc_len * 8u) };
	b->sa->cls = (uint8_t)spec.enc->cls;
	b->sa->icv_len = spec.auth != NULL ? spec.auth->icv_len : spec.enc->icv_len;
	ret = crypto_direct.sa_open(c, b->sa, &spec, NULL);
	sa_spec_wipe(&spec);
	if (ret == -ENOMEM)
		return ret;
	if (ret != 0)
		return 0; /* not offered, no reason to stop */
	r->passed = answer_is_right(k, b);
	if (r->passed && c->conf.calibrate) {
		r->cycles_64 = cycles(k, b, 64);
		r->cycles_1420 = cycles(k, b, 1424);
	}
	crypto_direct.sa_close(c, b->sa);
	if (!r->passed)
		log_warn("crypto: %s with %s of %s fails its known-answer test and is not offered",
			r->enc->name, r->auth != NULL ? r->auth->name : "itself", r->engine);
	else if (c->conf.calibrate)
		log_info("crypto: %s %s %s/%u: %u cycles for 64 bytes, %u for 1420", r->engine,
			r->enc->name, r->auth != NULL ? r->auth->name : "aead", r->key_bits,
			r->cycles_64, r->cycles_1420);
	return 0;
}

int
selftest_run(struct crypto *c, struct err *err)
{
	struct bench *b = rte_zmalloc("selftest", sizeof(*b), RTE_CACHE_LINE_SIZE);
	int ret = -ENOMEM;

	if (b == NULL)
		return err_set(err, ret, "no memory for the crypto self-test");
	b->m = rte_zmalloc("selftest", sizeof(*b->m), RTE_CACHE_LINE_SIZE);
	b->sa = rte_zmalloc("selftest", sizeof(*b->sa), RTE_CACHE_LINE_SIZE);
	if (b->m != NULL && b->sa != NULL)
		ret = crypto_lane_open(c, &b->lane);
	for (size_t i = 0; ret == 0 && i < ARRAY_LEN(kats); i++)
		ret = run_one(c, &kats[i], b, &c->report[c->nreport++]);
	if (b->lane.crypto != NULL)
		crypto_lane_close(c, &b->lane);
	rte_free(b->sa);
	rte_free(b->m);
	rte_free(b);
	return ret == 0 ? 0 : err_set(err, ret, "the crypto self-test could not run");
}
