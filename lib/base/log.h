/* SPDX-License-Identifier: BSD-2-Clause */
/* Levels, one sink, rate limit. Called by app and drivers on the control thread; never by a worker. */
/* lib modules other than this one do not log (they return codes and struct err). */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"

enum log_level {
	LOG_LVL_ERR,
	LOG_LVL_WARN,
	LOG_LVL_INFO,
	LOG_LVL_DEBUG,
};

/** Set the most verbose level that is written (default: info). */
void
log_set_level(enum log_level level);

/** Write one line to stderr, with the sd-daemon priority prefix when stderr is the journal. */
void
log_write(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);

#define log_err(...)   log_write(LOG_LVL_ERR, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_LVL_WARN, __VA_ARGS__)
#define log_info(...)  log_write(LOG_LVL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LVL_DEBUG, __VA_ARGS__)

/** Token bucket: at most burst lines at once, one more every interval_ms. Zero-initialise state. */
struct log_limit {
	uint32_t interval_ms;
	uint32_t burst;
	uint64_t last_ms;
	uint32_t tokens;
	uint64_t suppressed;
};

/**
 * Ask whether a line may be written now.
 *
 * @param now_ms  monotonic milliseconds
 * @return true: write it; l->suppressed tells how many were held back since the last true and is
 *         reset by the caller
 */
bool
log_limit_ok(struct log_limit *l, uint64_t now_ms);

#endif
