"""Scenes of one feature: Troupe and a daemon that has it as well."""

import dataclasses

from .process import Scene
from .route import speaker
from .troupe import Troupe


def with_asn(who, asn):
    return dataclasses.replace(who, asn=asn)


def kernel_count(name):
    """A counter of /proc/net/netstat."""
    with open("/proc/net/netstat", encoding="ascii") as file:
        lines = [line.split() for line in file]
    for names, numbers in zip(lines[::2], lines[1::2]):
        if name in names:
            return int(numbers[names.index(name)])
    return 0


class FeatureScene(Scene):
    """`SCENE` keeps the addresses of a file's scenes apart from others."""

    SCENE = 0

    def setUp(self):
        super().setUp()
        self.other = speaker("other", self.SCENE, 2)
        self.me = speaker("troupe", self.SCENE, 3)
        self.third = speaker("third", self.SCENE, 4)
        self.fourth = speaker("fourth", self.SCENE, 5)

    def until(self, condition, what, seconds=30):
        return self.wait(condition, seconds, what)

    def launch(self, daemon, troupe):
        """Starts both and waits until each says Established of the other."""
        self.start_both(daemon, troupe)
        self.meet(daemon)

    def start_both(self, daemon, troupe):
        """Who is called is there before the caller: some are slow to retry."""
        if all(fields["passive"] for _, fields in troupe.peers):
            self.start_called(troupe)
            self.start(daemon)
        else:
            self.start(daemon)
            self.troupe = self.start(troupe)

    def start_called(self, troupe):
        """It listens when this returns: OpenBGPD tries again after 120 s."""
        self.troupe = self.start(troupe)
        self.until(lambda: troupe.get("/healthz")["ready"], "its listener")

    def stop_all(self):
        """Ends all that runs, for another round in the same scene."""
        while self.daemons:
            self.daemons.pop().stop()

    def meet(self, daemon):
        self.until(
            lambda: self.troupe.established(daemon.me),
            f"{daemon.me.name} is Established at Troupe",
        )
        self.until(
            lambda: daemon.established(self.troupe.me),
            f"Troupe is Established at {daemon.me.name}",
        )

    def session(self, who):
        return self.troupe.neighbor(who)["session"]

    def last_error(self):
        """Of the session with `other`."""
        return self.troupe.neighbor(self.other)["last_error"]

    def counters(self, who, direction):
        return self.troupe.neighbor(who)["messages"][direction]

    def until_equal(self, ask, expected, what):
        """Waits until `ask()` gives this; shows what it gives if not."""
        last = [None]

        def same():
            last[0] = ask()
            return last[0] == expected

        try:
            self.until(same, what)
        except AssertionError as error:
            self.assertEqual(last[0], expected, str(error))
            raise

    def until_routes(self, daemon, prefixes, family="ipv4"):
        self.until_equal(
            lambda: set(daemon.table(family)),
            set(prefixes),
            f"{daemon.me.name} has these routes",
        )

    def to_troupe(self, router=None, top=None, **fields):
        """A Troupe that calls `other`; `fields` are those of the neighbour."""
        return Troupe(self.me, router, top).peer(self.other, **fields)
