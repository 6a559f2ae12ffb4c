/* SPDX-License-Identifier: BSD-2-Clause */
/* Control-side state behind struct snapshot. Private to snap/; control thread only. */
#ifndef SNAP_SNAP_PRIV_H
#define SNAP_SNAP_PRIV_H

#include <sys/queue.h>

#include "snap/snap.h"

/** The compiled SPD: shared by all snapshots between two policy changes. */
struct classifier {
	unsigned int refs;
	struct rte_acl_ctx *acl[3][2];
	struct sp_rt **sp;
	uint32_t nsp;
	struct sp_rt **order[3];
	uint32_t norder[3];
};

enum limbo_kind {
	LIMBO_SNAPSHOT,
	LIMBO_SA,
	LIMBO_SP,
};

/** Something unlinked that a worker may still see: freed when its token has passed. */
struct limbo {
	TAILQ_ENTRY(limbo) link;
	enum limbo_kind kind;
	void *obj; /* struct snapshot, struct sa or struct sp */
	uint64_t token; /* of rte_rcu_qsbr_start(); valid once started */
	bool started;
};
TAILQ_HEAD(limbo_list, limbo);

struct snap {
	struct snap_conf conf;
	const struct snapshot *_Atomic current; /* what workers load */
	struct snapshot *published; /* the same one, as its owner sees it */
	struct rte_rcu_qsbr *qs;
	struct knobs knobs; /* staged */
	bool ready; /* staged */
	uint32_t gen;
	struct keyd *kd;
	struct classifier *cls; /* of the current snapshot */
	bool spd_dirty;
	struct sp_rt **slot; /* [nslot]; NULL = free */
	uint8_t *slot_gen;
	uint32_t nslot;
	uint32_t next_sa_slot;
	struct rte_hash *sad;
	struct rte_fib *fib4;
	struct rte_fib6 *fib6;
	struct nexthop *nh;
	uint16_t nnh;
	struct limbo_list limbo;
	unsigned int nlimbo;
};

/* acl.c */
WARN_UNUSED int
classifier_build(struct snap *s, struct classifier **out, struct err *err);
void
classifier_put(struct classifier *c);

/* fib.c */
WARN_UNUSED int
fib_init(struct snap *s, struct err *err);
void
fib_fini(struct snap *s);

/* sadtbl.c */
WARN_UNUSED int
sadtbl_init(struct snap *s, struct err *err);
WARN_UNUSED int
sadtbl_add(struct snap *s, const struct sa *sa);
/** Delete sa's entry, unless a newer SA of the same name has taken it over. */
void
sadtbl_del(struct snap *s, const struct sa *sa);

/* install.c */
void
install_resolve(struct snap *s);
void
install_free_sa(struct snap *s, struct sa *sa);
void
install_free_sp(struct snap *s, struct sp *sp);
bool
install_sa_idle(const struct snap *s, const struct sa *sa);

/* limbo.c */
/** Hand an object over; it waits for the next limbo_start(). */
void
limbo_add(struct snap *s, enum limbo_kind kind, void *obj);
/** Take a token for everything added since the last call: after publication. */
void
limbo_start(struct snap *s);
/** Free all without waiting: no worker runs any more. */
void
limbo_drain(struct snap *s);
void
snapshot_free(struct snapshot *snap);

#endif
