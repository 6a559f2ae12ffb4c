/* SPDX-License-Identifier: BSD-2-Clause */
/* The neighbour table as JSON, for neighbour.list. */
#include <stdlib.h>

#include "ctl/ctl.h"

static json_t *
row_json(const struct gateway *gw, const struct nbr_row *r)
{
	char mac[RTE_ETHER_ADDR_FMT_SIZE];
	char text[ADDR_STRLEN];

	rte_ether_format_addr(mac, sizeof(mac), &r->mac);
	return json_pack("{s:s, s:s, s:s?, s:s, s:I}", "address", addr_str(&r->addr, text),
		"interface", gw->ports.iface[r->iface].name, "mac",
		rte_is_zero_ether_addr(&r->mac) ? NULL : mac, "state", r->state, "age_s",
		(json_int_t)(r->age_ms / 1000));
}

json_t *
ctl_neighbours(void *arg)
{
	const struct gateway *gw = arg;
	const unsigned int max = local_neighbours(gw->local, ctl_now_ms(), NULL, 0);
	struct nbr_row *rows = calloc(max + 1, sizeof(*rows));
	json_t *list = json_array();
	unsigned int n;

	if (rows == NULL) {
		json_decref(list);
		return NULL;
	}
	n = local_neighbours(gw->local, ctl_now_ms(), rows, max);
	for (unsigned int i = 0; i < n && i < max; i++)
		(void)json_array_append_new(list, row_json(gw, &rows[i]));
	free(rows);
	return list;
}
