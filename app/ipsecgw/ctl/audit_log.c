/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/audit_log.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <time.h>

#include <rte_cycles.h>

#include "base/addr.h"
#include "base/log.h"
#include "ipsec/types.h"

#define LINE_MAX_LEN 320u

void
audit_log_init(struct audit_log *log)
{
	log->next = 1;
}

/* Records carry the worker's clock: how long ago that was, taken from now. */
static int64_t
wall_us(uint64_t tsc)
{
	const uint64_t now = rte_rdtsc();
	const uint64_t hz = rte_get_tsc_hz();
	uint64_t ago_us = 0;
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	if (now > tsc)
		ago_us = (now - tsc) / hz * 1000000 + (now - tsc) % hz * 1000000 / hz;
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000 - (int64_t)ago_us;
}

static struct addr
addr_of(const struct audit_rec *r, const uint8_t *bytes)
{
	return r->af == AF_INET || r->af == AF_INET6 ? addr_make(r->af, bytes) : (struct addr){ 0 };
}

/* Empty for what no header was there to say. */
static const char *
addr_text(const struct audit_rec *r, const uint8_t *bytes, char buf[ADDR_STRLEN])
{
	const struct addr a = addr_of(r, bytes);

	buf[0] = '\0';
	return a.af == 0 ? buf : addr_str(&a, buf);
}

static void
write_line(const struct audit_rec *r)
{
	char src[ADDR_STRLEN];
	char dst[ADDR_STRLEN];
	char what[96] = "unprotected";
	char where[16] = "";
	char held[48] = "";

	if (r->proto != 0)
		(void)snprintf(what, sizeof(what), "%s SPI 0x%08" PRIx32 " sequence %" PRIu32,
			proto_name(r->proto), r->spi, r->seq);
	if (r->kind == AUDIT_NEW_MAPPING)
		(void)snprintf(where, sizeof(where), " port %u", rte_be_to_cpu_16(r->port_be));
	if (r->suppressed > 0)
		(void)snprintf(
			held, sizeof(held), " (%" PRIu32 " like it not shown)", r->suppressed);
	log_warn("audit: %s: %s from %s%s to %s%s%s%s", audit_kind_name(r->kind), what,
		addr_text(r, r->src, src), where, addr_text(r, r->dst, dst),
		r->reason < DROP_MAX ? ", dropped as " : "",
		r->reason < DROP_MAX ? drop_name(r->reason) : "", held);
}

static void
keep(struct audit_log *log, const struct audit_rec *r)
{
	struct audit_entry *e = &log->entry[log->next++ % AUDIT_LOG_MAX];

	e->rec = *r;
	e->time_us = wall_us(r->tsc);
}

void
audit_log_drain(struct audit_log *log, const struct lane *const *lanes, unsigned int n)
{
	struct audit_rec r;

	for (unsigned int i = 0; i < n; i++) {
		while (lanes[i]->audit != NULL && audit_take(lanes[i]->audit, &r)) {
			keep(log, &r);
			write_line(&r);
		}
	}
}

/* RFC 3339, UTC. */
static json_t *
time_json(int64_t us)
{
	const time_t s = (time_t)(us / 1000000);
	char date[32];
	char text[48];
	struct tm tm;

	if (gmtime_r(&s, &tm) == NULL ||
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		return json_null();
	(void)snprintf(text, sizeof(text), "%s.%06dZ", date, (int)(us % 1000000));
	return json_string(text);
}

static json_t *
entry_json(uint64_t id, const struct audit_entry *e)
{
	const struct audit_rec *r = &e->rec;
	char src[ADDR_STRLEN];
	char dst[ADDR_STRLEN];
	json_t *o = json_pack("{s:I, s:o, s:s, s:s, s:s, s:I, s:I, s:s, s:s, s:I}", "id",
		(json_int_t)id, "time", time_json(e->time_us), "kind", audit_kind_name(r->kind),
		"reason", r->reason < DROP_MAX ? drop_name(r->reason) : "", "proto",
		r->proto != 0 ? proto_name(r->proto) : "", "spi", (json_int_t)r->spi, "seq",
		(json_int_t)r->seq, "src", addr_text(r, r->src, src), "dst",
		addr_text(r, r->dst, dst), "suppressed", (json_int_t)r->suppressed);

	if (r->kind == AUDIT_NEW_MAPPING)
		(void)json_object_set_new(o, "port", json_integer(rte_be_to_cpu_16(r->port_be)));
	if (r->af == AF_INET6)
		(void)json_object_set_new(o, "flow_label", json_integer(r->flow));
	return o;
}

static json_t *
kinds_json(const struct lane *const *lanes, unsigned int n)
{
	json_t *list = json_array();

	for (unsigned int k = AUDIT_NONE + 1; k < AUDIT_KIND_MAX; k++) {
		uint64_t events = 0;
		uint64_t held = 0;

		for (unsigned int i = 0; i < n; i++) {
			if (lanes[i]->audit == NULL)
				continue;
			events += audit_events(lanes[i]->audit, k);
			held += audit_suppressed(lanes[i]->audit, k);
		}
		(void)json_array_append_new(list,
			json_pack("{s:s, s:s, s:I, s:I}", "kind", audit_kind_name(k), "doc",
				audit_kind_doc(k), "events", (json_int_t)events, "suppressed",
				(json_int_t)held));
	}
	return list;
}

json_t *
audit_log_json(const struct audit_log *log, uint64_t since, const struct lane *const *lanes,
	unsigned int n)
{
	const uint64_t oldest = log->next > AUDIT_LOG_MAX ? log->next - AUDIT_LOG_MAX : 1;
	json_t *records = json_array();

	for (uint64_t id = since > oldest ? since : oldest; id < log->next; id++)
		(void)json_array_append_new(
			records, entry_json(id, &log->entry[id % AUDIT_LOG_MAX]));
	return json_pack("{s:o, s:I, s:o}", "records", records, "next", (json_int_t)log->next,
		"kinds", kinds_json(lanes, n));
}
