"""BGP messages: what a neighbour says, and what it is told."""

import functools
import ipaddress
import struct
import typing

from harness.speaker import message

OPEN, UPDATE, NOTIFICATION, KEEPALIVE, ROUTE_REFRESH = range(1, 6)

# Subtypes of a ROUTE-REFRESH (RFC 7313 §3.2).
REQUEST, BEGIN, END = range(3)

SEQUENCE = 2
IPV4_UNICAST = b"\x00\x01\x00\x01"  # AFI, reserved or flags, SAFI
MOST_NLRI = 500  # prefixes of an UPDATE: 2500 octets at most


class Attributes(typing.NamedTuple):
    """A path, as it is told or was told."""

    path: tuple = ()
    origin: int = 0
    next_hop: int = 0
    med: typing.Optional[int] = None
    communities: tuple = ()
    other: tuple = ()  # what a neighbour here neither says nor expects


def nlri(network, length):
    """A prefix as UPDATEs and the tables here have it."""
    octets = (length + 7) // 8
    return bytes([length]) + network.to_bytes(4, "big")[:octets]


def prefix_text(key):
    return f"{ipaddress.IPv4Address(key[1:].ljust(4, bytes(1)))}/{key[0]}"


@functools.cache
def prefix_key(text):
    network = ipaddress.IPv4Network(text)
    return nlri(int(network.network_address), network.prefixlen)


def split(data):
    """The prefixes of a field."""
    found = []
    at, end = 0, len(data)
    while at < end:
        behind = at + 1 + ((data[at] + 7) >> 3)
        found.append(bytes(data[at:behind]))
        at = behind
    return found


# -- what is said -------------------------------------------------------------


def _capability(code, value=b""):
    return bytes([code, len(value)]) + value


def open_message(who, hold):
    """The OPEN of a neighbour of the scenario."""
    capabilities = _capability(1, IPV4_UNICAST)
    capabilities += _capability(65, struct.pack("!I", who.asn))
    if who.refresh:
        capabilities += _capability(2)
    if who.refresh == "enhanced":
        capabilities += _capability(70)
    if who.extended:
        capabilities += _capability(6)
    if who.restart:
        forwarding = 0x80 if who.restart == "forwarding" else 0
        capabilities += _capability(
            64, struct.pack("!HHBB", who.restart_time, 1, 1, forwarding)
        )
    options = bytes([2, len(capabilities)]) + capabilities
    head = struct.pack(
        "!BHHIB", 4, who.asn, hold, who.router_id, len(options)
    )
    return message(OPEN, head + options)


def attribute_octets(a):
    """What is said of a path."""
    octets = b"\x40\x01\x01" + bytes([a.origin])
    octets += struct.pack(
        f"!BBBBB{len(a.path)}I",
        *(0x40, 2, 2 + 4 * len(a.path), SEQUENCE, len(a.path)),
        *a.path,
    )
    octets += struct.pack("!BBBI", 0x40, 3, 4, a.next_hop)
    if a.med is not None:
        octets += struct.pack("!BBBI", 0x80, 4, 4, a.med)
    if a.communities:
        count = len(a.communities)
        octets += struct.pack("!BBB", 0xC0, 8, 4 * count)
        octets += struct.pack(f"!{count}I", *a.communities)
    return octets


def update(withdrawn, attributes, announced):
    """One UPDATE; the callers keep it short enough."""
    routes = b"".join(withdrawn)
    octets = attribute_octets(attributes) if announced else b""
    return message(
        UPDATE,
        struct.pack("!H", len(routes))
        + routes
        + struct.pack("!H", len(octets))
        + octets
        + b"".join(announced),
    )


END_OF_RIB = message(UPDATE, bytes(4))


def whole_table(table):
    """The UPDATEs that tell all of it, and how many they are."""
    by_attributes = {}
    for key, attributes in table.items():
        by_attributes.setdefault(attributes, []).append(key)
    updates = [
        update((), attributes, keys[at : at + MOST_NLRI])
        for attributes, keys in by_attributes.items()
        for at in range(0, len(keys), MOST_NLRI)
    ]
    return b"".join(updates), len(updates)


def route_refresh(subtype):
    return message(ROUTE_REFRESH, struct.pack("!HBB", 1, subtype, 1))


# -- what is told -------------------------------------------------------------


def _path(value):
    """Sequences one after the other; another segment is a tuple of its own."""
    path = ()
    at = 0
    while at < len(value):
        kind, count = value[at], value[at + 1]
        behind = at + 2 + 4 * count
        numbers = struct.unpack(f"!{count}I", value[at + 2 : behind])
        path += numbers if kind == SEQUENCE else ((kind, *numbers),)
        at = behind
    return path


def parse_attributes(data):
    fields = {}
    other = []
    at = 0
    while at < len(data):
        flags, code = data[at], data[at + 1]
        width = 2 if flags & 0x10 else 1
        value = at + 2 + width
        behind = value + int.from_bytes(data[at + 2 : value], "big")
        octets = bytes(data[value:behind])
        at = behind
        if code == 1:
            fields["origin"] = octets[0]
        elif code == 2:
            fields["path"] = _path(octets)
        elif code == 3:
            fields["next_hop"] = int.from_bytes(octets, "big")
        elif code == 4:
            fields["med"] = int.from_bytes(octets, "big")
        elif code == 8:
            numbers = struct.unpack(f"!{len(octets) // 4}I", octets)
            fields["communities"] = tuple(sorted(numbers))
        else:
            other.append((code, octets))
    return Attributes(**fields, other=tuple(other))


class Reader:
    """Reads UPDATEs; most sets of attributes come many times."""

    MOST = 20_000

    def __init__(self):
        self._known = {}

    def update(self, body):
        """What is withdrawn, and what is announced with which attributes."""
        size = int.from_bytes(body[:2], "big")
        at = 2 + size
        withdrawn = split(body[2:at]) if size else ()
        size = int.from_bytes(body[at : at + 2], "big")
        octets = body[at + 2 : at + 2 + size]
        announced = split(body[at + 2 + size :])
        if not announced:
            return withdrawn, None, ()
        attributes = self._known.get(octets)
        if attributes is None:
            if len(self._known) >= self.MOST:
                self._known.clear()
            attributes = self._known[octets] = parse_attributes(octets)
        return withdrawn, attributes, announced


def notification_text(body):
    return f"NOTIFICATION {body[0]}/{body[1]} {body[2:].hex()}".strip()
