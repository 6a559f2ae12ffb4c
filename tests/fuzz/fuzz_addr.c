/* SPDX-License-Identifier: BSD-2-Clause */
/* Any text as an address: what is accepted prints back to something that parses to the same value. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	char printed[ADDR_STRLEN];
	struct addr a;
	struct addr b;

	if (text == NULL)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (addr_parse(text, &a) == 0) {
		addr_prefix_str(&a, printed);
		if (addr_parse(printed, &b) != 0 || addr_cmp(&a, &b) != 0)
			abort();
	}
	free(text);
	return 0;
}
