"""What is told to whom: roles (RFC 9234), well-known communities (RFC 1997),
AIGP (RFC 7311), AS numbers of edges, default routes."""

import unittest

from harness.bird import Bird
from harness.exabgp import Exabgp
from harness.features import FeatureScene, with_asn
from harness.frr import Frr
from harness.gobgp import Gobgp
from harness.openbgpd import Openbgpd
from harness.speaker import Speaker, attributes, message

OURS = "203.0.113.0/24"
THEIRS = "198.51.100.0/24"
DISTANCE = 5  # of BIRD to its next hops


class Roles(FeatureScene):
    """Both say their roles; OTC is set, and wrong pairs are refused."""

    SCENE = 30

    def check(self, daemon, otc_of_ours):
        """Troupe is the provider. `otc_of_ours()`: as the peer has it."""
        self.launch(
            daemon,
            self.to_troupe({"originate": [OURS]}, role="provider"),
        )
        self.assertEqual(self.session(self.other)["remote_role"], "customer")
        self.until_equal(otc_of_ours, str(self.me.asn), "OTC of our route")

    def check_wrong(self, daemon, shown):
        """Both say that they are customers: 2/11."""
        self.start_both(daemon, self.to_troupe(role="customer", passive=True))
        self.until(shown, "who of both notices tells the other one")
        self.assertFalse(self.troupe.established(self.other))

    def noticed_by_troupe(self):
        counts = self.troupe.neighbor(self.other)["messages"]
        return (
            counts["sent"]["notifications"]
            + counts["received"]["notifications"]
            > 0
            and "Role Mismatch (2/11)" in self.last_error()
        )

    def test_bird(self):
        daemon = Bird(self.other).peer(
            self.me, True, lines="local role customer;"
        )

        def otc():
            text = daemon.ask(["show", "route", OURS, "all"])
            return "".join(
                line.split(":", 1)[1].strip()
                for line in text.splitlines()
                if "otc" in line
            )

        self.check(daemon, otc)
        self.assertIn("customer", daemon.details(self.me))

    def test_bird_with_a_wrong_role(self):
        daemon = Bird(self.other).peer(self.me, lines="local role customer;")
        self.check_wrong(daemon, self.noticed_by_troupe)

    def test_frr(self):
        daemon = Frr(self.other).peer(
            self.me, True, lines=["local-role customer"]
        )
        self.check(
            daemon,
            lambda: next(
                (str(p.get("otc")) for p in daemon.paths(OURS)), None
            ),
        )
        said = daemon.neighbor(self.me)
        self.assertEqual(said["remoteRole"], "provider")

    def test_frr_with_a_wrong_role(self):
        daemon = Frr(self.other).peer(
            self.me, lines=["local-role customer"]
        )
        self.check_wrong(daemon, self.noticed_by_troupe)

    def openbgpd(self, passive):
        return Openbgpd(self.other).peer(
            self.me, passive, lines=["announce policy customer"]
        )

    def test_openbgpd(self):
        daemon = self.openbgpd(True)

        def otc():
            return next(
                (
                    str(attribute["as"])
                    for item in daemon.rib()
                    if item["prefix"] == OURS
                    for attribute in item["attributes"]
                    if attribute["type"] == "OTC"
                ),
                None,
            )

        self.check(daemon, otc)

    def test_openbgpd_with_a_wrong_role(self):
        self.check_wrong(self.openbgpd(False), self.noticed_by_troupe)

    def test_a_leak_of_bird(self):
        """Of a customer, a route that has come from a provider."""
        daemon = Bird(
            self.other, originate=[f"{THEIRS} {{ bgp_otc = 64496; }}"]
        ).peer(self.me, True)  # BIRD knows no role here: it would keep it.
        self.launch(daemon, self.to_troupe(role="provider"))
        self.until_equal(
            lambda: [
                (r["prefix"], r["rejected"])
                for r in self.troupe.routes("received", self.other)
            ],
            [(THEIRS, True)],
            "the leak is kept as a rejected route",
        )
        self.assertEqual(self.troupe.routes(), [])


class Communities(FeatureScene):
    """NO_EXPORT and the like, set by the peer, are heeded by Troupe; and the
    other way round."""

    SCENE = 31
    KINDS = ["no-export", "no-advertise", "no-export-subconfed"]

    def test_exabgp_sets_them(self):
        """other (ExaBGP) - Troupe - third (FRR): the plain route passes."""
        routes = ["192.0.2.0/28 next-hop 10.0.0.2"] + [
            f"192.0.2.{16 * number}/28 next-hop 10.0.0.2 community [ {kind} ]"
            for number, kind in enumerate(self.KINDS, 1)
        ]
        end = self.start(Frr(self.third).peer(self.me, True))
        troupe = self.to_troupe(passive=True).peer(self.third)
        self.launch(Exabgp(self.other, routes).peer(self.me), troupe)
        self.meet(end)
        self.until_equal(
            lambda: {
                prefix: sorted(route.communities)
                for prefix, route in self.troupe.table().items()
            },
            {
                "192.0.2.0/28": [],
                "192.0.2.16/28": ["65535:65281"],
                "192.0.2.32/28": ["65535:65282"],
                "192.0.2.48/28": ["65535:65283"],
            },
            "all routes at Troupe",
        )
        self.until_routes(end, ["192.0.2.0/28"])
        told = self.troupe.table(neighbor=self.third, view="advertised")
        self.assertEqual(set(told), {"192.0.2.0/28"})

    def test_others_heed_ours(self):
        """Troupe, which sets one - other - third."""
        for kind in (Bird, Frr, Openbgpd):
            middle = kind(self.other).peer(self.me, True).peer(self.third, True)
            end = Exabgp(self.third).peer(self.other)
            policy = {
                "match": {"prefixes": [OURS]},
                "set": {"communities": {"add": ["no_export"]}},
            }
            router = {
                "originate": [OURS, "192.0.2.0/24"],
                "policies": {"set": [policy, {"then": "accept"}]},
            }
            troupe = self.to_troupe(
                router, families={"ipv4_unicast": {"export": "set"}}
            )
            self.launch(middle, troupe)
            self.start(end)
            self.until_routes(middle, [OURS, "192.0.2.0/24"])
            self.until_routes(end, ["192.0.2.0/24"])
            self.stop_all()


class Aigp(FeatureScene):
    """The accumulated metric, over eBGP where both sides want it."""

    SCENE = 32

    def test_bird_hears_and_tells(self):
        """third - Troupe - other (BIRD) - fourth, and back."""
        daemon = Bird(self.other)
        for peer in (self.me, self.fourth):
            daemon.peer(peer, True, both="aigp yes;")
        troupe = self.to_troupe(aigp=True)
        troupe.peer(self.third, passive=True, aigp=True)
        self.launch(daemon, troupe)
        near = self.speaks(self.third, self.me, 0x0B0000, 700)
        far = self.speaks(self.fourth, self.other, 0x0C0000, 500)
        for daemon_end, prefix, metric in (
            (far, b"\x18\x0b\x00\x00", 700 + DISTANCE),
            (near, b"\x18\x0c\x00\x00", 500 + DISTANCE),
        ):
            body = b""
            while prefix not in body:
                body = daemon_end.expect(2)
            self.assertIn(self.tlv(metric), body)
        self.assertIn("700", self.aigp_of(daemon, "11.0.0.0/24"))

    def test_within_an_as(self):
        """third (ExaBGP, which does not show it) - Troupe - other (GoBGP)."""
        for name in ("me", "other", "third"):
            setattr(self, name, with_asn(getattr(self, name), 64512))
        daemon = Gobgp(self.other).peer(self.me, True)
        teller = Exabgp(
            self.third,
            [f"{THEIRS} next-hop {self.third.next_hop} aigp 700"],
            capabilities="aigp enable;",
        ).peer(self.me)
        client = {"route_reflector_client": True, "multihop": 1}
        troupe = self.to_troupe(**client)
        self.launch(daemon, troupe.peer(self.third, passive=True, **client))
        self.start(teller)
        self.meet(teller)
        daemon.tell(
            *("global", "rib", "add", "11.0.0.0/24"),
            *("nexthop", self.other.next_hop, "aigp", "metric", "500"),
        )
        self.until_equal(
            lambda: {
                route["prefix"]: route.get("aigp")
                for route in self.troupe.routes()
            },
            {THEIRS: 700, "11.0.0.0/24": 500},
            "both metrics at Troupe",
        )
        self.until_equal(
            lambda: [
                attribute["value"]
                for path in daemon.rib().get(THEIRS, [])
                for attribute in path["attrs"]
                if attribute["type"] == 26
            ],
            [[{"type": 1, "metric": 700}]],
            "the metric at GoBGP",
        )

    def tlv(self, metric):
        return b"\x1a\x0b\x01\x00\x0b" + metric.to_bytes(8, "big")

    def speaks(self, who, to, block, metric):
        """One route with AIGP."""
        identifier = (10 << 24) + int(who.router_id[-1])
        speaking = Speaker(who.address, who.asn, identifier)
        self.addCleanup(speaking.close)
        speaking.connect(to.address, to.port)
        sets = attributes(who.asn, 1) + b"\x80" + self.tlv(metric)
        size = len(sets).to_bytes(2, "big")
        nlri = b"\x18" + block.to_bytes(3, "big")
        speaking.send(message(2, b"\x00\x00" + size + sets + nlri))
        return speaking

    def aigp_of(self, daemon, prefix):
        text = daemon.ask(["show", "route", prefix, "all"])
        return "".join(l for l in text.splitlines() if "aigp" in l.lower())


class Edges(FeatureScene):
    """What becomes of AS numbers on the way out, as the peers see it."""

    SCENE = 33
    KINDS = (Bird, Frr, Gobgp, Openbgpd, Exabgp)

    def paths_at_each(self, path, router=None, **fields):
        """The AS path of a route with `path` at a peer of each kind."""
        for kind in self.KINDS:
            daemon = kind(self.other).peer(
                with_asn(self.me, fields.get("local_as", self.me.asn)), True
            )
            troupe = self.to_troupe(
                router, passive=kind is Exabgp, **fields
            )
            troupe.peer(self.third, passive=True)
            self.launch(daemon, troupe)
            speaking = Speaker(self.third.address, self.third.asn, 0x0A000004)
            self.addCleanup(speaking.close)
            speaking.connect(self.me.address, self.me.port)
            numbers = b"".join(asn.to_bytes(4, "big") for asn in path)
            sets = (
                b"\x40\x01\x01\x00\x40\x02"
                + bytes([len(numbers) + 2, 2, len(path)])
                + numbers
                + b"\x40\x03\x04\x0a\x00\x00\x04"
            )
            size = len(sets).to_bytes(2, "big")
            speaking.send(
                message(2, b"\x00\x00" + size + sets + b"\x18\x0b\x00\x00")
            )
            self.until(
                lambda d=daemon: "11.0.0.0/24" in d.table(),
                f"the route at {kind.__name__}",
            )
            yield kind.__name__, daemon.table()["11.0.0.0/24"].as_path
            speaking.close()
            self.stop_all()

    def check(self, path, expected, **fields):
        for name, seen in self.paths_at_each(path, **fields):
            self.assertEqual(seen, " ".join(map(str, expected)), name)

    def test_local_as(self):
        self.check(
            [self.third.asn, 64999],
            [65099, self.third.asn, 64999],
            local_as=65099,
        )

    def test_local_as_and_our_own(self):
        self.check(
            [self.third.asn],
            [65099, self.me.asn, self.third.asn],
            local_as=65099,
            local_as_prepend=True,
        )

    def test_as_override(self):
        """Two sites of one AS: each would take the other's path for a loop."""
        self.check(
            [self.third.asn, self.other.asn],
            [self.me.asn, self.third.asn, self.me.asn],
            as_override=True,
        )

    def test_private_numbers_go(self):
        self.third = with_asn(self.third, 64900)
        self.check(
            [64900, 65001, 64496],
            [self.me.asn, 64496],
            remove_private_as=True,
        )

    def test_default_route(self):
        for kind in self.KINDS:
            daemon = kind(self.other).peer(self.me, True)
            family = {"default_originate": True, "export": "reject"}
            self.launch(
                daemon,
                self.to_troupe(
                    {"originate": [OURS]},
                    passive=kind is Exabgp,
                    families={"ipv4_unicast": family, "ipv6_unicast": family},
                ),
            )
            self.until_routes(daemon, ["0.0.0.0/0"])
            self.until_routes(daemon, ["::/0"], "ipv6")
            route = daemon.table()["0.0.0.0/0"]
            self.assertEqual(route.as_path, str(self.me.asn))
            self.stop_all()


if __name__ == "__main__":
    unittest.main()
