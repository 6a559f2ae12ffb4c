/* SPDX-License-Identifier: BSD-2-Clause */
/* Every crypto engine and software device that tests run against, one after the other. */
/* Owner: the test program; one thread. */
#ifndef DP_ENGINE_H
#define DP_ENGINE_H

#include "crypto/crypto.h"

struct engine {
	const char *name; /* for the log */
	enum crypto_engine engine;
	const char *device; /* NULL for direct */
	unsigned int rows; /* what crypto_reports() must list, all passed */
};

#define ENGINES     4 /* that serve every test */
#define ENGINES_ALL 5 /* and those that know a single algorithm */
extern const struct engine engines[ENGINES_ALL];

/** Start EAL without huge pages, PCI and root, quietly, and the packet metadata. */
void
engine_eal(void);
/** Open the engine and a lane on it. */
struct crypto *
engine_open(const struct engine *e, struct lane *lane);
/** Close both; asserts that no session and no packet is left. */
void
engine_close(struct crypto *c, struct lane *lane);

struct CMUnitTest;

/** How the cases of a program are run on an engine. */
struct engine_group {
	void (*start)(const struct engine *e);
	void (*stop)(void);
	const char *without; /* name of an engine that cannot serve them, or NULL */
};
extern const struct engine *engine_now; /* of the cases that run */

/** Run n cases on each of the first ENGINES engines. EAL is up, and is down afterwards. @return failures */
int
engine_groups(const struct engine_group *g, const struct CMUnitTest *tests, size_t n);

/** Submit n packets of one engine and wait for them; their order in m[] stays. @return n */
uint16_t
engine_run(struct lane *lane, uint16_t first, struct rte_mbuf **m, uint16_t n);

#endif
