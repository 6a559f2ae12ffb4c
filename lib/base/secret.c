/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/secret.h"

#include <errno.h>
#include <string.h>

int
secret_set(struct secret *s, const void *bytes, size_t len)
{
	if (len > SECRET_MAX)
		return -EMSGSIZE;
	secret_wipe(s);
	if (len > 0)
		memcpy(s->b, bytes, len);
	s->len = (uint16_t)len;
	return 0;
}

void
secret_wipe(struct secret *s)
{
	explicit_bzero(s, sizeof(*s));
}

void
secret_wipe_mem(void *p, size_t len)
{
	explicit_bzero(p, len);
}
