/* SPDX-License-Identifier: BSD-2-Clause */
#include "fuzz/xform_fuzz.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <rte_malloc.h>

#include "dp/eal.h"
#include "wire/ip.h"

#define FRONT 192u /* bytes before an IP packet, for headers */

static struct knobs knobs = KNOBS_INIT;
static const struct xform_ops *xform;
static const struct crypto_ops *engine;
static struct rte_mempool *pool;
static struct lane *lane;
static struct crypto *crypto;
static struct sa_rt *sas[XFORM_FUZZ_SAS];
static unsigned int nsas;

static void
stop(void)
{
	uint64_t created = 0, destroyed = 0;

	for (unsigned int i = 0; i < nsas; i++) {
		crypto_sa_close(crypto, sas[i]);
		xform->sa_fini(sas[i]);
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
xform_fuzz_start(const struct xform_ops *ops, const char *compress_device)
{
	const struct crypto_conf conf = {
		.nworkers = 1, .engine = CRYPTO_DIRECT, .compress_device = compress_device
	};

	test_eal(64, "--log-level=4");
	xform = ops;
	engine = compress_device != NULL ? &crypto_comp : &crypto_direct;
	pool = pkt_pool_create("fuzz", 63, 256, 0);
	lane = rte_zmalloc("lane", sizeof(*lane), RTE_CACHE_LINE_SIZE);
	crypto = crypto_new(&conf, NULL);
	if (pool == NULL || lane == NULL || crypto == NULL || crypto_lane_open(crypto, lane) != 0)
		abort();
	lane->knobs = &knobs;
	return atexit(stop);
}

void
xform_fuzz_add(struct sa_spec *spec, uint8_t af)
{
	const uint8_t src4[4] = { 192, 0, 2, 1 }, dst4[4] = { 192, 0, 2, 2 };
	const uint8_t src6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };
	const uint8_t dst6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 2 };
	const uint16_t src_port_be = spec->idx.src.port_be, dst_port_be = spec->idx.dst.port_be;
	struct sa_rt *sa = rte_zmalloc("sa", sizeof(*sa) + sizeof(struct sa_lc), 64);

	spec->idx.src = addr_make(af, af == AF_INET ? src4 : src6);
	spec->idx.dst = addr_make(af, af == AF_INET ? dst4 : dst6);
	spec->idx.src.port_be = src_port_be;
	spec->idx.dst.port_be = dst_port_be;
	for (unsigned int i = 0; i < SECRET_MAX; i++)
		spec->enckey.b[i] = spec->authkey.b[i] = (uint8_t)i;
	if (sa == NULL || nsas == XFORM_FUZZ_SAS || xform->sa_init(sa, spec, &knobs, NULL) != 0 ||
		crypto_sa_open(crypto, sa, spec, 0, NULL) != 0)
		abort();
	atomic_store(&sa->state, SA_MATURE);
	sas[nsas++] = sa;
}

struct sa_rt *
xform_fuzz_sa(unsigned int bits)
{
	return sas[bits % nsas];
}

static void
free_buf(void *addr, void *opaque)
{
	(void)opaque;
	free(addr);
}

struct rte_mbuf *
xform_fuzz_mbuf(uint16_t front, uint16_t len, uint16_t behind)
{
	static struct rte_mbuf_ext_shared_info shared;
	const uint16_t room = (uint16_t)(front + len + behind);
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	uint8_t *buf = malloc(room);

	if (m == NULL || buf == NULL)
		abort();
	shared = (struct rte_mbuf_ext_shared_info){ .free_cb = free_buf };
	rte_mbuf_ext_refcnt_set(&shared, 1);
	rte_pktmbuf_attach_extbuf(m, buf, (rte_iova_t)(uintptr_t)buf, room, &shared);
	m->data_off = front;
	m->data_len = m->pkt_len = len;
	return m;
}

/* What the peer's engine does, in place and with the packet's own number. */
static void
seal(struct rte_mbuf *m)
{
	struct pkt_meta *meta = pkt_meta(m);

	meta->flags |= PKT_F_OUT;
	(void)engine->submit(lane, 0, &m, 1);
	if (meta->flags & PKT_F_CRYPTO_ERR)
		abort();
	meta->flags &= (uint16_t)~PKT_F_OUT;
}

bool
xform_fuzz_in(struct rte_mbuf **m, bool right)
{
	struct replay *rp = pkt_meta(*m)->sa->rp;

	if (rp != NULL)
		replay_init(rp, XFORM_FUZZ_WINDOW);
	if (xform->in_begin(lane, m, 1) == 0)
		return false;
	if (right)
		seal(*m);
	if (engine->submit(lane, 0, m, 1) == 0)
		return false;
	if (right && (pkt_meta(*m)->flags & PKT_F_CRYPTO_FAIL))
		abort();
	return xform->in_end(lane, m, 1) == 1;
}

bool
xform_fuzz_out(struct rte_mbuf **m)
{
	if (xform->out_begin(lane, m, 1) == 0)
		return false;
	if (engine->submit(lane, 0, m, 1) != 1 || xform->out_end(lane, m, 1) != 1)
		abort();
	return true;
}

bool
xform_fuzz_is_whole(struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const unsigned int hdr = meta->af == AF_INET ? sizeof(struct ip4) : sizeof(struct ip6);

	return m->data_off + m->data_len <= m->buf_len && m->pkt_len == m->data_len &&
		m->data_len >= hdr && meta->l3_off == 0 &&
		meta->l4_off + meta->l4_len == m->data_len;
}

int
xform_fuzz_end(void)
{
	if (rte_mempool_in_use_count(pool) != 0)
		abort();
	return 0;
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

/* The packet of an input, with the addresses of the SA. */
static struct rte_mbuf *
make_packet(const struct sa_rt *sa, const uint8_t *data, size_t size)
{
	const uint16_t off = sa->outer_af == AF_INET ? 12 : 8, addrs = off == 12 ? 8 : 32;
	const uint16_t len = (uint16_t)(size - 2);
	struct rte_mbuf *m = xform_fuzz_mbuf(FRONT, len, data[1] & 2 ? 0 : 4);
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);

	memcpy(p, data + 2, len);
	memcpy(p + off, sa->hdr + off, addrs);
	return m;
}

/* What came out of a packet that went in. */
static void
check(struct rte_mbuf *m, bool out)
{
	const struct pkt_meta *meta = pkt_meta(m);

	if (!xform_fuzz_is_whole(m) ||
		rte_pktmbuf_mtod(m, uint8_t *)[0] >> 4 != (meta->af == AF_INET ? 4 : 6) ||
		(!out && (meta->depth == 0 || meta->depth > NEST_MAX)))
		abort();
	rte_pktmbuf_free(m);
}

int
xform_fuzz_ip(const uint8_t *data, size_t size)
{
	struct pkt_meta *meta;
	struct rte_mbuf *m;
	struct sa_rt *sa;
	bool out, right;

	if (size < 2 + sizeof(struct ip6) || size > 2000)
		return -1;
	out = (data[0] & 0x40) != 0;
	right = (data[0] & 0x80) != 0 && engine == &crypto_direct;
	sa = xform_fuzz_sa(data[0] & 0x3fu);
	m = make_packet(sa, data, size);
	meta = pkt_meta(m);
	*meta = (struct pkt_meta){ .sa = sa, .af = sa->outer_af, .depth = data[1] >> 5 };
	meta->flags = data[1] & 4 ? PKT_F_FRAG : 0;
	if (out && (data[1] & 1))
		meta->flags |= PKT_F_TRANSPORT;
	if (!find_l4(meta, rte_pktmbuf_mtod(m, uint8_t *), m->data_len) ||
		(!out && xform_find(meta->l4_proto) != xform))
		rte_pktmbuf_free(m);
	else if (out ? xform_fuzz_out(&m) : xform_fuzz_in(&m, right))
		check(m, out);
	return xform_fuzz_end();
}
