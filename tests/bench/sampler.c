/* SPDX-License-Identifier: BSD-2-Clause */
#include "sampler.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>

#define PERIOD_NS   2000000L
#define THREADS_MAX 8u
#define RESCAN      64u /* samples between two looks for the worker's threads */

static struct {
	struct bench_shm *shm;
	const struct sampler_source *src;
	uint64_t slack; /* cycles a sample may take before it counts as interrupted */
	pid_t worker[THREADS_MAX];
	unsigned int nworker;
} state;

static int
env_cpu(const char *name)
{
	const char *text = getenv(name);

	return text != NULL ? (int)strtol(text, NULL, 10) : -1;
}

/* The worker is every thread that may run on the worker's core and nowhere else: EAL binds its lcores so. */
static void
find_workers(int cpu)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *e;
	cpu_set_t set;
	pid_t tid;

	state.nworker = 0;
	if (dir == NULL)
		return;
	while (state.nworker < THREADS_MAX && (e = readdir(dir)) != NULL) {
		tid = (pid_t)strtol(e->d_name, NULL, 10);
		if (tid == 0 || sched_getaffinity(tid, sizeof(set), &set) != 0)
			continue;
		if (CPU_COUNT(&set) == 1 && CPU_ISSET(cpu, &set))
			state.worker[state.nworker++] = tid;
	}
	closedir(dir);
}

/* The kernel's encoding of "CPU time of one thread" as a clock, as pthread_getcpuclockid() makes it. */
static clockid_t
thread_clock(pid_t tid)
{
	return (clockid_t)((~(unsigned int)tid << 3) | 6u);
}

static uint64_t
worker_ns(void)
{
	struct timespec ts;
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < state.nworker; i++) {
		if (clock_gettime(thread_clock(state.worker[i]), &ts) == 0)
			sum += (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
	}
	return sum;
}

/* A sample that was interrupted pairs a clock with counters of another moment: throw it away. */
static void
sample(void)
{
	struct bench_shm *shm = state.shm;
	uint64_t head = atomic_load_explicit(&shm->head, memory_order_relaxed);
	struct bench_sample *s = &shm->ring[head % BENCH_SAMPLES];
	uint64_t end;

	s->epoch = atomic_load_explicit(&shm->epoch, memory_order_acquire);
	s->tsc = rte_rdtsc_precise();
	state.src->read(&s->out, &s->in);
	s->cpu_ns = worker_ns();
	end = rte_rdtsc_precise();
	if (end - s->tsc > state.slack ||
		s->epoch != atomic_load_explicit(&shm->epoch, memory_order_acquire))
		return;
	atomic_store_explicit(&shm->head, head + 1, memory_order_release); /* scripts/bench reads */
}

static void *
run(void *arg)
{
	struct timespec period = { .tv_nsec = PERIOD_NS };
	int worker_cpu = env_cpu("BENCH_WORKER");
	unsigned int i;

	for (i = 0;; i++) {
		if (i % RESCAN == 0 && worker_cpu >= 0)
			find_workers(worker_cpu);
		nanosleep(&period, NULL);
		sample();
		if (state.src->tick != NULL)
			state.src->tick(state.shm);
	}
	return NULL;
}

struct bench_shm *
sampler_map(void)
{
	const char *path = getenv("BENCH_SHM");
	struct bench_shm *shm;
	int fd;

	if (path == NULL)
		return NULL;
	fd = open(path, O_RDWR | O_CLOEXEC);
	shm = fd < 0 ? MAP_FAILED :
		       mmap(NULL, sizeof(*shm), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (shm == MAP_FAILED) {
		perror(path);
		exit(1);
	}
	close(fd);
	return shm;
}

void
sampler_start(struct bench_shm *shm, const struct sampler_source *src, uint64_t tsc_hz)
{
	int cpu = env_cpu("BENCH_CPU");
	pthread_attr_t attr;
	pthread_t thread;
	cpu_set_t set;

	state.shm = shm;
	state.src = src;
	state.slack = tsc_hz / 50000; /* 20 microseconds */
	shm->tsc_hz = tsc_hz;
	CPU_ZERO(&set);
	CPU_SET(cpu >= 0 ? cpu : 0, &set);
	pthread_attr_init(&attr);
	pthread_attr_setaffinity_np(&attr, sizeof(set), &set);
	if (pthread_create(&thread, &attr, run, NULL) != 0) {
		perror("bench sampler");
		exit(1);
	}
	pthread_detach(thread);
	pthread_attr_destroy(&attr);
}
