/* SPDX-License-Identifier: BSD-2-Clause */
#include "params/params.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Another name must lead to a row of its own right that has the same field and the same rules. */
static bool
same_agrees(const struct params_tree *t, const struct param *p)
{
	const struct param *to = params_find(t, p->same);

	return to != NULL && to->same == NULL && to->off == p->off && to->min == p->min &&
		to->max == p->max && to->hook == p->hook && to->read_only == p->read_only &&
		to->vector == p->vector;
}

bool
params_tree_check(const struct params_tree *t)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct param *p = &t->rows[i];

		if (p->min > p->max || p->doc == NULL || (p->vector > 0 && !p->read_only))
			return false;
		if (i > 0 && strcmp(t->rows[i - 1].name, p->name) >= 0)
			return false;
		if (p->same != NULL && !same_agrees(t, p))
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
params_get(const struct param *p, const void *base, const void *ctx)
{
	int32_t v;

	assert(p->vector == 0);
	if (p->hook != NULL && p->hook->get != NULL)
		return p->hook->get(ctx);
	memcpy(&v, (const uint8_t *)base + p->off, sizeof(v));
	return v;
}

int
params_set(const struct param *p, void *base, const void *ctx, int64_t value, struct err *err)
{
	int32_t v;
	int ret = 0;

	if (p->read_only)
		return err_set(err, -EPERM, "%s is read-only", p->name);
	if (value < p->min || value > p->max)
		return err_set(err, -EINVAL, "%s takes %d to %d, not %lld", p->name, p->min, p->max,
			(long long)value);
	v = (int32_t)value;
	if (p->hook != NULL && p->hook->check != NULL)
		ret = p->hook->check(ctx, v, err);
	if (ret == 0)
		memcpy((uint8_t *)base + p->off, &v, sizeof(v));
	return ret;
}
