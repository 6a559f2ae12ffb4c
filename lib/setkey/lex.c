/* SPDX-License-Identifier: BSD-2-Clause */
#include "setkey/lex.h"

#include <assert.h>
#include <string.h>

#include "base/secret.h"

void
lex_init(struct lex *l, const char *text, size_t len)
{
	*l = (struct lex){ .p = text, .end = text + len, .line = 1, .col = 1 };
	lex_next(l);
}

void
lex_wipe(struct lex *l)
{
	secret_wipe_mem(l->word, sizeof(l->word));
}

static void
step(struct lex *l)
{
	if (*l->p == '\n') {
		l->line++;
		l->col = 1;
	} else {
		l->col++;
	}
	l->p++;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void
skip_blanks_and_comments(struct lex *l)
{
	while (l->p < l->end) {
		if (*l->p == '#') {
			while (l->p < l->end && *l->p != '\n')
				step(l);
		} else if (is_blank(*l->p)) {
			step(l);
		} else {
			return;
		}
	}
}

/* Append the byte at p. @return false, with the reason, when the word is too long or the byte is NUL */
static bool
take(struct lex *l)
{
	l->why = *l->p == '\0' ? "NUL byte" : "word of more than 1023 bytes";
	static_assert(WORD_MAX == 1024, "the text above names it");
	if (l->len + 1 >= WORD_MAX || *l->p == '\0')
		return false;
	l->word[l->len++] = *l->p;
	l->word[l->len] = '\0';
	step(l);
	return true;
}

static enum token
string(struct lex *l)
{
	step(l);
	while (l->p < l->end && *l->p != '"') {
		if (*l->p == '\n')
			break;
		if (!take(l))
			return TOK_BAD;
	}
	l->why = "the closing quote is missing on this line";
	if (l->p == l->end || *l->p == '\n')
		return TOK_BAD;
	step(l);
	return TOK_STRING;
}

void
lex_next(struct lex *l)
{
	lex_wipe(l);
	l->len = 0;
	skip_blanks_and_comments(l);
	l->tok_line = l->line;
	l->tok_col = l->col;
	if (l->p == l->end) {
		l->tok = TOK_END;
		return;
	}
	if (*l->p == ';') {
		step(l);
		l->tok = TOK_SEMI;
		return;
	}
	if (*l->p == '"') {
		l->tok = string(l);
		return;
	}
	l->tok = TOK_WORD;
	while (l->p < l->end && !is_blank(*l->p) && *l->p != ';' && *l->p != '#') {
		if (!take(l)) {
			l->tok = TOK_BAD;
			return;
		}
	}
}

bool
lex_is(const struct lex *l, const char *word)
{
	return l->tok == TOK_WORD && strcmp(l->word, word) == 0;
}
