/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a setkey file: commands that come out satisfy the language's own limits. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "setkey/setkey.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
check(void *arg, const struct setkey_cmd *cmd, struct err *err)
{
	const struct sa_spec *sa = &cmd->sa;

	(void)arg;
	if (cmd->line == 0 || cmd->col == 0 || cmd->sp.nreq > SP_REQ_MAX)
		abort();
	if (sa->enc != NULL && !alg_key_ok(sa->enc, sa->enckey.len * 8u))
		abort();
	if (sa->window_pkts > SA_WINDOW_MAX)
		abort();
	/* Ports and what belongs to them are of esp-udp, and there they are set. */
	if (sa->natt.type == NATT_NONE &&
		(sa->idx.src.port_be | sa->idx.dst.port_be | sa->natt.frag_len |
			sa->natt.keepalive_s | sa->natt.oa_src.af | sa->natt.oa_dst.af) != 0)
		abort();
	if (sa->natt.type != NATT_NONE && (sa->idx.src.port_be == 0 || sa->idx.dst.port_be == 0))
		abort();
	if (cmd->verb == SETKEY_ADD || cmd->verb == SETKEY_UPDATE)
		(void)sa_spec_check(sa, err);
	if (cmd->verb == SETKEY_SPDADD)
		(void)sp_spec_check(&cmd->sp, err);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct setkey_err err = { 0 };
	/* No NUL behind the text, and an exact allocation: reading past the end is seen. */
	char *text = malloc(size == 0 ? 1 : size);

	if (text == NULL)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	if (setkey_parse(text, size, check, NULL, &err) != 0 &&
		(err.line == 0 || err.err.text[0] == '\0'))
		abort();
	free(text);
	return 0;
}
