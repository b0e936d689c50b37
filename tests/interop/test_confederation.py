"""Troupe, BIRD, FRR and GoBGP as the member ASes of one confederation (RFC 5065).

    west (replay) - Troupe - BIRD - east (replay)
                     |  |
                   FRR  GoBGP

West and east see one AS; the members see each other.
"""

import dataclasses
import unittest

from harness.bird import Bird
from harness.frr import Frr
from harness.gobgp import Gobgp
from harness.process import Scene
from harness.replay import Replay
from harness.route import speaker
from harness.troupe import Troupe

IDENTIFIER = 100
MEMBERS = {"troupe": 65010, "bird": 65011, "frr": 65012, "gobgp": 65013}
ROUTES = 50  # west announces IPv4, east IPv6


def others(name):
    return [asn for member, asn in MEMBERS.items() if member != name]


class ConfederationTest(Scene):
    def setUp(self):
        super().setUp()
        self.west = speaker("west", 9, 1)
        self.east = speaker("east", 9, 2)
        for number, (name, asn) in enumerate(MEMBERS.items(), 3):
            me = dataclasses.replace(speaker(name, 9, number), asn=asn)
            setattr(self, name, me)

    def start_all(self):
        self.middle = Troupe(self.troupe).member_of(
            IDENTIFIER, *others("troupe")
        )
        self.middle.peer(self.west, passive=True)
        self.middle.peer(self.bird).peer(self.frr).peer(self.gobgp)
        self.other = Bird(self.bird).member_of(IDENTIFIER, *others("bird"))
        self.other.peer(self.east, passive=True).peer(self.troupe, passive=True)
        self.third = Frr(self.frr).member_of(IDENTIFIER, *others("frr"))
        self.third.peer(self.troupe, passive=True)
        self.fourth = Gobgp(self.gobgp).member_of(IDENTIFIER, *others("gobgp"))
        self.fourth.peer(self.troupe, passive=True)
        for daemon in (self.other, self.third, self.fourth, self.middle):
            self.start(daemon)
        self.sources = {
            "ipv4": self.start(
                Replay(self.west, self.troupe, ["--ipv4", ROUTES])
            ),
            "ipv6": self.start(
                Replay(self.east, self.bird, ["--ipv6", ROUTES])
            ),
        }

    def wait_count(self, daemon, family, count):
        self.wait(
            lambda: daemon.count(family) == count,
            60,
            f"{daemon.me.name} has {count} {family} routes",
        )
        self.step(f"{daemon.me.name}: {count} {family}")

    def check_paths(self, daemon, family, front, first):
        """Each path is that of `first`, who heard the source, behind `front`."""
        self.wait_count(daemon, family, ROUTES)
        expected = {
            prefix: f"{front} {route.as_path}"
            for prefix, route in first.table(family).items()
        }
        self.assertEqual(len(expected), ROUTES)
        self.assertEqual(
            {p: r.as_path for p, r in daemon.table(family).items()}, expected
        )

    def test_members_see_each_other_and_the_rest_one_as(self):
        self.start_all()
        for peer in (self.west, self.bird, self.frr, self.gobgp):
            self.wait(
                lambda p=peer: self.middle.established(p),
                60,
                f"{peer.name} is Established",
            )
        west, east = self.sources["ipv4"], self.sources["ipv6"]
        # What west announces, through Troupe's export to members.
        self.wait_count(self.middle, "ipv4", ROUTES)
        self.check_paths(self.other, "ipv4", "(65010)", self.middle)
        self.check_paths(self.third, "ipv4", "(65010)", self.middle)
        self.check_paths(self.fourth, "ipv4", "(65010)", self.middle)
        self.check_paths(east, "ipv4", str(IDENTIFIER), self.middle)
        # What east announces, through its import from a member.
        self.wait_count(self.other, "ipv6", ROUTES)
        self.check_paths(self.middle, "ipv6", "(65011)", self.other)
        self.check_paths(self.third, "ipv6", "(65010 65011)", self.other)
        self.check_paths(self.fourth, "ipv6", "(65010 65011)", self.other)
        self.check_paths(west, "ipv6", str(IDENTIFIER), self.other)
        # And away again.
        west.command("withdraw")
        for daemon in (self.other, self.third, self.fourth, east):
            self.wait_count(daemon, "ipv4", 0)


if __name__ == "__main__":
    unittest.main()
