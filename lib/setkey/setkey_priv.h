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

/** Parse -4 and -6, which restrict the family, and -n, which asks for what is so anyway. */
void
parse_address_options(struct parser *p);

/** Parse a host, or a prefix where that is allowed, with the port in the same word or in the next one. */
WARN_UNUSED int
parse_address(struct parser *p, bool prefix_ok, struct addr *out);

/** Parse the current token as a number up to max. @param what  how an error calls it */
WARN_UNUSED int
parse_number(struct parser *p, const char *what, uint64_t max, uint64_t *out);

/**
 * Parse esp, esp-udp, esp-old, ah, ah-old or ipcomp.
 * @param flags  receives SA_F_OLD or 0 @param natt  receives NATT_* (ipsec/types.h)
 */
WARN_UNUSED int
parse_ipsec_proto(struct parser *p, uint8_t *proto, uint32_t *flags, uint8_t *natt);

/** Parse add and update behind the verb. */
WARN_UNUSED int
parse_sa(struct parser *p, struct setkey_cmd *cmd);

/** Parse delete, and deleteall, which has no SPI. */
WARN_UNUSED int
parse_sa_name(struct parser *p, struct setkey_cmd *cmd);

/**
 * Parse what follows -P: direction, action and requests, up to the ';'.
 * @param dir_is_enough  what follows the direction may be left out, and then is SP_DISCARD
 */
WARN_UNUSED int
parse_policy(struct parser *p, struct sp_spec *sp, bool dir_is_enough);

#endif
