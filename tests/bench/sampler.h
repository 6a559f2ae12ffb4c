/* SPDX-License-Identifier: BSD-2-Clause */
/* A thread that writes down, every two milliseconds, the clock, the packet counters and the worker's CPU time. */
/* One per process; it runs beside the worker's core and never touches the packets. */
#ifndef BENCH_SAMPLER_H
#define BENCH_SAMPLER_H

#include <stdint.h>

#include "shm.h"

struct sampler_source {
	/** Read both counters. Called by the sampler thread only. */
	void (*read)(uint64_t *out, uint64_t *in);
	/** Called after each sample; may move bench_shm.state on. May be NULL. */
	void (*tick)(struct bench_shm *shm);
};

/**
 * Map the file named by the environment variable BENCH_SHM.
 *
 * @return the mapping, or NULL if the variable is not set; exits with a message if the file cannot be mapped
 */
struct bench_shm *
sampler_map(void);

/**
 * Start the sampler thread on the core BENCH_CPU, watching the threads bound to the core BENCH_WORKER alone.
 *
 * @param src  must stay valid until the process ends
 */
void
sampler_start(struct bench_shm *shm, const struct sampler_source *src, uint64_t tsc_hz);

#endif
