/* SPDX-License-Identifier: BSD-2-Clause */
/* The workers of this program: made, given their queues, launched on lcores, stopped, freed. */
/* Control thread only. */
#ifndef CTL_WORKERS_H
#define CTL_WORKERS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/defs.h"
#include "base/err.h"
#include "dp/worker.h"
#include "port/port.h"

struct workers {
	unsigned int n;
	struct worker *w[WORKER_MAX];
	unsigned int lcore[WORKER_MAX];
	const struct worker_rows *rows[WORKER_MAX];
	const struct lane *lanes[WORKER_MAX];
	bool shares_core; /* one lcore only: the single worker is a thread beside control */
	bool launched;
	pthread_t thread;
	_Atomic bool thread_done;
};

/** @return workers this EAL has room for: its worker lcores, or 1 on the main lcore; 1..WORKER_MAX */
unsigned int
workers_count(void);

/** Make n workers and spread the rx queues of all ports over them. @return 0; -ENOMEM, -ENOSPC */
WARN_UNUSED int
workers_new(struct workers *ws, const struct worker_env *env, unsigned int n, struct err *err);
/** Start them. @return 0 or -errno; on error none runs */
WARN_UNUSED int
workers_launch(struct workers *ws, struct err *err);
/** Ask all to drain and return. */
void
workers_stop(struct workers *ws);
/** @return true when none runs any more */
bool
workers_done(const struct workers *ws);
/** Join them (they must be done) and free them. */
void
workers_free(struct workers *ws);

#endif
