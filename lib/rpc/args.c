/* SPDX-License-Identifier: BSD-2-Clause */
#include "rpc/args.h"

#include <inttypes.h>
#include <string.h>

const char *
args_pointer(const char *name, char buf[RPC_PATH_LEN])
{
	size_t n = 0;

	buf[n++] = '/';
	/* Room for an escape and the NUL; a longer name is cut, it only serves people. */
	for (; *name != '\0' && n < RPC_PATH_LEN - 2; name++) {
		if (*name == '~' || *name == '/') {
			buf[n++] = '~';
			buf[n++] = *name == '~' ? '0' : '1';
		} else {
			buf[n++] = *name;
		}
	}
	buf[n] = '\0';
	return buf;
}

static const char *
type_name(const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
		return "an integer";
	case JSON_REAL:
		return "a fraction";
	case JSON_TRUE:
	case JSON_FALSE:
		return "a boolean";
	case JSON_NULL:
	default:
		return "null";
	}
}

int
args_begin(struct args *a, json_t *params, struct rpc_fail *fail)
{
	*a = (struct args){ .params = params, .fail = fail };
	if (!json_is_array(params))
		return 0;
	a->params = NULL;
	if (json_array_size(params) == 0)
		return 0;
	return rpc_fail_set(
		fail, RPC_INVALID_PARAMS, NULL, "give the arguments by name, in an object");
}

static const json_t *
take(struct args *a, const char *name)
{
	if (a->ntaken < ARGS_MAX)
		a->taken[a->ntaken++] = name;
	return json_object_get(a->params, name);
}

static int
wrong_type(struct args *a, const char *name, const json_t *v, const char *want)
{
	char path[RPC_PATH_LEN];

	if (v == NULL)
		return rpc_fail_set(a->fail, RPC_INVALID_PARAMS, args_pointer(name, path),
			"%s is missing: %s is required", args_pointer(name, path), want);
	return rpc_fail_set(a->fail, RPC_INVALID_PARAMS, args_pointer(name, path),
		"%s must be %s, not %s", args_pointer(name, path), want, type_name(v));
}

static int
get_str(struct args *a, const char *name, size_t max_len, const json_t *v, const char **out)
{
	char path[RPC_PATH_LEN];

	if (!json_is_string(v))
		return wrong_type(a, name, v, "a string");
	if (json_string_length(v) > max_len)
		return rpc_fail_set(a->fail, RPC_INVALID_PARAMS, args_pointer(name, path),
			"%s is longer than %zu bytes", args_pointer(name, path), max_len);
	*out = json_string_value(v);
	return 0;
}

static int
get_int(struct args *a, const char *name, const int64_t range[2], const json_t *v, int64_t *out)
{
	char path[RPC_PATH_LEN];

	if (!json_is_integer(v))
		return wrong_type(a, name, v, "an integer");
	if (json_integer_value(v) < range[0] || json_integer_value(v) > range[1])
		return rpc_fail_set(a->fail, RPC_INVALID_PARAMS, args_pointer(name, path),
			"%s must be %" PRId64 "..%" PRId64, args_pointer(name, path), range[0],
			range[1]);
	*out = json_integer_value(v);
	return 0;
}

int
args_str(struct args *a, const char *name, size_t max_len, const char **out)
{
	return get_str(a, name, max_len, take(a, name), out);
}

int
args_int(struct args *a, const char *name, int64_t min, int64_t max, int64_t *out)
{
	return get_int(a, name, (const int64_t[]){ min, max }, take(a, name), out);
}

int
args_str_opt(struct args *a, const char *name, size_t max_len, const char **out)
{
	const json_t *v = take(a, name);

	return v == NULL ? 0 : get_str(a, name, max_len, v, out);
}

int
args_int_opt(struct args *a, const char *name, int64_t min, int64_t max, int64_t *out)
{
	const json_t *v = take(a, name);

	return v == NULL ? 0 : get_int(a, name, (const int64_t[]){ min, max }, v, out);
}

int
args_bool_opt(struct args *a, const char *name, bool *out)
{
	const json_t *v = take(a, name);

	if (v == NULL)
		return 0;
	if (!json_is_boolean(v))
		return wrong_type(a, name, v, "true or false");
	*out = json_is_true(v);
	return 0;
}

static bool
was_taken(const struct args *a, const char *name)
{
	for (unsigned int i = 0; i < a->ntaken; i++) {
		if (strcmp(a->taken[i], name) == 0)
			return true;
	}
	return false;
}

int
args_end(struct args *a)
{
	char path[RPC_PATH_LEN];

	for (void *it = json_object_iter(a->params); it != NULL;
		it = json_object_iter_next(a->params, it)) {
		const char *name = json_object_iter_key(it);

		if (!was_taken(a, name))
			return rpc_fail_set(a->fail, RPC_INVALID_PARAMS, args_pointer(name, path),
				"%s is not an argument of this method", args_pointer(name, path));
	}
	return 0;
}
