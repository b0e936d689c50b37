#!/usr/bin/env python3
"""What it costs that every actor can be looked into: the share of instructions
that count messages, times and states while 100,000 routes go from one neighbour
through the daemon to another, and what it costs to look meanwhile. Fails above
2 %.

usage: test_inspection.py TROUPED
"""

import json
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "interop"))

from harness.speaker import Speaker, update  # noqa: E402

ADDRESS, PORT, ADMIN = "127.0.108.1", 10479, "127.0.108.1:46769"
SOURCE, SINK = ("127.0.108.2", 65002), ("127.0.108.3", 65003)
ROUTES = 100_000
PER_UPDATE = 4
MOST = 0.02
# What counts. It is in line within `consume` and `enqueue`, so that these are
# taken as a whole.
COUNTING = re.compile(
    r"actors::(actor_cell|mailbox_gauge|published_text|message_type_key"
    r"|thread_cpu_ns|steady_ns|instrumented<[^>]*>+::(consume|enqueue))"
    r"|clock_gettime"
)


def configuration(directory):
    families = {"ipv4_unicast": {"import": "accept", "export": "accept"}}
    return {
        "admin": {"listen": [ADMIN]},
        "log": {"level": "warn"},
        "data_dir": f"{directory}/data",
        "routers": [
            {
                "name": "main",
                "asn": 65000,
                "router_id": "10.0.0.1",
                "listen": [f"{ADDRESS}:{PORT}"],
                "defaults": {
                    "local_address": ADDRESS,
                    "passive": True,
                    "multihop": 255,
                    "timers": {"hold": "240s"},
                    "families": families,
                },
                "neighbors": [
                    {"name": f"as{asn}", "address": address, "remote_asn": asn}
                    for address, asn in (SOURCE, SINK)
                ],
            }
        ],
    }


def get(path):
    with urllib.request.urlopen(f"http://{ADMIN}{path}", timeout=60) as answer:
        return answer.read()


def wait_for_daemon(process):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit("the daemon ended")
        try:
            return get("/healthz")
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the daemon does not start")


def dump(process):
    subprocess.run(
        ["callgrind_control", "-d", str(process.pid)],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def load(routes, look):
    """So many from the source to the sink; `look` is called in between."""
    source, sink = (
        Speaker(address, asn, asn).connect(ADDRESS, PORT)
        for address, asn in (SOURCE, SINK)
    )
    stream = b"".join(
        update(
            SOURCE[1],
            n,
            range(0x100000 + n * PER_UPDATE, 0x100000 + (n + 1) * PER_UPDATE),
        )
        for n in range(routes // PER_UPDATE)
    )
    try:
        half = len(stream) // 2
        source.send(stream[:half])
        look()
        source.send(stream[half:])
        sink.drain(routes)
    finally:
        source.close()
        sink.close()


def self_costs(file):
    """Function -> instructions in it alone."""
    text = subprocess.run(
        ["callgrind_annotate", "--threshold=100", "--auto=no", file],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    costs = {}
    for line in text.splitlines():
        found = re.match(r"\s*([\d,]+) \([ \d.]+%\)\s+(\S+:.+)", line)
        if found:
            count = int(found[1].replace(",", ""))
            costs[found[2]] = costs.get(found[2], 0) + count
    return costs


def run(binary, routes, look=lambda: None):
    """The instructions from the start on, by function."""
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory)
        (path / "troupe.json").write_text(json.dumps(configuration(directory)))
        process = subprocess.Popen(
            [
                "valgrind",
                "--tool=callgrind",
                f"--callgrind-out-file={path}/out",
                binary,
                "--config",
                path / "troupe.json",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_for_daemon(process)
            load(routes, look)
            dump(process)
            (file,) = path.glob("out.1*")
            return self_costs(file)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()


def difference(more, less):
    """What a run has more than one without routes: what the routes cost."""
    return {name: n - less.get(name, 0) for name, n in more.items()}


def main():
    if not shutil.which("valgrind"):
        raise SystemExit("valgrind is not installed")
    binary = sys.argv[1]
    without = run(binary, 0)
    routes = difference(run(binary, ROUTES), without)
    total = sum(routes.values())
    counting = sum(n for name, n in routes.items() if COUNTING.search(name))
    print(f"{ROUTES:,} routes: {total:,} instructions")
    print(f"of these for what can be seen: {counting:,} ({counting / total:.2%})")
    for name, count in sorted(routes.items(), key=lambda each: -each[1]):
        if COUNTING.search(name) and count > total / 5000:
            print(f"  {count:12,} {name[:100]}")
    looked = run(binary, ROUTES, lambda: get("/v1/actors"))
    seen = sum(difference(looked, without).values())
    print(f"with a look at all actors meanwhile: {seen / total - 1:+.2%}")
    if counting > MOST * total:
        raise SystemExit("the counting costs too much")


if __name__ == "__main__":
    main()
