#!/usr/bin/env python3
"""Measures what the pipeline costs for 100 plugins of about 1 MB, against plain dlopen.

    cargo plugins && python3 docs/figures.py

Needs `strip`. Prints one table. A stage's time is the sum over all files, of which several are tried side by side; the
last line is the time of the program `solti-host list` from its start to its end.
"""

import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

COUNT = 100
RUNS = 9
TARGET = pathlib.Path(__file__).resolve().parent.parent / "target"
HOST = TARGET / "dist" / "solti-host"

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


def pipeline(directory, *options):
    """The milliseconds of each stage, over all files, and of the whole program."""
    began = time.perf_counter()
    output = subprocess.check_output([HOST, "list", "--json", *options, directory])
    program = (time.perf_counter() - began) * 1e3
    report = json.loads(output)
    assert len(report["loaded"]) == COUNT, report
    stages = {}
    for file in report["loaded"]:
        for stage, took in file["times_ms"].items():
            stages[stage] = stages.get(stage, 0) + took
    return stages | {"program": program}


def median_of(measure):
    """The median of each number that `measure` returns, after one run that does not count."""
    measure()
    runs = [measure() for _ in range(RUNS)]
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def main():
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name) / "plugins"
        directory.mkdir()
        state = pathlib.Path(name) / "state"
        size = make_plugins(directory)
        names = sorted(path.name for path in directory.glob("*.so"))
        sums = subprocess.check_output(["sha256sum", *names], cwd=directory)
        (directory / "SHA256SUMS").write_bytes(sums)
        plain = median_of(lambda: {"dlopen": plain_dlopen(directory)})["dlopen"]
        first = median_of(lambda: pipeline(directory))
        again = median_of(lambda: pipeline(directory, "--state", state))
    print(f"{COUNT} plugins of {size / 1e6:.2f} MB; medians of {RUNS} runs, in ms")
    print(f"plain dlopen {plain:27.1f}")
    print(f"{'':12} {'first start':>13} {'--state, again':>14}")
    for stage, took in first.items():
        what = "all of it" if stage == "program" else stage
        print(f"{what:12} {took:13.1f} {again[stage]:14.1f}")


main()
