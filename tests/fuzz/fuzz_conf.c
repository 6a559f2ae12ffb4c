/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a configuration: what is accepted keeps the promises of conf.h, what is not has a place. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_priv.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_accepted(const struct conf *c)
{
	const char *what;

	if (c->nport == 0 || c->nport > PORT_MAX || c->niface < c->nport || c->niface > IFACE_MAX)
		abort();
	for (unsigned int i = 0; i < c->niface; i++) {
		if (c->iface[i].port >= c->nport || c->iface[i].naddr > IFACE_ADDRS ||
			c->iface[i].name[0] == '\0' || c->iface[i].mtu < 576)
			abort();
	}
	for (uint32_t i = 0; i < c->nroute; i++) {
		struct addr to = c->route[i].to;

		addr_mask(&to);
		if (c->route[i].iface >= c->niface || !addr_eq(&to, &c->route[i].to) ||
			(c->route[i].via.af != 0 && c->route[i].via.af != to.af))
			abort();
	}
	for (uint32_t i = 0; i < c->nneighbour; i++) {
		if (c->neighbour[i].iface >= c->niface)
			abort();
	}
	if (!conf_can_reload(c, c, &what) || what != NULL)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = { 0 };
	struct conf *c;
	unsigned int line, col;

	if (conf_parse("f", (const char *)data, size, &c, &err) != 0) {
		if (c != NULL || err.code != -EINVAL ||
			sscanf(err.text, "f:%u:%u: ", &line, &col) != 2 || line == 0 || col == 0 ||
			line > size + 1)
			abort();
		return 0;
	}
	check_accepted(c);
	(void)conf_error_at(c, &err, -EINVAL, "ports[0].addresses[0]", "x");
	conf_free(c);
	return 0;
}
