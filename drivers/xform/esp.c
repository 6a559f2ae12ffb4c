/* SPDX-License-Identifier: BSD-2-Clause */
/* ESP, control side: check what is asked for and compute all that is constant for an SA. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/random.h>

#include <rte_byteorder.h>
#include <rte_malloc.h>

#include "base/secret.h"
#include "ipsec/tunnel.h"
#include "wire/ip.h"
#include "xform/esp_priv.h"
#include "xform/xform.h"

/*
 * A worker adds to sa->seq only when it saw a number below the limit, and then at most PVEC_MAX. So
 * the counter can pass the limit by this much and no more: with ESN it never wraps.
 */
#define SEQ_OVERSHOOT ((uint64_t)WORKER_MAX * PVEC_MAX)

static int
esp_sa_check(const struct sa_spec *spec, struct err *err)
{
	const struct alg *enc = spec->enc, *auth = spec->auth;

	if (spec->idx.mode == MODE_TRANSPORT)
		return err_set(
			err, -EOPNOTSUPP, "ESP transport mode is not supported yet: use tunnel");
	if (spec->natt.type != 0)
		return err_set(err, -EOPNOTSUPP, "UDP encapsulation of ESP is not supported yet");
	if (spec->idx.src.af != spec->idx.dst.af ||
		(spec->idx.src.af != AF_INET && spec->idx.src.af != AF_INET6))
		return err_set(err, -EINVAL, "tunnel end points must be of one address family");
	if (spec->window_pkts > SA_WINDOW_MAX)
		return err_set(err, -EINVAL, "anti-replay window larger than %u", SA_WINDOW_MAX);
	if (enc == NULL)
		return err_set(err, -EINVAL, "ESP needs an encryption algorithm");
	if (enc->block > ESP_BLK_MAX || enc->iv_len > 16 ||
		(enc->cls != ALG_CLASS_GCM && enc->cls != ALG_CLASS_CBC &&
			enc->cls != ALG_CLASS_NULL))
		return err_set(err, -EOPNOTSUPP, "ESP with %s is not supported yet", enc->name);
	if (enc->cls == ALG_CLASS_GCM)
		return spec->enckey.len > enc->salt_len ?
			0 :
			err_set(err, -EINVAL, "key of %s too short for its salt", enc->name);
	if (auth == NULL || auth->cls == ALG_CLASS_NULL || auth->icv_len < 4 ||
		auth->icv_len > ESP_ICV_MAX)
		return err_set(
			err, -EINVAL, "ESP with %s needs an authentication algorithm", enc->name);
	return 0;
}

/* SPI and address constants of the outer header; see tunnel_template4() for its checksum field. */
static void
make_template(struct sa_rt *sa, const struct sa_spec *spec)
{
	const struct addr *src = &spec->idx.src, *dst = &spec->idx.dst;
	unsigned int ip_len;

	sa->outer_af = src->af;
	memset(sa->hdr, 0, sizeof(sa->hdr));
	if (src->af == AF_INET) {
		ip_len = sizeof(struct ip4);
		tunnel_template4(sa->hdr, src->b, dst->b, IPPROTO_ESP);
	} else {
		ip_len = sizeof(struct ip6);
		tunnel_template6(sa->hdr, src->b, dst->b, IPPROTO_ESP);
	}
	sa->spi_be = rte_cpu_to_be_32(spec->spi);
	memcpy(sa->hdr + ip_len, &sa->spi_be, sizeof(sa->spi_be));
	sa->hdr_len = (uint8_t)(ip_len + ESP_HDR_LEN);
}

static void
esp_sa_fini(struct sa_rt *sa)
{
	rte_free(sa->rp);
	sa->rp = NULL;
	secret_wipe_mem(sa->salt, sizeof(sa->salt));
	secret_wipe_mem(&sa->iv_base, sizeof(sa->iv_base));
}

static int
esp_sa_init(
	struct sa_rt *sa, const struct sa_spec *spec, const struct knobs *knobs, struct err *err)
{
	const struct alg *enc = spec->enc;
	bool gcm;
	unsigned int tail;
	int rc = esp_sa_check(spec, err);

	(void)knobs; /* read per step, so that a change reaches SAs that exist */
	if (rc != 0)
		return rc;
	gcm = enc->cls == ALG_CLASS_GCM;
	sa->xf = &xform_esp;
	sa->proto = IPPROTO_ESP;
	sa->mode = MODE_TUNNEL;
	sa->reqid = spec->idx.reqid;
	sa->cls = (uint8_t)enc->cls;
	sa->iv_len = enc->iv_len;
	sa->icv_len = gcm ? enc->icv_len : spec->auth->icv_len;
	sa->esp_fixed = (uint8_t)(ESP_HDR_LEN + sa->iv_len + sa->icv_len);
	sa->blk = enc->block < 4 ? 4 : enc->block; /* RFC 4303 2.4: the trailer ends on 4 bytes */
	sa->esn = (spec->flags & SA_F_ESN) != 0;
	sa->auth = 1;
	tail = sa->blk - 1u + ESP_TRAILER_LEN + sa->icv_len + (sa->esn && !gcm ? 4u : 0u);
	sa->tail = (uint8_t)RTE_MAX(tail, ESP_PAD_STORE);
	make_template(sa, spec);
	atomic_init(&sa->seq, 0);
	sa->seq_limit = sa->esn ? UINT64_MAX - SEQ_OVERSHOOT : UINT32_MAX;
	rte_spinlock_init(&sa->lock);
	if (getrandom(&sa->iv_base, sizeof(sa->iv_base), 0) != (ssize_t)sizeof(sa->iv_base))
		return err_set(err, -EIO, "no random bytes from the kernel");
	if (gcm)
		memcpy(sa->salt, spec->enckey.b + spec->enckey.len - enc->salt_len, enc->salt_len);
	sa->rp = NULL;
	/* ESN needs the highest number seen even when nothing is refused (RFC 4303 A2). */
	if (spec->window_pkts == 0 && !sa->esn)
		return 0;
	sa->rp = rte_zmalloc("replay", replay_size(spec->window_pkts), RTE_CACHE_LINE_SIZE);
	if (sa->rp == NULL) {
		esp_sa_fini(sa);
		return err_set(err, -ENOMEM, "no memory for an anti-replay window of %u packets",
			spec->window_pkts);
	}
	replay_init(sa->rp, spec->window_pkts);
	return 0;
}

const struct xform_ops xform_esp = {
	.name = "esp",
	.sa_check = esp_sa_check,
	.sa_init = esp_sa_init,
	.sa_fini = esp_sa_fini,
	.out_begin = esp_out_begin,
	.out_end = esp_out_end,
	.in_begin = esp_in_begin,
	.in_end = esp_in_end,
};
