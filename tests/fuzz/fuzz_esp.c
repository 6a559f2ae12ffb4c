/* SPDX-License-Identifier: BSD-2-Clause */
/* Hostile bytes as an ESP packet: in_begin, the direct engine, in_end. */
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_malloc.h>

#include "crypto/crypto.h"
#include "wire/ip.h"
#include "xform/xform.h"

/*
 * Byte 0: the SA (low bits) and, in its top bit, whether the rest is sealed first, so that decrypted
 * text reaches the trailer and the inner header. Byte 1: outer TOS, and in its top bits the depth; its
 * low bit stands for IPv4 options or IPv6 extension headers, too. The rest is the ESP packet. Keys are 00 01 02 ..., so that a seed can be a packet that verifies.
 */
int
LLVMFuzzerInitialize(int *argc, char ***argv);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct row {
	enum alg_code enc, auth;
	uint16_t key, authkey;
	uint8_t af;
	bool esn;
	uint8_t mode, natt;
	uint32_t flags;
} rows[] = {
	{ ALG_AES_GCM_16, ALG_CODE_NONE, 20, 0, AF_INET, false, MODE_TUNNEL, 0, 0 },
	{ ALG_AES_GCM_16, ALG_CODE_NONE, 36, 0, AF_INET6, true, MODE_TUNNEL, 0, 0 },
	{ ALG_AES_CBC, ALG_HMAC_SHA1, 16, 20, AF_INET, false, MODE_TUNNEL, 0, 0 },
	{ ALG_AES_CBC, ALG_HMAC_SHA256, 32, 32, AF_INET6, true, MODE_TUNNEL, 0, 0 },
	{ ALG_NULL_ENC, ALG_HMAC_SHA256, 0, 32, AF_INET, false, MODE_TUNNEL, 0, 0 },
	{ ALG_NULL_ENC, ALG_HMAC_SHA512, 0, 64, AF_INET, true, MODE_TUNNEL, 0, 0 },
	{ ALG_NULL_ENC, ALG_HMAC_SHA1, 0, 20, AF_INET, false, MODE_TRANSPORT, 2, 0 },
	{ ALG_NULL_ENC, ALG_HMAC_SHA1, 0, 20, AF_INET6, false, MODE_TRANSPORT, 2, SA_F_PAD_ZERO },
	{ ALG_NULL_ENC, ALG_HMAC_SHA1, 0, 20, AF_INET6, true, MODE_ANY, 0, SA_F_PAD_RAND },
	{ ALG_AES_GCM_16, ALG_CODE_NONE, 20, 0, AF_INET, false, MODE_TRANSPORT, 0, 0 },
};

static struct knobs knobs = KNOBS_INIT;
static struct rte_mempool *pool;
static struct lane *lane;
static struct crypto *crypto;
static struct sa_rt *sas[ARRAY_LEN(rows)];

#define WINDOW   64u
#define HEAD_MAX 64u

static struct sa_rt *
open_sa(const struct row *row)
{
	const uint8_t src[16] = { 192, 0, 2, 1 }, dst[16] = { 192, 0, 2, 2 };
	struct sa_spec spec = { .spi = 0x10203040, .window_pkts = WINDOW };
	struct sa_rt *sa = rte_zmalloc("sa", sizeof(*sa) + sizeof(struct sa_lc), 64);

	spec.idx.proto = IPPROTO_ESP;
	spec.idx.mode = row->mode;
	spec.natt.type = row->natt;
	spec.idx.src = addr_make(row->af, src);
	spec.idx.dst = addr_make(row->af, dst);
	spec.idx.src.port_be = spec.idx.dst.port_be = htons(4500);
	spec.enc = alg_by_code(row->enc);
	spec.auth = alg_by_code(row->auth);
	spec.flags = row->flags | (row->esn ? SA_F_ESN : 0);
	spec.enckey.len = row->key;
	spec.authkey.len = row->authkey;
	for (unsigned int i = 0; i < SECRET_MAX; i++)
		spec.enckey.b[i] = spec.authkey.b[i] = (uint8_t)i;
	if (sa == NULL || xform_esp.sa_init(sa, &spec, &knobs, NULL) != 0 ||
		crypto_sa_open(crypto, sa, &spec, 0, NULL) != 0)
		abort();
	return sa;
}

/* At exit: nothing that was opened may be left. */
static void
stop(void)
{
	uint64_t created = 0, destroyed = 0;

	for (unsigned int i = 0; i < ARRAY_LEN(rows); i++) {
		crypto_sa_close(crypto, sas[i]);
		xform_esp.sa_fini(sas[i]);
		rte_free(sas[i]);
	}
	crypto_session_counts(crypto, &created, &destroyed);
	if (created != destroyed)
		abort();
	crypto_lane_close(crypto, lane);
	crypto_free(crypto);
	rte_free(lane);
	rte_mempool_free(pool);
	(void)rte_eal_cleanup();
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char *eal[] = { (char[]){ "fuzz_esp" }, (char[]){ "--no-huge" }, (char[]){ "-m" },
		(char[]){ "64" }, (char[]){ "--no-pci" }, (char[]){ "--no-telemetry" },
		(char[]){ "--no-shconf" }, (char[]){ "-l" }, (char[]){ "0" },
		(char[]){ "--log-level=4" } };
	const struct crypto_conf conf = { .nworkers = 1, .engine = CRYPTO_DIRECT };

	(void)argc;
	(void)argv;
	if (rte_eal_init((int)RTE_DIM(eal), eal) < 0 || pkt_init() != 0)
		abort();
	pool = pkt_pool_create("fuzz", 63, 256, 0);
	lane = rte_zmalloc("lane", sizeof(*lane), RTE_CACHE_LINE_SIZE);
	crypto = crypto_new(&conf, NULL);
	if (pool == NULL || lane == NULL || crypto == NULL || crypto_lane_open(crypto, lane) != 0)
		abort();
	lane->knobs = &knobs;
	for (unsigned int i = 0; i < ARRAY_LEN(rows); i++)
		sas[i] = open_sa(&rows[i]);
	return atexit(stop);
}

static void
free_buf(void *addr, void *opaque)
{
	(void)opaque;
	free(addr);
}

/* The header that stands before ESP. @return its bytes, with a UDP header's if the SA has one */
static uint16_t
make_head(const struct sa_rt *sa, uint8_t tos, uint8_t head[HEAD_MAX])
{
	const bool udp = (sa->opts & SA_RT_NATT) != 0, more = (tos & 1) != 0;
	const uint8_t next = udp ? IPPROTO_UDP : IPPROTO_ESP;
	uint16_t len = sa->outer_af == AF_INET ? 20 : 40;

	memset(head, 0, HEAD_MAX);
	memcpy(head, sa->hdr, len);
	if (sa->outer_af == AF_INET) {
		head[0] = more ? 0x47 : 0x45;
		head[1] = tos;
		len = more ? 28 : 20;
	} else {
		head[0] = 0x60;
		head[1] = (uint8_t)(tos << 4);
		if (more) { /* hop-by-hop, routing */
			head[6] = IPPROTO_HOPOPTS;
			head[40] = IPPROTO_ROUTING;
			head[48] = next;
			len = 56;
		}
	}
	return udp ? len + 8 : len;
}

/* Head and packet in an allocation of exactly their size: ASan sees a step over its end. */
static struct rte_mbuf *
make_packet(const struct sa_rt *sa, const uint8_t *esp, uint16_t len, uint8_t tos)
{
	static struct rte_mbuf_ext_shared_info shared;
	uint8_t head[HEAD_MAX];
	const uint16_t ip_len = make_head(sa, tos, head);
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	uint8_t *buf = malloc((size_t)ip_len + len);

	if (m == NULL || buf == NULL)
		abort();
	memcpy(buf, head, ip_len);
	memcpy(buf + ip_len, esp, len);
	shared = (struct rte_mbuf_ext_shared_info){ .free_cb = free_buf };
	rte_mbuf_ext_refcnt_set(&shared, 1);
	rte_pktmbuf_attach_extbuf(m, buf, (rte_iova_t)(uintptr_t)buf, ip_len + len, &shared);
	m->data_off = 0;
	m->data_len = m->pkt_len = ip_len + len;
	return m;
}

/* Seal the text that the packet brought, in place and with its own number: now it verifies. */
static void
seal(struct rte_mbuf *m)
{
	struct pkt_meta *meta = pkt_meta(m);

	meta->flags |= PKT_F_OUT;
	(void)crypto_direct.submit(lane, 0, &m, 1);
	if (meta->flags & PKT_F_CRYPTO_ERR)
		abort();
	meta->flags &= (uint16_t)~PKT_F_OUT;
}

/* What comes out is a whole packet inside the buffer, or the data path would read beyond it. */
static void
check(const struct rte_mbuf *m, const struct pkt_meta *meta)
{
	const unsigned int hdr = meta->af == AF_INET ? sizeof(struct ip4) : sizeof(struct ip6);

	if (m->data_off + m->data_len > m->buf_len || m->pkt_len != m->data_len ||
		m->data_len < hdr || meta->l4_off + meta->l4_len != m->data_len ||
		meta->l3_off != 0 || meta->depth == 0 || meta->depth > NEST_MAX ||
		(meta->flags & PKT_F_UDP) != 0)
		abort();
	if ((meta->flags & PKT_F_TUNNEL) != 0 ? meta->l4_off != 0 : meta->l4_off < hdr)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pkt_meta *meta;
	struct rte_mbuf *m;
	struct sa_rt *sa;
	uint16_t len;

	if (size < 2 || size > 2000)
		return -1;
	len = (uint16_t)(size - 2);
	sa = sas[(data[0] & 0x7fu) % ARRAY_LEN(rows)];
	m = make_packet(sa, data + 2, len, data[1] & 0x1f);
	meta = pkt_meta(m);
	*meta = (struct pkt_meta){ .sa = sa,
		.l4_off = (uint16_t)(m->data_len - len),
		.l4_len = len,
		.af = sa->outer_af,
		.flags = (sa->opts & SA_RT_NATT) != 0 ? PKT_F_UDP : 0,
		.depth = data[1] >> 5 };
	replay_init(sa->rp, WINDOW); /* each input stands for itself */
	if (xform_esp.in_begin(lane, &m, 1) == 1) {
		if (data[0] & 0x80)
			seal(m);
		(void)crypto_direct.submit(lane, 0, &m, 1);
		if ((data[0] & 0x80) && (meta->flags & PKT_F_CRYPTO_FAIL))
			abort();
		if (xform_esp.in_end(lane, &m, 1) == 1) {
			check(m, meta);
			rte_pktmbuf_free(m);
		}
	}
	if (rte_mempool_in_use_count(pool) != 0)
		abort();
	return 0;
}
