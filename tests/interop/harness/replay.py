"""The project's own speaker for tests (tests/interop/replay)."""

import json
import os
import pathlib
import subprocess

from .daemon import Daemon
from .process import Process, require, wait_until
from .route import Route, parse_as_path

BINARIES = os.environ.get("TROUPE_BINARIES", "build/release/bin")


class Replay(Daemon):
    """Feeds a daemon, or collects what a daemon tells."""

    def __init__(self, me, other, options=(), listen=False):
        super().__init__(me)
        self.other = other
        self.options = [str(o) for o in options]
        self.listen = listen
        self._lines = None
        self._events = []

    def start(self, directory):
        binary = os.path.abspath(os.path.join(BINARIES, "bgp_replay"))
        require(os.access(binary, os.X_OK), binary)
        self.directory = directory
        # A caller leaves its port to the kernel: a flap need not wait for it.
        port = self.me.port if self.listen else 0
        argv = [
            binary,
            *("--local", f"{self.me.address}:{port}"),
            *("--peer", f"{self.other.address}:{self.other.port}"),
            *("--as", str(self.me.asn)),
            *("--router-id", self.me.router_id),
            *("--next-hop", self.me.next_hop),
            *("--next-hop-v6", self.me.next_hop_v6),
            *self.options,
        ]
        if self.listen:
            argv.append("--listen")
        self.process = Process(
            f"replay-{self.me.name}", argv, directory, subprocess.PIPE
        )

    def command(self, line):
        self.process.popen.stdin.write(f"{line}\n".encode())
        self.process.popen.stdin.flush()

    def wait_event(self, name, seconds=60):
        """The next event of this name; those before it are gone."""

        def find():
            self._read_events()
            while self._events:
                event = self._events.pop(0)
                if event["event"] == name:
                    return event
            return None

        return wait_until(
            find, seconds, f"{self.process.name}: {name}", [self.process]
        )

    def _read_events(self):
        if self._lines is None:
            self._lines = open(self.process.log, encoding="utf-8")
            self._rest = ""
        text = self._rest + self._lines.read()
        *lines, self._rest = text.split("\n")
        self._events += [json.loads(line) for line in lines if line]

    def stop(self):
        super().stop()
        if self._lines:
            self._lines.close()

    def established(self, _peer=None):
        return self._count()["established"]

    def count(self, family="ipv4"):
        return self._count()[family]

    def _count(self):
        self.command("count")
        return self.wait_event("count")

    def table(self, family="ipv4"):
        """Everything of the family that the daemon has told."""
        path = pathlib.Path(self.directory, f"{self.process.name}.table")
        self.command(f"dump {path}")
        assert self.wait_event("dumped")["ok"]
        routes = {}
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                item = json.loads(line)
                if (":" in item["prefix"]) == (family == "ipv6"):
                    routes[item["prefix"]] = Route(
                        as_path=parse_as_path(item["as_path"]),
                        next_hop=item["next_hop"],
                        origin=item["origin"],
                        med=item["med"],
                        communities=frozenset(item["communities"]),
                        large_communities=frozenset(
                            item["large_communities"]
                        ),
                        extended_communities=frozenset(
                            item["extended_communities"]
                        ),
                        aggregator=item["aggregator"],
                        atomic=item["atomic"],
                    )
        return routes
