/* SPDX-License-Identifier: BSD-2-Clause */
/* What the workers' audit rings brought: a line in the log for each record, and the last ones for clients. */
/* Control thread only. */
#ifndef CTL_AUDIT_LOG_H
#define CTL_AUDIT_LOG_H

#include <stdint.h>

#include <jansson.h>

#include "pkt/lane.h"

#define AUDIT_LOG_MAX 1000u /* records kept */

struct audit_entry {
	struct audit_rec rec;
	int64_t time_us; /* since 1970, UTC */
};

struct audit_log {
	uint64_t next; /* number of the next record; the first is 1 */
	struct audit_entry entry[AUDIT_LOG_MAX]; /* record i is at i % AUDIT_LOG_MAX */
};

void
audit_log_init(struct audit_log *log);

/** Take what the workers posted. @param lanes  [n] of the workers */
void
audit_log_drain(struct audit_log *log, const struct lane *const *lanes, unsigned int n);

/**
 * Records from a number on, at most AUDIT_LOG_MAX, and what was counted of each kind.
 * @return {"records": [...], "next": number, "kinds": [...]}, new reference; NULL: no memory
 */
json_t *
audit_log_json(const struct audit_log *log, uint64_t since, const struct lane *const *lanes,
	unsigned int n);

#endif
