"""The table of docs/supervision.md on a daemon under load, row by row: one
actor is made to throw, and what the others see of it is held against the
table."""

import time

import wire
from admin import Unanswered
from book import REASON, ROUTER
from harness.process import wait_until
from run import Run
from wire import Attributes

FIXED = 10  # routes of each neighbour that stay as they are
STRUCK_WITHIN = 10  # seconds
AGAIN_WITHIN = 10
LOADED = 2  # seconds of load around a fault
QUIET = 1.5  # seconds in which nobody must hear anything
SHARED = ("rib_shard", "exporter")  # each of them is struck
# None of these ends anybody's session.
SILENT = ("dispatcher", "rib", *SHARED, "config_keeper", "admin")
A_CHANGE = 3  # UPDATEs that one new route may take


class Rows(Run):
    """`failures` has what was not as the table says."""

    def prepare(self):
        """All sessions up, with the routes that must stay."""
        everybody = self._peers.neighbors
        fixed = {}
        for number, each in enumerate(everybody):
            for third in range(FIXED):
                key = wire.nlri(0x0A790000 + (number << 13) + (third << 8), 24)
                each.table[key] = Attributes(
                    path=(each.who.asn,), next_hop=each.who.number
                )
                fixed[key] = each
        self._peers.load.fixed = frozenset(fixed)
        for each in everybody:
            each.guarded = frozenset(
                key for key, owner in fixed.items() if owner is not each
            )
        self._start()
        self._calm()

    def end(self):
        """Ends the daemon, orderly, and everything else."""
        try:
            self._check_sessions()
            self.failures += self._daemon.end()
        finally:
            self._stop()
        self._check_ends()

    # -- rows -----------------------------------------------------------------

    def row(self, kind, where=lambda actor: True):
        """Strikes while everybody talks; only who may lose a session does."""
        before = self._losses()
        self._set_load(True)
        self._spend(LOADED)
        struck = [self._strike(a) for a in self._targets(kind, where)]
        self._spend(LOADED)
        self._set_load(False)
        self._calm()
        self._check_lost(kind, before, {fault.neighbor for fault in struck})

    def quiet_row(self, kind):
        """Strikes while nobody talks: nobody hears of it."""
        before = self._losses()
        heard = self._heard()
        for actor in self._targets(kind, lambda _: True):
            self._strike(actor)
        self._spend(QUIET)
        for name, more in self._differ(heard).items():
            self._fail(f"{kind}: {name} heard {more} UPDATEs of it")
        self._calm()
        self._check_lost(kind, before, set())

    def one_new_route(self, kind):
        """An actor is struck by the one change that it is told of: everybody
        hears of that, and of little else."""
        before = self._losses()
        heard = self._heard()
        for actor in self._targets(kind, lambda _: True):
            self._arm(actor)
        self._peers.call(self._announce_one)
        self._spend(QUIET)
        for fault in list(self._book.open.values()):
            self._wait_for(fault)
        self._spend(QUIET)
        for name, more in self._differ(heard).items():
            if more > A_CHANGE:
                self._fail(f"{kind}: {name} heard {more} UPDATEs of one route")
        self._calm()
        self._check_lost(kind, before, set())

    def _announce_one(self):
        one = self._peers.neighbors[0]
        key = wire.nlri(0x0AFF0000, 24)
        one.table[key] = Attributes(
            path=(one.who.asn,), next_hop=one.who.number
        )
        one.say((), one.table[key], [key])

    # -- strikes --------------------------------------------------------------

    def _targets(self, kind, where):
        found = [
            a for a in self._admin.actors() if a["kind"] == kind and where(a)
        ]
        if not found:
            raise AssertionError(f"there is no {kind}")
        return found if kind in SHARED else found[:1]

    def _arm(self, actor):
        now = time.monotonic()
        self._book.arm(actor, now)
        fault = self._book.open[actor["id"]]
        if not self._admin.arm(actor["id"], 1):
            raise AssertionError(f"{actor['id']} is not there any more")
        return fault

    def _strike(self, actor):
        fault = self._arm(actor)
        self._wait_for(fault, actor)
        self._check_again(actor)
        return fault

    def _wait_for(self, fault, actor=None):
        deadline = time.monotonic() + STRUCK_WITHIN
        while not fault.struck:
            if time.monotonic() > deadline:
                raise AssertionError(f"{fault.actor}: the fault never struck")
            if actor:
                self._poker.poke(actor)
            time.sleep(0.05)
            self._look()

    def _check_again(self, actor):
        """It is there again, and tells of its end."""
        if actor["kind"] == "connection":
            return  # nobody starts it again
        wait_until(
            lambda: self._is_again(actor),
            AGAIN_WITHIN,
            f"{actor['id']} is there again",
            [self._daemon.process],
        )

    def _is_again(self, actor):
        try:
            now = self._admin.get(f"/v1/actors/{actor['id']}")
        except (Unanswered, AssertionError):
            return False  # it is not there for a moment
        if now["restarts"]["count"] != actor["restarts"]["count"] + 1:
            return False
        last = now["restart_history"][-1]
        if REASON not in last["reason"]:
            self._fail(f"{actor['id']} ended by {last['reason']}")
        return True

    # -- what others see ------------------------------------------------------

    def _set_load(self, on):
        self._peers.call(lambda: setattr(self._peers.load, "running", on))

    def _spend(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._daemon.check_running()
            self._look()
            time.sleep(0.05)

    def _losses(self):
        return self._peers.call(
            lambda: {n.who.name: len(n.losses) for n in self._peers.neighbors}
        )

    def _heard(self):
        return self._peers.call(
            lambda: {
                n.who.name: n.updates_received for n in self._peers.neighbors
            }
        )

    def _differ(self, heard):
        now = self._heard()
        return {n: now[n] - heard[n] for n in now if now[n] != heard[n]}

    def _check_lost(self, kind, before, hit):
        """Whose session ended, and whose valid routes were withdrawn."""
        after = self._losses()
        lost = {name for name in after if after[name] != before[name]}
        expected = set(after) if kind == ROUTER else hit - {None}
        if lost != expected:
            self._fail(
                f"{kind}: {sorted(lost)} lost the session,"
                f" {sorted(expected)} should have"
            )
        if kind == ROUTER:
            return
        for each in self._peers.neighbors:
            if each.lost_routes:
                self._fail(
                    f"{kind}: {each.who.name} was told to forget"
                    f" {len(each.lost_routes)} routes that are valid"
                )


def of_neighbor(name):
    """Whether an actor is one of this neighbour's."""
    return lambda actor: f"/session.{name}" in actor["id"]
