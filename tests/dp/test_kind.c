/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of port kinds, without EAL as the configuration check uses it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "port/kind.h"

static void
kind_finds_every_row(void **state)
{
	const struct port_kind *k;
	struct err err = { 0 };
	char device[64];

	(void)state;
	assert_string_equal(port_kind_find("0000:01:00.0")->name, "eth");
	assert_string_equal(port_kind_find("01:00.0,a=b")->name, "eth");
	for (size_t i = 0; (k = port_kind_at(i)) != NULL; i++) {
		assert_true(strlen(k->help) > 20);
		if (k->prefix == NULL)
			continue;
		(void)snprintf(device, sizeof(device), "%s_wan,a=b", k->prefix);
		assert_ptr_equal(port_kind_find(device), k);
		assert_ptr_equal(port_kind_of_driver(k->prefix), k);
	}
	assert_null(port_kind_find("net_foo0"));
	assert_null(port_kind_find(""));
	assert_string_equal(port_kind_of_driver("net_ixgbe")->name, "eth");
	assert_int_equal(port_kind_of_driver("net_virtio")->queues, PORT_QUEUES_EQUAL);
	assert_int_equal(port_device_check("net_null0,size=64", &err), 0);
	assert_int_equal(port_device_check("net_tap0,iface=gwtest2", &err), 0);
	assert_int_equal(port_device_check("net_virtio_user0,path=/x", &err), 0);
	assert_int_equal(port_device_check("net_memif0", NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kind_finds_every_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
