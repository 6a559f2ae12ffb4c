/* SPDX-License-Identifier: BSD-2-Clause */
#include "xform/xform.h"

#include <netinet/in.h>
#include <stddef.h>

static const struct {
	uint8_t proto;
	const struct xform_ops *ops;
} rows[] = {
	{ IPPROTO_AH, &xform_ah },
	{ IPPROTO_ESP, &xform_esp },
	{ IPPROTO_IPCOMP, &xform_ipcomp },
};

const struct xform_ops *
xform_find(uint8_t ipproto)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].proto == ipproto)
			return rows[i].ops;
	return NULL;
}
