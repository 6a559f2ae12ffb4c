/* SPDX-License-Identifier: BSD-2-Clause */
/* A parsed setkey command as setkey text again, every field in one fixed form. Tests only: it shows keys. */
#ifndef SUPPORT_SETKEY_PRINT_H
#define SUPPORT_SETKEY_PRINT_H

#include <stdio.h>

#include "setkey/setkey.h"

/**
 * Write one statement and a newline. What has its default (no window, no limit, reqid 0, sequential
 * padding, cyclic numbers allowed) is left out, all else is written; parsing the text gives cmd again.
 */
void
setkey_print(FILE *f, const struct setkey_cmd *cmd);

#endif
