/* SPDX-License-Identifier: BSD-2-Clause */
#include "pkt/pkt.h"

#include <string.h>

#include <rte_errno.h>
#include <rte_mempool.h>

int
pkt_init(void)
{
	static const struct rte_mbuf_dynfield desc = {
		.name = "ipsecgw_pkt_meta",
		.size = sizeof(struct pkt_meta),
		.align = 8,
	};
	int off = rte_mbuf_dynfield_register_offset(&desc, PKT_META_OFF);

	if (off == PKT_META_OFF)
		return 0;
	return rte_errno != 0 ? -rte_errno : -EBUSY;
}

/* A crypto op that lives in its mbuf: no pool to return to, and its IOVA is known once and for all. */
static void
init_op(struct rte_mempool *pool, void *arg, void *obj, unsigned int idx)
{
	struct rte_mbuf *m = obj;
	struct pkt_priv *priv = pkt_priv(m);

	(void)pool;
	(void)arg;
	(void)idx;
	memset(priv, 0, sizeof(*priv));
	priv->op.type = RTE_CRYPTO_OP_TYPE_SYMMETRIC;
	priv->op.status = RTE_CRYPTO_OP_STATUS_NOT_PROCESSED;
	priv->op.sess_type = RTE_CRYPTO_OP_WITH_SESSION;
	priv->op.phys_addr = rte_mempool_virt2iova(m) + sizeof(*m);
	priv->sym.m_src = m;
}

struct rte_mempool *
pkt_pool_create(const char *name, unsigned int n, uint16_t data_room, int socket)
{
	/* A cache may hold two thirds of a pool at most; a quarter leaves some for other cores. */
	const unsigned int cache = n / 4 < 256 ? n / 4 : 256;
	struct rte_mempool *pool = rte_pktmbuf_pool_create(name, n, cache,
		RTE_ALIGN(sizeof(struct pkt_priv), RTE_MBUF_PRIV_ALIGN), data_room, socket);

	if (pool != NULL)
		rte_mempool_obj_iter(pool, init_op, NULL);
	return pool;
}
