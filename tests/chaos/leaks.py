"""What a daemon must have no more of in the end than at first."""

import collections
import dataclasses
import os
import re

GROWTH = 0.10
MEBIBYTES = 8.0


@dataclasses.dataclass(frozen=True)
class Holdings:
    """What a process holds at a calm moment."""

    descriptors: collections.Counter  # by what they are
    actors: collections.Counter  # by id without what is numbered
    rss: float  # MiB

    @classmethod
    def of(cls, pid, actors):
        ids = collections.Counter(_id(each) for each in actors)
        return cls(_descriptors(pid), ids, rss(pid))


def rss(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1]) / 1024


def _descriptors(pid):
    """Counts of descriptors: a socket is like another, a file is itself."""
    directory = f"/proc/{pid}/fd"
    found = collections.Counter()
    for name in os.listdir(directory):
        try:
            target = os.readlink(f"{directory}/{name}")
        except FileNotFoundError:
            continue
        found[re.sub(r"^(\w+):\[\d+\]$", r"\1", target)] += 1
    return found


def _id(actor):
    """Each connection and each update group has a number of its own."""
    return re.sub(r"/(connection|exporter)\..*", r"/\1", actor["id"])


def differences(before, after):
    """What there is more or less of; nothing of memory."""
    return [
        f"{what}: {old[each]} of {each} before, {new[each]} now"
        for what, old, new in (
            ("descriptors", before.descriptors, after.descriptors),
            ("actors", before.actors, after.actors),
        )
        for each in sorted({*old, *new})
        if old[each] != new[each]
    ]


def growth(before, after):
    """A line where the memory has grown too much."""
    most = before.rss * (1 + GROWTH) + MEBIBYTES
    if after.rss <= most:
        return []
    return [f"RSS: {before.rss:.1f} MiB before, {after.rss:.1f} MiB now"]
