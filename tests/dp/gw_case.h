/* SPDX-License-Identifier: BSD-2-Clause */
/* What cases on one gateway share: the gateway, set up per case; sending; and "this, once, is dropped". */
/* Owner: the test program; one thread. */
#ifndef DP_GW_CASE_H
#define DP_GW_CASE_H

#include <stddef.h>
#include <stdint.h>

#include "dp/gw.h"

/* Names of both ends and keys of the SAs below. */
#define CASE_KEY_OUT "00112233445566778899aabbccddeeff01020304"
#define CASE_KEY_IN  "ffeeddccbbaa998877665544332211000a0b0c0d"
#define CASE_SA_OUT  "add 192.0.2.1 192.0.2.2 esp 0x1001 -m tunnel -E aes-gcm-16 0x" CASE_KEY_OUT ";"
#define CASE_SA_IN \
	"add 192.0.2.2 192.0.2.1 esp 0x1002 -m tunnel -r 64 -E aes-gcm-16 0x" CASE_KEY_IN ";"
#define CASE_POLICY_OUT                                    \
	"spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec " \
	"esp/tunnel/192.0.2.1-192.0.2.2/require;"
#define CASE_POLICY_IN                                    \
	"spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec " \
	"esp/tunnel/192.0.2.2-192.0.2.1/require;"

#define CASE_FRAME_MAX 2048u

extern struct gw gw; /* of the running case */
extern uint8_t case_frame[CASE_FRAME_MAX]; /* scratch: the frame sent last */

/** cmocka setup and teardown of a case with the direct engine. */
int
case_start(void **state);
/** The same with a cryptodev, whose packets come back in a later step. */
int
case_start_lookaside(void **state);
int
case_stop(void **state);

/** Build, receive, one step. */
void
case_send(const struct gw_frame *f);
/** A raw frame, one step. */
void
case_send_raw(unsigned int port, const uint8_t *frame, unsigned int len);
/** Step until no engine holds a packet. */
void
case_settle(void);
/** Protect with SPI 0x1002 and CASE_KEY_IN unless e says otherwise, receive, one step. */
void
case_send_esp(const struct gw_esp *e);
/** Inner UDP packet for the LAN from the far side. @return its length; begins at *ip */
unsigned int
case_inner(const uint8_t **ip, bool v6, unsigned int len);

/** The only drop of the case so far has this reason, and neither port nor control got a packet. */
void
case_dropped_once(enum drop_reason r);
/** The same for a reason that control may answer: one packet of this kind was punted. */
void
case_dropped_and_punted(enum drop_reason r, int kind);
/** Nothing was dropped, one frame of this length left on the port. */
void
case_sent_once(unsigned int port, unsigned int len);
/** Frames waiting on a port, or in the punt ring; they are freed. */
unsigned int
case_drain(unsigned int port);
unsigned int
case_drain_punt(void);

/** True when case_dropped_once() or _and_punted() has seen the reason in any case of this program. */
bool
case_has_shown(enum drop_reason r);

#endif
