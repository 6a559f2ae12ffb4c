/* SPDX-License-Identifier: BSD-2-Clause */
/* The compression device: found or probed by name, one queue pair and one pair of transforms per worker. */
/* rte_compressdev is experimental as a whole. */
#define ALLOW_EXPERIMENTAL_API
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_log.h>
#include <rte_malloc.h>

#include "base/log.h"
#include "crypto/comp_priv.h"

static int
bare_name(const char *args, char *out, size_t size, struct err *err)
{
	const size_t n = strcspn(args, ",");

	if (n == 0 || n >= size)
		return err_set(
			err, -EINVAL, "\"%s\" is not the name of a compression device", args);
	memcpy(out, args, n);
	out[n] = '\0';
	return 0;
}

/*
 * A PCI function that has several services puts the service behind its address. Devices cannot be listed:
 * rte_compressdev_name_get() reads through a null pointer where there is none.
 * @return compressdev id or -1
 */
static int
find(const char *name)
{
	static const char *const domain[] = { "", "0000:" },
				 *const service[] = { "", "_qat_comp", "_comp" };
	char full[RTE_DEV_NAME_MAX_LEN];
	int id = -1;

	for (unsigned int i = 0; id < 0 && i < ARRAY_LEN(domain) * ARRAY_LEN(service); i++) {
		(void)snprintf(full, sizeof(full), "%s%s%s", domain[i % ARRAY_LEN(domain)], name,
			service[i / ARRAY_LEN(domain)]);
		id = rte_compressdev_get_dev_id(full);
	}
	return id;
}

static int
probe(struct comp *c, const char *args, struct err *err)
{
	int id = find(c->name);
	int ret;

	if (id < 0) {
		ret = rte_dev_probe(args);
		if (ret != 0)
			return err_set(err, -ENODEV,
				"compression device \"%s\": no such device, no driver for it, or wrong arguments (%s)",
				args, rte_strerror(-ret));
		c->probed = true;
		id = find(c->name);
		if (id < 0)
			return err_set(err, -ENODEV,
				"compression device \"%s\": its driver made no compression device",
				args);
	}
	c->id = (uint8_t)id;
	/* compress_zlib writes a line about every packet that is not DEFLATE: anybody could fill the log. */
	(void)rte_log_set_level_pattern("pmd.compress.*", RTE_LOG_CRIT);
	return 0;
}

static int
make_xforms(struct comp *c, uint8_t window, struct err *err)
{
	struct rte_comp_xform in = { .type = RTE_COMP_DECOMPRESS,
		.decompress = { .algo = RTE_COMP_ALGO_DEFLATE, .window_size = window } };
	struct rte_comp_xform out = { .type = RTE_COMP_COMPRESS,
		.compress = { .algo = RTE_COMP_ALGO_DEFLATE,
			.deflate.huffman = RTE_COMP_HUFFMAN_DEFAULT,
			.level = RTE_COMP_LEVEL_PMD_DEFAULT,
			.window_size = window } };
	int ret = 0;

	for (unsigned int w = 0; ret == 0 && w < c->nworkers; w++) {
		ret = rte_compressdev_private_xform_create(c->id, &in, &c->xf[w][0]);
		if (ret == 0)
			ret = rte_compressdev_private_xform_create(c->id, &out, &c->xf[w][1]);
	}
	if (ret != 0)
		return err_set(err, ret, "compression device \"%s\" makes no DEFLATE transform: %s",
			c->name, rte_strerror(-ret));
	return 0;
}

static int
start(struct comp *c, struct err *err)
{
	struct rte_compressdev_config conf = { .socket_id = c->socket,
		.nb_queue_pairs = (uint16_t)c->nworkers,
		.max_nb_priv_xforms = (uint16_t)(2 * c->nworkers) };
	int ret = rte_compressdev_configure(c->id, &conf);

	c->configured = true;
	for (unsigned int i = 0; ret == 0 && i < c->nworkers; i++)
		ret = rte_compressdev_queue_pair_setup(c->id, (uint16_t)i, COMP_DESC, c->socket);
	if (ret == 0)
		ret = rte_compressdev_start(c->id);
	if (ret != 0)
		return err_set(err, ret, "compression device \"%s\" cannot be started: %s", c->name,
			rte_strerror(-ret));
	c->started = true;
	return 0;
}

static int
configure(struct comp *c, struct err *err)
{
	const struct rte_compressdev_capabilities *cap =
		rte_compressdev_capability_get(c->id, RTE_COMP_ALGO_DEFLATE);
	struct rte_compressdev_info info = { 0 };
	char name[RTE_MEMPOOL_NAMESIZE];
	int ret;

	if (cap == NULL)
		return err_set(err, -ENOTSUP, "compression device \"%s\" has no DEFLATE", c->name);
	rte_compressdev_info_get(c->id, &info);
	if (info.max_nb_queue_pairs != 0 && info.max_nb_queue_pairs < c->nworkers)
		return err_set(err, -ENOSPC,
			"compression device \"%s\" has %u queue pairs, %u workers need one each",
			c->name, info.max_nb_queue_pairs, c->nworkers);
	c->shareable = (cap->comp_feature_flags & RTE_COMP_FF_SHAREABLE_PRIV_XFORM) != 0;
	ret = start(c, err);
	if (ret == 0)
		ret = make_xforms(c, RTE_MIN(cap->window_size.max, 15), err);
	if (ret != 0)
		return ret;
	(void)snprintf(name, sizeof(name), "comp_%u", c->id);
	c->pool = pkt_pool_create(name, c->nworkers * COMP_BUFS - 1, COMP_ROOM, c->socket);
	if (c->pool == NULL)
		return err_set(err, -ENOMEM,
			"no memory for the buffers of compression device \"%s\"", c->name);
	return comp_selftest(c, err);
}

struct comp *
comp_open(const char *device, unsigned int nworkers, int socket, struct err *err)
{
	struct comp *c = rte_zmalloc("comp", sizeof(*c), 0);
	int ret;

	if (c == NULL) {
		(void)err_set(err, -ENOMEM, "no memory for a compression device");
		return NULL;
	}
	c->nworkers = nworkers;
	c->socket = socket;
	ret = bare_name(device, c->name, sizeof(c->name), err);
	if (ret == 0)
		ret = probe(c, device, err);
	if (ret == 0)
		ret = configure(c, err);
	if (ret == 0)
		return c;
	comp_close(c);
	return NULL;
}

void
comp_close(struct comp *c)
{
	if (c == NULL)
		return;
	for (unsigned int i = 0; i < 2 * c->nworkers; i++) {
		void *xf = c->xf[i / 2][i % 2];

		if (xf != NULL && rte_compressdev_private_xform_free(c->id, xf) != 0)
			log_warn("compression device \"%s\" keeps a transform", c->name);
	}
	if (c->started)
		rte_compressdev_stop(c->id);
	if (c->configured && rte_compressdev_close(c->id) != 0)
		log_warn("compression device \"%s\" does not close", c->name);
	if (c->probed &&
		rte_eal_hotplug_remove(strchr(c->name, ':') != NULL ? "pci" : "vdev", c->name) != 0)
		log_warn("compression device \"%s\" cannot be removed", c->name);
	if (c->pool != NULL && rte_mempool_in_use_count(c->pool) > 0)
		log_err("compression device \"%s\": %u buffers were never freed", c->name,
			rte_mempool_in_use_count(c->pool));
	rte_mempool_free(c->pool);
	rte_free(c);
}
