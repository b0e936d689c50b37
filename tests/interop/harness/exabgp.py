"""ExaBGP: configuration, and what it was told as routes."""

import getpass
import json
import os

from .daemon import Daemon
from .process import NotReady, Process, program
from .route import Route, address, as_path

ORIGINS = {"igp": "igp", "egp": "egp", "incomplete": "incomplete"}


class Exabgp(Daemon):
    """Calls one peer, tells its static routes, and keeps what it is told. It
    listens to nobody.

    `lines` stand in the neighbour, `capabilities` and `nexthop` in its blocks
    of these names.
    """

    def __init__(
        self, me, routes=(), lines=(), capabilities="", nexthop=""
    ):
        super().__init__(me)
        self.routes = routes
        self.lines = lines
        self.capabilities = capabilities
        self.nexthop = nexthop

    def peer(self, other, _passive=False):
        self.other = other
        return self

    def start(self, directory):
        binary = program("exabgp", "/usr/sbin")
        self.told = f"{directory}/{self.me.name}.told"
        if os.path.exists(self.told):
            os.remove(self.told)  # of a run before this one
        script = f"{directory}/{self.me.name}.sh"
        with open(script, "w", encoding="utf-8") as file:
            # No exec: ExaBGP takes a closed output for the end of its helper.
            file.write(f"cat >{self.told}\nexit $?\n")
        configuration = f"{directory}/{self.me.name}.conf"
        with open(configuration, "w", encoding="utf-8") as file:
            file.write(self._configuration(script))
        environment = {
            **os.environ,
            "exabgp.daemon.user": getpass.getuser(),
            "exabgp.api.cli": "false",
            "exabgp.api.ack": "false",
        }
        self.process = Process(
            self.me.name,
            [binary, configuration],
            directory,
            environment=environment,
        )

    def _configuration(self, script):
        routes = "\n".join(f"    route {route};" for route in self.routes)
        return f"""
process collect {{
  run /bin/sh {script};
  encoder json;
}}
neighbor {self.other.address} {{
  router-id {self.me.router_id};
  local-address {self.me.address};
  local-as {self.me.asn};
  peer-as {self.other.asn};
  connect {self.other.port};
  hold-time 90;
  {" ".join(self.lines)}
  family {{ ipv4 unicast; ipv6 unicast; }}
  {f"nexthop {{ {self.nexthop} }}" if self.nexthop else ""}
  {f"capability {{ {self.capabilities} }}" if self.capabilities else ""}
  static {{
{routes}
  }}
  api {{
    processes [ collect ];
    neighbor-changes;
    receive {{ parsed; open; update; refresh; }}
  }}
}}
"""

    def records(self, kind=None):
        """What it has said to its helper: all, or of one kind."""
        return [r for r in self._records() if kind in (None, r["type"])]

    def endings(self):
        """Why its sessions ended, as it tells it."""
        return [
            record["neighbor"].get("reason", "")
            for record in self.records("state")
            if record["neighbor"]["state"] == "down"
        ]

    def _records(self):
        try:
            with open(self.told, encoding="utf-8") as file:
                text = file.read()
        except FileNotFoundError as error:
            raise NotReady(str(error)) from error
        # What it says of a refresh has its words in two pairs of quotes.
        return [
            json.loads(
                line.replace('""', '"') if '"type": "refresh"' in line else line,
                strict=False,  # nor does it escape what it quotes of a message
            )
            for line in text[: text.rfind("\n") + 1].split("\n")
            if line
        ]

    def established(self, _peer=None):
        states = [
            r["neighbor"]["state"]
            for r in self._records()
            if r["type"] == "state"
        ]
        return bool(states) and states[-1] == "up"

    def count(self, family="ipv4"):
        return len(self.table(family))

    def table(self, family="ipv4"):
        name = f"{family} unicast"
        routes = {}
        for record in self._records():
            if record["type"] == "state" and (
                record["neighbor"]["state"] == "down"
            ):
                routes.clear()
            message = record["neighbor"].get("message", {})
            update = message.get("update", {})
            for item in update.get("withdraw", {}).get(name, []):
                routes.pop(item["nlri"], None)
            announced = update.get("announce", {}).get(name, {})
            for next_hop, items in announced.items():
                for item in items:
                    routes[item["nlri"]] = _route(
                        update["attribute"], next_hop
                    )
        return routes


def _large(numbers):
    return ":".join(map(str, numbers))


def _route(a, next_hop):
    segments = [("", a.get("as-path", []))]
    if a.get("as-set"):
        # It does not say where in the path the set stands; ours end in it.
        segments.append(("{}", a["as-set"]))
    aggregator = a.get("aggregator")
    return Route(
        as_path=as_path(segments),
        next_hop=address(next_hop),
        origin=ORIGINS[a["origin"]],
        med=a.get("med"),
        communities=frozenset(map(_large, a.get("community", []))),
        large_communities=frozenset(map(_large, a.get("large-community", []))),
        extended_communities=frozenset(
            c["string"].replace("target:", "rt:")
            for c in a.get("extended-community", [])
        ),
        aggregator=aggregator and aggregator.replace(":", " "),
        atomic=bool(a.get("atomic-aggregate")),
    )
