"""What operators say to each other: shutdown communication (RFC 9003), limits
of prefixes (RFC 4486), graceful shutdown (RFC 8326)."""

import unittest

from harness.bird import Bird
from harness.exabgp import Exabgp
from harness.features import FeatureScene
from harness.frr import Frr
from harness.gobgp import Gobgp
from harness.openbgpd import Openbgpd
from harness.speaker import Speaker, update

OURS = [f"203.0.{n}.0/24" for n in range(110, 114)]
THEIRS = ["198.51.100.0/24", "198.51.101.0/24", "198.51.102.0/24"]
WORDS = "[ticket 17] back at 10:00, sorry"


class Shutdown(FeatureScene):
    """The words of a shutdown arrive, from either side."""

    SCENE = 27

    def check(self, daemon, heard, tell):
        """`heard()`: text in which the peer shows what we say; `tell()`: it
        ends a session with the same words."""
        # The peer calls: no attempt of ours is what went wrong last.
        self.launch(daemon, self.to_troupe(passive=True))
        self.troupe.post("/v1/neighbors/other/disable", {"message": WORDS})
        self.until(lambda: WORDS in heard(), "the peer shows our words")
        # It would stay disabled over a restart.
        self.troupe.post("/v1/neighbors/other/enable")
        self.stop_all()
        self.launch(daemon, self.to_troupe(passive=True))
        tell()
        self.until_equal(
            lambda: WORDS in self.last_error(),
            True,
            "Troupe shows the peer's words",
        )
        self.assertIn("Administrative Shutdown (6/2)", self.last_error())

    def test_bird(self):
        daemon = Bird(self.other).peer(self.me)
        self.check(
            daemon,
            lambda: daemon.details(self.me),
            lambda: daemon.ask(["disable", "to_troupe", f'"{WORDS}"']),
        )

    def test_frr(self):
        daemon = Frr(self.other).peer(self.me)
        self.check(
            daemon,
            lambda: daemon.neighbor(self.me).get("lastShutdownDescription", ""),
            lambda: daemon.tell(
                "configure terminal",
                f"router bgp {self.other.asn}",
                f"neighbor {self.me.address} shutdown message {WORDS}",
            ),
        )

    def test_gobgp(self):
        daemon = Gobgp(self.other).peer(self.me)
        self.check(
            daemon,
            lambda: daemon.process.log.read_text(),
            lambda: daemon.tell(
                "neighbor", self.me.address, "shutdown", "--reason", WORDS
            ),
        )

    def test_openbgpd(self):
        daemon = Openbgpd(self.other).peer(self.me)
        self.check(
            daemon,
            lambda: daemon.process.log.read_text(),
            lambda: daemon.tell("neighbor", self.me.address, "down", WORDS),
        )


class Limits(FeatureScene):
    """Too many prefixes: Cease/1, from either side."""

    SCENE = 28
    CEASE = "Maximum Number of Prefixes Reached (6/1)"

    def check_ours(self, daemon, heard, **fields):
        """The peer tells three; Troupe takes two."""
        family = {"ipv4_unicast": {"max_prefixes": 2}}
        self.start_both(daemon, self.to_troupe(families=family, **fields))
        self.until(heard, "the peer shows Cease/1")
        self.until_equal(
            lambda: self.troupe.neighbor(self.other)["state"],
            "Idle",
            "it stays Idle until the operator starts it",
        )
        self.assertEqual(self.troupe.routes(), [])

    def check_theirs(self, daemon):
        """Troupe tells three; the peer takes two. The peer calls."""
        self.start_both(
            daemon, self.to_troupe({"originate": OURS}, passive=True)
        )
        self.until(
            lambda: self.CEASE in self.last_error(), "Troupe shows Cease/1"
        )

    def test_bird(self):
        daemon = Bird(self.other, originate=THEIRS).peer(self.me, True)
        self.check_ours(
            daemon,
            lambda: "Maximum number of prefixes" in daemon.details(self.me),
        )

    def test_bird_limits(self):
        self.check_theirs(
            Bird(self.other).peer(
                self.me, ipv4="import limit 2 action disable;"
            )
        )

    def test_frr(self):
        daemon = Frr(self.other, ipv4=[f"network {p}" for p in THEIRS]).peer(
            self.me, True
        )
        self.check_ours(
            daemon,
            lambda: daemon.neighbor(self.me).get("lastErrorCodeSubcode")
            == "0601",
        )

    def test_frr_limits(self):
        self.check_theirs(
            Frr(self.other).peer(self.me, ipv4=["maximum-prefix 2"])
        )

    def test_gobgp(self):
        daemon = Gobgp(self.other).peer(self.me, True)
        self.start(daemon)
        self.until(lambda: daemon.neighbor(self.me), "GoBGP answers")
        for prefix in THEIRS:
            daemon.tell("global", "rib", "add", prefix, "nexthop", "10.0.0.2")
        self.start = lambda each, start=self.start: (
            each if each is daemon else start(each)
        )
        self.check_ours(
            daemon,
            lambda: "code 6(cease) subcode 1" in daemon.process.log.read_text(),
        )

    def test_gobgp_limits(self):
        self.check_theirs(
            Gobgp(self.other).peer(
                self.me,
                families=[
                    "[neighbors.afi-safis.prefix-limit.config]",
                    "max-prefixes = 2",
                ],
            )
        )

    def test_openbgpd(self):
        daemon = Openbgpd(self.other, THEIRS).peer(self.me, True)
        self.check_ours(
            daemon,
            lambda: "received notification: Cease, received max-prefix"
            in daemon.process.log.read_text()
            or "max-prefix" in daemon.process.log.read_text(),
        )

    def test_openbgpd_limits(self):
        self.check_theirs(
            Openbgpd(self.other).peer(self.me, lines=["max-prefix 2"])
        )

    def test_exabgp(self):
        daemon = Exabgp(
            self.other, [f"{p} next-hop 10.0.0.2" for p in THEIRS]
        ).peer(self.me)
        self.check_ours(
            daemon,
            lambda: any(
                "notification received (6,1)" in reason
                for reason in daemon.endings()
            ),
            passive=True,
        )


class GracefulShutdown(FeatureScene):
    """Before maintenance routes are told, and taken, as a last choice."""

    SCENE = 29
    COMMUNITY = "65535:0"

    def check(self, daemon, **fields):
        """Troupe is to be maintained: the peer sees the community."""
        router = {"originate": OURS[:1], "graceful_shutdown": True}
        self.launch(daemon, self.to_troupe(router, **fields))
        self.until_routes(daemon, OURS[:1])
        self.assertIn(
            self.COMMUNITY, daemon.table()[OURS[0]].communities
        )

    def test_bird(self):
        self.check(Bird(self.other).peer(self.me, True))

    def test_frr_and_its_own(self):
        """FRR is to be maintained: Troupe takes another path."""
        daemon = Frr(
            self.other, lines=["bgp graceful-shutdown"]
        )
        prefix = "11.0.0.0/24"
        daemon.ipv4 = [f"network {prefix}"]
        daemon.peer(self.me, True)
        troupe = self.to_troupe().peer(self.third, passive=True)
        self.launch(daemon, troupe)
        self.until_equal(
            self.choice, {"other": (True, 0)}, "its path as the last choice"
        )
        self.assertIn(
            self.COMMUNITY, self.troupe.table()[prefix].communities
        )
        # A longer path of another peer is better.
        speaking = Speaker(self.third.address, self.third.asn, 0x0A000004)
        self.addCleanup(speaking.close)
        speaking.connect(self.me.address, self.me.port)
        speaking.send(update(self.third.asn, 1, [0x0B0000]))
        self.until_equal(
            self.choice, {"third": (True, None)}, "the path that stays"
        )
        self.until(
            lambda: f"{self.me.asn} {self.third.asn} 200001 1000001"
            in [p["aspath"]["string"] for p in daemon.paths(prefix)],
            "FRR is told of it",
        )

    def choice(self):
        return {
            route["neighbor"]: (route["best"], route["local_pref"])
            for route in self.troupe.routes()
        }

    def test_gobgp(self):
        self.check(Gobgp(self.other).peer(self.me, True))

    def test_openbgpd(self):
        self.check(Openbgpd(self.other).peer(self.me, True))

    def test_exabgp(self):
        self.check(Exabgp(self.other).peer(self.me), passive=True)


if __name__ == "__main__":
    unittest.main()
