/* SPDX-License-Identifier: BSD-2-Clause */
#include "pkt/drop.h"

#include <stddef.h>

static const struct {
	const char *name, *doc, *netbsd;
} reasons[DROP_MAX] = {
#define X(sym, name_, doc_, netbsd_) [DROP_##sym] = { name_, doc_, netbsd_ },
	DROP_REASONS(X)
#undef X
};

const char *
drop_name(enum drop_reason r)
{
	return r < DROP_MAX ? reasons[r].name : NULL;
}

const char *
drop_doc(enum drop_reason r)
{
	return r < DROP_MAX ? reasons[r].doc : NULL;
}

const char *
drop_netbsd(enum drop_reason r)
{
	return r < DROP_MAX ? reasons[r].netbsd : NULL;
}
