/* SPDX-License-Identifier: BSD-2-Clause */
/* `audit`: what the gateway recorded of events that RFC 4301 wants recorded. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "table.h"

static const struct column kind_cols[] = { { "kind", "kind", CELL_TEXT },
	{ "events", "events", CELL_COUNT }, { "not shown", "suppressed", CELL_COUNT },
	{ "meaning", "doc", CELL_TEXT }, { 0 } };

/* Columns of one record, each as a cell so that nothing reaches the terminal unchecked. */
static const struct column record_cols[] = { { "id", "id", CELL_COUNT },
	{ "time", "time", CELL_TEXT }, { "kind", "kind", CELL_TEXT },
	{ "proto", "proto", CELL_TEXT }, { "spi", "spi", CELL_HEX }, { "seq", "seq", CELL_COUNT },
	{ "source", "src", CELL_TEXT }, { "port", "port", CELL_COUNT },
	{ "destination", "dst", CELL_TEXT }, { "reason", "reason", CELL_TEXT },
	{ "held back", "suppressed", CELL_COUNT }, { 0 } };

struct audit_args {
	bool follow, json;
};

static int
read_args(const struct cmd_env *env, struct audit_args *a, struct err *err)
{
	for (int i = 1; i < env->argc; i++) {
		if (strcmp(env->argv[i], "-f") == 0)
			a->follow = true;
		else if (strcmp(env->argv[i], "-j") == 0)
			a->json = true;
		else
			return err_set(err, -EINVAL, "audit does not take \"%s\": see --help",
				env->argv[i]);
	}
	return 0;
}

/* One record a line: as the table has it, or as JSON. */
static void
print_new(const json_t *records, bool json)
{
	char cell[256];

	for (size_t i = 0; i < json_array_size(records); i++) {
		const json_t *r = json_array_get(records, i);

		if (json) {
			(void)json_dumpf(r, stdout, JSON_COMPACT);
			(void)putchar('\n');
			continue;
		}
		for (size_t k = 0; record_cols[k].title != NULL; k++)
			printf("%s%s", k > 0 ? " " : "",
				table_cell(r, &record_cols[k], cell, sizeof(cell)));
		(void)putchar('\n');
	}
}

static int
follow(struct cmd_env *env, json_int_t next, bool json, struct err *err)
{
	const struct repeat often = { .interval_s = 0.5 };
	json_t *r = NULL;
	int ret;

	for (;;) {
		repeat_sleep(&often);
		ret = rpc_client_call(
			env->client, "audit.list", json_pack("{s:I}", "since", next), &r, err);
		if (ret != 0)
			return ret;
		print_new(json_object_get(r, "records"), json);
		next = json_integer_value(json_object_get(r, "next"));
		json_decref(r);
	}
}

int
cmd_audit(struct cmd_env *env, struct err *err)
{
	struct audit_args a = { 0 };
	json_t *r = NULL;
	json_int_t next;
	int ret = read_args(env, &a, err);

	if (ret == 0)
		ret = rpc_client_call(env->client, "audit.list", NULL, &r, err);
	if (ret != 0)
		return ret;
	if (a.json) {
		print_new(json_object_get(r, "records"), true);
	} else {
		table_print(stdout, "events", json_object_get(r, "kinds"), kind_cols, "none");
		table_print(stdout, "records", json_object_get(r, "records"), record_cols, "none");
	}
	next = json_integer_value(json_object_get(r, "next"));
	json_decref(r);
	return a.follow ? follow(env, next, a.json, err) : 0;
}
