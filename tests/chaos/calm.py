"""A moment without load and faults: everything must be as the model says."""

import functools
import ipaddress
import time

from model import LOCAL, differences
from wire import Attributes, prefix_key, prefix_text

DEADLINE = 60  # seconds; routes of a failed session wait 30 s for the next one
SETTLE = 2
ORIGINS = {"igp": 0, "egp": 1, "incomplete": 2}
FAMILY = "ipv4_unicast"


@functools.cache
def _number(address):
    return int(ipaddress.IPv4Address(address)) if address else 0


def _attributes(row):
    """A row of the admin endpoint as the model has it."""
    communities = []
    for text in row["communities"]:
        high, low = text.split(":")
        communities.append(int(high) << 16 | int(low))
    return Attributes(
        path=tuple(row["as_path"]),
        origin=ORIGINS[row["origin"]],
        next_hop=_number(row["next_hop"]),
        med=row["med"],
        communities=tuple(sorted(communities)),
        other=tuple(k for k in ("stale", "rejected") if row[k]),
    )


class Calm:
    """Compares the daemon and the neighbours with the model."""

    def __init__(self, peers, admin, check_running):
        self._peers = peers
        self._model = peers.model
        self._admin = admin
        self._check_running = check_running
        self.took = 0.0

    def wait(self):
        """Until all is equal, or for `DEADLINE`; then what differs."""
        began = time.monotonic()
        while time.monotonic() < began + DEADLINE:
            self._check_running()
            if not self._peers.call(self._at_the_neighbors):
                if not self._at_the_daemon():
                    break
            time.sleep(0.5)
        self.took = time.monotonic() - began
        time.sleep(SETTLE)
        return [
            *self._at_the_daemon(),
            *self._peers.call(self._at_the_neighbors),
            *self._counts(),
        ]

    # In the thread of the neighbours.
    def _at_the_neighbors(self):
        lines = []
        told = self._model.told(self._model.loc_rib())
        for each in self._peers.neighbors:
            name = each.who.name
            if not each.up:
                lines.append(f"{name}: the session is down")
                continue
            if each.asked_at is not None:
                age = time.monotonic() - each.asked_at
                lines.append(
                    f"{name}: its ROUTE-REFRESH of {age:.0f} s ago is not"
                    " answered"
                )
            lines += differences(
                f"{name} received",
                told[name],
                each.received,
                prefix_text,
            )
        return lines

    def _at_the_daemon(self):
        loc_rib, tables = self._peers.call(
            lambda: (
                self._model.loc_rib(),
                {n: dict(t) for n, t in self._model.tables.items()},
            )
        )
        found = {
            prefix_key(row["prefix"]): (row["neighbor"], _attributes(row))
            for row in self._admin.routes("loc")
            if row["best"]
        }
        lines = differences("Loc-RIB", loc_rib, found, prefix_text)
        accepted = {name: {} for name in (*tables, LOCAL)}
        for row in self._admin.routes("received"):
            table = accepted.setdefault(row["neighbor"], {})
            table[prefix_key(row["prefix"])] = _attributes(row)
        own = accepted.pop(LOCAL)
        originated = {key: Attributes() for key in self._model.originated}
        lines += differences("originated", originated, own, prefix_text)
        for name, table in sorted(accepted.items()):
            lines += differences(
                f"Adj-RIB-In of {name}",
                tables.get(name, {}),
                table,
                prefix_text,
            )
        return lines

    def _counts(self):
        """The figures that operators see."""
        lines = []
        told = self._peers.call(self._sizes)
        shown = self._admin.neighbors()
        for name, (received, advertised) in told.items():
            each = shown.get(name)
            if each is None:
                lines.append(f"{name} is not in /v1/neighbors")
                continue
            counts = each["families"].get(FAMILY, {})
            for what, wanted, found in (
                ("state", "Established", each["state"]),
                ("received", received, counts.get("received")),
                ("accepted", received, counts.get("accepted")),
                ("advertised", advertised, counts.get("advertised")),
                ("queued octets", 0, each["output"]["queued_bytes"]),
                ("owed prefixes", 0, each["output"]["owed_prefixes"]),
            ):
                if wanted != found:
                    lines.append(
                        f"/v1/neighbors: {name}: {what} is {found},"
                        f" not {wanted}"
                    )
        return lines

    def _sizes(self):
        told = self._model.told(self._model.loc_rib())
        return {
            name: (len(table), len(told[name]))
            for name, table in self._model.tables.items()
        }
