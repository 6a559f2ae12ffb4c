/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/rpc_methods.h"

#include <errno.h>

#include "keyd/key_params.h"
#include "pkt/drop.h"
#include "rpc/args.h"

#define NAME_MAX_LEN 128u

/* For methods without arguments. */
static int
no_args(json_t *params, struct rpc_fail *f)
{
	struct args a;

	return args_begin(&a, params, f) != 0 ? f->code : args_end(&a);
}

static int
version(void *ctx, json_t *params, json_t **result, struct rpc_fail *f)
{
	(void)ctx;
	if (no_args(params, f) != 0)
		return f->code;
	*result = json_pack("{s:s, s:s}", "name", "dpdk-ipsecgw", "version", IPSECGW_VERSION);
	return 0;
}

static int
methods(void *ctx, json_t *params, json_t **result, struct rpc_fail *f)
{
	const struct rpc_table *t = rpc_methods();

	(void)ctx;
	if (no_args(params, f) != 0)
		return f->code;
	*result = json_array();
	for (size_t i = 0; i < t->n; i++)
		(void)json_array_append_new(*result,
			json_pack("{s:s, s:s, s:s, s:b}", "name", t->rows[i].name, "params",
				t->rows[i].params, "doc", t->rows[i].doc, "changes",
				t->rows[i].stages));
	return 0;
}

static int
stats_get(void *ctx, json_t *params, json_t **result, struct rpc_fail *f)
{
	const struct rpc_env *env = ctx;

	if (no_args(params, f) != 0)
		return f->code;
	*result = stats_json(&env->stats);
	return 0;
}

static int
sa_list(void *ctx, json_t *params, json_t **result, struct rpc_fail *f)
{
	const struct rpc_env *env = ctx;

	if (no_args(params, f) != 0)
		return f->code;
	*result = stats_sas(&env->stats);
	return 0;
}

static int
sp_list(void *ctx, json_t *params, json_t **result, struct rpc_fail *f)
{
	const struct rpc_env *env = ctx;

	if (no_args(params, f) != 0)
		return f->code;
	*result = stats_policies(&env->stats);
	return 0;
}

static int
port_list(void *ctx, json_t *params, json_t **result, struct rpc_fail *f)
{
	const struct rpc_env *env = ctx;

	if (no_args(params, f) != 0)
		return f->code;
	*result = stats_ports(&env->stats);
	return 0;
}

static int
neighbour_list(void *ctx, json_t *params, json_t **result, struct rpc_fail *f)
{
	const struct rpc_env *env = ctx;

	if (no_args(params, f) != 0)
		return f->code;
	*result = env->neighbours != NULL ? env->neighbours(env->arg) : json_array();
	return 0;
}

static int
crypto_list(void *ctx, json_t *params, json_t **result, struct rpc_fail *f)
{
	const struct rpc_env *env = ctx;
	const struct crypto_report *r;
	unsigned int n = 0;

	if (no_args(params, f) != 0)
		return f->code;
	r = crypto_reports(env->stats.crypto, &n);
	*result = json_array();
	for (unsigned int i = 0; i < n; i++)
		(void)json_array_append_new(*result,
			json_pack("{s:s, s:s, s:s, s:s, s:i, s:b, s:I, s:I}", "engine", r[i].engine,
				"device", r[i].device, "enc",
				r[i].enc != NULL ? r[i].enc->name : "", "auth",
				r[i].auth != NULL ? r[i].auth->name : "", "key_bits",
				(int)r[i].key_bits, "passed", (int)r[i].passed, "cycles_64",
				(json_int_t)r[i].cycles_64, "cycles_1420",
				(json_int_t)r[i].cycles_1420));
	return 0;
}

static int
sysctl_list(void *ctx, json_t *params, json_t **result, struct rpc_fail *f)
{
	const struct rpc_env *env = ctx;
	const struct params_tree *t = key_params_tree();
	const char *prefix = "";
	size_t first;
	size_t n = 0;
	struct args a;

	if (args_begin(&a, params, f) != 0 ||
		args_str_opt(&a, "prefix", NAME_MAX_LEN, &prefix) != 0 || args_end(&a) != 0)
		return f->code;
	first = params_first(t, prefix, &n);
	if (n == 0)
		return rpc_fail_set(
			f, -ENOENT, "/prefix", "no parameter begins with \"%s\"", prefix);
	*result = json_array();
	for (size_t i = first; i < first + n; i++) {
		const struct param *p = &t->rows[i];

		(void)json_array_append_new(*result,
			json_pack("{s:s, s:i, s:i, s:i, s:s}", "name", p->name, "value",
				params_get(p, snap_knobs(env->snap)), "min", p->min, "max", p->max,
				"doc", p->doc));
	}
	return 0;
}

static const struct param *
find_param(const char *name, struct rpc_fail *f)
{
	const struct param *p = params_find(key_params_tree(), name);

	if (p == NULL)
		(void)rpc_fail_set(f, -ENOENT, "/name",
			"no parameter is called \"%s\": sysctl.list has them all", name);
	return p;
}

static int
sysctl_get(void *ctx, json_t *params, json_t **result, struct rpc_fail *f)
{
	const struct rpc_env *env = ctx;
	const struct param *p;
	const char *name;
	struct args a;

	if (args_begin(&a, params, f) != 0 || args_str(&a, "name", NAME_MAX_LEN, &name) != 0 ||
		args_end(&a) != 0)
		return f->code;
	p = find_param(name, f);
	if (p == NULL)
		return f->code;
	*result = json_pack(
		"{s:s, s:i}", "name", p->name, "value", params_get(p, snap_knobs(env->snap)));
	return 0;
}

static int
sysctl_set(void *ctx, json_t *params, json_t **result, struct rpc_fail *f)
{
	struct rpc_env *env = ctx;
	struct err err = { 0 };
	const struct param *p;
	const char *name;
	int32_t old;
	int64_t value;
	struct args a;

	if (args_begin(&a, params, f) != 0 || args_str(&a, "name", NAME_MAX_LEN, &name) != 0 ||
		args_int(&a, "value", INT64_MIN, INT64_MAX, &value) != 0 || args_end(&a) != 0)
		return f->code;
	p = find_param(name, f);
	if (p == NULL)
		return f->code;
	old = params_get(p, snap_knobs(env->snap));
	if (params_set(p, snap_knobs(env->snap), value, &err) != 0)
		return rpc_fail_set(f, err.code, "/value", "%s", err.text);
	*result = json_pack(
		"{s:s, s:I, s:i}", "name", p->name, "value", (json_int_t)value, "old", old);
	return 0;
}

static int
stage_list(void *ctx, json_t *params, json_t **result, struct rpc_fail *f)
{
	(void)ctx;
	if (no_args(params, f) != 0)
		return f->code;
	*result = stats_stages();
	return 0;
}

static int
drop_list(void *ctx, json_t *params, json_t **result, struct rpc_fail *f)
{
	const struct rpc_env *env = ctx;

	if (no_args(params, f) != 0)
		return f->code;
	*result = json_array();
	for (unsigned int i = 0; i < DROP_MAX; i++)
		(void)json_array_append_new(*result,
			json_pack("{s:s, s:s, s:s, s:I}", "name", drop_name(i), "doc", drop_doc(i),
				"netbsd", drop_netbsd(i), "packets",
				(json_int_t)stats_drops(&env->stats, i)));
	return 0;
}

static const struct rpc_method rows[] = {
	{ "crypto.list", crypto_list, false, "",
		"algorithms that each engine and device passed or failed, and what they cost" },
	{ "drop.list", drop_list, false, "",
		"every reason to drop a packet, what it means, and how often it happened" },
	{ "neighbour.list", neighbour_list, false, "",
		"hosts on the links: addresses, link addresses, state" },
	{ "port.list", port_list, false, "", "ports, their interfaces and counters" },
	{ "rpc.methods", methods, false, "", "this list" },
	{ "sa.list", sa_list, false, "", "security associations without their keys" },
	{ "sp.list", sp_list, false, "", "policies in the order in which they match" },
	{ "stage.list", stage_list, false, "", "stages of a worker's step, in order" },
	{ "stats.get", stats_get, false, "", "all counters" },
	{ "sysctl.get", sysctl_get, false, "{name: string}", "one parameter" },
	{ "sysctl.list", sysctl_list, false, "{prefix?: string}",
		"parameters below a name, with ranges and explanations" },
	{ "sysctl.set", sysctl_set, true, "{name: string, value: integer}",
		"change one parameter; in force when answered" },
	{ "version", version, false, "", "name and version of the gateway" },
};

const struct rpc_table *
rpc_methods(void)
{
	static const struct rpc_table table = { rows, ARRAY_LEN(rows) };

	return &table;
}

void
rpc_env_committed(struct rpc_env *env)
{
	env->committed = *snap_knobs(env->snap);
}

int
rpc_commit(void *arg, struct err *err)
{
	struct rpc_env *env = arg;
	const int ret = snap_commit(env->snap, err);

	if (ret == 0)
		rpc_env_committed(env);
	else
		*snap_knobs(env->snap) = env->committed;
	return ret;
}
