/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a JSON-RPC stream, cut into reads by its own first byte: answers are valid JSON-RPC. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "rpc/args.h"
#include "rpc/rpc.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
take(void *ctx, json_t *params, json_t **result, struct rpc_fail *f)
{
	const char *s = "";
	bool b = false;
	int64_t i = 0;
	struct args a;

	(void)ctx;
	if (args_begin(&a, params, f) != 0 || args_str(&a, "s", 16, &s) != 0 ||
		args_int_opt(&a, "i", -10, 10, &i) != 0 || args_bool_opt(&a, "b", &b) != 0 ||
		args_end(&a) != 0)
		return f->code;
	if (strlen(s) > 16 || i < -10 || i > 10)
		abort();
	*result = json_pack("{s:s,s:I,s:b}", "s", s, "i", (json_int_t)i, "b", b);
	return 0;
}

static const struct rpc_method rows[] = {
	{ "a.take", take, false, "", "" },
	{ "a.stage", take, true, "", "" },
};
static const struct rpc_table table = { rows, 2 };

static void
check(const json_t *r)
{
	const json_t *e = json_object_get(r, "error");

	if (json_object_size(r) != 3 || (json_object_get(r, "result") == NULL) == (e == NULL))
		abort();
	if (e != NULL &&
		(json_integer_value(json_object_get(e, "code")) >= 0 ||
			!json_is_string(json_object_get(e, "message"))))
		abort();
}

static void
one_line(const char *line, size_t len)
{
	static const struct err err = { -ENOBUFS, "full" };
	struct rpc_reply r;
	size_t n = 0;
	char *text;
	json_t *back;

	if (rpc_handle(&table, NULL, line, len, &r) != 0)
		abort();
	if (len % 2 == 1)
		rpc_reply_fail(&r, &err);
	text = rpc_reply_text(&r, &n);
	if ((text == NULL) != (r.msg == NULL))
		abort();
	if (text != NULL) {
		back = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
		if (back == NULL)
			abort();
		for (size_t i = 0; i < json_array_size(back); i++)
			check(json_array_get(back, i));
		if (json_is_object(back))
			check(back);
		json_decref(back);
	}
	free(text);
	rpc_reply_free(&r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rpc_in in = { 0 };
	const size_t cut = size > 0 ? 1u + data[0] : 1;

	for (size_t at = 1; at < size;) {
		const char *line;
		size_t len = size - at < cut ? size - at : cut;
		size_t room = 0;
		char *p = rpc_in_room(&in, &room);

		if (p == NULL || room < len)
			abort();
		memcpy(p, data + at, len);
		rpc_in_added(&in, len);
		at += len;
		while (rpc_in_line(&in, &line, &len) == 1) {
			one_line(line, len);
			rpc_in_consume(&in, len);
		}
	}
	rpc_in_free(&in);
	return 0;
}
