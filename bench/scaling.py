#!/usr/bin/env python3
"""How the daemon's cost grows with threads, routes and peers.

usage: bench/scaling.py threads|routes|peers --tool FILE [--runs N] [SCENARIO...]

threads     each scenario with one thread for the actors, with two, and with two
            for the sockets and two shards as well
routes      a table of 100,000 to 4 million routes through the daemon to one
            monitor: time and memory per route
peers       20,000 routes to 10 to 1,000 monitors: processor time and memory
            per monitor

FILE is the side-by-side benchmark (a compare.py). Takes the binary of
build/release, or that which TROUPED names. Medians of N runs (default 3), the
variants of a row in turn. Figures of a machine that does anything else are worth
nothing.
"""

import argparse
import contextlib
import importlib.util
import io
import json
import os
import pathlib
import statistics
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCENARIOS = ["S1w", "S2w", "S3", "S4", "S7w", "S8", "v6"]
THREADS = {
    "1 actor thread": {"workers": 1, "sockets": 1, "shards": 1},
    "2": {"workers": 2, "sockets": 1, "shards": 1},
    "2, 2 for sockets, 2 shards": {"workers": 2, "sockets": 2, "shards": 2},
}
ROUTES = [100_000, 250_000, 500_000, 1_000_000, 2_000_000, 4_000_000]
MONITORS = [10, 30, 100, 300, 1000]
TOLD = 20_000
ADDRESS, PORT, TIMEOUT = "127.77.0.10", 1790, 180
MIB = 1024 * 1024


class Tool:
    """The side-by-side benchmark, and what it runs of ours."""

    def __init__(self, path):
        os.environ.setdefault(
            "TROUPED", str(ROOT / "build" / "release" / "bin" / "trouped")
        )
        spec = importlib.util.spec_from_file_location("compare", path)
        self.module = importlib.util.module_from_spec(spec)
        # It runs when it is loaded; so it builds its load generator, and prints
        # a table of nothing.
        arguments, sys.argv = sys.argv, [path, "--table"]
        with contextlib.redirect_stdout(io.StringIO()):
            spec.loader.exec_module(self.module)
        sys.argv = arguments
        self.plain = self.module.ADAPTERS["troupe"]["make"]
        self.module.ADAPTERS["troupe"]["make"] = self.make
        self.threads = None

    def make(self, context):
        """The tool's configuration, with the threads that are asked for."""
        command = self.plain(context)
        if self.threads:
            with open(command[-1], encoding="utf-8") as file:
                configuration = json.load(file)
            threads = dict(self.threads)
            configuration["routers"][0]["shards"] = threads.pop("shards")
            configuration["threads"] = threads
            with open(command[-1], "w", encoding="utf-8") as file:
                json.dump(configuration, file)
        return command

    def add(self, name, peers, monitors, *arguments):
        """A scenario of our own."""
        self.module.SCEN[name] = {
            "peers": peers,
            "mons": monitors,
            "args": list(arguments),
            "what": name,
        }

    def run(self, scenario, threads=None):
        """What happened in each phase; all must have gone well."""
        self.threads = threads
        result = self.module.run("troupe", scenario, TIMEOUT, ADDRESS, PORT)
        phases = [result[p] for p in ("phase1", "phase2") if p in result]
        if not phases or not all(p["exact_and_stable"] for p in phases):
            raise SystemExit(f"{scenario}: {json.dumps(result, indent=1)}")
        return phases


def median(phases, field):
    return statistics.median(phase[field] for phase in phases)


def print_row(*cells):
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def threads(tool, runs, scenarios):
    print_row("scenario", *(f"{name}: s / CPU s / MiB" for name in THREADS))
    print_row(*["---"] * (len(THREADS) + 1))
    for scenario in scenarios or SCENARIOS:
        series = {name: [] for name in THREADS}
        for _ in range(runs):
            for name, variant in THREADS.items():
                series[name].append(tool.run(scenario, variant))
        for phase in range(len(series["2"][0])):
            columns = [[run[phase] for run in each] for each in series.values()]
            print_row(
                f"{scenario} {columns[0][0]['name']}",
                *(
                    f"{median(column, 'converge_s'):.3f}"
                    f" / {median(column, 'target_cpu_s'):.2f}"
                    f" / {median(column, 'target_peak_rss_mib'):.0f}"
                    for column in columns
                ),
            )


def routes(tool, runs, _):
    print_row("routes", "s", "us a route", "CPU us a route", "peak MiB", "B")
    print_row(*["---"] * 6)
    for count in ROUTES:
        tool.add("routes", 1, 1, "--scenario", "table", "--prefixes", str(count))
        phases = [tool.run("routes")[0] for _ in range(runs)]
        time = median(phases, "converge_s")
        memory = median(phases, "target_peak_rss_mib")
        print_row(
            f"{count:,}",
            f"{time:.3f}",
            f"{time / count * 1e6:.2f}",
            f"{median(phases, 'target_cpu_s') / count * 1e6:.2f}",
            f"{memory:.0f}",
            f"{memory * MIB / count:.0f}",
        )


def peers(tool, runs, _):
    print_row("monitors", "s", "CPU s", "CPU us a monitor", "peak MiB", "KiB")
    print_row(*["---"] * 6)
    for count in MONITORS:
        tool.add(
            "peers", 1, count, "--scenario", "table", "--prefixes", str(TOLD)
        )
        phases = [tool.run("peers")[0] for _ in range(runs)]
        used = median(phases, "target_cpu_after_1s")
        memory = median(phases, "target_peak_rss_mib")
        print_row(
            count,
            f"{median(phases, 'converge_s'):.3f}",
            f"{used:.2f}",
            f"{used / count * 1e6:.0f}",
            f"{memory:.1f}",
            f"{memory * 1024 / count:.0f}",
        )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    measures = {"threads": threads, "routes": routes, "peers": peers}
    parser.add_argument("measure", choices=measures)
    parser.add_argument("--tool", required=True, metavar="FILE")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("scenarios", nargs="*")
    chosen = parser.parse_args()
    if chosen.runs < 1:
        parser.error("--runs must be 1 at least")
    if not pathlib.Path(chosen.tool).exists():
        parser.error(f"{chosen.tool}: there is no such file")
    measures[chosen.measure](
        Tool(chosen.tool), chosen.runs, chosen.scenarios
    )


if __name__ == "__main__":
    sys.exit(main())
