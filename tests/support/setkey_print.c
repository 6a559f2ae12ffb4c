/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/setkey_print.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

#include "base/hex.h"

static void
put_addr(FILE *f, const struct addr *a)
{
	char text[ADDR_STRLEN];

	fputs(addr_prefix_str(a, text), f);
	if (a->port_be != 0)
		fprintf(f, "[%u]", ntohs(a->port_be));
}

static void
put_number(FILE *f, const char *opt, uint64_t v)
{
	if (v != 0)
		fprintf(f, " %s %" PRIu64, opt, v);
}

/* The name of the cipher in the words of the language, which has some with flags in them. */
static const char *
cipher_name(const struct sa_spec *sa)
{
	if (sa->enc->code == ALG_DES_CBC && (sa->flags & SA_F_DERIV) != 0)
		return "des-deriv";
	if (sa->enc->code == ALG_3DES_CBC && (sa->flags & SA_F_DERIV) != 0)
		return "3des-deriv";
	return (sa->flags & SA_F_IV4B) != 0 ? "des-32iv" : sa->enc->name;
}

static void
put_alg(FILE *f, char letter, const char *name, const struct secret *key)
{
	char hex[2 * SECRET_MAX + 1];

	fprintf(f, " -%c %s", letter, name);
	if (key != NULL && key->len > 0)
		fprintf(f, " 0x%s", hex_encode(key->b, key->len, hex));
}

static const char *
proto_word(const struct sa_spec *sa)
{
	const bool esp = sa->idx.proto == IPPROTO_ESP;

	if (sa->natt.type != NATT_NONE)
		return "esp-udp";
	if ((sa->flags & SA_F_OLD) != 0)
		return esp ? "esp-old" : "ah-old";
	return proto_name(sa->idx.proto);
}

static void
put_sa_name(FILE *f, const char *verb, const struct sa_spec *sa)
{
	fprintf(f, "%s ", verb);
	put_addr(f, &sa->idx.src);
	fputc(' ', f);
	put_addr(f, &sa->idx.dst);
	fprintf(f, " %s", proto_word(sa));
	if (strcmp(verb, "deleteall") != 0)
		fprintf(f, " 0x%x", sa->spi);
}

static void
put_flags(FILE *f, uint32_t flags)
{
	const uint32_t known = SA_F_CYCSEQ | SA_F_PAD_MASK | SA_F_ESN | SA_F_RAWCPI | SA_F_ALIGN8 |
		SA_F_OLD | SA_F_DERIV | SA_F_IV4B;

	if ((flags & SA_F_PAD_MASK) == SA_F_PAD_RAND)
		fputs(" -f random-pad", f);
	if ((flags & SA_F_PAD_MASK) == SA_F_PAD_ZERO)
		fputs(" -f zero-pad", f);
	if ((flags & SA_F_CYCSEQ) == 0)
		fputs(" -f nocyclic-seq", f);
	if (flags & SA_F_ESN)
		fputs(" -esn", f);
	if (flags & SA_F_RAWCPI)
		fputs(" -R", f);
	if (flags & SA_F_ALIGN8)
		fputs(" -align8", f);
	/* No word of the language sets these: whoever reads the text again will not like it. */
	if (flags & ~known)
		fprintf(f, " -flags 0x%x", flags & ~known);
}

static void
put_natt(FILE *f, const struct sa_natt *natt)
{
	put_number(f, "-esp_frag", natt->frag_len);
	put_number(f, "-keepalive", natt->keepalive_s);
	if (natt->oa_src.af != 0) {
		fputs(" -oa_src ", f);
		put_addr(f, &natt->oa_src);
	}
	if (natt->oa_dst.af != 0) {
		fputs(" -oa_dst ", f);
		put_addr(f, &natt->oa_dst);
	}
}

static void
put_add(FILE *f, const char *verb, const struct sa_spec *sa)
{
	put_sa_name(f, verb, sa);
	fprintf(f, " -m %s", mode_name((enum sa_mode)sa->idx.mode));
	put_number(f, "-u", sa->idx.reqid);
	put_number(f, "-window", sa->window_pkts);
	put_flags(f, sa->flags);
	put_number(f, "-tfc", sa->tfc_len);
	put_natt(f, &sa->natt);
	put_number(f, "-ls", sa->soft.add_s);
	put_number(f, "-lh", sa->hard.add_s);
	put_number(f, "-bs", sa->soft.bytes);
	put_number(f, "-bh", sa->hard.bytes);
	if (sa->enc != NULL)
		put_alg(f, 'E', cipher_name(sa), &sa->enckey);
	if (sa->auth != NULL)
		put_alg(f, 'A', sa->auth->name, &sa->authkey);
	if (sa->comp != NULL)
		put_alg(f, 'C', sa->comp->name, NULL);
}

static void
put_request(FILE *f, const struct sp_req *r)
{
	fprintf(f, " %s/%s/", proto_name(r->proto), mode_name((enum sa_mode)r->mode));
	if (r->src.af != 0) {
		put_addr(f, &r->src);
		fputc('-', f);
		put_addr(f, &r->dst);
	}
	fprintf(f, "/%s", level_name((enum sp_level)r->level));
	if (r->reqid != 0)
		fprintf(f, ":%u", r->reqid);
}

static void
put_sp(FILE *f, const char *verb, const struct setkey_cmd *cmd)
{
	const struct selector *sel = &cmd->sp.sel;
	struct addr a[2] = { sel->src, sel->dst };
	const bool icmp = sel->proto == IPPROTO_ICMP || sel->proto == IPPROTO_ICMPV6;

	if (icmp)
		a[0].port_be = a[1].port_be = 0;
	fprintf(f, "%s ", verb);
	put_addr(f, &a[0]);
	fputc(' ', f);
	put_addr(f, &a[1]);
	if (sel->proto == ULPROTO_ANY)
		fputs(" any", f);
	else
		fprintf(f, " %u", sel->proto);
	if (icmp && (sel->src.port_be | sel->dst.port_be) != 0)
		fprintf(f, " %u,%u", ntohs(sel->src.port_be), ntohs(sel->dst.port_be));
	fprintf(f, " -P %s", dir_name((enum sp_dir)sel->dir));
	if (cmd->verb == SETKEY_SPDDELETE)
		return;
	fprintf(f, " %s", action_name((enum sp_action)cmd->sp.action));
	for (unsigned int i = 0; i < cmd->sp.nreq; i++)
		put_request(f, &cmd->sp.req[i]);
}

void
setkey_print(FILE *f, const struct setkey_cmd *cmd)
{
	switch (cmd->verb) {
	case SETKEY_ADD:
		put_add(f, "add", &cmd->sa);
		break;
	case SETKEY_UPDATE:
		put_add(f, "update", &cmd->sa);
		break;
	case SETKEY_DELETE:
		put_sa_name(f, "delete", &cmd->sa);
		break;
	case SETKEY_DELETEALL:
		put_sa_name(f, "deleteall", &cmd->sa);
		break;
	case SETKEY_FLUSH:
		fprintf(f, "flush%s%s", cmd->proto != 0 ? " " : "",
			cmd->proto != 0 ? proto_name(cmd->proto) : "");
		break;
	case SETKEY_SPDADD:
		put_sp(f, "spdadd", cmd);
		break;
	case SETKEY_SPDUPDATE:
		put_sp(f, "spdupdate", cmd);
		break;
	case SETKEY_SPDDELETE:
		put_sp(f, "spddelete", cmd);
		break;
	case SETKEY_SPDFLUSH:
		fputs("spdflush", f);
		break;
	}
	fputs(";\n", f);
}
