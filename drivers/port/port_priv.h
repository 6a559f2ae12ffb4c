/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared by the files of drivers/port only: from a device string to an ethdev that we own. */
/* Control thread. */
#ifndef PORT_PORT_PRIV_H
#define PORT_PORT_PRIV_H

#include <stdbool.h>

#include <rte_dev.h>

#include "port/port.h"

/** EAL's name of a device: PCI address in long form, or vdev name. @return 0; -EINVAL not a name */
WARN_UNUSED int
device_name(const char *device, char name[RTE_DEV_NAME_MAX_LEN]);

bool
device_is_pci(const char *name);

/**
 * Find the ethdev of a device string, probing it when EAL has not, and take ownership.
 *
 * @param p  id, owner and probed are set
 * @return 0; -ENODEV, -EBUSY, -errno of EAL
 */
WARN_UNUSED int
device_open(struct port *p, const char *device, struct err *err);

/** Undo device_open(): the ethdev is stopped already. */
void
device_close(struct port *p);

#endif
