/* SPDX-License-Identifier: BSD-2-Clause */
/* Print what this build has: "reason NAME", "stage NAME", "sysctl NAME MIN MAX DEFAULT", one a line. */
#include <stdio.h>

#include "dp/worker.h"
#include "keyd/key_params.h"

int
main(void)
{
	const struct params_tree *t = key_params_tree();
	const struct knobs defaults = KNOBS_INIT;

	for (unsigned int r = 0; r < DROP_MAX; r++)
		printf("reason %s\n", drop_name((enum drop_reason)r));
	for (unsigned int s = 0; s < STAGE_MAX; s++)
		printf("stage %s\n", stage_name((enum stage)s));
	for (size_t i = 0; i < t->n; i++)
		printf("sysctl %s %d %d %d\n", t->rows[i].name, t->rows[i].min, t->rows[i].max,
			params_get(&t->rows[i], &defaults));
	return 0;
}
