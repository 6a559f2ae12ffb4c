/* SPDX-License-Identifier: BSD-2-Clause */
/* DEFLATE for packets: operations, buffers, verdicts. */
/* rte_compressdev is experimental as a whole. */
#define ALLOW_EXPERIMENTAL_API
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_malloc.h>
#include <rte_memory.h>

#include "crypto/comp_priv.h"

/*
 * A device writes into another buffer than it reads from. What it wrote is copied back where it fits, and
 * where it does not (an inflated packet may be larger than any that a port receives) the buffers change
 * places. Buffers are of COMP_ROOM bytes, so that a packet that would become larger is refused by the
 * device: nobody can make us inflate more.
 *
 * A stream that was cut off is no error to compress_zlib: it says success and gives what it has. So the device
 * gets one byte more than the packet has. It leaves it alone when the stream ends where the packet does.
 */

void
comp_note(struct lane *lane, struct comp_lane *cl, enum comp_left why)
{
	cl->left[why]++;
	lane->comp_short += why == COMP_MINLEN;
	lane->comp_useless += why == COMP_USELESS;
}

void
comp_left_sum(const struct comp *c, uint64_t left[COMP_LEFT_MAX])
{
	memset(left, 0, COMP_LEFT_MAX * sizeof(*left));
	for (unsigned int w = 0; w < c->nworkers; w++) {
		const struct comp_lane *cl = c->lane[w];

		for (unsigned int i = 0; cl != NULL && i < COMP_LEFT_MAX; i++)
			left[i] += __atomic_load_n(&cl->left[i], __ATOMIC_RELAXED);
	}
}

uint32_t
comp_inflight(const struct comp_lane *cl)
{
	return cl != NULL ? cl->inflight : 0;
}

/* ---- one packet ---- */

static inline bool
is_out(struct rte_mbuf *m)
{
	return (pkt_meta(m)->flags & PKT_F_OUT) != 0;
}

/* The byte behind the packet may be padding of the frame, or not be there yet. */
static void
lend_byte(struct rte_mbuf *m, struct rte_comp_op *op)
{
	op->src.length++;
	if (op->src.offset + op->src.length <= m->data_len)
		return;
	*rte_pktmbuf_mtod_offset(m, uint8_t *, m->data_len) = 0;
	m->data_len++; /* wrap_in() sets it anew */
	m->pkt_len++;
}

/* Fill everything: some drivers add to consumed and produced instead of setting them. */
static void
fill_op(const struct comp_lane *cl, struct rte_comp_op *op, struct rte_mbuf *m,
	const struct cop *cop)
{
	const bool out = is_out(m);
	struct rte_mbuf *copy = op->m_dst;
	uint32_t room;

	op->op_type = RTE_COMP_OP_STATELESS;
	op->private_xform = cl->xf[out];
	op->m_src = m;
	op->src.offset = (uint32_t)(cop->text - rte_pktmbuf_mtod(m, uint8_t *));
	op->src.length = cop->text_len;
	op->dst.offset = out ? 0 : op->src.offset;
	op->flush_flag = RTE_COMP_FLUSH_FINAL;
	op->consumed = op->produced = 0;
	op->input_chksum = op->output_chksum = 0;
	op->status = RTE_COMP_OP_STATUS_NOT_PROCESSED;
	if (!out) {
		copy->data_off = m->data_off;
		lend_byte(m, op);
	}
	room = (uint32_t)copy->buf_len - copy->data_off;
	/* What is not shorter with its header is of no use (RFC 3173 2.2). */
	if (out && room >= cop->text_len - IPCOMP_HDR_LEN)
		room = cop->text_len - IPCOMP_HDR_LEN - 1;
	copy->data_len = (uint16_t)RTE_MIN(room, UINT16_MAX);
	copy->pkt_len = copy->data_len;
}

/*
 * An inflated packet begins where the packet does, so that both buffers have the same room in front. Long
 * extension headers can push it further back in a large buffer than ours goes: without this, the room
 * left would be less than nothing. There must be a byte to lend, too.
 */
static bool
has_place(struct rte_mbuf *m, const struct cop *cop)
{
	const size_t at = (size_t)(cop->text - (const uint8_t *)m->buf_addr);

	return at < COMP_ROOM && rte_pktmbuf_tailroom(m) > 0;
}

static inline void
free_op(struct comp_lane *cl, struct rte_comp_op *op)
{
	cl->free[cl->nfree++] = op;
}

/* @return an operation with a buffer for its result, or NULL */
static struct rte_comp_op *
take_op(struct comp_lane *cl)
{
	struct rte_comp_op *op;

	if (cl->nfree == 0)
		return NULL;
	op = cl->free[cl->nfree - 1];
	op->m_dst = rte_pktmbuf_alloc(cl->c->pool);
	if (op->m_dst == NULL)
		return NULL;
	cl->nfree--;
	return op;
}

/* The result becomes the packet, with everything that is known of it. @return the new mbuf */
static struct rte_mbuf *
swap(struct rte_mbuf *m, const struct rte_comp_op *op)
{
	struct rte_mbuf *copy = op->m_dst;

	memcpy(rte_pktmbuf_mtod(copy, uint8_t *), rte_pktmbuf_mtod(m, uint8_t *), op->src.offset);
	*pkt_meta(copy) = *pkt_meta(m);
	memcpy(pkt_priv(copy)->history, pkt_priv(m)->history, sizeof(pkt_priv(m)->history));
	copy->port = m->port;
	copy->data_len = (uint16_t)(op->src.offset + op->produced);
	copy->pkt_len = copy->data_len;
	rte_pktmbuf_free(m);
	return copy;
}

static enum drop_reason
in_verdict(const struct rte_comp_op *op)
{
	switch (op->status) {
	case RTE_COMP_OP_STATUS_SUCCESS:
		/* Bytes behind the end of the stream are no part of any packet. */
		if (op->produced == 0 || op->consumed != op->src.length - 1)
			return DROP_COMP_DATA;
		return op->dst.offset + op->produced > UINT16_MAX ? DROP_COMP_TOO_BIG : DROP_MAX;
	case RTE_COMP_OP_STATUS_OUT_OF_SPACE_TERMINATED:
	case RTE_COMP_OP_STATUS_OUT_OF_SPACE_RECOVERABLE:
		return DROP_COMP_TOO_BIG;
	case RTE_COMP_OP_STATUS_ERROR:
		return DROP_COMP_DATA;
	default:
		return DROP_CRYPTO_ERROR;
	}
}

static void
finish_out(
	struct lane *lane, struct comp_lane *cl, struct rte_mbuf *m, const struct rte_comp_op *op)
{
	struct pkt_priv *priv = pkt_priv(m);

	priv->comp_len = 0;
	if (op->status == RTE_COMP_OP_STATUS_SUCCESS && op->consumed == op->src.length &&
		op->produced > 0 && op->produced + IPCOMP_HDR_LEN < op->src.length) {
		memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, op->src.offset),
			rte_pktmbuf_mtod(op->m_dst, uint8_t *), op->produced);
		priv->comp_len = (uint16_t)op->produced;
		return;
	}
	/* Random data does not shrink; an engine in trouble says so, and the packet is lost. */
	if (op->status == RTE_COMP_OP_STATUS_SUCCESS ||
		op->status == RTE_COMP_OP_STATUS_OUT_OF_SPACE_TERMINATED ||
		op->status == RTE_COMP_OP_STATUS_OUT_OF_SPACE_RECOVERABLE)
		comp_note(lane, cl, COMP_USELESS);
	else
		priv->comp_why = DROP_CRYPTO_ERROR;
}

/* Take the result of an operation and give it back. @return the packet */
static struct rte_mbuf *
finish(struct lane *lane, struct comp_lane *cl, struct rte_comp_op *op)
{
	struct rte_mbuf *m = op->m_src, *copy = op->m_dst;
	struct pkt_priv *priv = pkt_priv(m);

	/* The SA stays for the rest of this step: control frees it a grace period after this. */
	pkt_meta(m)->sa->lc[lane->idx].inflight--;
	cl->inflight--;
	priv->comp_why = DROP_MAX;
	if (is_out(m)) {
		finish_out(lane, cl, m, op);
	} else {
		priv->comp_why = (uint8_t)in_verdict(op);
		priv->comp_len = (uint16_t)op->produced;
		if (priv->comp_why == DROP_MAX &&
			m->data_off + op->src.offset + op->produced > m->buf_len) {
			m = swap(m, op);
			pkt_priv(m)->comp_why = DROP_MAX;
			pkt_priv(m)->comp_len = (uint16_t)op->produced;
			copy = NULL;
		} else if (priv->comp_why == DROP_MAX) {
			memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, op->src.offset),
				rte_pktmbuf_mtod_offset(copy, uint8_t *, op->dst.offset),
				op->produced);
		}
	}
	rte_pktmbuf_free(copy);
	free_op(cl, op);
	return m;
}

/* ---- bursts ---- */

/* Nothing is free for it, or the device's queue is full. @return true when it goes on uncompressed */
static bool
refuse(struct lane *lane, struct comp_lane *cl, struct rte_mbuf *m)
{
	if (!is_out(m)) {
		drop(lane, m, DROP_CRYPTO_QUEUE);
		return false;
	}
	comp_note(lane, cl, COMP_BUSY);
	return true;
}

/* @return true when the device has the packet */
static bool
enqueue(struct lane *lane, struct comp_lane *cl, struct rte_mbuf *m, const struct cop *cop)
{
	struct rte_comp_op *op = take_op(cl);

	if (op == NULL)
		return false;
	fill_op(cl, op, m, cop);
	if (rte_compressdev_enqueue_burst(cl->c->id, cl->qp, &op, 1) == 0) {
		rte_pktmbuf_free(op->m_dst);
		free_op(cl, op);
		return false;
	}
	pkt_meta(m)->sa->lc[lane->idx].inflight++;
	cl->inflight++;
	return true;
}

/*
 * One at a time, because next to DEFLATE the two calls are nothing, and the transforms of some drivers
 * can be in one operation only. A software driver is done when it returns.
 */
uint16_t
comp_submit(
	struct lane *lane, struct comp_lane *cl, uint16_t first, struct rte_mbuf **m, uint16_t n)
{
	struct rte_comp_op *op;
	uint16_t k = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *pkt = m[i];
		const struct cop *cop = &lane->cop[first + i];

		pkt_priv(pkt)->comp_len = 0;
		pkt_priv(pkt)->comp_why = DROP_MAX;
		if (cop->text_len == 0) {
			m[k++] = pkt;
			continue;
		}
		if (unlikely(!is_out(pkt) && !has_place(pkt, cop))) {
			drop(lane, pkt, DROP_COMP_TOO_BIG);
			continue;
		}
		if (!enqueue(lane, cl, pkt, cop)) {
			if (refuse(lane, cl, pkt))
				m[k++] = pkt;
			continue;
		}
		/* With others before it, what comes back need not be of this burst: for comp_poll(). */
		if (cl->c->sync && cl->inflight == 1 &&
			rte_compressdev_dequeue_burst(cl->c->id, cl->qp, &op, 1) == 1)
			m[k++] = finish(lane, cl, op);
	}
	return k;
}

void
comp_poll(struct lane *lane, struct comp_lane *cl, struct pvec *done)
{
	struct rte_comp_op *op[BURST_MAX];
	uint16_t n = BURST_MAX;

	while (cl != NULL && cl->inflight > 0 && n == BURST_MAX && done->n < PVEC_MAX) {
		n = (uint16_t)RTE_MIN(BURST_MAX, PVEC_MAX - done->n);
		n = rte_compressdev_dequeue_burst(cl->c->id, cl->qp, op, n);
		for (uint16_t i = 0; i < n; i++)
			done->m[done->n++] = finish(lane, cl, op[i]);
	}
}

/* ---- lanes ---- */

struct comp_lane *
comp_lane_open(struct comp *c, unsigned int idx)
{
	struct comp_lane *cl =
		rte_zmalloc_socket("comp_lane", sizeof(*cl), RTE_CACHE_LINE_SIZE, c->socket);

	if (cl == NULL)
		return NULL;
	cl->c = c;
	cl->qp = (uint16_t)idx;
	memcpy(cl->xf, c->xf[idx], sizeof(cl->xf));
	for (unsigned int i = 0; i < COMP_DESC; i++) {
		cl->op[i].iova_addr = rte_mem_virt2iova(&cl->op[i]);
		free_op(cl, &cl->op[i]);
	}
	c->lane[idx] = cl;
	return cl;
}

void
comp_lane_close(struct comp_lane *cl)
{
	if (cl == NULL)
		return;
	cl->c->lane[cl->qp] = NULL;
	rte_free(cl);
}
