#!/usr/bin/env python3
"""Measures what the pipeline costs for 100 plugins of about 1 MB, against plain dlopen.

    cargo plugins && python3 docs/figures.py

Needs `strip`. Prints one table; each figure is the best of several runs.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

COUNT = 100
RUNS = 7
TARGET = pathlib.Path(__file__).resolve().parent.parent / "target"
HOST = TARGET / "release" / "solti-host"

# Run in a process of its own, so that nothing is loaded already.
DLOPEN = """
import ctypes, os, sys, time
began = time.perf_counter()
for path in sys.argv[1:]:
    ctypes.CDLL(path, mode=os.RTLD_NOW | os.RTLD_LOCAL)
print((time.perf_counter() - began) * 1e3)
"""


def make_plugins(directory):
    """Fills a directory with copies of one plugin that differ in their names."""
    stripped = directory / ".stripped"
    subprocess.run(["strip", "-o", stripped, TARGET / "plugins" / "hello.so"], check=True)
    original = stripped.read_bytes()
    stripped.unlink()
    for number in range(COUNT):
        name = f"h{number:04}"
        (directory / f"{name}.so").write_bytes(original.replace(b"hello", name.encode()))
    return len(original)


def plain_dlopen(directory):
    files = sorted(str(path) for path in directory.glob("*.so"))
    return float(subprocess.check_output([sys.executable, "-c", DLOPEN, *files]))


def pipeline(directory):
    """The milliseconds of each stage, over all files."""
    report = json.loads(subprocess.check_output([HOST, "list", "--json", directory]))
    assert len(report["loaded"]) == COUNT, report
    stages = {}
    for file in report["loaded"]:
        for stage, took in file["times_ms"].items():
            stages[stage] = stages.get(stage, 0) + took
    return stages


def main():
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        size = make_plugins(directory)
        names = sorted(path.name for path in directory.glob("*.so"))
        sums = subprocess.check_output(["sha256sum", *names], cwd=directory)
        (directory / "SHA256SUMS").write_bytes(sums)
        plain = min(plain_dlopen(directory) for _ in range(RUNS))
        best = min((pipeline(directory) for _ in range(RUNS)), key=lambda it: sum(it.values()))
    print(f"{COUNT} plugins of {size / 1e6:.2f} MB")
    print(f"plain dlopen {plain:8.1f} ms")
    for stage, took in best.items():
        print(f"{stage:12} {took:8.1f} ms")
    print(f"all stages   {sum(best.values()):8.1f} ms")


main()
