"""Several paths of a prefix (RFC 7911), and IPv4 routes with IPv6 next hops
(RFC 8950)."""

import dataclasses
import os
import unittest

from harness.bird import Bird
from harness.exabgp import Exabgp
from harness.features import FeatureScene
from harness.frr import Frr
from harness.gobgp import Gobgp
from harness.openbgpd import Openbgpd
from harness.process import run
from harness.route import speaker
from harness.speaker import Speaker, update
from harness.troupe import Troupe

PREFIX = "11.0.0.0/24"
BLOCK = 0x0B0000
OURS = "203.0.113.0/24"
THEIRS = "198.51.100.0/24"
BOTH = {"receive": True, "send": "all"}
ADD_PATH = {"families": {"ipv4_unicast": {"add_path": BOTH}}}


class SeveralPaths(FeatureScene):
    """Two sources have the same prefix; each path arrives.

    Sending: sources - Troupe - peer. Receiving: sources - peer - Troupe.
    """

    SCENE = 25

    def sources_call(self, who):
        for number, source in enumerate((self.third, self.fourth), 1):
            speaking = Speaker(source.address, source.asn, 0x0A000003 + number)
            self.addCleanup(speaking.close)
            speaking.connect(who.address, who.port)
            speaking.send(update(source.asn, number, [BLOCK]))

    def paths(self, *front):
        """The AS paths of both sources behind these ASes."""
        return sorted(
            " ".join(map(str, (*front, asn, 200_000 + n, 1_000_000 + n)))
            for n, asn in enumerate((self.third.asn, self.fourth.asn), 1)
        )

    def check_sent(self, daemon, heard, **fields):
        """`heard()` gives the AS paths that the peer has of the prefix."""
        troupe = self.to_troupe(**ADD_PATH, **fields)
        for source in (self.third, self.fourth):
            troupe.peer(source, passive=True)
        self.launch(daemon, troupe)
        self.sources_call(self.me)
        agreed = self.session(self.other)["add_path"]["ipv4_unicast"]
        self.assertTrue(agreed["send"])
        self.until_equal(
            lambda: sorted(heard()),
            self.paths(self.me.asn),
            "both paths are told",
        )
        told = self.troupe.routes("advertised", self.other)
        self.assertEqual(len({route["path_id"] for route in told}), 2)

    def check_received(self, daemon, **fields):
        """The peer tells all that it has."""
        self.launch(daemon, self.to_troupe(**ADD_PATH, **fields))
        self.sources_call(self.other)
        agreed = self.session(self.other)["add_path"]["ipv4_unicast"]
        self.assertTrue(agreed["receive"])
        self.until_equal(
            lambda: sorted(
                route["as_path_text"]
                for route in self.troupe.routes("received", self.other)
            ),
            self.paths(self.other.asn),
            "both paths are heard",
        )
        # One of them is best in the end.
        self.until_equal(
            lambda: [r["best"] for r in self.troupe.routes()].count(True),
            1,
            "one is the best",
        )

    def with_sources(self, daemon):
        return daemon.peer(self.third, True).peer(self.fourth, True)

    def bird(self):
        return Bird(self.other).peer(self.me, True, ipv4="add paths on;")

    def test_bird_hears(self):
        daemon = self.bird()

        def heard():
            text = daemon.ask(["show", "route", PREFIX, "all"])
            return [
                line.split(":", 1)[1].strip()
                for line in text.splitlines()
                if "BGP.as_path" in line
            ]

        self.check_sent(daemon, heard)

    def test_bird_tells(self):
        self.check_received(self.with_sources(self.bird()))

    def frr(self):
        return Frr(self.other).peer(
            self.me, True, ipv4=["addpath-tx-all-paths"]
        )

    def test_frr_hears(self):
        daemon = self.frr()
        self.check_sent(
            daemon,
            lambda: [p["aspath"]["string"] for p in daemon.paths(PREFIX)],
        )

    def test_frr_tells(self):
        self.check_received(self.with_sources(self.frr()))

    def gobgp(self):
        return Gobgp(self.other).peer(
            self.me,
            True,
            families=[
                "[neighbors.afi-safis.add-paths.config]",
                "receive = true",
                "send-max = 8",
            ],
        )

    def test_gobgp_hears(self):
        daemon = self.gobgp()

        def heard():
            paths = daemon.rib("ipv4").get(PREFIX, [])
            return [
                " ".join(
                    str(asn)
                    for item in path["attrs"]
                    if item["type"] == 2
                    for segment in item["as_paths"]
                    for asn in segment["asns"]
                )
                for path in paths
            ]

        self.check_sent(daemon, heard)

    def test_gobgp_tells(self):
        self.check_received(self.with_sources(self.gobgp()))

    def openbgpd(self):
        return Openbgpd(self.other).peer(
            self.me,
            True,
            lines=["announce add-path recv yes", "announce add-path send all"],
        )

    def test_openbgpd_hears(self):
        daemon = self.openbgpd()
        self.check_sent(
            daemon,
            lambda: [
                item["aspath"]
                for item in daemon.rib("ipv4")
                if item["prefix"] == PREFIX
            ],
        )

    def test_openbgpd_tells(self):
        self.check_received(self.with_sources(self.openbgpd()))

    def test_exabgp_hears(self):
        daemon = Exabgp(
            self.other, capabilities="add-path send/receive;"
        ).peer(self.me)

        def heard():
            return [
                " ".join(map(str, update["attribute"]["as-path"]))
                for record in daemon.records("update")
                for update in [record["neighbor"]["message"].get("update", {})]
                for items in update.get("announce", {})
                .get("ipv4 unicast", {})
                .values()
                for item in items
                if item["nlri"] == PREFIX and item["path-information"]
            ]

        self.check_sent(daemon, heard, passive=True)

    def test_exabgp_tells(self):
        """Two routes of its own, each with an id."""
        daemon = Exabgp(
            self.other,
            [
                f"{PREFIX} next-hop 10.0.0.2 path-information 0.0.0.{n}"
                f" as-path [ {self.other.asn} {asn}"
                f" {200_000 + n} {1_000_000 + n} ]"
                for n, asn in enumerate((self.third.asn, self.fourth.asn), 1)
            ],
            capabilities="add-path send/receive;",
        ).peer(self.me)
        self.sources_call = lambda _who: None
        self.check_received(daemon, passive=True)


class LongNextHops(FeatureScene):
    """A session over IPv6 carries IPv4 routes with IPv6 next hops."""

    SCENE = 37

    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("adds addresses to the loopback interface: only root")
        for name in ("other", "me"):
            who = getattr(self, name)
            number = who.router_id.rsplit(".", 1)[1]
            address = f"3fff:fffe:{self.SCENE}::{number}"
            self.loopback("replace", address)
            self.addCleanup(self.loopback, "del", address)
            setattr(self, name, dataclasses.replace(who, address=address))

    def loopback(self, change, address):
        run(["ip", "-6", "address", change, f"{address}/128", "dev", "lo"])

    def check(self, daemon, next_hop_at_peer, tells=True, **fields):
        families = {"ipv4_unicast": {"next_hop": self.me.next_hop_v6}}
        self.launch(
            daemon,
            self.to_troupe(
                {"originate": [OURS]}, families=families, **fields
            ),
        )
        self.assertTrue(self.session(self.other)["extended_next_hop"])
        self.until_equal(
            next_hop_at_peer, self.me.next_hop_v6, "our route at the peer"
        )
        if tells:
            self.until_equal(
                lambda: {
                    prefix: ":" in route.next_hop
                    for prefix, route in self.troupe.table(
                        neighbor=self.other, view="received"
                    ).items()
                    if prefix != OURS
                },
                {THEIRS: True},
                "the peer's route",
            )

    def next_hop_in(self, daemon):
        return lambda: (
            daemon.table()[OURS].next_hop if OURS in daemon.table() else None
        )

    def test_bird(self):
        daemon = Bird(self.other, originate=[THEIRS])
        daemon.peer(
            self.me,
            True,
            ipv4="extended next hop yes;"
            f" next hop address {self.other.next_hop_v6};",
        )
        self.check(daemon, self.next_hop_in(daemon))

    def test_frr(self):
        daemon = Frr(self.other, ipv4=[f"network {THEIRS}"])
        daemon.peer(self.me, True, lines=["capability extended-nexthop"])
        self.check(daemon, self.next_hop_in(daemon))

    def test_exabgp(self):
        daemon = Exabgp(
            self.other,
            [f"{THEIRS} next-hop {self.other.next_hop_v6}"],
            capabilities="nexthop enable;",
            nexthop="ipv4 unicast ipv6;",
        ).peer(self.me)
        self.check(daemon, self.next_hop_in(daemon), passive=True)

    def test_gobgp(self):
        daemon = Gobgp(self.other).peer(self.me, True)
        launch = self.launch

        def launch_and_tell(*both):
            launch(*both)
            next_hop = self.other.next_hop_v6
            daemon.tell("global", "rib", "add", THEIRS, "nexthop", next_hop)

        self.launch = launch_and_tell
        self.check(daemon, self.next_hop_in(daemon))


if __name__ == "__main__":
    unittest.main()
