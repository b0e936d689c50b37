"""OpenBGPD and ExaBGP: a session, and routes both ways."""

import os
import unittest

from harness.bird import Bird
from harness.exabgp import Exabgp
from harness.openbgpd import Openbgpd
from harness.process import Scene
from harness.replay import Replay
from harness.route import Route, after_external_hops, differences, speaker
from harness.troupe import Troupe

ROUTES = 300


class SmallPeersTest(Scene):
    WITH_TROUPE = not os.environ.get("TROUPE_INTEROP_CONTROL")

    def setUp(self):
        super().setUp()
        self.source = speaker("source", 4, 1)
        self.other = speaker("openbgpd", 4, 7)
        self.caller = speaker("exabgp", 4, 8)
        self.collector = speaker("collector", 4, 6)
        self.me = speaker("troupe", 4, 3)

    def start_all(self):
        """Troupe, or BIRD as a control, in the middle of all others."""
        openbgpd = Openbgpd(
            self.other,
            [
                "198.51.100.0/24 set { community 64500:7,"
                " large-community 64500:7:8, med 50 }",
                "2001:db8:7::/48",
            ],
        ).peer(self.me, passive=True)
        exabgp = Exabgp(
            self.caller,
            [
                "203.0.113.0/24 next-hop 10.0.0.8 origin egp med 30"
                " community [ 64500:8 ] large-community [ 64500:8:9 ]",
                "2001:db8:8::/48 next-hop 3fff:ffff::8",
            ],
        ).peer(self.me)
        self.middle = Troupe(self.me) if self.WITH_TROUPE else Bird(self.me)
        for end in (self.other, self.collector):
            self.middle.peer(end)
        for end in (self.source, self.caller):
            self.middle.peer(end, passive=True)
        self.openbgpd = self.start(openbgpd)
        self.sink = self.start(Replay(self.collector, self.me, listen=True))
        self.start(self.middle)
        self.exabgp = self.start(exabgp)
        self.replay = self.start(
            Replay(self.source, self.me, ["--ipv4", ROUTES, "--ipv6", ROUTES])
        )

    def test_routes_of_each_arrive_at_each(self):
        self.start_all()
        for daemon in (self.openbgpd, self.exabgp):
            self.wait(
                lambda d=daemon: d.established(self.me),
                30,
                f"{daemon.me.name} is Established",
            )
            self.step(f"{daemon.me.name} is Established")
        for family in ("ipv4", "ipv6"):
            # The collector hears the routes of all three others.
            self.wait(
                lambda f=family: self.sink.count(f) == ROUTES + 2,
                60,
                f"the collector has the {family} routes",
            )
            told = self.sink.table(family)
            for daemon in (self.openbgpd, self.exabgp):
                # Split horizon: none of its own comes back to it.
                own = {p for p, r in told.items() if self.is_of(daemon, r)}
                self.assertEqual(len(own), 1)
                expected = {p: r for p, r in told.items() if p not in own}
                self.wait(
                    lambda d=daemon, f=family: d.count(f) == ROUTES + 1,
                    60,
                    f"{daemon.me.name} has the {family} routes",
                )
                with self.subTest(daemon=daemon.me.name, family=family):
                    found = differences(expected, daemon.table(family))
                    self.assertEqual(found, [], "\n".join(found))
        self.check_what_they_said()

    def is_of(self, daemon, route):
        return route.as_path == f"{self.me.asn} {daemon.me.asn}"

    def check_what_they_said(self):
        """What ExaBGP and OpenBGPD originate, one AS further."""
        said = {
            "198.51.100.0/24": Route(
                as_path=str(self.other.asn),
                next_hop=self.other.next_hop,
                origin="igp",
                communities=frozenset(["64500:7"]),
                large_communities=frozenset(["64500:7:8"]),
            ),
            "203.0.113.0/24": Route(
                as_path=str(self.caller.asn),
                next_hop=self.caller.next_hop,
                origin="egp",
                communities=frozenset(["64500:8"]),
                large_communities=frozenset(["64500:8:9"]),
            ),
        }
        expected = after_external_hops(said, [self.me])
        told = self.sink.table("ipv4")
        found = differences(expected, {p: told[p] for p in said})
        self.assertEqual(found, [], "\n".join(found))


if __name__ == "__main__":
    unittest.main()
