/* SPDX-License-Identifier: BSD-2-Clause */
/* Read a setkey file and print what was understood, one statement a line, or where it is wrong. */
/*
 * Usage: setkey_dump FILE. A line "%%" parts texts that are parsed each for itself, so that one file can
 * hold many errors; lines are counted through the whole file. What the databases would refuse although the
 * grammar takes it stands behind "# refused:". Without an error the output is a setkey file that means the
 * same. A tool for tests: it prints keys. Exit status 1 when anything was wrong.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/setkey_print.h"

static int
print(void *arg, const struct setkey_cmd *cmd, struct err *err)
{
	unsigned int *n = arg;
	struct err why = { 0 };
	int ret = 0;

	(void)err;
	(*n)++;
	setkey_print(stdout, cmd);
	if (cmd->verb == SETKEY_ADD || cmd->verb == SETKEY_UPDATE)
		ret = sa_spec_check(&cmd->sa, &why);
	if (cmd->verb == SETKEY_SPDADD || cmd->verb == SETKEY_SPDUPDATE)
		ret = sp_spec_check(&cmd->sp, &why);
	if (ret != 0)
		printf("# refused: %s\n", why.text);
	return 0;
}

/* @return newlines in the first len bytes */
static unsigned int
lines(const char *text, size_t len)
{
	unsigned int n = 0;

	for (size_t i = 0; i < len; i++)
		n += text[i] == '\n';
	return n;
}

/* @return bytes up to the next line "%%" or the end */
static size_t
part_len(const char *text)
{
	const char *p = text;

	while (*p != '\0' && strncmp(p, "%%\n", 3) != 0) {
		p += strcspn(p, "\n");
		p += *p == '\n';
	}
	return (size_t)(p - text);
}

static char *
read_all(const char *path)
{
	char *text = calloc(1, 1u << 20);
	FILE *f = fopen(path, "r");

	if (f == NULL || text == NULL || fread(text, 1, (1u << 20) - 1, f) == 0) {
		fprintf(stderr, "%s: %s\n", path, errno != 0 ? strerror(errno) : "empty");
		exit(2);
	}
	(void)fclose(f);
	return text;
}

int
main(int argc, char **argv)
{
	unsigned int n = 0, wrong = 0, line = 0;
	char *text, *p;
	size_t len;

	if (argc != 2) {
		fprintf(stderr, "usage: %s FILE\n", argv[0]);
		return 2;
	}
	text = read_all(argv[1]);
	for (p = text;; p += len + 3, line++) {
		struct setkey_err err = { 0 };

		len = part_len(p);
		if (setkey_parse(p, len, print, &n, &err) != 0) {
			printf("%s:%u:%u: %s\n", argv[1], line + err.line, err.col, err.err.text);
			wrong++;
		}
		line += lines(p, len);
		if (p[len] == '\0')
			break;
	}
	free(text);
	if (wrong == 0)
		printf("# %u statements: ok\n", n);
	else
		printf("# %u statements, %u errors\n", n, wrong);
	return wrong > 0;
}
