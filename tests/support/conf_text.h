/* SPDX-License-Identifier: BSD-2-Clause */
/* Configurations as C strings that can be read: single quotes stand for double ones. Tests only. */
#ifndef SUPPORT_CONF_TEXT_H
#define SUPPORT_CONF_TEXT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conf_priv.h"

#define PORT                                           \
	"{'ports':[{'name':'wan','device':'net_tap0'," \
	"'addresses':['192.0.2.1/24','2001:db8::1/64']}]"

/** Parse as if from the file "f". @return configuration, or NULL with err filled */
static inline struct conf *
conf_text_parse(const char *text, struct err *err)
{
	char *json = strdup(text);
	struct conf *c = NULL;
	int ret;

	assert_non_null(json);
	for (char *p = json; *p != '\0'; p++)
		*p = *p == '\'' ? '"' : *p;
	ret = conf_parse("f", json, strlen(json), &c, err);
	assert_int_equal(ret, err->code);
	assert_true((ret == 0) == (c != NULL));
	free(json);
	return c;
}

#endif
