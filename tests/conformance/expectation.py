"""What a row expects, and whether an observation is that.

Clauses, separated by commas:

    nothing             the session stays, no route changes
    reset OCTETS        this NOTIFICATION (code, subcode, data), then the end;
                        all routes of the session are withdrawn
    closed              the end without a NOTIFICATION
    up                  the OPEN is accepted and the session comes up
    withdraw NAME...    these routes are gone
    pass NAME OCTETS    this route has come: good attributes, but for those given
    too-big NAME        as "withdraw", for the watcher without RFC 8654 alone
"""

import dataclasses

from octets import octets
from sessions import KEYS, NUMBER_OF_ROW

NEXT_HOP, MP_REACH = 3, 14
FLAGS_THAT_COUNT = 0xE0


def attributes_of(data):
    """Type -> (flags but extended length, value)."""
    found = {}
    while data:
        flags, kind = data[0], data[1]
        size = 2 if flags & 0x10 else 1
        length = int.from_bytes(data[2 : 2 + size], "big")
        at = 2 + size
        found[kind] = (flags & FLAGS_THAT_COUNT, data[at : at + length])
        data = data[at + length :]
    return found


@dataclasses.dataclass
class Observation:
    """What the peer was told, and what has changed at the watchers."""

    notification: bytes | None = None
    ended: bool = False
    up: bool = False
    #: Prefix -> attributes, or None where it was withdrawn.
    changes: dict = dataclasses.field(default_factory=dict)
    narrow_changes: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Expectation:
    reset: bytes | None = None
    closed: bool = False
    up: bool = False
    withdrawn: set = dataclasses.field(default_factory=set)
    passed: dict = dataclasses.field(default_factory=dict)
    too_big: set = dataclasses.field(default_factory=set)

    @property
    def ends(self):
        return self.closed or self.reset is not None

    def unlike(self, seen):
        """How an observation differs; empty if it does not."""
        return [
            f"{what}: expected {shown(expected)}, got {shown(got)}"
            for what, expected, got in self._compared(seen)
            if expected != got
        ]

    def _compared(self, seen):
        yield "NOTIFICATION", self.reset, seen.notification
        yield "end of the session", self.ends, seen.ended
        yield "session up", self.up, seen.up
        gone = {k for k, v in seen.changes.items() if v is None}
        yield "withdrawn", self.withdrawn, gone
        come = {k: v for k, v in seen.changes.items() if v is not None}
        yield "announced", set(self.passed), set(come)
        for key, expected in self.passed.items():
            yield f"attributes of {key.hex()}", expected, come.get(key)
        narrow = seen.narrow_changes
        yield (
            "withdrawn from the narrow watcher",
            self.withdrawn | self.too_big,
            {k for k, v in narrow.items() if v is None},
        )
        yield (
            "announced to the narrow watcher",
            set(self.passed) - self.too_big,
            {k for k, v in narrow.items() if v is not None},
        )


def shown(value):
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, set):
        return sorted(each.hex() for each in value)
    if isinstance(value, dict):
        return {k: f"{flags:02x} {v.hex()}" for k, (flags, v) in value.items()}
    return value


def expectation(text, session):
    """Reads the clauses; a mistake in them is a ValueError."""
    names = session.names()
    found = Expectation()
    for clause in text.split(","):
        word, *rest = clause.split(maxsplit=1)
        rest = rest[0] if rest else ""
        if word == "reset":
            found.reset = octets(rest, names)
        elif word in ("closed", "up"):
            setattr(found, word, True)
        elif word == "withdraw":
            found.withdrawn |= {KEYS[name] for name in rest.split()}
        elif word == "too-big":
            found.too_big |= {KEYS[name] for name in rest.split()}
        elif word == "pass":
            name, _, more = rest.partition(" ")
            good = {
                1: (0x40, b"\x00"),
                2: (0x40, session.told_path(NUMBER_OF_ROW)),
            }
            found.passed[KEYS[name]] = good | attributes_of(octets(more, names))
        elif word != "nothing":
            raise ValueError(f"{word} in {text!r}")
    return found
