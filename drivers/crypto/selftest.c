/* SPDX-License-Identifier: BSD-2-Clause */
/* Known-answer tests of each engine and device before they may touch a packet, and a short calibration. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_malloc.h>

#include "base/hex.h"
#include "base/log.h"
#include "crypto/crypto_priv.h"

#define TEXT_LEN   32u
#define BENCH_PKTS 128u /* of a calibration slice: four bursts keep a device busy */
#define BENCH_DATA 1600u
#define SLICES     8u
#define SLOW       20000u /* cycles of a packet: two slices are enough */

/* A lane of its own, before there are workers, with packets such as they have. */
struct bench {
	const struct crypto_ops *ops;
	struct rte_mempool *pool;
	struct sa_rt *sa;
	struct rte_mbuf *m[BENCH_PKTS];
	struct pvec done;
	struct lane lane;
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
	const struct alg *a = alg_by_code(k->code);
	struct secret *key = a->kind == ALG_ENC ? &spec->enckey : &spec->authkey;

	*spec = (struct sa_spec){ 0 };
	if (a->kind == ALG_ENC)
		spec->enc = a;
	else
		spec->auth = a;
	key->len = k->key_len;
	fill(key->b, k->key_len, a->kind == ALG_ENC ? 0 : 0x40);
}

/* Header and text in a row, as MACs want them. @return the text */
static uint8_t *
make_cop(const struct kat *k, struct bench *b, unsigned int i, uint32_t text_len)
{
	struct cop *cop = &b->lane.cop[i];
	uint8_t *p = rte_pktmbuf_mtod(b->m[i], uint8_t *);

	*cop = (struct cop){ .aad = p, .aad_len = 8, .text = p + 8 };
	fill(p, 8, 0xa0);
	fill(cop->iv, sizeof(cop->iv), 0xb0);
	if (k->code == ALG_AES_CTR)
		memcpy(cop->iv + 12, "\0\0\0\1", 4);
	fill(cop->text, text_len, 0xc0);
	cop->text_len = text_len;
	cop->auth_len = 8 + text_len;
	cop->icv = cop->text + text_len;
	return cop->text;
}

/* Replace packets that an engine dropped. */
static int
refill(struct bench *b, unsigned int from)
{
	for (unsigned int i = from; i < BENCH_PKTS; i++) {
		b->m[i] = rte_pktmbuf_alloc(b->pool);
		if (b->m[i] == NULL)
			return -ENOMEM;
		(void)rte_pktmbuf_append(b->m[i], BENCH_DATA);
	}
	return 0;
}

static void
bench_free(struct bench *b)
{
	for (unsigned int i = 0; i < BENCH_PKTS; i++)
		rte_pktmbuf_free(b->m[i]);
	memset(b->m, 0, sizeof(b->m));
}

static void
submit_all(struct bench *b, unsigned int n)
{
	b->done.n = 0;
	for (unsigned int first = 0; first < n; first += BURST_MAX) {
		const unsigned int k = RTE_MIN(BURST_MAX, n - first);
		const uint16_t got =
			b->ops->submit(&b->lane, (uint16_t)first, b->m + first, (uint16_t)k);

		for (unsigned int i = 0; i < got; i++)
			b->done.m[b->done.n++] = b->m[first + i];
		b->ops->poll(&b->lane, &b->done);
	}
}

/* Run the first n packets through the engine. @return 0; -EPROTO some were dropped; -EIO no answer */
static int
run(struct bench *b, unsigned int n, bool out)
{
	const uint64_t end = rte_get_timer_cycles() + rte_get_timer_hz() / 5;
	unsigned int back;

	for (unsigned int i = 0; i < n; i++) {
		pkt_meta(b->m[i])->sa = b->sa;
		pkt_meta(b->m[i])->flags = out ? PKT_F_OUT : 0;
	}
	submit_all(b, n);
	while (crypto_inflight(&b->lane) > 0) {
		b->ops->poll(&b->lane, &b->done);
		if (rte_get_timer_cycles() > end)
			return -EIO;
	}
	back = b->done.n;
	memcpy(b->m, b->done.m, back * sizeof(struct rte_mbuf *));
	if (back == n)
		return 0;
	/* The tail behind n was not lost. */
	memmove(b->m + back, b->m + n, (BENCH_PKTS - n) * sizeof(struct rte_mbuf *));
	return refill(b, BENCH_PKTS - (n - back)) != 0 ? -ENOMEM : -EPROTO;
}

/* One packet. @return 0; -EBADMSG refused by its ICV; other errors as run() */
static int
run_one(struct bench *b, bool out)
{
	const int ret = run(b, 1, out);
	const uint16_t flags = pkt_meta(b->m[0])->flags;

	if (ret != 0)
		return ret;
	if (flags & PKT_F_CRYPTO_ERR)
		return -EPROTO;
	return flags & PKT_F_CRYPTO_FAIL ? -EBADMSG : 0;
}

/* @return 0; -EPROTO when the answer is wrong; -EIO when there is none */
static int
try_answer(const struct kat *k, struct bench *b)
{
	const struct alg *a = alg_by_code(k->code);
	uint8_t want[128];
	const int n = hex_decode(k->answer, strlen(k->answer), want, sizeof(want));
	uint8_t *text = make_cop(k, b, 0, TEXT_LEN);
	/* A MAC leaves the text alone. */
	uint8_t *sealed = a->kind == ALG_ENC ? text : text + TEXT_LEN;
	int ret = n < 0 ? -EPROTO : run_one(b, true);

	if (ret == 0 && memcmp(sealed, want, (size_t)n) != 0)
		ret = -EPROTO;
	if (ret == 0)
		ret = run_one(b, false);
	for (unsigned int i = 0; ret == 0 && i < TEXT_LEN; i++) {
		if (text[i] != 0xc0 + i)
			ret = -EPROTO;
	}
	if (ret != 0)
		return ret == -EBADMSG ? -EPROTO : ret;
	if (a->icv_len == 0)
		return 0;
	/* And it must be able to say no. */
	(void)make_cop(k, b, 0, TEXT_LEN);
	memcpy(sealed, want, (size_t)n);
	text[TEXT_LEN] ^= 1;
	ret = run_one(b, false);
	if (ret == -EBADMSG)
		return 0;
	return ret == 0 ? -EPROTO : ret;
}

/* The host may take the core away at any time, so the best slice counts, not the mean. */
static uint32_t
cycles(const struct kat *k, struct bench *b, uint32_t text_len)
{
	uint64_t best = UINT64_MAX;

	/* What is slow is known soon enough. */
	for (unsigned int slice = 0; slice < SLICES && (slice < 2 || best < SLOW); slice++) {
		uint64_t start;

		for (unsigned int i = 0; i < BENCH_PKTS; i++)
			(void)make_cop(k, b, i, text_len);
		start = rte_rdtsc();
		if (run(b, BENCH_PKTS, true) != 0)
			return UINT32_MAX / 4; /* works, but loses packets: the last choice */
		start = (rte_rdtsc() - start) / BENCH_PKTS;
		best = RTE_MIN(start, best);
	}
	return (uint32_t)best;
}

/* Test one row with an open session. */
static int
test_row(struct crypto *c, const struct kat *k, struct bench *b, struct crypto_report *r)
{
	const int ret = try_answer(k, b);

	if (ret == -EIO || ret == -ENOMEM)
		return ret;
	r->passed = ret == 0;
	if (!r->passed)
		log_warn("crypto: %s of %s %s fails its known-answer test and is not offered",
			alg_by_code(k->code)->name, r->engine, r->device);
	if (r->passed && c->conf.calibrate) {
		r->cycles_64 = cycles(k, b, 64);
		r->cycles_1420 = cycles(k, b, 1424);
	}
	return 0;
}

/* What an engine does not know at all gets no row. */
static int
try_row(struct crypto *c, unsigned int kat, struct bench *b, uint8_t dev)
{
	struct crypto_report *r = &c->report[c->nreport];
	const bool look = b->ops == &crypto_lookaside;
	struct sa_spec spec;
	int ret;

	make_spec(&kats[kat], &spec);
	*r = (struct crypto_report){ .engine = b->ops->name,
		.device = look ? c->dev[dev].name : "",
		.enc = spec.enc,
		.auth = spec.auth,
		.key_bits = (uint16_t)(kats[kat].key_len * 8u) };
	c->row[c->nreport] = (struct crypto_row){ .ops = b->ops,
		.engine = look ? (uint8_t)(1 + dev) : 0,
		.dev = dev,
		.kat = (uint8_t)kat,
		.hw = look && c->dev[dev].hw };
	b->sa->cls = (uint8_t)alg_by_code(kats[kat].code)->cls;
	b->sa->icv_len = alg_by_code(kats[kat].code)->icv_len;
	b->sa->dev_id = dev;
	ret = b->ops->sa_open(c, b->sa, &spec, NULL);
	sa_spec_wipe(&spec);
	if (ret != 0)
		return ret == -ENOTSUP ? 0 : ret;
	ret = test_row(c, &kats[kat], b, r);
	b->ops->sa_close(c, b->sa);
	if (ret == 0)
		c->nreport++;
	return ret;
}

static int
try_direct(struct crypto *c, struct bench *b)
{
	int ret = 0;

	b->ops = &crypto_direct;
	for (unsigned int k = 0; ret == 0 && k < nkats; k++)
		ret = try_row(c, k, b, 0);
	return ret;
}

static int
try_device(struct crypto *c, struct bench *b, unsigned int dev, struct err *err)
{
	const unsigned int before = c->nreport;
	int ret = 0;

	b->ops = &crypto_lookaside;
	for (unsigned int k = 0; ret == 0 && k < nkats; k++)
		ret = try_row(c, k, b, (uint8_t)dev);
	if (ret == -EIO)
		return err_set(err, ret, "crypto device \"%s\" does not answer", c->dev[dev].name);
	if (ret == 0 && c->nreport == before)
		log_warn("crypto device \"%s\" offers nothing that ESP needs and is not used",
			c->dev[dev].name);
	return ret;
}

static int
try_all(struct crypto *c, struct bench *b, struct err *err)
{
	int ret = refill(b, 0);

	if (ret == 0 && c->conf.engine != CRYPTO_LOOKASIDE)
		ret = try_direct(c, b);
	for (unsigned int d = 0; ret == 0 && d < c->ndev; d++)
		ret = try_device(c, b, d, err);
	return ret;
}

int
selftest_run(struct crypto *c, struct err *err)
{
	struct bench *b = rte_zmalloc("selftest", sizeof(*b), RTE_CACHE_LINE_SIZE);
	int ret = -ENOMEM;

	if (b == NULL)
		return err_set(err, ret, "no memory for the crypto self-test");
	b->pool = pkt_pool_create(
		"crypto_selftest", BENCH_PKTS, BENCH_DATA + RTE_PKTMBUF_HEADROOM, c->conf.socket);
	b->sa = rte_zmalloc("selftest", sizeof(*b->sa) + sizeof(struct sa_lc), RTE_CACHE_LINE_SIZE);
	if (b->pool != NULL && b->sa != NULL)
		ret = crypto_lane_open(c, &b->lane);
	if (ret == 0)
		ret = try_all(c, b, err);
	if (b->lane.crypto != NULL)
		crypto_lane_close(c, &b->lane);
	if (ret != -EIO) { /* else a device may still write to packets */
		bench_free(b);
		rte_mempool_free(b->pool);
	}
	rte_free(b->sa);
	rte_free(b);
	if (ret == 0 && c->conf.calibrate)
		selftest_log(c);
	if (ret != 0 && (err == NULL || err->code == 0))
		return err_set(err, ret, "the crypto self-test could not run");
	return ret;
}

/* ---- the calibration as a table: a line per algorithm, a column per engine or device ---- */

static const struct crypto_report *
find_cell(const struct crypto *c, unsigned int kat, const struct crypto_ops *ops, unsigned int dev)
{
	for (unsigned int i = 0; i < c->nreport; i++) {
		const struct crypto_row *row = &c->row[i];

		if (row->kat == kat && row->ops == ops && row->dev == dev && c->report[i].passed)
			return &c->report[i];
	}
	return NULL;
}

static void
add_cell(char *line, size_t size, const struct crypto_report *r)
{
	const size_t used = strlen(line);
	char cell[32] = "-";

	if (r != NULL)
		(void)snprintf(cell, sizeof(cell), "%u/%u", r->cycles_64, r->cycles_1420);
	(void)snprintf(line + used, size - used, " %18s", cell);
}

static void
add_name(char *line, size_t size, const char *name)
{
	const size_t used = strlen(line);

	(void)snprintf(line + used, size - used, " %18s", name);
}

void
selftest_log(const struct crypto *c)
{
	const bool direct = c->conf.engine != CRYPTO_LOOKASIDE;
	char line[320];

	log_info("crypto: cycles per packet with 64/1424 bytes of text, \"-\" is not offered:");
	(void)snprintf(line, sizeof(line), "%-28s", "");
	if (direct)
		add_name(line, sizeof(line), crypto_direct.name);
	for (unsigned int d = 0; d < c->ndev; d++)
		add_name(line, sizeof(line), c->dev[d].name);
	log_info("crypto: %s", line);
	for (unsigned int k = 0; k < nkats; k++) {
		char name[64];

		(void)snprintf(name, sizeof(name), "%s/%u", alg_by_code(kats[k].code)->name,
			kats[k].key_len * 8u);
		(void)snprintf(line, sizeof(line), "%-28s", name);
		if (direct)
			add_cell(line, sizeof(line), find_cell(c, k, &crypto_direct, 0));
		for (unsigned int d = 0; d < c->ndev; d++)
			add_cell(line, sizeof(line), find_cell(c, k, &crypto_lookaside, d));
		log_info("crypto: %s", line);
	}
}
