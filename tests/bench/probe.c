/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Preloaded into every contestant of scripts/bench, so that all of them are read in the same way.
 *
 * It waits for the start of the port BENCH_PORT, copies the first packets that the port sends (scripts/bench checks
 * that they are what they should be), takes its hook away again, and from then on only reads counters.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "sampler.h"

static struct {
	struct bench_shm *shm;
	uint16_t port;
	uint16_t nqueue;
	const struct rte_eth_rxtx_callback *hook[RTE_MAX_QUEUES_PER_PORT];
} probe;

static uint16_t
capture(uint16_t port, uint16_t queue, struct rte_mbuf *m[], uint16_t n, void *arg)
{
	struct bench_shm *shm = arg;
	struct bench_packet *p;
	const void *data;
	uint32_t slot;
	uint16_t i;

	for (i = 0; i < n; i++) {
		slot = atomic_load_explicit(&shm->captured, memory_order_relaxed);
		if (slot == BENCH_CAPTURES)
			break;
		if (m[i]->pkt_len > BENCH_CAP_LEN)
			continue;
		p = &shm->packet[slot];
		p->len = m[i]->pkt_len;
		data = rte_pktmbuf_read(m[i], 0, p->len, p->data);
		if (data != p->data)
			memcpy(p->data, data, p->len);
		atomic_store_explicit(&shm->captured, slot + 1, memory_order_release); /* tick() */
	}
	return n;
}

static void
read_counters(uint64_t *out, uint64_t *in)
{
	struct rte_eth_stats stats;
	uint16_t port;

	*out = *in = 0;
	/* Not RTE_ETH_FOREACH_DEV: it passes over ports that have an owner, as ours do. */
	for (port = 0; port < RTE_MAX_ETHPORTS; port++) {
		if (!rte_eth_dev_is_valid_port(port) || rte_eth_stats_get(port, &stats) != 0)
			continue;
		if (port == probe.port)
			*out = stats.opackets;
		else
			*in += stats.ipackets;
	}
}

static void
tick(struct bench_shm *shm)
{
	uint16_t q;

	if (atomic_load_explicit(&shm->state, memory_order_relaxed) != BENCH_CAPTURING ||
		atomic_load_explicit(&shm->captured, memory_order_acquire) != BENCH_CAPTURES)
		return;
	for (q = 0; q < probe.nqueue; q++)
		rte_eth_remove_tx_callback(probe.port, q, probe.hook[q]);
	atomic_store_explicit(&shm->state, BENCH_SAMPLING, memory_order_release);
}

static void
begin(uint16_t port)
{
	static const struct sampler_source source = { .read = read_counters, .tick = tick };
	struct rte_eth_dev_info info;
	uint16_t q;

	if (rte_eth_dev_info_get(port, &info) != 0)
		return;
	probe.port = port;
	probe.nqueue = info.nb_tx_queues;
	for (q = 0; q < probe.nqueue; q++)
		probe.hook[q] = rte_eth_add_tx_callback(port, q, capture, probe.shm);
	atomic_store_explicit(&probe.shm->state, BENCH_CAPTURING, memory_order_release);
	sampler_start(probe.shm, &source, rte_get_tsc_hz());
}

/* Takes the place of DPDK's own function of this name, and calls it. */
int
rte_eth_dev_start(uint16_t port)
{
	const char *wanted = getenv("BENCH_PORT");
	char name[RTE_ETH_NAME_MAX_LEN];
	int (*start)(uint16_t);
	int err;

	*(void **)&start = dlsym(RTLD_NEXT, "rte_eth_dev_start");
	if (start == NULL) {
		fprintf(stderr, "bench probe: %s\n", dlerror());
		exit(1);
	}
	err = start(port);
	if (err != 0 || probe.shm != NULL || wanted == NULL ||
		rte_eth_dev_get_name_by_port(port, name) != 0 || strcmp(name, wanted) != 0)
		return err;
	probe.shm = sampler_map();
	if (probe.shm != NULL)
		begin(port);
	return err;
}
