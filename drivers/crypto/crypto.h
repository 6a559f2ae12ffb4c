/* SPDX-License-Identifier: BSD-2-Clause */
/* Crypto engines behind one table: "direct" (libipsec-mb on this core) and "lookaside" (cryptodev). */
/* Opened and closed by control; submit/poll run on workers with their own lane. */
#ifndef CRYPTO_CRYPTO_H
#define CRYPTO_CRYPTO_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "base/defs.h"
#include "base/err.h"
#include "crypto/comp.h"
#include "ipsec/sa.h"
#include "pkt/lane.h"
#include "pkt/sa_rt.h"

struct crypto;

enum crypto_engine {
	CRYPTO_AUTO, /* what knobs.crypto_support and calibration say */
	CRYPTO_DIRECT,
	CRYPTO_LOOKASIDE,
};

struct crypto_conf {
	enum crypto_engine engine;
	/* PCI addresses, or names with arguments: "crypto_aesni_mb0,max_nb_queue_pairs=16". Those */
	/* that EAL did not probe are probed here. Read by crypto_new() only. */
	const char *const *devices;
	unsigned int ndevices;
	/* Compression device for IPComp, as above. NULL: none; "": the default, without which we start too. */
	const char *compress_device;
	unsigned int nworkers; /* queue pairs needed on each device */
	int socket;
	bool calibrate; /* measure at start; off in most tests */
};

struct crypto_ops {
	const char *name;
	/**
	 * Make sa->ses (keys are expanded here, spec is not kept). Look-aside sessions have a
	 * direction: sa->dir DIR_IN or DIR_OUT opens one, DIR_ANY both. Control thread.
	 * @return 0; -ENOTSUP; -ENOMEM
	 */
	int (*sa_open)(
		struct crypto *c, struct sa_rt *sa, const struct sa_spec *spec, struct err *err);
	/** Wipe and free sa->ses. Control thread, after grace and drain. */
	void (*sa_close)(struct crypto *c, struct sa_rt *sa);
	/**
	 * Process lane->cop[first + i] for m[i], 0 <= i < n. All packets have this engine; SAs may
	 * differ (pkt_meta.sa), equal ones are neighbours; direction is pkt_meta.flags PKT_F_OUT.
	 *
	 * @return how many are complete now, always the first ones of m[] (direct: n, look-aside:
	 *         0). Not returned packets now belong to the engine, or were dropped and counted
	 *         (DROP_CRYPTO_QUEUE). A failed verdict is PKT_F_CRYPTO_FAIL or PKT_F_CRYPTO_ERR.
	 */
	uint16_t (*submit)(struct lane *lane, uint16_t first, struct rte_mbuf **m, uint16_t n);
	/**
	 * Append packets that an async engine finished, as many as the vector has room for. Their SA
	 * is not counted in flight any more, but stays valid for the rest of the worker's step.
	 */
	void (*poll)(struct lane *lane, struct pvec *done);
};

extern const struct crypto_ops crypto_direct;
extern const struct crypto_ops crypto_lookaside;
extern const struct crypto_ops crypto_comp;

/**
 * Open the engines: known-answer tests for each engine, device and algorithm (what fails is not
 * offered), then a short calibration, logged.
 * @return engine context or NULL with err filled
 */
struct crypto *
crypto_new(const struct crypto_conf *conf, struct err *err);
/** Close devices, and remove those that crypto_new() probed. Every session must be closed before. */
void
crypto_free(struct crypto *c);

/**
 * Give a lane its private state (IMB manager, random pool, cop[]); its queue pair on each device is
 * number lane->idx. @return 0; -EINVAL idx is not below nworkers; -ENOMEM; -EIO
 */
WARN_UNUSED int
crypto_lane_open(struct crypto *c, struct lane *lane);
void
crypto_lane_close(struct crypto *c, struct lane *lane);

/** Poll every async engine of this lane. */
void
crypto_poll(struct lane *lane, struct pvec *done);

/** Packets of this lane now inside async engines (for draining). */
uint32_t
crypto_inflight(const struct lane *lane);

/**
 * Choose an engine and device for the SA's algorithms and open a session: sets sa->crypto, ses, dev_id.
 * sa->dir must be set before.
 *
 * @param support  knobs.crypto_support: >0 hardware first, <0 software first, 0 fastest
 * @return 0; -EOPNOTSUPP nothing offers the combination; -ENOMEM
 */
WARN_UNUSED int
crypto_sa_open(struct crypto *c, struct sa_rt *sa, const struct sa_spec *spec, int32_t support,
	struct err *err);
void
crypto_sa_close(struct crypto *c, struct sa_rt *sa);

/** True when some engine passed the known-answer tests of both (auth NULL for AEAD, enc for AH). */
bool
crypto_offers(const struct crypto *c, const struct alg *enc, const struct alg *auth);

/** True when there is a compression device for comp. */
bool
crypto_offers_comp(const struct crypto *c, const struct alg *comp);
/** Count an outbound packet that IPComp leaves as it is. Worker. */
void
crypto_comp_note(struct lane *lane, enum comp_left why);
/** Sum over the workers. Any thread. */
void
crypto_comp_left(const struct crypto *c, uint64_t left[COMP_LEFT_MAX]);

/** One line of the start-up report, for logs and `ipsecgwctl`. */
struct crypto_report {
	const char *engine, *device; /* device "" for direct */
	const struct alg *enc, *auth; /* one of them is NULL: each algorithm is tested for itself */
	uint16_t key_bits;
	bool passed;
	uint32_t cycles_64, cycles_1420; /* per packet; 0 = not calibrated */
};
/** @return rows, n in *n; owned by c */
const struct crypto_report *
crypto_reports(const struct crypto *c, unsigned int *n);

/** Sessions created and destroyed, for the leak audit at exit. */
void
crypto_session_counts(const struct crypto *c, uint64_t *created, uint64_t *destroyed);

/** Fill 16 unpredictable bytes (CBC IVs) from the lane's generator. Worker. */
void
crypto_random_iv(struct lane *lane, uint8_t iv[16]);

#endif
