/* SPDX-License-Identifier: BSD-2-Clause */
/* `netstat`: the counters of NetBSD with the texts that its netstat -s prints, for scripts that look for them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"

static long long
value(const json_t *o)
{
	return (long long)json_integer_value(json_object_get(o, "value"));
}

static const char *
text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

/* @param skip_zero  as netstat -ss does */
static void
print_proto(const char *proto, const json_t *o, bool skip_zero)
{
	const json_t *counters = json_object_get(o, "counters");
	const json_t *hist = json_object_get(o, "histogram");

	printf("%s:\n", proto);
	for (size_t i = 0; i < json_array_size(counters); i++) {
		const json_t *c = json_array_get(counters, i);

		if (*text(c, "text") != '\0' && (!skip_zero || value(c) != 0))
			printf("\t%lld %s %s\n", value(c), proto, text(c, "text"));
	}
	if (json_array_size(hist) > 0)
		printf("\t%s histogram:\n", proto);
	for (size_t i = 0; i < json_array_size(hist); i++) {
		const json_t *h = json_array_get(hist, i);

		if (value(h) != 0)
			printf("\t\t%s packets with %s: %lld\n", proto, text(h, "name"), value(h));
	}
}

int
cmd_netstat(struct cmd_env *env, struct err *err)
{
	static const char *const protos[] = { "ipsec", "ah", "esp", "ipip", "ipcomp" };
	const char *only = NULL;
	unsigned int s = 0;
	bool known = false;
	json_t *all = NULL;
	int ret;

	for (int i = 1; i < env->argc; i++) {
		if (strcmp(env->argv[i], "-p") == 0 && i + 1 < env->argc)
			only = env->argv[++i];
		else if (strspn(env->argv[i] + 1, "s") > 0 && env->argv[i][0] == '-' &&
			strspn(env->argv[i] + 1, "s") == strlen(env->argv[i] + 1))
			s += (unsigned int)strlen(env->argv[i] + 1);
		else
			return err_set(err, -EINVAL, "netstat does not take \"%s\": see --help",
				env->argv[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(protos); i++)
		known |= only == NULL || strcmp(only, protos[i]) == 0;
	if (!known)
		return err_set(
			err, -EINVAL, "\"%s\" is none of ipsec, ah, esp, ipip and ipcomp", only);
	ret = rpc_client_call(env->client, "netstat.get", NULL, &all, err);
	for (size_t i = 0; ret == 0 && i < ARRAY_LEN(protos); i++) {
		if (only == NULL || strcmp(only, protos[i]) == 0)
			print_proto(protos[i], json_object_get(all, protos[i]), s > 1);
	}
	json_decref(all);
	return ret;
}
