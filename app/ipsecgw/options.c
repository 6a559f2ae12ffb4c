/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char options_help[] =
	"usage: dpdk-ipsecgw [EAL options] -- --config FILE [--check] [--poll adaptive|always]\n"
	"       dpdk-ipsecgw --help | --version | --check --config FILE\n"
	"\n"
	"  -c, --config FILE   JSON configuration; see config/ipsecgw.json\n"
	"      --check         check the configuration and its setkey files, then exit\n"
	"      --poll MODE     adaptive (default): idle workers sleep; always: they never do\n"
	"  -h, --help          this text\n"
	"  -V, --version       version\n"
	"\n"
	"The main lcore controls, every other one is a worker; with one lcore they share it.\n"
	"EAL options one may need (all: see the DPDK manual):\n"
	"  -l 0-3              lcores: control on 0, workers on 1, 2 and 3\n"
	"  --no-huge -m 512    run without hugepages, with 512 MiB of memory\n"
	"  --file-prefix NAME  one name for each gateway on a machine\n"
	"\n"
	"SIGHUP reads the configuration again, SIGTERM and SIGINT stop.\n"
	"Exit status: 0 stopped, 1 could not start, 3 stopped and found a leak.\n";

static bool
takes(const char *arg, const char *name)
{
	const size_t n = strlen(name);

	return strncmp(arg, name, n) == 0 && (arg[n] == '\0' || arg[n] == '=');
}

/* The value of "--name value" or "--name=value"; i moves on. @return value or NULL */
static const char *
value(char **argv, int argc, int *i)
{
	const char *eq = strchr(argv[*i], '=');

	if (eq != NULL)
		return eq[1] != '\0' ? eq + 1 : NULL;
	return *i + 1 < argc ? argv[++*i] : NULL;
}

static int
one_option(struct options *o, char **argv, int argc, int *i, struct err *err)
{
	const char *arg = argv[*i];
	const char *v;

	if (strcmp(arg, "-h") == 0 || strcmp(arg, "--help") == 0) {
		o->help = true;
	} else if (strcmp(arg, "-V") == 0 || strcmp(arg, "--version") == 0) {
		o->version = true;
	} else if (strcmp(arg, "--check") == 0) {
		o->check = true;
	} else if (strcmp(arg, "-c") == 0 || takes(arg, "--config")) {
		o->config = value(argv, argc, i);
		if (o->config == NULL)
			return err_set(err, -EINVAL, "--config needs the name of a file");
	} else if (takes(arg, "--poll")) {
		v = value(argv, argc, i);
		if (v == NULL || (strcmp(v, "always") != 0 && strcmp(v, "adaptive") != 0))
			return err_set(err, -EINVAL,
				"--poll must be adaptive or always, not \"%s\"",
				v != NULL ? v : "");
		o->poll_always = strcmp(v, "always") == 0;
	} else {
		return err_set(err, -EINVAL,
			"\"%s\" is not an option of dpdk-ipsecgw: EAL options stand before \"--\", "
			"see --help",
			arg);
	}
	return 0;
}

static int
eal_options(struct options *o, char **argv, int n, struct err *err)
{
	static char quiet[] = "--log-level=warning";
	bool has_level = false;

	if (n > EAL_ARGS_MAX)
		return err_set(err, -EINVAL, "more than %d EAL options", EAL_ARGS_MAX);
	for (int i = 0; i < n; i++) {
		o->eal_argv[o->eal_argc++] = argv[i];
		has_level |= takes(argv[i], "--log-level");
		o->no_hugepages |=
			strcmp(argv[i], "--no-huge") == 0 || strcmp(argv[i], "--in-memory") == 0;
	}
	/* Libraries that greet are noise in a log that people read for trouble. */
	if (!has_level)
		o->eal_argv[o->eal_argc++] = quiet;
	return 0;
}

int
options_parse(int argc, char **argv, struct options *o, struct err *err)
{
	int sep = 1;
	int ret;

	*o = (struct options){ 0 };
	while (sep < argc && strcmp(argv[sep], "--") != 0)
		sep++;
	/* Without "--" there are no EAL options, and everything is ours. */
	ret = eal_options(o, argv, sep < argc ? sep : 1, err);
	for (int i = sep < argc ? sep + 1 : 1; i < argc && ret == 0; i++)
		ret = one_option(o, argv, argc, &i, err);
	if (ret == 0 && o->config == NULL && !o->help && !o->version)
		return err_set(err, -EINVAL, "--config FILE is missing, see --help");
	return ret;
}

static unsigned long
free_hugepages(void)
{
	unsigned long sum = 0;
	unsigned long n;
	glob_t g = { 0 };
	char text[32];

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): EAL has not started, there is one thread */
	if (glob("/sys/kernel/mm/hugepages/*/free_hugepages", 0, NULL, &g) != 0)
		return 0;
	for (size_t i = 0; i < g.gl_pathc; i++) {
		FILE *f = fopen(g.gl_pathv[i], "re");

		if (f == NULL)
			continue;
		n = fgets(text, sizeof(text), f) != NULL ? strtoul(text, NULL, 10) : 0;
		sum += n;
		(void)fclose(f);
	}
	globfree(&g);
	return sum;
}

int
options_check_hugepages(const struct options *o, struct err *err)
{
	if (o->no_hugepages || free_hugepages() > 0)
		return 0;
	return err_set(err, -ENOMEM,
		"no hugepages are free: reserve some (sysctl vm.nr_hugepages=512), or run without them: "
		"dpdk-ipsecgw --no-huge -m 512 ... -- ...");
}
