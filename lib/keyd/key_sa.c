/* SPDX-License-Identifier: BSD-2-Clause */
/* SAs: add, delete, flush. */
#include <errno.h>

#include "keyd/keyd.h"

int
keyd_sa_add(struct keyd *kd, const struct sa_spec *spec, struct err *err)
{
	const char *legacy;
	struct sa *sa;
	int ret = sa_spec_check(spec, err);

	if (ret != 0)
		return ret;
	legacy = sa_spec_legacy(spec);
	if (legacy != NULL && kd->knobs->allow_legacy != 1)
		return err_set(err, -EINVAL,
			"%s is not secure (RFC 8221): net.inet.ipsec.allow_legacy=1 would accept it",
			legacy);
	ret = sad_add(&kd->sad, spec, kd->now_s, &sa);
	if (ret == -EEXIST)
		return err_set(err, ret, "an SA with SPI %u to this destination exists", spec->spi);
	if (ret != 0)
		return err_set(err, ret, "no memory for another SA");
	ret = kd->dp->sa_install(kd->dp_arg, sa, err);
	if (ret != 0) {
		sad_unlink(&kd->sad, sa);
		sa_free(&kd->sad, sa);
		return ret;
	}
	kd->dp->sa_changed(kd->dp_arg);
	return 0;
}

/* Out of the database now; freed when the data plane has let go of it. */
static void
remove_sa(struct keyd *kd, struct sa *sa)
{
	sa->state = SA_DEAD;
	sad_unlink(&kd->sad, sa);
	kd->dp->sa_remove(kd->dp_arg, sa);
}

int
keyd_sa_replace(struct keyd *kd, const struct sa_spec *spec, struct err *err)
{
	struct sa *old = sad_find_same(&kd->sad, spec);
	int ret;

	if (old == NULL)
		return keyd_sa_add(kd, spec, err);
	/* It steps aside for the duplicate check, and returns when the new one cannot be made. */
	sad_unlink(&kd->sad, old);
	ret = keyd_sa_add(kd, spec, err);
	if (ret != 0) {
		sad_link(&kd->sad, old);
		return ret;
	}
	old->state = SA_DEAD;
	kd->dp->sa_remove(kd->dp_arg, old);
	return 0;
}

int
keyd_sa_update(struct keyd *kd, const struct sa_spec *spec, struct err *err)
{
	const struct saidx *idx = &spec->idx;
	const struct sa *sa = sad_find(&kd->sad, spec->spi, idx->proto, &idx->dst);

	if (sa == NULL || !addr_eq(&sa->spec.idx.src, &idx->src))
		return err_set(
			err, -ENOENT, "no SA with SPI %u between these addresses", spec->spi);
	return keyd_sa_replace(kd, spec, err);
}

void
keyd_sa_remove(struct keyd *kd, struct sa *sa)
{
	remove_sa(kd, sa);
	kd->dp->sa_changed(kd->dp_arg);
}

int
keyd_sa_delete(struct keyd *kd, const struct saidx *idx, uint32_t spi, struct err *err)
{
	struct sa *sa = sad_find(&kd->sad, spi, idx->proto, &idx->dst);

	if (sa == NULL || !addr_eq(&sa->spec.idx.src, &idx->src))
		return err_set(err, -ENOENT, "no SA with SPI %u between these addresses", spi);
	keyd_sa_remove(kd, sa);
	return 0;
}

int
keyd_sa_delete_all(struct keyd *kd, const struct saidx *idx, struct err *err)
{
	unsigned int n = 0;
	struct sa *next;

	for (struct sa *sa = TAILQ_FIRST(&kd->sad.all); sa != NULL; sa = next) {
		const struct saidx *have = &sa->spec.idx;

		next = TAILQ_NEXT(sa, link);
		if (have->proto != idx->proto || !addr_eq(&have->src, &idx->src) ||
			!addr_eq(&have->dst, &idx->dst))
			continue;
		remove_sa(kd, sa);
		n++;
	}
	if (n == 0)
		return err_set(err, -ENOENT, "no SA of this protocol between these addresses");
	kd->dp->sa_changed(kd->dp_arg);
	return 0;
}

void
keyd_sa_flush(struct keyd *kd, uint8_t proto)
{
	struct sa *sa;
	struct sa *next;

	for (sa = TAILQ_FIRST(&kd->sad.all); sa != NULL; sa = next) {
		next = TAILQ_NEXT(sa, link);
		if (proto == 0 || sa->spec.idx.proto == proto)
			remove_sa(kd, sa);
	}
	kd->dp->sa_changed(kd->dp_arg);
}

void
keyd_sa_released(struct keyd *kd, struct sa *sa)
{
	sa_free(&kd->sad, sa);
}
