/* SPDX-License-Identifier: BSD-2-Clause */
/* Any text as the device of a port: never accepted without a kind, never refused without a sentence. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "port/kind.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct err err = { 0 };
	int rc;

	if (text == NULL)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	rc = port_device_check(text, &err);
	if (rc == 0 && port_kind_find(text) == NULL)
		abort();
	if (rc != 0 && (rc != err.code || err.text[0] == '\0'))
		abort();
	free(text);
	return 0;
}
