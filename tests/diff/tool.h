/* SPDX-License-Identifier: BSD-2-Clause */
/* What the filters share: lines of words, bytes in hexadecimal, an end with a message. */
/* Owner: the tool; one thread. */
#ifndef DIFF_TOOL_H
#define DIFF_TOOL_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"

#define WORDS    10 /* of a line */
#define TEXT_MAX 8192 /* characters of a line */

/** Say what is wrong, after the program's name, and exit. */
static inline _Noreturn void
die(const char *what)
{
	(void)fprintf(stderr, "%s: %s\n", program_invocation_short_name, what);
	exit(1);
}

/** Decode a word, "-" for nothing; die on what is no hexadecimal. @return bytes, at most room */
static inline unsigned int
unhex(const char *word, uint8_t *to, size_t room)
{
	int n;

	if (strcmp(word, "-") == 0)
		return 0;
	n = hex_decode(word, strlen(word), to, room);
	if (n < 0)
		die("bad hexadecimal digits");
	return (unsigned int)n;
}

#endif
