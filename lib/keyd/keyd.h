/* SPDX-License-Identifier: BSD-2-Clause */
/* keyd: the key(4) engine. All changes of SAD and SPD go through here, whoever asks for them */
/* (setkey files now, PF_KEY and JSON-RPC later). Control thread only; no locks, no I/O. */
#ifndef KEYD_KEYD_H
#define KEYD_KEYD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/err.h"
#include "ipsec/knobs.h"
#include "ipsec/sad.h"
#include "ipsec/sp.h"

/**
 * What keyd asks of the data plane. Installing only stages: nothing is in force before the caller
 * commits (group commit). Removing hands the record over: the data plane calls keyd_sa_released() or
 * keyd_sp_released() when no worker can refer to it any more, and only then it is freed.
 */
struct keyd_dp_ops {
	/* Make sa->rt. @return 0; -EOPNOTSUPP no engine offers the algorithms; -ENOMEM */
	int (*sa_install)(void *arg, struct sa *sa, struct err *err);
	void (*sa_remove)(void *arg, struct sa *sa);
	/* Make sp->rt. @return 0 or -errno */
	int (*sp_install)(void *arg, struct sp *sp, struct err *err);
	void (*sp_remove)(void *arg, struct sp *sp);
	/* All that may fail about putting the policies in force. @return 0; -ENOMEM; -ENOBUFS */
	int (*sp_prepare)(void *arg, struct err *err);
	/* Some SA came, went or changed state: outbound policy steps must be re-resolved. */
	void (*sa_changed)(void *arg);
};

struct keyd {
	struct spd spd;
	struct sad sad;
	struct knobs *knobs; /* staged parameters (not owned) */
	const struct keyd_dp_ops *dp;
	void *dp_arg;
	uint32_t next_reqid; /* for unique without a number: from 0x4000 */
	uint64_t now_s; /* monotonic seconds, set by the caller before each call */
};

/** @return 0; -ENOMEM */
WARN_UNUSED int
keyd_init(struct keyd *kd, struct knobs *knobs, const struct keyd_dp_ops *dp, void *arg);
void
keyd_fini(struct keyd *kd);

/** Add a mature SA. @return 0; -EEXIST; -EINVAL; -EOPNOTSUPP; -ENOMEM, state unchanged on error */
WARN_UNUSED int
keyd_sa_add(struct keyd *kd, const struct sa_spec *spec, struct err *err);

/**
 * Add an SA in place of the one with the same {spi, proto, dst}, if there is one. As keyd_sa_add(), and -EINVAL
 * when an implicit IV would meet the key that it met before.
 */
WARN_UNUSED int
keyd_sa_replace(struct keyd *kd, const struct sa_spec *spec, struct err *err);

/** Delete by {spi, proto, src, dst}. @return 0; -ENOENT */
WARN_UNUSED int
keyd_sa_delete(struct keyd *kd, const struct saidx *idx, uint32_t spi, struct err *err);

/** Delete every SA from src to dst of a protocol, whatever its SPI. @return 0; -ENOENT there is none */
WARN_UNUSED int
keyd_sa_delete_all(struct keyd *kd, const struct saidx *idx, struct err *err);

/** Exchange an SA for the one of its name. @return -ENOENT there is none; else as keyd_sa_replace() */
WARN_UNUSED int
keyd_sa_update(struct keyd *kd, const struct sa_spec *spec, struct err *err);

void
keyd_sa_remove(struct keyd *kd, struct sa *sa);

/** Delete every SA of one protocol (0 = all). */
void
keyd_sa_flush(struct keyd *kd, uint8_t proto);

/** Append a policy. @param id_out may be NULL @return 0; -EEXIST; -EINVAL; -EPROTONOSUPPORT; -ENOMEM */
WARN_UNUSED int
keyd_sp_add(struct keyd *kd, const struct sp_spec *spec, uint32_t *id_out, struct err *err);

/** Replace in place (position kept), or append when absent. Errors as keyd_sp_add(). */
WARN_UNUSED int
keyd_sp_update(struct keyd *kd, const struct sp_spec *spec, uint32_t *id_out, struct err *err);

/**
 * Make the policies those of another engine, in its order and with its numbers: all of them or, on
 * error, none, for half of them could let pass in clear what the other half protects.
 * @return 0; -ENOMEM; -ENOBUFS larger than the data plane takes
 */
WARN_UNUSED int
keyd_sp_replace_all(struct keyd *kd, const struct keyd *from, struct err *err);

/** Delete by selector and direction. @return 0; -ENOENT */
WARN_UNUSED int
keyd_sp_delete(struct keyd *kd, const struct selector *sel, struct err *err);

void
keyd_sp_flush(struct keyd *kd);

/** The data plane has let go of a removed record: wipe and free it. */
void
keyd_sa_released(struct keyd *kd, struct sa *sa);
void
keyd_sp_released(struct keyd *kd, struct sp *sp);

#endif
