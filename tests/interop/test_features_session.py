"""Peers with 2-octet AS numbers, and messages of more than 4096 octets."""

import unittest

from harness.bird import Bird
from harness.exabgp import Exabgp
from harness.features import FeatureScene, with_asn
from harness.frr import Frr
from harness.gobgp import Gobgp
from harness.openbgpd import Openbgpd
from harness.speaker import Speaker, update

AS_TRANS = 23456
PREFIX = "198.51.100.0/24"


class OldSpeakers(FeatureScene):
    """Peers that know 2-octet AS numbers only (RFC 6793)."""

    SCENE = 20

    def setUp(self):
        super().setUp()
        self.other = with_asn(self.other, 64502)

    def start_all(self, daemon, **fields):
        """third (4-octet AS) - Troupe (4-octet AS) - old speaker."""
        troupe = self.to_troupe(**fields).peer(self.third, passive=True)
        self.launch(daemon, troupe)
        self.third_speaks()
        self.assertFalse(self.session(self.other)["four_octet_as"])
        self.until_equal(
            lambda: len(self.troupe.routes("received", self.third)),
            3,
            "the routes of the third",
        )

    def third_speaks(self):
        """Three routes; without an AGGREGATOR, which is too much for FRR."""
        speaker = Speaker(self.third.address, self.third.asn, 0x0A000004)
        self.addCleanup(speaker.close)
        speaker.connect(self.me.address, self.me.port)
        speaker.send(update(self.third.asn, 1, range(0x0B0000, 0x0B0003)))

    def paths_that_troupe_tells(self):
        told = self.troupe.table(neighbor=self.other, view="advertised")
        self.assertEqual(len(told), 3)
        for route in told.values():
            self.assertTrue(
                route.as_path.startswith(f"{self.me.asn} {self.third.asn}")
            )
        return {p: r.as_path for p, r in told.items()}

    def check_merged(self, heard):
        """The peer puts AS_PATH and AS4_PATH together (RFC 6793 §4.2.3)."""
        self.assertEqual(
            {p: r.as_path for p, r in heard.items()},
            self.paths_that_troupe_tells(),
        )

    def check_table(self, daemon):
        self.until(lambda: daemon.count() == 3, "routes at the old speaker")
        self.check_merged(daemon.table())

    def test_bird(self):
        daemon = Bird(
            self.other,
            originate=[f"{PREFIX} {{ bgp_path.prepend(4200000099); }}"],
        )
        daemon.peer(
            self.me, True, lines="enable as4 no;", remote="external"
        )
        self.start_all(daemon)
        self.check_table(daemon)
        # And back: what it has told with AS4_PATH.
        self.assertEqual(
            self.troupe.table(neighbor=self.other, view="received")[
                PREFIX
            ].as_path,
            "64502 4200000099",
        )

    def test_frr(self):
        """It offers no capability at all: IPv4 unicast alone."""
        daemon = Frr(self.other, ipv4=[f"network {PREFIX}"]).peer(
            self.me, True, lines=["dont-capability-negotiate"]
        )
        self.start_all(daemon)
        self.assertFalse(self.session(self.other)["route_refresh"])
        # Those that it counts need not be chosen yet.
        self.until(lambda: len(daemon.table()) == 4, "routes at FRR")
        heard = daemon.table()
        del heard[PREFIX]  # its own
        # It reads two octets and, as we have the capability, no AS4_PATH.
        self.paths_that_troupe_tells()
        self.assertEqual(
            {r.as_path for r in heard.values()}, {" ".join(["23456"] * 4)}
        )

    def test_openbgpd(self):
        daemon = Openbgpd(self.other, [PREFIX]).peer(
            self.me, True, lines=["announce as-4byte no"]
        )
        self.start_all(daemon)
        self.check_table(daemon)

    def test_exabgp(self):
        daemon = Exabgp(
            self.other,
            [f"{PREFIX} next-hop 10.0.0.2 as-path [ 64502 4200000099 ]"],
            capabilities="asn4 disable;",
        ).peer(with_asn(self.me, AS_TRANS))
        self.start_all(daemon, passive=True)
        self.check_table(daemon)
        self.assertEqual(
            self.troupe.table(neighbor=self.other, view="received")[
                PREFIX
            ].as_path,
            "64502 4200000099",
        )


COMMUNITIES = [f"64999:{n}" for n in range(1200)]  # 4800 octets
BIG = "203.0.113.0/24"
SMALL = "192.0.2.0/24"


class ExtendedMessages(FeatureScene):
    """A route that takes more than 4096 octets, both ways (RFC 8654)."""

    SCENE = 21

    def start_all(self, daemon, **fields):
        policy = {
            "match": {"prefixes": [BIG]},
            "set": {"communities": {"set": COMMUNITIES}},
        }
        router = {
            "originate": [BIG, SMALL],
            "policies": {"big": [policy, {"then": "accept"}]},
        }
        troupe = self.to_troupe(
            router, families={"ipv4_unicast": {"export": "big"}}, **fields
        )
        self.launch(daemon, troupe)

    def check_both_ways(self, daemon):
        self.assertTrue(self.session(self.other)["extended_messages"])
        self.until(lambda: BIG in daemon.table(), "the big route is told")
        big = daemon.table()[BIG]
        self.assertEqual(big.communities, frozenset(COMMUNITIES))
        self.until(
            lambda: PREFIX
            in self.troupe.table(neighbor=self.other, view="received"),
            "the peer's big route",
        )
        heard = self.troupe.table(neighbor=self.other, view="received")
        self.assertEqual(heard[PREFIX].communities, frozenset(COMMUNITIES))

    def test_bird(self):
        adds = " ".join(
            f"bgp_community.add((64999,{n}));" for n in range(1200)
        )
        daemon = Bird(self.other, originate=[f"{PREFIX} {{ {adds} }}"]).peer(
            self.me, True, lines="enable extended messages yes;"
        )
        self.start_all(daemon)
        self.assertIn("Extended message", daemon.details(self.me))
        self.check_both_ways(daemon)

    def test_frr(self):
        maps = []
        for at in range(0, len(COMMUNITIES), 200):  # its lines are short
            some = " ".join(COMMUNITIES[at : at + 200])
            maps += [
                f"route-map big permit {at + 1}",
                f" set community {some} additive",
                " on-match next",
                "exit",
            ]
        daemon = Frr(
            self.other, ipv4=[f"network {PREFIX} route-map big"], maps=maps
        ).peer(self.me, True)
        self.start_all(daemon)
        self.assertEqual(
            daemon.neighbor(self.me)["neighborCapabilities"]["extendedMessage"],
            "advertisedAndReceived",
        )
        self.check_both_ways(daemon)

    def test_exabgp(self):
        daemon = Exabgp(
            self.other,
            [
                f"{PREFIX} next-hop 10.0.0.2"
                f" community [ {' '.join(COMMUNITIES)} ]"
            ],
            capabilities="extended-message enable;",
        ).peer(self.me)
        self.start_all(daemon, passive=True)
        self.check_both_ways(daemon)

    def check_withheld(self, daemon):
        """Not agreed upon: the big route is not told, the other one is."""
        self.start_all(daemon)
        self.assertFalse(self.session(self.other)["extended_messages"])
        self.until_routes(daemon, [SMALL])
        (router,) = self.troupe.get("/v1/rib")["routers"]
        self.assertEqual(sum(g["too_big"] for g in router["update_groups"]), 1)

    def test_gobgp_has_none(self):
        self.check_withheld(Gobgp(self.other).peer(self.me, True))

    def test_openbgpd_has_none(self):
        self.check_withheld(Openbgpd(self.other).peer(self.me, True))


if __name__ == "__main__":
    unittest.main()
