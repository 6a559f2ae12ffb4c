#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Run a checker on every *.IN of a directory and compare what it says with the file of the same name in *.OUT.

An output that ends in ": ok" goes with exit status 0, any other with 1. Files of the directory MORE are inputs, too:
what is said about MORE/NAME is kept as NAME.OUT in the directory. With --again such an ok output is a valid input
whose output is the same once more. --write records what is said now: read it before committing it.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

problems = []


def check(checker, path):
    """Return (exit status, output). From inside the directory: messages name the file without its place on this machine."""
    run = subprocess.run([checker, path.name], cwd=path.parent, capture_output=True, encoding="utf-8", check=False)
    return run.returncode, run.stdout + run.stderr


def check_again(checker, name, text):
    with tempfile.TemporaryDirectory() as where:
        path = pathlib.Path(where) / name
        path.write_text(text, encoding="utf-8")
        status, got = check(checker, path)
    if status != 0 or got != text:
        problems.append(f"{name}: its output means something else as input: exit {status}\n{got}")


def check_one(args, path, golden):
    status, got = check(args.checker, path)
    if args.write:
        golden.write_text(got, encoding="utf-8")
    want = golden.read_text(encoding="utf-8") if golden.exists() else "(no such file)\n"
    ok = got.endswith(": ok\n")
    if got != want or status != (0 if ok else 1):
        problems.append(f"{path.name}: exit {status}\n--- got\n{got}--- want\n{want}---")
    if args.again and ok:
        check_again(args.checker, path.name, got)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("checker", type=lambda s: str(pathlib.Path(s).resolve()))
    p.add_argument("directory", type=pathlib.Path)
    p.add_argument("input", metavar="IN")
    p.add_argument("output", metavar="OUT")
    p.add_argument("--more", type=pathlib.Path)
    p.add_argument("--again", action="store_true")
    p.add_argument("--write", action="store_true")
    args = p.parse_args()

    pairs = {f: f.with_suffix("." + args.output) for f in sorted(args.directory.glob("*." + args.input))}
    if args.more:
        pairs |= {f: args.directory / f"{f.name}.{args.output}" for f in sorted(args.more.iterdir()) if f.is_file()}
    for path, golden in pairs.items():
        check_one(args, path, golden)
    for golden in sorted(args.directory.glob("*." + args.output)):
        if golden not in pairs.values():
            problems.append(f"{golden.name}: its input is gone")
    print("\n".join(problems + [f"{len(pairs)} inputs, {len(problems)} problems"]))
    return 1 if problems or not pairs else 0


if __name__ == "__main__":
    sys.exit(main())
