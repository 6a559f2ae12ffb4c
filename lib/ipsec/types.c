/* SPDX-License-Identifier: BSD-2-Clause */
#include "ipsec/types.h"

#include "base/defs.h"

static const char *
pick(const char *const *names, unsigned int n, unsigned int i)
{
	return i < n ? names[i] : "unknown";
}

const char *
proto_name(uint8_t ipproto)
{
	switch (ipproto) {
	case 50:
		return "esp";
	case 51:
		return "ah";
	case IPPROTO_IPCOMP:
		return "ipcomp";
	default:
		return "unknown";
	}
}

const char *
mode_name(enum sa_mode mode)
{
	static const char *const names[] = { "any", "transport", "tunnel" };

	return pick(names, ARRAY_LEN(names), mode);
}

const char *
dir_name(enum sp_dir dir)
{
	static const char *const names[] = { "any", "in", "out" };

	return pick(names, ARRAY_LEN(names), dir);
}

const char *
action_name(enum sp_action action)
{
	static const char *const names[] = { "discard", "none", "ipsec", "entrust", "bypass" };

	return pick(names, ARRAY_LEN(names), action);
}

const char *
level_name(enum sp_level level)
{
	static const char *const names[] = { "default", "use", "require", "unique" };

	return pick(names, ARRAY_LEN(names), level);
}

const char *
sa_state_name(enum sa_state state)
{
	static const char *const names[] = { "larval", "mature", "dying", "dead" };

	return pick(names, ARRAY_LEN(names), state);
}
