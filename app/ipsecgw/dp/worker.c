/* SPDX-License-Identifier: BSD-2-Clause */
/* One worker: its making, its step, its sleep. The order of the stages stands here and nowhere else. */
#include "dp/worker.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_interrupts.h>
#include <rte_malloc.h>
#include <rte_random.h>

#include "dp/dp_hot.h"
#include "dp/reass.h"

#define INJECT_RING  1024u /* packets */
#define SAMPLE_MASK  255u /* one step in 256 is measured */
#define IDLE_US      20u /* without a packet before the first sleep */
#define SLEEP_US     10u /* first sleep; doubled while idle */
#define SLEEP_MAX_US 500u
#define LOOKS        4u /* short sleeps after an interrupt that brought nothing */
#define DRAIN_US     200000u /* for packets inside look-aside engines at stop */

static const char *const names[STAGE_MAX] = {
#define X(sym, name) [STAGE_##sym] = (name),
	STAGES(X)
#undef X
};

const char *
stage_name(enum stage s)
{
	return (unsigned int)s < STAGE_MAX ? names[s] : NULL;
}

/* ---- making ---- */

static void
map_interfaces(struct worker *w)
{
	const struct portset *ps = w->env.ports;

	for (uint8_t i = 0; i < ps->nport; i++) {
		struct eth_in *e = &w->eth[ps->port[i].id];

		memcpy(&e->mac, ps->port[i].mac.addr_bytes, RTE_ETHER_ADDR_LEN);
		e->port = i;
		e->untagged = IFACE_NONE;
	}
	for (uint8_t i = 0; i < ps->niface; i++) {
		if (ps->iface[i].vlan == VLAN_NONE)
			w->eth[ps->port[ps->iface[i].port].id].untagged = i;
	}
}

static int
make_tables(struct worker *w, int socket)
{
	char name[RTE_RING_NAMESIZE];

	(void)snprintf(name, sizeof(name), "inject%u", w->lane.idx);
	w->inject = rte_ring_create(name, INJECT_RING, socket, RING_F_SC_DEQ);
	w->flow = rte_zmalloc_socket("flow", sizeof(*w->flow), RTE_CACHE_LINE_SIZE, socket);
	w->lane.audit = audit_new(socket, rte_get_tsc_hz());
	w->sa_slot = rte_zmalloc_socket(
		"sa_slot", SA_SLOTS * sizeof(*w->sa_slot), RTE_CACHE_LINE_SIZE, socket);
	w->out_slot = rte_zmalloc_socket(
		"out_slot", OUT_SLOTS * sizeof(*w->out_slot), RTE_CACHE_LINE_SIZE, socket);
	return w->inject != NULL && w->flow != NULL && w->sa_slot != NULL && w->out_slot != NULL &&
			w->lane.audit != NULL ?
		0 :
		-ENOMEM;
}

struct worker *
worker_new(const struct worker_env *env, unsigned int idx, int socket, struct err *err)
{
	struct worker *w = rte_zmalloc_socket("worker", sizeof(*w), RTE_CACHE_LINE_SIZE, socket);

	if (w == NULL) {
		(void)err_set(err, -ENOMEM, "no memory for worker %u", idx);
		return NULL;
	}
	w->env = *env;
	w->lane.idx = idx;
	w->lane.socket = socket;
	map_interfaces(w);
	w->frag_seq = (uint32_t)rte_rand();
	/* The caches' hashes are seeded, so that nobody outside can choose what collides. */
	if (make_tables(w, socket) != 0 ||
		getrandom(&w->seed, sizeof(w->seed), 0) != (ssize_t)sizeof(w->seed) ||
		crypto_lane_open(env->crypto, &w->lane) != 0 ||
		rte_rcu_qsbr_thread_register(env->qs, idx) != 0) {
		(void)err_set(err, -ENOMEM, "no memory for worker %u", idx);
		worker_free(w);
		return NULL;
	}
	return w;
}

static void
free_vec(struct rte_mbuf **m, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		rte_pktmbuf_free(m[i]);
}

void
worker_free(struct worker *w)
{
	struct rte_mbuf *m;

	if (w == NULL)
		return;
	while (w->inject != NULL && rte_ring_dequeue(w->inject, (void **)&m) == 0)
		rte_pktmbuf_free(m);
	free_vec(w->punt, w->npunt);
	for (unsigned int i = 0; i < PORT_MAX; i++)
		free_vec(w->tx[i].m, w->tx[i].n);
	if (w->lane.crypto != NULL) {
		(void)rte_rcu_qsbr_thread_unregister(w->env.qs, w->lane.idx);
		crypto_lane_close(w->env.crypto, &w->lane);
	}
	rte_ring_free(w->inject);
	rte_free(w->flow);
	rte_free(w->sa_slot);
	rte_free(w->out_slot);
	audit_free(w->lane.audit);
	rte_free(w);
}

int
worker_add_rxq(struct worker *w, uint8_t port, uint16_t queue)
{
	if (w->nrxq == RXQ_MAX)
		return -ENOSPC;
	w->rxq[w->nrxq++] =
		(struct rxq){ .ethdev = w->env.ports->port[port].id, .queue = queue, .port = port };
	return 0;
}

/* ---- the step ---- */

/* Take what the engines finished: each direction on its own. */
static void
done_vec(struct worker *w, struct pvec *done)
{
	struct rte_mbuf *in[PVEC_MAX], *out[PVEC_MAX];
	uint16_t nin = 0, nout = 0;

	for (uint16_t i = 0; i < done->n; i++) {
		if (pkt_meta(done->m[i])->flags & PKT_F_OUT)
			out[nout++] = done->m[i];
		else
			in[nin++] = done->m[i];
	}
	done->n = 0;
	in_finish(w, in, nin);
	out_finish(w, out, nout);
}

static inline void
run_stage(struct worker *w, enum stage s, void (*stage)(struct worker *, struct pvec *),
	struct pvec *v)
{
	const uint16_t n = v->n;

	if (n == 0)
		return;
	w->rows.stage[s].calls++;
	w->rows.stage[s].pkts += n;
	if (likely(!w->sampling)) {
		stage(w, v);
		return;
	}
	w->rows.stage[s].cycles -= rte_rdtsc();
	stage(w, v);
	w->rows.stage[s].cycles += rte_rdtsc();
}

/* @return false while there is no snapshot at all: nothing may be touched */
static bool
begin(struct worker *w, uint64_t now_tsc)
{
	/* Pairs with the release store of snap_commit(). */
	w->snap = atomic_load_explicit(w->env.snap, memory_order_acquire);
	if (w->snap == NULL)
		return false;
	w->lane.now_tsc = now_tsc;
	w->lane.gen = w->snap->gen;
	w->lane.knobs = &w->snap->knobs;
	w->sampling = (w->rows.steps & SAMPLE_MASK) == 0;
	w->rows.steps++;
	return true;
}

unsigned int
worker_step(struct worker *w, uint64_t now_tsc)
{
	unsigned int seen;
	const uint64_t injected = w->rows.injected;

	if (!begin(w, now_tsc))
		return 0;
	crypto_poll(&w->lane, &w->v.done);
	seen = w->v.done.n;
	run_stage(w, STAGE_CRYPTO, done_vec, &w->v.done);
	reass_tick(w);
	inject_vec(w);
	rx_vec(w, &w->v.rx);
	seen += w->v.rx.n + (unsigned int)(w->rows.injected - injected);
	run_stage(w, STAGE_PARSE, parse_vec, &w->v.rx);
	for (unsigned int i = 0; i <= NEST_MAX && w->v.sec.n > 0; i++)
		run_stage(w, STAGE_IN, in_vec, &w->v.sec);
	run_stage(w, STAGE_FLOW, flow_vec, &w->v.clear);
	run_stage(w, STAGE_POLICY, policy_vec, &w->v.miss);
	for (unsigned int i = 0; i < SP_REQ_MAX && w->v.out.n > 0; i++)
		run_stage(w, STAGE_OUT, out_vec, &w->v.out);
	run_stage(w, STAGE_TX, tx_vec, &w->v.tx);
	tx_flush(w);
	if (w->npunt > 0)
		punt_flush(w);
	if (seen == 0)
		w->rows.idle_steps++;
	rte_rcu_qsbr_quiescent(w->env.qs, w->lane.idx);
	return seen;
}

/* ---- running and sleeping ---- */

/* A worker may wait in the kernel for packets when every queue of it can wake it. */
static bool
arm_interrupts(struct worker *w)
{
	for (uint8_t i = 0; i < w->nrxq; i++) {
		if (!w->env.ports->port[w->rxq[i].port].rx_intr)
			return false;
	}
	for (uint8_t i = 0; i < w->nrxq; i++) {
		if (rte_eth_dev_rx_intr_ctl_q(w->rxq[i].ethdev, w->rxq[i].queue,
			    RTE_EPOLL_PER_THREAD, RTE_INTR_EVENT_ADD, NULL) != 0)
			return false;
	}
	return w->nrxq > 0;
}

static bool
wait_interrupt(struct worker *w, unsigned int us)
{
	struct rte_epoll_event ev[4];
	int n;

	for (uint8_t i = 0; i < w->nrxq; i++)
		(void)rte_eth_dev_rx_intr_enable(w->rxq[i].ethdev, w->rxq[i].queue);
	n = rte_epoll_wait(RTE_EPOLL_PER_THREAD, ev, RTE_DIM(ev), us < 1000 ? 1 : (int)(us / 1000));
	for (uint8_t i = 0; i < w->nrxq; i++)
		(void)rte_eth_dev_rx_intr_disable(w->rxq[i].ethdev, w->rxq[i].queue);
	return n > 0;
}

/* Asleep, a worker refers to nothing: control need not wait for it. @return woken by an interrupt */
static bool
go_to_sleep(struct worker *w, unsigned int us, bool interrupts)
{
	bool woken = false;

	w->rows.sleeps++;
	rte_rcu_qsbr_thread_offline(w->env.qs, w->lane.idx);
	if (interrupts)
		woken = wait_interrupt(w, us);
	else
		(void)usleep(us);
	rte_rcu_qsbr_thread_online(w->env.qs, w->lane.idx);
	return woken;
}

static void
drain(struct worker *w)
{
	const uint64_t end = rte_rdtsc() + rte_get_tsc_hz() / 1000000 * DRAIN_US;

	while (crypto_inflight(&w->lane) > 0 && rte_rdtsc() < end)
		(void)worker_step(w, rte_rdtsc());
}

int
worker_run(void *arg)
{
	struct worker *w = arg;
	const uint64_t idle_tsc = rte_get_tsc_hz() / 1000000 * IDLE_US;
	const bool interrupts = !w->env.poll_always && arm_interrupts(w);
	unsigned int sleep_us = SLEEP_US, looks = 0;
	uint64_t now = rte_rdtsc(), last = now;

	w->lane.lcore = rte_lcore_id();
	(void)prctl(PR_SET_TIMERSLACK, 1UL); /* a sleep of 10 us shall not take 60 */
	rte_rcu_qsbr_thread_online(w->env.qs, w->lane.idx);
	while (!atomic_load_explicit(&w->stop, memory_order_relaxed)) {
		now = rte_rdtsc();
		if (worker_step(w, now) > 0) {
			last = now;
			sleep_us = SLEEP_US;
			continue;
		}
		if (w->env.poll_always || now - last < idle_tsc || crypto_inflight(&w->lane) > 0)
			continue;
		/*
		 * net_tap receives nothing before a signal handler, in whatever thread, has counted the packet
		 * that the interrupt was for: look again soon instead of waiting for the next one.
		 */
		if (looks > 0) {
			looks--;
			(void)go_to_sleep(w, SLEEP_US, false);
			continue;
		}
		looks = go_to_sleep(w, sleep_us, interrupts) ? LOOKS : 0;
		sleep_us = RTE_MIN(sleep_us * 2, SLEEP_MAX_US);
	}
	drain(w);
	rte_rcu_qsbr_thread_offline(w->env.qs, w->lane.idx);
	return 0;
}

void
worker_stop(struct worker *w)
{
	atomic_store_explicit(&w->stop, true, memory_order_relaxed);
}

struct rte_ring *
worker_inject_ring(struct worker *w)
{
	return w->inject;
}

const struct worker_rows *
worker_rows(const struct worker *w)
{
	return &w->rows;
}

const struct lane *
worker_lane(const struct worker *w)
{
	return &w->lane;
}
