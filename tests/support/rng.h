/* SPDX-License-Identifier: BSD-2-Clause */
/* Random tests: a small generator whose seed is printed, and can be given again with SEED=n. */
#ifndef SUPPORT_RNG_H
#define SUPPORT_RNG_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline uint64_t
rng_seed(const char *who)
{
	const char *env = getenv("SEED");
	uint64_t seed = env != NULL ? strtoull(env, NULL, 0) :
				      (uint64_t)time(NULL) * 2654435761u + (uint64_t)clock();

	printf("%s: SEED=%llu\n", who, (unsigned long long)seed);
	return seed;
}

/* splitmix64: every seed is good, including 0. */
static inline uint64_t
rng_next(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

#endif
