"""A BGP neighbour: keeps its session, tells its table, notes what it hears."""

import socket
import time
import typing

import wire
from link import Closed, Link
from scenario import HOLD, PORT

KEEPALIVE = wire.message(wire.KEEPALIVE)
HOLD_EXPIRED = wire.message(wire.NOTIFICATION, b"\x04\x00")
OPENING_TIME = 4  # seconds for a session to come up
MOST_OUTPUT = 1 << 20  # octets; beyond it nothing new is said
NOT_EXTENDED = 4096 - 19


class Loss(typing.NamedTuple):
    """An Established session that ended."""

    at: float
    why: str


class Neighbor:
    """One of the scenario's; all of it runs in the loop's thread.

    `table` is what it announces: the model's, which goes on changing while
    the session is down.
    """

    def __init__(self, who, table, loop, rng):
        self.who = who
        self.table = table
        self._loop = loop
        self._rng = rng
        self._reader = wire.Reader()
        self._listener = None
        self.link = None
        self.up = False
        self._heard_open = False
        self._began = self._heard = self._said = 0.0
        self._next_dial = 0.0
        self.received = {}
        self._unseen = None  # of a refresh: what was not told again
        self.asked_at = None  # for a refresh that is not answered yet
        self.losses = []
        self.complaints = []  # what the daemon did and must not
        self.failed_attempts = {}
        self.guarded = frozenset()  # routes that nobody withdraws
        self.lost_routes = []  # of these, withdrawn all the same
        self.times_up = 0
        self.updates_sent = self.updates_received = 0
        self.refreshes = {"asked": 0, "answered": 0, "heard": 0}

    def start(self):
        if self.who.dials:
            return
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((self.who.address, PORT))
        self._listener.listen(16)
        self._listener.setblocking(False)
        self._loop.watch_listener(self._listener, self._accept)

    def stop(self):
        self._drop()
        if self._listener:
            self._loop.forget(self._listener)
            self._listener.close()

    # -- connections ----------------------------------------------------------

    def _accept(self):
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        if self.link:
            # The daemon would not call if it still had the old one.
            self._end("replaced: the daemon called anew")
        self._begin(Link(connection))
        self._open()

    def _dial(self, now):
        try:
            self._begin(Link.dial(self.who.address, (self.who.local, PORT)))
        except OSError as error:
            self._failed(f"cannot connect: {error.errno}")
            self._next_dial = now + 0.2

    def _begin(self, link):
        self.link = link
        self._began = self._heard = time.monotonic()
        self._heard_open = False
        self._loop.watch(self)

    def _open(self):
        self._send(wire.open_message(self.who, HOLD))

    def ready(self, readable, writable):
        """The loop has found the socket ready."""
        link = self.link
        try:
            if not link.connected:
                if writable:
                    link.finish_dialling()
                    self._open()
                return
            if writable:
                link.flush()
            if readable:
                for kind, body in link.messages():
                    self._take(kind, body)
        except Closed as end:
            if self.link is link:
                self._end(str(end))

    def _send(self, data):
        self._said = time.monotonic()
        self.link.send(data)

    def _failed(self, why):
        self.failed_attempts[why] = self.failed_attempts.get(why, 0) + 1

    def _end(self, why):
        if self.up:
            self.losses.append(Loss(time.monotonic(), why))
        else:
            self._failed(why)
        self._drop()

    def _drop(self):
        if self.link:
            self._loop.forget(self.link.socket)
            self.link.close()
        self.link = None
        self.up = False
        self.received = {}
        self._unseen = self.asked_at = None
        self._next_dial = time.monotonic() + self._rng.uniform(0.01, 0.3)

    def timers(self, now):
        if not self.link:
            if self.who.dials and now >= self._next_dial:
                self._dial(now)
            return
        try:
            if self.up and now - self._heard > HOLD:
                self._send(HOLD_EXPIRED)
                self._end("the hold timer expired here")
            elif self.up and now - self._said >= HOLD / 3:
                self._send(KEEPALIVE)
            elif not self.up and now - self._began > OPENING_TIME:
                self._end("did not come up")
        except Closed as end:
            self._end(str(end))

    # -- messages -------------------------------------------------------------

    def _take(self, kind, body):
        self._heard = time.monotonic()
        if kind == wire.NOTIFICATION:
            raise Closed(wire.notification_text(body))
        if kind == wire.OPEN and not self._heard_open:
            self._heard_open = True
            self._send(KEEPALIVE)
        elif kind == wire.KEEPALIVE and self._heard_open:
            if not self.up:
                self._established()
        elif kind == wire.UPDATE and self.up:
            self._take_update(body)
        elif kind == wire.ROUTE_REFRESH and self.up and self.who.refresh:
            self._take_refresh(body)
        else:
            self._complain(f"a message of type {kind} came out of order")

    def _complain(self, what):
        age = time.monotonic() - self._began
        self.complaints.append(
            f"{self.who.name}: {what}, {age:.2f} s after it connected"
        )

    def _established(self):
        self.up = True
        self.times_up += 1
        self.received = {}
        self._tell_table()
        if self.who.restart:
            self._send(wire.END_OF_RIB)

    def _tell_table(self):
        octets, count = wire.whole_table(self.table)
        self.updates_sent += count
        self._send(octets)

    def _take_update(self, body):
        self.updates_received += 1
        if len(body) > NOT_EXTENDED and not self.who.extended:
            self._complain(f"an UPDATE of {len(body)} octets")
        withdrawn, attributes, announced = self._reader.update(body)
        table = self.received
        for key in withdrawn:
            table.pop(key, None)
        self.lost_routes += self.guarded.intersection(withdrawn)
        for key in announced:
            table[key] = attributes
        if self._unseen is not None:
            self._unseen.difference_update(withdrawn, announced)

    def _take_refresh(self, body):
        subtype = body[2]
        if subtype == wire.REQUEST:
            self.refreshes["heard"] += 1
            marked = self.who.refresh == "enhanced"
            if marked:
                self._send(wire.route_refresh(wire.BEGIN))
            self._tell_table()
            if marked:
                self._send(wire.route_refresh(wire.END))
        elif self.who.refresh != "enhanced":
            self._complain(f"a ROUTE-REFRESH of subtype {subtype}")
        elif subtype == wire.BEGIN:
            self._unseen = set(self.received)
        elif self._unseen is None:
            self._complain("an end of a route refresh that did not begin")
        else:
            for key in self._unseen:
                self.received.pop(key, None)
            self.lost_routes += self.guarded.intersection(self._unseen)
            self._unseen = self.asked_at = None
            self.refreshes["answered"] += 1

    # -- what the load says ---------------------------------------------------

    def say(self, withdrawn, attributes, announced):
        """Tells a change of the table, if there is a session."""
        if not self.up:
            return
        self.updates_sent += 1
        try:
            self._send(wire.update(withdrawn, attributes, announced))
        except Closed as end:
            self._end(str(end))

    def ask_for_refresh(self):
        """Only one that is answered with markers shows that it is answered."""
        if not self.up or not self.who.refresh or self.asked_at is not None:
            return
        if self.who.refresh == "enhanced":
            self.asked_at = time.monotonic()
        self.refreshes["asked"] += 1
        try:
            self._send(wire.route_refresh(wire.REQUEST))
        except Closed as end:
            self._end(str(end))

    def may_say_more(self):
        return not self.link or len(self.link.outbox) < MOST_OUTPUT
