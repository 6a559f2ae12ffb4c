/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration file: JSON in, a checked struct conf out, errors with file:line:col and key path. */
/* Control thread, before and (SIGHUP) beside the running gateway; the caller owns the result. */
#ifndef IPSECGW_CONF_H
#define IPSECGW_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_ether.h>

#include "base/addr.h"
#include "base/defs.h"
#include "base/err.h"
#include "crypto/crypto.h"
#include "ipsec/knobs.h"
#include "port/port.h"

#define CONF_PATH_LEN   256u
#define CONF_SETKEY_MAX 16u

struct conf_port {
	char name[32]; /* also the name of its untagged interface */
	struct port_conf dev;
};

struct conf_route {
	struct addr to; /* host bits zero */
	struct addr via; /* af 0: on link */
	uint8_t iface;
};

struct conf_neighbour {
	struct addr addr;
	struct rte_ether_addr mac;
	uint8_t iface;
};

struct conf {
	char path[CONF_PATH_LEN];
	char *text; /* [text_len], as read: conf_error_at() finds key paths in it */
	size_t text_len;
	uint8_t nport, niface;
	struct conf_port port[PORT_MAX];
	struct iface
		iface[IFACE_MAX]; /* a port's untagged interface, then its VLANs, port by port */
	struct conf_route *route; /* [nroute], in the order of the file */
	uint32_t nroute;
	struct conf_neighbour *neighbour; /* [nneighbour], static */
	uint32_t nneighbour;
	enum crypto_engine engine;
	char crypto_device[CRYPTO_DEV_MAX][128]; /* PCI address or vdev arguments */
	uint8_t ncrypto_device;
	char compress_device[128]; /* as above; "" = the default */
	bool calibrate;
	uint32_t mbufs; /* packet buffers */
	uint16_t mbuf_size; /* data bytes of one, without headroom */
	uint32_t max_sa, max_acl_bytes;
	char rpc_path[108]; /* Unix socket */
	struct knobs knobs; /* defaults and the "sysctl" object */
	char setkey[CONF_SETKEY_MAX]
		   [CONF_PATH_LEN]; /* relative paths are resolved against the file's */
	uint8_t nsetkey;
};

/**
 * Read and check a configuration file. Strict: unknown keys, wrong types, bad values and references to
 * ports that do not exist are errors, and so is a setkey file that cannot be opened.
 *
 * @param out  receives the configuration; free with conf_free(). NULL after an error
 * @return 0; -EINVAL, -ENOENT, -EACCES, -ENOMEM, -EFBIG, or what open(2) and read(2) say, with
 *         err->text "file:line:col: key.path[0]: what is wrong; what was expected"
 */
WARN_UNUSED int
conf_load(const char *path, struct conf **out, struct err *err);
/** Free a configuration; NULL is ignored. */
void
conf_free(struct conf *c);

/**
 * Report an error that is found after loading (a device, a setkey file) with the place in the file that
 * caused it. A key path that the file does not contain is placed at its nearest ancestor.
 *
 * @param code     negative errno
 * @param keypath  as in conf_load()'s messages, e.g. "ports[0].device"; keys that are not letters,
 *                 digits, '_' and '-' are written as in sysctl["net.key.prefered_oldsa"]
 * @return code
 */
int
conf_error_at(const struct conf *c, struct err *err, int code, const char *keypath, const char *fmt,
	...) PRINTF_LIKE(5, 6);

/**
 * Compare two configurations.
 *
 * @param what  receives the first key path that differs and needs a restart, e.g. "ports[0].mtu"; valid
 *              until this thread calls again
 * @return true when everything that differs can change while running (sysctl, routes, neighbours, setkey)
 */
bool
conf_can_reload(const struct conf *now, const struct conf *next, const char **what);

#endif
