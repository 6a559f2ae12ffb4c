/* SPDX-License-Identifier: BSD-2-Clause */
/* Where is what: a walk over JSON text that knows the key path, line and column of every token. */
#include <stdio.h>
#include <string.h>

#include "conf_priv.h"

enum tok {
	TOK_END,
	TOK_OPEN, /* { or [ */
	TOK_CLOSE,
	TOK_KEY,
	TOK_SCALAR,
	TOK_PUNCT, /* : or , */
	TOK_DEEP, /* beyond CONF_DEPTH_MAX */
	TOK_LONG, /* key beyond CONF_KEY_MAX */
};

struct level {
	bool is_array;
	size_t index; /* of the element being read, arrays only */
	size_t base; /* length of the path of the container itself */
};

/*
 * Jansson keeps no positions, so the text is walked again when a place is needed. The walk must not
 * trust the text: it also runs before Jansson (caps) and on what Jansson refused. It never fails, it
 * just makes tokens of whatever is there.
 */
struct scan {
	const char *p, *end, *start;
	unsigned int line, col; /* of p */
	const char *tok; /* first byte of the last token */
	unsigned int tok_line, tok_col;
	struct level level[CONF_DEPTH_MAX];
	unsigned int depth;
	bool want_key;
	bool is_fresh; /* the last token was '[' */
	char path[CONF_KEYPATH]; /* of the last token */
	size_t npath;
};

static void
scan_init(struct scan *s, const struct conf *c)
{
	*s = (struct scan){
		.p = c->text, .start = c->text, .end = c->text + c->text_len, .line = 1, .col = 1
	};
}

/* Columns count characters: the continuation bytes of UTF-8 add nothing. */
static void
step(struct scan *s)
{
	if (*s->p == '\n') {
		s->line++;
		s->col = 1;
	} else if (((unsigned char)*s->p & 0xc0) != 0x80) {
		s->col++;
	}
	s->p++;
}

static bool
is_blank(char ch)
{
	return ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r';
}

static bool
is_word(char ch)
{
	return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
		ch == '_' || ch == '-';
}

static size_t
put(char path[CONF_KEYPATH], size_t n, const char *text)
{
	while (*text != '\0' && n + 1 < CONF_KEYPATH)
		path[n++] = *text++;
	path[n] = '\0';
	return n;
}

size_t
conf_path_index(char path[CONF_KEYPATH], size_t n, size_t index)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "[%zu]", index);
	return put(path, n, text);
}

size_t
conf_path_key(char path[CONF_KEYPATH], size_t n, const char *key)
{
	const char *k = key;
	char text[8];

	while (is_word(*k))
		k++;
	if (*k == '\0' && k != key) {
		if (n > 0)
			n = put(path, n, ".");
		return put(path, n, key);
	}
	n = put(path, n, "[\"");
	for (k = key; *k != '\0'; k++) {
		unsigned char ch = (unsigned char)*k;

		if (ch < 0x20 || ch == 0x7f)
			(void)snprintf(text, sizeof(text), "\\u%04x", ch);
		else
			(void)snprintf(
				text, sizeof(text), ch == '"' || ch == '\\' ? "\\%c" : "%c", ch);
		n = put(path, n, text);
	}
	return put(path, n, "\"]");
}

/* The key between quotes, with its escapes undone by the same hand that will undo them later. */
static void
enter_key(struct scan *s, const char *tok, size_t len)
{
	char plain[CONF_KEY_MAX + 1] = "";
	json_t *key;
	size_t n = 0;

	while (n + 2 < len && is_word(tok[n + 1]))
		n++;
	if (n + 2 == len && tok[len - 1] == '"') {
		memcpy(plain, tok + 1, n);
		s->npath = conf_path_key(s->path, s->npath, plain);
		return;
	}
	key = json_loadb(tok, len, JSON_DECODE_ANY, NULL);
	s->npath = conf_path_key(
		s->path, s->npath, json_is_string(key) ? json_string_value(key) : "?");
	json_decref(key);
}

/* Cut the path back to the container that is open. */
static struct level *
back(struct scan *s)
{
	struct level *l = s->depth > 0 ? &s->level[s->depth - 1] : NULL;

	s->npath = l != NULL ? l->base : 0;
	s->path[s->npath] = '\0';
	return l;
}

static void
skip_string(struct scan *s)
{
	step(s);
	while (s->p < s->end && *s->p != '"' && *s->p != '\n') {
		if (*s->p == '\\' && s->p + 1 < s->end && s->p[1] != '\n')
			step(s);
		step(s);
	}
	if (s->p < s->end && *s->p == '"')
		step(s);
}

static enum tok
string(struct scan *s)
{
	size_t len;

	skip_string(s);
	if (!s->want_key)
		return TOK_SCALAR;
	s->want_key = false;
	(void)back(s);
	len = (size_t)(s->p - s->tok);
	if (len > CONF_KEY_MAX + 2)
		return TOK_LONG;
	enter_key(s, s->tok, len);
	return TOK_KEY;
}

static enum tok
enter(struct scan *s, bool is_array)
{
	step(s);
	if (s->depth == CONF_DEPTH_MAX)
		return TOK_DEEP;
	s->level[s->depth++] = (struct level){ .is_array = is_array, .base = s->npath };
	s->want_key = !is_array;
	s->is_fresh = is_array;
	return TOK_OPEN;
}

static enum tok
leave(struct scan *s)
{
	step(s);
	(void)back(s);
	if (s->depth > 0)
		s->depth--;
	s->want_key = false;
	return TOK_CLOSE;
}

static enum tok
comma(struct scan *s)
{
	struct level *l = back(s);

	step(s);
	s->want_key = l != NULL && !l->is_array;
	if (l != NULL && l->is_array)
		s->npath = conf_path_index(s->path, s->npath, ++l->index);
	return TOK_PUNCT;
}

static enum tok
scalar(struct scan *s)
{
	do {
		step(s);
	} while (s->p < s->end && !is_blank(*s->p) && strchr("{}[],:\"", *s->p) == NULL);
	return TOK_SCALAR;
}

static enum tok
scan_next(struct scan *s)
{
	while (s->p < s->end && is_blank(*s->p))
		step(s);
	s->tok = s->p;
	s->tok_line = s->line;
	s->tok_col = s->col;
	if (s->p == s->end)
		return TOK_END;
	if (s->is_fresh)
		s->npath = conf_path_index(s->path, s->npath, 0);
	s->is_fresh = false;
	switch (*s->p) {
	case '{':
	case '[':
		return enter(s, *s->p == '[');
	case '}':
	case ']':
		return leave(s);
	case ',':
		return comma(s);
	case ':':
		step(s);
		return TOK_PUNCT;
	case '"':
		return string(s);
	default:
		return scalar(s);
	}
}

static void
remember(const struct scan *s, struct place *at)
{
	at->line = s->tok_line;
	at->col = s->tok_col;
	(void)snprintf(at->keypath, sizeof(at->keypath), "%s", s->path);
}

/* True when path is wanted itself or one of the containers around it. */
static bool
leads_to(const char *path, const char *wanted)
{
	size_t n = strlen(path);

	return n == 0 ||
		(strncmp(path, wanted, n) == 0 &&
			(wanted[n] == '\0' || wanted[n] == '.' || wanted[n] == '['));
}

void
conf_locate(const struct conf *c, const char *keypath, bool at_key, struct place *at)
{
	bool found = false;
	size_t best = 0;
	struct scan s;
	enum tok t;

	*at = (struct place){ .line = 1, .col = 1 };
	scan_init(&s, c);
	while ((t = scan_next(&s)) != TOK_END) {
		if (t == TOK_KEY ? !at_key || strcmp(s.path, keypath) != 0 :
				   t != TOK_OPEN && t != TOK_SCALAR)
			continue;
		/* The key precedes its value and has the same path: the first one stays. */
		if ((found && s.npath <= best) || !leads_to(s.path, keypath))
			continue;
		remember(&s, at);
		best = s.npath;
		found = true;
	}
	(void)snprintf(at->keypath, sizeof(at->keypath), "%s", keypath);
}

void
conf_locate_offset(const struct conf *c, size_t offset, struct place *at)
{
	struct scan s;
	enum tok t;

	*at = (struct place){ .line = 1, .col = 1 };
	scan_init(&s, c);
	do {
		t = scan_next(&s);
		if ((size_t)(s.tok - s.start) >= offset)
			return;
		remember(&s, at);
	} while (t != TOK_END);
}

const char *
conf_scan_caps(const struct conf *c, struct place *at)
{
	struct scan s;
	enum tok t;

	scan_init(&s, c);
	do {
		t = scan_next(&s);
	} while (t != TOK_END && t != TOK_DEEP && t != TOK_LONG);
	remember(&s, at);
	if (t == TOK_DEEP)
		return "too many nested arrays and objects; expected at most 16";
	if (t == TOK_LONG)
		return "key too long; expected at most 64 bytes";
	return NULL;
}
