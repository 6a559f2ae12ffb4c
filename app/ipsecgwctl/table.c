/* SPDX-License-Identifier: BSD-2-Clause */
#include "table.h"

#include <string.h>

#define CELL_MAX 256u
#define COLS_MAX 16u

static const json_t *
lookup(const json_t *o, const char *path)
{
	char key[64];

	while (o != NULL && *path != '\0') {
		const size_t n = strcspn(path, ".");

		if (n >= sizeof(key))
			return NULL;
		memcpy(key, path, n);
		key[n] = '\0';
		o = json_object_get(o, key);
		path += n + (path[n] == '.');
	}
	return o;
}

static void
rate_text(double v, char *buf, size_t size)
{
	static const char unit[] = " kMGT";
	size_t i = 0;

	while (v >= 999.5 && i + 2 < sizeof(unit)) {
		v /= 1000;
		i++;
	}
	if (i == 0)
		(void)snprintf(buf, size, "%.0f", v);
	else
		(void)snprintf(buf, size, "%.*f%c", v < 9.995 ? 2 : v < 99.95 ? 1 : 0, v, unit[i]);
}

static void
array_text(const json_t *v, char *buf, size_t size)
{
	size_t at = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < json_array_size(v); i++) {
		const char *s = json_string_value(json_array_get(v, i));
		const int n = snprintf(
			buf + at, size - at, "%s%s", i > 0 ? ", " : "", s != NULL ? s : "?");

		if (n < 0 || (size_t)n >= size - at)
			return;
		at += (size_t)n;
	}
}

const char *
table_cell(const json_t *object, const struct column *c, char *buf, size_t size)
{
	const json_t *v = lookup(object, c->key);

	(void)snprintf(buf, size, "-");
	if (json_is_string(v))
		(void)snprintf(buf, size, "%s", json_string_value(v));
	else if (json_is_integer(v) && c->format == CELL_HEX)
		(void)snprintf(buf, size, "0x%08llx", (unsigned long long)json_integer_value(v));
	else if (json_is_number(v) && c->format == CELL_RATE)
		rate_text(json_number_value(v), buf, size);
	else if (json_is_integer(v))
		(void)snprintf(buf, size, "%lld", (long long)json_integer_value(v));
	else if (json_is_real(v))
		(void)snprintf(buf, size, "%.1f", json_real_value(v));
	else if (json_is_boolean(v))
		(void)snprintf(buf, size, "%s", json_is_true(v) ? "yes" : "no");
	else if (json_array_size(v) > 0)
		array_text(v, buf, size);
	/* Names come from a file and from devices: a terminal must not obey them. */
	for (char *p = buf; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	}
	return buf;
}

static bool
is_right(const struct column *c)
{
	return c->format == CELL_COUNT || c->format == CELL_RATE;
}

static void
print_cell(FILE *out, const char *text, const struct column *c, int width)
{
	const bool last = c[1].title == NULL;

	if (is_right(c))
		(void)fprintf(out, "%*s", width, text);
	else
		(void)fprintf(out, "%-*s", last ? 0 : width, text);
	(void)fputs(last ? "\n" : "  ", out);
}

void
table_print(FILE *out, const char *title, const json_t *list, const struct column *cols,
	const char *empty)
{
	int width[COLS_MAX] = { 0 };
	char buf[CELL_MAX];
	size_t n = 0;

	(void)fprintf(out, "%s\n", title);
	if (json_array_size(list) == 0) {
		(void)fprintf(out, "  %s\n", empty);
		return;
	}
	for (n = 0; n < COLS_MAX && cols[n].title != NULL; n++) {
		width[n] = (int)strlen(cols[n].title);
		for (size_t i = 0; i < json_array_size(list); i++) {
			const int len = (int)strlen(
				table_cell(json_array_get(list, i), &cols[n], buf, sizeof(buf)));

			width[n] = len > width[n] ? len : width[n];
		}
	}
	for (size_t k = 0; k < n; k++) {
		(void)fputs(k == 0 ? "  " : "", out);
		print_cell(out, cols[k].title, &cols[k], width[k]);
	}
	for (size_t i = 0; i < json_array_size(list); i++) {
		for (size_t k = 0; k < n; k++) {
			(void)fputs(k == 0 ? "  " : "", out);
			(void)table_cell(json_array_get(list, i), &cols[k], buf, sizeof(buf));
			print_cell(out, buf, &cols[k], width[k]);
		}
	}
}
