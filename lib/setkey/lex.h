/* SPDX-License-Identifier: BSD-2-Clause */
/* Words of the setkey(8) language with their place. Private to lib/setkey; state on the stack. */
#ifndef SETKEY_LEX_H
#define SETKEY_LEX_H

#include <stdbool.h>
#include <stddef.h>

#define WORD_MAX 1024u /* bytes of one word, NUL included; the longest key has 514 */

enum token {
	TOK_END, /* end of the text */
	TOK_SEMI, /* ; */
	TOK_WORD, /* anything else up to a blank, ; or # */
	TOK_STRING, /* "..." without the quotes */
	TOK_BAD, /* unterminated string, NUL byte, or a word that is too long */
};

struct lex {
	const char *p, *end;
	unsigned int line, col; /* of p */
	/* the current token */
	enum token tok;
	unsigned int tok_line, tok_col;
	const char *why; /* TOK_BAD: what is wrong, a constant */
	size_t len;
	char word[WORD_MAX]; /* NUL-terminated; may hold key material, wiped by lex_wipe() */
};

void
lex_init(struct lex *l, const char *text, size_t len);
/** Move to the next token. */
void
lex_next(struct lex *l);
/** True when the current token is this bare word. */
bool
lex_is(const struct lex *l, const char *word);
void
lex_wipe(struct lex *l);

#endif
