/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines out of a byte stream, with a bound. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rpc/rpc.h"

#define ROOM_MIN 4096u

/* Consuming only moves the start: many short lines must not cost a copy each. */
static void
compact(struct rpc_in *in)
{
	if (in->start == 0)
		return;
	memmove(in->buf, in->buf + in->start, in->end - in->start);
	in->end -= in->start;
	in->scanned -= in->start;
	in->start = 0;
}

char *
rpc_in_room(struct rpc_in *in, size_t *n)
{
	if (in->buf != NULL)
		compact(in);
	if (in->cap - in->end < ROOM_MIN) {
		const size_t cap = in->cap == 0 ? 2 * (size_t)ROOM_MIN : in->cap * 2;
		char *buf = realloc(in->buf, cap);

		if (buf == NULL)
			return NULL;
		in->buf = buf;
		in->cap = cap;
	}
	*n = in->cap - in->end;
	return in->buf + in->end;
}

void
rpc_in_added(struct rpc_in *in, size_t n)
{
	in->end += n;
}

int
rpc_in_line(struct rpc_in *in, const char **line, size_t *len)
{
	const char *nl = in->end > in->scanned ?
		memchr(in->buf + in->scanned, '\n', in->end - in->scanned) :
		NULL;

	if (nl == NULL) {
		in->scanned = in->end;
		return in->end - in->start > RPC_LINE_MAX ? -EMSGSIZE : 0;
	}
	*line = in->buf + in->start;
	*len = (size_t)(nl - *line);
	return *len > RPC_LINE_MAX ? -EMSGSIZE : 1;
}

void
rpc_in_consume(struct rpc_in *in, size_t len)
{
	in->start += len + 1;
	in->scanned = in->start;
}

void
rpc_in_free(struct rpc_in *in)
{
	free(in->buf);
	*in = (struct rpc_in){ 0 };
}
