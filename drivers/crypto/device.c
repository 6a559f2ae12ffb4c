/* SPDX-License-Identifier: BSD-2-Clause */
/* Cryptodevs: found or probed by name, one queue pair per worker, session pools that grow. */
/* rte_cryptodev_sym_session_pool_create() is experimental, and the only way to make such a pool. */
#define ALLOW_EXPERIMENTAL_API
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_errno.h>

#include "base/log.h"
#include "crypto/crypto_priv.h"

/* "crypto_aesni_mb0,max_nb_queue_pairs=2" is the device crypto_aesni_mb0. */
static int
bare_name(const char *args, char *out, size_t size, struct err *err)
{
	const size_t n = strcspn(args, ",");

	if (n == 0 || n >= size)
		return err_set(err, -EINVAL, "\"%s\" is not the name of a crypto device", args);
	memcpy(out, args, n);
	out[n] = '\0';
	return 0;
}

/* A PCI function is known by its bus address, with or without the domain. */
static bool
is_named(uint8_t id, const char *name)
{
	static const char domain0[] = "0000:";
	const size_t skip = sizeof(domain0) - 1;
	struct rte_cryptodev_info info;
	const char *dev;

	rte_cryptodev_info_get(id, &info);
	if ((info.feature_flags & RTE_CRYPTODEV_FF_SYMMETRIC_CRYPTO) == 0)
		return false;
	if (strcmp(rte_cryptodev_name_get(id), name) == 0)
		return true;
	dev = info.device != NULL ? rte_dev_name(info.device) : "";
	return strcmp(dev, name) == 0 ||
		(strncmp(dev, domain0, skip) == 0 && strcmp(dev + skip, name) == 0);
}

/* @return cryptodev id or -1 */
static int
find(const char *name)
{
	for (unsigned int id = 0; id < RTE_CRYPTO_MAX_DEVS; id++) {
		if (rte_cryptodev_is_valid_dev((uint8_t)id) && is_named((uint8_t)id, name))
			return (int)id;
	}
	return -1;
}

static int
probe(struct crypto_dev *d, const char *args, struct err *err)
{
	int id = find(d->name);
	int ret;

	if (id < 0) {
		ret = rte_dev_probe(args);
		if (ret != 0)
			return err_set(err, -ENODEV,
				"crypto device \"%s\": no such device, no driver for it, or wrong arguments (%s)",
				args, rte_strerror(-ret));
		id = find(d->name);
		if (id < 0)
			return err_set(err, -ENODEV,
				"crypto device \"%s\": its driver made no symmetric crypto device",
				args);
		d->probed = true;
	}
	d->id = (uint8_t)id;
	return 0;
}

static int
grow(struct crypto *c, struct crypto_dev *d)
{
	char name[RTE_MEMPOOL_NAMESIZE];
	struct rte_mempool *mp;

	if (d->npool == SES_POOLS)
		return -ENOMEM;
	(void)snprintf(name, sizeof(name), "ses_%u_%u", d->id, d->npool);
	mp = rte_cryptodev_sym_session_pool_create(name, SES_POOL_FIRST << d->npool,
		rte_cryptodev_sym_get_private_session_size(d->id), 0, 0, c->conf.socket);
	if (mp == NULL)
		return -ENOMEM;
	d->pool[d->npool++] = mp;
	return 0;
}

static int
configure(struct crypto *c, struct crypto_dev *d, struct err *err)
{
	struct rte_cryptodev_config conf = { .socket_id = c->conf.socket,
		.nb_queue_pairs = (uint16_t)c->conf.nworkers,
		.ff_disable = RTE_CRYPTODEV_FF_ASYMMETRIC_CRYPTO | RTE_CRYPTODEV_FF_SECURITY };
	struct rte_cryptodev_qp_conf qp = { .nb_descriptors = DEV_DESCRIPTORS };
	struct rte_cryptodev_info info;
	int ret;

	rte_cryptodev_info_get(d->id, &info);
	d->hw = (info.feature_flags & RTE_CRYPTODEV_FF_HW_ACCELERATED) != 0;
	if (info.max_nb_queue_pairs < c->conf.nworkers)
		return err_set(err, -ENOSPC,
			"crypto device \"%s\" has %u queue pairs, %u workers need one each (a virtual device takes max_nb_queue_pairs=)",
			d->name, info.max_nb_queue_pairs, c->conf.nworkers);
	ret = rte_cryptodev_configure(d->id, &conf);
	if (ret == 0 && grow(c, d) != 0)
		return err_set(
			err, -ENOMEM, "crypto device \"%s\": no memory for sessions", d->name);
	qp.mp_session = d->pool[0];
	for (unsigned int i = 0; ret == 0 && i < c->conf.nworkers; i++)
		ret = rte_cryptodev_queue_pair_setup(d->id, (uint16_t)i, &qp, c->conf.socket);
	if (ret == 0)
		ret = rte_cryptodev_start(d->id);
	if (ret != 0)
		return err_set(err, ret, "crypto device \"%s\" cannot be started: %s", d->name,
			rte_strerror(-ret));
	d->started = true;
	return 0;
}

static int
device_open(struct crypto *c, const char *args, struct err *err)
{
	struct crypto_dev *d = &c->dev[c->ndev];
	int ret = bare_name(args, d->name, sizeof(d->name), err);

	if (ret == 0)
		ret = probe(d, args, err);
	if (ret != 0)
		return ret;
	for (unsigned int i = 0; i < c->ndev; i++) {
		if (c->dev[i].id == d->id)
			return err_set(
				err, -EINVAL, "crypto device \"%s\" is named twice", d->name);
	}
	c->ndev++; /* from here on devices_close() knows it */
	return configure(c, d, err);
}

int
devices_open(struct crypto *c, struct err *err)
{
	const struct crypto_conf *conf = &c->conf;
	int ret = 0;

	if (conf->ndevices > CRYPTO_DEV_MAX)
		return err_set(err, -EINVAL, "%u crypto devices, at most %u are supported",
			conf->ndevices, CRYPTO_DEV_MAX);
	for (unsigned int i = 0; ret == 0 && i < conf->ndevices; i++)
		ret = device_open(c, conf->devices[i], err);
	return ret;
}

static void
device_close(struct crypto_dev *d)
{
	struct rte_cryptodev_info info;
	int ret;

	rte_cryptodev_info_get(d->id, &info);
	if (d->started)
		rte_cryptodev_stop(d->id);
	ret = rte_cryptodev_close(d->id);
	if (ret != 0)
		log_warn("crypto device \"%s\" does not close: %s", d->name, rte_strerror(-ret));
	if (d->probed && rte_dev_remove(info.device) != 0)
		log_warn("crypto device \"%s\" cannot be removed", d->name);
	for (unsigned int i = 0; i < d->npool; i++) {
		const unsigned int left = rte_mempool_in_use_count(d->pool[i]);

		if (left > 0)
			log_err("crypto device \"%s\": %u sessions were never closed", d->name,
				left);
		rte_mempool_free(d->pool[i]);
	}
}

void
devices_close(struct crypto *c)
{
	while (c->ndev > 0)
		device_close(&c->dev[--c->ndev]);
}

int
device_session(struct crypto *c, unsigned int dev, struct rte_crypto_sym_xform *xf, void **ses)
{
	struct crypto_dev *d = &c->dev[dev];
	unsigned int i = 0;

	while (i < d->npool && rte_mempool_empty(d->pool[i]))
		i++;
	if (i == d->npool && grow(c, d) != 0)
		return -ENOMEM;
	*ses = rte_cryptodev_sym_session_create(d->id, xf, d->pool[i]);
	if (*ses != NULL)
		return 0;
	return rte_errno == ENOMEM ? -ENOMEM : -ENOTSUP;
}
