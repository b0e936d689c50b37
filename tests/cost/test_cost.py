#!/usr/bin/env python3
"""What a route costs at each step of its way, in counts that repeat: instructions
and allocations a route, prefixes encoded, messages and batches. figures.json has
what they were; 10 % more fails.

usage: test_cost.py ROUTE_COST [--record]
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

FIGURES = pathlib.Path(__file__).resolve().parent / "figures.json"
SLACK = 0.10
# Steps and the functions that do them; "withdraw" is an export, too.
STEPS = {
    "import": "cost::import_step(*",
    "apply": "cost::apply_step(*",
    "lose": "cost::lose_step(*",
    "export": "cost::export_step(*",
}


def counted(program):
    """Step -> its counts, as the program itself tells."""
    out = subprocess.run([program], check=True, stdout=subprocess.PIPE).stdout
    return json.loads(out)


def instructions(program, function):
    with tempfile.TemporaryDirectory() as directory:
        out = pathlib.Path(directory) / "out"
        subprocess.run(
            [
                "valgrind",
                "--tool=callgrind",
                f"--callgrind-out-file={out}",
                f"--toggle-collect={function}",
                program,
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        found = re.search(r"^(?:totals|summary): (\d+)", out.read_text(), re.M)
        return int(found[1])


def measure(program):
    """Figure -> what it is now; all of them a route."""
    counts = counted(program)
    routes = counts.pop("routes")
    figures = {}
    for step, function in STEPS.items():
        figures[f"{step}: instructions"] = instructions(program, function)
    for step, all_of in counts.items():
        for what, count in all_of.items():
            figures[f"{step}: {what}"] = count
    return {name: round(count / routes, 4) for name, count in figures.items()}


def main():
    if not shutil.which("valgrind"):
        raise SystemExit("valgrind is not installed")
    program = sys.argv[1]
    now = measure(program)
    if "--record" in sys.argv:
        FIGURES.write_text(json.dumps(now, indent=1) + "\n")
        return
    known = json.loads(FIGURES.read_text())
    failed = sorted(known.keys() ^ now.keys())
    for name, figure in now.items():
        was = known.get(name, 0)
        # Some allocations in all, whatever they are spread over.
        too_much = figure > was * (1 + SLACK) + 0.001
        print(
            f"{name:24} {was:10.4f} -> {figure:10.4f}"
            f"{'  MORE' if too_much else ''}"
        )
        if too_much:
            failed.append(name)
    # One encoding for fifty members.
    if now["export: encodings"] != 1 or now["withdraw: encodings"] != 1:
        failed.append("a prefix is encoded once, however many members there are")
    if failed:
        raise SystemExit(f"costs more than it did: {failed}")


if __name__ == "__main__":
    main()
