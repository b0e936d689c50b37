"""BIRD 2: configuration, and its table as routes."""

import re

from .daemon import Daemon
from .process import Process, program, run
from .route import Route, parse_as_path

FAMILIES = {"ipv4": "master4", "ipv6": "master6"}

ORIGINS = {"IGP": "igp", "EGP": "egp", "Incomplete": "incomplete"}


class Bird(Daemon):
    """Takes everything and tells everything that it heard over BGP."""

    def __init__(self, me, med=None):
        super().__init__(me)
        self.med = med

    def start(self, directory):
        binary = program("bird", "/usr/sbin")
        self.birdc = program("birdc", "/usr/sbin")
        self.control = f"{directory}/{self.me.name}.ctl"
        configuration = f"{directory}/{self.me.name}.conf"
        with open(configuration, "w", encoding="utf-8") as file:
            file.write(self._configuration())
        self.process = Process(
            self.me.name,
            [binary, "-f", "-c", configuration, "-s", self.control]
            + ["-P", f"{directory}/{self.me.name}.pid"],
            directory,
        )

    def _configuration(self):
        # Next hops resolve through static routes of the lowest preference; no
        # kernel protocol runs.
        export = "export filter { if source != RTS_BGP then reject;"
        if self.med is not None:
            export += f" bgp_med = {self.med};"
        export += " accept; };"
        lines = [
            f"router id {self.me.router_id};",
            "log stderr { info, warning, error, fatal, bug };",
            "protocol device { scan time 3600; }",
            "protocol static { ipv4 { preference 1; };"
            " route 10.0.0.0/24 blackhole; }",
            "protocol static { ipv6 { preference 1; };"
            " route 3fff:ffff::/64 blackhole; }",
            f"template bgp peers {{ local {self.me.address}"
            f" port {self.me.port} as {self.me.asn};",
            " multihop; strict bind yes; hold time 90;",
            " connect delay time 1; connect retry time 1;"
            " error wait time 1, 2;",
            f" ipv4 {{ import all; {export}"
            f" next hop address {self.me.next_hop}; }};",
            f" ipv6 {{ import all; {export}"
            f" next hop address {self.me.next_hop_v6}; }};",
            "}",
        ]
        for other, passive in self.peers:
            lines.append(
                f"protocol bgp to_{other.name} from peers {{ neighbor"
                f" {other.address} port {other.port} as {other.asn};"
                f"{' passive yes;' if passive else ''}"
                f"{self._membership(other)} }}"
            )
        return "\n".join(lines) + "\n"

    def _membership(self, other):
        if not self.confederation:
            return ""
        identifier, others = self.confederation
        within = "yes" if other.asn in (self.me.asn, *others) else "no"
        return f" confederation {identifier}; confederation member {within};"

    def _ask(self, question, timeout=60):
        return run([self.birdc, "-s", self.control, *question], timeout)

    def established(self, peer):
        return "Established" in self._ask(["show", "protocols", f"to_{peer.name}"])

    def count(self, family="ipv4"):
        """Routes heard over BGP."""
        answer = self._ask(
            ["show", "route", "table", FAMILIES[family], "where", "source"]
            + ["=", "RTS_BGP", "count"]
        )
        return int(re.search(r"(\d+) of \d+ routes", answer).group(1))

    def table(self, family="ipv4"):
        text = self._ask(
            ["show", "route", "table", FAMILIES[family], "where", "source"]
            + ["=", "RTS_BGP", "primary", "all"],
            300,
        )
        return dict(parse(text))


def parse(text):
    """(prefix, route) of what `show route all` prints."""
    prefix = None
    attributes = {}
    last = None
    for line in text.splitlines():
        if line.startswith("\t\t"):  # a list that goes on
            attributes[last] += " " + line.strip()
        elif line.startswith("\t"):
            last, _, value = line.strip().partition(":")
            attributes[last] = value.strip()
        else:
            word = line.split(" ", 1)[0]
            if "/" in word:
                if prefix:
                    yield prefix, _route(attributes)
                prefix, attributes = word, {}
    if prefix:
        yield prefix, _route(attributes)


KNOWN = {
    "BGP.origin",
    "BGP.as_path",
    "BGP.next_hop",
    "BGP.med",
    "BGP.local_pref",
    "BGP.atomic_aggr",
    "BGP.aggregator",
    "BGP.community",
    "BGP.ext_community",
    "BGP.large_community",
}


def _tuples(text):
    """"(1,2) (rt, 3, 4)" as "1:2" and "rt:3:4"."""
    return frozenset(
        ":".join(part.strip() for part in group.split(","))
        for group in re.findall(r"\(([^)]*)\)", text)
    )


def _aggregator(text):
    if text is None:
        return None
    where, number = text.split()  # "10.0.0.1 AS65000"
    return f"{number[2:]} {where}"


def _route(a):
    med = a.get("BGP.med")
    return Route(
        as_path=parse_as_path(a.get("BGP.as_path", "")),
        next_hop=a["BGP.next_hop"].split()[0],
        origin=ORIGINS[a["BGP.origin"]],
        med=None if med is None else int(med),
        communities=_tuples(a.get("BGP.community", "")),
        large_communities=_tuples(a.get("BGP.large_community", "")),
        extended_communities=_tuples(a.get("BGP.ext_community", "")),
        aggregator=_aggregator(a.get("BGP.aggregator")),
        atomic="BGP.atomic_aggr" in a,
        other=frozenset(
            k for k in a if k.startswith("BGP.") and k not in KNOWN
        ),
    )
