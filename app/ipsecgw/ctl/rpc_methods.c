/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/rpc_methods.h"

#include <errno.h>

#include "ctl/netstat.h"
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
	if (env->keepalive != NULL)
		(void)json_object_set_new(
			*result, "nat_keepalives", json_integer((json_int_t)env->keepalive->sent));
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

/* A number, or the counters of a vector in NetBSD's order. */
static json_t *
param_value(const struct rpc_env *env, const struct param *p)
{
	const struct netstat_vector *v = netstat_vector((enum key_vector)p->vector);
	uint64_t counter[NETSTAT_MAX];
	json_t *list;

	if (v == NULL)
		return json_integer(params_get(p, snap_knobs(env->snap), env->stats.keyd));
	list = json_array();
	netstat_read(&env->stats, (enum key_vector)p->vector, counter);
	for (size_t i = 0; i < v->n; i++)
		(void)json_array_append_new(list, json_integer((json_int_t)counter[i]));
	return list;
}

static json_t *
param_json(const struct rpc_env *env, const struct param *p)
{
	json_t *o = json_pack("{s:s, s:o, s:b, s:s}", "name", p->name, "value", param_value(env, p),
		"read_only", (int)p->read_only, "doc", p->doc);

	if (p->vector == 0) {
		(void)json_object_set_new(o, "min", json_integer(p->min));
		(void)json_object_set_new(o, "max", json_integer(p->max));
	}
	if (p->same != NULL)
		(void)json_object_set_new(o, "same", json_string(p->same));
	return o;
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
	for (size_t i = first; i < first + n; i++)
		(void)json_array_append_new(*result, param_json(env, &t->rows[i]));
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
	*result = json_pack("{s:s, s:o}", "name", p->name, "value", param_value(env, p));
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
	if (p->read_only)
		return rpc_fail_set(f, -EPERM, "/name", "%s is read-only", name);
	old = params_get(p, snap_knobs(env->snap), env->stats.keyd);
	if (params_set(p, snap_knobs(env->snap), env->stats.keyd, value, &err) != 0)
		return rpc_fail_set(f, err.code, "/value", "%s", err.text);
	*result = json_pack(
		"{s:s, s:I, s:i}", "name", p->name, "value", (json_int_t)value, "old", old);
	return 0;
}

static int
netstat_get(void *ctx, json_t *params, json_t **result, struct rpc_fail *f)
{
	const struct rpc_env *env = ctx;

	if (no_args(params, f) != 0)
		return f->code;
	*result = netstat_json(&env->stats);
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

static int
audit_list(void *ctx, json_t *params, json_t **result, struct rpc_fail *f)
{
	const struct rpc_env *env = ctx;
	int64_t since = 0;
	struct args a;

	if (args_begin(&a, params, f) != 0 ||
		args_int_opt(&a, "since", 0, INT64_MAX, &since) != 0 || args_end(&a) != 0)
		return f->code;
	if (env->audit == NULL)
		return rpc_fail_set(f, -EOPNOTSUPP, NULL, "nobody takes audit records");
	*result =
		audit_log_json(env->audit, (uint64_t)since, env->stats.lanes, env->stats.nworkers);
	return 0;
}

static const struct rpc_method rows[] = {
	{ "audit.list", audit_list, false, "{since?: integer}",
		"the last events that RFC 4301 wants recorded, from a number on" },
	{ "crypto.list", crypto_list, false, "",
		"algorithms that each engine and device passed or failed, and what they cost" },
	{ "drop.list", drop_list, false, "",
		"every reason to drop a packet, what it means, and how often it happened" },
	{ "neighbour.list", neighbour_list, false, "",
		"hosts on the links: addresses, link addresses, state" },
	{ "netstat.get", netstat_get, false, "",
		"counters of ipsec, ah, esp, ipcomp and ipip by NetBSD's names" },
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
