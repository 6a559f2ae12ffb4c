/* SPDX-License-Identifier: BSD-2-Clause */
/* setkey files: read all of them into a scratch database first, then make the live one equal to it. */
/* Control thread. The scratch engine holds keys: keyload_free() wipes them. */
#ifndef CTL_KEYLOAD_H
#define CTL_KEYLOAD_H

#include "conf.h"
#include "crypto/crypto.h"
#include "keyd/keyd.h"
#include "setkey/setkey.h"

/** What the files describe: a key engine whose data plane only checks. */
struct keyload {
	struct keyd kd;
	struct knobs knobs;
	uint32_t max_sa;
	const struct crypto *crypto; /* NULL: which algorithms are offered is not known (--check) */
};

/**
 * Run the setkey files of a configuration, in order, against an empty database.
 *
 * @param crypto  engines that must offer the algorithms, or NULL
 * @return 0; -errno with err->text "file:line:col: what"; k needs keyload_free() only after 0
 */
WARN_UNUSED int
keyload_read(
	struct keyload *k, const struct conf *conf, const struct crypto *crypto, struct err *err);

/**
 * Make the live database what the files say. What is equal stays, with its sequence numbers, windows
 * and counters; the rest is deleted and added. Only staged: the caller commits.
 *
 * @return 0; -ENOMEM, -ENOSPC, -ENOBUFS: live is as before. If memory ends while SAs are exchanged for
 *         others of their names, some are, the policies are new and nothing is deleted: an error too
 */
WARN_UNUSED int
keyload_apply(struct keyload *k, struct keyd *live, struct err *err);

void
keyload_free(struct keyload *k);

/** Give one setkey command to a key engine; a setkey_emit. @param arg  struct keyd @return as keyd's */
int
keyload_run(void *arg, const struct setkey_cmd *cmd, struct err *err);

#endif
