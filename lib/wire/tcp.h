/* SPDX-License-Identifier: BSD-2-Clause */
/* The one thing that a router may do to TCP: make its segments fit a tunnel. Pure function; any thread. */
#ifndef WIRE_TCP_H
#define WIRE_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Lower the maximum segment size that a SYN announces, and mend the checksum by the difference, so that
 * a wrong checksum stays wrong. A SYN without the option is left alone: its default is small.
 *
 * @param tcp  TCP header; may be truncated or malformed, and is then not changed
 * @param len  bytes at tcp
 * @param max  bytes of a segment
 * @return true when the segment was changed
 * @see RFC 9293 3.7.1, RFC 1624 (incremental checksum)
 */
bool
tcp_clamp_mss(uint8_t *tcp, size_t len, uint16_t max);

#endif
