/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/workers.h"

#include <errno.h>

#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>

unsigned int
workers_count(void)
{
	const unsigned int n = rte_lcore_count() - 1;

	return n == 0 ? 1 : RTE_MIN(n, WORKER_MAX);
}

static int
spread_queues(struct workers *ws, const struct portset *ports, struct err *err)
{
	unsigned int k = 0;

	/* Round robin over ports and queues: two ports of one queue each land on two workers. */
	for (uint8_t p = 0; p < ports->nport; p++) {
		for (uint16_t q = 0; q < ports->port[p].nrxq; q++) {
			if (worker_add_rxq(ws->w[k++ % ws->n], p, q) != 0)
				return err_set(err, -ENOSPC,
					"more than %u rx queues for one worker: configure fewer",
					RXQ_MAX);
		}
	}
	return 0;
}

int
workers_new(struct workers *ws, const struct worker_env *env, unsigned int n, struct err *err)
{
	unsigned int lcore = rte_get_main_lcore();
	int ret = 0;

	ws->shares_core = rte_lcore_count() == 1;
	for (unsigned int i = 0; i < n; i++) {
		if (!ws->shares_core)
			lcore = rte_get_next_lcore(i == 0 ? -1U : lcore, 1, 0);
		ws->w[i] = worker_new(env, i, (int)rte_lcore_to_socket_id(lcore), err);
		if (ws->w[i] == NULL) {
			ret = err->code;
			break;
		}
		ws->n++;
		ws->lcore[i] = lcore;
		ws->rows[i] = worker_rows(ws->w[i]);
		ws->lanes[i] = worker_lane(ws->w[i]);
	}
	if (ret == 0)
		ret = spread_queues(ws, env->ports, err);
	if (ret != 0)
		workers_free(ws);
	return ret;
}

/* On one core the worker is a thread of its own. EAL gives it mempool caches if it has an lcore id left. */
static void *
run_beside(void *arg)
{
	struct workers *ws = arg;
	const bool is_registered = rte_thread_register() == 0;

	(void)worker_run(ws->w[0]);
	if (is_registered)
		rte_thread_unregister();
	atomic_store_explicit(&ws->thread_done, true, memory_order_release);
	return NULL;
}

int
workers_launch(struct workers *ws, struct err *err)
{
	int ret = 0;

	if (ws->shares_core) {
		ret = rte_ctrl_thread_create(&ws->thread, "worker", NULL, run_beside, ws);
		if (ret != 0)
			return err_set(
				err, ret, "cannot start a worker thread: %s", rte_strerror(-ret));
		ws->launched = true;
		return 0;
	}
	ws->launched = true;
	for (unsigned int i = 0; i < ws->n && ret == 0; i++)
		ret = rte_eal_remote_launch(worker_run, ws->w[i], ws->lcore[i]);
	if (ret == 0)
		return 0;
	workers_stop(ws);
	rte_eal_mp_wait_lcore();
	ws->launched = false;
	return err_set(err, ret, "cannot launch a worker: %s", rte_strerror(-ret));
}

void
workers_stop(struct workers *ws)
{
	for (unsigned int i = 0; i < ws->n; i++)
		worker_stop(ws->w[i]);
}

bool
workers_done(const struct workers *ws)
{
	if (!ws->launched)
		return true;
	if (ws->shares_core)
		return atomic_load_explicit(&ws->thread_done, memory_order_acquire);
	for (unsigned int i = 0; i < ws->n; i++) {
		if (rte_eal_get_lcore_state(ws->lcore[i]) != WAIT)
			return false;
	}
	return true;
}

void
workers_free(struct workers *ws)
{
	if (ws->launched && ws->shares_core)
		(void)pthread_join(ws->thread, NULL);
	else if (ws->launched)
		rte_eal_mp_wait_lcore();
	for (unsigned int i = 0; i < ws->n; i++)
		worker_free(ws->w[i]);
	ws->n = 0;
	ws->launched = false;
}
