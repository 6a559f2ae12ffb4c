/* SPDX-License-Identifier: BSD-2-Clause */
/* Load each file named on the command line: one line for each, "FILE: ok" or what conf_load() says. */
#include <stdio.h>

#include "conf.h"

int
main(int argc, char **argv)
{
	int bad = 0;

	for (int i = 1; i < argc; i++) {
		struct err err = { 0 };
		struct conf *c;

		if (conf_load(argv[i], &c, &err) == 0) {
			printf("%s: ok\n", argv[i]);
		} else {
			printf("%s\n", err.text);
			bad = 1;
		}
		conf_free(c);
	}
	return bad;
}
