"""Who speaks to the daemon in the rows, and what is good from each of them."""

import dataclasses

from octets import octets

AS, EXTERNAL, WATCHER, NARROW, HERALD = 65000, 65007, 65008, 65009, 65006
MEMBER_AS, CONFEDERATION, OTHER_MEMBER = 65010, 65020, 65011
ROUTER_ID = "10.0.0.1"
DAEMON = {"main": "127.0.106.1", "member": "127.0.106.2"}
PORT = 10479
OUR_NEXT_HOP_V6 = "3fff:ffff::1"

# Shared by all sessions; see octets.py. The prefixes are 20.100.1.0/24,
# 20.100.2.0/24 and 2001:db8:100::/48.
COMMON = {
    "ORIGIN": "40010100",
    "NEXT_HOP": "40030414000001",
    "NH6": "20010db8000000000000000000000001",
    "LOCAL_PREF": "40050400000064",
    "P6": "3020010db80100",
    # Capabilities: four-octet AS is the session's own.
    "MP4": "010400010001",
    "MP6": "010400020001",
    "REFRESH": "0200",
    "ENHANCED": "4600",
    "EXTENDED": "0600",
    "ADD_PATH": "4504 00010102",
}
PREFIXES = {"P": "18146401", "Q": "18146402", "F": "18146403"}
NUMBER_OF_ROW = 2


@dataclasses.dataclass(frozen=True)
class Session:
    """A neighbour of the daemon and how it opens."""

    number: int
    asn: int = EXTERNAL
    capabilities: str = "MP4 MP6 REFRESH ENHANCED AS4"
    router: str = "main"
    settings: dict = dataclasses.field(default_factory=dict)
    #: A row leaves something behind: each needs a session of its own.
    marked: bool = False

    @property
    def range(self):
        """Each of its connections comes from another address: a neighbour that
        has failed would have to wait."""
        return f"127.{100 + self.number}.0.0/16"

    def address(self, count):
        return f"127.{100 + self.number}.{count >> 8}.{count & 255}"

    @property
    def as4(self):
        return "AS4" in self.capabilities

    @property
    def path_ids(self):
        return "ADD_PATH" in self.capabilities

    @property
    def ipv4(self):
        return "MP4" in self.capabilities or "MP" not in self.capabilities

    @property
    def ipv6(self):
        return "MP6" in self.capabilities

    def path(self, number):
        """The value of an AS_PATH of its own for each number, as it is sent."""
        width = 4 if self.as4 else 2
        last = (1_000_000 if self.as4 else 30_000) + number % 30_000
        first = b""
        numbers = [EXTERNAL if self.asn == AS else self.asn, 20_002, last]
        if self.asn == OTHER_MEMBER:
            first = b"\x03\x01" + numbers.pop(0).to_bytes(width, "big")
        return (
            first
            + bytes([2, len(numbers)])
            + b"".join(each.to_bytes(width, "big") for each in numbers)
        )

    def told_path(self, number):
        """The same as an external peer is told it."""
        local = CONFEDERATION if self.router == "member" else AS
        last = (1_000_000 if self.as4 else 30_000) + number % 30_000
        own = EXTERNAL if self.asn == AS else self.asn
        numbers = [local, own, 20_002, last]
        if self.asn == OTHER_MEMBER:
            del numbers[1]
        return bytes([2, len(numbers)]) + b"".join(
            each.to_bytes(4, "big") for each in numbers
        )

    def names(self, number=NUMBER_OF_ROW):
        """What the forms of octets.py mean here."""
        names = {}
        for key, text in COMMON.items():
            names[key] = octets(text, {})
        for key, text in PREFIXES.items():
            path_id = "00000001" if self.path_ids else ""
            names[key] = octets(path_id + text, {})
        names["AS4"] = b"\x41\x04" + self.asn.to_bytes(4, "big")
        names["ID"] = bytes([10, 0, 0, self.number])
        names["AS2"] = self.asn.to_bytes(2, "big")
        path = self.path(number)
        names["PATH"] = bytes([0x40, 2, len(path)]) + path
        names["GOOD"] = octets("ORIGIN PATH NEXT_HOP", names)
        names["REACH6"] = octets("800e short(000201 short(NH6) 00 P6)", names)
        names["CAPS"] = octets(self.capabilities, names)
        return names

    def opening(self):
        """A good OPEN."""
        parameters = "short(02 short(CAPS))" if self.capabilities else "00"
        return octets(f"open(04 AS2 00f0 ID {parameters})", self.names())

    def announcement(self, number, prefixes, prefixes6=""):
        """UPDATEs with good attributes of their own for each number."""
        names = self.names(number)
        out = b""
        if prefixes and self.ipv4:
            out += octets(f"update(; GOOD; {prefixes})", names)
        if prefixes6 and self.ipv6:
            out += octets("update(; REACH6 ORIGIN PATH;)", names)
        return out

    def fence(self, number):
        """A route of its own for each number, and its key at the watchers."""
        names = self.names(number)
        if self.ipv4:
            return octets("update(; GOOD; F)", names)
        names["F6"] = bytes.fromhex("3020010db80300")
        return octets(
            "update(; 800e short(000201 short(NH6) 00 F6) ORIGIN PATH;)", names
        )

    def fence_key(self):
        return key_of("18146403" if self.ipv4 else "3020010db80300")


def key_of(text):
    """An NLRI without path id, as watchers name it."""
    return bytes.fromhex(text)


KEYS = {
    **{name: key_of(text) for name, text in PREFIXES.items()},
    "P6": key_of(COMMON["P6"]),
    "P23": key_of("171464fe"),
    "DEFAULT": key_of("00"),
}

SESSIONS = {
    "external": Session(10),
    # Offers RFC 8654, and so does the daemon; elsewhere the daemon does not.
    "extended": Session(
        11,
        capabilities="MP4 MP6 REFRESH ENHANCED EXTENDED AS4",
        settings={"extended_messages": True},
    ),
    "old": Session(12, capabilities="MP4 MP6 REFRESH"),
    "internal": Session(13, asn=AS),
    "add-path": Session(
        14,
        capabilities="MP4 AS4 ADD_PATH",
        settings={
            "families": {"ipv4_unicast": {"add_path": {"receive": True}}}
        },
    ),
    "aigp": Session(15, settings={"aigp": True}),
    "ipv4": Session(16, capabilities="MP4 AS4 REFRESH"),
    "ipv6": Session(17, capabilities="MP6 AS4"),
    "bare": Session(18, capabilities=""),
    "customer": Session(19, settings={"role": "provider"}),
    "peer": Session(20, settings={"role": "peer"}),
    "strict": Session(21, settings={"role": "peer", "strict_role": True}),
    "delayed": Session(22, settings={"timers": {"delay_open": "4m"}}),
    "limited": Session(
        23, settings={"families": {"ipv4_unicast": {"max_prefixes": 3}}}
    ),
    "member": Session(24, asn=OTHER_MEMBER, router="member"),
    "outside": Session(25, router="member"),
    "disabling": Session(
        26, settings={"malformed_nlri": "disable"}, marked=True
    ),
}


def neighbor(name, session):
    return {
        "name": name,
        "address": session.range,
        "dynamic_limit": 1000,
        "local_address": DAEMON[session.router],
        "remote_asn": session.asn,
        "extended_messages": False,
        **session.settings,
    }


def healthy(name, address, asn, router):
    return {
        "name": name,
        "address": address,
        "local_address": DAEMON[router],
        "remote_asn": asn,
        "extended_messages": True,
    }


def router(name, fields):
    everything = {"import": "accept", "export": "accept"}
    number = 30 + 10 * (name == "member")
    return {
        "name": name,
        "router_id": ROUTER_ID,
        "listen": [f"{DAEMON[name]}:{PORT}"],
        "shards": 1,
        **fields,
        "defaults": {
            "passive": True,
            "multihop": 255,
            "graceful_restart": {"mode": "off"},
            "families": {
                "ipv4_unicast": everything,
                "ipv6_unicast": {**everything, "next_hop": OUR_NEXT_HOP_V6},
            },
        },
        "neighbors": [
            neighbor(each, session)
            for each, session in SESSIONS.items()
            if session.router == name
        ]
        + [
            healthy(f"{name}-watcher", f"127.0.106.{number}", WATCHER, name),
            healthy(f"{name}-narrow", f"127.0.106.{number + 1}", NARROW, name),
            healthy(f"{name}-herald", f"127.0.106.{number + 2}", HERALD, name),
        ],
    }


def configuration(directory):
    confederation = {"identifier": CONFEDERATION, "members": [OTHER_MEMBER]}
    return {
        "admin": {"listen": ["127.0.106.9:46763"]},
        "log": {"level": "warn"},
        "data_dir": f"{directory}/data",
        "routers": [
            router("main", {"asn": AS}),
            router(
                "member",
                {"asn": MEMBER_AS, "confederation": confederation},
            ),
        ],
    }
