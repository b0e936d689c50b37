"""BIRD 2: configuration, and its table as routes."""

import re

from .daemon import Daemon
from .process import Process, program, run
from .route import Route, parse_as_path

FAMILIES = {"ipv4": "master4", "ipv6": "master6"}

ORIGINS = {"IGP": "igp", "EGP": "egp", "Incomplete": "incomplete"}


class Bird(Daemon):
    """Takes everything and tells everything that it heard over BGP.

    Extra of a peer: `lines` of its protocol, and of its channels `ipv4`,
    `ipv6`, and `both` for either; `remote` instead of its AS. `originate`
    are static routes to tell, with their attributes in braces.
    """

    def __init__(self, me, med=None, originate=()):
        super().__init__(me)
        self.med = med
        self.originate = originate

    def start(self, directory, *options):
        binary = program("bird", "/usr/sbin")
        self.birdc = program("birdc", "/usr/sbin")
        self.control = f"{directory}/{self.me.name}.ctl"
        configuration = f"{directory}/{self.me.name}.conf"
        with open(configuration, "w", encoding="utf-8") as file:
            file.write(self._configuration())
        self.process = Process(
            self.me.name,
            [binary, "-f", "-c", configuration, "-s", self.control]
            + ["-P", f"{directory}/{self.me.name}.pid", *options],
            directory,
        )

    def _configuration(self):
        # Next hops resolve through static routes of the lowest preference; no
        # kernel protocol runs.
        lines = [
            f"router id {self.me.router_id};",
            "log stderr { info, warning, error, fatal, bug };",
            "protocol device { scan time 3600; }",
            "protocol static { ipv4 { preference 1; };"
            " route 10.0.0.0/24 blackhole; }",
            "protocol static { ipv6 { preference 1; };"
            " route 3fff:ffff::/64 blackhole; }",
            *self._announced("ipv4"),
            *self._announced("ipv6"),
        ]
        lines += [self._protocol(*each) for each in self.peers]
        return "\n".join(lines) + "\n"

    def _announced(self, family):
        routes = [
            route.replace("{", "blackhole {", 1)
            if "{" in route
            else f"{route} blackhole"
            for route in self.originate
            if (":" in route.split(" ", 1)[0]) == (family == "ipv6")
        ]
        if routes:
            yield f"protocol static announced{family[-1]} {{ {family};"
            yield from (f" route {route};" for route in routes)
            yield "}"

    def _protocol(self, other, passive):
        export = (
            "export filter { if source != RTS_BGP && proto !="
            ' "announced4" && proto != "announced6" then reject;'
        )
        if self.med is not None:
            export += f" bgp_med = {self.med};"
        export += " accept; };"
        extra = self.extra[other.name]
        both = extra.get("both", "")
        return f"""protocol bgp to_{other.name} {{
 local {self.me.address} port {self.me.port} as {self.me.asn};
 neighbor {other.address} port {other.port} {extra.get("remote", f"as {other.asn}")};
 multihop; strict bind yes; hold time 90;
 connect delay time 1; connect retry time 1; error wait time 1, 2;
 {"passive yes;" if passive else ""}{self._membership(other)}
 {extra.get("lines", "")}
 ipv4 {{ import all; {export} next hop address {self.me.next_hop};
  {both} {extra.get("ipv4", "")} }};
 ipv6 {{ import all; {export} next hop address {self.me.next_hop_v6};
  {both} {extra.get("ipv6", "")} }};
}}"""

    def _membership(self, other):
        if not self.confederation:
            return ""
        identifier, others = self.confederation
        within = "yes" if other.asn in (self.me.asn, *others) else "no"
        return f" confederation {identifier}; confederation member {within};"

    def ask(self, question, timeout=60):
        return run([self.birdc, "-s", self.control, *question], timeout)

    def established(self, peer):
        text = self.ask(["show", "protocols", f"to_{peer.name}"])
        return "Established" in text

    def details(self, peer):
        """What it says of a session, as text."""
        return self.ask(["show", "protocols", "all", f"to_{peer.name}"])

    def count(self, family="ipv4"):
        """Routes heard over BGP."""
        answer = self.ask(
            ["show", "route", "table", FAMILIES[family], "where", "source"]
            + ["=", "RTS_BGP", "count"]
        )
        return int(re.search(r"(\d+) of \d+ routes", answer).group(1))

    def table(self, family="ipv4"):
        text = self.ask(
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
