/* SPDX-License-Identifier: BSD-2-Clause */
/* "add 10.0.0.1 10.0.0.2 esp 0x1000 -m tunnel -E aes-cbc 0x...": the SA half of the language. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "base/hex.h"
#include "setkey/setkey_priv.h"

int
parse_ipsec_proto(struct parser *p, uint8_t *proto, uint32_t *flags, uint8_t *natt)
{
	static const struct {
		const char *word;
		uint32_t flags;
		uint8_t proto, natt;
	} row[] = {
		{ "esp", 0, IPPROTO_ESP, NATT_NONE },
		{ "esp-udp", 0, IPPROTO_ESP, NATT_ESP_IN_UDP },
		{ "esp-old", SA_F_OLD, IPPROTO_ESP, NATT_NONE },
		{ "ah", 0, IPPROTO_AH, NATT_NONE },
		{ "ah-old", SA_F_OLD, IPPROTO_AH, NATT_NONE },
		{ "ipcomp", 0, IPPROTO_IPCOMP, NATT_NONE },
	};

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		if (!lex_is(&p->lex, row[i].word))
			continue;
		*proto = row[i].proto;
		*flags = row[i].flags;
		*natt = row[i].natt;
		lex_next(&p->lex);
		return 0;
	}
	return parser_fail(p, "protocol must be esp, esp-udp, esp-old, ah, ah-old or ipcomp");
}

/* What stands behind esp-udp and is no SPI is the address that the sender has behind its NAT. */
static int
original_address(struct parser *p, struct sa_spec *sa)
{
	uint64_t v;

	if (sa->natt.type == NATT_NONE || p->lex.tok != TOK_WORD ||
		parser_number(p->lex.word, UINT64_MAX, &v) == 0)
		return 0;
	/* "esp-udp 4294967296x" is a wrong SPI rather than a wrong address. */
	if (strpbrk(p->lex.word, ".:") == NULL)
		return 0;
	return parse_address(p, false, &sa->natt.oa_src);
}

/* Ports on any other SA are accepted and mean nothing (NetBSD's own tests use them). */
static void
settle_ports(struct sa_spec *sa)
{
	const bool udp = sa->natt.type != NATT_NONE;

	if (!udp || sa->idx.src.port_be == 0)
		sa->idx.src.port_be = udp ? htons(NATT_PORT) : 0;
	if (!udp || sa->idx.dst.port_be == 0)
		sa->idx.dst.port_be = udp ? htons(NATT_PORT) : 0;
	sa->natt.oa_src.port_be = 0;
}

/* src dst proto */
static int
sa_ends(struct parser *p, struct sa_spec *sa)
{
	int ret;

	parse_address_options(p);
	ret = parse_address(p, false, &sa->idx.src);
	if (ret == 0)
		ret = parse_address(p, false, &sa->idx.dst);
	if (ret == 0)
		ret = parse_ipsec_proto(p, &sa->idx.proto, &sa->flags, &sa->natt.type);
	if (ret == 0)
		ret = original_address(p, sa);
	if (ret == 0)
		settle_ports(sa);
	return ret;
}

int
parse_sa_name(struct parser *p, struct setkey_cmd *cmd)
{
	uint64_t spi = 0;
	int ret = sa_ends(p, &cmd->sa);

	if (ret == 0 && cmd->verb != SETKEY_DELETEALL)
		ret = parse_number(p, "SPI", UINT32_MAX, &spi);
	cmd->sa.spi = (uint32_t)spi;
	return ret;
}

static int
mode(struct parser *p, struct sa_spec *sa)
{
	static const char *const names[] = { "any", "transport", "tunnel" };

	for (unsigned int i = 0; i < ARRAY_LEN(names); i++) {
		if (lex_is(&p->lex, names[i])) {
			sa->idx.mode = (uint8_t)i;
			lex_next(&p->lex);
			return 0;
		}
	}
	return parser_fail(p, "mode must be transport, tunnel or any");
}

static int
flag(struct parser *p, struct sa_spec *sa)
{
	struct lex *l = &p->lex;

	if (lex_is(l, "seq-pad"))
		sa->flags = (sa->flags & ~SA_F_PAD_MASK) | SA_F_PAD_SEQ;
	else if (lex_is(l, "random-pad"))
		sa->flags = (sa->flags & ~SA_F_PAD_MASK) | SA_F_PAD_RAND;
	else if (lex_is(l, "zero-pad"))
		sa->flags = (sa->flags & ~SA_F_PAD_MASK) | SA_F_PAD_ZERO;
	else if (lex_is(l, "nocyclic-seq"))
		sa->flags &= ~SA_F_CYCSEQ;
	else
		return parser_fail(p, "-f takes seq-pad, random-pad, zero-pad or nocyclic-seq");
	lex_next(l);
	return 0;
}

static int
key(struct parser *p, const struct alg *alg, struct secret *out)
{
	struct lex *l = &p->lex;
	uint8_t bytes[SECRET_MAX];
	int n;

	if (alg->key_max_bits == 0) {
		if (l->tok == TOK_STRING || (l->tok == TOK_WORD && strncmp(l->word, "0x", 2) == 0))
			return parser_fail(p, "%s takes no key", alg->name);
		return 0;
	}
	if (l->tok == TOK_STRING) {
		if (secret_set(out, l->word, l->len) != 0)
			return parser_fail(p, "key longer than %u bytes", SECRET_MAX);
	} else if (l->tok == TOK_WORD && strncmp(l->word, "0x", 2) == 0 && l->len > 2) {
		n = hex_decode(l->word + 2, l->len - 2, bytes, sizeof(bytes));
		if (n >= 0)
			n = secret_set(out, bytes, (size_t)n);
		secret_wipe_mem(bytes, sizeof(bytes));
		if (n != 0)
			return parser_fail(p, "the key is not hexadecimal, or longer than %u bytes",
				SECRET_MAX);
	} else {
		return parser_fail(p, "%s needs a key: \"text\" or 0x...", alg->name);
	}
	if (!alg_key_ok(alg, out->len * 8u))
		return parser_fail(p, "Invalid key length: %s does not take %u bits", alg->name,
			out->len * 8u);
	lex_next(l);
	return 0;
}

/*
 * Words of ipsec-tools that are another algorithm with a flag: how the IV comes about is asked of the
 * sender only, and 32 bits of it existed in RFC 1827 alone.
 */
static const struct alg *
old_cipher(const struct parser *p, struct sa_spec *sa)
{
	static const struct {
		const char *word;
		enum alg_code code;
		uint32_t flags;
	} row[] = {
		{ "simple", ALG_NULL_ENC, 0 },
		{ "des-deriv", ALG_DES_CBC, SA_F_DERIV },
		{ "3des-deriv", ALG_3DES_CBC, SA_F_DERIV },
		{ "des-32iv", ALG_DES_CBC, SA_F_IV4B },
	};

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		if (lex_is(&p->lex, row[i].word)) {
			sa->flags |= row[i].flags;
			return alg_by_code(row[i].code);
		}
	}
	return NULL;
}

static int
algorithm(struct parser *p, char letter, struct sa_spec *sa)
{
	enum alg_kind kind = letter == 'E' ? ALG_ENC : letter == 'A' ? ALG_AUTH : ALG_COMP;
	const struct alg **slot = letter == 'E' ? &sa->enc : letter == 'A' ? &sa->auth : &sa->comp;
	const struct alg *alg = NULL;

	/* A second one would leave it open which key goes with which. */
	if (*slot != NULL)
		return parser_fail(p, "-%c is given twice", letter);
	/* The table may know these words, too, but not the flags that go with them. */
	if (kind == ALG_ENC)
		alg = old_cipher(p, sa);
	if (alg == NULL && p->lex.tok == TOK_WORD)
		alg = alg_by_name(kind, p->lex.word);
	if (alg == NULL)
		return parser_fail(p, "unknown algorithm for -%c", letter);
	if ((sa->flags & SA_F_IV4B) != 0 && (sa->flags & SA_F_OLD) == 0)
		return parser_fail(p, "des-32iv is for esp-old only");
	lex_next(&p->lex);
	*slot = alg;
	/* Compression never has a key, so where it would go does not matter. */
	return key(p, alg, kind == ALG_ENC ? &sa->enckey : &sa->authkey);
}

/* Where the value of a number option goes, whatever its width. */
static void
store(void *field, size_t size, uint64_t v)
{
	const uint32_t v32 = (uint32_t)v;
	const uint16_t v16 = (uint16_t)v;

	if (size == sizeof(v16))
		memcpy(field, &v16, sizeof(v16));
	else if (size == sizeof(v32))
		memcpy(field, &v32, sizeof(v32));
	else
		memcpy(field, &v, sizeof(v));
}

#define WHERE(field) offsetof(struct sa_spec, field), sizeof(((struct sa_spec *)NULL)->field)

/* Options that are one number. -r counts bytes of the window's bitmap; -window, ours, counts packets. */
static const struct {
	const char *opt, *what;
	uint64_t max;
	size_t off, size;
	unsigned int factor;
} numbers[] = {
	{ "-ls", "-ls", UINT32_MAX, WHERE(soft.add_s), 1 },
	{ "-lh", "-lh", UINT32_MAX, WHERE(hard.add_s), 1 },
	{ "-bs", "-bs", UINT64_MAX, WHERE(soft.bytes), 1 },
	{ "-bh", "-bh", UINT64_MAX, WHERE(hard.bytes), 1 },
	{ "-u", "-u (reqid)", UINT32_MAX, WHERE(idx.reqid), 1 },
	{ "-r", "-r (window bytes)", 255, WHERE(window_pkts), 8 },
	{ "-window", "-window (packets)", SA_WINDOW_MAX, WHERE(window_pkts), 1 },
	{ "-tfc", "-tfc (bytes)", UINT16_MAX, WHERE(tfc_len), 1 },
	{ "-esp_frag", "-esp_frag (bytes)", UINT16_MAX, WHERE(natt.frag_len), 1 },
	{ "-keepalive", "-keepalive (seconds)", UINT16_MAX, WHERE(natt.keepalive_s), 1 },
};

/* Options that are a flag. */
static const struct {
	const char *opt;
	uint32_t flag;
} flags[] = {
	{ "-esn", SA_F_ESN },
	{ "-R", SA_F_RAWCPI },
	{ "-align8", SA_F_ALIGN8 },
};

/* Options that only some protocols have; said at the option, where the error belongs. */
static int
fits_protocol(struct parser *p, const struct sa_spec *sa)
{
	const struct lex *l = &p->lex;
	const bool old = (sa->flags & SA_F_OLD) != 0;

	if ((lex_is(l, "-esp_frag") || lex_is(l, "-keepalive") || lex_is(l, "-oa_src") ||
		    lex_is(l, "-oa_dst")) &&
		sa->natt.type == NATT_NONE)
		return parser_fail(p, "%s is for esp-udp only", l->word);
	if ((lex_is(l, "-r") || lex_is(l, "-window") || lex_is(l, "-esn")) && old)
		return parser_fail(p, "%s: esp-old and ah-old have no sequence numbers", l->word);
	if (lex_is(l, "-align8") && sa->idx.proto != IPPROTO_AH)
		return parser_fail(p, "%s is for ah only", l->word);
	if (lex_is(l, "-tfc") && sa->idx.proto != IPPROTO_ESP)
		return parser_fail(p, "%s is for esp only", l->word);
	return 0;
}

/* @return 0 not an option of one number; 1 taken; -EINVAL */
static int
number_option(struct parser *p, struct sa_spec *sa)
{
	uint64_t v = 0;

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		if (!lex_is(&p->lex, numbers[i].opt))
			continue;
		lex_next(&p->lex);
		if (parse_number(p, numbers[i].what, numbers[i].max, &v) != 0)
			return -EINVAL;
		store((uint8_t *)sa + numbers[i].off, numbers[i].size, v * numbers[i].factor);
		return 1;
	}
	return 0;
}

static int
word_option(struct parser *p, struct sa_spec *sa)
{
	struct lex *l = &p->lex;
	char letter;

	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		if (lex_is(l, flags[i].opt)) {
			sa->flags |= flags[i].flag;
			lex_next(l);
			return 0;
		}
	}
	if (lex_is(l, "-m")) {
		lex_next(l);
		return mode(p, sa);
	}
	if (lex_is(l, "-f")) {
		lex_next(l);
		return flag(p, sa);
	}
	if (lex_is(l, "-oa_src") || lex_is(l, "-oa_dst")) {
		struct addr *oa = lex_is(l, "-oa_src") ? &sa->natt.oa_src : &sa->natt.oa_dst;
		int ret;

		lex_next(l);
		ret = parse_address(p, false, oa);
		oa->port_be = 0;
		return ret;
	}
	if (lex_is(l, "-E") || lex_is(l, "-A") || lex_is(l, "-C")) {
		letter = l->word[1];
		lex_next(l);
		return algorithm(p, letter, sa);
	}
	/* What stands here may be a misplaced key, even "-text": show only what must be an option. */
	return parser_fail(p, "unknown option %s",
		l->tok == TOK_WORD && l->word[0] == '-' ? l->word : "or misplaced word");
}

static int
sa_option(struct parser *p, struct sa_spec *sa)
{
	int ret = fits_protocol(p, sa);

	if (ret == 0)
		ret = number_option(p, sa);
	if (ret < 0)
		return ret;
	return ret > 0 ? 0 : word_option(p, sa);
}

int
parse_sa(struct parser *p, struct setkey_cmd *cmd)
{
	int ret = parse_sa_name(p, cmd);

	cmd->sa.flags |= SA_F_CYCSEQ;
	while (ret == 0 && (p->lex.tok == TOK_WORD || p->lex.tok == TOK_STRING))
		ret = sa_option(p, &cmd->sa);
	return ret;
}
