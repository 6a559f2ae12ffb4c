/* SPDX-License-Identifier: BSD-2-Clause */
/* The table printer of ipsecgwctl: alignment, formats, holes, hostile text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "table.h"

static void
table_cell_formats(void **state)
{
	static const struct {
		const char *json, *key, *want;
		enum cell_format format;
	} rows[] = {
		{ "{\"a\":\"x\"}", "a", "x", CELL_TEXT },
		{ "{\"a\":null}", "a", "-", CELL_TEXT },
		{ "{}", "a", "-", CELL_COUNT },
		{ "{\"a\":true}", "a", "yes", CELL_TEXT },
		{ "{\"a\":9223372036854775807}", "a", "9223372036854775807", CELL_COUNT },
		{ "{\"a\":4097}", "a", "0x00001001", CELL_HEX },
		{ "{\"a\":{\"b\":{\"c\":7}}}", "a.b.c", "7", CELL_COUNT },
		{ "{\"a\":{\"b\":7}}", "a.c", "-", CELL_COUNT },
		{ "{\"a\":[\"x\",\"y\"]}", "a", "x, y", CELL_TEXT },
		{ "{\"a\":[]}", "a", "-", CELL_TEXT },
		{ "{\"a\":[1]}", "a", "?", CELL_TEXT },
		{ "{\"a\":0}", "a", "0", CELL_RATE },
		{ "{\"a\":999}", "a", "999", CELL_RATE },
		{ "{\"a\":999.7}", "a", "1.00k", CELL_RATE },
		{ "{\"a\":14880952}", "a", "14.9M", CELL_RATE },
		{ "{\"a\":100000000000}", "a", "100G", CELL_RATE },
		{ "{\"a\":99.96}", "a", "100.0", CELL_COUNT },
		{ "{\"a\":\"\\u001b[2Jx\\n\\u007f\"}", "a", "?[2Jx??", CELL_TEXT },
	};
	char buf[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct column c = { "t", rows[i].key, rows[i].format };
		json_t *o = json_loads(rows[i].json, 0, NULL);

		assert_non_null(o);
		assert_string_equal(table_cell(o, &c, buf, sizeof(buf)), rows[i].want);
		json_decref(o);
	}
}

static void
table_cell_cuts_what_does_not_fit(void **state)
{
	const struct column c = { "t", "a", CELL_TEXT };
	json_t *o = json_loads("{\"a\":[\"0123456789\",\"0123456789\"]}", 0, NULL);
	char buf[16];

	(void)state;
	memset(buf, 'x', sizeof(buf));
	(void)table_cell(o, &c, buf, 15);
	assert_int_equal(strlen(buf), 14);
	assert_int_equal(buf[15], 'x');
	json_decref(o);
}

static char *
print(const char *json, const struct column *cols)
{
	json_t *list = json_loads(json, 0, NULL);
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(list);
	table_print(f, "Title", list, cols, "nothing");
	(void)fclose(f);
	json_decref(list);
	return text;
}

static void
table_print_aligns(void **state)
{
	static const struct column cols[] = { { "name", "n", CELL_TEXT },
		{ "count", "c", CELL_COUNT }, { "text", "t", CELL_TEXT }, { 0 } };
	char *text = print("[{\"n\":\"longer name\",\"c\":1,\"t\":\"x\"},"
			   "{\"n\":\"b\",\"c\":1234567,\"t\":\"much text\"}]",
		cols);

	(void)state;
	assert_string_equal(text,
		"Title\n"
		"  name           count  text\n"
		"  longer name        1  x\n"
		"  b            1234567  much text\n");
	free(text);
	text = print("[]", cols);
	assert_string_equal(text, "Title\n  nothing\n");
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_cell_formats),
		cmocka_unit_test(table_cell_cuts_what_does_not_fit),
		cmocka_unit_test(table_print_aligns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
