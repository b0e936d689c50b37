#!/usr/bin/env python3
"""Writes the fuzzers' seeds: make_corpus.py GOLDEN_FOLDER CORPUS_FOLDER.

Each golden message becomes a seed of every target that understands it, in the
form which that target reads.
"""
import pathlib
import sys

HEADER = 19
OPEN, UPDATE, NOTIFICATION, ROUTE_REFRESH = 1, 2, 3, 5


def session_octet(words):
    """The choice of fuzz_support.hpp's session_of."""
    octet = 1 if "path-ids" in words else 0
    octet |= 0 if "two-octet" in words else 2
    octet |= 4 if "internal" in words else 0
    octet |= 8 if "extended-next-hop" in words else 0
    return octet


def read_golden(path):
    fields = {"session": "", "bytes": ""}
    for line in path.read_text().splitlines():
        key, colon, value = line.partition(": ")
        if colon and key in fields:
            fields[key] = value
    return session_octet(fields["session"].split()), bytes.fromhex(fields["bytes"])


def seeds_of(session, message):
    """Pairs of target and seed."""
    kind, body = message[HEADER - 1], message[HEADER:]
    yield "framing_open", message
    yield "stream", bytes([session]) + message
    if kind == OPEN:
        yield "framing_open", body
    elif kind == UPDATE:
        yield "update_attributes", bytes([session]) + body
    elif kind == NOTIFICATION:
        yield "notification_refresh", bytes([1]) + body
    elif kind == ROUTE_REFRESH:
        yield "notification_refresh", bytes([0]) + body


def main(golden, corpus):
    for path in sorted(golden.glob("*.txt")):
        for number, (target, seed) in enumerate(seeds_of(*read_golden(path))):
            folder = corpus / target
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{path.stem}-{number}").write_bytes(seed)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
