/* SPDX-License-Identifier: BSD-2-Clause */
/* Policies: add, update, delete, flush. */
#include <errno.h>

#include "keyd/keyd.h"

/*
 * unique without a number gets one of ours; a number beyond the manual range is replaced, as key(4)
 * does. The allocator returns to its start after 0xffff.
 */
static void
assign_reqids(struct keyd *kd, struct sp_spec *spec)
{
	for (unsigned int i = 0; i < spec->nreq; i++) {
		struct sp_req *r = &spec->req[i];

		if (r->level != LEVEL_UNIQUE || (r->reqid != 0 && r->reqid <= REQID_MANUAL_MAX))
			continue;
		r->reqid = kd->next_reqid++;
		if (kd->next_reqid > UINT16_MAX)
			kd->next_reqid = REQID_MANUAL_MAX + 1;
	}
}

static int
insert_as_is(struct keyd *kd, const struct sp_spec *spec, struct sp **out, struct err *err)
{
	int ret = spd_add(&kd->spd, spec, kd->now_s, out);

	if (ret == -EEXIST)
		return err_set(err, ret, "a policy with this selector and direction exists");
	if (ret != 0)
		return err_set(err, ret, "no memory for another policy");
	ret = kd->dp->sp_install(kd->dp_arg, *out, err);
	if (ret != 0) {
		spd_unlink(&kd->spd, *out);
		sp_free(&kd->spd, *out);
	}
	return ret;
}

static int
insert(struct keyd *kd, const struct sp_spec *spec, struct sp **out, struct err *err)
{
	struct sp_spec full = *spec;

	assign_reqids(kd, &full);
	return insert_as_is(kd, &full, out, err);
}

int
keyd_sp_add(struct keyd *kd, const struct sp_spec *spec, uint32_t *id_out, struct err *err)
{
	struct sp *sp;
	int ret = sp_spec_check(spec, err);

	if (ret == 0)
		ret = insert(kd, spec, &sp, err);
	if (ret == 0 && id_out != NULL)
		*id_out = sp->id;
	return ret;
}

/* Put sp before next, or at the tail when next is NULL. */
static void
place(struct sp_list *list, struct sp *sp, struct sp *next)
{
	if (next != NULL)
		TAILQ_INSERT_BEFORE(next, sp, link);
	else
		TAILQ_INSERT_TAIL(list, sp, link);
}

int
keyd_sp_update(struct keyd *kd, const struct sp_spec *spec, uint32_t *id_out, struct err *err)
{
	struct sp_list *list;
	struct sp *old;
	struct sp *next;
	struct sp *sp;
	int ret = sp_spec_check(spec, err);

	if (ret != 0)
		return ret;
	old = spd_find_selector(&kd->spd, &spec->sel);
	if (old == NULL)
		return keyd_sp_add(kd, spec, id_out, err);
	/* The old policy steps aside for the duplicate check; the new one takes its place, or it returns. */
	list = &kd->spd.list[spec->sel.dir];
	next = TAILQ_NEXT(old, link);
	spd_unlink(&kd->spd, old);
	ret = insert(kd, spec, &sp, err);
	if (ret != 0) {
		place(list, old, next);
		kd->spd.n++;
		return ret;
	}
	TAILQ_REMOVE(list, sp, link);
	place(list, sp, next);
	kd->dp->sp_remove(kd->dp_arg, old);
	if (id_out != NULL)
		*id_out = sp->id;
	return 0;
}

static void
remove_sp(struct keyd *kd, struct sp *sp)
{
	spd_unlink(&kd->spd, sp);
	kd->dp->sp_remove(kd->dp_arg, sp);
}

int
keyd_sp_delete(struct keyd *kd, const struct selector *sel, struct err *err)
{
	struct sp *sp = spd_find_selector(&kd->spd, sel);

	if (sp == NULL)
		return err_set(err, -ENOENT, "no policy has this selector and direction");
	remove_sp(kd, sp);
	return 0;
}

void
keyd_sp_flush(struct keyd *kd)
{
	struct sp *sp;

	for (size_t i = 0; i < ARRAY_LEN(kd->spd.list); i++) {
		while ((sp = TAILQ_FIRST(&kd->spd.list[i])) != NULL)
			remove_sp(kd, sp);
	}
}

static void
append(struct sp_list *to, struct sp_list *from)
{
	struct sp *sp;

	while ((sp = TAILQ_FIRST(from)) != NULL) {
		TAILQ_REMOVE(from, sp, link);
		TAILQ_INSERT_TAIL(to, sp, link);
	}
}

/* Move all policies of one set of lists behind those of another. */
static void
move_all(struct sp_list *to, struct sp_list *from)
{
	for (unsigned int dir = DIR_IN; dir <= DIR_OUT; dir++)
		append(&to[dir], &from[dir]);
}

/* Hand over policies that are in no database any more. */
static void
let_go(struct keyd *kd, struct sp_list *list)
{
	struct sp *next;

	for (struct sp *sp = TAILQ_FIRST(list); sp != NULL; sp = next) {
		next = TAILQ_NEXT(sp, link);
		kd->dp->sp_remove(kd->dp_arg, sp);
	}
}

static int
copy_all(struct keyd *kd, const struct keyd *from, struct err *err)
{
	struct sp *sp;
	struct sp *copy;
	int ret = 0;

	for (unsigned int dir = DIR_IN; dir <= DIR_OUT; dir++) {
		TAILQ_FOREACH (sp, &from->spd.list[dir], link) {
			if (ret == 0)
				ret = insert_as_is(kd, &sp->spec, &copy, err);
		}
	}
	return ret;
}

int
keyd_sp_replace_all(struct keyd *kd, const struct keyd *from, struct err *err)
{
	const uint32_t n = kd->spd.n;
	struct spd old;
	int ret;

	spd_init(&old);
	move_all(old.list, kd->spd.list);
	kd->spd.n = 0;
	ret = copy_all(kd, from, err);
	if (ret == 0)
		ret = kd->dp->sp_prepare(kd->dp_arg, err);
	if (ret != 0) {
		keyd_sp_flush(kd);
		move_all(kd->spd.list, old.list);
		kd->spd.n = n;
		return ret;
	}
	for (unsigned int dir = DIR_IN; dir <= DIR_OUT; dir++)
		let_go(kd, &old.list[dir]);
	kd->next_reqid = from->next_reqid;
	return 0;
}

void
keyd_sp_released(struct keyd *kd, struct sp *sp)
{
	sp_free(&kd->spd, sp);
}
