/* SPDX-License-Identifier: BSD-2-Clause */
/* SPD lists to rte_acl contexts, one per direction and family. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "snap/snap_priv.h"

#define NFIELD4 5u
#define NFIELD6 11u

/* rte_acl wants one byte first, then fields in groups of four bytes. */
#define FIELD(i, type_, size_, input, off)                                               \
	{                                                                                \
		.type = RTE_ACL_FIELD_TYPE_##type_, .size = (size_), .field_index = (i), \
		.input_index = (input), .offset = (uint32_t)(off)                        \
	}

static const struct rte_acl_field_def fields4[NFIELD4] = {
	FIELD(0, BITMASK, 1, 0, offsetof(struct key4, proto)),
	FIELD(1, MASK, 4, 1, offsetof(struct key4, src_be)),
	FIELD(2, MASK, 4, 2, offsetof(struct key4, dst_be)),
	FIELD(3, BITMASK, 2, 3, offsetof(struct key4, sport_be)),
	FIELD(4, BITMASK, 2, 3, offsetof(struct key4, dport_be)),
};

static const struct rte_acl_field_def fields6[NFIELD6] = {
	FIELD(0, BITMASK, 1, 0, offsetof(struct key6, proto)),
	FIELD(1, MASK, 4, 1, offsetof(struct key6, src) + 0),
	FIELD(2, MASK, 4, 2, offsetof(struct key6, src) + 4),
	FIELD(3, MASK, 4, 3, offsetof(struct key6, src) + 8),
	FIELD(4, MASK, 4, 4, offsetof(struct key6, src) + 12),
	FIELD(5, MASK, 4, 5, offsetof(struct key6, dst) + 0),
	FIELD(6, MASK, 4, 6, offsetof(struct key6, dst) + 4),
	FIELD(7, MASK, 4, 7, offsetof(struct key6, dst) + 8),
	FIELD(8, MASK, 4, 8, offsetof(struct key6, dst) + 12),
	FIELD(9, BITMASK, 2, 9, offsetof(struct key6, sport_be)),
	FIELD(10, BITMASK, 2, 9, offsetof(struct key6, dport_be)),
};

RTE_ACL_RULE_DEF(rule6, NFIELD6);

/* n fields of 32 bits for an address; values in host order, mask as a prefix length per field. */
static void
put_addr(struct rte_acl_field *f, const struct addr *a, unsigned int n)
{
	unsigned int left = a->plen;
	uint32_t word;

	for (unsigned int i = 0; i < n; i++) {
		memcpy(&word, a->b + (size_t)4 * i, sizeof(word));
		f[i].value.u32 = ntohl(word);
		f[i].mask_range.u32 = left > 32 ? 32 : left;
		left -= f[i].mask_range.u32;
	}
}

static void
put_port(struct rte_acl_field *f, uint16_t port_be)
{
	f->value.u16 = ntohs(port_be);
	f->mask_range.u16 = port_be == 0 ? 0 : UINT16_MAX;
}

/* What one policy asks of the classifier. */
struct match {
	const struct selector *sel;
	uint32_t userdata;
};

/* The policies of one direction, in order. */
struct matches {
	enum sp_dir dir;
	uint32_t n;
	struct match row[];
};

static void
make_rule(struct rule6 *r, const struct match *m, unsigned int position)
{
	const struct selector *sel = m->sel;
	const unsigned int n = sel->src.af == AF_INET ? 1 : 4;

	memset(r, 0, sizeof(*r));
	r->data.category_mask = 1;
	r->data.priority = (int32_t)(RTE_ACL_MAX_PRIORITY - position);
	r->data.userdata = m->userdata;
	r->field[0].value.u8 = sel->proto;
	r->field[0].mask_range.u8 = sel->proto == ULPROTO_ANY ? 0 : UINT8_MAX;
	put_addr(&r->field[1], &sel->src, n);
	put_addr(&r->field[1 + n], &sel->dst, n);
	put_port(&r->field[1 + 2 * n], sel->src.port_be);
	put_port(&r->field[2 + 2 * n], sel->dst.port_be);
}

static int
add_rules(struct rte_acl_ctx *ctx, const struct matches *list, uint8_t af)
{
	struct rule6 rule;
	int ret = 0;

	for (uint32_t i = 0; i < list->n && ret == 0; i++) {
		if (list->row[i].sel->src.af != af)
			continue;
		make_rule(&rule, &list->row[i], i);
		/* The context knows the size of its own rules: an IPv4 rule is the head of this one. */
		ret = rte_acl_add_rules(ctx, (const struct rte_acl_rule *)&rule, 1);
	}
	return ret;
}

/* @param ctx  set even on error; NULL when there are no such policies */
static int
build_one(struct snap *s, const struct matches *list, unsigned int v6, struct rte_acl_ctx **ctx)
{
	const uint8_t af = v6 ? AF_INET6 : AF_INET;
	struct rte_acl_config cfg = { .num_categories = 1, .max_size = s->conf.max_acl_bytes };
	struct rte_acl_param param = { .socket_id = s->conf.socket };
	char name[32];
	uint32_t n = 0;
	int ret;

	for (uint32_t i = 0; i < list->n; i++)
		n += list->row[i].sel->src.af == af;
	if (n == 0)
		return 0;
	cfg.num_fields = v6 ? NFIELD6 : NFIELD4;
	memcpy(cfg.defs, v6 ? fields6 : fields4, cfg.num_fields * sizeof(cfg.defs[0]));
	(void)snprintf(name, sizeof(name), "acl%u%s%u", s->gen + 1,
		list->dir == DIR_IN ? "in" : "out", v6);
	param.name = name;
	param.rule_size = RTE_ACL_RULE_SZ(cfg.num_fields);
	param.max_rule_num = n;
	*ctx = rte_acl_create(&param);
	if (*ctx == NULL)
		return -ENOMEM;
	ret = add_rules(*ctx, list, af);
	if (ret == 0)
		ret = rte_acl_build(*ctx, &cfg);
	return ret == -ERANGE ? -ENOBUFS : ret;
}

/* Both families of the policies of one direction. */
static int
build_dir(struct snap *s, const struct sp_list *sps, enum sp_dir dir, struct rte_acl_ctx *ctx[2])
{
	struct matches *list;
	struct sp *sp;
	uint32_t n = 0;
	int ret;

	TAILQ_FOREACH (sp, sps, link)
		n++;
	list = malloc(sizeof(*list) + n * sizeof(list->row[0]));
	if (list == NULL)
		return -ENOMEM;
	list->dir = dir;
	list->n = 0;
	TAILQ_FOREACH (sp, sps, link) {
		const struct sp_rt *rt = sp->rt;

		/* Policies on trial have no slot yet; any number will do, if each has its own. */
		list->row[list->n] =
			(struct match){ &sp->spec.sel, (rt != NULL ? rt->slot : list->n) + 1 };
		list->n++;
	}
	ret = build_one(s, list, 0, &ctx[0]);
	if (ret == 0)
		ret = build_one(s, list, 1, &ctx[1]);
	free(list);
	return ret;
}

static int
explain(int ret, struct err *err)
{
	if (ret == 0)
		return 0;
	return err_set(err, ret,
		ret == -ENOBUFS ? "the policies need more classifier memory than limits.acl_bytes" :
				  "the policies could not be compiled: no memory");
}

int
snap_check_policies(struct snap *s, const struct spd *spd, struct err *err)
{
	int ret = 0;

	for (unsigned int dir = DIR_IN; ret == 0 && dir <= DIR_OUT; dir++) {
		struct rte_acl_ctx *ctx[2] = { NULL, NULL };

		ret = build_dir(s, &spd->list[dir], dir, ctx);
		rte_acl_free(ctx[0]);
		rte_acl_free(ctx[1]);
	}
	return explain(ret, err);
}

static int
list_policies(struct snap *s, struct classifier *c)
{
	struct sp *sp;

	c->nsp = s->nslot;
	c->sp = calloc(s->nslot + 1, sizeof(struct sp_rt *));
	if (c->sp == NULL)
		return -ENOMEM;
	for (unsigned int dir = DIR_IN; dir <= DIR_OUT; dir++) {
		c->order[dir] = calloc(s->kd->spd.n + 1, sizeof(struct sp_rt *));
		if (c->order[dir] == NULL)
			return -ENOMEM;
		TAILQ_FOREACH (sp, &s->kd->spd.list[dir], link) {
			struct sp_rt *rt = sp->rt;

			c->order[dir][c->norder[dir]++] = rt;
			c->sp[rt->slot] = rt;
		}
	}
	return 0;
}

int
classifier_build(struct snap *s, struct classifier **out, struct err *err)
{
	struct classifier *c = calloc(1, sizeof(*c));
	int ret = -ENOMEM;

	if (c != NULL) {
		c->refs = 1;
		ret = list_policies(s, c);
	}
	for (unsigned int dir = DIR_IN; ret == 0 && dir <= DIR_OUT; dir++)
		ret = build_dir(s, &s->kd->spd.list[dir], dir, c->acl[dir]);
	if (ret == 0) {
		*out = c;
		return 0;
	}
	classifier_put(c);
	return explain(ret, err);
}

void
classifier_put(struct classifier *c)
{
	if (c == NULL || --c->refs > 0)
		return;
	for (unsigned int dir = DIR_IN; dir <= DIR_OUT; dir++) {
		rte_acl_free(c->acl[dir][0]);
		rte_acl_free(c->acl[dir][1]);
		free(c->order[dir]);
	}
	free(c->sp);
	free(c);
}
