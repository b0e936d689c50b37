"""Makes actors throw, and has something happen to them so that they do."""

import os
import queue
import signal
import socket
import threading
import time

from admin import Unanswered
from scenario import LOCAL, PORT, STRANGER

# How often each kind is chosen; the router has its own rule.
WEIGHTS = {
    "config_keeper": 1,
    "dispatcher": 1,
    "session": 2,
    "connection": 2,
    "rib": 1,
    "rib_shard": 2,
    "exporter": 2,
    "admin": 1,
    "cluster": 1,
    "recorder": 1,
}
ROUTER = "router"
KINDS = (*WEIGHTS, ROUTER)
ROUTER_PAUSE = 60  # seconds between two faults of it
AFTER = (1, 1, 1, 2, 3, 8)  # the message that strikes
LOOK_EVERY = 0.2  # seconds
# A fault that waits longer than this was lost: its actor was struck in the same
# moment as the router, which cannot tell of it any more.
LOST_AFTER = 20

# Without `supervision` in the configuration more than 5 failures in 60 s end
# more than the actor; what nobody starts again has no such limit.
GENTLE = 4
GENTLE_PAUSE = 65
UNLIMITED = ("connection",)


class Poker(threading.Thread):
    """Does harmless things that give an armed actor its next message. They
    may take seconds where that actor is down, so nobody waits for them."""

    def __init__(self, admin, pid, rng):
        super().__init__(name="poker", daemon=True)
        self._admin = admin
        self._pid = pid
        self._rng = rng
        self._wanted = queue.Queue(maxsize=3)
        self.error = None

    def poke(self, actor):
        try:
            self._wanted.put_nowait(actor)
        except queue.Full:
            pass

    def stop(self):
        self._wanted.put(None)
        self.join()

    def run(self):
        while actor := self._wanted.get():
            try:
                self._poke(actor)
            except Unanswered:
                pass
            except Exception as error:
                self.error = error
                raise

    def _poke(self, actor):
        kind = actor["kind"]
        if kind == "config_keeper":
            os.kill(self._pid, signal.SIGHUP)
        elif kind == "dispatcher":
            self._knock(LOCAL[actor["name"].startswith(LOCAL[1] + ":")])
        elif kind == "session" and self._rng.random() < 0.5:
            self._admin.refresh(actor["name"])
        elif kind in ("rib", "router", "exporter", "rib_shard"):
            self._admin.get("/v1/rib")
        elif kind == "admin":
            self._admin.get("/v1/neighbors")

    @staticmethod
    def _knock(address):
        """A stranger, who is refused."""
        with socket.socket() as visitor:
            visitor.settimeout(1)
            try:
                visitor.bind((STRANGER, 0))
                visitor.connect((address, PORT))
                visitor.recv(1)
            except OSError:
                pass


class Injector:
    """Arms a fault at a random actor whenever `tick` finds it time."""

    def __init__(self, admin, book, poker, rng, options):
        self._admin = admin
        self._book = book
        self._poker = poker
        self._rng = rng
        self._options = options
        self._actors = []
        self._next_look = 0.0
        self._next_fault = time.monotonic()
        self._next_router = time.monotonic() + rng.uniform(2, 10)
        self._hits = {}  # by actor: when, since it was left alone last
        self.armed = 0

    def look(self, now):
        """Reads what has struck."""
        self._book.read_log(now)
        if now < self._next_look:
            return
        self._next_look = now + LOOK_EVERY
        self._actors = self._admin.actors()
        self._book.read_actors(self._actors, now)

    def tick(self, now):
        self.look(now)
        if now < self._next_fault:
            return
        self._next_fault = max(self._next_fault + self._options.every, now)
        actor = self._choose(now)
        if actor is None:
            return
        after = self._rng.choice(AFTER)
        # Beforehand: it may strike before the answer is here.
        self._book.arm(actor, now)
        if self._admin.arm(actor["id"], after):
            self.armed += 1
            self._hits.setdefault(actor["id"], []).append(now)
            self._poker.poke(actor)
        else:
            self._book.forget(actor, now)

    def _choose(self, now):
        kinds = self._options.kinds
        if ROUTER in kinds and now >= self._next_router:
            self._next_router = now + ROUTER_PAUSE + self._rng.uniform(0, 5)
            return self._one_of(ROUTER, now)
        present = {a["kind"] for a in self._actors}
        choice = [k for k in WEIGHTS if k in kinds and k in present]
        if not choice:
            return None
        weights = [WEIGHTS[k] for k in choice]
        return self._one_of(self._rng.choices(choice, weights)[0], now)

    def _one_of(self, kind, now):
        """One that has no fault waiting; where all have, one of these."""
        all_of = [
            a
            for a in self._actors
            if a["kind"] == kind and self._may_hit(a, now)
        ]
        idle = [a for a in all_of if not self._waits(a, now)]
        if not idle and all_of:
            self._poker.poke(self._rng.choice(all_of))
        return self._rng.choice(idle) if idle else None

    def _waits(self, actor, now):
        fault = self._book.open.get(actor["id"])
        return fault is not None and now - fault.armed < LOST_AFTER

    def _may_hit(self, actor, now):
        if self._options.supervision or actor["kind"] in UNLIMITED:
            return True
        hits = self._hits.setdefault(actor["id"], [])
        if hits and now - hits[-1] > GENTLE_PAUSE:
            hits.clear()
        return len(hits) < GENTLE
