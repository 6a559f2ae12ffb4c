/* SPDX-License-Identifier: BSD-2-Clause */
/* ESP, control side: check what is asked for and compute all that is constant for an SA. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <rte_byteorder.h>

#include "base/secret.h"
#include "xform/esp_priv.h"
#include "xform/seq.h"
#include "xform/xform.h"

/* A nonce needs eight bytes of IV: what is not in the packet is implicit (RFC 8750). */
static bool
is_iiv(const struct alg *enc)
{
	return enc->iv_len == 0 &&
		(enc->cls == ALG_CLASS_GCM || enc->cls == ALG_CLASS_CCM ||
			enc->cls == ALG_CLASS_CHACHA);
}

static bool
has_integrity(const struct sa_spec *spec)
{
	return alg_is_aead(spec->enc) || (spec->auth != NULL && spec->auth->cls != ALG_CLASS_NULL);
}

/* What the construction needs: the engine decides later whether it has the algorithm. */
static int
check_cipher(const struct alg *enc, struct err *err)
{
	unsigned int salt = 0, iv = 8;

	switch (enc->cls) {
	case ALG_CLASS_NULL:
		iv = 0;
		break;
	case ALG_CLASS_CBC:
		iv = enc->iv_len == 16 ? 16 : 8;
		break;
	case ALG_CLASS_CCM:
		salt = 3;
		break;
	case ALG_CLASS_GCM:
	case ALG_CLASS_CTR:
	case ALG_CLASS_CHACHA:
	case ALG_CLASS_GMAC:
		salt = 4;
		break;
	default:
		return err_set(err, -EOPNOTSUPP, "ESP with %s is not supported", enc->name);
	}
	if (is_iiv(enc))
		iv = 0;
	if (enc->block > ESP_BLK_MAX || enc->iv_len != iv || enc->salt_len != salt ||
		enc->icv_len > ESP_ICV_MAX)
		return err_set(err, -EOPNOTSUPP, "ESP cannot carry %s", enc->name);
	return 0;
}

static int
esp_sa_check(const struct sa_spec *spec, struct err *err)
{
	const struct alg *enc = spec->enc, *auth = spec->auth;
	int rc = wrap_sa_check(spec, err);

	if (rc != 0)
		return rc;
	if (enc == NULL)
		return err_set(err, -EINVAL, "ESP needs an encryption algorithm");
	rc = check_cipher(enc, err);
	if (rc != 0)
		return rc;
	if (enc->salt_len > 0 && spec->enckey.len <= enc->salt_len)
		return err_set(err, -EINVAL, "key of %s too short for its salt", enc->name);
	if (alg_is_aead(enc) && auth != NULL)
		return err_set(err, -EINVAL, "%s takes no authentication algorithm", enc->name);
	if (auth != NULL && (auth->icv_len < 4 || auth->icv_len > ESP_ICV_MAX))
		return err_set(err, -EINVAL, "%s does not authenticate ESP", auth->name);
	if ((spec->flags & SA_F_ESN) != 0 && !has_integrity(spec))
		return err_set(
			err, -EINVAL, "extended sequence numbers need an authentication algorithm");
	if ((spec->flags & SA_F_OLD) != 0)
		return err_set(err, -EOPNOTSUPP, "ESP of RFC 1827 is not supported");
	if ((spec->flags & SA_F_PAD_MASK) == SA_F_PAD_MASK)
		return err_set(err, -EINVAL, "padding is sequential, random or zero");
	return 0;
}

static uint16_t
make_opts(const struct sa_spec *spec)
{
	uint16_t opts = is_iiv(spec->enc) ? SA_RT_IIV : 0;

	if ((spec->flags & SA_F_PAD_MASK) == SA_F_PAD_RAND)
		opts |= SA_RT_PAD_RAND;
	if ((spec->flags & SA_F_PAD_MASK) == SA_F_PAD_ZERO)
		opts |= SA_RT_PAD_ZERO;
	return opts;
}

static void
esp_sa_fini(struct sa_rt *sa)
{
	seq_sa_fini(sa);
	secret_wipe_mem(sa->salt, sizeof(sa->salt));
}

/* Lengths that every packet of the SA has in common. */
static void
make_lengths(struct sa_rt *sa, const struct sa_spec *spec)
{
	const struct alg *enc = spec->enc;
	unsigned int tail;

	sa->iv_len = enc->iv_len;
	sa->icv_len = enc->icv_len;
	if (!alg_is_aead(enc))
		sa->icv_len = spec->auth != NULL ? spec->auth->icv_len : 0;
	sa->esp_fixed = (uint8_t)(ESP_HDR_LEN + sa->iv_len + sa->icv_len);
	sa->blk = enc->block < 4 ? 4 : enc->block; /* RFC 4303 2.4: the trailer ends on 4 bytes */
	/* Only CBC depends on whole blocks; others pad CTR to 4 bytes (RFC 3686 3.1). */
	sa->len_mask = enc->cls == ALG_CLASS_CBC ? (uint8_t)(sa->blk - 1u) : 3;
	tail = sa->blk - 1u + ESP_TRAILER_LEN + sa->icv_len;
	tail += (spec->flags & SA_F_ESN) != 0 && !alg_is_aead(enc) ? 4u : 0u;
	sa->tail = (uint8_t)RTE_MAX(tail, ESP_PAD_STORE);
}

static int
esp_sa_init(
	struct sa_rt *sa, const struct sa_spec *spec, const struct knobs *knobs, struct err *err)
{
	const struct alg *enc = spec->enc;
	int rc = esp_sa_check(spec, err);

	(void)knobs; /* read per step, so that a change reaches SAs that exist */
	if (rc != 0)
		return rc;
	sa->xf = &xform_esp;
	sa->proto = IPPROTO_ESP;
	sa->cls = (uint8_t)enc->cls;
	sa->opts = make_opts(spec);
	sa->auth = has_integrity(spec);
	make_lengths(sa, spec);
	wrap_sa_init(sa, spec);
	sa->spi_be = rte_cpu_to_be_32(spec->spi);
	memcpy(sa->hdr + sa->outer_len, &sa->spi_be, sizeof(sa->spi_be));
	sa->hdr_len = (uint8_t)(sa->outer_len + ESP_HDR_LEN);
	if (enc->salt_len > 0)
		memcpy(sa->salt, spec->enckey.b + spec->enckey.len - enc->salt_len, enc->salt_len);
	rc = seq_sa_init(sa, spec, err);
	if (rc != 0)
		esp_sa_fini(sa);
	return rc;
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
