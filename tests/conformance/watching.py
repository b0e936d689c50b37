"""A healthy session that keeps what it is told."""

import select
import socket
import time

from expectation import MP_REACH, NEXT_HOP, attributes_of
from harness.speaker import Speaker, message
from sessions import OUR_NEXT_HOP_V6

KEEPALIVE = message(4)
MP_UNREACH = 15
SECONDS = 5


class Disturbed(AssertionError):
    """A session that nobody has wronged has ended, or does not answer."""


class Peer:
    """A speaker whose end is an observation and not an error."""

    def __init__(self, address, asn, opening):
        self.speaker = Speaker(address, asn, 0, opening=opening)
        self.notification = None
        self.ended = False
        self.kinds = []

    def dial(self, remote, port):
        self.speaker.dial(remote, port)
        # What is written at once need not wait for an acknowledgement.
        self.speaker.socket.setsockopt(
            socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
        )
        return self

    def send(self, data):
        try:
            self.speaker.send(data)
        except OSError:  # the daemon has closed; what it said is still there
            pass

    def pump(self):
        """Takes what has arrived."""
        try:
            more = self.speaker.fill()
        except OSError:
            more = False
        while got := self.speaker.take():
            self.take(*got)
        if not more:
            self.ended = True

    def take(self, kind, body):
        self.kinds.append(kind)
        if kind == 3:
            self.notification = body

    def close(self):
        self.speaker.close()


class Watcher(Peer):
    """Keeps a table of what it is told: NLRI -> attributes."""

    def __init__(self, address, asn, opening):
        super().__init__(address, asn, opening)
        self.table = {}
        self.next_hop_v6 = socket.inet_pton(socket.AF_INET6, OUR_NEXT_HOP_V6)

    def take(self, kind, body):
        super().take(kind, body)
        if kind == 2:
            self._update(body)

    def _update(self, body):
        size = int.from_bytes(body[:2], "big")
        sets = int.from_bytes(body[2 + size : 4 + size], "big")
        attributes = attributes_of(body[4 + size : 4 + size + sets])
        _, reach = attributes.pop(MP_REACH, (0, b""))
        _, unreach = attributes.pop(MP_UNREACH, (0, b""))
        for key in nlri(body[2 : 2 + size] + unreach[3:]):
            self.table.pop(key, None)
        own = socket.inet_aton(self.speaker.socket.getpeername()[0])
        # A next hop that is not as it must be stays, and will differ.
        if attributes.get(NEXT_HOP, (0, b""))[1] == own:
            del attributes[NEXT_HOP]
        for key in nlri(body[4 + size + sets :]):
            self.table[key] = attributes
        if reach:
            next_hop = reach[4 : 4 + reach[3]]
            if next_hop != self.next_hop_v6:
                attributes[MP_REACH] = (0, next_hop)
            for key in nlri(reach[5 + reach[3] :]):
                self.table[key] = attributes


def nlri(data):
    while data:
        size = 1 + (data[0] + 7) // 8
        yield data[:size]
        data = data[size:]


def wait(condition, peers, what, healthy=()):
    """Pumps the peers until the condition holds. `healthy` must not end."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        for each in healthy:
            if each.ended or each.notification is not None:
                raise Disturbed(f"a healthy session has ended: {what}")
        open_ones = [each for each in peers if not each.ended]
        left = deadline - time.monotonic()
        if not open_ones or left <= 0:
            raise Disturbed(f"not within {SECONDS} s: {what}")
        sockets = {each.speaker.socket: each for each in open_ones}
        for ready in select.select(list(sockets), [], [], left)[0]:
            sockets[ready].pump()
