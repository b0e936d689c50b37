"""Route reflection (RFC 4456) from both sides, and transparent route servers
(RFC 7947)."""

import unittest

from harness.bird import Bird
from harness.features import FeatureScene, with_asn
from harness.frr import Frr
from harness.gobgp import Gobgp
from harness.openbgpd import Openbgpd
from harness.troupe import Troupe

ASN = 64512
BIRDS = "198.51.100.0/24"
FRRS = "198.51.101.0/24"
GOBGPS = "198.51.102.0/24"
OURS = "203.0.113.0/24"


class Reflector(FeatureScene):
    """Troupe reflects: BIRD and FRR are its clients, GoBGP is none."""

    SCENE = 34

    def setUp(self):
        super().setUp()
        for name in ("other", "third", "fourth", "me"):
            setattr(self, name, with_asn(getattr(self, name), ASN))

    def start_all(self):
        self.bird = Bird(self.other, originate=[BIRDS]).peer(self.me, True)
        self.frr = Frr(self.third, ipv4=[f"network {FRRS}"]).peer(self.me, True)
        self.gobgp = Gobgp(self.fourth).peer(self.me, True)
        for daemon in (self.bird, self.frr, self.gobgp):
            self.start(daemon)
        client = {"route_reflector_client": True}
        families = {
            family: {"import": "accept", "export": "accept"}
            for family in ("ipv4_unicast", "ipv6_unicast")
        }
        troupe = Troupe(self.me, {"defaults": self.defaults(families)})
        troupe.peer(self.other, **client).peer(self.third, **client)
        self.troupe = self.start(troupe.peer(self.fourth))
        for daemon in (self.bird, self.frr, self.gobgp):
            self.meet(daemon)
        self.gobgp.tell(
            "global", "rib", "add", GOBGPS, "nexthop", self.fourth.next_hop
        )

    def defaults(self, families):
        """Without a next hop of our own."""
        return {
            "local_address": self.me.address,
            "timers": {"hold": "90s", "connect_retry": "1s"},
            "families": families,
        }

    def test_clients_and_another_peer(self):
        self.start_all()
        for daemon, heard in (
            (self.bird, {FRRS, GOBGPS}),
            (self.frr, {BIRDS, FRRS, GOBGPS}),  # with its own
            (self.gobgp, {BIRDS, FRRS, GOBGPS}),
        ):
            self.until_routes(daemon, heard)
        # The same next hop, and who brought it in by which cluster.
        route = self.bird.table()[FRRS]
        self.assertEqual(route.as_path, "")
        text = self.bird.ask(["show", "route", FRRS, "all"])
        self.assertIn(f"originator_id: {self.third.router_id}", text)
        self.assertIn(f"cluster_list: {self.me.router_id}", text)
        (path,) = self.frr.paths(BIRDS)
        self.assertEqual(path["originatorId"], self.other.router_id)
        self.assertEqual(path["clusterList"]["list"], [self.me.router_id])
        self.assertEqual(path["nexthops"][0]["ip"], self.other.next_hop)
        # Troupe's own view of it.
        (told,) = [
            route
            for route in self.troupe.routes("advertised", self.third)
            if route["prefix"] == BIRDS
        ]
        self.assertEqual(told["originator_id"], self.other.router_id)
        self.assertEqual(told["cluster_list"], [self.me.router_id])


class Client(FeatureScene):
    """Troupe is a client of a reflector; another client is third."""

    SCENE = 35

    def setUp(self):
        super().setUp()
        for name in ("other", "third", "me"):
            setattr(self, name, with_asn(getattr(self, name), ASN))

    def check(self, reflector):
        end = Frr(self.third, ipv4=[f"network {FRRS}"])
        self.launch(reflector, self.to_troupe({"originate": [OURS]}))
        self.start(end.peer(self.other))
        self.until_equal(
            lambda: [
                (
                    route["prefix"],
                    route["originator_id"],
                    route["cluster_list"],
                    route["best"],
                )
                for route in self.troupe.routes("received", self.other)
                if not route["rejected"]
            ],
            [(FRRS, self.third.router_id, [self.other.router_id], True)],
            "the other client's route",
        )
        self.until(lambda: OURS in end.table(), "our route")
        (path,) = end.paths(OURS)
        self.assertEqual(path["originatorId"], self.me.router_id)
        # What comes back with our id is none for us (RFC 4456 §8).
        self.assertEqual(
            {
                route["neighbor"]
                for route in self.troupe.routes()
                if route["prefix"] == OURS
            },
            {"local"},
        )

    def test_of_bird(self):
        self.check(
            Bird(self.other)
            .peer(self.me, True, lines="rr client;")
            .peer(self.third, True, lines="rr client;")
        )

    def test_of_frr(self):
        client = ["route-reflector-client"]
        self.check(
            Frr(self.other)
            .peer(self.me, True, both=client)
            .peer(self.third, True, both=client)
        )

    def test_of_gobgp(self):
        client = [
            "[neighbors.route-reflector.config]",
            "route-reflector-client = true",
            f'route-reflector-cluster-id = "{self.other.router_id}"',
        ]
        self.check(
            Gobgp(self.other)
            .peer(self.me, True, lines=client)
            .peer(self.third, True, lines=client)
        )

    def test_of_openbgpd(self):
        client = ["route-reflector"]
        self.check(
            Openbgpd(self.other)
            .peer(self.me, True, lines=client)
            .peer(self.third, True, lines=client)
        )


class RouteServer(FeatureScene):
    """Troupe passes on what its clients say, as they have said it."""

    SCENE = 36

    def test_clients_see_each_other_alone(self):
        clients = {"route_server_client": True}
        bird = Bird(self.other, med=77, originate=[BIRDS]).peer(self.me, True)
        # It wants the server's AS first unless told otherwise.
        frr = Frr(
            self.third, lines=["no bgp enforce-first-as"],
            ipv4=[f"network {FRRS}"],
        ).peer(self.me, True)
        gobgp = Gobgp(self.fourth).peer(self.me, True)
        for daemon in (bird, frr, gobgp):
            self.start(daemon)
        families = {
            family: {"import": "accept", "export": "accept"}
            for family in ("ipv4_unicast", "ipv6_unicast")
        }
        defaults = {
            "local_address": self.me.address,
            "multihop": 255,
            "timers": {"hold": "90s", "connect_retry": "1s"},
            "families": families,
        }
        troupe = Troupe(self.me, {"defaults": defaults})
        for who in (self.other, self.third, self.fourth):
            troupe.peer(who, **clients)
        self.troupe = self.start(troupe)
        for daemon in (bird, frr, gobgp):
            self.meet(daemon)
        self.until_routes(gobgp, [BIRDS, FRRS])
        self.until_routes(bird, [FRRS])
        self.until_routes(frr, [BIRDS, FRRS])
        for daemon in (frr, gobgp):
            route = daemon.table()[BIRDS]
            self.assertEqual(route.as_path, str(self.other.asn))
            self.assertEqual(route.next_hop, self.other.next_hop)
            self.assertEqual(route.med, 77)
        told = self.troupe.table(neighbor=self.third, view="advertised")
        self.assertEqual(set(told), {BIRDS})
        self.assertEqual(told[BIRDS].as_path, str(self.other.asn))

    def test_client_of_bird(self):
        """Troupe is a client of a server whose AS is not first in paths."""
        server = (
            Bird(self.other)
            .peer(self.me, True, lines="rs client;")
            .peer(self.third, lines="rs client;")
        )
        end = Frr(self.third, ipv4=[f"network {FRRS}"])
        self.start(end.peer(self.other, True, lines=[]))
        self.launch(server, self.to_troupe(enforce_first_as=False))
        self.until_equal(
            lambda: {
                prefix: route.as_path
                for prefix, route in self.troupe.table().items()
            },
            {FRRS: str(self.third.asn)},
            "the path without the server",
        )


if __name__ == "__main__":
    unittest.main()
