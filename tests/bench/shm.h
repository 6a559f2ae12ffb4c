/* SPDX-License-Identifier: BSD-2-Clause */
/* What a measured process shares with scripts/bench: a ring of samples and a few captured packets. */
/* Written by the sampler thread (and, while capturing, by the worker); scripts/bench writes epoch only. */
#ifndef BENCH_SHM_H
#define BENCH_SHM_H

#include <stdatomic.h>
#include <stdint.h>

#define BENCH_MAGIC    0x62656e63u
#define BENCH_SAMPLES  65536u
#define BENCH_CAPTURES 64u
#define BENCH_CAP_LEN  2044u

enum bench_state {
	BENCH_STARTING,
	BENCH_CAPTURING, /* the port transmits or is about to; packets are copied out for checking */
	BENCH_SAMPLING, /* nothing but the sampler is left of us */
};

/* scripts/bench.d/measure.py reads this layout: change both. */
struct bench_sample {
	uint64_t tsc;
	uint64_t out; /* packets sent by the measured port since it started */
	uint64_t in; /* packets received by all other ports */
	uint64_t cpu_ns; /* CPU time of the threads bound to the worker's core */
	uint64_t epoch; /* the value of bench_shm.epoch: names the slice */
};

struct bench_packet {
	uint32_t len;
	uint8_t data[BENCH_CAP_LEN];
};

struct bench_shm {
	uint32_t magic;
	_Atomic uint32_t state; /* enum bench_state */
	_Atomic uint32_t epoch;
	_Atomic uint32_t captured;
	uint64_t tsc_hz;
	_Atomic uint64_t head; /* samples written; the newest is ring[(head - 1) % BENCH_SAMPLES] */
	struct bench_sample ring[BENCH_SAMPLES];
	struct bench_packet packet[BENCH_CAPTURES];
};

#endif
