/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON-RPC: framing, dispatch, batches, notifications, errors, typed arguments, held replies. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "rpc/args.h"
#include "rpc/client.h"
#include "rpc/rpc.h"

static int
echo(void *ctx, json_t *params, json_t **result, struct rpc_fail *f)
{
	(void)ctx;
	(void)f;
	*result = params != NULL ? json_incref(params) : json_null();
	return 0;
}

static int
set(void *ctx, json_t *params, json_t **result, struct rpc_fail *f)
{
	int64_t *value = ctx;
	struct args a;

	if (args_begin(&a, params, f) != 0 || args_int(&a, "value", -5, 5, value) != 0 ||
		args_end(&a) != 0)
		return f->code;
	*result = json_integer(*value);
	return 0;
}

static int
refuse(void *ctx, json_t *params, json_t **result, struct rpc_fail *f)
{
	(void)ctx;
	(void)params;
	(void)result;
	return rpc_fail_set(f, -ENOENT, "/name", "no such thing");
}

static int
silent(void *ctx, json_t *params, json_t **result, struct rpc_fail *f)
{
	(void)ctx;
	(void)params;
	(void)result;
	(void)f;
	return -EPERM;
}

static int
opts(void *ctx, json_t *params, json_t **result, struct rpc_fail *f)
{
	const char *s = "default";
	bool b = false;
	int64_t i = 7;
	struct args a;

	(void)ctx;
	if (args_begin(&a, params, f) != 0 || args_str_opt(&a, "s", 8, &s) != 0 ||
		args_bool_opt(&a, "b", &b) != 0 || args_int_opt(&a, "i", 0, 9, &i) != 0 ||
		args_end(&a) != 0)
		return f->code;
	*result = json_pack("[s,b,I]", s, b, (json_int_t)i);
	return 0;
}

static const struct rpc_method rows[] = {
	{ "echo", echo, false, "", "" },
	{ "opts", opts, false, "", "" },
	{ "refuse", refuse, false, "", "" },
	{ "set", set, true, "", "" },
	{ "silent", silent, false, "", "" },
};
static const struct rpc_table table = { rows, ARRAY_LEN(rows) };

#define E(code, id) "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":" #code

static void
rpc_handle_answers_table(void **state)
{
	/* "want" is a prefix: messages are for people and may change. */
	static const struct {
		const char *in, *want;
	} rows_[] = {
		{ "{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":[1],\"id\":1}",
			"{\"jsonrpc\":\"2.0\",\"result\":[1],\"id\":1}" },
		{ "{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":\"x\"}",
			"{\"jsonrpc\":\"2.0\",\"result\":null,\"id\":\"x\"}" },
		{ "{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":null}",
			"{\"jsonrpc\":\"2.0\",\"result\":null,\"id\":null}" },
		{ " \t{\"id\":-3,\"method\":\"set\",\"jsonrpc\":\"2.0\",\"params\":{\"value\":5}}\r",
			"{\"jsonrpc\":\"2.0\",\"result\":5,\"id\":-3}" },
		/* parse errors */
		{ "", E(-32700, null) },
		{ "{", E(-32700, null) },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"echo\"}", E(-32700, null) },
		{ "{\"jsonrpc\":\"2.0\",\"method\":\"\\u0000\",\"id\":1}", E(-32700, null) },
		{ "{\"jsonrpc\":\"2.0\",\"method\":\"\xff\",\"id\":1}", E(-32700, null) },
		{ "{} {}", E(-32700, null) },
		/* invalid requests */
		{ "1", E(-32600, null) },
		{ "\"x\"", E(-32600, null) },
		{ "null", E(-32600, null) },
		{ "{}", E(-32600, null) },
		{ "[]", E(-32600, null) },
		{ "{\"jsonrpc\":\"1.0\",\"method\":\"echo\",\"id\":1}", E(-32600, 1) },
		{ "{\"jsonrpc\":2.0,\"method\":\"echo\",\"id\":1}", E(-32600, 1) },
		{ "{\"jsonrpc\":\"2.0\",\"method\":1,\"id\":1}", E(-32600, 1) },
		{ "{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":1,\"id\":1}", E(-32600, 1) },
		{ "{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":[]}", E(-32600, null) },
		{ "[1]", "[" E(-32600, null) },
		/* methods and arguments */
		{ "{\"jsonrpc\":\"2.0\",\"method\":\"nope\",\"id\":1}", E(-32601, 1) },
		{ "{\"jsonrpc\":\"2.0\",\"method\":\"set\",\"id\":1}",
			E(-32602, 1) ",\"message\":\"/value is missing" },
		{ "{\"jsonrpc\":\"2.0\",\"method\":\"set\",\"params\":[1],\"id\":1}",
			E(-32602, 1) },
		{ "{\"jsonrpc\":\"2.0\",\"method\":\"set\",\"params\":{\"value\":6},\"id\":1}",
			E(-32602, 1) ",\"message\":\"/value must be -5..5\"" },
		{ "{\"jsonrpc\":\"2.0\",\"method\":\"set\",\"params\":{\"value\":1.5},\"id\":1}",
			E(-32602, 1) ",\"message\":\"/value must be an integer, not a fraction\"" },
		{ "{\"jsonrpc\":\"2.0\",\"method\":\"set\",\"params\":{\"value\":1,\"a/b~\":1},"
		  "\"id\":1}",
			E(-32602, 1) ",\"message\":\"/a~1b~0 is not an argument of this method\","
				     "\"data\":{\"path\":\"/a~1b~0\"}" },
		{ "{\"jsonrpc\":\"2.0\",\"method\":\"opts\",\"params\":{\"s\":\"123456789\"},"
		  "\"id\":1}",
			E(-32602, 1) ",\"message\":\"/s is longer than 8 bytes\"" },
		{ "{\"jsonrpc\":\"2.0\",\"method\":\"opts\",\"params\":{\"b\":0},\"id\":1}",
			E(-32602, 1) },
		{ "{\"jsonrpc\":\"2.0\",\"method\":\"opts\",\"params\":{},\"id\":1}",
			"{\"jsonrpc\":\"2.0\",\"result\":[\"default\",false,7],\"id\":1}" },
		{ "{\"jsonrpc\":\"2.0\",\"method\":\"opts\",\"params\":"
		  "{\"s\":\"a\",\"b\":true,\"i\":0},\"id\":1}",
			"{\"jsonrpc\":\"2.0\",\"result\":[\"a\",true,0],\"id\":1}" },
		/* what methods refuse */
		{ "{\"jsonrpc\":\"2.0\",\"method\":\"refuse\",\"id\":1}",
			E(-2, 1) ",\"message\":\"no such thing\",\"data\":{\"path\":\"/name\"}}" },
		{ "{\"jsonrpc\":\"2.0\",\"method\":\"silent\",\"id\":1}",
			E(-1, 1) ",\"message\":\"silent failed: Operation not permitted\"}" },
		/* notifications are not answered, not even with an error */
		{ "{\"jsonrpc\":\"2.0\",\"method\":\"echo\"}", NULL },
		{ "{\"jsonrpc\":\"2.0\",\"method\":\"nope\"}", NULL },
		{ "[{\"jsonrpc\":\"2.0\",\"method\":\"refuse\"}]", NULL },
		/* batches keep order and skip notifications */
		{ "[{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":1},"
		  "{\"jsonrpc\":\"2.0\",\"method\":\"echo\"},"
		  "{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":[],\"id\":2}]",
			"[{\"jsonrpc\":\"2.0\",\"result\":null,\"id\":1},"
			"{\"jsonrpc\":\"2.0\",\"result\":[],\"id\":2}]" },
	};
	int64_t value = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows_); i++) {
		struct rpc_reply r;
		size_t len = 0;
		char *text;

		assert_int_equal(
			rpc_handle(&table, &value, rows_[i].in, strlen(rows_[i].in), &r), 0);
		text = rpc_reply_text(&r, &len);
		if (rows_[i].want == NULL) {
			assert_null(text);
		} else if (text == NULL ||
			strncmp(text, rows_[i].want, strlen(rows_[i].want)) != 0) {
			fail_msg("%s\n got %.*s want %s", rows_[i].in, (int)len,
				text != NULL ? text : "", rows_[i].want);
		} else {
			assert_int_equal(text[len - 1], '\n');
			assert_null(memchr(text, '\n', len - 1));
		}
		free(text);
		rpc_reply_free(&r);
	}
}

static void
rpc_handle_caps_depth_and_batch(void **state)
{
	char deep[200];
	char batch[4096] = "[";
	struct rpc_reply r;
	json_t *code;

	(void)state;
	memset(deep, '[', sizeof(deep));
	assert_int_equal(rpc_handle(&table, NULL, deep, sizeof(deep), &r), 0);
	code = json_object_get(json_object_get(r.msg, "error"), "code");
	assert_int_equal(json_integer_value(code), RPC_PARSE_ERROR);
	rpc_reply_free(&r);
	/* Brackets inside strings do not nest. */
	assert_true(rpc_depth_ok("\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[\"", 46));
	for (unsigned int i = 0; i <= RPC_BATCH_MAX; i++)
		strcat(batch, i == 0 ? "1" : ",1");
	strcat(batch, "]");
	assert_int_equal(rpc_handle(&table, NULL, batch, strlen(batch), &r), 0);
	assert_true(json_is_object(r.msg));
	rpc_reply_free(&r);
}

static void
rpc_reply_fail_turns_only_staged_results(void **state)
{
	static const char in[] =
		"[{\"jsonrpc\":\"2.0\",\"method\":\"set\",\"params\":{\"value\":1},\"id\":1},"
		"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":2},"
		"{\"jsonrpc\":\"2.0\",\"method\":\"set\",\"params\":{\"value\":99},\"id\":3}]";
	struct err err = { 0 };
	struct rpc_reply r;
	int64_t value = 0;

	(void)state;
	(void)err_set(&err, -ENOBUFS, "the classifier is full");
	assert_int_equal(rpc_handle(&table, &value, in, sizeof(in) - 1, &r), 0);
	assert_true(r.stages);
	rpc_reply_fail(&r, &err);
	assert_false(r.stages);
	for (size_t i = 0; i < 3; i++) {
		static const json_int_t want[] = { -ENOBUFS, 0, RPC_INVALID_PARAMS };
		const json_t *resp = json_array_get(r.msg, i);

		assert_int_equal(json_object_size(resp), 3);
		assert_int_equal(
			json_integer_value(json_object_get(json_object_get(resp, "error"), "code")),
			want[i]);
	}
	rpc_reply_free(&r);
}

static void
rpc_in_finds_lines_at_every_split(void **state)
{
	static const char text[] = "one\n\nthree and more\nrest";
	static const char *const want[] = { "one", "", "three and more" };

	(void)state;
	for (size_t split = 1; split < sizeof(text); split++) {
		struct rpc_in in = { 0 };
		unsigned int n = 0;

		for (size_t at = 0; at < sizeof(text) - 1;) {
			size_t room = 0;
			char *p = rpc_in_room(&in, &room);
			size_t len = sizeof(text) - 1 - at < split ? sizeof(text) - 1 - at : split;
			const char *line;

			assert_non_null(p);
			assert_true(room >= len);
			memcpy(p, text + at, len);
			rpc_in_added(&in, len);
			at += len;
			while (rpc_in_line(&in, &line, &len) == 1) {
				assert_true(n < ARRAY_LEN(want));
				assert_int_equal(len, strlen(want[n]));
				assert_memory_equal(line, want[n], len);
				n++;
				rpc_in_consume(&in, len);
			}
		}
		assert_int_equal(n, ARRAY_LEN(want));
		rpc_in_free(&in);
	}
}

static void
rpc_in_refuses_a_line_over_the_cap(void **state)
{
	struct rpc_in in = { 0 };
	const char *line;
	size_t len;
	int ret = 0;

	(void)state;
	for (size_t total = 0; total <= RPC_LINE_MAX && ret == 0;) {
		size_t room = 0;
		char *p = rpc_in_room(&in, &room);

		assert_non_null(p);
		memset(p, 'x', room);
		rpc_in_added(&in, room);
		total += room;
		ret = rpc_in_line(&in, &line, &len);
	}
	assert_int_equal(ret, -EMSGSIZE);
	/* The buffer is bounded too. */
	assert_true(in.cap <= 2 * (size_t)RPC_LINE_MAX + 8192);
	rpc_in_free(&in);
}

static void
rpc_client_open_says_what_is_wrong(void **state)
{
	char path[300];
	char dir[] = "/tmp/test_rpc.XXXXXX";
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct rpc_client *c = NULL;
	struct err err = { 0 };
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/none", dir);
	assert_int_equal(rpc_client_open(path, 100, &c, &err), -ENOENT);
	assert_non_null(strstr(err.text, "is dpdk-ipsecgw running? (ENOENT)"));
	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/stale", dir);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	close(fd);
	assert_int_equal(rpc_client_open(sun.sun_path, 100, &c, &err), -ECONNREFUSED);
	assert_int_equal(unlink(sun.sun_path), 0);
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(rpc_client_open(path, 100, &c, &err), -ENAMETOOLONG);
	/* A listener that never answers. */
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(rpc_client_open(sun.sun_path, 50, &c, &err), 0);
	{
		json_t *result = NULL;

		assert_int_equal(rpc_client_call(c, "echo", NULL, &result, &err), -ETIMEDOUT);
		assert_null(result);
	}
	rpc_client_close(c);
	close(fd);
	assert_int_equal(unlink(sun.sun_path), 0);
	assert_int_equal(rmdir(dir), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rpc_handle_answers_table),
		cmocka_unit_test(rpc_handle_caps_depth_and_batch),
		cmocka_unit_test(rpc_reply_fail_turns_only_staged_results),
		cmocka_unit_test(rpc_in_finds_lines_at_every_split),
		cmocka_unit_test(rpc_in_refuses_a_line_over_the_cap),
		cmocka_unit_test(rpc_client_open_says_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
