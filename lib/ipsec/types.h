/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers of RFC 4301 / PF_KEY that the whole model shares, with their names. Values are PF_KEY's. */
/* Constants only; any thread. */
#ifndef IPSEC_TYPES_H
#define IPSEC_TYPES_H

#include <stdint.h>

/* IP protocol numbers are used as such: IPPROTO_ESP (50), IPPROTO_AH (51), IPPROTO_IPCOMP (108). */
#ifndef IPPROTO_IPCOMP
#define IPPROTO_IPCOMP 108
#endif
#define ULPROTO_ANY 255 /* upper-layer selector wildcard */

enum sa_mode {
	MODE_ANY = 0,
	MODE_TRANSPORT = 1,
	MODE_TUNNEL = 2,
};

enum sp_dir {
	DIR_ANY = 0,
	DIR_IN = 1,
	DIR_OUT = 2,
};

enum sp_action {
	SP_DISCARD = 0,
	SP_NONE = 1,
	SP_IPSEC = 2,
	SP_ENTRUST = 3, /* socket policies only */
	SP_BYPASS = 4, /* socket policies only */
};

enum sp_level {
	LEVEL_DEFAULT = 0,
	LEVEL_USE = 1,
	LEVEL_REQUIRE = 2,
	LEVEL_UNIQUE = 3,
};

enum sa_state {
	SA_LARVAL = 0,
	SA_MATURE = 1,
	SA_DYING = 2,
	SA_DEAD = 3,
};

/* SA flags of PF_KEY (sadb_sa_flags, NetBSD numbering) and ours from bit 16 up. */
#define SA_F_OLD      0x0001u
#define SA_F_IV4B     0x0010u
#define SA_F_DERIV    0x0020u
#define SA_F_CYCSEQ   0x0040u /* accepted and shown, but sequence numbers never cycle */
#define SA_F_RAWCPI   0x0080u
#define SA_F_PAD_MASK 0x0300u
#define SA_F_PAD_SEQ  0x0000u
#define SA_F_PAD_RAND 0x0100u
#define SA_F_PAD_ZERO 0x0200u
#define SA_F_ESN      0x00010000u /* 64-bit sequence numbers (RFC 4303 2.2.1) */
#define SA_F_ALIGN8   0x00020000u /* AH over IPv4 padded to 8 bytes, as Linux does and expects */

/* sa_natt.type; the value is that of Linux and NetBSD. */
#define NATT_NONE       0u
#define NATT_ESP_IN_UDP 2u /* RFC 3948 */
#define NATT_PORT       4500u /* host order */

#define REQID_MANUAL_MAX 0x3fffu /* larger unique ids are allocated by the engine */

/* Names as setkey(8) prints them; "unknown" for a number outside the list. */
const char *
proto_name(uint8_t ipproto);
const char *
mode_name(enum sa_mode mode);
const char *
dir_name(enum sp_dir dir);
const char *
action_name(enum sp_action action);
const char *
level_name(enum sp_level level);
const char *
sa_state_name(enum sa_state state);

#endif
