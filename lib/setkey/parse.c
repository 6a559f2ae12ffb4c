/* SPDX-License-Identifier: BSD-2-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "setkey/setkey_priv.h"

int
parser_fail(struct parser *p, const char *fmt, ...)
{
	va_list ap;

	p->err->line = p->lex.tok_line;
	p->err->col = p->lex.tok_col;
	if (p->lex.tok == TOK_BAD)
		return err_set(&p->err->err, -EINVAL, "%s", p->lex.why);
	p->err->err.code = -EINVAL;
	va_start(ap, fmt);
	(void)vsnprintf(p->err->err.text, sizeof(p->err->err.text), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

int
parser_number(const char *text, uint64_t max, uint64_t *out)
{
	unsigned int base = 10;
	uint64_t v = 0;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
	}
	if (*text == '\0')
		return -EINVAL;
	for (; *text != '\0'; text++) {
		static const char digits[] = "0123456789abcdef";
		int c = *text >= 'A' && *text <= 'F' ? *text - 'A' + 'a' : *text;
		const char *d = memchr(digits, c, base);

		if (d == NULL)
			return -EINVAL;
		if (v > (max - (uint64_t)(d - digits)) / base)
			return -EINVAL;
		v = v * base + (uint64_t)(d - digits);
		if (v > max)
			return -EINVAL;
	}
	*out = v;
	return 0;
}

int
parser_addr(const char *text, struct addr *out)
{
	const char *bracket = strchr(text, '[');
	size_t n = bracket != NULL ? (size_t)(bracket - text) : strlen(text);
	char host[ADDR_STRLEN];
	char port[16];
	uint64_t v = 0;
	int ret;

	if (n >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, n);
	host[n] = '\0';
	if (bracket != NULL) {
		size_t plen = strlen(bracket);

		if (plen < 3 || plen - 2 >= sizeof(port) || bracket[plen - 1] != ']')
			return -EINVAL;
		memcpy(port, bracket + 1, plen - 2);
		port[plen - 2] = '\0';
		if (strcmp(port, "any") != 0 && parser_number(port, UINT16_MAX, &v) != 0)
			return -EINVAL;
	}
	ret = addr_parse(host, out);
	out->port_be = htons((uint16_t)v);
	return ret;
}

int
parse_address(struct parser *p, bool prefix_ok, struct addr *out)
{
	struct lex *l = &p->lex;
	struct addr a = { 0 };
	uint64_t v = 0;
	bool with_port;
	int ret;

	if (l->tok != TOK_WORD)
		return parser_fail(p, "expected an address");
	ret = parser_addr(l->word, &a);
	if (ret == -ERANGE)
		return parser_fail(p, "prefix length of \"%s\" is too large", l->word);
	if (ret != 0)
		return parser_fail(p,
			"\"%s\" is not a numeric address, with [port] if any (names are not looked up)",
			l->word);
	if (!prefix_ok && a.plen != addr_full_plen(&a))
		return parser_fail(p, "expected a host address, not a prefix");
	if (p->af != 0 && a.af != p->af)
		return parser_fail(p, "%s is not of the family that -%c asks for", l->word,
			p->af == AF_INET ? '4' : '6');
	with_port = strchr(l->word, '[') != NULL;
	lex_next(l);
	if (!with_port && l->tok == TOK_WORD && l->word[0] == '[') {
		size_t n = strlen(l->word);

		if (n < 3 || l->word[n - 1] != ']')
			return parser_fail(p, "expected [port]");
		l->word[n - 1] = '\0';
		if (strcmp(l->word + 1, "any") != 0 &&
			parser_number(l->word + 1, UINT16_MAX, &v) != 0)
			return parser_fail(p, "\"%s\" is not a port", l->word + 1);
		a.port_be = htons((uint16_t)v);
		lex_next(l);
	}
	*out = a;
	return 0;
}

int
parse_number(struct parser *p, const char *what, uint64_t max, uint64_t *out)
{
	if (p->lex.tok != TOK_WORD || parser_number(p->lex.word, max, out) != 0)
		return parser_fail(
			p, "%s must be a number up to %llu", what, (unsigned long long)max);
	lex_next(&p->lex);
	return 0;
}

void
parse_address_options(struct parser *p)
{
	struct lex *l = &p->lex;

	for (p->af = 0; lex_is(l, "-4") || lex_is(l, "-6") || lex_is(l, "-n"); lex_next(l)) {
		if (!lex_is(l, "-n"))
			p->af = lex_is(l, "-4") ? AF_INET : AF_INET6;
	}
}

static int
parse_flush(struct parser *p, struct setkey_cmd *cmd)
{
	uint32_t flags;
	uint8_t natt;

	return p->lex.tok == TOK_SEMI ? 0 : parse_ipsec_proto(p, &cmd->proto, &flags, &natt);
}

/* The names that setkey files use; any other protocol by its number. */
static int
upperspec(struct parser *p, uint8_t *out)
{
	static const struct {
		const char *name;
		uint8_t proto;
	} row[] = {
		{ "any", ULPROTO_ANY },
		{ "icmp", 1 },
		{ "ip4", 4 },
		{ "ipv4", 4 },
		{ "tcp", 6 },
		{ "udp", 17 },
		{ "ipv6", 41 },
		{ "gre", 47 },
		{ "esp", 50 },
		{ "ah", 51 },
		{ "icmp6", 58 },
		{ "ipv6-icmp", 58 },
		{ "ospf", 89 },
		{ "l2tp", 115 },
		{ "sctp", 132 },
	};
	uint64_t v = 0;

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		if (lex_is(&p->lex, row[i].name)) {
			*out = row[i].proto;
			lex_next(&p->lex);
			return 0;
		}
	}
	if (p->lex.tok != TOK_WORD || parser_number(p->lex.word, 255, &v) != 0)
		return parser_fail(
			p, "upper layer must be any, tcp, udp, icmp, icmp6, ... or 0 to 255");
	*out = (uint8_t)v;
	lex_next(&p->lex);
	return 0;
}

/* "type,code" behind icmp and icmp6: they ride in the ports. */
static int
icmp_misc(struct parser *p, struct selector *sel)
{
	struct lex *l = &p->lex;
	char *comma = strchr(l->word, ',');
	uint64_t type;
	uint64_t code;

	if (comma == NULL)
		return parser_fail(p, "expected -P and a policy, not \"%s\"", l->word);
	if (sel->proto != 1 && sel->proto != 58)
		return parser_fail(p, "only icmp and icmp6 take type,code");
	*comma = '\0';
	if (parser_number(l->word, 255, &type) != 0 || parser_number(comma + 1, 255, &code) != 0)
		return parser_fail(p, "type and code are 0 to 255");
	sel->src.port_be = htons((uint16_t)type);
	sel->dst.port_be = htons((uint16_t)code);
	lex_next(l);
	return 0;
}

static int
parse_spd(struct parser *p, struct setkey_cmd *cmd)
{
	struct selector *sel = &cmd->sp.sel;
	int ret;

	parse_address_options(p);
	ret = parse_address(p, true, &sel->src);
	if (ret == 0)
		ret = parse_address(p, true, &sel->dst);
	if (ret == 0 && sel->src.af != sel->dst.af)
		ret = parser_fail(p, "source and destination are of different families");
	if (ret == 0)
		ret = upperspec(p, &sel->proto);
	if (ret == 0 && p->lex.tok == TOK_WORD && !lex_is(&p->lex, "-P"))
		ret = icmp_misc(p, sel);
	if (ret != 0)
		return ret;
	if (!lex_is(&p->lex, "-P"))
		return parser_fail(p, "expected -P and a policy");
	lex_next(&p->lex);
	return parse_policy(p, &cmd->sp, cmd->verb == SETKEY_SPDDELETE);
}

static int
parse_nothing(struct parser *p, struct setkey_cmd *cmd)
{
	(void)p;
	(void)cmd;
	return 0;
}

static const struct {
	const char *word;
	enum setkey_verb verb;
	int (*parse)(struct parser *p, struct setkey_cmd *cmd);
} verbs[] = {
	{ "add", SETKEY_ADD, parse_sa },
	{ "update", SETKEY_UPDATE, parse_sa },
	{ "delete", SETKEY_DELETE, parse_sa_name },
	{ "deleteall", SETKEY_DELETEALL, parse_sa_name },
	{ "flush", SETKEY_FLUSH, parse_flush },
	{ "spdadd", SETKEY_SPDADD, parse_spd },
	{ "spdupdate", SETKEY_SPDUPDATE, parse_spd },
	{ "spddelete", SETKEY_SPDDELETE, parse_spd },
	{ "spdflush", SETKEY_SPDFLUSH, parse_nothing },
};

/* Words of setkey(8) for somebody who waits for the answer, which nobody does behind a file. */
static const char *const questions[] = { "get", "getspi", "dump", "spddump", "exit", "quit",
	"bye" };

static int
statement(struct parser *p, struct setkey_cmd *cmd)
{
	cmd->line = p->lex.tok_line;
	cmd->col = p->lex.tok_col;
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		if (!lex_is(&p->lex, verbs[i].word))
			continue;
		cmd->verb = verbs[i].verb;
		lex_next(&p->lex);
		if (verbs[i].parse(p, cmd) != 0)
			return -EINVAL;
		if (p->lex.tok != TOK_SEMI)
			return parser_fail(p, "expected ; at the end of the statement");
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(questions); i++) {
		if (lex_is(&p->lex, questions[i]))
			return parser_fail(p, "%s is for a dialogue and has no meaning in a file",
				questions[i]);
	}
	return parser_fail(p,
		"expected add, update, delete, deleteall, flush, spdadd, spdupdate, spddelete or spdflush");
}

int
setkey_parse(const char *text, size_t len, setkey_emit emit, void *arg, struct setkey_err *err)
{
	struct parser p = { .err = err };
	int ret = 0;

	lex_init(&p.lex, text, len);
	while (ret == 0 && p.lex.tok != TOK_END) {
		struct setkey_cmd cmd = { 0 };

		if (p.lex.tok == TOK_SEMI) {
			lex_next(&p.lex);
			continue;
		}
		ret = statement(&p, &cmd);
		if (ret == 0) {
			err->line = cmd.line;
			err->col = cmd.col;
			ret = emit(arg, &cmd, &err->err);
		}
		if (ret == 0)
			lex_next(&p.lex);
		sa_spec_wipe(&cmd.sa);
	}
	lex_wipe(&p.lex);
	return ret;
}
