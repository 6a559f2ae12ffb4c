/* SPDX-License-Identifier: BSD-2-Clause */
/* "-P out ipsec esp/tunnel/10.0.0.1-10.0.0.2/require": the policy half of the language. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "setkey/setkey_priv.h"

struct name {
	const char *text;
	uint8_t value;
};

/* @return true when text is in the table */
static bool
find(const struct name *table, size_t n, const char *text, uint8_t *value)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(table[i].text, text) == 0) {
			*value = table[i].value;
			return true;
		}
	}
	return false;
}

static const struct name protos[] = {
	{ "esp", IPPROTO_ESP },
	{ "ah", IPPROTO_AH },
	{ "ipcomp", IPPROTO_IPCOMP },
};
static const struct name modes[] = { { "transport", MODE_TRANSPORT }, { "tunnel", MODE_TUNNEL } };
static const struct name levels[] = {
	{ "default", LEVEL_DEFAULT },
	{ "use", LEVEL_USE },
	{ "require", LEVEL_REQUIRE },
	{ "unique", LEVEL_UNIQUE },
};
static const struct name actions[] = {
	{ "discard", SP_DISCARD },
	{ "none", SP_NONE },
	{ "ipsec", SP_IPSEC },
};
static const struct name dirs[] = { { "in", DIR_IN }, { "out", DIR_OUT } };

static int
end_points(struct parser *p, char *text, struct sp_req *req)
{
	char *dash = strchr(text, '-');

	if (*text == '\0') {
		if (req->mode == MODE_TUNNEL)
			return parser_fail(
				p, "tunnel needs both end points: esp/tunnel/SRC-DST/LEVEL");
		return 0;
	}
	if (dash == NULL)
		return parser_fail(p, "expected SRC-DST, not \"%s\"", text);
	*dash = '\0';
	if (strcmp(text, "me") == 0 || strcmp(dash + 1, "me") == 0)
		return parser_fail(p, "me is an address that only a socket has: write SRC-DST");
	if (parser_addr(text, &req->src) != 0)
		return parser_fail(p, "\"%s\" is not an address", text);
	if (parser_addr(dash + 1, &req->dst) != 0)
		return parser_fail(p, "\"%s\" is not an address", dash + 1);
	if (req->src.af != req->dst.af)
		return parser_fail(p, "end points are of different families");
	return 0;
}

static int
level(struct parser *p, char *text, struct sp_req *req)
{
	char *colon = strchr(text, ':');
	uint64_t n;

	if (colon != NULL)
		*colon = '\0';
	if (!find(levels, ARRAY_LEN(levels), text, &req->level))
		return parser_fail(
			p, "level must be default, use, require or unique[:N], not \"%s\"", text);
	if (colon == NULL)
		return 0;
	if (req->level != LEVEL_UNIQUE)
		return parser_fail(p, "only unique takes a number");
	if (parser_number(colon + 1, REQID_MANUAL_MAX, &n) != 0 || n == 0)
		return parser_fail(
			p, "unique takes 1 to %u, not \"%s\"", REQID_MANUAL_MAX, colon + 1);
	req->reqid = (uint32_t)n;
	return 0;
}

/* protocol/mode/src-dst/level. Cuts the word in place: prefixes are not allowed, so / only separates. */
static int
request(struct parser *p, struct sp_req *req)
{
	char text[WORD_MAX];
	char *part[4];
	unsigned int n = 0;

	memcpy(text, p->lex.word, p->lex.len + 1);
	for (char *s = text; s != NULL && n < ARRAY_LEN(part); n++) {
		part[n] = s;
		s = strchr(s, '/');
		if (s != NULL)
			*s++ = '\0';
		else
			break;
	}
	if (n != ARRAY_LEN(part) - 1 || strchr(p->lex.word, '/') == NULL)
		return parser_fail(
			p, "expected protocol/mode/src-dst/level, not \"%s\"", p->lex.word);
	if (!find(protos, ARRAY_LEN(protos), part[0], &req->proto))
		return parser_fail(p, "protocol must be esp, ah or ipcomp, not \"%s\"", part[0]);
	if (!find(modes, ARRAY_LEN(modes), part[1], &req->mode))
		return parser_fail(p, "mode must be transport or tunnel, not \"%s\"", part[1]);
	if (end_points(p, part[2], req) != 0)
		return -EINVAL;
	return level(p, part[3], req);
}

int
parse_policy(struct parser *p, struct sp_spec *sp, bool dir_is_enough)
{
	struct lex *l = &p->lex;

	if (l->tok != TOK_WORD || !find(dirs, ARRAY_LEN(dirs), l->word, &sp->sel.dir))
		return parser_fail(p, "direction must be in or out");
	lex_next(l);
	if (dir_is_enough && l->tok == TOK_SEMI)
		return 0;
	if (lex_is(l, "prio") || lex_is(l, "priority"))
		return parser_fail(p, "policies have no priorities: the first match in order wins");
	if (l->tok != TOK_WORD || !find(actions, ARRAY_LEN(actions), l->word, &sp->action))
		return parser_fail(p, "action must be discard, none or ipsec");
	lex_next(l);
	while (l->tok == TOK_WORD) {
		if (sp->action != SP_IPSEC)
			return parser_fail(p, "only ipsec takes requests");
		if (sp->nreq == SP_REQ_MAX)
			return parser_fail(p, "more than %u requests", SP_REQ_MAX);
		if (request(p, &sp->req[sp->nreq]) != 0)
			return -EINVAL;
		sp->nreq++;
		lex_next(l);
	}
	if (sp->action == SP_IPSEC && sp->nreq == 0)
		return parser_fail(p, "ipsec needs a request: protocol/mode/src-dst/level");
	return 0;
}
