/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of JSON objects as aligned text tables. Pure functions of their arguments. */
#ifndef IPSECGWCTL_TABLE_H
#define IPSECGWCTL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <jansson.h>

/** How a number is shown. */
enum cell_format {
	CELL_TEXT, /* strings, joined arrays; left-aligned */
	CELL_COUNT, /* integers in full; right-aligned */
	CELL_RATE, /* 950, 1.25k, 14.8M; right-aligned */
	CELL_HEX, /* 0x00001001; left-aligned */
};

struct column {
	const char *title;
	const char *key; /* "name", or a path into nested objects: "hw.rx_missed" */
	enum cell_format format;
};

/**
 * Print a title, a heading and one line for each element of an array of objects.
 *
 * What is missing or null shows as "-"; control characters show as "?". The last column is not padded.
 * @param empty  printed instead of the table when there is no element
 */
void
table_print(FILE *out, const char *title, const json_t *list, const struct column *cols,
	const char *empty);

/** Text of one cell. cols end with a NULL title. @return buf */
const char *
table_cell(const json_t *object, const struct column *c, char *buf, size_t size);

#endif
