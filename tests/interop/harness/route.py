"""Routes as values, and what must be equal at both ends of a chain."""

import dataclasses
import functools
import ipaddress
import re


@dataclasses.dataclass(frozen=True)
class Speaker:
    """Who a daemon is: the same number in its address, port, AS and id."""

    name: str
    address: str
    port: int
    asn: int
    router_id: str
    next_hop: str
    next_hop_v6: str


def speaker(name, scene, number):
    """Each scene has its own loopback network, so that none waits for the
    ports of another one."""
    return Speaker(
        name=name,
        address=f"127.18.{scene}.{number}",
        port=17900 + number,
        asn=4200000000 + number,
        router_id=f"10.0.0.{number}",
        next_hop=f"10.0.0.{number}",
        next_hop_v6=f"3fff:ffff::{number}",
    )


@dataclasses.dataclass(frozen=True)
class Route:
    """The attributes of a path, written the same way for every daemon."""

    as_path: str
    next_hop: str
    origin: str
    med: int | None = None
    communities: frozenset = frozenset()
    large_communities: frozenset = frozenset()
    extended_communities: frozenset = frozenset()
    aggregator: str | None = None
    atomic: bool = False
    # Attributes that the reader of the table does not know.
    other: frozenset = frozenset()


@functools.lru_cache(maxsize=4096)
def address(text):
    return str(ipaddress.ip_address(text))


def as_path(segments):
    """Text of [(brackets, [AS number])]: "" for a sequence, "()" for one of a
    confederation, "{}" for a set, in which the order says nothing."""
    words = []
    for brackets, numbers in segments:
        if brackets == "{}":
            ordered = sorted(set(map(int, numbers)))
            words.append("{" + ",".join(map(str, ordered)) + "}")
        elif brackets == "()":
            words.append("(" + " ".join(str(int(n)) for n in numbers) + ")")
        else:
            words += [str(int(n)) for n in numbers]
    return " ".join(words)


@functools.lru_cache(maxsize=1 << 17)
def parse_as_path(text):
    """Reads "(1 2) 3 {4,5}" and "(1 2) 3 {4 5}"."""
    segments = []
    for part in re.split(r"(\{[^}]*\}|\([^)]*\))", text):
        brackets = part[0] + part[-1] if part[:1] in ("{", "(") else ""
        numbers = part.strip("{()} ").replace(",", " ").split()
        segments.append((brackets, numbers))
    return as_path(segments)


def after_external_hops(table, hops, med=None):
    """What a table looks like behind these speakers, each in its own AS.

    RFC 4271 §5.1: each prepends its AS, the last one sets the next hop; MED
    does not cross an AS, so only what the last speaker sets itself arrives.
    """
    result = {}
    front = " ".join(str(hop.asn) for hop in reversed(hops))
    for prefix, route in table.items():
        last = hops[-1]
        result[prefix] = dataclasses.replace(
            route,
            as_path=f"{front} {route.as_path}".strip(),
            next_hop=last.next_hop_v6 if ":" in prefix else last.next_hop,
            med=med,
        )
    return result


def differences(expected, actual, most=8):
    """Lines that say where two tables differ; empty if they are equal."""
    missing = sorted(expected.keys() - actual.keys())
    extra = sorted(actual.keys() - expected.keys())
    lines = []
    if missing:
        lines.append(f"{len(missing)} prefixes are missing: {missing[:most]}")
    if extra:
        lines.append(f"{len(extra)} prefixes are too many: {extra[:most]}")
    different = [
        p
        for p in expected.keys() & actual.keys()
        if expected[p] != actual[p]
    ]
    if different:
        lines.append(f"{len(different)} prefixes have other attributes")
    for prefix in sorted(different)[:most]:
        for field in dataclasses.fields(Route):
            want = getattr(expected[prefix], field.name)
            got = getattr(actual[prefix], field.name)
            if want != got:
                lines.append(
                    f"  {prefix} {field.name}: expected {want}, is {got}"
                )
    return lines
