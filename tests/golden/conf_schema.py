#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Compare config/ipsecgw.schema.json with what the daemon accepts. Usage: CHECKER SOURCE_ROOT

Samples must satisfy both. A file with every key of the schema must satisfy both; each key renamed, given a value of a
wrong type or a number just outside its range must be refused by both. The manual page must name every key.
"""
import copy
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import jsonschema

CHECKER = str(pathlib.Path(sys.argv[1]).resolve())
ROOT = pathlib.Path(sys.argv[2]).resolve()
SCHEMA = json.loads((ROOT / "config/ipsecgw.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
WRONG = [None, True, 7, 1.5, "text", [], {}]
problems = []


def expect(ok, sentence):
    if not ok:
        problems.append(sentence)


def resolve(schema):
    """Follow $ref; keywords beside it win."""
    while "$ref" in schema:
        rest = {k: v for k, v in schema.items() if k != "$ref"}
        schema = {**SCHEMA["$defs"][schema["$ref"].rsplit("/", 1)[1]], **rest}
    return schema


def walk(value, schema, path=()):
    """Yield (path, schema) for every value of an instance."""
    schema = resolve(schema)
    yield path, schema
    if isinstance(value, dict):
        for k, v in value.items():
            yield from walk(v, schema["properties"][k], path + (k,))
    elif isinstance(value, list):
        for i, v in enumerate(value):
            yield from walk(v, schema["items"], path + (i,))


def schema_keys(schema, seen=()):
    """Yield (title of the object, key) for every key that the schema knows."""
    schema = resolve(schema)
    if "items" in schema:
        yield from schema_keys(schema["items"], seen)
    for k, v in schema.get("properties", {}).items():
        yield seen + (k,)
        yield from schema_keys(v, seen + (k,))


def changed(doc, path, value):
    doc = copy.deepcopy(doc)
    at = doc
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return doc


def renamed(doc, path):
    doc = copy.deepcopy(doc)
    at = doc
    for step in path[:-1]:
        at = at[step]
    at[path[-1] + "x"] = at.pop(path[-1])
    return doc


class Batch:
    """Many small files, one run of the checker."""

    def __init__(self, where):
        self.where = where
        self.cases = []

    def add(self, doc, name, want):
        f = self.where / f"{len(self.cases)}.json"
        f.write_text(json.dumps(doc))
        self.cases.append((f, doc, name, want))

    def run(self):
        run = subprocess.run([CHECKER] + [str(c[0]) for c in self.cases], capture_output=True, encoding="utf-8", check=False)
        lines = run.stdout.splitlines()
        expect(len(lines) == len(self.cases), f"{len(lines)} answers for {len(self.cases)} files: {run.stderr}")
        for (_, doc, name, want), said in zip(self.cases, lines):
            by_schema = VALIDATOR.is_valid(doc)
            by_daemon = said.endswith(": ok")
            expect(by_schema == want, f"{name}: the schema {'accepts' if by_schema else 'refuses'} it")
            expect(by_daemon == want, f"{name}: the daemon says {said}")


def samples():
    found = [f for f in sorted((ROOT / "config").rglob("*.json")) if "schema" not in f.name]
    expect(len(found) >= 4, "samples are missing")
    for f in found:
        for e in VALIDATOR.iter_errors(json.loads(f.read_text())):
            problems.append(f"{f.name}: {e.json_path}: {e.message}")
        run = subprocess.run([CHECKER, str(f)], capture_output=True, encoding="utf-8", check=False)
        expect(run.returncode == 0, run.stdout.strip())


def wrong_values(schema):
    """Values that this schema must refuse."""
    yield from (v for v in WRONG if not VALIDATOR.evolve(schema=schema).is_valid(v))
    if schema.get("type") == "integer":
        yield schema["minimum"] - 1
        yield schema["maximum"] + 1
    if "maxItems" in schema and schema["maxItems"] < 100:
        yield [7] * (schema["maxItems"] + 1)


def full(batch):
    doc = json.loads((ROOT / "tests/golden/conf/full.json").read_text())
    doc["setkey"] = [str(ROOT / "config/setkey/gw1.conf")]
    batch.add(doc, "full.json", True)
    used = {tuple(s for s in p if isinstance(s, str)) for p, _ in walk(doc, SCHEMA)}
    for key in schema_keys(SCHEMA):
        expect(key in used, f"full.json does not have {'.'.join(key)}")
    for path, schema in walk(doc, SCHEMA):
        expect("type" in schema or "enum" in schema, f"the schema takes values of any type for {path}")
        name = "/".join(map(str, path))
        if not path:
            continue
        if isinstance(path[-1], str):
            batch.add(renamed(doc, path), f"{name}x", False)
        for v in wrong_values(schema):
            batch.add(changed(doc, path, v), f"{name} = {json.dumps(v)[:40]}", False)
        if schema.get("type") == "integer":
            # The last port has no IPv6 address and no VLAN, and buffers are large: every value goes.
            for v in (schema["minimum"], schema["maximum"]):
                if path[-1] == "mtu" and path[:2] != ("ports", len(doc["ports"]) - 1):
                    continue
                if path[-1] == "size" and v == schema["minimum"]:
                    continue
                batch.add(changed(doc, path, v), f"{name} = {v}", True)


def required(batch):
    """Minimal objects: what the schema requires and nothing else; then with each required key left out."""
    port = {"name": "a", "device": "net_null0", "addresses": ["192.0.2.1/24"]}
    lists = {
        "routes": {"to": "10.0.0.0/8", "port": "a"},
        "neighbours": {"address": "192.0.2.2", "mac": "02:00:00:00:00:02"},
    }
    batch.add({"ports": [{"name": "a", "device": "b"}]}, "minimal", True)
    batch.add({}, "empty", False)
    for key in ("name", "device"):
        batch.add({"ports": [{k: v for k, v in port.items() if k != key}]}, f"port without {key}", False)
    for name, item in lists.items():
        batch.add({"ports": [port], name: [item]}, name, True)
        for key in item:
            batch.add({"ports": [port], name: [{k: v for k, v in item.items() if k != key}]}, f"{name} without {key}", False)
    vlan = {"name": "v", "id": 1}
    batch.add({"ports": [{**port, "vlans": [vlan]}]}, "vlan", True)
    for key in vlan:
        batch.add({"ports": [{**port, "vlans": [{k: v for k, v in vlan.items() if k != key}]}]}, f"vlan without {key}", False)
    batch.add({"ports": [port], "crypto": {"engine": "lookaside"}}, "lookaside without devices", False)
    for mac in ("02:00:00:00:00", "01:00:00:00:00:01", "02-00-00-00-00-01"):
        batch.add({"ports": [port], "neighbours": [{"address": "192.0.2.2", "mac": mac}]}, mac, False)
    for bad in ("", "a b", ",x", "x" * 128):
        batch.add({"ports": [{**port, "device": bad}]}, f"device {bad!r}", False)
    for bad in ("", "1", "a b", "x" * 32, "\u00e9"):
        batch.add({"ports": [{**port, "name": bad}]}, f"name {bad!r}", False)
    for bad in ("192.0.2.1", "a.b.c.d/8", "fd00::1", "x/8"):
        batch.add({"ports": [{**port, "addresses": [bad]}]}, f"address {bad!r}", False)


def manual():
    """Every key is an item of the manual page, with its range and default."""
    text = (ROOT / "app/ipsecgw/dpdk-ipsecgw.8").read_text()
    items = dict(re.findall(r"^\.It Ic (\S+)([^\n]*\n.*?)(?=^\.(?:It|El))", text, re.M | re.S))
    for key in schema_keys(SCHEMA):
        schema = SCHEMA
        for step in key:
            schema = resolve(resolve(schema).get("items", schema))["properties"][step]
        schema = resolve(schema)
        name = ".".join(key)
        body = items.get(name if key[0] != "sysctl" else key[-1])
        if body is None:
            problems.append(f"dpdk-ipsecgw.8 does not describe {name}")
            continue
        for word in ("minimum", "maximum", "default"):
            v = schema.get(word)
            if schema.get("type") == "integer" and v is not None:
                expect(re.search(rf"(?<![\d-]){v}(?!\d)", body), f"dpdk-ipsecgw.8: {name} does not tell its {word} {v}")


def main():
    VALIDATOR.check_schema(SCHEMA)
    samples()
    with tempfile.TemporaryDirectory() as d:
        batch = Batch(pathlib.Path(d))
        full(batch)
        required(batch)
        batch.run()
    manual()
    print("\n".join(problems))
    print(f"{len(batch.cases)} variations, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
