"""GoBGP 3: configuration, and its table as routes."""

from .daemon import Daemon
from .process import NotReady, Process, program, run, run_json
from .route import Route, address, as_path

ORIGINS = ["igp", "egp", "incomplete"]


# Segment types (RFC 4271 §4.3, RFC 5065 §3) and how `as_path` brackets them.
KINDS = {1: "{}", 2: "", 3: "()"}


MULTIHOP = [
    "[neighbors.ebgp-multihop.config]",
    "enabled = true",
    "multihop-ttl = 255",
]


class Gobgp(Daemon):
    """Takes everything.

    Extra of a peer, as lists of TOML: `config` and `transport`, lines of
    these tables, `lines`, further tables of the neighbour, `hops`, instead
    of that of `ebgp-multihop`, and `families`, tables of each family.
    """

    def start(self, directory):
        binary = program("gobgpd")
        # Its API stays on IPv4.
        self.api = self.me.address if "." in self.me.address else "127.0.0.1"
        self.client = [program("gobgp"), "-u", self.api, "-p", "50051"]
        configuration = f"{directory}/{self.me.name}.toml"
        with open(configuration, "w", encoding="utf-8") as file:
            file.write(self._configuration())
        self.process = Process(
            self.me.name,
            [binary, "-f", configuration, "--pprof-disable", "-l", "warn"]
            + ["--api-hosts", f"{self.api}:50051"],
            directory,
        )

    def _configuration(self):
        lines = [
            "[global.config]",
            f"as = {self.me.asn}",
            f'router-id = "{self.me.router_id}"',
            f"port = {self.me.port}",
            f'local-address-list = ["{self.me.address}"]',
        ]
        if self.confederation:
            identifier, others = self.confederation
            lines += [
                "[global.confederation.config]",
                "enabled = true",
                f"identifier = {identifier}",
                f"member-as-list = {list(others)}",
            ]
        for other, passive in self.peers:
            lines += [
                "[[neighbors]]",
                "[neighbors.config]",
                f'neighbor-address = "{other.address}"',
                f"peer-as = {other.asn}",
                *self.extra[other.name].get("config", ()),
                "[neighbors.transport.config]",
                f'local-address = "{self.me.address}"',
                f"remote-port = {other.port}",
                f"passive-mode = {'true' if passive else 'false'}",
                *self.extra[other.name].get("transport", ()),
                *self.extra[other.name].get("hops", MULTIHOP),
                "[neighbors.timers.config]",
                "hold-time = 90",
                "keepalive-interval = 30",
                "connect-retry = 5",
                *self.extra[other.name].get("lines", ()),
                "[[neighbors.afi-safis]]",
                "[neighbors.afi-safis.config]",
                'afi-safi-name = "ipv4-unicast"',
                *self.extra[other.name].get("families", ()),
                "[[neighbors.afi-safis]]",
                "[neighbors.afi-safis.config]",
                'afi-safi-name = "ipv6-unicast"',
                *self.extra[other.name].get("families", ()),
            ]
        return "\n".join(lines) + "\n"

    def established(self, peer):
        return self.neighbor(peer)["state"].get("session_state") == 6

    def neighbor(self, peer):
        """What it says of a session."""
        for each in run_json([*self.client, "neighbor", "-j"]):
            if each["state"].get("neighbor_address") == peer.address:
                return each
        raise NotReady(f"no neighbour {peer.name}")

    def tell(self, *words):
        """A command of its tool."""
        return run([*self.client, *words])

    def count(self, family="ipv4"):
        text = run([*self.client, "global", "rib", "summary", "-a", family])
        # "Destination: 3, Path: 3"
        for line in text.splitlines():
            if line.startswith("Destination:"):
                return int(line.split(":")[1].split(",")[0])
        return 0

    def rib(self, family="ipv4"):
        """Its table as it tells it: the paths of each prefix."""
        return run_json(
            [*self.client, "global", "rib", "-a", family, "-j"], 300
        )

    def table(self, family="ipv4"):
        return {
            prefix: _route(next(p for p in paths if p.get("best")))
            for prefix, paths in self.rib(family).items()
        }


def _community(number):
    return f"{number >> 16}:{number & 0xffff}"


def _extended(item):
    kinds = {2: "rt", 3: "soo"}
    kind = kinds.get(item.get("subtype"), f"subtype {item.get('subtype')}")
    return f"{kind}:{item['value']}"


def _large(item):
    return f"{item['ASN']}:{item['LocalData1']}:{item['LocalData2']}"


KNOWN = {1, 2, 3, 4, 5, 6, 7, 8, 14, 16, 32}


def _route(path):
    a = {item["type"]: item for item in path["attrs"]}
    next_hop = a[14]["nexthop"] if 14 in a else a[3]["nexthop"]
    aggregator = None
    if 7 in a:
        aggregator = f"{a[7]['as']} {a[7]['address']}"
    return Route(
        as_path=as_path(
            (KINDS[s["segment_type"]], s["asns"])
            for s in a.get(2, {}).get("as_paths") or []
        ),
        next_hop=address(next_hop),
        origin=ORIGINS[a[1]["value"]],
        med=a[4]["metric"] if 4 in a else None,
        communities=frozenset(map(_community, a.get(8, {}).get("communities", []))),
        large_communities=frozenset(map(_large, a.get(32, {}).get("value", []))),
        extended_communities=frozenset(
            map(_extended, a.get(16, {}).get("value", []))
        ),
        aggregator=aggregator,
        atomic=6 in a,
        other=frozenset(f"attribute {t}" for t in a if t not in KNOWN),
    )
