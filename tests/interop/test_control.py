"""Peers among themselves, without Troupe: what the other tests measure with
must itself be right."""

import unittest

from harness.bird import Bird
from harness.frr import Frr
from harness.gobgp import Gobgp
from harness.process import Scene
from harness.replay import Replay
from harness.route import after_external_hops, differences, speaker


class ControlTest(Scene):
    ROUTES = 2000
    MED = 77

    def test_the_table_of_bird_arrives_at_its_peers(self):
        source = speaker("source", 1, 1)
        bird = speaker("bird", 1, 2)
        gobgp = speaker("gobgp", 1, 4)
        frr = speaker("frr", 1, 5)
        collector = speaker("collector", 1, 6)
        self.start(Gobgp(gobgp).peer(bird))
        self.start(Frr(frr).peer(bird))
        sinks = [
            *self.daemons,
            self.start(Replay(collector, bird, listen=True)),
        ]
        middle = Bird(bird, med=self.MED).peer(source, passive=True)
        for each in (gobgp, frr, collector):
            middle.peer(each)
        self.start(middle)
        self.start(
            Replay(
                source,
                bird,
                ["--ipv4", self.ROUTES, "--ipv6", self.ROUTES],
            )
        )
        for family in ("ipv4", "ipv6"):
            self.wait(
                lambda f=family: middle.count(f) == self.ROUTES,
                60,
                f"BIRD has the {family} table",
            )
            expected = after_external_hops(
                middle.table(family), [bird], self.MED
            )
            for sink in sinks:
                with self.subTest(sink=sink.me.name, family=family):
                    self.wait(
                        lambda s=sink, f=family: s.table(f) == expected
                        or len(s.table(f)) == self.ROUTES,
                        60,
                        f"{sink.me.name} has the {family} table",
                    )
                    self.assertEqual(
                        differences(expected, sink.table(family)), []
                    )


if __name__ == "__main__":
    unittest.main()
