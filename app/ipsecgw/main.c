/* SPDX-License-Identifier: BSD-2-Clause */
/* dpdk-ipsecgw: command line, configuration, EAL, gateway, control loop; and back. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_version.h>

#include "base/log.h"
#include "conf.h"
#include "ctl/keyload.h"
#include "gateway.h"
#include "options.h"
#include "port/kind.h"

#define EXIT_LEAK 3

/* --check: everything that can be said without EAL and without touching a device. */
static int
check(const struct conf *c, struct err *err)
{
	struct keyload keys;
	struct err why = { 0 };
	char key[32];
	int ret;

	for (unsigned int i = 0; i < c->nport; i++) {
		ret = port_device_check(c->port[i].dev.device, &why);
		(void)snprintf(key, sizeof(key), "ports[%u].device", i);
		if (ret != 0)
			return conf_error_at(c, err, ret, key, "%s", why.text);
	}
	ret = keyload_read(&keys, c, NULL, err);
	if (ret != 0)
		return ret;
	keyload_free(&keys);
	printf("%s: ok\n", c->path);
	return 0;
}

/* Signals are read from a descriptor by control; no other thread may take them. */
static void
block_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

static int
start_eal(struct options *o, struct err *err)
{
	const int ret = options_check_hugepages(o, err);

	if (ret != 0)
		return ret;
	if (rte_eal_init(o->eal_argc, o->eal_argv) >= 0)
		return 0;
	return err_set(err, -rte_errno,
		"EAL could not start (%s): see its messages above; two gateways on one machine need "
		"a --file-prefix of their own",
		rte_strerror(rte_errno));
}

static int
run(struct options *o, struct conf *c, struct err *err)
{
	/* Static: the rows of counters in it are a page, and a debugger finds it. */
	static struct gateway gw;
	int ret = start_eal(o, err);
	int leak;

	if (ret != 0) {
		conf_free(c);
		return ret;
	}
	gw.conf = c;
	gw.poll_always = o->poll_always;
	ret = gateway_start(&gw, err);
	if (ret != 0)
		goto err_eal;
	/* Devices are open: nothing that comes later needs to gain privileges. */
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* keys are in memory: no core files */
	ret = ctl_run(&gw, err);
	leak = gateway_stop(&gw);
	if (ret == 0 && leak != 0)
		ret = leak;
err_eal:
	conf_free(gw.conf);
	(void)rte_eal_cleanup();
	return ret;
}

int
main(int argc, char **argv)
{
	struct options o;
	struct err err = { 0 };
	struct conf *c = NULL;
	int ret = options_parse(argc, argv, &o, &err);

	if (ret == 0 && o.help) {
		(void)fputs(options_help, stdout);
		return EXIT_SUCCESS;
	}
	if (ret == 0 && o.version) {
		printf("dpdk-ipsecgw %s, %s\n", IPSECGW_VERSION, rte_version());
		return EXIT_SUCCESS;
	}
	if (ret == 0)
		ret = conf_load(o.config, &c, &err);
	if (ret == 0 && o.check) {
		ret = check(c, &err);
		conf_free(c);
	} else if (ret == 0) {
		block_signals();
		ret = run(&o, c, &err);
	}
	if (ret == -EBADE && err.text[0] == '\0')
		return EXIT_LEAK;
	if (ret != 0)
		log_err("%s", err.text);
	return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
