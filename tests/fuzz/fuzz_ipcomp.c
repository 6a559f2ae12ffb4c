/* SPDX-License-Identifier: BSD-2-Clause */
/* Hostile bytes as an IP packet with IPComp, inbound; and as a packet that IPComp has to compress. */
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
 * Byte 0: the SA (low bits); 0x40 is outbound. Byte 1: depth in its top bits; 0x01 transport mode outbound,
 * 0x02 no byte behind the packet, 0x04 a fragment. The rest is the packet, which gets the addresses of the SA.
 */
int
LLVMFuzzerInitialize(int *argc, char ***argv);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct row {
	uint8_t af, mode;
	uint32_t flags;
} rows[] = {
	{ AF_INET, MODE_ANY, 0 },
	{ AF_INET6, MODE_ANY, 0 },
	{ AF_INET, MODE_TUNNEL, SA_F_RAWCPI },
	{ AF_INET6, MODE_TRANSPORT, 0 },
	{ AF_INET, MODE_TRANSPORT, 0 },
	{ AF_INET6, MODE_TUNNEL, 0 },
};

#define FRONT 192u /* bytes before the packet, for headers */

static struct knobs knobs = KNOBS_INIT;
static struct rte_mempool *pool;
static struct lane *lane;
static struct crypto *crypto;
static struct sa_rt *sas[ARRAY_LEN(rows)];

static struct sa_rt *
open_sa(const struct row *row)
{
	const uint8_t src4[4] = { 192, 0, 2, 1 }, dst4[4] = { 192, 0, 2, 2 };
	const uint8_t src6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };
	const uint8_t dst6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 2 };
	struct sa_spec spec = { .spi = 1000, .flags = row->flags };
	struct sa_rt *sa = rte_zmalloc("sa", sizeof(*sa) + sizeof(struct sa_lc), 64);

	spec.idx.proto = IPPROTO_IPCOMP;
	spec.idx.mode = row->mode;
	spec.idx.src = addr_make(row->af, row->af == AF_INET ? src4 : src6);
	spec.idx.dst = addr_make(row->af, row->af == AF_INET ? dst4 : dst6);
	spec.comp = alg_by_code(ALG_DEFLATE);
	if (sa == NULL || xform_ipcomp.sa_init(sa, &spec, &knobs, NULL) != 0 ||
		crypto_sa_open(crypto, sa, &spec, 0, NULL) != 0)
		abort();
	atomic_store(&sa->state, SA_MATURE);
	return sa;
}

/* At exit: nothing that was opened may be left. */
static void
stop(void)
{
	uint64_t created = 0, destroyed = 0;

	for (unsigned int i = 0; i < ARRAY_LEN(rows); i++) {
		crypto_sa_close(crypto, sas[i]);
		xform_ipcomp.sa_fini(sas[i]);
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
	char *eal[] = { (char[]){ "fuzz_ipcomp" }, (char[]){ "--no-huge" }, (char[]){ "-m" },
		(char[]){ "64" }, (char[]){ "--no-pci" }, (char[]){ "--no-telemetry" },
		(char[]){ "--no-shconf" }, (char[]){ "-l" }, (char[]){ "0" },
		(char[]){ "--log-level=4" } };
	const struct crypto_conf conf = {
		.nworkers = 1, .engine = CRYPTO_DIRECT, .compress_device = ""
	};

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

/* The packet in an allocation that ends with it, or 4 bytes later: ASan sees a step over its end. */
static struct rte_mbuf *
make_packet(const struct sa_rt *sa, const uint8_t *p, uint16_t len, uint16_t behind)
{
	static struct rte_mbuf_ext_shared_info shared;
	const uint16_t off = sa->outer_af == AF_INET ? 12 : 8, addrs = off == 12 ? 8 : 32;
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	const uint16_t room = (uint16_t)(FRONT + len + behind);
	uint8_t *buf = malloc(room);

	if (m == NULL || buf == NULL)
		abort();
	memcpy(buf + FRONT, p, len);
	memcpy(buf + FRONT + off, sa->hdr + off, addrs);
	shared = (struct rte_mbuf_ext_shared_info){ .free_cb = free_buf };
	rte_mbuf_ext_refcnt_set(&shared, 1);
	rte_pktmbuf_attach_extbuf(m, buf, (rte_iova_t)(uintptr_t)buf, room, &shared);
	m->data_off = FRONT;
	m->data_len = m->pkt_len = len;
	return m;
}

/* What the worker's parser finds. @return false for what it drops itself */
static bool
find_l4(struct pkt_meta *meta, const uint8_t *p, uint16_t len)
{
	struct ip6_upper up;
	unsigned int off = (p[0] & 15u) * 4u;
	uint8_t proto = p[9];

	if (meta->af == AF_INET6) {
		if (p[0] >> 4 != 6 || ip6_find_upper(p, len, &up) != 0 || up.is_frag)
			return false;
		off = up.off;
		proto = up.proto;
	} else if (p[0] >> 4 != 4 || off < sizeof(struct ip4) || off > len) {
		return false;
	}
	meta->l4_off = (uint16_t)off;
	meta->l4_len = (uint16_t)(len - off);
	pkt_set_proto(meta, meta->af, proto);
	return true;
}

/* What comes out is a whole packet inside the buffer, or the data path would read beyond it. */
static void
check(struct rte_mbuf *m, bool out)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const unsigned int hdr = meta->af == AF_INET ? sizeof(struct ip4) : sizeof(struct ip6);

	if (m->data_off + m->data_len > m->buf_len || m->pkt_len != m->data_len ||
		m->data_len < hdr || meta->l3_off != 0 ||
		meta->l4_off + meta->l4_len != m->data_len ||
		rte_pktmbuf_mtod(m, uint8_t *)[0] >> 4 != (meta->af == AF_INET ? 4 : 6) ||
		(!out && (meta->depth == 0 || meta->depth > NEST_MAX)))
		abort();
	rte_pktmbuf_free(m);
}

static void
inbound(struct rte_mbuf *m)
{
	if (xform_ipcomp.in_begin(lane, &m, 1) == 1 && crypto_comp.submit(lane, 0, &m, 1) == 1 &&
		xform_ipcomp.in_end(lane, &m, 1) == 1)
		check(m, false);
}

static void
outbound(struct rte_mbuf *m)
{
	if (xform_ipcomp.out_begin(lane, &m, 1) == 0)
		return;
	if (crypto_comp.submit(lane, 0, &m, 1) != 1 || xform_ipcomp.out_end(lane, &m, 1) != 1)
		abort();
	check(m, true);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pkt_meta *meta;
	struct rte_mbuf *m;
	struct sa_rt *sa;
	bool out;

	if (size < 2 + sizeof(struct ip6) || size > 2000)
		return -1;
	out = (data[0] & 0x40) != 0;
	sa = sas[(data[0] & 0x3fu) % ARRAY_LEN(rows)];
	m = make_packet(sa, data + 2, (uint16_t)(size - 2), data[1] & 2 ? 0 : 4);
	meta = pkt_meta(m);
	*meta = (struct pkt_meta){ .sa = sa, .af = sa->outer_af, .depth = data[1] >> 5 };
	meta->flags = data[1] & 4 ? PKT_F_FRAG : 0;
	if (out && (data[1] & 1))
		meta->flags |= PKT_F_TRANSPORT;
	if (!find_l4(meta, rte_pktmbuf_mtod(m, uint8_t *), m->data_len) ||
		(!out && meta->l4_proto != IPPROTO_IPCOMP))
		rte_pktmbuf_free(m);
	else if (out)
		outbound(m);
	else
		inbound(m);
	if (rte_mempool_in_use_count(pool) != 0)
		abort();
	return 0;
}
