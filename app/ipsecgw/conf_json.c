/* SPDX-License-Identifier: BSD-2-Clause */
/* Jansson in, typed fields out: every refusal names the place, what is wrong and what was expected. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conf_priv.h"

#define SHOWN_FILE 100 /* characters of the file's path in a message, the last ones */

int
conf_error_vput(
	const struct conf *c, struct err *err, const struct place *at, const char *fmt, va_list ap)
{
	size_t len = strlen(c->path);
	const char *file = c->path + (len > SHOWN_FILE ? len - SHOWN_FILE : 0);
	char what[sizeof(((struct err *)0)->text)];

	(void)vsnprintf(what, sizeof(what), fmt, ap);
	return err_set(err, -EINVAL, "%s%s:%u:%u: %s: %s", file == c->path ? "" : "...", file,
		at->line, at->col, at->keypath[0] != '\0' ? at->keypath : "top level", what);
}

int
conf_error_put(const struct conf *c, struct err *err, const struct place *at, const char *fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = conf_error_vput(c, err, at, fmt, ap);
	va_end(ap);
	return ret;
}

int
conf_error_at(
	const struct conf *c, struct err *err, int code, const char *keypath, const char *fmt, ...)
{
	struct place at;
	va_list ap;

	conf_locate(c, keypath, false, &at);
	va_start(ap, fmt);
	(void)conf_error_vput(c, err, &at, fmt, ap);
	va_end(ap);
	if (err != NULL)
		err->code = code;
	return code;
}

static size_t
node_path(const struct node *n, char path[CONF_KEYPATH])
{
	const struct node *chain[CONF_DEPTH_MAX + 1];
	size_t depth = 0;
	size_t len = 0;

	path[0] = '\0';
	for (; n->up != NULL && depth < ARRAY_LEN(chain); n = n->up)
		chain[depth++] = n;
	while (depth-- > 0) {
		if (chain[depth]->key != NULL)
			len = conf_path_key(path, len, chain[depth]->key);
		else
			len = conf_path_index(path, len, chain[depth]->index);
	}
	return len;
}

int
conf_wrong(struct reader *r, const struct node *n, const char *fmt, ...)
{
	char path[CONF_KEYPATH];
	struct place at;
	va_list ap;
	int ret;

	(void)node_path(n, path);
	conf_locate(r->c, path, false, &at);
	va_start(ap, fmt);
	ret = conf_error_vput(r->c, r->err, &at, fmt, ap);
	va_end(ap);
	return ret;
}

static bool
is_control(char ch)
{
	return (unsigned char)ch < 0x20 || ch == 0x7f;
}

const char *
conf_show(const char *text, char buf[48])
{
	size_t n = 0;

	for (; n < 44 && text[n] != '\0'; n++)
		buf[n] = (char)(is_control(text[n]) ? '?' : text[n]);
	/* Do not cut a UTF-8 character in two. */
	while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	(void)snprintf(buf + n, 48 - n, "%s", text[n] != '\0' ? "..." : "");
	return buf;
}

/* Jansson ends its sentences with "near '<text>'"; the place says that better. */
static void
cut_near(char *text)
{
	char *near = strstr(text, " near ");

	if (near != NULL)
		*near = '\0';
}

json_t *
conf_json_parse(const struct conf *c, struct err *err)
{
	struct place at;
	json_error_t why;
	const char *cap = conf_scan_caps(c, &at);
	json_t *tree;

	if (cap != NULL) {
		(void)conf_error_put(c, err, &at, "%s", cap);
		return NULL;
	}
	tree = json_loadb(c->text, c->text_len, JSON_REJECT_DUPLICATES, &why);
	if (tree != NULL)
		return tree;
	cut_near(why.text);
	if (json_error_code(&why) == json_error_out_of_memory) {
		(void)err_set(err, -ENOMEM, "%s: no memory", c->path);
		return NULL;
	}
	/* why.position counts the bytes read, so the culprit is the last token that begins before. */
	conf_locate_offset(c,
		json_error_code(&why) == json_error_premature_end_of_input ? SIZE_MAX :
									     (size_t)why.position,
		&at);
	if (json_error_code(&why) == json_error_duplicate_key)
		(void)conf_error_put(
			c, err, &at, "this key is there twice; expected each key once");
	else
		(void)conf_error_put(c, err, &at, "not JSON: %s", why.text);
	return NULL;
}

static const char *
type_name(const json_t *v)
{
	static const char *const name[] = {
		[JSON_OBJECT] = "an object",
		[JSON_ARRAY] = "an array",
		[JSON_STRING] = "a string",
		[JSON_INTEGER] = "a number",
		[JSON_REAL] = "a number with a fraction or exponent",
		[JSON_TRUE] = "true",
		[JSON_FALSE] = "false",
		[JSON_NULL] = "null",
	};

	return name[json_typeof(v)];
}

const char *
conf_string(struct reader *r, const struct node *n)
{
	if (json_is_string(n->v))
		return json_string_value(n->v);
	(void)conf_wrong(r, n, "this is %s; expected a string", type_name(n->v));
	return NULL;
}

static int
read_uint(struct reader *r, const struct node *n, const struct field *f, void *field)
{
	json_int_t v = json_integer_value(n->v);
	uint16_t v16 = (uint16_t)v;
	uint32_t v32 = (uint32_t)v;

	if (!json_is_integer(n->v))
		return conf_wrong(r, n, "this is %s; expected a whole number from %u to %u",
			type_name(n->v), f->min, f->max);
	if (v < f->min || v > f->max)
		return conf_wrong(r, n, "%lld is out of range; expected %u to %u", (long long)v,
			f->min, f->max);
	if (f->size == sizeof(v16))
		memcpy(field, &v16, sizeof(v16));
	else
		memcpy(field, &v32, sizeof(v32));
	return 0;
}

static int
read_string(struct reader *r, const struct node *n, const struct field *f, char *field)
{
	const char *s = conf_string(r, n);

	if (s == NULL)
		return -EINVAL;
	if (strlen(s) < f->min || strlen(s) >= f->size)
		return conf_wrong(
			r, n, "%zu bytes long; expected %u to %zu", strlen(s), f->min, f->size - 1);
	(void)snprintf(field, f->size, "%s", s);
	return 0;
}

static int
read_field(struct reader *r, const struct node *n, const struct field *f, void *base)
{
	char *field = (char *)base + f->off;
	bool is_true = json_is_true(n->v);

	switch (f->kind) {
	case FIELD_UINT:
		return read_uint(r, n, f, field);
	case FIELD_BOOL:
		if (!json_is_boolean(n->v))
			return conf_wrong(
				r, n, "this is %s; expected true or false", type_name(n->v));
		memcpy(field, &is_true, sizeof(is_true));
		return 0;
	case FIELD_STRING:
		return read_string(r, n, f, field);
	default:
		return f->fn(r, n, field);
	}
}

/* "a, b or c", as far as it fits. */
static void
list_keys(const struct field *rows, size_t nrows, char *buf, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < nrows && n < size; i++)
		n += (size_t)snprintf(buf + n, size - n, "%s%s",
			i == 0                ? "" :
				i + 1 < nrows ? ", " :
						" or ",
			rows[i].key);
}

int
conf_unknown_key(struct reader *r, const struct node *n, const char *expected)
{
	char path[CONF_KEYPATH];
	struct place at;

	(void)node_path(n, path);
	conf_locate(r->c, path, true, &at);
	return conf_error_put(r->c, r->err, &at, "unknown key; expected %s", expected);
}

int
conf_read_members(
	struct reader *r, const struct node *n, int (*each)(struct reader *r, const struct node *n))
{
	const char *key;
	json_t *v;

	if (!json_is_object(n->v))
		return conf_wrong(r, n, "this is %s; expected an object", type_name(n->v));
	json_object_foreach(n->v, key, v)
	{
		const struct node member = { .up = n, .key = key, .v = v };
		int ret = each(r, &member);

		if (ret != 0)
			return ret;
	}
	return 0;
}

static int
check_key(struct reader *r, const struct node *n)
{
	char list[160];

	for (size_t i = 0; i < r->nrows; i++) {
		if (strcmp(r->rows[i].key, n->key) == 0)
			return 0;
	}
	list_keys(r->rows, r->nrows, list, sizeof(list));
	return conf_unknown_key(r, n, list);
}

int
conf_read_object(
	struct reader *r, const struct node *n, const struct field *rows, size_t nrows, void *base)
{
	r->rows = rows;
	r->nrows = nrows;
	if (conf_read_members(r, n, check_key) != 0)
		return -EINVAL;
	for (size_t i = 0; i < nrows; i++) {
		struct node field = {
			.up = n, .key = rows[i].key, .v = json_object_get(n->v, rows[i].key)
		};
		int ret;

		if (field.v == NULL && rows[i].required)
			return conf_wrong(
				r, n, "something is missing; expected the key \"%s\"", rows[i].key);
		ret = field.v == NULL ? 0 : read_field(r, &field, &rows[i], base);
		if (ret != 0)
			return ret;
	}
	return 0;
}

int
conf_read_array(struct reader *r, const struct node *n, size_t min, size_t max,
	int (*each)(struct reader *r, const struct node *n))
{
	size_t count = json_array_size(n->v);

	if (!json_is_array(n->v))
		return conf_wrong(r, n, "this is %s; expected an array", type_name(n->v));
	if (count < min || count > max)
		return conf_wrong(r, n, "%zu elements; expected %zu to %zu", count, min, max);
	for (size_t i = 0; i < count; i++) {
		struct node e = { .up = n, .index = i, .v = json_array_get(n->v, i) };
		int ret = each(r, &e);

		if (ret != 0)
			return ret;
	}
	return 0;
}
