/* SPDX-License-Identifier: BSD-2-Clause */
#include "pkt/pkt.h"

#include <string.h>

#include <rte_errno.h>
#include <rte_mempool.h>

/*
 * Some drivers (net_pcap) do not attach unless they can have a field for rx timestamps, and there is no
 * room for it beside ours. So the end of the metadata is registered as that field: a driver writes it
 * before we see the packet, and from then on all 32 bytes are ours.
 */
int
pkt_init(void)
{
	static const struct rte_mbuf_dynfield stamp = {
		.name = RTE_MBUF_DYNFIELD_TIMESTAMP_NAME,
		.size = sizeof(rte_mbuf_timestamp_t),
		.align = __alignof__(rte_mbuf_timestamp_t),
	};
	static const struct rte_mbuf_dynfield desc = {
		.name = "ipsecgw_pkt_meta",
		.size = sizeof(struct pkt_meta) - sizeof(rte_mbuf_timestamp_t),
		.align = 8,
	};
	const int stamp_off = PKT_META_OFF + (int)desc.size;

	if (rte_mbuf_dynfield_register_offset(&desc, PKT_META_OFF) == PKT_META_OFF &&
		rte_mbuf_dynfield_register_offset(&stamp, (size_t)stamp_off) == stamp_off)
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
