/* SPDX-License-Identifier: BSD-2-Clause */
#include "ipsec/sad.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

void
sa_spec_wipe(struct sa_spec *spec)
{
	secret_wipe(&spec->enckey);
	secret_wipe(&spec->authkey);
}

static int
key_check(const struct alg *a, const struct secret *key, struct err *err)
{
	unsigned int bits = key->len * 8u;

	if (alg_key_ok(a, bits))
		return 0;
	if (a->key_step_bits == 64)
		return err_set(err, -EINVAL, "%s takes keys of %u, %u or %u bits, not %u", a->name,
			a->key_min_bits, a->key_min_bits + 64u, a->key_max_bits, bits);
	if (a->key_min_bits != a->key_max_bits)
		return err_set(err, -EINVAL, "%s takes keys of %u to %u bits, not %u", a->name,
			a->key_min_bits, a->key_max_bits, bits);
	return err_set(
		err, -EINVAL, "%s takes a key of %u bits, not %u", a->name, a->key_min_bits, bits);
}

static int
esp_check(const struct sa_spec *s, struct err *err)
{
	int ret;

	if (s->enc == NULL)
		return err_set(err, -EINVAL, "esp needs an encryption algorithm (-E)");
	ret = key_check(s->enc, &s->enckey, err);
	if (ret != 0)
		return ret;
	if (s->auth == NULL)
		return 0;
	if (alg_is_aead(s->enc))
		return err_set(err, -EINVAL, "%s authenticates itself: leave out -A", s->enc->name);
	/* GMAC has an encryption name for ESP (RFC 4543 3); keyed hashes were only ever AH's. */
	if (s->auth->code == ALG_AES_GMAC_AUTH)
		return err_set(err, -EINVAL, "esp takes aes-gmac as its encryption algorithm (-E)");
	if (s->auth->code == ALG_KEYED_MD5 || s->auth->code == ALG_KEYED_SHA1 ||
		s->auth->code == ALG_TCP_MD5)
		return err_set(err, -EINVAL, "%s is not for esp", s->auth->name);
	return key_check(s->auth, &s->authkey, err);
}

static int
ah_check(const struct sa_spec *s, struct err *err)
{
	if (s->enc != NULL)
		return err_set(err, -EINVAL, "ah does not encrypt: leave out -E");
	if (s->auth == NULL)
		return err_set(err, -EINVAL, "ah needs an authentication algorithm (-A)");
	if (s->auth->code == ALG_TCP_MD5)
		return err_set(err, -EINVAL, "%s is not for ah", s->auth->name);
	return key_check(s->auth, &s->authkey, err);
}

/*
 * ESP with neither encryption nor integrity is forbidden (RFC 4303 3.2). It is one of these and not refused
 * for good, because NetBSD takes it, and its tests of ipsec(4) are made of it.
 */
const char *
sa_spec_legacy(const struct sa_spec *s)
{
	if (s->enc != NULL && s->enc->legacy)
		return s->enc->name;
	if (s->auth != NULL && s->auth->cls == ALG_CLASS_NULL)
		return "null authentication";
	if (s->auth != NULL && s->auth->legacy)
		return s->auth->name;
	if (s->idx.proto == IPPROTO_ESP && s->auth == NULL && s->enc != NULL &&
		!alg_is_aead(s->enc))
		return "esp without authentication";
	return NULL;
}

static int
ipcomp_check(const struct sa_spec *s, struct err *err)
{
	if (s->comp == NULL || s->enc != NULL || s->auth != NULL)
		return err_set(
			err, -EINVAL, "ipcomp takes a compression algorithm (-C) and no key");
	if ((s->flags & SA_F_RAWCPI) == 0 && s->spi > UINT16_MAX)
		return err_set(err, -EINVAL, "a CPI has 16 bits: %u is too large", s->spi);
	return 0;
}

int
sa_spec_check(const struct sa_spec *s, struct err *err)
{
	if (addr_len(&s->idx.src) == 0 || s->idx.src.af != s->idx.dst.af)
		return err_set(err, -EINVAL, "source and destination are of different families");
	if (addr_is_any(&s->idx.src) || addr_is_any(&s->idx.dst) || addr_is_multicast(&s->idx.src))
		return err_set(err, -EINVAL, "source and destination must be host addresses");
	if (s->idx.mode > MODE_TUNNEL)
		return err_set(err, -EINVAL, "unknown mode %u", s->idx.mode);
	if (s->window_pkts > SA_WINDOW_MAX)
		return err_set(err, -EINVAL, "window of %u packets: the largest is %u",
			s->window_pkts, SA_WINDOW_MAX);
	/* RFC 4303 2.1: 0 is local, 1 to 255 are reserved. */
	if (s->idx.proto != IPPROTO_IPCOMP && s->spi <= 255)
		return err_set(err, -EINVAL, "SPI %u is reserved, the smallest is 256", s->spi);
	switch (s->idx.proto) {
	case IPPROTO_ESP:
		return esp_check(s, err);
	case IPPROTO_AH:
		return ah_check(s, err);
	case IPPROTO_IPCOMP:
		return ipcomp_check(s, err);
	default:
		return err_set(err, -EINVAL, "protocol %u is not esp, ah or ipcomp", s->idx.proto);
	}
}

/* FNV-1a: the control thread's own tables; keys come from root, so no secret seed is needed. */
static uint32_t
hash(uint32_t h, const void *data, size_t n)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 16777619u;
	return h;
}

static struct sa_bucket *
spi_bucket(struct sad *sad, uint32_t spi, uint8_t proto, const struct addr *dst)
{
	uint32_t h = hash(hash(2166136261u ^ proto, &spi, sizeof(spi)), dst->b, sizeof(dst->b));

	return &sad->by_spi[h & (SAD_BUCKETS - 1)];
}

static struct sa_bucket *
addr_bucket(struct sad *sad, uint8_t proto, const struct addr *src, const struct addr *dst)
{
	uint32_t h =
		hash(hash(2166136261u ^ proto, src->b, sizeof(src->b)), dst->b, sizeof(dst->b));

	return &sad->by_addr[h & (SAD_BUCKETS - 1)];
}

int
sad_init(struct sad *sad)
{
	*sad = (struct sad){ .next_order = 1 };
	TAILQ_INIT(&sad->all);
	sad->by_spi = calloc(SAD_BUCKETS, sizeof(*sad->by_spi));
	sad->by_addr = calloc(SAD_BUCKETS, sizeof(*sad->by_addr));
	if (sad->by_spi == NULL || sad->by_addr == NULL) {
		sad_fini(sad);
		return -ENOMEM;
	}
	return 0;
}

void
sad_fini(struct sad *sad)
{
	struct sa *sa;

	while ((sa = TAILQ_FIRST(&sad->all)) != NULL) {
		sad_unlink(sad, sa);
		sa_free(sad, sa);
	}
	free(sad->by_spi);
	free(sad->by_addr);
	sad->by_spi = NULL;
	sad->by_addr = NULL;
}

void
sad_link(struct sad *sad, struct sa *sa)
{
	const struct saidx *idx = &sa->spec.idx;

	TAILQ_INSERT_TAIL(&sad->all, sa, link);
	LIST_INSERT_HEAD(spi_bucket(sad, sa->spec.spi, idx->proto, &idx->dst), sa, by_spi);
	LIST_INSERT_HEAD(addr_bucket(sad, idx->proto, &idx->src, &idx->dst), sa, by_addr);
	sad->n++;
}

int
sad_add(struct sad *sad, const struct sa_spec *spec, uint64_t now_s, struct sa **out)
{
	struct sa *sa;

	if (sad_find_same(sad, spec) != NULL)
		return -EEXIST;
	sa = calloc(1, sizeof(*sa));
	if (sa == NULL)
		return -ENOMEM;
	sa->spec = *spec;
	sa->state = SA_MATURE;
	sa->created_s = now_s;
	sa->order = sad->next_order++;
	sad_link(sad, sa);
	sad->created++;
	*out = sa;
	return 0;
}

void
sad_unlink(struct sad *sad, struct sa *sa)
{
	TAILQ_REMOVE(&sad->all, sa, link);
	LIST_REMOVE(sa, by_spi);
	LIST_REMOVE(sa, by_addr);
	sad->n--;
}

void
sa_free(struct sad *sad, struct sa *sa)
{
	sa_spec_wipe(&sa->spec);
	sad->destroyed++;
	free(sa);
}

struct sa *
sad_find(struct sad *sad, uint32_t spi, uint8_t proto, const struct addr *dst)
{
	struct sa *sa;

	LIST_FOREACH (sa, spi_bucket(sad, spi, proto, dst), by_spi) {
		if (sa->spec.spi == spi && sa->spec.idx.proto == proto &&
			addr_eq(&sa->spec.idx.dst, dst) &&
			(dst->port_be == 0 || dst->port_be == sa_spec_port(&sa->spec)))
			return sa;
	}
	return NULL;
}

uint16_t
sa_spec_port(const struct sa_spec *spec)
{
	return spec->natt.type != 0 ? spec->idx.dst.port_be : 0;
}

struct sa *
sad_find_same(struct sad *sad, const struct sa_spec *spec)
{
	const struct saidx *idx = &spec->idx;
	struct sa *sa;

	LIST_FOREACH (sa, spi_bucket(sad, spec->spi, idx->proto, &idx->dst), by_spi) {
		if (sa->spec.spi == spec->spi && sa->spec.idx.proto == idx->proto &&
			addr_eq(&sa->spec.idx.dst, &idx->dst) &&
			sa_spec_port(&sa->spec) == sa_spec_port(spec))
			return sa;
	}
	return NULL;
}

static bool
is_between(const struct sa *sa, uint8_t proto, const struct addr *src, const struct addr *dst)
{
	const struct saidx *idx = &sa->spec.idx;

	return idx->proto == proto && addr_eq(&idx->src, src) && addr_eq(&idx->dst, dst);
}

struct sa *
sad_next_between(struct sad *sad, const struct saidx *idx, struct sa *prev)
{
	struct sa *sa = prev != NULL ?
		LIST_NEXT(prev, by_addr) :
		LIST_FIRST(addr_bucket(sad, idx->proto, &idx->src, &idx->dst));

	while (sa != NULL && !is_between(sa, idx->proto, &idx->src, &idx->dst))
		sa = LIST_NEXT(sa, by_addr);
	return sa;
}

static bool
port_fits(const struct addr *asked, const struct addr *has)
{
	return asked->port_be == 0 || asked->port_be == has->port_be;
}

/* True when a serves better than b: MATURE before DYING, then by age. */
static bool
better(const struct sa *a, const struct sa *b, bool prefer_old)
{
	if (b == NULL)
		return true;
	if (prefer_old)
		return a->order < b->order;
	if (a->state != b->state)
		return a->state == SA_MATURE;
	return a->order > b->order;
}

struct sa *
sad_choose(struct sad *sad, const struct sp_req *req, const struct addr *src,
	const struct addr *dst, bool prefer_old)
{
	struct sa *best = NULL;
	struct sa *sa;

	LIST_FOREACH (sa, addr_bucket(sad, req->proto, src, dst), by_addr) {
		const struct saidx *idx = &sa->spec.idx;

		if (sa->state != SA_MATURE && sa->state != SA_DYING)
			continue;
		if (!is_between(sa, req->proto, src, dst) || !port_fits(src, &idx->src) ||
			!port_fits(dst, &idx->dst))
			continue;
		if (idx->mode != MODE_ANY && idx->mode != req->mode)
			continue;
		if (req->reqid != 0 && idx->reqid != req->reqid)
			continue;
		if (better(sa, best, prefer_old))
			best = sa;
	}
	return best;
}
