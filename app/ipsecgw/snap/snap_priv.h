/* SPDX-License-Identifier: BSD-2-Clause */
/* Control-side state behind struct snapshot. Private to snap/; control thread only. */
#ifndef SNAP_SNAP_PRIV_H
#define SNAP_SNAP_PRIV_H

#include <sys/queue.h>

#include "snap/hops.h"
#include "snap/snap.h"
#include "snap/totals.h"

/** The compiled SPD: shared by all snapshots between two policy changes. */
struct classifier {
	unsigned int refs;
	struct rte_acl_ctx *acl[3][2];
	struct sp_rt **sp;
	struct sp_rt **order[3];
	uint32_t nsp, norder[3];
};

enum limbo_kind {
	LIMBO_SNAPSHOT,
	LIMBO_SA,
	LIMBO_SP,
	LIMBO_NH,
};

/** Something unlinked that a worker may still see: freed when its token has passed. */
struct limbo {
	TAILQ_ENTRY(limbo) link;
	enum limbo_kind kind;
	void *obj; /* struct snapshot, struct sa, struct sp or struct nexthop */
	uint64_t token; /* of rte_rcu_qsbr_start(); valid once started */
	bool started;
	bool drained; /* SA: nothing is in an engine any more, and the second grace has begun */
};
TAILQ_HEAD(limbo_list, limbo);

struct snap {
	struct snap_conf conf;
	const struct snapshot *_Atomic current; /* what workers load */
	struct snapshot *published; /* the same one, as its owner sees it */
	struct rte_rcu_qsbr *qs;
	struct knobs knobs; /* staged */
	bool ready; /* staged */
	bool is_dirty; /* something waits for a commit */
	uint32_t gen;
	struct keyd *kd;
	struct classifier *cls; /* of the current snapshot, or compiled for the next one */
	uint32_t nacl; /* contexts ever made: part of their names */
	bool spd_dirty;
	struct sp_rt **slot; /* [nslot]; NULL = free */
	uint8_t *slot_gen;
	uint32_t nslot, next_sa_slot;
	struct totals retired; /* of SAs that have been freed */
	uint32_t mark; /* of this commit, for struct sa */
	struct rte_hash *sad;
	struct rte_hash *outsa;
	bool outsa_old_first; /* the preference that outsa was made with */
	_Atomic uint8_t *natt_port; /* [NATT_PORTS] */
	uint32_t *natt_refs; /* [65536] inbound SAs with UDP encapsulation, by destination port */
	uint32_t nnatt; /* their sum */
	struct rte_fib *fib4;
	struct rte_fib6 *fib6;
	struct nexthop *nh;
	struct nh_ctl *nhc; /* [NH_MAX] */
	uint16_t nnh, free_nh; /* slots ever used; list of the returned ones, 0 = end */
	struct limbo_list limbo;
	unsigned int nlimbo;
};

/* acl.c */
WARN_UNUSED int
classifier_build(struct snap *s, struct classifier **out, struct err *err);
void
classifier_put(struct classifier *c);
/** True when s->cls is of the policies that there are. */
bool
classifier_is_current(const struct snap *s);
/** Compile the staged policies, if s->cls is not of them already. On error nothing changes. */
WARN_UNUSED int
snap_prepare(struct snap *s, struct err *err);

/* sadtbl.c */
WARN_UNUSED int
sadtbl_init(struct snap *s, struct err *err);
WARN_UNUSED int
sadtbl_add(struct snap *s, const struct sa *sa);
/** Delete sa's entry, unless a newer SA of the same name has taken it over. */
void
sadtbl_del(struct snap *s, const struct sa *sa);

/* outsa.c */
WARN_UNUSED int
outsa_init(struct snap *s, struct err *err);
/** An SA between these came or went: choose again for its addresses. @return 0; -ENOSPC */
int
outsa_update(struct snap *s, const struct saidx *idx);
/** Choose again for all when the preference has changed. */
void
outsa_sync(struct snap *s);

/* nattport.c */
WARN_UNUSED int
nattport_init(struct snap *s, struct err *err);
void
nattport_fini(struct snap *s);
/** Count an SA in or out. Nothing happens unless it is inbound and has UDP encapsulation. */
void
nattport_add(struct snap *s, const struct sa *sa);
void
nattport_del(struct snap *s, const struct sa *sa);

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
void
snapshot_free(struct snapshot *snap);

#endif
