/* SPDX-License-Identifier: BSD-2-Clause */
#include "esp_peer.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <rte_malloc.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "dp/engine.h"
#include "support/rng.h"
#include "wire/ip.h"

struct rte_mempool *pool;
struct lane *lane;
struct crypto *crypto;
struct knobs knobs;
uint64_t rng;

const struct suite suites[SUITES] = {
	{ "aes-gcm-16", NULL, 20, 0 },
	{ "aes-gcm-16", NULL, 28, 0 },
	{ "aes-gcm-16", NULL, 36, 0 },
	{ "aes-cbc", "hmac-sha1", 16, 20 },
	{ "aes-cbc", "hmac-sha256", 24, 32 },
	{ "aes-cbc", "hmac-sha512", 32, 64 },
	{ "null", "hmac-sha256", 0, 32 },
	{ "null", "hmac-sha384", 0, 48 },
};

/* ---- libcrypto ---- */

struct gcm {
	const uint8_t *iv, *aad;
	int aad_len;
	uint8_t *text;
	int len;
	uint8_t *tag;
};

static bool
run_gcm(const struct sa_spec *spec, const struct gcm *g, bool seal)
{
	const EVP_CIPHER *const ciphers[] = { EVP_aes_128_gcm(), EVP_aes_192_gcm(),
		EVP_aes_256_gcm() };
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0;
	bool ok;

	ok = ctx != NULL &&
		EVP_CipherInit_ex(ctx, ciphers[(spec->enckey.len - 20) / 8], NULL, spec->enckey.b,
			g->iv, seal) == 1 &&
		EVP_CipherUpdate(ctx, NULL, &n, g->aad, g->aad_len) == 1 &&
		EVP_CipherUpdate(ctx, g->text, &n, g->text, g->len) == 1;
	if (ok && !seal)
		ok = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, 16, g->tag) == 1;
	ok = ok && EVP_CipherFinal_ex(ctx, g->text + g->len, &n) == 1;
	if (ok && seal)
		ok = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, g->tag) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

static void
run_cbc(const struct sa_spec *spec, const uint8_t *iv, uint8_t *text, int len, bool seal)
{
	const EVP_CIPHER *const ciphers[] = { EVP_aes_128_cbc(), EVP_aes_192_cbc(),
		EVP_aes_256_cbc() };
	EVP_CIPHER_CTX *ctx;
	int n = 0;

	if (spec->enc->cls == ALG_CLASS_NULL)
		return;
	ctx = EVP_CIPHER_CTX_new();
	assert_non_null(ctx);
	assert_int_equal(EVP_CipherInit_ex(ctx, ciphers[(spec->enckey.len - 16) / 8], NULL,
				 spec->enckey.b, iv, seal),
		1);
	EVP_CIPHER_CTX_set_padding(ctx, 0);
	assert_int_equal(EVP_CipherUpdate(ctx, text, &n, text, len), 1);
	assert_int_equal(n, len);
	EVP_CIPHER_CTX_free(ctx);
}

static void
run_mac(const struct sa_spec *spec, const uint8_t *p, size_t len, uint8_t out[64])
{
	const EVP_MD *md = EVP_sha1();

	if (spec->auth->code == ALG_HMAC_SHA256)
		md = EVP_sha256();
	if (spec->auth->code == ALG_HMAC_SHA384)
		md = EVP_sha384();
	if (spec->auth->code == ALG_HMAC_SHA512)
		md = EVP_sha512();
	assert_non_null(HMAC(md, spec->authkey.b, spec->authkey.len, p, len, out, NULL));
}

/* ---- the path under test ---- */

void
peers_start(const struct engine *e)
{
	pool = pkt_pool_create("esp", 1023, BUF_SIZE + RTE_PKTMBUF_HEADROOM, 0);
	lane = rte_zmalloc("lane", sizeof(*lane), RTE_CACHE_LINE_SIZE);
	if (pool == NULL || lane == NULL)
		abort();
	lane->knobs = &knobs;
	crypto = engine_open(e, lane);
}

void
peers_stop(void)
{
	engine_close(crypto, lane);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
	rte_free(lane);
	rte_mempool_free(pool);
}

uint16_t
out_burst(struct rte_mbuf **m, uint16_t n)
{
	n = xform_esp.out_begin(lane, m, n);
	n = engine_run(lane, 0, m, n);
	return xform_esp.out_end(lane, m, n);
}

uint16_t
in_burst(struct rte_mbuf **m, uint16_t n)
{
	n = xform_esp.in_begin(lane, m, n);
	n = engine_run(lane, 0, m, n);
	return xform_esp.in_end(lane, m, n);
}

/* ---- SAs and packets ---- */

struct addr
end_point(uint8_t af, uint8_t last)
{
	const uint8_t b4[4] = { 192, 0, 2, last };
	const uint8_t b6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = last };

	return addr_make(af, af == AF_INET ? b4 : b6);
}

bool
suite_offered(const struct suite *s)
{
	return crypto_offers(crypto, alg_by_name(ALG_ENC, s->enc),
		s->auth != NULL ? alg_by_name(ALG_AUTH, s->auth) : NULL);
}

const struct suite *
pick(unsigned int i)
{
	return &suites[suite_offered(&suites[i]) ? i : 0];
}

struct sa_spec
make_spec(const struct suite *s, uint8_t outer_af, bool esn)
{
	struct sa_spec spec = { .spi = SPI, .window_pkts = WINDOW };

	spec.idx.proto = IPPROTO_ESP;
	spec.idx.mode = MODE_TUNNEL;
	spec.idx.reqid = 77;
	spec.idx.src = end_point(outer_af, 1);
	spec.idx.dst = end_point(outer_af, 2);
	spec.enc = alg_by_name(ALG_ENC, s->enc);
	spec.auth = s->auth == NULL ? NULL : alg_by_name(ALG_AUTH, s->auth);
	spec.enckey.len = s->enckey_len;
	spec.authkey.len = s->authkey_len;
	for (unsigned int i = 0; i < sizeof(spec.enckey.b); i++) {
		spec.enckey.b[i] = (uint8_t)rng_next(&rng);
		spec.authkey.b[i] = (uint8_t)rng_next(&rng);
	}
	spec.flags = esn ? SA_F_ESN : 0;
	return spec;
}

void
peer_open(struct peer *p, const struct suite *s, uint8_t outer_af, bool esn)
{
	p->spec = make_spec(s, outer_af, esn);
	peer_open_spec(p);
}

void
peer_open_spec(struct peer *p)
{
	struct err err = { 0 };

	p->sa = rte_zmalloc("sa", sizeof(*p->sa) + sizeof(struct sa_lc), RTE_CACHE_LINE_SIZE);
	if (p->sa == NULL)
		abort();
	if (xform_esp.sa_init(p->sa, &p->spec, &knobs, &err) != 0 ||
		crypto_sa_open(crypto, p->sa, &p->spec, 0, &err) != 0)
		fail_msg("%s", err.text);
	atomic_store(&p->sa->state, SA_MATURE);
	memset(lane->drop, 0, sizeof(lane->drop));
}

void
peer_close(struct peer *p)
{
	crypto_sa_close(crypto, p->sa);
	xform_esp.sa_fini(p->sa);
	assert_null(p->sa->rp);
	rte_free(p->sa);
}

void
make_inner(uint8_t *p, unsigned int len, uint8_t af, uint8_t tos)
{
	struct ip4 h4 = { .ver_ihl = 0x45,
		.tos = tos,
		.len_be = htons((uint16_t)len),
		.ttl = 9,
		.proto = IPPROTO_UDP,
		.frag_be = htons(IP4_DF),
		.src = { 10, 1, 0, 1 },
		.dst = { 10, 2, 0, 1 } };
	struct ip6 h6 = { .vtf_be = htonl(6u << 28 | (uint32_t)tos << 20),
		.next = IPPROTO_UDP,
		.plen_be = htons((uint16_t)(len - sizeof(h6))),
		.hop_limit = 9 };

	for (unsigned int i = 0; i < len; i++)
		p[i] = (uint8_t)rng_next(&rng);
	h4.csum_be = ip4_csum(&h4, sizeof(h4));
	if (af == AF_INET)
		memcpy(p, &h4, sizeof(h4));
	else
		memcpy(p, &h6, sizeof(h6));
}

struct rte_mbuf *
wrap(const struct peer *peer, const uint8_t *p, unsigned int len, uint8_t af)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	const uint16_t ip_len = af == AF_INET ? 20 : 40;
	uint8_t *data;

	if (m == NULL)
		abort();
	/* Fourteen bytes in front and link padding behind, as a packet from a port has. */
	data = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(14 + len + 6));
	assert_non_null(data);
	memset(data, 0xee, 14 + len + 6);
	memcpy(data + 14, p, len);
	*pkt_meta(m) = (struct pkt_meta){ .sa = peer->sa,
		.l3_off = 14,
		.l4_off = 14 + ip_len,
		.l4_len = (uint16_t)(len - ip_len),
		.af = af };
	return m;
}

struct rte_mbuf *
inner_pkt(const struct peer *peer, uint8_t *copy, unsigned int len, uint8_t af)
{
	make_inner(copy, len, af, 0x28);
	return wrap(peer, copy, len, af);
}

/* Padding byte i as the SA's flags want it. */
static uint8_t
pad_byte(const struct peer *peer, unsigned int i)
{
	switch (peer->spec.flags & SA_F_PAD_MASK) {
	case SA_F_PAD_ZERO:
		return 0;
	case SA_F_PAD_RAND:
		return (uint8_t)rng_next(&rng);
	default:
		return (uint8_t)(i + 1);
	}
}

static unsigned int
seal_text(const struct peer *peer, const struct sealing *s, uint8_t *text)
{
	const unsigned int blk = peer->spec.enc->block < 4 ? 4 : peer->spec.enc->block;
	unsigned int pad = 0;

	while ((s->len + pad + 2) % blk != 0)
		pad++;
	pad += s->more_blocks * blk;
	memcpy(text, s->payload, s->len);
	for (unsigned int i = 0; i < pad; i++)
		text[s->len + i] = pad_byte(peer, i);
	text[s->len] ^= s->pad_xor;
	text[s->len + pad] = (uint8_t)(pad + s->pad_len_add);
	text[s->len + pad + 1] = s->next;
	return s->len + pad + 2;
}

/* RFC 4303 and 4106 by the letter, with nothing of lib/ipsec. @return bytes of the ESP packet */
unsigned int
seal_esp(const struct peer *peer, const struct sealing *s, uint8_t *esp)
{
	const struct sa_spec *spec = &peer->spec;
	const uint32_t words[3] = { htonl(SPI), htonl((uint32_t)(s->seq >> 32)),
		htonl((uint32_t)s->seq) };
	const bool esn = (spec->flags & SA_F_ESN) != 0;
	uint8_t iv[16], mac[64], *text = esp + 8 + spec->enc->iv_len;
	unsigned int len = seal_text(peer, s, text);

	memcpy(esp, &words[0], 4);
	memcpy(esp + 4, &words[2], 4);
	for (unsigned int i = 0; i < sizeof(iv); i++)
		iv[i] = (uint8_t)rng_next(&rng);
	memcpy(esp + 8, iv, spec->enc->iv_len);
	if (spec->enc->cls == ALG_CLASS_GCM) {
		uint8_t nonce[12];
		const struct gcm g = { nonce, esn ? (const uint8_t *)words : esp, esn ? 12 : 8,
			text, (int)len, text + len };

		memcpy(nonce, spec->enckey.b + spec->enckey.len - 4, 4);
		memcpy(nonce + 4, iv, 8);
		assert_true(run_gcm(spec, &g, true));
		return 8 + 8 + len + 16;
	}
	run_cbc(spec, iv, text, (int)len, true);
	memcpy(text + len, &words[1], 4);
	len += 8 + spec->enc->iv_len;
	run_mac(spec, esp, len + (esn ? 4 : 0), mac);
	memcpy(esp + len, mac, spec->auth->icv_len);
	return len + spec->auth->icv_len;
}

struct rte_mbuf *
sealed_pkt(const struct peer *peer, const struct sealing *s)
{
	const uint8_t af = peer->spec.idx.src.af;
	const unsigned int ip_len = af == AF_INET ? 20 : 40, alen = af == AF_INET ? 4 : 16;
	uint8_t pkt[BUF_SIZE];
	unsigned int len = ip_len + seal_esp(peer, s, pkt + ip_len);
	uint8_t body[BUF_SIZE];

	memcpy(body, pkt + ip_len, len - ip_len);
	make_inner(pkt, len, af, s->tos);
	memcpy(pkt + ip_len, body, len - ip_len);
	memcpy(pkt + ip_len - 2 * alen, peer->spec.idx.src.b, alen);
	memcpy(pkt + ip_len - alen, peer->spec.idx.dst.b, alen);
	return wrap(peer, pkt, len, af);
}

void
check_opens(const struct peer *peer, struct rte_mbuf *m, const uint8_t *inner, unsigned int len)
{
	const struct sealing want = {
		.payload = inner, .len = len, .next = inner[0] >> 4 == 4 ? 4 : 41
	};

	check_payload(peer, m, &want);
}

/* Decrypted text: payload, confidentiality padding, padding, next header. */
static void
check_text(const struct peer *peer, const uint8_t *text, unsigned int text_len,
	const struct sealing *want)
{
	const unsigned int blk = RTE_MAX(4, peer->spec.enc->block);
	const bool tunnel = want->next == 4 || want->next == 41;
	const unsigned int len = tunnel ? RTE_MAX(want->len, peer->spec.tfc_len) : want->len;
	const uint32_t mode = peer->spec.flags & SA_F_PAD_MASK;

	assert_true(text_len % blk == 0 && text_len >= len + 2 && text_len - len - 2 < blk);
	assert_memory_equal(text, want->payload, want->len);
	for (unsigned int i = want->len; i < len; i++)
		assert_int_equal(text[i], 0);
	for (unsigned int i = len; i < text_len - 2 && mode != SA_F_PAD_RAND; i++)
		assert_int_equal(text[i], mode == SA_F_PAD_ZERO ? 0 : i - len + 1);
	assert_int_equal(text[text_len - 2], text_len - 2 - len);
	assert_int_equal(text[text_len - 1], want->next);
}

void
check_payload(const struct peer *peer, struct rte_mbuf *m, const struct sealing *want)
{
	const struct sa_spec *spec = &peer->spec;
	const struct pkt_meta *meta = pkt_meta(m);
	const uint64_t seq = atomic_load(&peer->sa->seq);
	const uint32_t words[3] = { htonl(SPI), htonl((uint32_t)(seq >> 32)),
		htonl((uint32_t)seq) };
	const bool esn = (spec->flags & SA_F_ESN) != 0, gcm = spec->enc->cls == ALG_CLASS_GCM;
	const unsigned int icv = gcm ? 16 : spec->auth->icv_len;
	uint8_t pkt[BUF_SIZE], mac[64], nonce[12], *esp = pkt + meta->l4_off, *text;
	unsigned int esp_len = meta->l4_len, text_len = esp_len - 8 - spec->enc->iv_len - icv;

	assert_int_equal(m->data_len, meta->l4_off + meta->l4_len);
	memcpy(pkt, rte_pktmbuf_mtod(m, void *), m->data_len);
	assert_memory_equal(esp, &words[0], 4);
	assert_memory_equal(esp + 4, &words[2], 4);
	text = esp + 8 + spec->enc->iv_len;
	if (gcm) {
		const struct gcm g = { nonce, esn ? (const uint8_t *)words : esp, esn ? 12 : 8,
			text, (int)text_len, text + text_len };

		memcpy(nonce, spec->enckey.b + spec->enckey.len - 4, 4);
		memcpy(nonce + 4, esp + 8, 8);
		assert_true(run_gcm(spec, &g, false));
	} else {
		uint8_t got[64];

		memcpy(got, text + text_len, icv);
		memcpy(text + text_len, &words[1], 4);
		run_mac(spec, esp, esp_len - icv + (esn ? 4 : 0), mac);
		assert_memory_equal(mac, got, icv);
		run_cbc(spec, esp + 8, text, (int)text_len, false);
	}
	check_text(peer, text, text_len, want);
}

void
check_outer(const struct peer *peer, struct rte_mbuf *m)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);
	const struct pkt_meta *meta = pkt_meta(m);
	const bool v4 = peer->spec.idx.src.af == AF_INET;

	assert_int_equal(meta->l3_off, 0);
	assert_int_equal(meta->af, peer->spec.idx.src.af);
	assert_int_equal(meta->l4_proto, IPPROTO_ESP);
	assert_int_equal(meta->l4_off, v4 ? 20 : 40);
	assert_int_equal(meta->flags & PKT_F_OUT, 0);
	assert_int_equal(p[0], v4 ? 0x45 : 0x62); /* traffic class 0x28 straddles two bytes */
	if (v4) {
		assert_int_equal(ip4_csum(p, 20), 0);
		assert_int_equal(p[1], 0x28);
		assert_int_equal(p[2] << 8 | p[3], m->data_len);
		assert_true(p[8] == 64 && p[9] == IPPROTO_ESP);
		assert_memory_equal(p + 12, peer->spec.idx.src.b, 4);
		assert_memory_equal(p + 16, peer->spec.idx.dst.b, 4);
		return;
	}
	assert_true(p[1] == 0x80 && p[2] == 0 && p[3] == 0);
	assert_int_equal(p[4] << 8 | p[5], m->data_len - 40);
	assert_true(p[6] == IPPROTO_ESP && p[7] == 64);
	assert_memory_equal(p + 8, peer->spec.idx.src.b, 16);
	assert_memory_equal(p + 24, peer->spec.idx.dst.b, 16);
}

void
check_udp(const uint8_t *udp, const uint8_t *ip, unsigned int len)
{
	assert_memory_equal(udp, "\x11\x95\xef\x32", 4); /* 4501, 61234 */
	assert_int_equal(udp[4] << 8 | udp[5], len);
	if (ip[0] >> 4 == 4)
		assert_true(udp[6] == 0 && udp[7] == 0);
	else
		assert_int_equal(ip_csum_pseudo(ip + 8, 32, IPPROTO_UDP, udp, len), 0);
}

void
set_natt(struct sa_spec *spec)
{
	spec->natt.type = 2;
	spec->idx.src.port_be = htons(4501);
	spec->idx.dst.port_be = htons(61234);
}

void
expect_drop(struct rte_mbuf *m, enum drop_reason reason)
{
	const uint64_t before = lane->drop[reason];

	assert_int_equal(in_burst(&m, 1), 0);
	assert_int_equal(lane->drop[reason], before + 1);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
}

void
expect_out_drop(struct rte_mbuf *m, enum drop_reason reason)
{
	const uint64_t before = lane->drop[reason];

	assert_int_equal(out_burst(&m, 1), 0);
	assert_int_equal(lane->drop[reason], before + 1);
}
