"""The chain of the scenarios: source -> BIRD [-> Troupe] -> several sinks."""

import time

from .bird import Bird
from .frr import Frr
from .gobgp import Gobgp
from .process import Scene
from .replay import Replay
from .route import after_external_hops, differences, speaker
from .troupe import Troupe

# What BIRD sets towards its peers; it must not come through another AS.
MED = 77


class ChainScene(Scene):
    """Starts a chain and compares the tables at its ends.

    All sessions are external. `number` keeps the addresses of scenes apart.
    """

    def start_chain(self, number, routes, with_troupe=True):
        """`routes`: options of bgp_replay that say what is played."""
        self.source = speaker("source", number, 1)
        bird = speaker("bird", number, 2)
        troupe = speaker("troupe", number, 3)
        last = troupe if with_troupe else bird
        ends = [speaker("gobgp", number, 4), speaker("frr", number, 5)]
        collector = speaker("collector", number, 6)
        self.sinks = [
            self.start(Gobgp(ends[0]).peer(last, passive=True)),
            self.start(Frr(ends[1]).peer(last, passive=True)),
            self.start(Replay(collector, last, listen=True)),
        ]
        self.bird = Bird(bird, med=MED).peer(self.source, passive=True)
        self.troupe = None
        self.hops = [bird]
        if with_troupe:
            self.hops.append(troupe)
            self.bird.peer(troupe)
            # BIRD calls, the sinks are called.
            self.troupe = Troupe(troupe).peer(bird, passive=True)
        for end in [*ends, collector]:
            (self.troupe or self.bird).peer(end)
        if self.troupe:
            self.start(self.troupe)
        self.start(self.bird)
        self.replay = self.start(Replay(self.source, bird, routes))

    def expected(self, family):
        """What the sinks must have, from BIRD's own table."""
        med = None if self.troupe else MED
        return after_external_hops(self.bird.table(family), self.hops, med)

    def wait_count(self, family, count, seconds):
        """Until everybody in the chain has so many prefixes."""
        members = [self.bird, self.troupe, *self.sinks]
        for daemon in filter(None, members):
            start = time.monotonic()
            self.wait(
                lambda d=daemon: d.count(family) == count,
                seconds,
                f"{daemon.me.name} has {count} {family} prefixes",
            )
            took = time.monotonic() - start
            self.step(f"{daemon.me.name}: {count} {family} (+{took:.1f} s)")

    def check_equal(self, family, count):
        """The tables at both ends, prefix by prefix, attribute by attribute."""
        expected = self.expected(family)
        self.assertEqual(len(expected), count)
        for sink in self.sinks:
            with self.subTest(sink=sink.me.name, family=family):
                found = differences(expected, sink.table(family))
                self.assertEqual(found, [], "\n".join(found))
            self.step(f"{sink.me.name}: {family} compared")

    def check_views(self, family):
        """What Troupe itself says of the routes, at each end."""
        if not self.troupe:
            return
        bird = self.hops[0]
        heard = after_external_hops(self.bird.table(family), [bird], MED)
        views = [
            ("loc", None, heard),
            ("received", bird, heard),
            ("advertised", self.sinks[0].me, self.expected(family)),
        ]
        for view, neighbor, expected in views:
            with self.subTest(view=view, family=family):
                told = self.troupe.table(family, neighbor, view)
                found = differences(expected, told)
                self.assertEqual(found, [], "\n".join(found))
