/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration file: what it means, its defaults, files that cannot be read, what a reload may change. */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keyd/key_params.h"
#include "support/conf_text.h"

static struct conf *
good(const char *text)
{
	struct err err = { 0 };
	struct conf *c = conf_text_parse(text, &err);

	if (c == NULL)
		fail_msg("%s\n  %s", text, err.text);
	return c;
}

static void
conf_parse_fills_defaults(void **state)
{
	const struct knobs knobs = KNOBS_INIT;
	struct conf *c = good("{'ports':[{'name':'wan','device':'0000:01:00.0'}]}");

	(void)state;
	assert_int_equal(c->nport, 1);
	assert_int_equal(c->niface, 1);
	assert_string_equal(c->port[0].name, "wan");
	assert_string_equal(c->iface[0].name, "wan");
	assert_string_equal(c->port[0].dev.device, "0000:01:00.0");
	assert_int_equal(c->port[0].dev.queues, 1);
	assert_int_equal(c->port[0].dev.mtu, 1500);
	assert_int_equal(c->iface[0].mtu, 1500);
	assert_false(c->port[0].dev.promiscuous);
	assert_int_equal(c->port[0].dev.rx_desc, 0);
	assert_int_equal(c->port[0].dev.tx_desc, 0);
	assert_int_equal(c->engine, CRYPTO_AUTO);
	assert_true(c->calibrate);
	assert_string_equal(c->rpc_path, "/run/dpdk-ipsecgw/rpc.sock");
	assert_memory_equal(&c->knobs, &knobs, sizeof(knobs));
	assert_int_equal(c->nroute + c->nneighbour + c->nsetkey + c->ncrypto_device, 0);
	conf_free(c);
}

static void
conf_parse_reads_every_key(void **state)
{
	struct conf *c =
		good("{'setkey':['a.conf','/etc/b.conf'],"
		     "'sysctl':{'net.inet.ipsec.dfbit':0,'net.inet.ipsec.crypto_support':-1},"
		     "'control':{'rpc':'/tmp/x.sock'},'limits':{'sa':1,'acl_bytes':4294967295},"
		     "'buffers':{'count':1024,'size':9682},"
		     "'crypto':{'engine':'lookaside','devices':['crypto_null0','0000:02:00.0'],"
		     "'calibrate':false},"
		     "'ports':[{'vlans':[{'name':'wan.7','id':7,'addresses':['198.51.100.1/31']},"
		     "{'name':'wan.8','id':8,'mtu':1400}],"
		     "'name':'wan','device':'net_tap0,iface=wan','queues':4,'mtu':9600,"
		     "'promiscuous':true,'rx_descriptors':512,'tx_descriptors':256,"
		     "'addresses':['192.0.2.1/24']},{'name':'lan','device':'net_tap1',"
		     "'addresses':['fd00::1/64']}]}");

	(void)state;
	assert_int_equal(c->nport, 2);
	assert_int_equal(c->niface, 4);
	assert_int_equal(c->port[0].dev.mtu, 9600);
	assert_int_equal(c->port[0].dev.queues, 4);
	assert_int_equal(c->port[0].dev.rx_desc, 512);
	assert_int_equal(c->port[0].dev.tx_desc, 256);
	assert_true(c->port[0].dev.promiscuous);
	assert_int_equal(c->iface[0].mtu, 9600);
	assert_int_equal(c->iface[1].vlan, 7);
	assert_int_equal(c->iface[1].mtu, 9600); /* the port's, wherever the file has it */
	assert_int_equal(c->iface[2].mtu, 1400);
	assert_int_equal(c->iface[2].port, 0);
	assert_string_equal(c->iface[3].name, "lan");
	assert_int_equal(c->iface[3].port, 1);
	assert_int_equal(c->iface[3].naddr, 1);
	assert_int_equal(c->iface[3].addr[0].plen, 64);
	assert_int_equal(c->engine, CRYPTO_LOOKASIDE);
	assert_int_equal(c->ncrypto_device, 2);
	assert_string_equal(c->crypto_device[1], "0000:02:00.0");
	assert_false(c->calibrate);
	assert_int_equal(c->mbufs, 1024);
	assert_int_equal(c->mbuf_size, 9682);
	assert_int_equal(c->max_sa, 1);
	assert_int_equal(c->max_acl_bytes, UINT32_MAX);
	assert_string_equal(c->rpc_path, "/tmp/x.sock");
	assert_int_equal(c->knobs.dfbit, 0);
	assert_int_equal(c->knobs.crypto_support, -1);
	assert_int_equal(c->nsetkey, 2);
	assert_string_equal(c->setkey[0], "a.conf"); /* the file "f" has no directory */
	assert_string_equal(c->setkey[1], "/etc/b.conf");
	conf_free(c);
}

static void
conf_parse_resolves_setkey_against_the_file(void **state)
{
	const char *text = "{\"ports\":[{\"name\":\"a\",\"device\":\"b\"}],\"setkey\":[\"c\"]}";
	struct err err = { 0 };
	struct conf *c;

	(void)state;
	assert_int_equal(conf_parse("/etc/x/f.json", text, strlen(text), &c, &err), 0);
	assert_string_equal(c->setkey[0], "/etc/x/c");
	conf_free(c);
}

static void
conf_parse_finds_the_interface_of_a_route(void **state)
{
	struct conf *c = good(
		"{'ports':[{'name':'wan','device':'a','addresses':['192.0.2.1/24','2001:db8::1/64'],"
		"'vlans':[{'name':'v','id':5,'addresses':['192.0.2.129/25']}]},"
		"{'name':'lan','device':'b'}],"
		"'routes':[{'to':'10.0.0.0/8','via':'192.0.2.2'},{'to':'0.0.0.0/0','via':'192.0.2.130'},"
		"{'to':'10.9.0.0/16','port':'lan'},{'to':'::/0','via':'fe80::1','port':'v'}],"
		"'neighbours':[{'address':'192.0.2.200','mac':'02:aB:00:00:00:fF'},"
		"{'address':'fe80::2','mac':'02:00:00:00:00:01','port':'wan'}]}");

	(void)state;
	assert_int_equal(c->nroute, 4);
	assert_int_equal(c->route[0].iface, 0);
	assert_int_equal(c->route[1].iface, 1); /* the longest prefix */
	assert_int_equal(c->route[2].iface, 2);
	assert_int_equal(c->route[2].via.af, 0);
	assert_int_equal(c->route[3].iface, 1);
	assert_int_equal(c->route[3].to.af, AF_INET6);
	assert_int_equal(c->nneighbour, 2);
	assert_int_equal(c->neighbour[0].iface, 1);
	assert_int_equal(c->neighbour[0].mac.addr_bytes[1], 0xab);
	assert_int_equal(c->neighbour[0].mac.addr_bytes[5], 0xff);
	assert_int_equal(c->neighbour[1].iface, 0);
	conf_free(c);
}

static void
conf_can_reload_names_what_needs_a_restart(void **state)
{
	static const struct {
		const char *text, *what;
	} next[] = {
		{ PORT "}", NULL },
		{ PORT ",'routes':[{'to':'10.0.0.0/8','port':'wan'}]}", NULL },
		{ PORT ",'neighbours':[{'address':'192.0.2.2','mac':'02:00:00:00:00:01'}]}", NULL },
		{ PORT ",'sysctl':{'net.inet.ipsec.dfbit':1},'setkey':['a']}", NULL },
		{ "{'ports':[{'name':'wan','device':'net_tap0'},{'name':'b','device':'c'}]}",
			"ports" },
		{ "{'ports':[{'name':'x','device':'net_tap0'}]}", "ports[0].name" },
		{ "{'ports':[{'name':'wan','device':'net_tap1'}]}", "ports[0].device" },
		{ "{'ports':[{'name':'wan','device':'net_tap0','queues':2}]}", "ports[0].queues" },
		{ "{'ports':[{'name':'wan','device':'net_tap0','mtu':1400}]}", "ports[0].mtu" },
		{ "{'ports':[{'name':'wan','device':'net_tap0','promiscuous':true}]}",
			"ports[0].promiscuous" },
		{ "{'ports':[{'name':'wan','device':'net_tap0','rx_descriptors':64}]}",
			"ports[0].rx_descriptors" },
		{ "{'ports':[{'name':'wan','device':'net_tap0','tx_descriptors':64}]}",
			"ports[0].tx_descriptors" },
		{ "{'ports':[{'name':'wan','device':'net_tap0'}]}", "ports[0].addresses" },
		{ "{'ports':[{'name':'wan','device':'net_tap0','vlans':[{'name':'v','id':1}]}]}",
			"ports[0].vlans" },
		{ PORT ",'crypto':{'engine':'direct'}}", "crypto.engine" },
		{ PORT ",'crypto':{'devices':['c']}}", "crypto.devices" },
		{ PORT ",'crypto':{'calibrate':false}}", "crypto.calibrate" },
		{ PORT ",'buffers':{'count':2048}}", "buffers.count" },
		{ PORT ",'buffers':{'size':2049}}", "buffers.size" },
		{ PORT ",'limits':{'sa':7}}", "limits.sa" },
		{ PORT ",'limits':{'acl_bytes':1048576}}", "limits.acl_bytes" },
		{ PORT ",'control':{'rpc':'/x'}}", "control.rpc" },
	};
	struct conf *now = good(PORT "}");
	const char *what;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(next); i++) {
		struct conf *c = good(next[i].text);

		what = "unset";
		assert_int_equal(conf_can_reload(now, c, &what), next[i].what == NULL);
		if (next[i].what == NULL)
			assert_null(what);
		else
			assert_string_equal(what, next[i].what);
		conf_free(c);
	}
	conf_free(now);
}

#define TWO(v)                                                               \
	"{'ports':[{'name':'a','device':'b','vlans':[{'name':'v','id':1}]}," \
	"{'name':'c','device':'d','vlans':[{'name':'w','id':1},{'name':'x'," v "}]}]}"

static void
conf_can_reload_compares_vlans_by_port(void **state)
{
	struct conf *now = good(TWO("'id':3"));
	struct conf *id = good(TWO("'id':4"));
	struct conf *mtu = good(TWO("'id':3,'mtu':1400"));
	struct conf *addr = good(TWO("'id':3,'addresses':['10.0.0.1/8']"));
	const char *what;

	(void)state;
	assert_true(conf_can_reload(now, now, &what));
	assert_null(what);
	assert_false(conf_can_reload(now, id, &what));
	assert_string_equal(what, "ports[1].vlans[1].id");
	assert_false(conf_can_reload(now, mtu, &what));
	assert_string_equal(what, "ports[1].vlans[1].mtu");
	assert_false(conf_can_reload(now, addr, &what));
	assert_string_equal(what, "ports[1].vlans[1].addresses");
	conf_free(now);
	conf_free(id);
	conf_free(mtu);
	conf_free(addr);
}

/* A directory of this test, gone at its end. */
struct dir {
	char path[64];
	char file[96];
};

static void
dir_make(struct dir *d)
{
	(void)snprintf(d->path, sizeof(d->path), "/tmp/test_conf.XXXXXX");
	assert_non_null(mkdtemp(d->path));
	(void)snprintf(d->file, sizeof(d->file), "%s/f.json", d->path);
}

static void
dir_write(const struct dir *d, const char *text, size_t len)
{
	FILE *f = fopen(d->file, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void
write_setkey(const struct dir *d, const char *path)
{
	char json[256];

	(void)snprintf(json, sizeof(json),
		"{\"ports\":[{\"name\":\"a\",\"device\":\"b\"}],\n\"setkey\":[\"f.json\",\"%s\"]}",
		path);
	dir_write(d, json, strlen(json));
}

static void
conf_load_reports_files_that_cannot_be_read(void **state)
{
	struct conf *c = (struct conf *)&c;
	struct err err = { 0 };
	char want[256];
	struct dir d;
	char *big;

	(void)state;
	dir_make(&d);
	assert_int_equal(conf_load(d.file, &c, &err), -ENOENT);
	assert_null(c);
	assert_non_null(strstr(err.text, "No such file"));
	assert_int_equal(conf_load(d.path, &c, &err), -EISDIR);

	write_setkey(&d, "none");
	assert_int_equal(conf_load(d.file, &c, &err), -ENOENT);
	assert_null(c);
	(void)snprintf(
		want, sizeof(want), "%s:2:20: setkey[1]: %s/none: No such file", d.file, d.path);
	assert_true(strncmp(err.text, want, strlen(want)) == 0);
	write_setkey(&d, ".");
	assert_int_equal(conf_load(d.file, &c, &err), -EISDIR);
	write_setkey(&d, "/dev/null");
	assert_int_equal(conf_load(d.file, &c, &err), -EINVAL);
	assert_non_null(strstr(err.text, "Not a regular file"));

	big = malloc(CONF_FILE_MAX + 1);
	assert_non_null(big);
	memset(big, ' ', CONF_FILE_MAX + 1);
	dir_write(&d, big, CONF_FILE_MAX + 1);
	assert_int_equal(conf_load(d.file, &c, &err), -EFBIG);
	/* At the cap it is read: then it is blanks, not too large. */
	dir_write(&d, big, CONF_FILE_MAX);
	assert_int_equal(conf_load(d.file, &c, &err), -EINVAL);
	free(big);
	assert_int_equal(unlink(d.file), 0);
	assert_int_equal(rmdir(d.path), 0);
}

/* Tens of thousands of routes: the search for duplicates must not be quadratic, and must find the one. */
static void
conf_parse_takes_a_full_file_of_routes(void **state)
{
	const unsigned int n = 20000;
	char *text = malloc(CONF_FILE_MAX);
	struct err err = { 0 };
	size_t len;

	(void)state;
	assert_non_null(text);
	for (int twice = 0; twice < 2; twice++) {
		struct conf *c;

		len = (size_t)snprintf(text, CONF_FILE_MAX, "%s,'routes':[", PORT);
		for (unsigned int i = 0; i < n; i++)
			len += (size_t)snprintf(text + len, CONF_FILE_MAX - len,
				"%s\n{'to':'10.%u.%u.0/24','port':'wan'}", i == 0 ? "" : ",",
				i >> 8, i & 255);
		(void)snprintf(text + len, CONF_FILE_MAX - len, "%s]}",
			twice != 0 ? ",\n{'to':'10.0.9.0/24','port':'wan'}" : "");
		c = conf_text_parse(text, &err);
		if (twice != 0) {
			assert_null(c);
			assert_string_equal(err.text,
				"f:20002:7: routes[20000].to: routes[9] has this destination; "
				"expected each once");
			break;
		}
		assert_non_null(c);
		assert_int_equal(c->nroute, n);
		conf_free(c);
	}
	free(text);
}

static const json_t *
property(const json_t *schema, const char *a, const char *b)
{
	const json_t *v = json_object_get(json_object_get(schema, "properties"), a);

	if (b != NULL)
		v = json_object_get(json_object_get(v, "properties"), b);
	assert_non_null(v);
	return v;
}

static json_int_t
number(const json_t *v, const char *key)
{
	const json_t *n = json_object_get(v, key);

	assert_true(json_is_integer(n));
	return json_integer_value(n);
}

/* Python compares keys and ranges; what an absent key means can only be seen here. */
static void
conf_schema_has_our_defaults(void **state)
{
	const struct params_tree *tree = key_params_tree();
	const struct knobs knobs = KNOBS_INIT;
	json_t *schema = json_load_file(CONFIG_DIR "/../ipsecgw.schema.json", 0, NULL);
	struct conf *c = good("{'ports':[{'name':'wan','device':'x'}]}");
	const json_t *port = json_object_get(json_object_get(schema, "$defs"), "port");
	const json_t *all;
	size_t n = 0;

	(void)state;
	assert_non_null(schema);
	assert_int_equal(number(property(port, "mtu", NULL), "default"), c->port[0].dev.mtu);
	assert_int_equal(number(property(port, "queues", NULL), "default"), c->port[0].dev.queues);
	assert_int_equal(number(property(schema, "buffers", "count"), "default"), c->mbufs);
	assert_int_equal(number(property(schema, "buffers", "size"), "default"), c->mbuf_size);
	assert_int_equal(number(property(schema, "limits", "sa"), "default"), c->max_sa);
	assert_int_equal(
		number(property(schema, "limits", "acl_bytes"), "default"), c->max_acl_bytes);
	assert_string_equal(
		json_string_value(json_object_get(property(schema, "control", "rpc"), "default")),
		c->rpc_path);
	all = json_object_get(property(schema, "sysctl", NULL), "properties");
	for (size_t i = 0; i < tree->n; i++) {
		const json_t *v = json_object_get(all, tree->rows[i].name);

		/* What cannot be set has no place in a file. */
		assert_int_equal(v == NULL, tree->rows[i].read_only);
		if (v == NULL)
			continue;
		n++;
		assert_int_equal(number(v, "minimum"), tree->rows[i].min);
		assert_int_equal(number(v, "maximum"), tree->rows[i].max);
		assert_int_equal(number(v, "default"), params_get(&tree->rows[i], &knobs, NULL));
	}
	assert_int_equal(json_object_size(all), n);
	conf_free(c);
	json_decref(schema);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conf_parse_fills_defaults),
		cmocka_unit_test(conf_parse_reads_every_key),
		cmocka_unit_test(conf_parse_resolves_setkey_against_the_file),
		cmocka_unit_test(conf_parse_finds_the_interface_of_a_route),
		cmocka_unit_test(conf_can_reload_names_what_needs_a_restart),
		cmocka_unit_test(conf_can_reload_compares_vlans_by_port),
		cmocka_unit_test(conf_load_reports_files_that_cannot_be_read),
		cmocka_unit_test(conf_parse_takes_a_full_file_of_routes),
		cmocka_unit_test(conf_schema_has_our_defaults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
