"""OpenBGPD: configuration, and its table as routes."""

import os
import unittest

from .daemon import Daemon
from .process import NotReady, Process, program, run, run_json
from .route import Route, address, parse_as_path

# Where its processes lock themselves in; its service would make it.
CHROOT = "/run/openbgpd"

ORIGINS = {"IGP": "igp", "EGP": "egp", "incomplete": "incomplete"}


# It names these communities (RFC 1997, RFC 8326).
COMMUNITIES = {
    "GRACEFUL_SHUTDOWN": "65535:0",
    "NO_EXPORT": "65535:65281",
    "NO_ADVERTISE": "65535:65282",
    "NO_EXPORT_SUBCONFED": "65535:65283",
}


class Openbgpd(Daemon):
    """Takes everything, and tells what it originates.

    Extra of a peer: `lines` of the neighbour, as a list; `hops` is said
    instead of `multihop`.
    """

    def __init__(self, me, networks=()):
        super().__init__(me)
        self.networks = networks

    def start(self, directory):
        binary = program("bgpd", "/usr/sbin")
        if os.geteuid() != 0:
            raise unittest.SkipTest("OpenBGPD separates privileges: only root")
        os.makedirs(CHROOT, mode=0o755, exist_ok=True)
        self.socket = f"{directory}/{self.me.name}.sock"
        self.client = [program("bgpctl", "/usr/sbin"), "-s", self.socket, "-j"]
        configuration = f"{directory}/{self.me.name}.conf"
        with open(configuration, "w", encoding="utf-8") as file:
            file.write(self._configuration())
        os.chmod(configuration, 0o600)
        self.process = Process(
            self.me.name, [binary, "-d", "-f", configuration], directory
        )

    def _configuration(self):
        lines = [
            f"AS {self.me.asn}",
            f"router-id {self.me.router_id}",
            "fib-update no",
            f'socket "{self.socket}"',
            f"listen on {self.me.address} port {self.me.port}",
            "holdtime 90",
            *(f"network {network}" for network in self.networks),
        ]
        for other, passive in self.peers:
            lines += [
                f"neighbor {other.address} {{",
                f"  remote-as {other.asn}",
                f"  port {other.port}",
                f"  local-address {self.me.address}",
                self.extra[other.name].get("hops", "multihop 255"),
                "  passive" if passive else "",
                "  announce IPv4 unicast",
                "  announce IPv6 unicast",
                *self.extra[other.name].get("lines", ()),
                "}",
            ]
        lines += [
            "allow from any",
            "allow to any",
            # It would tell its loopback address, which nobody may use.
            f"match to any inet set nexthop {self.me.next_hop}",
            f"match to any inet6 set nexthop {self.me.next_hop_v6}",
        ]
        return "\n".join(lines) + "\n"

    def established(self, peer):
        return self.neighbor(peer)["state"] == "Established"

    def neighbor(self, peer):
        """What it says of a session."""
        for each in run_json([*self.client, "show", "neighbor"])["neighbors"]:
            if each["remote_addr"] == peer.address:
                return each
        raise NotReady(f"no neighbour {peer.name}")

    def tell(self, *words):
        """A command of its tool."""
        return run([*self.client[:-1], *words])

    def count(self, family="ipv4"):
        return len(self.table(family))

    def rib(self, family="ipv4"):
        """Its table as it tells it."""
        answer = run_json([*self.client, "show", "rib", family, "detail"])
        return answer.get("rib", [])  # it leaves an empty one out

    def table(self, family="ipv4"):
        """What it has heard, without its own routes."""
        return {
            item["prefix"]: _route(item)
            for item in self.rib(family)
            if not item.get("announced") and item.get("best")
        }


def _route(item):
    found = {a["type"]: a for a in item.get("attributes", [])}
    aggregator = found.get("Aggregator")
    return Route(
        as_path=parse_as_path(item["aspath"]),
        next_hop=address(item["exit_nexthop"]),
        origin=ORIGINS[item["origin"]],
        # It shows 0 for a route without MED as well.
        med=item["metric"] or None,
        communities=frozenset(
            COMMUNITIES.get(c, c) for c in item.get("communities", [])
        ),
        large_communities=frozenset(item.get("large_communities", [])),
        extended_communities=frozenset(
            c.replace(" ", ":") for c in item.get("extended_communities", [])
        ),
        aggregator=aggregator
        and f"{aggregator['AS']} {aggregator['router_id']}",
        atomic="Atomic Aggregate" in found,
    )
