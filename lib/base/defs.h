/* SPDX-License-Identifier: BSD-2-Clause */
/* Compiler attributes and tiny helpers that every layer may use. No state, any thread. */
#ifndef BASE_DEFS_H
#define BASE_DEFS_H

#define WARN_UNUSED       __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define ARRAY_LEN(a)      (sizeof(a) / sizeof((a)[0]))

#endif
