/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/keyload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/secret.h"
#include "setkey/setkey.h"
#include "xform/xform.h"

#define FILE_MAX (64u << 20) /* bytes: half a million SAs */

/* The scratch data plane: refuses what the real one would refuse for ever, keeps nothing. */

static int
check_sa(void *arg, struct sa *sa, struct err *err)
{
	const struct keyload *k = arg;
	const struct sa_spec *s = &sa->spec;
	const struct xform_ops *xf = xform_find(s->idx.proto);
	int ret;

	if (xf == NULL)
		return err_set(
			err, -EOPNOTSUPP, "%s is not supported yet", proto_name(s->idx.proto));
	ret = xf->sa_check(s, err);
	if (ret != 0)
		return ret;
	if (k->kd.sad.n > k->max_sa)
		return err_set(err, -ENOSPC, "more than %u SAs (limits.sa)", k->max_sa);
	if (s->comp != NULL) {
		if (k->crypto == NULL || crypto_offers_comp(k->crypto, s->comp))
			return 0;
		return err_set(err, -EOPNOTSUPP,
			"ipcomp is not offered, for there is no compression device");
	}
	if (k->crypto != NULL && !crypto_offers(k->crypto, s->enc, s->auth))
		return err_set(err, -EOPNOTSUPP, "no engine offers %s%s%s",
			s->enc != NULL ? s->enc->name : "no encryption",
			s->auth != NULL ? " with " : "", s->auth != NULL ? s->auth->name : "");
	return 0;
}

static void
forget_sa(void *arg, struct sa *sa)
{
	struct keyload *k = arg;

	keyd_sa_released(&k->kd, sa);
}

static int
check_sp(void *arg, struct sp *sp, struct err *err)
{
	(void)arg;
	(void)sp;
	(void)err;
	return 0;
}

static void
forget_sp(void *arg, struct sp *sp)
{
	struct keyload *k = arg;

	keyd_sp_released(&k->kd, sp);
}

static int
fine(void *arg, struct err *err)
{
	(void)arg;
	(void)err;
	return 0;
}

static void
nothing(void *arg)
{
	(void)arg;
}

static const struct keyd_dp_ops scratch_ops = {
	.sa_install = check_sa,
	.sa_remove = forget_sa,
	.sp_install = check_sp,
	.sp_remove = forget_sp,
	.sp_prepare = fine,
	.sa_changed = nothing,
};

int
keyload_run(void *arg, const struct setkey_cmd *cmd, struct err *err)
{
	struct keyd *kd = arg;

	switch (cmd->verb) {
	case SETKEY_ADD:
		return keyd_sa_add(kd, &cmd->sa, err);
	case SETKEY_UPDATE:
		return keyd_sa_update(kd, &cmd->sa, err);
	case SETKEY_DELETEALL:
		return keyd_sa_delete_all(kd, &cmd->sa.idx, err);
	case SETKEY_DELETE:
		return keyd_sa_delete(kd, &cmd->sa.idx, cmd->sa.spi, err);
	case SETKEY_FLUSH:
		keyd_sa_flush(kd, cmd->proto);
		return 0;
	case SETKEY_SPDADD:
		return keyd_sp_add(kd, &cmd->sp, NULL, err);
	case SETKEY_SPDUPDATE:
		return keyd_sp_update(kd, &cmd->sp, NULL, err);
	case SETKEY_SPDDELETE:
		return keyd_sp_delete(kd, &cmd->sp.sel, err);
	case SETKEY_SPDFLUSH:
		keyd_sp_flush(kd);
		return 0;
	}
	return err_set(err, -EOPNOTSUPP, "this command cannot be used in a file");
}

/* @param st  of the open file; grows with what is read, so a file that changes size is cut or refused */
static int
read_all(int fd, const char *path, size_t size, char *text, struct err *err)
{
	size_t len = 0;

	while (len < size) {
		const ssize_t n = read(fd, text + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, -errno, "%s: %s", path, strerrordesc_np(errno));
		if (n == 0)
			return err_set(err, -EIO, "%s: shrank while it was read", path);
		len += (size_t)n;
	}
	return 0;
}

static int
open_file(const char *path, size_t *size, struct err *err)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	int ret = 0;

	if (fd < 0)
		return err_set(err, -errno, "%s: %s", path, strerrordesc_np(errno));
	if (fstat(fd, &st) != 0)
		ret = err_set(err, -errno, "%s: %s", path, strerrordesc_np(errno));
	else if (!S_ISREG(st.st_mode))
		ret = err_set(err, -EINVAL, "%s: not a regular file", path);
	else if ((uint64_t)st.st_size > FILE_MAX)
		ret = err_set(err, -EFBIG, "%s: larger than %u MiB", path, FILE_MAX >> 20);
	if (ret != 0) {
		(void)close(fd);
		return ret;
	}
	if ((st.st_mode & (S_IRGRP | S_IROTH | S_IWGRP | S_IWOTH)) != 0)
		log_warn("%s holds keys and others than its owner may open it: chmod 600", path);
	*size = (size_t)st.st_size;
	return fd;
}

static int
run_file(struct keyd *kd, const char *path, struct err *err)
{
	struct setkey_err se = { 0 };
	size_t size = 0;
	const int fd = open_file(path, &size, err);
	char *text;
	int ret;

	if (fd < 0)
		return fd;
	text = malloc(size + 1);
	ret = text == NULL ? err_set(err, -ENOMEM, "%s: no memory to read it", path) :
			     read_all(fd, path, size, text, err);
	(void)close(fd);
	if (ret == 0) {
		ret = setkey_parse(text, size, keyload_run, kd, &se);
		if (ret != 0)
			(void)err_set(err, ret, "%s:%u:%u: %s", path, se.line, se.col, se.err.text);
	}
	if (text != NULL)
		secret_wipe_mem(text, size);
	free(text);
	return ret;
}

int
keyload_read(
	struct keyload *k, const struct conf *conf, const struct crypto *crypto, struct err *err)
{
	int ret;

	*k = (struct keyload){ .knobs = conf->knobs, .crypto = crypto, .max_sa = conf->max_sa };
	ret = keyd_init(&k->kd, &k->knobs, &scratch_ops, k);
	if (ret != 0)
		return err_set(err, ret, "no memory for the databases");
	for (unsigned int i = 0; ret == 0 && i < conf->nsetkey; i++)
		ret = run_file(&k->kd, conf->setkey[i], err);
	if (ret != 0)
		keyload_free(k);
	return ret;
}

void
keyload_free(struct keyload *k)
{
	keyd_fini(&k->kd);
}

static bool
secret_same(const struct secret *a, const struct secret *b)
{
	return a->len == b->len && secret_eq(a->b, b->b, a->len);
}

static bool
life_same(const struct life *a, const struct life *b)
{
	return a->packets == b->packets && a->bytes == b->bytes && a->add_s == b->add_s &&
		a->use_s == b->use_s;
}

static bool
idx_same(const struct saidx *a, const struct saidx *b)
{
	return addr_cmp(&a->src, &b->src) == 0 && addr_cmp(&a->dst, &b->dst) == 0 &&
		a->proto == b->proto && a->mode == b->mode && a->reqid == b->reqid;
}

static bool
natt_same(const struct sa_natt *a, const struct sa_natt *b)
{
	return a->type == b->type && a->frag_len == b->frag_len &&
		a->keepalive_s == b->keepalive_s && addr_cmp(&a->oa_src, &b->oa_src) == 0 &&
		addr_cmp(&a->oa_dst, &b->oa_dst) == 0;
}

static bool
sa_same(const struct sa_spec *a, const struct sa_spec *b)
{
	return idx_same(&a->idx, &b->idx) && a->spi == b->spi && a->enc == b->enc &&
		a->auth == b->auth && a->comp == b->comp && a->flags == b->flags &&
		a->window_pkts == b->window_pkts && natt_same(&a->natt, &b->natt) &&
		a->tfc_len == b->tfc_len && life_same(&a->hard, &b->hard) &&
		life_same(&a->soft, &b->soft) && secret_same(&a->enckey, &b->enckey) &&
		secret_same(&a->authkey, &b->authkey);
}

static bool
req_same(const struct sp_req *a, const struct sp_req *b)
{
	return a->proto == b->proto && a->mode == b->mode && a->level == b->level &&
		a->reqid == b->reqid && addr_cmp(&a->src, &b->src) == 0 &&
		addr_cmp(&a->dst, &b->dst) == 0;
}

static bool
sp_same(const struct sp_spec *a, const struct sp_spec *b)
{
	bool same = selector_eq(&a->sel, &b->sel) && a->action == b->action && a->nreq == b->nreq &&
		a->lifetime_s == b->lifetime_s && a->validtime_s == b->validtime_s;

	for (unsigned int i = 0; same && i < a->nreq; i++)
		same = req_same(&a->req[i], &b->req[i]);
	return same;
}

static bool
spd_same(const struct spd *a, const struct spd *b)
{
	for (unsigned int dir = DIR_IN; dir <= DIR_OUT; dir++) {
		const struct sp *x = TAILQ_FIRST(&a->list[dir]);
		const struct sp *y = TAILQ_FIRST(&b->list[dir]);

		while (x != NULL && y != NULL && sp_same(&x->spec, &y->spec)) {
			x = TAILQ_NEXT(x, link);
			y = TAILQ_NEXT(y, link);
		}
		if (x != NULL || y != NULL)
			return false;
	}
	return true;
}

static struct sa *
namesake(struct sad *sad, const struct sa *sa)
{
	return sad_find_same(sad, &sa->spec);
}

static int
add_sas(struct keyload *k, struct keyd *live, struct err *err)
{
	struct sa *sa;
	int ret = 0;

	TAILQ_FOREACH (sa, &k->kd.sad.all, link) {
		if (ret == 0 && namesake(&live->sad, sa) == NULL)
			ret = keyd_sa_add(live, &sa->spec, err);
	}
	return ret;
}

/* Undo add_sas(). */
static void
remove_newer(struct keyd *live, uint64_t mark)
{
	struct sa *next;
	struct sa *sa;

	for (sa = TAILQ_FIRST(&live->sad.all); sa != NULL; sa = next) {
		next = TAILQ_NEXT(sa, link);
		if (sa->order >= mark)
			keyd_sa_remove(live, sa);
	}
}

/* Those of the same name that differ: each is what it was or what it shall be. */
static int
replace_sas(struct keyload *k, struct keyd *live, struct err *err)
{
	struct sa *other;
	struct sa *sa;
	int ret = 0;

	TAILQ_FOREACH (sa, &k->kd.sad.all, link) {
		other = namesake(&live->sad, sa);
		if (ret == 0 && !sa_same(&sa->spec, &other->spec))
			ret = keyd_sa_replace(live, &sa->spec, err);
	}
	return ret;
}

static void
delete_sas(struct keyload *k, struct keyd *live)
{
	struct sa *next;
	struct sa *sa;

	for (sa = TAILQ_FIRST(&live->sad.all); sa != NULL; sa = next) {
		next = TAILQ_NEXT(sa, link);
		if (namesake(&k->kd.sad, sa) == NULL)
			keyd_sa_remove(live, sa);
	}
}

/*
 * What may fail comes first, and what cannot, the deletion of what is no longer wanted, last: a reload
 * for which there is no memory leaves every tunnel and every policy that was there.
 */
int
keyload_apply(struct keyload *k, struct keyd *live, struct err *err)
{
	const uint64_t mark = live->sad.next_order;
	int ret = add_sas(k, live, err);

	/* Order decides which policy matches: one difference replaces them all, in one commit. */
	if (ret == 0 && !spd_same(&k->kd.spd, &live->spd))
		ret = keyd_sp_replace_all(live, &k->kd, err);
	if (ret != 0) {
		remove_newer(live, mark);
		return ret;
	}
	ret = replace_sas(k, live, err);
	if (ret == 0)
		delete_sas(k, live);
	return ret;
}
