/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* The one piece of process-wide state in lib: a level set once at start. */
static _Atomic int max_level = LOG_LVL_INFO;

void
log_set_level(enum log_level level)
{
	atomic_store_explicit(&max_level, (int)level, memory_order_relaxed);
}

void
log_write(enum log_level level, const char *fmt, ...)
{
	static const char *const tag[] = { "error: ", "warning: ", "", "debug: " };
	static const int prio[] = { 3, 4, 6, 7 }; /* syslog priorities, sd-daemon(3) */
	char line[1024];
	va_list ap;

	if ((int)level > atomic_load_explicit(&max_level, memory_order_relaxed))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes the environment after start */
	if (getenv("JOURNAL_STREAM") != NULL)
		(void)fprintf(stderr, "<%d>%s\n", prio[level], line);
	else
		(void)fprintf(stderr, "ipsecgw: %s%s\n", tag[level], line);
}

bool
log_limit_ok(struct log_limit *l, uint64_t now_ms)
{
	uint64_t earned = l->interval_ms == 0 ? l->burst : (now_ms - l->last_ms) / l->interval_ms;

	if (earned > 0 || l->last_ms == 0) {
		l->tokens = earned + l->tokens > l->burst || l->last_ms == 0 ?
			l->burst :
			(uint32_t)(l->tokens + earned);
		l->last_ms = now_ms;
	}
	if (l->tokens == 0) {
		l->suppressed++;
		return false;
	}
	l->tokens--;
	return true;
}
