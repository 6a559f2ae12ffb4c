/* SPDX-License-Identifier: BSD-2-Clause */
/* Our ESP against librte_ipsec in look-aside mode, and every engine against direct: the same bytes. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cryptodev.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ipsec.h>
#include <rte_malloc.h>

#include <cmocka.h>

#include "crypto/crypto_priv.h"
#include "dp/engine.h"
#include "dp/esp_peer.h"
#include "support/rng.h"

#define HI7    ((uint64_t)7 << 32)
#define IV_OFF offsetof(struct pkt_priv, iv)
#define DEVICE "crypto_aesni_mb0"

/* librte_ipsec knows one direction and one inner family per SA. */
struct referee {
	struct rte_ipsec_sa *sa;
	struct rte_ipsec_session ss;
	struct rte_crypto_sym_xform cipher, auth;
	uint8_t hdr[40];
	uint8_t id;
};

static struct crypto *device; /* holds crypto_aesni_mb0 open for the referee */
static struct lane *device_lane;

static void
referee_aead(struct referee *r, const struct sa_spec *spec, bool out)
{
	struct rte_crypto_aead_xform *x = &r->cipher.aead;

	r->cipher.type = RTE_CRYPTO_SYM_XFORM_AEAD;
	x->op = out ? RTE_CRYPTO_AEAD_OP_ENCRYPT : RTE_CRYPTO_AEAD_OP_DECRYPT;
	x->algo = RTE_CRYPTO_AEAD_AES_GCM;
	x->key.data = spec->enckey.b;
	x->key.length = spec->enckey.len - 4;
	x->iv.offset = IV_OFF;
	x->iv.length = 12;
	x->digest_length = 16;
	x->aad_length = spec->flags & SA_F_ESN ? 12 : 8;
}

static enum rte_crypto_auth_algorithm
mac_of(const struct alg *auth)
{
	switch (auth->code) {
	case ALG_HMAC_SHA1:
		return RTE_CRYPTO_AUTH_SHA1_HMAC;
	case ALG_HMAC_SHA256:
		return RTE_CRYPTO_AUTH_SHA256_HMAC;
	case ALG_HMAC_SHA384:
		return RTE_CRYPTO_AUTH_SHA384_HMAC;
	default:
		return RTE_CRYPTO_AUTH_SHA512_HMAC;
	}
}

static void
referee_mac(struct referee *r, const struct sa_spec *spec, bool out)
{
	struct rte_crypto_cipher_xform *c = &r->cipher.cipher;
	struct rte_crypto_auth_xform *a = &r->auth.auth;

	r->cipher.type = RTE_CRYPTO_SYM_XFORM_CIPHER;
	c->op = out ? RTE_CRYPTO_CIPHER_OP_ENCRYPT : RTE_CRYPTO_CIPHER_OP_DECRYPT;
	c->algo = RTE_CRYPTO_CIPHER_NULL;
	if (spec->enc->cls == ALG_CLASS_CBC) {
		c->algo = RTE_CRYPTO_CIPHER_AES_CBC;
		c->key.data = spec->enckey.b;
		c->key.length = spec->enckey.len;
		c->iv.offset = IV_OFF;
		c->iv.length = 16;
	}
	r->auth.type = RTE_CRYPTO_SYM_XFORM_AUTH;
	a->op = out ? RTE_CRYPTO_AUTH_OP_GENERATE : RTE_CRYPTO_AUTH_OP_VERIFY;
	a->algo = mac_of(spec->auth);
	a->key.data = spec->authkey.b;
	a->key.length = spec->authkey.len;
	a->digest_length = spec->auth->icv_len;
	if (out)
		r->cipher.next = &r->auth;
	else
		r->auth.next = &r->cipher;
}

static void
referee_open(struct referee *r, const struct peer *peer, uint8_t inner_af, bool out, uint64_t seq)
{
	const struct sa_spec *spec = &peer->spec;
	const bool v4 = spec->idx.src.af == AF_INET;
	struct rte_ipsec_sa_prm prm = { 0 };
	void *ses = NULL;
	int size;

	memset(r, 0, sizeof(*r));
	if (spec->auth == NULL)
		referee_aead(r, spec, out);
	else
		referee_mac(r, spec, out);
	prm.crypto_xform = !out && spec->auth != NULL ? &r->auth : &r->cipher;
	prm.ipsec_xform.spi = SPI;
	if (spec->auth == NULL)
		memcpy(&prm.ipsec_xform.salt, spec->enckey.b + spec->enckey.len - 4, 4);
	prm.ipsec_xform.options.esn = (spec->flags & SA_F_ESN) != 0;
	prm.ipsec_xform.direction =
		out ? RTE_SECURITY_IPSEC_SA_DIR_EGRESS : RTE_SECURITY_IPSEC_SA_DIR_INGRESS;
	prm.ipsec_xform.proto = RTE_SECURITY_IPSEC_SA_PROTO_ESP;
	prm.ipsec_xform.mode = RTE_SECURITY_IPSEC_SA_MODE_TUNNEL;
	prm.ipsec_xform.tunnel.type =
		v4 ? RTE_SECURITY_IPSEC_TUNNEL_IPV4 : RTE_SECURITY_IPSEC_TUNNEL_IPV6;
	prm.ipsec_xform.replay_win_sz = spec->flags & SA_F_ESN ? 64 : 0;
	prm.ipsec_xform.esn.value = seq;
	r->hdr[0] = v4 ? 0x45 : 0x60;
	prm.tun.hdr_len = v4 ? 20 : 40;
	prm.tun.next_proto = inner_af == AF_INET ? IPPROTO_IPIP : IPPROTO_IPV6;
	prm.tun.hdr = r->hdr;
	size = rte_ipsec_sa_size(&prm);
	assert_true(size > 0);
	r->sa = rte_zmalloc(NULL, (size_t)size, 64); /* zeroed: init reads the type first */
	assert_non_null(r->sa);
	assert_true(rte_ipsec_sa_init(r->sa, &prm, (uint32_t)size) > 0);
	assert_int_equal(device_session(device, 0, prm.crypto_xform, &ses), 0);
	r->id = device->dev[0].id;
	r->ss.sa = r->sa;
	r->ss.type = RTE_SECURITY_ACTION_TYPE_NONE;
	r->ss.crypto.ses = ses;
	r->ss.crypto.dev_id = r->id;
	assert_int_equal(rte_ipsec_session_prepare(&r->ss), 0);
}

static void
referee_close(struct referee *r)
{
	(void)rte_cryptodev_sym_session_free(r->id, r->ss.crypto.ses);
	(void)rte_ipsec_sa_fini(r->sa);
	rte_free(r->sa);
}

/* @return true when librte_ipsec accepted the packet all the way */
static bool
referee_run(struct referee *r, struct rte_mbuf *m)
{
	const uint64_t end = rte_get_timer_cycles() + rte_get_timer_hz();
	struct rte_crypto_op *op = &pkt_priv(m)->op;

	/* What its CBC path puts on the wire depends on these bytes, which it does not write. */
	memset(pkt_priv(m)->iv, 0, sizeof(pkt_priv(m)->iv));
	assert_int_equal(rte_ipsec_pkt_crypto_prepare(&r->ss, &m, &op, 1), 1);
	assert_int_equal(rte_cryptodev_enqueue_burst(r->id, 0, &op, 1), 1);
	while (rte_cryptodev_dequeue_burst(r->id, 0, &op, 1) == 0) {
		if (rte_get_timer_cycles() > end)
			abort();
	}
	if (op->status != RTE_CRYPTO_OP_STATUS_SUCCESS)
		m->ol_flags |= RTE_MBUF_F_RX_SEC_OFFLOAD_FAILED;
	return rte_ipsec_pkt_process(&r->ss, &m, 1) == 1;
}

static struct rte_mbuf *
bare(const uint8_t *p, unsigned int len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	uint8_t *data;

	if (m == NULL)
		abort();
	data = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)len);
	assert_non_null(data);
	memcpy(data, p, len);
	m->l2_len = 0;
	return m;
}

/* Seal with a given IV: begin, put it into packet and cop, engine, end. */
static void
seal_with_iv(struct peer *peer, struct rte_mbuf *m, const uint8_t *iv)
{
	struct pkt_meta *meta = pkt_meta(m);

	assert_int_equal(xform_esp.out_begin(lane, &m, 1), 1);
	if (peer->spec.enc->cls == ALG_CLASS_CBC) {
		memcpy(lane->cop[0].iv, iv, 16);
		memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l4_off + 8), iv, 16);
	}
	assert_int_equal(engine_run(lane, 0, &m, 1), 1);
	assert_int_equal(xform_esp.out_end(lane, &m, 1), 1);
}

static unsigned int
some_len(unsigned int i)
{
	return i < 20 ? 40 + i : 40 + (unsigned int)(rng_next(&rng) % 1400);
}

static void
equal_outbound(struct peer *peer, uint8_t af, uint64_t seq)
{
	const unsigned int ip_len = peer->spec.idx.src.af == AF_INET ? 20 : 40;
	uint8_t inner[BUF_SIZE], *theirs, *ours;
	struct referee r;

	referee_open(&r, peer, af, true, seq);
	atomic_store(&peer->sa->seq, seq - 1);
	peer->sa->iv_base = 0; /* librte_ipsec takes the sequence number alone */
	for (unsigned int i = 0; i < 25; i++) {
		const unsigned int len = some_len(i);
		struct rte_mbuf *m, *n = inner_pkt(peer, inner, len, af);

		m = bare(inner, len);
		assert_true(referee_run(&r, m));
		theirs = rte_pktmbuf_mtod_offset(m, uint8_t *, ip_len);
		seal_with_iv(peer, n, theirs + 8);
		ours = rte_pktmbuf_mtod_offset(n, uint8_t *, ip_len);
		assert_int_equal(m->pkt_len, n->pkt_len);
		assert_memory_equal(theirs, ours, m->pkt_len - ip_len);
		rte_pktmbuf_free(m);
		rte_pktmbuf_free(n);
	}
	referee_close(&r);
}

/* What we seal librte_ipsec opens; what it seals (see above: the same bytes) we open. */
static void
equal_inbound(struct peer *peer, uint8_t af, uint64_t seq)
{
	const unsigned int ip_len = peer->spec.idx.src.af == AF_INET ? 20 : 40;
	uint8_t inner[BUF_SIZE];
	struct referee r;

	referee_open(&r, peer, af, false, seq);
	atomic_store(&peer->sa->seq, seq);
	peer->sa->rp->top = seq;
	for (unsigned int i = 0; i < 25; i++) {
		const unsigned int len = some_len(i);
		struct rte_mbuf *m, *n = inner_pkt(peer, inner, len, af);

		assert_int_equal(out_burst(&n, 1), 1);
		m = bare(rte_pktmbuf_mtod(n, uint8_t *), n->pkt_len);
		m->l3_len = ip_len;
		assert_true(referee_run(&r, m));
		assert_int_equal(in_burst(&n, 1), 1);
		assert_int_equal(m->pkt_len, len);
		assert_int_equal(n->pkt_len, len);
		assert_memory_equal(
			rte_pktmbuf_mtod(m, uint8_t *), rte_pktmbuf_mtod(n, uint8_t *), len);
		rte_pktmbuf_free(m);
		rte_pktmbuf_free(n);
	}
	referee_close(&r);
}

/* For each suite of the engine, family and sequence space. */
static void
for_all(void (*fn)(struct peer *, uint8_t, uint64_t))
{
	const uint8_t afs[2] = { AF_INET, AF_INET6 };
	const uint64_t start[3] = { 1, 1, HI7 + 500 };
	struct peer peer;

	for (unsigned int i = 0; i < RTE_DIM(suites) * 12; i++) {
		const unsigned int space = i / 4 % 3;

		if (!suite_offered(&suites[i / 12]))
			continue;
		peer_open(&peer, &suites[i / 12], afs[i & 1], space > 0);
		fn(&peer, afs[i >> 1 & 1], start[space]);
		peer_close(&peer);
	}
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
}

static void
rte_ipsec_makes_the_same_packets(void **state)
{
	(void)state;
	for_all(equal_outbound);
}

static void
rte_ipsec_opens_our_packets_as_we_do(void **state)
{
	(void)state;
	for_all(equal_inbound);
}

/* The referee must be able to say no, or its yes means nothing. */
static void
rte_ipsec_refuses_a_flipped_bit(void **state)
{
	uint8_t inner[100];
	struct referee r;
	struct peer peer;
	struct rte_mbuf *n, *m;

	(void)state;
	peer_open(&peer, &suites[0], AF_INET, false);
	referee_open(&r, &peer, AF_INET, false, 1);
	n = inner_pkt(&peer, inner, sizeof(inner), AF_INET);
	assert_int_equal(out_burst(&n, 1), 1);
	m = bare(rte_pktmbuf_mtod(n, uint8_t *), n->pkt_len);
	m->l3_len = 20;
	*rte_pktmbuf_mtod_offset(m, uint8_t *, 60) ^= 1;
	assert_false(referee_run(&r, m));
	rte_pktmbuf_free(m);
	rte_pktmbuf_free(n);
	referee_close(&r);
	peer_close(&peer);
}

/* ---- an engine against direct ---- */

static struct crypto *direct;
static struct lane *direct_lane;

/* Two packets, one cop moved from the first to the second: the regions lie at the same offsets. */
static void
copy_cop(const struct cop *from, const struct rte_mbuf *a, struct cop *to, struct rte_mbuf *b)
{
	const uint8_t *pa = rte_pktmbuf_mtod(a, const uint8_t *);
	uint8_t *pb = rte_pktmbuf_mtod(b, uint8_t *);

	*to = *from;
	to->text = pb + (from->text - pa);
	to->icv = from->icv == from->tag ? to->tag : pb + (from->icv - pa);
	to->aad = from->aad == from->aad_buf ? to->aad_buf : pb + (from->aad - pa);
}

static void
equal_engines(struct peer *peer, uint8_t af, uint64_t seq)
{
	uint8_t inner[BUF_SIZE];
	struct sa_rt *twin = rte_malloc(NULL, sizeof(*twin) + sizeof(struct sa_lc), 64);

	assert_non_null(twin);
	memcpy(twin, peer->sa, sizeof(*twin) + sizeof(struct sa_lc));
	assert_int_equal(crypto_sa_open(direct, twin, &peer->spec, 0, NULL), 0);
	atomic_store(&peer->sa->seq, seq);
	for (unsigned int i = 0; i < 25; i++) {
		const unsigned int len = some_len(i);
		struct rte_mbuf *n = inner_pkt(peer, inner, len, af), *m;

		assert_int_equal(xform_esp.out_begin(lane, &n, 1), 1);
		m = bare(rte_pktmbuf_mtod(n, uint8_t *), n->pkt_len);
		*pkt_meta(m) = *pkt_meta(n);
		pkt_meta(m)->sa = twin;
		copy_cop(&lane->cop[0], n, &direct_lane->cop[0], m);
		assert_int_equal(engine_run(direct_lane, 0, &m, 1), 1);
		assert_int_equal(engine_run(lane, 0, &n, 1), 1);
		assert_int_equal(pkt_meta(n)->flags, PKT_F_OUT);
		assert_int_equal(pkt_meta(m)->flags, PKT_F_OUT);
		assert_memory_equal(
			rte_pktmbuf_mtod(m, uint8_t *), rte_pktmbuf_mtod(n, uint8_t *), n->pkt_len);
		rte_pktmbuf_free(m);
		rte_pktmbuf_free(n);
	}
	crypto_sa_close(direct, twin);
	rte_free(twin);
}

static void
engine_makes_the_bytes_of_direct(void **state)
{
	(void)state;
	for_all(equal_engines);
}

/* ---- */

static const struct engine *engine;

static struct lane *
new_lane(void)
{
	struct lane *l = rte_zmalloc("lane", sizeof(*l), RTE_CACHE_LINE_SIZE);

	if (l == NULL)
		abort();
	l->knobs = &knobs;
	return l;
}

static int
start(void **state)
{
	(void)state;
	pool = pkt_pool_create("diff", 255, BUF_SIZE + RTE_PKTMBUF_HEADROOM, 0);
	assert_non_null(pool);
	lane = new_lane();
	crypto = engine_open(engine, lane);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	engine_close(crypto, lane);
	rte_free(lane);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
	rte_mempool_free(pool);
	return 0;
}

static int
start_referee(void **state)
{
	const struct engine mb = { "referee", CRYPTO_LOOKASIDE, DEVICE, 38 };

	engine = &engines[0];
	device_lane = new_lane();
	device = engine_open(&mb, device_lane);
	return start(state);
}

static int
stop_referee(void **state)
{
	crypto_lane_close(device, device_lane);
	crypto_free(device);
	rte_free(device_lane);
	return stop(state);
}

static int
start_pair(void **state)
{
	direct_lane = new_lane();
	direct = engine_open(&engines[0], direct_lane);
	return start(state);
}

static int
stop_pair(void **state)
{
	engine_close(direct, direct_lane);
	rte_free(direct_lane);
	return stop(state);
}

int
main(void)
{
	const struct CMUnitTest referee[] = {
		cmocka_unit_test(rte_ipsec_makes_the_same_packets),
		cmocka_unit_test(rte_ipsec_opens_our_packets_as_we_do),
		cmocka_unit_test(rte_ipsec_refuses_a_flipped_bit),
	};
	const struct CMUnitTest pair[] = { cmocka_unit_test(engine_makes_the_bytes_of_direct) };
	int failed;

	rng = rng_seed("diff");
	knobs = (struct knobs)KNOBS_INIT;
	engine_eal();
	failed = cmocka_run_group_tests_name("librte_ipsec", referee, start_referee, stop_referee);
	for (unsigned int i = 1; i < ENGINES; i++) {
		engine = &engines[i];
		failed += cmocka_run_group_tests_name(engine->name, pair, start_pair, stop_pair);
	}
	return failed + (rte_eal_cleanup() != 0);
}
