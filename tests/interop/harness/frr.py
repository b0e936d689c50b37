"""FRR's bgpd: configuration, and its table as routes."""

import os
import re

from .daemon import Daemon
from .process import Process, program, run, run_json
from .route import Route, address, as_path

# FRR names these communities even in JSON (RFC 1997, RFC 3765, RFC 7999,
# RFC 8326, RFC 9494).
COMMUNITIES = {
    "noExport": "65535:65281",
    "noAdvertise": "65535:65282",
    "localAs": "65535:65283",
    "noPeer": "65535:65284",
    "blackhole": "65535:666",
    "gracefulShutdown": "65535:0",
    "acceptOwn": "65535:1",
    "llgrStale": "65535:6",
    "noLlgr": "65535:7",
    "internet": "0:0",
}


KINDS = {
    "as-sequence": "",
    "as-set": "{}",
    "as-confed-sequence": "()",
}


class Frr(Daemon):
    """Takes everything; bgpd alone, without zebra.

    Extra of a peer: words behind `neighbor ADDRESS`, as lists: `lines` of the
    session, and of its families `ipv4`, `ipv6`, and `both` for either; `hops`
    is said instead of `ebgp-multihop`. `lines`
    and `ipv4` of the router itself stand there likewise, `maps` before it.
    """

    def __init__(self, me, lines=(), ipv4=(), maps=()):
        super().__init__(me)
        self.lines = lines
        self.ipv4 = ipv4
        self.maps = maps

    def start(self, directory):
        binary = program("bgpd", "/usr/lib/frr")
        own = os.path.join(directory, self.me.name)
        os.makedirs(own, exist_ok=True)
        self.client = [program("vtysh"), "--vty_socket", own, "-c"]
        configuration = f"{own}/bgpd.conf"
        with open(configuration, "w", encoding="utf-8") as file:
            file.write(self._configuration())
        self.process = Process(
            self.me.name,
            [binary, "-n", "-Z", "-S", "-f", configuration]
            + ["-l", self.me.address, "-p", str(self.me.port), "-P", "0"]
            + ["--vty_socket", own, "-i", f"{own}/bgpd.pid"]
            + ["--log", "stdout", "--log-level", "critical"],
            directory,
        )

    def _configuration(self):
        lines = [
            "debug bgp allow-martians",  # its peers are in 127.0.0.0/8
            *self.maps,
            f"router bgp {self.me.asn}",
            f" bgp router-id {self.me.router_id}",
            " no bgp ebgp-requires-policy",
            " no bgp network import-check",
            " no bgp default ipv4-unicast",
            " bgp disable-ebgp-connected-route-check",
            " timers bgp 30 90",
            *(f" {line}" for line in self.lines),
        ]
        if self.confederation:
            identifier, others = self.confederation
            lines += [
                f" bgp confederation identifier {identifier}",
                f" bgp confederation peers {' '.join(map(str, others))}",
            ]
        for other, passive in self.peers:
            name = f" neighbor {other.address}"
            hops = self.extra[other.name].get("hops", "ebgp-multihop 255")
            lines += [
                f"{name} remote-as {other.asn}",
                f"{name} port {other.port}",
                f"{name} update-source {self.me.address}",
                f"{name} {hops}",
                f"{name} timers connect 2",
            ]
            if passive:
                lines.append(f"{name} passive")
            more = self.extra[other.name].get("lines", ())
            lines += [f"{name} {words}" for words in more]
        for family in ("ipv4", "ipv6"):
            lines.append(f" address-family {family} unicast")
            if family == "ipv4":
                lines += [f"  {line}" for line in self.ipv4]
            for other, _ in self.peers:
                extra = self.extra[other.name]
                lines += [
                    f"  neighbor {other.address} {words}"
                    for words in (
                        "activate",
                        *extra.get("both", ()),
                        *extra.get(family, ()),
                    )
                ]
            lines.append(" exit-address-family")
        return "\n".join(lines) + "\n"

    def ask(self, command, timeout=60):
        return run_json([*self.client, command], timeout)

    def established(self, peer):
        return self.neighbor(peer).get("bgpState") == "Established"

    def neighbor(self, peer):
        """What it says of a session."""
        answer = self.ask(f"show bgp neighbors {peer.address} json")
        return answer.get(peer.address, {})

    def tell(self, *commands):
        """Commands of its terminal, one after the other."""
        words = [word for each in commands for word in ("-c", each)]
        return run([*self.client[:-1], *words])

    def paths(self, prefix, family="ipv4"):
        """All paths of a prefix, as it shows them."""
        answer = self.ask(f"show bgp {family} unicast {prefix} json")
        return answer.get("paths", [])

    def count(self, family="ipv4"):
        text = run([*self.client, f"show bgp {family} unicast statistics"])
        found = re.search(r"Total Prefixes\s*:\s*(\d+)", text)
        return int(found.group(1)) if found else 0

    def table(self, family="ipv4"):
        answer = self.ask(f"show bgp {family} unicast json detail", 300)
        routes = {}
        for prefix, entries in answer["routes"].items():
            for each in entries:
                best = each.get("bestpath")
                if isinstance(best, dict) and best.get("overall"):
                    routes[prefix] = _route(each)
        return routes


def _extended(text):
    # "RT:64500:99 SoO:1:2"
    return frozenset(
        f"{kind.lower()}:{value}"
        for kind, value in (word.split(":", 1) for word in text.split())
    )


def _route(a):
    aggregator = None
    if "aggregatorAs" in a:
        aggregator = f"{a['aggregatorAs']} {a['aggregatorId']}"
    used = next(
        (n for n in a["nexthops"] if n.get("scope") != "link-local"),
        a["nexthops"][0],
    )
    return Route(
        as_path=as_path(
            (KINDS[s["type"]], s["list"]) for s in a["aspath"]["segments"]
        ),
        next_hop=address(used["ip"]),
        origin={"IGP": "igp", "EGP": "egp"}.get(a["origin"], a["origin"]),
        med=a.get("metric"),
        communities=frozenset(
            COMMUNITIES.get(c, c) for c in a.get("community", {}).get("list", [])
        ),
        large_communities=frozenset(
            a.get("largeCommunity", {}).get("list", [])
        ),
        extended_communities=_extended(
            a.get("extendedCommunity", {}).get("string", "")
        ),
        aggregator=aggregator,
        atomic=bool(a.get("atomicAggregate")),
    )
