/* SPDX-License-Identifier: BSD-2-Clause */
/* Known answers of a compression device, through the very path that packets take. */
#include <errno.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_malloc.h>

#include <zlib.h>

#include "crypto/comp_priv.h"

#define TEXT_LEN 147u

static const char text[TEXT_LEN + 1] = "GET /index.html HTTP/1.1\r\nHost: gateway.example\r\n"
				       "GET /index.html HTTP/1.1\r\nHost: gateway.example\r\n"
				       "GET /index.html HTTP/1.1\r\nHost: gateway.example\r\n";

/* The text as zlib 1.2.13 compresses it at level 9, raw (RFC 1951). */
static const uint8_t deflated[] = { 0x73, 0x77, 0x0d, 0x51, 0xd0, 0xcf, 0xcc, 0x4b, 0x49, 0xad,
	0xd0, 0xcb, 0x28, 0xc9, 0xcd, 0x51, 0xf0, 0x08, 0x09, 0x09, 0xd0, 0x37, 0xd4, 0x33, 0xe4,
	0xe5, 0xf2, 0xc8, 0x2f, 0x2e, 0xb1, 0x52, 0x48, 0x4f, 0x2c, 0x49, 0x2d, 0x4f, 0xac, 0xd4,
	0x4b, 0xad, 0x48, 0xcc, 0x2d, 0xc8, 0x49, 0xe5, 0xe5, 0x72, 0xa7, 0xb9, 0x06, 0x00 };

/* Block type 3 does not exist. */
static const uint8_t broken[] = { 0x07, 0x00, 0x12, 0x34, 0x56 };

/* What a worker has: one packet, one operation. */
struct bench {
	struct cop cop;
	struct comp_lane *cl;
	struct sa_rt *sa;
	struct rte_mbuf *m;
	struct lane lane; /* last: it is aligned to a cache line */
};

/* Put len bytes through the device. @return 0; -ENOMEM; -ETIMEDOUT */
static int
run(struct bench *b, bool out, const void *bytes, uint16_t len)
{
	const uint64_t end = rte_get_timer_cycles() + rte_get_timer_hz();
	struct pvec done = { .n = 0 };
	char *data;

	rte_pktmbuf_reset(b->m);
	data = rte_pktmbuf_append(b->m, len);
	if (data == NULL)
		return -ENOMEM;
	memcpy(data, bytes, len);
	pkt_meta(b->m)->sa = b->sa;
	pkt_meta(b->m)->flags = out ? PKT_F_OUT : 0;
	b->cop = (struct cop){ .text = (uint8_t *)data, .text_len = len };
	done.n = comp_submit(&b->lane, b->cl, 0, &b->m, 1);
	if (done.n == 1)
		return 0;
	b->cl->c->sync = false;
	while (comp_inflight(b->cl) > 0) {
		comp_poll(&b->lane, b->cl, &done);
		if (rte_get_timer_cycles() > end)
			return -ETIMEDOUT;
	}
	if (done.n == 1)
		b->m = done.m[0];
	return done.n == 1 ? 0 : -ENOMEM;
}

static bool
is_text(const uint8_t *p, size_t len)
{
	return len == TEXT_LEN && memcmp(p, text, TEXT_LEN) == 0;
}

/* zlib itself must be able to read what the device wrote. */
static bool
inflates_to_text(uint8_t *p, uint16_t len)
{
	uint8_t got[TEXT_LEN + 1];
	z_stream z = { .next_in = p, .avail_in = len, .next_out = got, .avail_out = sizeof(got) };
	int ret;

	if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
		return false;
	ret = inflate(&z, Z_FINISH);
	(void)inflateEnd(&z);
	return ret == Z_STREAM_END && z.avail_in == 0 && is_text(got, z.total_out);
}

/* @return NULL, or what the device cannot do */
static const char *
answers(struct bench *b)
{
	const struct pkt_priv *priv = pkt_priv(b->m);
	uint8_t *data = rte_pktmbuf_mtod(b->m, uint8_t *);

	if (run(b, false, deflated, sizeof(deflated)) != 0 || priv->comp_why != DROP_MAX ||
		!is_text(data, priv->comp_len))
		return "does not inflate";
	if (run(b, true, text, TEXT_LEN) != 0 || priv->comp_why != DROP_MAX ||
		priv->comp_len == 0 || !inflates_to_text(data, priv->comp_len))
		return "does not deflate";
	if (run(b, false, broken, sizeof(broken)) != 0 || priv->comp_why == DROP_MAX)
		return "inflates what is not DEFLATE";
	if (!b->cl->c->sync && !b->cl->c->shareable)
		return "can have one operation in flight only";
	return NULL;
}

int
comp_selftest(struct comp *c, struct err *err)
{
	struct bench *b = rte_zmalloc("comp_bench", sizeof(*b), RTE_CACHE_LINE_SIZE);
	struct sa_rt *sa =
		rte_zmalloc("comp_sa", sizeof(*sa) + sizeof(struct sa_lc), RTE_CACHE_LINE_SIZE);
	const char *why = "has no memory for its test";

	c->sync = true;
	if (b != NULL) {
		b->sa = sa;
		b->lane.cop = &b->cop;
		b->m = rte_pktmbuf_alloc(c->pool);
		b->cl = comp_lane_open(c, 0);
		if (sa != NULL && b->m != NULL && b->cl != NULL)
			why = answers(b);
		comp_lane_close(b->cl);
		rte_pktmbuf_free(b->m);
	}
	rte_free(sa);
	rte_free(b);
	if (why != NULL)
		return err_set(err, -EIO, "compression device \"%s\" %s", c->name, why);
	return 0;
}
