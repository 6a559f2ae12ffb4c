/* SPDX-License-Identifier: BSD-2-Clause */
/* Reasons for people: filled by lib where a human will read why something was refused. */
/* Owner: the caller, on its stack. Any thread. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stddef.h>

#include "base/defs.h"

/** An error code and the sentence that explains it. Zero-initialise before use. */
struct err {
	int code; /* 0 or -errno */
	char text[320]; /* no trailing newline or full stop; empty when code == 0 */
};

/**
 * Record an error and return its code, so that callers can write `return err_set(...)`.
 *
 * @param e     may be NULL: then only the code is returned
 * @param code  negative errno
 * @return code
 */
int
err_set(struct err *e, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
