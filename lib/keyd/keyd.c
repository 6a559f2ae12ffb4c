/* SPDX-License-Identifier: BSD-2-Clause */
#include "keyd/keyd.h"

int
keyd_init(struct keyd *kd, struct knobs *knobs, const struct keyd_dp_ops *dp, void *arg)
{
	*kd = (struct keyd){
		.knobs = knobs,
		.dp = dp,
		.dp_arg = arg,
		.next_reqid = REQID_MANUAL_MAX + 1,
	};
	spd_init(&kd->spd);
	return sad_init(&kd->sad);
}

void
keyd_fini(struct keyd *kd)
{
	spd_fini(&kd->spd);
	sad_fini(&kd->sad);
}
