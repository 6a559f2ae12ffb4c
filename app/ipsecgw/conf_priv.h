/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside conf: places in the JSON text, and typed extraction by tables of fields. */
/* Lives on the stack of one conf_parse(); control thread. */
#ifndef IPSECGW_CONF_PRIV_H
#define IPSECGW_CONF_PRIV_H

#include <stdarg.h>

#include <jansson.h>

#include "conf.h"

#define CONF_FILE_MAX  (1u << 20) /* bytes */
#define CONF_DEPTH_MAX 16u /* nested arrays and objects; the format has 6 */
#define CONF_KEY_MAX   64u /* bytes of one key, as written */
#define CONF_KEYPATH   320u /* bytes of a printed key path */

/** One value of the tree and how it was reached. Chained on the stack. */
struct node {
	const struct node *up; /* NULL: top level */
	const char *key; /* NULL: element of an array */
	size_t index;
	json_t *v; /* read only; Jansson's iterators take no const */
};

struct field;

/** What every reading function gets. */
struct reader {
	struct conf *c;
	struct err *err;
	struct iface *iface; /* whose name and addresses are being read */
	const struct field
		*rows; /* [nrows], the keys that an object may have, while they are checked */
	size_t nrows;
};

enum field_kind {
	FIELD_UINT, /* size bytes: uint8_t, uint16_t or uint32_t, min..max */
	FIELD_BOOL,
	FIELD_STRING, /* size bytes with NUL, min..size - 1 characters */
	FIELD_FN, /* fn decides */
};

/** One key that an object may have. Rows are read in the order of the table, not of the file. */
struct field {
	const char *key;
	enum field_kind kind;
	bool required;
	size_t off, size; /* where in the structure */
	uint32_t min, max;
	int (*fn)(struct reader *r, const struct node *n, void *field);
};

/** Read an object by its table. Keys that the file leaves out leave the structure as it was. */
WARN_UNUSED int
conf_read_object(
	struct reader *r, const struct node *n, const struct field *rows, size_t nrows, void *base);

/** @param each  called for every element @return 0 or the first error */
WARN_UNUSED int
conf_read_array(struct reader *r, const struct node *n, size_t min, size_t max,
	int (*each)(struct reader *r, const struct node *n));

/** @param each  called for every member, n->key being its key @return 0 or the first error */
WARN_UNUSED int
conf_read_members(struct reader *r, const struct node *n,
	int (*each)(struct reader *r, const struct node *n));

/** @return the string, or NULL with the error recorded */
const char *
conf_string(struct reader *r, const struct node *n);

/** Record "file:line:col: path: ..." at the value. @return -EINVAL */
int
conf_wrong(struct reader *r, const struct node *n, const char *fmt, ...) PRINTF_LIKE(3, 4);

/** Record that the key of n is none of those expected, at the key. @return -EINVAL */
int
conf_unknown_key(struct reader *r, const struct node *n, const char *expected);

/** Make text of the file printable and short. @return buf */
const char *
conf_show(const char *text, char buf[48]);

/** Check nesting and key lengths, then parse c->text. @return tree, or NULL with the error recorded */
json_t *
conf_json_parse(const struct conf *c, struct err *err);

/** A place in the text; lines and columns (characters) count from 1. */
struct place {
	unsigned int line, col;
	char keypath[CONF_KEYPATH]; /* "" = top level */
};

/** Find the value (or the key itself) of a key path, or its nearest ancestor. */
void
conf_locate(const struct conf *c, const char *keypath, bool at_key, struct place *at);
/** Find the last token that begins before an offset, or the end of the text for SIZE_MAX. */
void
conf_locate_offset(const struct conf *c, size_t offset, struct place *at);
/** Find what Jansson shall never see: nesting or a key beyond the caps. @return NULL or what it is */
const char *
conf_scan_caps(const struct conf *c, struct place *at);
/** Append ".key", "key" at the beginning, or ["key"] when it is not a plain word. @return new length */
size_t
conf_path_key(char path[CONF_KEYPATH], size_t n, const char *key);
size_t
conf_path_index(char path[CONF_KEYPATH], size_t n, size_t index);

/** Record an error at a place. @return code */
int
conf_error_vput(const struct conf *c, struct err *err, const struct place *at, const char *fmt,
	va_list ap) PRINTF_LIKE(4, 0);
int
conf_error_put(const struct conf *c, struct err *err, const struct place *at, const char *fmt, ...)
	PRINTF_LIKE(4, 5);

/** Read "address/length", the length being required. @param a  host bits as written @return 0; -EINVAL */
WARN_UNUSED int
conf_read_prefix(struct reader *r, const struct node *n, struct addr *a);
/** Read an address that a single host can have. @return 0; -EINVAL */
WARN_UNUSED int
conf_read_host(struct reader *r, const struct node *n, struct addr *a);

/** "ports", "routes", "neighbours" in conf_port.c and conf_route.c; field is struct conf. */
int
conf_read_ports(struct reader *r, const struct node *n, void *field);
int
conf_read_routes(struct reader *r, const struct node *n, void *field);
int
conf_read_neighbours(struct reader *r, const struct node *n, void *field);

/** Read a PCI address or vdev arguments that no port and no crypto device has yet. @return 0; -EINVAL */
WARN_UNUSED int
conf_read_device(struct reader *r, const struct node *n, char device[128]);

/** Everything of conf_load() but the file access. The text is copied. */
WARN_UNUSED int
conf_parse(const char *path, const char *text, size_t len, struct conf **out, struct err *err);

#endif
