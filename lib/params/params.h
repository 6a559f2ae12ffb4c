/* SPDX-License-Identifier: BSD-2-Clause */
/* A sysctl-like tree of typed leaves: rows in a table, sorted by name; the table is the documentation. */
/* Rows are const; the structure they describe belongs to the caller (control thread). */
#ifndef PARAMS_PARAMS_H
#define PARAMS_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/err.h"

/** One leaf: an int32_t at byte off of the structure the tree describes. */
struct param {
	const char *name; /* "net.inet.ipsec.dfbit" */
	int32_t min, max; /* inclusive */
	size_t off;
	const char *doc; /* unit and meaning */
};

/** Rows must be sorted by name (strcmp); params_tree_check() is for tests. */
struct params_tree {
	const struct param *rows;
	size_t n;
};

/** @return true when the rows are sorted and unique, and every range is sane */
bool
params_tree_check(const struct params_tree *t);

/** @return the leaf, or NULL */
const struct param *
params_find(const struct params_tree *t, const char *name);

/** First row of the subtree: name itself or everything below "name."; "" = all. @return index, t->n = none */
size_t
params_first(const struct params_tree *t, const char *prefix, size_t *count);

int32_t
params_get(const struct param *p, const void *base);

/**
 * Validate, then set. On error the structure is unchanged.
 * @return 0; -EINVAL outside the range, with the range in err
 */
WARN_UNUSED int
params_set(const struct param *p, void *base, int64_t value, struct err *err);

/**
 * Set by name from text (decimal or 0x hexadecimal).
 * @return 0; -ENOENT no such leaf; -EINVAL not a number or outside the range
 */
WARN_UNUSED int
params_set_text(const struct params_tree *t, void *base, const char *name, const char *text,
	struct err *err);

#endif
