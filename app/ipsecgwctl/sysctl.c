/* SPDX-License-Identifier: BSD-2-Clause */
/* `sysctl`: parameters by name, as sysctl(8) of NetBSD shows and sets them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "commands.h"
#include "table.h"

static const struct column cols[] = { { "name", "name", CELL_TEXT },
	{ "value", "value", CELL_COUNT }, { "min", "min", CELL_COUNT },
	{ "max", "max", CELL_COUNT }, { "meaning", "doc", CELL_TEXT }, { 0 } };

/** How to print: -n, -j, -d. */
struct style {
	bool values, json, doc;
};

static int
print_json(const json_t *v, struct err *err)
{
	if (json_dumpf(v, stdout, JSON_INDENT(2)) != 0 || putchar('\n') == EOF)
		return err_set(err, -EIO, "cannot write to standard output");
	return 0;
}

/* A number, or the numbers of a vector. */
static void
print_value(const json_t *v)
{
	if (json_is_integer(v))
		printf("%lld", (long long)json_integer_value(v));
	for (size_t i = 0; i < json_array_size(v); i++)
		printf("%s%lld", i > 0 ? " " : "",
			(long long)json_integer_value(json_array_get(v, i)));
}

static void
print_lines(const json_t *list, const struct style *s)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *o = json_array_get(list, i);
		const char *name = json_string_value(json_object_get(o, "name"));

		if (!s->values)
			printf("%s = ", name != NULL ? name : "?");
		print_value(json_object_get(o, "value"));
		(void)putchar('\n');
	}
}

/* Of a vector the table has no value: it has its own line without -d. */
static void
print_docs(const json_t *list, const char *title)
{
	json_t *copy = json_deep_copy(list);

	for (size_t i = 0; i < json_array_size(copy); i++) {
		json_t *o = json_array_get(copy, i);

		if (json_is_array(json_object_get(o, "value")))
			(void)json_object_del(o, "value");
	}
	table_print(stdout, title, copy, cols, "none");
	json_decref(copy);
}

static int
show(struct cmd_env *env, const char *prefix, const struct style *s, struct err *err)
{
	json_t *list = NULL;
	int ret = rpc_client_call(
		env->client, "sysctl.list", json_pack("{s:s}", "prefix", prefix), &list, err);

	if (ret == 0 && s->json)
		ret = print_json(list, err);
	else if (ret == 0 && s->doc)
		print_docs(list, *prefix != '\0' ? prefix : "parameters");
	else if (ret == 0)
		print_lines(list, s);
	json_decref(list);
	return ret;
}

static int
assign(struct cmd_env *env, const char *arg, const struct style *s, struct err *err)
{
	const char *eq = strchr(arg, '=');
	json_t *result = NULL;
	int64_t v;
	int ret;

	if (num_parse(eq + 1, &v) != 0)
		return err_set(err, -EINVAL, "%s: \"%s\" is not a number", arg, eq + 1);
	ret = rpc_client_call(env->client, "sysctl.set",
		json_pack("{s:s%, s:I}", "name", arg, (size_t)(eq - arg), "value", (json_int_t)v),
		&result, err);
	if (ret == 0 && s->json)
		ret = print_json(result, err);
	else if (ret == 0 && s->values)
		printf("%lld\n", (long long)v);
	else if (ret == 0)
		printf("%.*s: %lld -> %lld\n", (int)(eq - arg), arg,
			(long long)json_integer_value(json_object_get(result, "old")),
			(long long)v);
	json_decref(result);
	return ret;
}

static int
read_options(const struct cmd_env *env, int *first, struct style *s, struct err *err)
{
	int i = 1;

	for (; i < env->argc && env->argv[i][0] == '-'; i++) {
		for (const char *p = env->argv[i] + 1; *p != '\0'; p++) {
			if (strchr("anjd", *p) == NULL)
				return err_set(
					err, -EINVAL, "sysctl has no option -%c: see --help", *p);
			s->values |= *p == 'n';
			s->json |= *p == 'j';
			s->doc |= *p == 'd';
		}
	}
	*first = i;
	return 0;
}

int
cmd_sysctl(struct cmd_env *env, struct err *err)
{
	struct style s = { 0 };
	int i = 1;
	int ret = read_options(env, &i, &s, err);

	/* -a says what no name says, too. */
	if (ret == 0 && i == env->argc)
		return show(env, "", &s, err);
	for (; i < env->argc && ret == 0; i++)
		ret = strchr(env->argv[i], '=') != NULL ? assign(env, env->argv[i], &s, err) :
							  show(env, env->argv[i], &s, err);
	return ret;
}
