/* SPDX-License-Identifier: BSD-2-Clause */
/* Which UDP ports ESP may come to: those of inbound SAs with UDP encapsulation. */
#include <errno.h>
#include <stdlib.h>

#include "snap/snap_priv.h"

#define NATT_PORT 4500u /* RFC 3948; a peer's keepalives come here whatever its SA says */

int
nattport_init(struct snap *s, struct err *err)
{
	s->natt_port = calloc(NATT_PORTS, sizeof(*s->natt_port));
	s->natt_refs = calloc(UINT16_MAX + 1u, sizeof(*s->natt_refs));
	if (s->natt_port == NULL || s->natt_refs == NULL)
		return err_set(err, -ENOMEM, "no memory for the UDP encapsulation ports");
	return 0;
}

void
nattport_fini(struct snap *s)
{
	free(s->natt_port);
	free(s->natt_refs);
}

static void
set_bit(struct snap *s, uint16_t port, bool on)
{
	const uint8_t bit = (uint8_t)(1u << (port & 7));

	if (on)
		atomic_fetch_or_explicit(&s->natt_port[port >> 3], bit, memory_order_relaxed);
	else
		atomic_fetch_and_explicit(
			&s->natt_port[port >> 3], (uint8_t)~bit, memory_order_relaxed);
}

static void
count(struct snap *s, const struct sa *sa, int step)
{
	const struct sa_rt *rt = sa->rt;
	const uint16_t port = rte_be_to_cpu_16(sa_spec_port(&sa->spec));

	if (port == 0 || rt->dir == DIR_OUT)
		return;
	s->natt_refs[port] += (uint32_t)step;
	s->nnatt += (uint32_t)step;
	set_bit(s, port, s->natt_refs[port] > 0);
	set_bit(s, NATT_PORT, s->nnatt > 0);
}

void
nattport_add(struct snap *s, const struct sa *sa)
{
	count(s, sa, 1);
}

void
nattport_del(struct snap *s, const struct sa *sa)
{
	count(s, sa, -1);
}
