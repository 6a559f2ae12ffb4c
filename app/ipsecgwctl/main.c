/* SPDX-License-Identifier: BSD-2-Clause */
/* ipsecgwctl: look at and adjust a running dpdk-ipsecgw. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"

#define DEFAULT_SOCKET "/run/dpdk-ipsecgw/rpc.sock"
#define TIMEOUT_MS     5000

static void
help(void)
{
	const struct command *c;

	printf("usage: ipsecgwctl [-s SOCKET] COMMAND [arguments]\n"
	       "       ipsecgwctl --help | --version\n\n"
	       "  -s, --socket SOCKET  where the gateway listens; default is what IPSECGW_SOCKET says,\n"
	       "                       else " DEFAULT_SOCKET "\n\ncommands:\n");
	for (size_t i = 0; (c = command_at(i)) != NULL; i++)
		printf("  %-10s %-36s %s\n", c->name, c->args, c->doc);
}

static int
usage_error(const char *what, const char *arg)
{
	(void)fprintf(stderr, "ipsecgwctl: %s%s: see ipsecgwctl --help\n", what, arg);
	return EXIT_FAILURE;
}

static int
run(const struct command *c, const char *socket_path, int argc, char **argv)
{
	struct cmd_env env = { .argc = argc, .argv = argv };
	struct err err = { 0 };
	int ret = rpc_client_open(socket_path, TIMEOUT_MS, &env.client, &err);

	if (ret == 0)
		ret = c->fn(&env, &err);
	rpc_client_close(env.client);
	if (ret == 0 && fflush(stdout) == 0)
		return EXIT_SUCCESS;
	(void)fprintf(stderr, "ipsecgwctl: %s\n",
		ret != 0 ? err.text : "cannot write to standard output");
	return EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
	const char *path = getenv("IPSECGW_SOCKET");
	const struct command *c;
	int i = 1;

	if (path == NULL || *path == '\0')
		path = DEFAULT_SOCKET;
	for (; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
			help();
			return EXIT_SUCCESS;
		}
		if (strcmp(argv[i], "-V") == 0 || strcmp(argv[i], "--version") == 0) {
			printf("ipsecgwctl %s\n", IPSECGW_VERSION);
			return EXIT_SUCCESS;
		}
		if (strcmp(argv[i], "-s") != 0 && strcmp(argv[i], "--socket") != 0)
			return usage_error("unknown option ", argv[i]);
		if (++i == argc)
			return usage_error("-s needs the path of a socket", "");
		path = argv[i];
	}
	if (i == argc)
		return usage_error("a command is missing", "");
	c = command_find(argv[i]);
	if (c == NULL)
		return usage_error("unknown command ", argv[i]);
	return run(c, path, argc - i, argv + i);
}
