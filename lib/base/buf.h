/* SPDX-License-Identifier: BSD-2-Clause */
/* rbuf and wbuf: bounded read and write cursors; the only pointer arithmetic on untrusted input. */
/* Owner: the caller's stack; they point at memory they do not own. Any thread. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/defs.h"

struct rbuf {
	const uint8_t *p;
	const uint8_t *end;
};

static inline struct rbuf
rbuf_make(const void *data, size_t len)
{
	const uint8_t *p = data;

	return (struct rbuf){ .p = p, .end = p + len };
}

static inline size_t
rbuf_left(const struct rbuf *r)
{
	return (size_t)(r->end - r->p);
}

/** Take n bytes. @return pointer to them, or NULL when fewer are left (nothing is consumed) */
static inline const void *
rbuf_take(struct rbuf *r, size_t n)
{
	const uint8_t *p = r->p;

	if (n > rbuf_left(r))
		return NULL;
	r->p += n;
	return p;
}

struct wbuf {
	uint8_t *base;
	uint8_t *p;
	uint8_t *end;
	bool overflow; /* sticky: set by the first write that did not fit */
};

static inline struct wbuf
wbuf_make(void *data, size_t cap)
{
	uint8_t *p = data;

	return (struct wbuf){ .base = p, .p = p, .end = p + cap, .overflow = false };
}

static inline size_t
wbuf_len(const struct wbuf *w)
{
	return (size_t)(w->p - w->base);
}

/** Reserve n zeroed bytes. @return pointer, or NULL (and sticky overflow) when they do not fit */
static inline void *
wbuf_put(struct wbuf *w, size_t n)
{
	uint8_t *p = w->p;

	if (w->overflow || n > (size_t)(w->end - w->p)) {
		w->overflow = true;
		return NULL;
	}
	memset(p, 0, n);
	w->p += n;
	return p;
}

/** Append n bytes. On overflow nothing is written and the sticky flag is set. */
static inline void
wbuf_copy(struct wbuf *w, const void *src, size_t n)
{
	void *p = wbuf_put(w, n);

	if (p != NULL && n > 0)
		memcpy(p, src, n);
}

#endif
