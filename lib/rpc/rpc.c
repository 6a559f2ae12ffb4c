/* SPDX-License-Identifier: BSD-2-Clause */
#include "rpc/rpc.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
rpc_fail_set(struct rpc_fail *f, int code, const char *path, const char *fmt, ...)
{
	va_list ap;

	f->code = code;
	(void)snprintf(f->path, sizeof(f->path), "%s", path != NULL ? path : "");
	va_start(ap, fmt);
	(void)vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	return code;
}

bool
rpc_depth_ok(const char *text, size_t len)
{
	bool in_string = false;
	unsigned int depth = 0;

	for (size_t i = 0; i < len; i++) {
		const char c = text[i];

		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
			continue;
		}
		if (c == '"')
			in_string = true;
		else if ((c == '{' || c == '[') && ++depth > RPC_DEPTH_MAX)
			return false;
		else if ((c == '}' || c == ']') && depth > 0)
			depth--;
	}
	return true;
}

/* Text of errno-like or peer-made origin may hold anything: what is not UTF-8 must not lose the reply. */
static json_t *
text_json(const char *text)
{
	json_t *j = json_string(text);

	return j != NULL ? j : json_string("(the message is not valid UTF-8)");
}

static json_t *
error_json(const struct rpc_fail *f)
{
	json_t *e = json_object();

	/* The setters steal the value and survive a NULL one; a hole is found at the end. */
	(void)json_object_set_new(e, "code", json_integer(f->code));
	(void)json_object_set_new(e, "message", text_json(f->text));
	if (f->path[0] != '\0')
		(void)json_object_set_new(
			e, "data", json_pack("{s:o}", "path", text_json(f->path)));
	return e;
}

static json_t *
response(json_t *id, const char *key, json_t *value)
{
	json_t *r = json_object();

	(void)json_object_set_new(r, "jsonrpc", json_string("2.0"));
	(void)json_object_set_new(r, key, value);
	(void)json_object_set_new(r, "id", id != NULL ? json_incref(id) : json_null());
	if (json_object_size(r) == 3)
		return r;
	json_decref(r);
	return NULL;
}

static json_t *
error_response(json_t *id, const struct rpc_fail *f)
{
	return response(id, "error", error_json(f));
}

static const struct rpc_method *
find(const struct rpc_table *t, const char *name)
{
	for (size_t i = 0; i < t->n; i++) {
		if (strcmp(t->rows[i].name, name) == 0)
			return &t->rows[i];
	}
	return NULL;
}

/* JSON-RPC 2.0 section 4: what a request object must look like. */
static int
check_request(const json_t *req, struct rpc_fail *f)
{
	const json_t *id = json_object_get(req, "id");
	const json_t *params = json_object_get(req, "params");
	const char *version = json_string_value(json_object_get(req, "jsonrpc"));

	if (!json_is_object(req))
		return rpc_fail_set(
			f, RPC_INVALID_REQUEST, NULL, "a request must be a JSON object");
	if (version == NULL || strcmp(version, "2.0") != 0)
		return rpc_fail_set(
			f, RPC_INVALID_REQUEST, NULL, "\"jsonrpc\" must be the string \"2.0\"");
	if (!json_is_string(json_object_get(req, "method")))
		return rpc_fail_set(f, RPC_INVALID_REQUEST, NULL, "\"method\" must be a string");
	if (params != NULL && !json_is_object(params) && !json_is_array(params))
		return rpc_fail_set(
			f, RPC_INVALID_REQUEST, NULL, "\"params\" must be an object or an array");
	if (id != NULL && !json_is_string(id) && !json_is_number(id) && !json_is_null(id))
		return rpc_fail_set(
			f, RPC_INVALID_REQUEST, NULL, "\"id\" must be a string, a number or null");
	return 0;
}

static int
call(const struct rpc_method *m, void *ctx, json_t *params, json_t **result, struct rpc_fail *f)
{
	int ret;

	*result = NULL;
	ret = m->fn(ctx, params, result, f);
	if (ret == 0 && *result != NULL)
		return 0;
	json_decref(*result);
	*result = NULL;
	if (ret == 0)
		ret = -ENOMEM;
	if (f->code == 0)
		(void)rpc_fail_set(f, ret, NULL, "%s failed: %s", m->name, strerrordesc_np(-ret));
	return ret;
}

/* One request object. @return the response; NULL for a notification (or no memory, see *nomem) */
static json_t *
handle_one(const struct rpc_table *t, void *ctx, json_t *req, struct rpc_reply *out, bool *nomem)
{
	struct rpc_fail f = { 0 };
	json_t *id = json_object_get(req, "id");
	const struct rpc_method *m;
	json_t *result = NULL;
	json_t *r;

	if (check_request(req, &f) != 0) {
		/* An id is echoed only when the request was well-formed enough to have one. */
		r = error_response(json_is_string(id) || json_is_number(id) ? id : NULL, &f);
		*nomem |= r == NULL;
		return r;
	}
	m = find(t, json_string_value(json_object_get(req, "method")));
	if (m == NULL)
		(void)rpc_fail_set(&f, RPC_METHOD_NOT_FOUND, NULL,
			"no method \"%.64s\": rpc.methods lists them",
			json_string_value(json_object_get(req, "method")));
	else if (call(m, ctx, json_object_get(req, "params"), &result, &f) == 0)
		out->stages |= m->stages;
	if (id == NULL) {
		json_decref(result);
		return NULL;
	}
	r = result != NULL ? response(id, "result", result) : error_response(id, &f);
	if (r != NULL && result != NULL && m->stages) {
		if (out->staged == NULL)
			out->staged = json_array();
		*nomem |= json_array_append(out->staged, r) != 0;
	}
	*nomem |= r == NULL;
	return r;
}

static int
handle_batch(const struct rpc_table *t, void *ctx, json_t *batch, struct rpc_reply *out)
{
	const size_t n = json_array_size(batch);
	bool nomem = false;
	char text[80];

	if (n == 0)
		return rpc_reply_error(out, RPC_INVALID_REQUEST, "an empty batch asks nothing");
	if (n > RPC_BATCH_MAX) {
		(void)snprintf(text, sizeof(text), "a batch may hold %u calls, this one has %zu",
			RPC_BATCH_MAX, n);
		return rpc_reply_error(out, RPC_INVALID_REQUEST, text);
	}
	out->msg = json_array();
	for (size_t i = 0; i < n; i++) {
		json_t *r = handle_one(t, ctx, json_array_get(batch, i), out, &nomem);

		if (r != NULL)
			nomem |= json_array_append_new(out->msg, r) != 0;
	}
	if (json_array_size(out->msg) == 0) {
		json_decref(out->msg);
		out->msg = NULL;
	}
	return nomem ? -ENOMEM : 0;
}

int
rpc_handle(
	const struct rpc_table *t, void *ctx, const char *line, size_t len, struct rpc_reply *out)
{
	json_error_t je;
	struct rpc_fail f = { 0 };
	bool nomem = false;
	json_t *req;
	int ret = 0;

	*out = (struct rpc_reply){ 0 };
	if (!rpc_depth_ok(line, len)) {
		(void)rpc_fail_set(
			&f, RPC_PARSE_ERROR, NULL, "nested deeper than %u", RPC_DEPTH_MAX);
		return rpc_reply_error(out, f.code, f.text);
	}
	req = json_loadb(line, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &je);
	if (req == NULL) {
		(void)rpc_fail_set(&f, RPC_PARSE_ERROR, NULL, "byte %d: %s", je.position, je.text);
		return rpc_reply_error(out, f.code, f.text);
	}
	if (json_is_array(req))
		ret = handle_batch(t, ctx, req, out);
	else
		out->msg = handle_one(t, ctx, req, out, &nomem);
	json_decref(req);
	if (ret == 0 && !nomem)
		return 0;
	/* What is staged stays staged, so the caller must still learn of it; the answer is lost. */
	json_decref(out->msg);
	json_decref(out->staged);
	out->msg = NULL;
	out->staged = NULL;
	return -ENOMEM;
}

int
rpc_reply_error(struct rpc_reply *out, int code, const char *text)
{
	struct rpc_fail f = { 0 };

	(void)rpc_fail_set(&f, code, NULL, "%s", text);
	*out = (struct rpc_reply){ .msg = error_response(NULL, &f) };
	return out->msg != NULL ? 0 : -ENOMEM;
}

void
rpc_reply_fail(struct rpc_reply *r, const struct err *err)
{
	struct rpc_fail f = { 0 };

	(void)rpc_fail_set(&f, err->code, NULL, "not in force: %s", err->text);
	for (size_t i = 0; i < json_array_size(r->staged); i++) {
		json_t *resp = json_array_get(r->staged, i);

		(void)json_object_del(resp, "result");
		(void)json_object_set_new(resp, "error", error_json(&f));
	}
	r->stages = false;
}

char *
rpc_reply_text(const struct rpc_reply *r, size_t *len)
{
	char *text;
	size_t n;

	if (r->msg == NULL)
		return NULL;
	n = json_dumpb(r->msg, NULL, 0, JSON_COMPACT);
	text = n > 0 ? malloc(n + 1) : NULL;
	if (text == NULL)
		return NULL;
	(void)json_dumpb(r->msg, text, n, JSON_COMPACT);
	text[n] = '\n';
	*len = n + 1;
	return text;
}

void
rpc_reply_free(struct rpc_reply *r)
{
	json_decref(r->msg);
	json_decref(r->staged);
	*r = (struct rpc_reply){ 0 };
}
