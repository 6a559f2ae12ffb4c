/* SPDX-License-Identifier: BSD-2-Clause */
/* The kinds of port as a table: how each is named, what it needs, and checks that need no EAL. */
/* Constant data; any thread. */
#ifndef PORT_KIND_H
#define PORT_KIND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/err.h"

/** How many rx queues a driver must be given. */
enum port_queues {
	PORT_QUEUES_WANTED, /* as many as the configuration wants */
	PORT_QUEUES_EQUAL, /* as many as tx queues: the driver pairs them */
	PORT_QUEUES_ALL, /* all it was created with: packets reach each of them */
};

/** What the iface= argument names. */
enum port_iface {
	PORT_IFACE_NONE, /* no such argument, or not an interface */
	PORT_IFACE_MADE, /* made by the driver */
	PORT_IFACE_THERE, /* must exist */
};

struct port_kind {
	const char *name; /* "eth", "tap" */
	const char *prefix; /* of the device string and name of the driver; NULL: a PCI address */
	bool needs_root;
	bool has_rx_intr; /* worth asking for rx interrupts */
	enum port_queues queues;
	enum port_iface iface;
	const char *need; /* argument that must be there, or NULL */
	const char *more_queues; /* how to get more queues: completes "for more: ", or NULL */
	const char *help; /* one line: an example and what it is for */
};

/** Row i of the table. @return NULL past the end */
const struct port_kind *
port_kind_at(size_t i);

/**
 * Find the kind of a device string.
 *
 * @param device  PCI address ("0000:01:00.0", "01:00.0") or vdev name, each with or without arguments
 * @return row, or NULL when it is neither
 */
const struct port_kind *
port_kind_find(const char *device);

/** Find the row of a driver by ethdev's name for it; any hardware driver is "eth". Never NULL. */
const struct port_kind *
port_kind_of_driver(const char *driver);

/**
 * Check a device string as far as that is possible without EAL: name, arguments, and whether the PCI
 * device, interface or file that it names exists.
 *
 * @return 0; -EINVAL malformed or unknown; -ENODEV, -ENOENT, -EEXIST with the reason in err
 */
WARN_UNUSED int
port_device_check(const char *device, struct err *err);

#endif
