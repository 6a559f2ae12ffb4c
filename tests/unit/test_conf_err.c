/* SPDX-License-Identifier: BSD-2-Clause */
/* What the configuration file may not say: each refusal with its line, column and key path. */
#include <errno.h>
#include <stdio.h>

#include "support/conf_text.h"

struct bad {
	const char *text;
	const char *where; /* "line:col: key path" */
	const char *part; /* of the sentence behind it */
};

static void
check_bad(const struct bad *bad, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct err err = { 0 };
		struct conf *c = conf_text_parse(bad[i].text, &err);
		char want[128];

		if (c != NULL)
			fail_msg("accepted: %s", bad[i].text);
		assert_int_equal(err.code, -EINVAL);
		(void)snprintf(want, sizeof(want), "f:%s: ", bad[i].where);
		if (strncmp(err.text, want, strlen(want)) != 0 ||
			strstr(err.text + strlen(want), bad[i].part) == NULL)
			fail_msg("%s\n  got  %s\n  want %s%s", bad[i].text, err.text, want,
				bad[i].part);
	}
}

#define KEY65 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void
conf_parse_says_where_json_is_wrong(void **state)
{
	static const struct bad bad[] = {
		{ "", "1:1: top level", "not JSON" },
		{ "\n\n  ", "3:3: top level", "not JSON" },
		{ "7", "1:1: top level", "not JSON" },
		{ "[]", "1:1: top level", "this is an array; expected an object" },
		{ "{'a':1,\r\n  'ports':tru}", "2:11: ports", "not JSON: invalid token" },
		{ "{'ports':[{'name':'a'}\n", "2:1: ports[0]", "not JSON" },
		{ "{'ports':[{},{'name' 'a'}]}", "1:22: ports[1].name", "not JSON" },
		{ "{'ports':[1,2,]}", "1:15: ports", "not JSON" },
		{ "{} x", "1:4: top level", "not JSON: end of file expected" },
		{ "{'ports':[{'name':'a\nb'}]}", "1:19: ports[0].name", "unexpected newline" },
		{ "{'limits':{'sa':99999999999999999999}}", "1:17: limits.sa", "too big integer" },
		{ "{'limits':{'sa':1,'acl_bytes':2,\n 's\\u0061':3}}", "2:2: limits.sa", "twice" },
		{ "{'control':{'rpc':'\\u0000'}}", "1:19: control.rpc", "not JSON" },
		{ "{'\xff':1}", "1:2: [\"?\"]", "not JSON" },
		{ "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]",
			"1:17: [0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0]", "nested" },
		{ "{'limits':{'" KEY65 "':1}}", "1:12: limits", "key too long" },
	};

	(void)state;
	check_bad(bad, ARRAY_LEN(bad));
}

#define A_B  "{'ports':[{'name':'a','device':'b'"
#define L3_2 "'},\n{'name':'b','device':'"

static void
conf_parse_says_which_port_is_wrong(void **state)
{
	static const struct bad bad[] = {
		{ "{}", "1:1: top level", "expected the key \"ports\"" },
		{ "\n {'prts':[]}", "2:3: prts", "unknown key; expected ports, routes, " },
		{ "{'p\\u0061.\\n':1}", "1:2: [\"pa.\\u000a\"]", "unknown key" },
		{ "{'ports':{}}", "1:10: ports", "this is an object; expected an array" },
		{ "{'ports':[]}", "1:10: ports", "0 elements; expected 1 to 16" },
		{ "{'ports':[\r\n\t7]}", "2:2: ports[0]", "expected an object" },
		{ "{'ports':[{'device':'a'}]}", "1:11: ports[0]", "expected the key \"name\"" },
		{ "{'ports':[{'name':'a'}]}", "1:11: ports[0]", "expected the key \"device\"" },
		{ "{'ports':[{'name':'','device':'a'}]}", "1:19: ports[0].name", "not a name" },
		{ "{'ports':[{'name':'1a','device':'a'}]}", "1:19: ports[0].name", "not a name" },
		{ "{'ports':[{'name':'a b','device':'a'}]}", "1:19: ports[0].name", "not a name" },
		{ "{'ports':[{'name':'\xc3\xa9','device':'b'}]}", "1:19: ports[0].name", "not a" },
		{ "{'ports':[{'name':'abcdefghijklmnopqrstuvwxyz012345','device':'a'}]}",
			"1:19: ports[0].name", "not a name" },
		{ "{'ports':[{'name':null,'device':'a'}]}", "1:19: ports[0].name", "this is null" },
		{ A_B "},\n{'name':'a','device':'c'}]}", "2:9: ports[1].name",
			"another port or VLAN is called a" },
		{ "{'ports':[{'name':'a','device':'b c'}]}", "1:32: ports[0].device", "blank" },
		{ "{'ports':[{'name':'a','device':''}]}", "1:32: ports[0].device",
			"expected a PCI" },
		{ "{'ports':[{'name':'a','device':'\xc3\xa9'}]}", "1:32: ports[0].device",
			"non-ASCII" },
		{ "{'ports':[{'name':'a','device':'0000:0A:00.0" L3_2 "0a:00.0'}]}",
			"2:22: ports[1].device", "ports[0] has this device" },
		{ "{'ports':[{'name':'a','device':'t0,x=1" L3_2 "t0,x=2'}]}",
			"2:22: ports[1].device", "ports[0] has this device" },
		{ A_B "}],'crypto':{'devices':['b']}}", "1:59: crypto.devices[0]",
			"ports[0] has this device" },
		{ A_B ",'queues':0}]}", "1:45: ports[0].queues",
			"0 is out of range; expected 1 to 64" },
		{ A_B ",'mtu':575}]}", "1:42: ports[0].mtu", "expected 576 to 9600" },
		{ A_B ",'mtu':9601}]}", "1:42: ports[0].mtu", "expected 576 to 9600" },
		{ A_B ",'mtu':1e3}]}", "1:42: ports[0].mtu", "fraction or exponent" },
		{ A_B ",'mtu':'1500'}]}", "1:42: ports[0].mtu",
			"this is a string; expected a whole number" },
		{ A_B ",'mtu':2000}]}", "1:42: ports[0].mtu",
			"expected buffers.size of at least 2082" },
		{ "{'buffers':{'size':1024},'ports':[{'name':'a','device':'b'}]}",
			"1:35: ports[0].mtu", "expected buffers.size of at least 1582" },
		{ A_B ",'promiscuous':1}]}", "1:50: ports[0].promiscuous",
			"expected true or false" },
		{ A_B ",'rx_descriptors':31}]}", "1:53: ports[0].rx_descriptors",
			"expected 32 to 32768" },
		{ A_B ",'tx_descriptors':32769}]}", "1:53: ports[0].tx_descriptors",
			"expected 32 to 32768" },
		{ "{'ports':[{'x\xc3\xa9':0, 'name':1}]}", "1:12: ports[0][\"x\xc3\xa9\"]",
			"unknown" },
		{ "{'ports':[{'x\xc3\xa9':0, 'name' 1}]}", "1:27: ports[0].name", "not JSON" },
	};

	(void)state;
	check_bad(bad, ARRAY_LEN(bad));
}

/* One port "a" with one address, at column 49. */
#define ADDRS "{'ports':[{'name':'a','device':'b','addresses':["
#define BAD(a, p)                                                     \
	{                                                             \
		ADDRS "'" a "']}]}", "1:49: ports[0].addresses[0]", p \
	}

static void
conf_parse_says_which_address_is_wrong(void **state)
{
	static const struct bad bad[] = {
		BAD("192.0.2.1", "expected one like 192.0.2.1/24"),
		BAD("192.0.2.1/33", "prefix length too large; expected at most 32"),
		BAD("fd00::1/129", "prefix length too large; expected at most 128"),
		BAD("192.0.2/24", "not an address"),
		BAD("x\\u001b[2J/24", "\"x?[2J/24\" is not an address"),
		BAD("0.0.0.0/0", "unspecified"),
		BAD("10.0.0.1/0", "prefix length 0"),
		BAD("0.1.0.1/8", "network 0"),
		BAD("224.0.0.1/24", "multicast"),
		BAD("ff02::1/64", "multicast"),
		BAD("250.0.0.1/24", "reserved"),
		BAD("127.0.0.1/8", "loopback"),
		BAD("::1/128", "loopback"),
		BAD("::ffff:10.0.0.1/120", "IPv4-mapped"),
		BAD("192.0.2.0/24", "the network"),
		BAD("192.0.2.255/24", "broadcast"),
		BAD("fd00::/64", "the network"),
		{ ADDRS "7]}]}", "1:49: ports[0].addresses[0]", "expected a string" },
		{ ADDRS "'10.0.0.1/24','10.0.0.1/16']}]}", "1:63: ports[0].addresses[1]",
			"a has 10.0.0.1 already" },
		{ ADDRS "'10.0.0.1/24']},\n{'name':'c','device':'d','addresses':['10.0.0.2/24']}]}",
			"2:39: ports[1].addresses[0]", "a is in the same network" },
		{ ADDRS "'10.0.0.1/24','10.0.0.2/24','10.0.0.3/24','10.0.0.4/24','10.0.0.5/24',"
			"'10.0.0.6/24','10.0.0.7/24','10.0.0.8/24','10.0.0.9/24']}]}",
			"1:48: ports[0].addresses", "9 elements; expected 0 to 8" },
		{ ADDRS "'10.0.0.1/24','fd00::1/64'],'mtu':1279}]}", "1:63: ports[0].addresses[1]",
			"an MTU of 1279; expected an MTU of at least 1280" },
	};

	(void)state;
	check_bad(bad, ARRAY_LEN(bad));
}

#define VLANS A_B ",'vlans':["

static void
conf_parse_says_which_vlan_is_wrong(void **state)
{
	static const struct bad bad[] = {
		{ VLANS "{'name':'v'}]}]}", "1:45: ports[0].vlans[0]", "expected the key \"id\"" },
		{ VLANS "{'name':'v','id':0}]}]}", "1:62: ports[0].vlans[0].id",
			"expected 1 to 4094" },
		{ VLANS "{'name':'v','id':4095}]}]}", "1:62: ports[0].vlans[0].id",
			"expected 1 to 4094" },
		{ VLANS "{'name':'a','id':1}]}]}", "1:53: ports[0].vlans[0].name", "is called a" },
		{ VLANS "{'name':'v','id':1},\n{'name':'w','id':1}]}]}",
			"2:18: ports[0].vlans[1].id", "v is VLAN 1 of this port already" },
		{ VLANS "{'name':'v','id':1,'mtu':1501}]}]}", "1:70: ports[0].vlans[0].mtu",
			"expected at most 1500" },
		{ VLANS "{'name':'v','id':1,'mtu':1000,'addresses':['fd00::1/64']}]}]}",
			"1:88: ports[0].vlans[0].addresses[0]", "at least 1280" },
		{ VLANS "{'name':'v','id':1,'device':'x'}]}]}", "1:64: ports[0].vlans[0].device",
			"unknown key; expected name, id, mtu or addresses" },
	};

	(void)state;
	check_bad(bad, ARRAY_LEN(bad));
}

#define ROUTE PORT ",'routes':[\n"

static void
conf_parse_says_which_route_is_wrong(void **state)
{
	static const struct bad bad[] = {
		{ ROUTE "{'to':'10.0.0.0/8'}]}", "2:1: routes[0]", "neither" },
		{ ROUTE "{'port':'wan'}]}", "2:1: routes[0]", "the key \"to\"" },
		{ ROUTE "{'to':'10.0.0.1','port':'wan'}]}", "2:7: routes[0].to",
			"expected one like" },
		{ ROUTE "{'to':'10.0.0.1/8','port':'wan'}]}", "2:7: routes[0].to",
			"expected 10.0.0.0/8" },
		{ ROUTE "{'to':'224.0.0.0/4','port':'wan'}]}", "2:7: routes[0].to", "multicast" },
		{ ROUTE "{'to':'192.0.2.0/24','port':'wan'}]}", "2:7: routes[0].to",
			"network of wan itself" },
		{ ROUTE "{'to':'10.0.0.0/8','port':'lan'}]}", "2:27: routes[0].port",
			"nothing is called \"lan\"" },
		{ ROUTE "{'to':'10.0.0.0/8','via':'10.1.1.1'}]}", "2:26: routes[0].via",
			"not on link" },
		{ ROUTE "{'to':'10.0.0.0/8','via':'10.1.1.1','port':'wan'}]}",
			"2:26: routes[0].via", "inside a network of wan" },
		{ ROUTE "{'to':'10.0.0.0/8','via':'192.0.2.1'}]}", "2:26: routes[0].via",
			"address of this gateway" },
		{ ROUTE "{'to':'10.0.0.0/8','via':'192.0.2.2/24'}]}", "2:26: routes[0].via",
			"expected one like 192.0.2.1 or" },
		{ ROUTE "{'to':'10.0.0.0/8','via':'2001:db8::2'}]}", "2:26: routes[0].via",
			"expected an IPv4 address" },
		{ ROUTE "{'to':'fd01::/64','via':'192.0.2.2'}]}", "2:25: routes[0].via",
			"expected an IPv6 address" },
		{ ROUTE "{'to':'fd01::/64','via':'fe80::1'}]}", "2:25: routes[0].via",
			"expected \"port\" beside it" },
		{ ROUTE "{'to':'10.0.0.0/8','port':'wan'},{'to':'11.0.0.0/8','port':'wan'},\n"
			"{'to':'10.0.0.0/8','via':'192.0.2.2'}]}",
			"3:7: routes[2].to", "routes[0] has this destination" },
	};

	(void)state;
	check_bad(bad, ARRAY_LEN(bad));
}

#define NBR PORT ",'neighbours':[\n"

static void
conf_parse_says_which_neighbour_is_wrong(void **state)
{
	static const struct bad bad[] = {
		{ NBR "{'address':'192.0.2.2'}]}", "2:1: neighbours[0]", "the key \"mac\"" },
		{ NBR "{'address':'192.0.2.2','mac':'2:0:0:0:0:1'}]}", "2:30: neighbours[0].mac",
			"expected one like 02:" },
		{ NBR "{'address':'192.0.2.2','mac':'02:00:00:00:00:0g'}]}",
			"2:30: neighbours[0].mac", "expected one like 02:" },
		{ NBR "{'address':'192.0.2.2','mac':'01:00:00:00:00:01'}]}",
			"2:30: neighbours[0].mac", "multicast" },
		{ NBR "{'address':'192.0.2.2','mac':'00:00:00:00:00:00'}]}",
			"2:30: neighbours[0].mac", "zero" },
		{ NBR "{'address':'10.0.0.1','mac':'02:00:00:00:00:01'}]}",
			"2:12: neighbours[0].address", "not on link" },
		{ NBR "{'address':'192.0.2.1','mac':'02:00:00:00:00:01'}]}",
			"2:12: neighbours[0].address", "address of this gateway" },
		{ NBR "{'address':'192.0.2.2','mac':'02:00:00:00:00:01'},\n"
		      "{'address':'192.0.2.2','mac':'02:00:00:00:00:02'}]}",
			"3:12: neighbours[1].address", "neighbours[0] has this address" },
	};

	(void)state;
	check_bad(bad, ARRAY_LEN(bad));
}

static void
conf_parse_says_which_setting_is_wrong(void **state)
{
	static const struct bad bad[] = {
		{ PORT ",'crypto':\n{'engine':'fast'}}", "2:11: crypto.engine",
			"expected auto, direct or lookaside" },
		{ PORT ",'crypto':\n{'engine':'lookaside'}}", "2:1: crypto", "without a device" },
		{ PORT ",'crypto':\n{'devices':['c0','c0,x=1']}}", "2:18: crypto.devices[1]",
			"crypto.devices[0] is this device" },
		{ PORT ",'crypto':\n{'devices':['1','2','3','4','5','6','7','8','9']}}",
			"2:12: crypto.devices", "expected 0 to 8" },
		{ PORT ",'crypto':\n{'calibrate':'no'}}", "2:14: crypto.calibrate",
			"true or false" },
		{ PORT ",'buffers':\n{'count':1023}}", "2:10: buffers.count",
			"expected 1024 to 8388608" },
		{ PORT ",'buffers':\n{'size':65536}}", "2:9: buffers.size",
			"expected 1024 to 16256" },
		{ PORT ",'limits':\n{'sa':0}}", "2:7: limits.sa", "expected 1 to 4194304" },
		{ PORT ",'limits':\n{'sa':-1}}", "2:7: limits.sa", "-1 is out of range" },
		{ PORT ",'limits':\n{'acl_bytes':4294967296}}", "2:14: limits.acl_bytes",
			"expected 1048576 to 4294967295" },
		{ PORT ",'control':\n{'rpc':'run/x'}}", "2:8: control.rpc", "a relative path" },
		{ PORT ",'control':\n{'rpc':''}}", "2:8: control.rpc", "expected 2 to 107" },
		{ PORT ",\n'control':7}", "2:11: control", "expected an object" },
		{ PORT ",\n'sysctl':[]}", "2:10: sysctl", "expected an object" },
		{ PORT ",'sysctl':\n{'net.inet.ipsec.def_policy':2}}",
			"2:30: sysctl[\"net.inet.ipsec.def_policy\"]", "expected 0 to 1" },
		{ PORT ",'sysctl':\n{'net.inet.ipsec.def_policy':true}}",
			"2:30: sysctl[\"net.inet.ipsec.def_policy\"]", "not a whole number" },
		{ PORT ",'sysctl':\n{'net.inet.ipsec.used':1}}",
			"2:24: sysctl[\"net.inet.ipsec.used\"]", "read-only" },
		{ PORT ",'sysctl':\n{'net.inet.esp.esp_stats':[]}}",
			"2:27: sysctl[\"net.inet.esp.esp_stats\"]", "read-only" },
		{ PORT ",'sysctl':\n{'net.inet.ipsec':0}}", "2:2: sysctl[\"net.inet.ipsec\"]",
			"unknown key; expected a parameter" },
		{ PORT ",'setkey':\n['']}", "2:2: setkey[0]", "empty" },
		{ PORT ",'setkey':\n['a','a']}", "2:6: setkey[1]", "setkey[0] is this file" },
	};

	(void)state;
	check_bad(bad, ARRAY_LEN(bad));
}

static void
conf_error_at_finds_places_afterwards(void **state)
{
	static const struct {
		const char *path, *where;
	} at[] = {
		{ "ports[0].device", "f:2:23: ports[0].device: no" },
		{ "ports[1].device", "f:3:2: ports[1].device: no" }, /* the key has an escape */
		{ "ports[1].queues", "f:2:32: ports[1].queues: no" }, /* not there: its port */
		{ "ports[10].name", "f:1:10: ports[10].name: no" },
		{ "setkey[0]", "f:4:12: setkey[0]: no" },
		{ "", "f:1:1: top level: no" },
	};
	struct err err = { 0 };
	struct conf *c = conf_text_parse("{'ports':[\r\n {'name':'a','device':'b{[\\\\'},"
					 "{'name':'c','\\u0064evice':\n 'd'}],\n 'setkey':['x']}",
		&err);

	(void)state;
	assert_non_null(c);
	for (size_t i = 0; i < ARRAY_LEN(at); i++) {
		err = (struct err){ 0 };
		assert_int_equal(conf_error_at(c, &err, -ENODEV, at[i].path, "%s", "no"), -ENODEV);
		assert_int_equal(err.code, -ENODEV);
		assert_string_equal(err.text, at[i].where);
	}
	assert_int_equal(conf_error_at(c, NULL, -EIO, "x", "y"), -EIO);
	conf_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conf_parse_says_where_json_is_wrong),
		cmocka_unit_test(conf_parse_says_which_port_is_wrong),
		cmocka_unit_test(conf_parse_says_which_address_is_wrong),
		cmocka_unit_test(conf_parse_says_which_vlan_is_wrong),
		cmocka_unit_test(conf_parse_says_which_route_is_wrong),
		cmocka_unit_test(conf_parse_says_which_neighbour_is_wrong),
		cmocka_unit_test(conf_parse_says_which_setting_is_wrong),
		cmocka_unit_test(conf_error_at_finds_places_afterwards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
