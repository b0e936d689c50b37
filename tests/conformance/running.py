"""Plays rows to the daemon, one after the other, and tells what it saw."""

from expectation import Observation
from octets import octets
from sessions import KEYS, DAEMON, HERALD, NARROW, PORT, WATCHER, Session
from watching import KEEPALIVE, Disturbed, Peer, Watcher, wait

BASELINE = 1
CEASE = octets("message(03 0602)", {})
FULL = "MP4 MP6 REFRESH EXTENDED AS4"
HERALD_KEY = bytes.fromhex("18146404")


class Surroundings:
    """The healthy sessions of one router: two watchers and a herald.

    What the herald says comes behind all that the shard has taken before.
    """

    def __init__(self, router):
        self.router = router
        base = 30 + 10 * (router == "member")
        wide = Session(base, WATCHER, FULL, router)
        narrow = Session(base + 1, NARROW, "MP4 MP6 REFRESH", router)
        self.herald_session = Session(base + 2, HERALD, FULL, router)
        self.watchers = [
            self._connect(Watcher, wide),
            self._connect(Watcher, narrow),
        ]
        self.herald = self._connect(Peer, self.herald_session)
        self.peers = [*self.watchers, self.herald]
        self.number = 0

    def _connect(self, kind, session):
        address = f"127.0.106.{session.number}"
        peer = kind(address, session.asn, session.opening())
        peer.dial(DAEMON[self.router], PORT)
        peer.send(peer.speaker.opening + KEEPALIVE)
        wait(lambda: 4 in peer.kinds, [peer], f"{address} comes up")
        return peer

    def keep_alive(self):
        for peer in self.peers:
            peer.kinds.clear()
            peer.send(KEEPALIVE)

    def wait(self, condition, what, others=()):
        wait(condition, [*self.peers, *others], what, self.peers)

    def fence(self):
        """Until the watchers know a route that is told only now."""
        self.number += 1
        names = self.herald_session.names(self.number)
        names["H"] = HERALD_KEY
        self.herald.send(octets("update(; GOOD; H)", names))
        self.wait_told(HERALD_KEY, self.herald_session, self.number)

    def wait_told(self, key, session, number, others=()):
        """Until the watchers are told a route with this number."""
        path = session.told_path(number)

        def told():
            wide, narrow = self.watchers
            return (
                wide.table.get(key, {}).get(2, (0, b""))[1] == path
                and key in narrow.table
                and self._narrow_path(narrow, key)[-4:] == path[-4:]
            )

        self.wait(told, f"{key.hex()} with number {number}", others)

    def _narrow_path(self, narrow, key):
        """The path as a watcher without four-octet AS numbers can tell it."""
        attributes = narrow.table[key]
        if 17 in attributes:  # AS4_PATH
            return attributes[17][1]
        two = attributes[2][1]
        return b"".join(b"\0\0" + two[i : i + 2] for i in range(2, len(two), 2))

    def tables(self):
        return [dict(each.table) for each in self.watchers]

    def close(self):
        for peer in self.peers:
            peer.close()


class Runner:
    """Holds at most one session that errs, beside the healthy ones."""

    def __init__(self):
        self.surroundings = {name: Surroundings(name) for name in DAEMON}
        self.number = BASELINE
        self.connections = 0
        self.session = None
        self.peer = None
        self.known = None

    @property
    def around(self):
        return self.surroundings[self.session.router]

    def run(self, case):
        """Plays one row. Disturbed if a healthy session sees it end."""
        for each in self.surroundings.values():
            each.keep_alive()
        try:
            if case.state in ("established", "second"):
                self._establish(case.session)
            else:
                self._end()
                self.session = case.session
            before = self.around.tables()
            seen = self._play(case)
            self._compare(before, seen)
            return seen
        except Disturbed:
            self._abandon()
            raise

    def _play(self, case):
        if case.state == "established":
            return self._in_established(case)
        if case.state == "second":
            return self._in_second(case)
        return self._in_opening(case)

    # -- the states -----------------------------------------------------------

    def _in_established(self, case):
        peer = self.peer
        if case.expected.ends:
            peer.send(case.octets)
            wait(lambda: peer.ended, [peer], "the end of the session")
            self._wait_for_nothing()
        else:
            peer.send(case.octets)
            self._own_fence()
        return self._observe(peer)

    def _in_second(self, case):
        other = Peer(self.peer.speaker.address, 0, b"").dial(
            DAEMON[self.session.router], PORT
        )
        other.send(case.octets)
        wait(lambda: other.ended, [other], "the end of the second connection")
        self._own_fence()
        other.close()
        if self.peer.ended:
            raise Disturbed("the first session has ended")
        return Observation(other.notification, other.ended)

    def _in_opening(self, case):
        self.peer = peer = self._dial(self.session)
        if case.state == "openconfirm":
            peer.send(self.session.opening())
            wait(lambda: 4 in peer.kinds or peer.ended, [peer], "KEEPALIVE")
        peer.send(case.octets)
        if not case.expected.up:
            wait(lambda: peer.ended, [peer], "the end of the connection")
            return self._observe(peer)
        wait(lambda: 4 in peer.kinds or peer.ended, [peer], "KEEPALIVE")
        if case.state != "openconfirm":
            peer.send(KEEPALIVE)
        self._own_fence()
        seen = self._observe(peer)
        seen.up = not peer.ended
        return seen

    # -- sessions -------------------------------------------------------------

    def _dial(self, session):
        self.connections += 1
        address = session.address(self.connections)
        peer = Peer(address, session.asn, session.opening())
        peer.dial(DAEMON[session.router], PORT)
        if "delay_open" not in session.settings.get("timers", {}):
            wait(lambda: 1 in peer.kinds, [peer], "OPEN")
        return peer

    def _establish(self, session):
        """Brings the session up, with the routes that the rows find there."""
        again = self.session == session and not session.marked
        if not again or self.peer is None or self.peer.ended:
            self._end()
            self.session = session
            self.peer = peer = self._dial(session)
            peer.send(peer.speaker.opening + KEEPALIVE)
            wait(lambda: 4 in peer.kinds or peer.ended, [peer], "KEEPALIVE")
            self.known = None
        if self.known == self._routes():
            return
        if self.known and any(
            set(now) - set(then)
            for now, then in zip(self._routes(), self.known)
        ):
            self._end()
            return self._establish(session)
        self.peer.send(session.announcement(BASELINE, "P Q", "P6"))
        self._own_fence()
        self.known = self._routes()
        told = {KEYS[each] for each in ("P", "Q") if session.ipv4}
        told |= {KEYS["P6"]} if session.ipv6 else set()
        if any(set(table) != told for table in self.known):
            raise Disturbed(f"the routes to begin with: {self.known}")

    def _own_fence(self):
        """Until all that the session has said has come to the watchers."""
        self.number += 1
        self.peer.send(self.session.fence(self.number))
        around, peer = self.around, self.peer
        try:
            around.wait_told(
                self.session.fence_key(), self.session, self.number, [peer]
            )
        except Disturbed:
            if not peer.ended:
                raise
            self._wait_for_nothing()  # it has ended instead
        around.fence()

    def _routes(self):
        """The routes of the session at the watchers."""
        hidden = (HERALD_KEY, self.session.fence_key())
        return [
            {k: v for k, v in table.items() if k not in hidden}
            for table in self.around.tables()
        ]

    def _wait_for_nothing(self):
        """Until the watchers have nothing of a session that has ended."""
        self.around.wait(
            lambda: not any(
                set(each.table) - {HERALD_KEY} for each in self.around.watchers
            ),
            "all routes of the session are withdrawn",
        )
        self.around.fence()

    def _end(self):
        """Ends the session, if there is one."""
        if self.peer is not None and not self.peer.ended:
            peer = self.peer
            peer.send(CEASE)
            wait(lambda: peer.ended, [peer], "the end after a Cease")
            self._wait_for_nothing()
        self._forget()

    def _abandon(self):
        """After a failure: whatever the state is, the next row finds none."""
        if self.peer is not None:
            self.peer.close()
            self._wait_for_nothing()
        self._forget()

    def _forget(self):
        if self.peer is not None:
            self.peer.close()
        self.peer = self.known = None

    # -- what was seen --------------------------------------------------------

    def _observe(self, peer):
        return Observation(peer.notification, peer.ended)

    def _compare(self, before, seen):
        """Fills in what has changed at the watchers; for a session that has
        ended, only what is not explained by its end."""
        after = self.around.tables()
        hidden = {HERALD_KEY, self.session.fence_key()}
        changes = [
            {
                key: new.get(key)
                for key in (set(old) | set(new)) - hidden
                if old.get(key) != new.get(key)
            }
            for old, new in zip(before, after)
        ]
        if seen.ended and self.peer.ended:
            changes = [
                {k: v for k, v in each.items() if v is not None}
                for each in changes
            ]
        seen.changes, seen.narrow_changes = changes

    def close(self):
        for each in self.surroundings.values():
            each.close()
