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

/** What a leaf does beyond its field. ctx is what the caller gave: the running system, NULL before it runs. */
struct param_hook {
	/* The value, instead of that of the field; NULL: the field's. */
	int32_t (*get)(const void *ctx);
	/* Refuse a value that is in range. @return 0 or -errno with the reason; NULL: none is refused */
	int (*check)(const void *ctx, int32_t value, struct err *err);
};

/** One leaf: an int32_t at byte off of the structure the tree describes, or a vector of counters. */
struct param {
	const char *name; /* "net.inet.ipsec.dfbit" */
	int32_t min, max; /* inclusive */
	size_t off;
	const char *doc; /* unit and meaning */
	const char *same; /* another name of this leaf, which is the row to document; NULL: none */
	const struct param_hook *hook; /* NULL: the field is all there is */
	bool read_only;
	uint8_t vector; /* above 0: read-only 64-bit counters, which the caller knows by this number */
};

/** Rows must be sorted by name (strcmp); params_tree_check() is for tests. */
struct params_tree {
	const struct param *rows;
	size_t n;
};

/** @return true when rows are sorted and unique, every range is sane, other names agree with theirs */
bool
params_tree_check(const struct params_tree *t);

/** @return the leaf, or NULL */
const struct param *
params_find(const struct params_tree *t, const char *name);

/** First row of the subtree: name itself or everything below "name."; "" = all. @return index, t->n = none */
size_t
params_first(const struct params_tree *t, const char *prefix, size_t *count);

/** @param p  not a vector */
int32_t
params_get(const struct param *p, const void *base, const void *ctx);

/**
 * Validate, then set. On error the structure is unchanged.
 * @return 0; -EPERM read-only; -EINVAL outside the range; what the hook says; the reason in err
 */
WARN_UNUSED int
params_set(const struct param *p, void *base, const void *ctx, int64_t value, struct err *err);

#endif
