"""Which faults have struck, and whether they explain what was seen."""

import dataclasses
import json
import re
import typing

REASON = "injected fault"
REMOVED = "user_shutdown"  # of an update group without members
ROUTER = "router"
SESSION, CONNECTION = "session", "connection"
OF_A_NEIGHBOR = (SESSION, CONNECTION)
# Names of children in the log that are not those of their kind.
KINDS = {"shard": "rib_shard"}
ENDED = re.compile(r"actor ([^ ]+) ended: (.*)", re.DOTALL)

# A neighbour may see the end of its session so many seconds after the log tells
# of the strike.
SLACK = 2.0


@dataclasses.dataclass
class Fault:
    """One that was armed. It struck between `armed` and `closed`."""

    actor: str
    kind: str
    name: str
    armed: float
    closed: typing.Optional[float] = None
    struck: bool = False
    explains: set = dataclasses.field(default_factory=set)

    def may_explain(self, neighbor, at):
        if self.kind != ROUTER and self.neighbor != neighbor:
            return False
        late = self.closed is not None and at > self.closed + SLACK
        return self.armed <= at and not late

    @property
    def neighbor(self):
        """Whose session ends with it, if one does."""
        if self.kind not in OF_A_NEIGHBOR:
            return None
        parts = self.actor.split("/")
        return parts[2].removeprefix("session.")


class Book:
    """Faults from the harness, their effects from the log and the actors."""

    def __init__(self, log):
        self._log = open(log, encoding="utf-8", errors="replace")
        self._rest = ""
        self.faults = []
        self.open = {}  # by actor: armed, not known to have struck
        self.struck = {}  # by kind
        self.unexpected_ends = []

    def close(self):
        self._log.close()

    def arm(self, actor, now):
        old = self.open.pop(actor["id"], None)
        if old:  # the actor has one fault at a time
            old.closed = now
        fault = Fault(actor["id"], actor["kind"], actor["name"], now)
        self.faults.append(fault)
        self.open[fault.actor] = fault

    def forget(self, actor, now):
        """There was no such actor any more."""
        fault = self.open.pop(actor["id"], None)
        if fault:
            fault.closed = now

    # -- what happened --------------------------------------------------------

    def read_log(self, now):
        self._rest += self._log.read()
        *lines, self._rest = self._rest.split("\n")
        for line in lines:
            if " ended: " in line:
                self._read_line(line, now)

    def _read_line(self, line, now):
        try:
            found = ENDED.search(json.loads(line)["msg"])
        except (ValueError, KeyError, TypeError):
            return  # not a record
        if not found:
            return
        child, reason = found.groups()
        kind, _, name = child.partition(".")
        kind = KINDS.get(kind, kind)
        if reason not in (REASON, REMOVED):
            self.unexpected_ends.append(f"{child}: {reason}")
        for fault in list(self.open.values()):
            if fault.kind != kind or fault.name != name:
                continue
            if reason == REASON:
                self._strike(fault, now)
            else:
                fault.closed = now
                del self.open[fault.actor]

    def _strike(self, fault, now):
        fault.struck = True
        fault.closed = now
        del self.open[fault.actor]
        self.struck[fault.kind] = self.struck.get(fault.kind, 0) + 1
        if fault.kind == ROUTER:
            self._router_struck(now)

    def _router_struck(self, now):
        """Its children are gone, and may have been struck just before."""
        for fault in list(self.open.values()):
            if fault.kind == CONNECTION:
                fault.closed = now
                del self.open[fault.actor]

    def read_actors(self, actors, now):
        """Nobody starts a connection again: one that is gone was struck, or
        went with its session."""
        present = {a["id"]: a for a in actors}
        for fault in list(self.open.values()):
            if fault.kind != CONNECTION:
                continue
            actor = present.get(fault.actor)
            since = now - actor["uptime_seconds"] if actor else now
            if since <= fault.armed + 0.05:
                continue  # still the same
            recent = self.faults[-200:]
            if any(self._took_along(other, fault) for other in recent):
                fault.closed = now
                del self.open[fault.actor]
            else:
                self._strike(fault, now)

    @staticmethod
    def _took_along(other, fault):
        return (
            other.struck
            and other.closed >= fault.armed
            and (
                other.kind == ROUTER
                or (
                    other.kind == SESSION and other.neighbor == fault.neighbor
                )
            )
        )

    # -- what it explains -----------------------------------------------------

    def unexplained(self, neighbor, losses):
        """Those of its sessions' ends that no fault accounts for; a fault
        accounts for one end of a session."""
        left = []
        for loss in losses:
            fault = min(
                (
                    f
                    for f in self.faults
                    if f.may_explain(neighbor, loss.at)
                    and neighbor not in f.explains
                ),
                key=lambda f: f.closed or float("inf"),
                default=None,
            )
            if fault is None:
                left.append(loss)
            else:
                fault.explains.add(neighbor)
        return left
