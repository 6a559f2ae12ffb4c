/* SPDX-License-Identifier: BSD-2-Clause */
/* Packet metadata, pools, drop reasons and grouping, on real mbufs without hugepages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_mempool.h>

#include <cmocka.h>

#include "dp/eal.h"
#include "pkt/group.h"
#include "pkt/lane.h"
#include "support/rng.h"

static struct rte_mempool *pool;

/* abort(), unlike cmocka's assertions, tells the compiler that NULL goes no further. */
static struct rte_mbuf *
alloc(void)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	if (m == NULL)
		abort();
	return m;
}

static int
start(void **state)
{
	(void)state;
	test_eal(64, NULL);
	pool = pkt_pool_create("pkts", 1023, RTE_MBUF_DEFAULT_BUF_SIZE, 0);
	assert_non_null(pool);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
	rte_mempool_free(pool);
	return rte_eal_cleanup();
}

static void
pkt_meta_does_not_overlap_what_rte_mbuf_uses(void **state)
{
	struct rte_mbuf *m = alloc();
	struct rte_mbuf before;

	(void)state;
	memcpy(&before, m, sizeof(before));
	memset(pkt_meta(m), 0xff, sizeof(struct pkt_meta));
	assert_ptr_equal(m->pool, pool);
	assert_int_equal(m->tx_offload, before.tx_offload);
	assert_int_equal(m->priv_size, before.priv_size);
	assert_ptr_equal(m->next, before.next);
	memset(pkt_meta(m), 0, sizeof(struct pkt_meta));
	rte_pktmbuf_free(m);
}

static void
pkt_priv_holds_an_op_that_knows_its_mbuf(void **state)
{
	struct rte_mbuf *m = alloc();
	struct pkt_priv *priv = pkt_priv(m);

	(void)state;
	assert_true(m->priv_size >= sizeof(*priv));
	assert_ptr_equal(priv->sym.m_src, m);
	assert_null(priv->op.mempool);
	assert_int_equal(priv->op.phys_addr, rte_mempool_virt2iova(m) + sizeof(*m));
	assert_ptr_equal(priv->op.sym, &priv->sym);
	rte_pktmbuf_free(m);
}

static void
drop_reasons_have_unique_names_and_words(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < DROP_MAX; i++) {
		assert_true(strlen(drop_name(i)) > 0 && strlen(drop_doc(i)) > 10);
		assert_non_null(drop_netbsd(i));
		for (unsigned int j = 0; j < i; j++)
			assert_string_not_equal(drop_name(i), drop_name(j));
	}
	assert_null(drop_name(DROP_MAX));
}

static void
drop_counts_and_frees(void **state)
{
	struct lane *lane = calloc(1, sizeof(*lane));
	unsigned int before = rte_mempool_in_use_count(pool);

	(void)state;
	assert_non_null(lane);
	drop(lane, alloc(), DROP_SEC_AUTH);
	drop(lane, alloc(), DROP_SEC_AUTH);
	assert_int_equal(lane->drop[DROP_SEC_AUTH], 2);
	assert_int_equal(rte_mempool_in_use_count(pool), before);
	free(lane);
}

static void
pvec_add_drops_when_full(void **state)
{
	struct lane *lane = calloc(1, sizeof(*lane));
	struct pvec v = { 0 };

	(void)state;
	assert_non_null(lane);
	for (unsigned int i = 0; i < PVEC_MAX + 3; i++)
		pvec_add(lane, &v, alloc());
	assert_int_equal(v.n, PVEC_MAX);
	assert_int_equal(lane->drop[DROP_VEC_FULL], 3);
	rte_pktmbuf_free_bulk(v.m, v.n);
	free(lane);
}

/* The definition, slowly: groups in order of first appearance, packets in order within them. */
static void
naive_group(struct rte_mbuf **m, uint16_t n, struct rte_mbuf **out)
{
	uint16_t k = 0;
	bool done[PVEC_MAX] = { false };

	for (uint16_t i = 0; i < n; i++) {
		for (uint16_t j = i; j < n && !done[i]; j++) {
			if (pkt_meta(m[j])->sa == pkt_meta(m[i])->sa && !done[j])
				out[k++] = m[j];
		}
		for (uint16_t j = n; j-- > i;)
			done[j] = done[j] || pkt_meta(m[j])->sa == pkt_meta(m[i])->sa;
	}
}

static void
group_by_sa_equals_the_naive_order(void **state)
{
	uint64_t rng = rng_seed("group");
	struct rte_mbuf *m[PVEC_MAX];
	struct rte_mbuf *want[PVEC_MAX];

	(void)state;
	assert_int_equal(rte_pktmbuf_alloc_bulk(pool, m, PVEC_MAX), 0);
	for (unsigned int round = 0; round < 3000; round++) {
		uint16_t n = (uint16_t)(rng_next(&rng) % (PVEC_MAX + 1));
		uint64_t sas = 1 + rng_next(&rng) % (round % 3 == 0 ? 300 : 5);

		for (uint16_t i = 0; i < n; i++)
			pkt_meta(m[i])->sa =
				(struct sa_rt *)(uintptr_t)(4096 + 64 * (rng_next(&rng) % sas));
		naive_group(m, n, want);
		group_by_sa(m, n);
		assert_memory_equal(m, want, n * sizeof(m[0]));
	}
	rte_pktmbuf_free_bulk(m, PVEC_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pkt_meta_does_not_overlap_what_rte_mbuf_uses),
		cmocka_unit_test(pkt_priv_holds_an_op_that_knows_its_mbuf),
		cmocka_unit_test(drop_reasons_have_unique_names_and_words),
		cmocka_unit_test(drop_counts_and_frees),
		cmocka_unit_test(pvec_add_drops_when_full),
		cmocka_unit_test(group_by_sa_equals_the_naive_order),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
