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

static void
make_rule(struct rule6 *r, const struct sp_rt *sp, unsigned int position)
{
	const struct selector *sel = &sp->sel;
	const unsigned int n = sel->src.af == AF_INET ? 1 : 4;

	memset(r, 0, sizeof(*r));
	r->data.category_mask = 1;
	r->data.priority = (int32_t)(RTE_ACL_MAX_PRIORITY - position);
	r->data.userdata = sp->slot + 1;
	r->field[0].value.u8 = sel->proto;
	r->field[0].mask_range.u8 = sel->proto == ULPROTO_ANY ? 0 : UINT8_MAX;
	put_addr(&r->field[1], &sel->src, n);
	put_addr(&r->field[1 + n], &sel->dst, n);
	put_port(&r->field[1 + 2 * n], sel->src.port_be);
	put_port(&r->field[2 + 2 * n], sel->dst.port_be);
}

static int
add_rules(struct rte_acl_ctx *ctx, const struct classifier *c, unsigned int dir, uint8_t af)
{
	struct rule6 rule;
	int ret = 0;

	for (uint32_t i = 0; i < c->norder[dir] && ret == 0; i++) {
		if (c->order[dir][i]->sel.src.af != af)
			continue;
		make_rule(&rule, c->order[dir][i], i);
		/* The context knows the size of its own rules: an IPv4 rule is the head of this one. */
		ret = rte_acl_add_rules(ctx, (const struct rte_acl_rule *)&rule, 1);
	}
	return ret;
}

static int
build_one(struct snap *s, struct classifier *c, unsigned int dir, unsigned int v6)
{
	const uint8_t af = v6 ? AF_INET6 : AF_INET;
	struct rte_acl_config cfg = { .num_categories = 1, .max_size = s->conf.max_acl_bytes };
	struct rte_acl_param param = { .socket_id = s->conf.socket };
	char name[32];
	uint32_t n = 0;
	int ret;

	for (uint32_t i = 0; i < c->norder[dir]; i++)
		n += c->order[dir][i]->sel.src.af == af;
	if (n == 0)
		return 0;
	cfg.num_fields = v6 ? NFIELD6 : NFIELD4;
	memcpy(cfg.defs, v6 ? fields6 : fields4, cfg.num_fields * sizeof(cfg.defs[0]));
	(void)snprintf(name, sizeof(name), "acl%u",
		s->nacl++); /* a name in use would give us that context */
	param.name = name;
	param.rule_size = RTE_ACL_RULE_SZ(cfg.num_fields);
	param.max_rule_num = n;
	c->acl[dir][v6] = rte_acl_create(&param);
	if (c->acl[dir][v6] == NULL)
		return -ENOMEM;
	ret = add_rules(c->acl[dir][v6], c, dir, af);
	if (ret == 0)
		ret = rte_acl_build(c->acl[dir][v6], &cfg);
	return ret == -ERANGE ? -ENOBUFS : ret;
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
	for (unsigned int dir = DIR_IN; ret == 0 && dir <= DIR_OUT; dir++) {
		ret = build_one(s, c, dir, 0);
		if (ret == 0)
			ret = build_one(s, c, dir, 1);
	}
	if (ret == 0) {
		*out = c;
		return 0;
	}
	classifier_put(c);
	return err_set(err, ret,
		ret == -ENOBUFS ? "the policies need more classifier memory than limits.acl_bytes" :
				  "the policies could not be compiled: no memory");
}

bool
classifier_is_current(const struct snap *s)
{
	const struct classifier *c = s->cls;
	const struct sp *sp;

	for (unsigned int dir = DIR_IN; dir <= DIR_OUT; dir++) {
		uint32_t i = 0;

		TAILQ_FOREACH (sp, &s->kd->spd.list[dir], link) {
			if (i == c->norder[dir] || c->order[dir][i++] != sp->rt)
				return false;
		}
		if (i != c->norder[dir])
			return false;
	}
	return true;
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
