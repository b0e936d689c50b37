#!/usr/bin/env python3
"""Writes the fuzzers' seeds: make_corpus.py ROOT CORPUS_FOLDER.

Each message of tests/golden and each file of examples becomes a seed of every
target that understands it, in the form which that target reads.
"""
import pathlib
import struct
import sys

HEADER = 19
OPEN, UPDATE, NOTIFICATION, ROUTE_REFRESH = 1, 2, 3, 5
TWO_OCTET, FOUR_OCTET = 1, 4  # subtypes of BGP4MP (RFC 6396 §4.4)


def session_octet(words):
    """The choice of fuzz_support.hpp's session_of."""
    octet = 1 if "path-ids" in words else 0
    octet |= 0 if "two-octet" in words else 2
    octet |= 4 if "internal" in words else 0
    octet |= 8 if "extended-next-hop" in words else 0
    return octet


def read_golden(path):
    """(session, message) of each block of a golden file."""
    for block in path.read_text().split("\n\n"):
        fields = {}
        for line in block.splitlines():
            key, colon, value = line.partition(": ")
            if colon:
                fields[key] = value
        if "bytes" in fields:
            words = fields.get("session", "").split()
            yield session_octet(words), bytes.fromhex(fields["bytes"])


def with_length(part):
    return struct.pack(">H", len(part)) + part


def mrt_record(kind, subtype, body):
    return struct.pack(">IHHI", 0, kind, subtype, len(body)) + body


def bgp4mp(session, message):
    """The message as a collector would write it down."""
    width = "I" if session & 2 else "H"
    between = struct.pack(f">{width}{width}HH", 65001, 65000, 0, 1) + bytes(8)
    subtype = FOUR_OCTET if session & 2 else TWO_OCTET
    return mrt_record(16, subtype, between + message)


def table_dumps(body):
    """Both forms of a table with the attributes of an UPDATE."""
    withdrawn = int.from_bytes(body[:2], "big")
    attributes = body[2 + withdrawn + 2:]
    attributes = attributes[:int.from_bytes(body[2 + withdrawn:][:2], "big")]
    yield mrt_record(12, 1, bytes(4) + bytes([10, 0, 0, 0, 8, 1]) + bytes(8)
                     + struct.pack(">H", 65001) + with_length(attributes))
    peers = bytes(4) + with_length(b"view") + struct.pack(">H", 1) + bytes(11)
    entry = bytes(6) + with_length(attributes)
    yield (mrt_record(13, 1, peers)
           + mrt_record(13, 2, bytes(4) + b"\x08\x0a" + b"\x00\x01" + entry))


def seeds_of(session, message):
    """Pairs of target and seed."""
    yield "framing_open", message
    yield "stream", bytes([session]) + message
    if len(message) < HEADER:
        return
    kind, body = message[HEADER - 1], message[HEADER:]
    if kind == OPEN:
        yield "framing_open", body
        yield "open_pair", with_length(body) + body
    elif kind == UPDATE:
        yield "update_attributes", bytes([session]) + body
        yield "mrt_file", bgp4mp(session, message)
        for dump in table_dumps(body):
            yield "mrt_file", dump
        # Twice of the one session, so that it is known, and of the other.
        yield "import", bytes([session, session ^ 4]) + b"".join(
            bytes([step]) + with_length(body) for step in (0, 2, 1, 3))
    elif kind == NOTIFICATION:
        yield "notification_refresh", bytes([1]) + body
    elif kind == ROUTE_REFRESH:
        yield "notification_refresh", bytes([0]) + body


def seeds_of_pairs(messages):
    """What needs two messages: the neighbours in the order of the files."""
    for (session, first), (other, second) in zip(messages, messages[1:]):
        kinds = first[HEADER - 1:HEADER] + second[HEADER - 1:HEADER]
        if kinds == bytes([OPEN, OPEN]):
            yield "open_pair", with_length(first[HEADER:]) + second[HEADER:]
        if kinds == bytes([UPDATE, UPDATE]):
            yield "import", bytes([session, other]) + b"".join(
                bytes([step]) + (b"" if body is None else with_length(body))
                for step, body in ((0, first[HEADER:]), (1, second[HEADER:]),
                                   (12, None), (0, second[HEADER:])))


def main(root, corpus):
    def write(name, seeds):
        for number, (target, seed) in enumerate(seeds):
            folder = corpus / target
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}-{number}").write_bytes(seed)

    messages = []
    for path in sorted((root / "tests/golden").glob("*/*.txt")):
        for number, (session, message) in enumerate(read_golden(path)):
            write(f"{path.stem}-{number}", seeds_of(session, message))
            messages.append((session, message))
    messages.sort(key=lambda each: each[1][HEADER - 1:HEADER])
    write("pair", seeds_of_pairs(messages))
    # What a fuzzer has found once, in the form of its target.
    for path in sorted((root / "tests/golden/fuzz").glob("*/*")):
        write(path.name, [(path.parent.name, path.read_bytes())])
    for path in sorted((root / "examples").iterdir()):
        first = b"y" if path.suffix in (".yaml", ".yml") else b"j"
        write(path.stem, [("configuration", first + path.read_bytes())])


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
