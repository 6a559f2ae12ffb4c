/* SPDX-License-Identifier: BSD-2-Clause */
/* Parser context and the pieces that parse.c and policy.c share. Private to lib/setkey. */
#ifndef SETKEY_SETKEY_PRIV_H
#define SETKEY_SETKEY_PRIV_H

#include "setkey/lex.h"
#include "setkey/setkey.h"

struct parser {
	struct lex lex;
	struct setkey_err *err;
	uint8_t af; /* of -4 and -6 in this statement; 0: any family */
};

/** Record an error at the current token; what is wrong with the token itself comes first. @return -EINVAL */
int
parser_fail(struct parser *p, const char *fmt, ...) PRINTF_LIKE(2, 3);

/** Parse a whole word as a number (decimal or 0x). @return 0; -EINVAL, also when above max */
WARN_UNUSED int
parser_number(const char *text, uint64_t max, uint64_t *out);

/** Parse "addr[/plen][[port]]" in text. @return 0; -EINVAL; -ERANGE prefix too long */
WARN_UNUSED int
parser_addr(const char *text, struct addr *out);

/**
 * Parse what follows -P: direction, action and requests, up to the ';'.
 * @param dir_is_enough  what follows the direction may be left out, and then is SP_DISCARD
 */
WARN_UNUSED int
parse_policy(struct parser *p, struct sp_spec *sp, bool dir_is_enough);

#endif
