/* SPDX-License-Identifier: BSD-2-Clause */
/* Random commands written as setkey text and parsed again are the same commands, field by field. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "setkey/setkey.h"
#include "support/rng.h"
#include "support/setkey_print.h"

#define BATCH 16u /* commands in one text */

static uint64_t rng;

static uint64_t
below(uint64_t n)
{
	return rng_next(&rng) % n;
}

/* Small, at the end of the range, or anything between. */
static uint64_t
number(uint64_t max)
{
	switch (below(4)) {
	case 0:
		return 0;
	case 1:
		return max - below(2);
	case 2:
		return below(3);
	default:
		return max == UINT64_MAX ? rng_next(&rng) : below(max + 1);
	}
}

static struct addr
random_addr(uint8_t af, bool prefix, bool port)
{
	uint8_t bytes[16];
	struct addr a;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = below(3) == 0 ? 0 : (uint8_t)below(256); /* runs of zero for "::" */
	a = addr_make(af, bytes);
	if (prefix)
		a.plen = (uint8_t)below(a.plen + 1u);
	if (port && below(2) == 0)
		a.port_be = htons((uint16_t)number(UINT16_MAX));
	return a;
}

static uint8_t
random_af(void)
{
	return below(2) == 0 ? AF_INET : AF_INET6;
}

static uint8_t
random_ipsec_proto(void)
{
	static const uint8_t protos[] = { IPPROTO_ESP, IPPROTO_AH, IPPROTO_IPCOMP };

	return protos[below(ARRAY_LEN(protos))];
}

static const struct alg *
random_alg(enum alg_kind kind, struct secret *key)
{
	const struct alg *a;
	unsigned int bits;
	size_t n = 0;

	while (alg_row(n) != NULL)
		n++;
	do {
		a = alg_row(below(n));
	} while (a->kind != kind);
	do {
		bits = a->key_min_bits +
			8u * (unsigned int)below((a->key_max_bits - a->key_min_bits) / 8u + 1u);
	} while (!alg_key_ok(a, bits));
	for (key->len = 0; key->len < bits / 8; key->len++)
		key->b[key->len] = (uint8_t)below(256);
	return a;
}

static void
random_natt(struct sa_natt *natt)
{
	natt->frag_len = (uint16_t)number(UINT16_MAX);
	natt->keepalive_s = (uint16_t)number(UINT16_MAX);
	if (below(2) == 0)
		natt->oa_src = random_addr(random_af(), false, false);
	if (below(2) == 0)
		natt->oa_dst = random_addr(random_af(), false, false);
}

static void
random_sa(struct sa_spec *sa)
{
	static const uint32_t pad[] = { SA_F_PAD_SEQ, SA_F_PAD_RAND, SA_F_PAD_ZERO };
	static const uint32_t others[] = { SA_F_CYCSEQ, SA_F_ESN, SA_F_RAWCPI };
	const bool old = (sa->flags & SA_F_OLD) != 0;
	struct secret none;

	sa->idx.mode = (uint8_t)below(3);
	sa->idx.reqid = (uint32_t)number(UINT32_MAX);
	sa->window_pkts = old ? 0 : (uint32_t)number(SA_WINDOW_MAX);
	sa->soft.add_s = number(UINT32_MAX);
	sa->hard.add_s = number(UINT32_MAX);
	sa->soft.bytes = number(UINT64_MAX);
	sa->hard.bytes = number(UINT64_MAX);
	sa->flags |= pad[below(ARRAY_LEN(pad))];
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		sa->flags |= below(2) == 0 ? others[i] : 0;
	if (old)
		sa->flags &= ~SA_F_ESN;
	if (sa->idx.proto == IPPROTO_AH && below(2) == 0)
		sa->flags |= SA_F_ALIGN8;
	if (sa->idx.proto == IPPROTO_ESP)
		sa->tfc_len = (uint16_t)number(UINT16_MAX);
	if (sa->natt.type != NATT_NONE)
		random_natt(&sa->natt);
	if (below(2) == 0)
		sa->enc = random_alg(ALG_ENC, &sa->enckey);
	if (sa->enc != NULL && (sa->enc->code == ALG_DES_CBC || sa->enc->code == ALG_3DES_CBC))
		sa->flags |= below(2) == 0 ? SA_F_DERIV : 0;
	if (sa->enc != NULL && sa->enc->code == ALG_DES_CBC && old && (sa->flags & SA_F_DERIV) == 0)
		sa->flags |= below(2) == 0 ? SA_F_IV4B : 0;
	if (below(2) == 0)
		sa->auth = random_alg(ALG_AUTH, &sa->authkey);
	if (below(4) == 0)
		sa->comp = random_alg(ALG_COMP, &none);
}

static void
random_request(struct sp_req *r)
{
	const uint8_t af = random_af();

	r->proto = random_ipsec_proto();
	r->mode = below(2) == 0 ? MODE_TRANSPORT : MODE_TUNNEL;
	r->level = (uint8_t)below(4);
	if (r->level == LEVEL_UNIQUE)
		r->reqid = (uint32_t)number(REQID_MANUAL_MAX);
	if (r->mode == MODE_TUNNEL || below(2) == 0) {
		r->src = random_addr(af, false, true);
		r->dst = random_addr(af, false, true);
	}
}

static void
random_sp(struct setkey_cmd *cmd)
{
	struct selector *sel = &cmd->sp.sel;
	const uint8_t af = random_af();
	const bool icmp = below(3) == 0;

	sel->proto = icmp ? (uint8_t)(below(2) == 0 ? IPPROTO_ICMP : IPPROTO_ICMPV6) :
			    (uint8_t)number(ULPROTO_ANY);
	if (sel->proto == IPPROTO_ICMP || sel->proto == IPPROTO_ICMPV6) {
		sel->src = random_addr(af, true, false);
		sel->dst = random_addr(af, true, false);
		sel->src.port_be = htons((uint16_t)number(255));
		sel->dst.port_be = htons((uint16_t)number(255));
	} else {
		sel->src = random_addr(af, true, true);
		sel->dst = random_addr(af, true, true);
	}
	sel->dir = below(2) == 0 ? DIR_IN : DIR_OUT;
	if (cmd->verb == SETKEY_SPDDELETE)
		return;
	cmd->sp.action = (uint8_t)below(3);
	if (cmd->sp.action != SP_IPSEC)
		return;
	cmd->sp.nreq = (uint8_t)(1 + below(SP_REQ_MAX));
	for (unsigned int i = 0; i < cmd->sp.nreq; i++)
		random_request(&cmd->sp.req[i]);
}

/* Source, destination, protocol and SPI. */
static void
random_sa_name(struct sa_spec *sa)
{
	const uint8_t af = random_af();

	sa->idx.src = random_addr(af, false, false);
	/* The grammar leaves it to the database that families are equal. */
	sa->idx.dst = random_addr(below(8) == 0 ? random_af() : af, false, false);
	sa->idx.proto = random_ipsec_proto();
	sa->spi = (uint32_t)number(UINT32_MAX);
	if (sa->idx.proto == IPPROTO_ESP && below(3) == 0) {
		sa->natt.type = NATT_ESP_IN_UDP;
		sa->idx.src.port_be = htons((uint16_t)(1 + below(UINT16_MAX)));
		sa->idx.dst.port_be = htons((uint16_t)(1 + below(UINT16_MAX)));
	} else if (sa->idx.proto != IPPROTO_IPCOMP && below(4) == 0) {
		sa->flags = SA_F_OLD;
	}
}

static void
random_cmd(struct setkey_cmd *cmd)
{
	*cmd = (struct setkey_cmd){ .verb = (enum setkey_verb)below(SETKEY_SPDFLUSH + 1) };
	switch (cmd->verb) {
	case SETKEY_ADD:
	case SETKEY_UPDATE:
		random_sa_name(&cmd->sa);
		random_sa(&cmd->sa);
		break;
	case SETKEY_DELETE:
	case SETKEY_DELETEALL:
		random_sa_name(&cmd->sa);
		if (cmd->verb == SETKEY_DELETEALL)
			cmd->sa.spi = 0;
		break;
	case SETKEY_FLUSH:
		cmd->proto = below(2) == 0 ? 0 : random_ipsec_proto();
		break;
	case SETKEY_SPDADD:
	case SETKEY_SPDUPDATE:
	case SETKEY_SPDDELETE:
		random_sp(cmd);
		break;
	case SETKEY_SPDFLUSH:
		break;
	}
}

static bool
life_eq(const struct life *a, const struct life *b)
{
	return a->add_s == b->add_s && a->use_s == b->use_s && a->bytes == b->bytes &&
		a->packets == b->packets;
}

static bool
secret_same(const struct secret *a, const struct secret *b)
{
	return a->len == b->len && memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

static bool
natt_eq(const struct sa_natt *a, const struct sa_natt *b)
{
	return a->type == b->type && a->frag_len == b->frag_len &&
		a->keepalive_s == b->keepalive_s && addr_cmp(&a->oa_src, &b->oa_src) == 0 &&
		addr_cmp(&a->oa_dst, &b->oa_dst) == 0;
}

static bool
sa_eq(const struct sa_spec *a, const struct sa_spec *b)
{
	return addr_cmp(&a->idx.src, &b->idx.src) == 0 && addr_cmp(&a->idx.dst, &b->idx.dst) == 0 &&
		a->idx.proto == b->idx.proto && a->idx.mode == b->idx.mode &&
		a->idx.reqid == b->idx.reqid && a->spi == b->spi && a->enc == b->enc &&
		a->auth == b->auth && a->comp == b->comp && secret_same(&a->enckey, &b->enckey) &&
		secret_same(&a->authkey, &b->authkey) && a->flags == b->flags &&
		a->window_pkts == b->window_pkts && life_eq(&a->hard, &b->hard) &&
		life_eq(&a->soft, &b->soft) && a->tfc_len == b->tfc_len &&
		natt_eq(&a->natt, &b->natt);
}

static bool
sp_eq(const struct sp_spec *a, const struct sp_spec *b)
{
	bool same = selector_eq(&a->sel, &b->sel) && a->action == b->action && a->nreq == b->nreq &&
		a->lifetime_s == b->lifetime_s && a->validtime_s == b->validtime_s;

	for (unsigned int i = 0; same && i < SP_REQ_MAX; i++) {
		const struct sp_req *x = &a->req[i], *y = &b->req[i];

		same = x->proto == y->proto && x->mode == y->mode && x->level == y->level &&
			x->reqid == y->reqid && addr_cmp(&x->src, &y->src) == 0 &&
			addr_cmp(&x->dst, &y->dst) == 0;
	}
	return same;
}

struct expected {
	struct setkey_cmd cmd[BATCH];
	unsigned int n;
	const char *text;
};

static int
compare(void *arg, const struct setkey_cmd *got, struct err *err)
{
	struct expected *e = arg;
	const struct setkey_cmd *want = &e->cmd[e->n];

	(void)err;
	if (e->n == BATCH || got->verb != want->verb || got->proto != want->proto ||
		!sa_eq(&got->sa, &want->sa) || !sp_eq(&got->sp, &want->sp))
		fail_msg("statement %u of\n%s", e->n + 1, e->text);
	assert_int_equal(got->line, e->n + 1);
	assert_int_equal(got->col, 1);
	e->n++;
	return 0;
}

/* Behaves as the text does in a file: several statements, nothing of one leaks into the next. */
static void
setkey_print_then_parse_is_the_same(void **state)
{
	static struct expected e;

	(void)state;
	rng = rng_seed("setkey_print");
	for (unsigned int round = 0; round < 1000; round++) {
		struct setkey_err err = { 0 };
		char *text = NULL;
		size_t len = 0;
		FILE *f = open_memstream(&text, &len);

		assert_non_null(f);
		for (unsigned int i = 0; i < BATCH; i++) {
			random_cmd(&e.cmd[i]);
			setkey_print(f, &e.cmd[i]);
		}
		assert_int_equal(fclose(f), 0);
		e.n = 0;
		e.text = text;
		if (setkey_parse(text, len, compare, &e, &err) != 0)
			fail_msg("%u:%u: %s\n%s", err.line, err.col, err.err.text, text);
		assert_int_equal(e.n, BATCH);
		free(text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(setkey_print_then_parse_is_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
