/* SPDX-License-Identifier: BSD-2-Clause */
#include "params/params.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

bool
params_tree_check(const struct params_tree *t)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->rows[i].min > t->rows[i].max || t->rows[i].doc == NULL)
			return false;
		if (i > 0 && strcmp(t->rows[i - 1].name, t->rows[i].name) >= 0)
			return false;
	}
	return true;
}

static int
name_cmp(const void *key, const void *row)
{
	return strcmp(key, ((const struct param *)row)->name);
}

const struct param *
params_find(const struct params_tree *t, const char *name)
{
	return bsearch(name, t->rows, t->n, sizeof(*t->rows), name_cmp);
}

/* True for the leaf itself and for leaves below it: "net.key" covers "net.key.x", not "net.keys". */
static bool
covers(const char *prefix, const char *name)
{
	size_t n = strlen(prefix);

	return n == 0 || (strncmp(prefix, name, n) == 0 && (name[n] == '\0' || name[n] == '.'));
}

size_t
params_first(const struct params_tree *t, const char *prefix, size_t *count)
{
	size_t i = 0;

	while (i < t->n && !covers(prefix, t->rows[i].name))
		i++;
	*count = 0;
	while (i + *count < t->n && covers(prefix, t->rows[i + *count].name))
		(*count)++;
	return i;
}

int32_t
params_get(const struct param *p, const void *base)
{
	int32_t v;

	memcpy(&v, (const uint8_t *)base + p->off, sizeof(v));
	return v;
}

int
params_set(const struct param *p, void *base, int64_t value, struct err *err)
{
	int32_t v;

	if (value < p->min || value > p->max)
		return err_set(err, -EINVAL, "%s takes %d to %d, not %lld", p->name, p->min, p->max,
			(long long)value);
	v = (int32_t)value;
	memcpy((uint8_t *)base + p->off, &v, sizeof(v));
	return 0;
}

int
params_set_text(const struct params_tree *t, void *base, const char *name, const char *text,
	struct err *err)
{
	const struct param *p = params_find(t, name);
	int64_t v;

	if (p == NULL)
		return err_set(err, -ENOENT, "no parameter is called %s", name);
	if (num_parse(text, &v) != 0)
		return err_set(err, -EINVAL, "%s takes a whole number, not \"%s\"", name, text);
	return params_set(p, base, v, err);
}
