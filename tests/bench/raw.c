/* SPDX-License-Identifier: BSD-2-Clause */
#include "raw.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>

#include "sampler.h"

static const struct raw_alg algs[] = {
	{ "gcm128", RAW_GCM, 16, false, 0, 16 },
	{ "gcm256", RAW_GCM, 32, false, 0, 16 },
	{ "cbc-sha1", RAW_CBC_HMAC, 16, true, 20, 12 },
	{ "cbc-sha256", RAW_CBC_HMAC, 32, false, 32, 16 },
	{ "ah-sha1", RAW_HMAC, 0, true, 20, 12 },
	{ "ah-sha256", RAW_HMAC, 0, false, 32, 16 },
	{ "chacha", RAW_CHACHA, 32, false, 0, 16 },
	{ "ccm128", RAW_CCM, 16, false, 0, 16 },
};

static _Atomic uint64_t done;

void
raw_count(uint32_t n)
{
	atomic_store_explicit(
		&done, atomic_load_explicit(&done, memory_order_relaxed) + n, memory_order_relaxed);
}

static void
read_counter(uint64_t *out, uint64_t *in)
{
	*out = *in = atomic_load_explicit(&done, memory_order_relaxed);
}

static int
usage(void)
{
	fprintf(stderr,
		"usage: bench_raw [EAL options] -- imb|cryptodev ALG seal|open SAS LEN[,LEN...] [DEVICE]\n"
		"ALG: gcm128 gcm256 cbc-sha1 cbc-sha256, with imb also ah-sha1 ah-sha256 chacha ccm128;\n"
		"LEN: bytes of ciphertext, or of what AH hashes, taken in turn\n");
	return 2;
}

static bool
parse_lengths(struct raw_job *job, const char *text)
{
	uint32_t value[64], n = 0, i;
	char *end;

	do {
		value[n] = (uint32_t)strtoul(text, &end, 10);
		if (end == text || value[n] == 0 || value[n] > RAW_BUF_LEN - 2 * RAW_HEAD)
			return false;
		n++;
		text = end + 1;
	} while (*end == ',' && n < 64);
	for (i = 0; i < RAW_BUFS; i++)
		job->len[i] = value[i % n];
	return *end == '\0';
}

static bool
parse(struct raw_job *job, int argc, char **argv)
{
	size_t i;

	if (argc < 6)
		return false;
	for (i = 0; i < sizeof(algs) / sizeof(algs[0]); i++) {
		if (strcmp(argv[2], algs[i].name) == 0)
			job->alg = &algs[i];
	}
	job->is_seal = strcmp(argv[3], "seal") == 0;
	job->nsa = (uint32_t)strtoul(argv[4], NULL, 10);
	job->device = argc > 6 ? argv[6] : NULL;
	/* 37 is prime to every number of SAs that we use: neighbours in a burst differ. */
	for (i = 0; i < RAW_BUFS && job->nsa > 0; i++)
		job->sa[i] = (uint32_t)(i * 37 % job->nsa);
	return job->alg != NULL && job->nsa > 0 && parse_lengths(job, argv[5]);
}

int
main(int argc, char **argv)
{
	static const struct sampler_source source = { .read = read_counter };
	struct raw_job job = { .alg = NULL };
	struct bench_shm *shm;
	int n = rte_eal_init(argc, argv);

	if (n < 0)
		return 1;
	if (!parse(&job, argc - n, argv + n))
		return usage();
	shm = sampler_map();
	if (shm != NULL) {
		atomic_store_explicit(&shm->state, BENCH_SAMPLING, memory_order_release);
		sampler_start(shm, &source, rte_get_tsc_hz());
	}
	if (strcmp(argv[n + 1], "imb") == 0)
		return raw_imb_run(&job);
	return job.device != NULL ? raw_cryptodev_run(&job) : usage();
}
