/* SPDX-License-Identifier: BSD-2-Clause */
/* Print what this build has: "reason NAME", "stage NAME", "sysctl NAME MIN MAX DEFAULT", */
/* "readonly NAME" or "same NAME OTHER", one a line. */
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
	for (size_t i = 0; i < t->n; i++) {
		const struct param *p = &t->rows[i];

		if (p->same != NULL)
			printf("same %s %s\n", p->name, p->same);
		if (p->read_only)
			printf("readonly %s\n", p->name);
		if (!p->read_only)
			printf("sysctl %s %d %d %d\n", p->name, p->min, p->max,
				params_get(p, &defaults, NULL));
	}
	return 0;
}
