"""Route refresh, plain (RFC 2918) and with markers (RFC 7313), both ways."""

import unittest

from harness.bird import Bird
from harness.exabgp import Exabgp
from harness.features import FeatureScene
from harness.frr import Frr
from harness.gobgp import Gobgp
from harness.openbgpd import Openbgpd

OURS = "203.0.113.0/24"
THEIRS = "198.51.100.0/24"


class Refresh(FeatureScene):
    SCENE = 24

    def start_all(self, daemon, **fields):
        """Until the first round of routes is over."""
        self.launch(
            daemon, self.to_troupe({"originate": [OURS]}, **fields)
        )
        self.assertTrue(self.session(self.other)["route_refresh"])
        self.until(lambda: OURS in daemon.table(), "our route")
        self.until(self.has_theirs, "the peer's route")

    def has_theirs(self):
        return THEIRS in self.troupe.table(neighbor=self.other, view="received")

    def check_peer_asks(self, ask, marked):
        """Troupe sends its table again: with markers around, if agreed upon."""
        self.assertEqual(
            self.session(self.other)["enhanced_route_refresh"], marked
        )
        sent = self.counters(self.other, "sent")
        before = self.counters(self.other, "received")["route_refreshes"]
        ask()
        self.until(
            lambda: self.counters(self.other, "received")["route_refreshes"]
            > before,
            "the peer has asked",
        )
        self.until(
            lambda: self.counters(self.other, "sent")["updates"]
            > sent["updates"],
            "the table again",
        )
        asked = (
            self.counters(self.other, "received")["route_refreshes"] - before
        )
        if marked:
            self.until_equal(
                lambda: self.counters(self.other, "sent")["route_refreshes"]
                - sent["route_refreshes"],
                2 * asked,
                "a begin and an end for each family",
            )

    def check_troupe_asks(self, marked):
        """The peer sends its table again; nothing of it is lost."""
        before = self.counters(self.other, "received")
        sent = self.counters(self.other, "sent")["route_refreshes"]
        self.troupe.post("/v1/neighbors/other/refresh")
        self.until_equal(
            lambda: self.counters(self.other, "sent")["route_refreshes"] - sent,
            2,
            "a request for each family",
        )
        self.until(
            lambda: self.counters(self.other, "received")["updates"]
            > before["updates"],
            "the peer's table again",
        )
        if marked:
            self.until_equal(
                lambda: self.counters(self.other, "received")["route_refreshes"]
                - before["route_refreshes"],
                4,
                "a begin and an end of each family",
            )
        self.assertTrue(self.has_theirs())
        self.assertTrue(self.troupe.established(self.other))

    def test_bird(self):
        daemon = Bird(self.other, originate=[THEIRS]).peer(self.me, True)
        self.start_all(daemon)
        self.assertIn("Enhanced refresh", daemon.details(self.me))
        self.check_peer_asks(
            lambda: daemon.ask(["reload", "in", "to_troupe"]), marked=True
        )
        self.check_troupe_asks(marked=True)
        self.assertIn(OURS, daemon.table())

    def test_bird_without_markers(self):
        daemon = Bird(self.other, originate=[THEIRS]).peer(self.me, True)
        self.start_all(daemon, enhanced_route_refresh=False)
        self.check_peer_asks(
            lambda: daemon.ask(["reload", "in", "to_troupe"]), marked=False
        )
        self.check_troupe_asks(marked=False)

    def test_frr(self):
        daemon = Frr(self.other, ipv4=[f"network {THEIRS}"])
        daemon.peer(self.me, True)
        self.start_all(daemon)
        known = daemon.neighbor(self.me)["neighborCapabilities"]
        self.assertEqual(known["enhancedRouteRefresh"], "advertisedAndReceived")
        # The other way round FRR leaves one of its marks out.
        self.check_troupe_asks(marked=True)
        self.check_peer_asks(
            lambda: daemon.tell(f"clear bgp ipv4 unicast {self.me.address} in"),
            marked=True,
        )
        self.assertIn(OURS, daemon.table())

    def test_gobgp(self):
        """It is asked; itself it asks nobody, but keeps what it has heard."""
        daemon = Gobgp(self.other).peer(self.me, True)
        self.start(daemon)
        self.until(lambda: daemon.neighbor(self.me), "GoBGP answers")
        daemon.tell("global", "rib", "add", THEIRS, "nexthop", "10.0.0.2")
        self.troupe = self.start(self.to_troupe({"originate": [OURS]}))
        self.meet(daemon)
        self.until(self.has_theirs, "the peer's route")
        self.check_troupe_asks(marked=False)
        self.assertIn(OURS, daemon.table())

    def test_openbgpd(self):
        """It asks; asked itself, it says that no family was agreed upon."""
        daemon = Openbgpd(self.other, [THEIRS]).peer(
            self.me, True, lines=["announce enhanced refresh yes"]
        )
        self.start_all(daemon)
        self.check_peer_asks(
            lambda: daemon.tell("neighbor", self.me.address, "refresh"),
            marked=True,
        )
        self.troupe.post("/v1/neighbors/other/refresh")
        self.until(
            lambda: "route refresh: AID IPv6 unicast not negotiated"
            in daemon.process.log.read_text(),
            "OpenBGPD takes no request",
        )
        self.assertTrue(self.has_theirs())
        self.assertTrue(self.troupe.established(self.other))
        self.assertIn(OURS, daemon.table())

    def test_exabgp(self):
        """Asked for its routes, it closes the connection and comes back."""
        daemon = Exabgp(
            self.other,
            [f"{THEIRS} next-hop 10.0.0.2"],
            capabilities="route-refresh enable;",
        ).peer(self.me)
        self.start_all(daemon, passive=True)
        self.troupe.post("/v1/neighbors/other/refresh")
        self.until(lambda: daemon.records("refresh"), "ExaBGP is asked")
        (asked, *_) = daemon.records("refresh")
        self.assertEqual(
            asked["neighbor"]["route-refresh"]["subtype"], "query"
        )
        self.until(
            lambda: self.troupe.neighbor(self.other)["flaps"] == 1,
            "ExaBGP closes the connection",
        )
        self.meet(daemon)
        self.until(self.has_theirs, "the peer's route again")


if __name__ == "__main__":
    unittest.main()
