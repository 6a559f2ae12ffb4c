/* SPDX-License-Identifier: BSD-2-Clause */
/* AH, control side: check what is asked for and compute all that is constant for an SA. */
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include <rte_byteorder.h>

#include "base/secret.h"
#include "xform/ah_priv.h"
#include "xform/seq.h"
#include "xform/xform.h"

static int
check_algorithm(const struct sa_spec *spec, struct err *err)
{
	const struct alg *auth = spec->auth;

	if (spec->enc != NULL)
		return err_set(
			err, -EINVAL, "AH does not encrypt: no place for %s", spec->enc->name);
	if (auth == NULL)
		return err_set(err, -EINVAL, "AH needs an authentication algorithm");
	if (auth->kind != ALG_AUTH || auth->code == ALG_TCP_MD5 ||
		auth->cls == ALG_CLASS_UNSUPPORTED)
		return err_set(err, -EOPNOTSUPP, "%s is no algorithm for AH", auth->name);
	if (auth->icv_len == 0 || auth->icv_len > AH_ICV_MAX || auth->icv_len % 4 != 0)
		return err_set(err, -EOPNOTSUPP, "AH with %s has an ICV of %u bytes", auth->name,
			auth->icv_len);
	if (spec->authkey.len < auth->salt_len || auth->salt_len > 4)
		return err_set(err, -EINVAL, "key of %s too short for its salt", auth->name);
	return 0;
}

static int
ah_sa_check(const struct sa_spec *spec, struct err *err)
{
	const int rc = wrap_sa_check(spec, err);

	if (rc != 0)
		return rc;
	if ((spec->flags & SA_F_OLD) && ((spec->flags & SA_F_ESN) || spec->window_pkts > 0))
		return err_set(err, -EINVAL, "ah-old has no sequence numbers (RFC 1826)");
	return check_algorithm(spec, err);
}

static void
ah_sa_fini(struct sa_rt *sa)
{
	seq_sa_fini(sa);
	secret_wipe_mem(sa->salt, sizeof(sa->salt));
}

static int
ah_sa_init(struct sa_rt *sa, const struct sa_spec *spec, const struct knobs *knobs, struct err *err)
{
	const struct alg *auth = spec->auth;
	int rc = ah_sa_check(spec, err);

	(void)knobs; /* read per step, so that a change reaches SAs that exist */
	if (rc != 0)
		return rc;
	sa->xf = &xform_ah;
	sa->proto = IPPROTO_AH;
	sa->opts = 0;
	wrap_sa_init(sa, spec);
	sa->opts |= spec->flags & SA_F_OLD ? SA_RT_OLD : 0;
	sa->opts |= spec->flags & SA_F_ALIGN8 ? SA_RT_ALIGN8 : 0;
	sa->spi_be = rte_cpu_to_be_32(spec->spi);
	sa->cls = ALG_CLASS_NULL; /* nothing is encrypted */
	sa->auth = auth->cls != ALG_CLASS_NULL;
	sa->iv_len = auth->code == ALG_AES_GMAC_AUTH ? AH_GMAC_IV : 0;
	sa->icv_len = auth->icv_len;
	sa->blk = sa->outer_af == AF_INET6 || (sa->opts & SA_RT_ALIGN8) ? 8 : 4;
	sa->esp_fixed =
		(uint8_t)ah_len(ah_fixed(sa), (unsigned int)sa->iv_len + sa->icv_len, sa->blk);
	sa->hdr_len = (uint8_t)(sa->outer_len + sa->esp_fixed);
	if (auth->salt_len > 0)
		memcpy(sa->salt, spec->authkey.b + spec->authkey.len - auth->salt_len,
			sizeof(sa->salt));
	rc = seq_sa_init(sa, spec, err);
	sa->tail = sa->esn ? 4 : 0;
	if (sa->opts & SA_RT_OLD) /* nothing to run out of */
		sa->seq_limit = UINT64_MAX / 2;
	if (rc != 0)
		ah_sa_fini(sa);
	return rc;
}

const struct xform_ops xform_ah = {
	.name = "ah",
	.sa_check = ah_sa_check,
	.sa_init = ah_sa_init,
	.sa_fini = ah_sa_fini,
	.out_begin = ah_out_begin,
	.out_end = ah_out_end,
	.in_begin = ah_in_begin,
	.in_end = ah_in_end,
};
