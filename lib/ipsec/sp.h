/* SPDX-License-Identifier: BSD-2-Clause */
/* struct sp and the SPD: ordered policies, first match wins (as key(4): insertion order). */
/* Owner: keyd on the control thread; workers see struct sp_rt instead. */
#ifndef IPSEC_SP_H
#define IPSEC_SP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/addr.h"
#include "base/defs.h"
#include "base/err.h"
#include "ipsec/selector.h"
#include "ipsec/types.h"

#define SP_REQ_MAX 4 /* esp + ah + ipcomp + one more */

/** One request of an ipsec policy: "esp/tunnel/src-dst/require". */
struct sp_req {
	uint8_t proto; /* IPPROTO_ESP, IPPROTO_AH, IPPROTO_IPCOMP */
	uint8_t mode; /* enum sa_mode */
	uint8_t level; /* enum sp_level */
	uint32_t reqid; /* only with LEVEL_UNIQUE, else 0 */
	struct addr src, dst; /* tunnel end points; af == 0 in transport mode without addresses */
};

/** What somebody asks for: parsed, not yet in the database. */
struct sp_spec {
	struct selector sel;
	uint8_t action; /* enum sp_action */
	uint8_t nreq; /* 0 unless SP_IPSEC; first listed is applied first (innermost) */
	struct sp_req req[SP_REQ_MAX];
	uint64_t lifetime_s; /* since creation, 0 = for ever */
	uint64_t validtime_s; /* since last use, 0 = for ever */
};

struct sp {
	TAILQ_ENTRY(sp) link;
	uint32_t id; /* PF_KEY policy id, never 0 */
	struct sp_spec spec;
	uint64_t created_s; /* monotonic */
	void *rt; /* data plane's struct sp_rt; opaque here */
};

TAILQ_HEAD(sp_list, sp);

/** The policy database: one list per direction. Zero-initialise, then spd_init(). */
struct spd {
	struct sp_list list[3]; /* by enum sp_dir; [DIR_ANY] stays empty */
	uint32_t n;
	uint32_t next_id;
	uint64_t created, destroyed; /* objects; created - destroyed == n always */
};

void
spd_init(struct spd *spd);
void
spd_fini(struct spd *spd);

/**
 * Check what no database is needed for: direction, families, tunnel end points, levels, protocols.
 * @return 0; -EINVAL; -EPROTONOSUPPORT for a request's protocol
 */
WARN_UNUSED int
sp_spec_check(const struct sp_spec *spec, struct err *err);

/**
 * Append a policy at the tail of its direction.
 *
 * @param out  receives the new policy (owned by the SPD)
 * @return 0; -EEXIST same selector and direction present; -ENOMEM
 */
WARN_UNUSED int
spd_add(struct spd *spd, const struct sp_spec *spec, uint64_t now_s, struct sp **out);

/** Unlink without freeing: the caller frees with sp_free() when nothing refers to it any more. */
void
spd_unlink(struct spd *spd, struct sp *sp);
void
sp_free(struct spd *spd, struct sp *sp);

/** @return the policy or NULL */
struct sp *
spd_find_id(struct spd *spd, uint32_t id);
struct sp *
spd_find_selector(struct spd *spd, const struct selector *sel);

/** Linear first match: the reference answer for every classifier. @return policy or NULL */
struct sp *
spd_lookup(struct spd *spd, enum sp_dir dir, const struct selector_pkt *p);

#endif
