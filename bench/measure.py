#!/usr/bin/env python3
"""Measures what the daemon promises under load, with a speaker for every session.

usage: bench/measure.py slow [--pairs N] [--stall SECONDS]
       bench/measure.py keepalive
       bench/measure.py memory [--cycles N]

slow        200,000 routes to 50 neighbours of which one stops reading: what that
            costs the daemon, in pairs with and without, and what the slow one is
            told when it reads again
keepalive   20 idle sessions with a hold time of 3 s beside four tables of a
            million routes, a policy that judges all of them again, and three
            readers of the whole table: how late keepalives are, how long
            /v1/neighbors takes
memory      four tables of a million routes: the account beside what the kernel
            says, and what is left of it when the sessions are gone, N times

Takes the binaries of build/release. Figures of a machine that does anything else
are worth nothing.
"""

import argparse
import json
import multiprocessing
import os
import pathlib
import random
import re
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "interop"))
from harness.speaker import Speaker, message  # noqa: E402

DAEMON = ROOT / "build" / "release" / "bin" / "trouped"
ADDRESS, PORT, ADMIN = "127.0.106.1", 10380, "127.0.106.1:46763"
FIRST = 0x100000  # the upper 24 bits of the first prefix
PER_UPDATE = 4
SETS = 78_000  # of a million routes


def attributes(asn, number, hops=3):
    """One of `SETS` sets; the path is as long as `hops` says."""
    path = struct.pack("!BB", 2, hops) + struct.pack("!I", asn)
    for hop in range(1, hops):
        path += struct.pack("!I", 200_000 + (number * hop) % SETS)
    return (
        b"\x40\x01\x01\x00"
        + bytes([0x40, 2, len(path)])
        + path
        + b"\x40\x03\x04\x0a\x00\x00\x01"
    )


def stream(asn, routes, hops=3, salt=0):
    """UPDATEs for so many /24s, in an order of their own for each AS."""
    numbers = list(range(routes // PER_UPDATE))
    random.Random(asn).shuffle(numbers)
    out = bytearray()
    for n in numbers:
        sets = attributes(asn, (n * 7919 + salt) % SETS, hops)
        first = FIRST + n * PER_UPDATE
        nlri = b"".join(
            b"\x18" + p.to_bytes(3, "big")
            for p in range(first, first + PER_UPDATE)
        )
        out += message(
            2, b"\x00\x00" + struct.pack("!H", len(sets)) + sets + nlri
        )
    return bytes(out)


def prefixes_of(body):
    """Withdrawn and announced prefixes of an UPDATE, and its attributes."""
    at = 2 + int.from_bytes(body[:2], "big")
    withdrawn = body[2:at]
    end = at + 2 + int.from_bytes(body[at : at + 2], "big")

    def split(part):
        while part:
            size = 1 + (part[0] + 7) // 8
            yield part[:size]
            part = part[size:]

    return list(split(withdrawn)), list(split(body[end:])), body[at + 2 : end]


class Daemon:
    """A daemon with neighbours, until the end of the block."""

    def __init__(self, neighbors, holds=None):
        self.directory = tempfile.TemporaryDirectory()
        self.path = f"{self.directory.name}/troupe.json"
        self.neighbors = neighbors
        self.holds = holds or {}
        self.speakers = []

    def configure(self, policies=None, imports="accept"):
        def neighbor(name, address, asn):
            return {
                "name": name,
                "address": address,
                "remote_asn": asn,
                "local_address": ADDRESS,
                "passive": True,
                "multihop": 255,
                "timers": {"hold": self.holds.get(name, "240s")},
                "families": {
                    "ipv4_unicast": {"import": imports, "export": "accept"}
                },
            }

        configuration = {
            "admin": {"listen": [ADMIN]},
            "log": {"level": "error"},
            "data_dir": f"{self.directory.name}/data",
            "routers": [
                {
                    "name": "main",
                    "asn": 65000,
                    "router_id": "10.0.0.1",
                    "listen": [f"{ADDRESS}:{PORT}"],
                    "policies": policies or {},
                    "neighbors": [neighbor(*n) for n in self.neighbors],
                }
            ],
        }
        with open(self.path, "w", encoding="utf-8") as file:
            json.dump(configuration, file)

    def __enter__(self):
        self.configure()
        self.process = subprocess.Popen([DAEMON, "--config", self.path])
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                if self.get("/healthz")["ready"]:
                    return self
            except OSError:
                time.sleep(0.05)
        raise SystemExit("the daemon does not start")

    def __exit__(self, *unused):
        for speaker in self.speakers:
            speaker.close()
        self.process.terminate()
        self.process.wait()
        self.directory.cleanup()

    def get(self, path):
        with urllib.request.urlopen(
            f"http://{ADMIN}{path}", timeout=30
        ) as reply:
            return json.load(reply)

    def connect(self, name, hold=240, **options):
        address, asn = next(
            (a, n) for each, a, n in self.neighbors if each == name
        )
        deadline = time.monotonic() + 60
        while True:
            # One that comes and goes is held in Idle for a while.
            try:
                speaker = Speaker(address, asn, asn, hold)
                speaker.connect(ADDRESS, PORT, **options)
                break
            except (AssertionError, OSError):
                speaker.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
        self.speakers.append(speaker)
        return speaker

    def reset(self, name):
        """As an operator does who will not wait for the damping to end."""
        with open(f"{self.directory.name}/data/token", encoding="ascii") as file:
            token = file.readline().strip()
        request = urllib.request.Request(
            f"http://{ADMIN}/v1/neighbors/{name}/reset",
            b"{}",
            {"Authorization": f"Bearer {token}"},
            method="POST",
        )
        urllib.request.urlopen(request, timeout=30).close()

    def neighbor(self, name):
        return next(
            n
            for n in self.get("/v1/neighbors")["neighbors"]
            if n["name"] == name
        )

    def rss(self):
        with open(f"/proc/{self.process.pid}/status") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1]) / 1024

    def processor_seconds(self):
        """Of all threads, as the scheduler counts: to the nanosecond."""
        used = 0
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            used += int((task / "schedstat").read_text().split()[0])
        return used / 1e9


class Sink(threading.Thread):
    """Reads what speakers are told and throws it away."""

    def __init__(self, speakers):
        super().__init__(daemon=True)
        self.poll = select.epoll()
        self.sockets = {s.socket.fileno(): s.socket for s in speakers}
        for number in self.sockets:
            self.poll.register(number, select.EPOLLIN)
        self.octets = 0
        self.ended = threading.Event()
        self.start()

    def run(self):
        buffer = bytearray(1 << 18)
        while not self.ended.is_set():
            for number, _ in self.poll.poll(0.2):
                try:
                    got = self.sockets[number].recv_into(buffer)
                except OSError:
                    got = 0
                self.octets += got
                if got == 0:
                    self.poll.unregister(number)

    def stop(self):
        self.ended.set()
        self.join()


def until(condition, seconds=60, pause=0.05):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("it takes too long")
        time.sleep(pause)


# -- a slow peer --------------------------------------------------------------


def read_table(speaker, quiet=2.0):
    """What the peer holds when nothing comes any more, and how many prefixes were
    announced for that."""
    table, announced = {}, 0
    speaker.socket.settimeout(quiet)
    try:
        while True:
            kind, body = speaker.receive()
            if kind != 2:
                continue
            withdrawn, fresh, sets = prefixes_of(body)
            for prefix in withdrawn:
                table.pop(prefix, None)
            for prefix in fresh:
                table[prefix] = sets
            announced += len(fresh)
    except TimeoutError:
        return table, announced


def slow_run(stalled, stall):
    routes, count = 200_000, 50
    neighbors = [("source", "127.0.106.2", 65002)] + [
        (f"m{i}", f"127.0.107.{i + 1}", 64001 + i) for i in range(count)
    ]
    load = stream(65002, routes)
    changes = [stream(65002, routes // 10, 4, salt) for salt in (1, 2, 3)]
    with Daemon(neighbors) as daemon:
        last = daemon.connect("m49")
        sink_of = [daemon.connect(f"m{i}") for i in range(count - 1)]
        source = daemon.connect("source")
        sink = Sink(sink_of + [source] + ([] if stalled else [last]))
        names = [f"m{i}" for i in range(count if not stalled else count - 1)]

        def all_told():
            found = {
                n["name"]: n for n in daemon.get("/v1/neighbors")["neighbors"]
            }
            return all(
                found[n]["families"]["ipv4_unicast"]["advertised"] == routes
                and found[n]["output"]["queued_bytes"] == 0
                for n in names
            )

        at_rest = daemon.processor_seconds()
        source.send(load)
        time.sleep(5)  # the same for all: questions cost something, too
        cost = daemon.processor_seconds() - at_rest
        until(all_told)
        rss = daemon.rss()
        report = ""
        if stalled:
            began = time.monotonic()
            for change in changes:
                time.sleep(stall / (len(changes) + 1))
                source.send(change)
            time.sleep(max(0, stall - (time.monotonic() - began)))
            grown = daemon.rss() - rss
            output = daemon.neighbor("m49")["output"]
            table, announced = read_table(last)
            wanted, _ = read_expected(load, changes[-1:])
            exact = strip(table) == wanted
            report = (
                f"; stalled {stall} s: {output}, RSS {rss:.1f} MiB and"
                f" {grown:+.1f}; then told {announced} prefixes,"
                f" {'exact' if exact else 'WRONG'}"
            )
        sink.stop()
        print(
            f"{'stalled' if stalled else 'reading'}: {cost:.3f} CPU s, RSS"
            f" {rss:.1f} MiB{report}",
            flush=True,
        )
        return cost, rss


def strip(table):
    """Prefix -> the AS_PATH behind ours."""
    found = {}
    for prefix, sets in table.items():
        at = sets.index(b"\x40\x02") + 3
        found[prefix] = sets[at + 6 : at + 2 + 4 * sets[at + 1]]
    return found


def read_expected(load, changes):
    table = {}
    for data in [load, *changes]:
        while data:
            size = int.from_bytes(data[16:18], "big")
            withdrawn, fresh, sets = prefixes_of(data[19:size])
            at = sets.index(b"\x40\x02") + 3
            for prefix in fresh:
                table[prefix] = sets[at + 2 : at + 2 + 4 * sets[at + 1]]
            data = data[size:]
    return table, len(table)


def slow(options):
    pairs = []
    for _ in range(options.pairs):
        without, _ = slow_run(False, 0)
        with_slow, _ = slow_run(True, options.stall)
        pairs.append((without, with_slow))
    medians = [statistics.median(p[i] for p in pairs) for i in (0, 1)]
    change = 100 * (medians[1] / medians[0] - 1)
    print(
        f"medians of {len(pairs)} pairs: {medians[0]:.3f} CPU s reading,"
        f" {medians[1]:.3f} with a stalled one: {change:+.1f} %"
    )


# -- keepalives ---------------------------------------------------------------


class Idle(threading.Thread):
    """Idle sessions with a short hold time: sends keepalives, and notes the
    longest silence of the daemon."""

    def __init__(self, speakers, hold):
        super().__init__(daemon=True)
        self.speakers = speakers
        self.hold = hold
        self.heard = {s: time.monotonic() for s in speakers}
        self.longest = 0.0
        self.lost = 0
        self.ended = threading.Event()
        self.start()

    def run(self):
        poll = select.epoll()
        by_number = {}
        for s in self.speakers:
            by_number[s.socket.fileno()] = s
            poll.register(s.socket.fileno(), select.EPOLLIN)
        next_beat = time.monotonic()
        while not self.ended.is_set():
            now = time.monotonic()
            if now >= next_beat:
                next_beat = now + self.hold / 4
                for s in by_number.values():
                    try:
                        s.send(message(4))
                    except OSError:
                        pass
            for number, _ in poll.poll(0.02):
                self.hear(by_number[number], poll, by_number)

    def hear(self, speaker, poll, by_number):
        data = b""
        try:
            data = speaker.socket.recv(1 << 20)
        except OSError:
            pass
        now = time.monotonic()
        if not data:
            self.lost += 1
            number = speaker.socket.fileno()
            poll.unregister(number)
            del by_number[number]
            return
        self.longest = max(self.longest, now - self.heard[speaker])
        self.heard[speaker] = now

    def stop(self):
        self.ended.set()
        self.join()


# Whoever takes the time lives in a process of its own, so that no other thread of
# this one keeps it waiting.


def asking_process(pipe):
    took = []
    while not pipe.poll():
        began = time.monotonic()
        with urllib.request.urlopen(f"http://{ADMIN}/v1/neighbors") as reply:
            reply.read()
        took.append(time.monotonic() - began)
        time.sleep(0.02)
    pipe.recv()
    pipe.send(took)


def reading_process(pipe):
    """Reads the whole table again and again."""
    pages = 0
    cursor = ""
    while not pipe.poll():
        with urllib.request.urlopen(
            f"http://{ADMIN}/v1/routes?limit=10000"
            + (f"&cursor={cursor}" if cursor else "")
        ) as reply:
            found = re.search(rb'"next_cursor":"([^"]+)"', reply.read())
        cursor = found[1].decode() if found else ""
        pages += 1
    pipe.recv()
    pipe.send(pages)


def idle_process(pipe, names, neighbors, hold):
    speakers = []
    for name in names:
        address, asn = next((a, n) for each, a, n in neighbors if each == name)
        speakers.append(
            Speaker(address, asn, asn, hold).connect(ADDRESS, PORT)
        )
    idle = Idle(speakers, hold)
    pipe.send("up")
    pipe.recv()
    idle.stop()
    pipe.send((idle.longest, idle.lost))


def start(target, *arguments):
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=target, args=(theirs, *arguments))
    process.start()
    return process, ours


def ask_end(started):
    """Tells a process to end; what it has found."""
    process, pipe = started
    pipe.send("stop")
    found = pipe.recv()
    process.join()
    return found


def keepalive(_):
    routes, hold = 1_000_000, 3
    idle = [(f"i{i}", f"127.0.108.{i + 1}", 64101 + i) for i in range(20)]
    sources = [(f"s{i}", f"127.0.106.{i + 2}", 65002 + i) for i in range(4)]
    neighbors = idle + sources
    loads = [
        stream(asn, routes, 3 if i == 0 else 4)
        for i, (_, _, asn) in enumerate(sources)
    ]
    daemon = Daemon(neighbors, {name: f"{hold}s" for name, _, _ in idle})
    with daemon:
        process, ours = start(
            idle_process, [n for n, _, _ in idle], neighbors, hold
        )
        ours.recv()
        speakers = [daemon.connect(name) for name, _, _ in sources]
        sink = Sink(speakers)
        others = [
            start(target)
            for target in (asking_process, *[reading_process] * 3)
        ]
        for speaker, data in zip(speakers, loads):
            threading.Thread(
                target=speaker.send, args=(data,), daemon=True
            ).start()
        until(
            lambda: daemon.get("/v1/rib")["routers"][0]["families"]
            .get("ipv4_unicast", {})
            .get("paths", 0)
            == 4 * routes,
            120,
        )
        # The policy judges everything again.
        daemon.configure(
            {"prefer": [{"set": {"local_pref": 200}, "then": "accept"}]},
            ["prefer"],
        )
        daemon.process.send_signal(signal.SIGHUP)
        time.sleep(15)
        took, *pages = [ask_end(other) for other in others]
        state = daemon.get("/v1/neighbors")["neighbors"]
        flaps = sum(n["flaps"] for n in state)
        longest, lost = ask_end((process, ours))
        sink.stop()
        took.sort()
        p99 = took[len(took) * 99 // 100]
        print(
            f"20 idle sessions, hold {hold} s: {lost} lost, {flaps} flaps;"
            f" longest silence {longest:.2f} s, latest keepalive"
            f" {max(0.0, longest - hold / 3):.2f} s late; /v1/neighbors"
            f" p50 {1000 * statistics.median(took):.1f} ms,"
            f" p99 {1000 * p99:.1f} ms of {len(took)} requests; pages of"
            f" 10,000 routes read meanwhile: {sum(pages)}"
        )


# -- memory -------------------------------------------------------------------


def memory(options):
    routes = 1_000_000
    sources = [(f"s{i}", f"127.0.106.{i + 2}", 65002 + i) for i in range(4)]
    monitor = ("m0", "127.0.107.1", 64001)
    loads = [
        stream(asn, routes, 3 if i == 0 else 4)
        for i, (_, _, asn) in enumerate(sources)
    ]

    def paths(daemon):
        families = daemon.get("/v1/rib")["routers"][0]["families"]
        return families.get("ipv4_unicast", {}).get("paths", 0)

    with Daemon([*sources, monitor]) as daemon:
        sink = Sink([daemon.connect("m0")])
        seen = []
        for cycle in range(options.cycles):
            for name, _, _ in sources:
                daemon.reset(name)
            speakers = [daemon.connect(name) for name, _, _ in sources]
            sender = Sink(speakers)
            threads = [
                threading.Thread(target=s.send, args=(data,), daemon=True)
                for s, data in zip(speakers, loads)
            ]
            for thread in threads:
                thread.start()
            until(lambda: paths(daemon) == 4 * routes, 120)
            time.sleep(3)
            full = daemon.rss()
            account = daemon.get("/v1/memory")
            share = account["accounted_bytes"] / account["resident_bytes"]
            speakers[0].close()
            until(lambda: paths(daemon) == 3 * routes, 120)
            time.sleep(4)
            flapped = daemon.rss()
            sender.stop()
            for speaker in speakers[1:]:
                speaker.close()
            until(lambda: paths(daemon) == 0, 120)
            time.sleep(4)
            seen.append(full)
            print(
                f"cycle {cycle + 1}: RSS {full:.1f} MiB, accounted for"
                f" {100 * share:.0f} %, {flapped:.1f} without the best peer,"
                f" {daemon.rss():.1f} without all",
                flush=True,
            )
        sink.stop()
        growth = 100 * (seen[-1] / seen[0] - 1)
        print(f"from the first cycle to the last: {growth:+.1f} %")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", choices=["slow", "keepalive", "memory"])
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--stall", type=float, default=60)
    parser.add_argument("--cycles", type=int, default=20)
    options = parser.parse_args()
    {"slow": slow, "keepalive": keepalive, "memory": memory}[options.what](
        options
    )


if __name__ == "__main__":
    main()
