"""Route reflection (RFC 4456) from both sides, and transparent route servers
(RFC 7947)."""

import unittest

from harness.bird import Bird
from harness.exabgp import Exabgp
from harness.features import FeatureScene, with_asn
from harness.frr import Frr
from harness.gobgp import Gobgp
from harness.openbgpd import Openbgpd
from harness.troupe import Troupe

ASN = 64512
OTHERS = "198.51.100.0/24"
THIRDS = "198.51.101.0/24"
FOURTHS = "198.51.102.0/24"
OURS = "203.0.113.0/24"


def next_hop_map(who):
    """FRR's own next hop, as route-map `own`."""
    return [
        "route-map own permit 10",
        f" set ip next-hop {who.next_hop}",
        "exit",
    ]


def frr_with_a_route(who):
    """Without zebra it would tell 0.0.0.0 as next hop within its AS."""
    return Frr(
        who,
        maps=next_hop_map(who),
        ipv4=[f"network {THIRDS} route-map own"],
    )


class Within(FeatureScene):
    """All of one AS."""

    def setUp(self):
        super().setUp()
        for name in ("other", "third", "fourth", "me"):
            setattr(self, name, with_asn(getattr(self, name), ASN))


class Reflector(Within):
    """Troupe reflects: BIRD and FRR are its clients, GoBGP is none; then
    OpenBGPD and ExaBGP are."""

    SCENE = 34

    def start_troupe(self, clients, others=()):
        families = {
            family: {"import": "accept", "export": "accept"}
            for family in ("ipv4_unicast", "ipv6_unicast")
        }
        troupe = Troupe(self.me, {"defaults": self.defaults(families)})
        for who in clients:
            troupe.peer(who, route_reflector_client=True)
        for who in others:
            troupe.peer(who)
        self.troupe = self.start(troupe)

    def start_all(self):
        self.bird = Bird(self.other, originate=[OTHERS]).peer(self.me, True)
        self.frr = frr_with_a_route(self.third).peer(self.me, True)
        self.gobgp = Gobgp(self.fourth).peer(self.me, True)
        for daemon in (self.bird, self.frr, self.gobgp):
            self.start(daemon)
        self.start_troupe([self.other, self.third], [self.fourth])
        for daemon in (self.bird, self.frr, self.gobgp):
            self.meet(daemon)
        self.gobgp.tell(
            "global", "rib", "add", FOURTHS, "nexthop", self.fourth.next_hop
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
            (self.bird, {THIRDS, FOURTHS}),
            (self.frr, {OTHERS, THIRDS, FOURTHS}),  # with its own
            (self.gobgp, {OTHERS, THIRDS, FOURTHS}),
        ):
            self.until_routes(daemon, heard)
        # The same next hop, and who brought it in by which cluster.
        route = self.bird.table()[THIRDS]
        self.assertEqual(route.as_path, "")
        text = self.bird.ask(["show", "route", THIRDS, "all"])
        self.assertIn(f"originator_id: {self.third.router_id}", text)
        self.assertIn(f"cluster_list: {self.me.router_id}", text)
        (path,) = self.frr.paths(OTHERS)
        self.assertEqual(path["originatorId"], self.other.router_id)
        self.assertEqual(path["clusterList"]["list"], [self.me.router_id])
        self.assertEqual(path["nexthops"][0]["ip"], self.other.next_hop)
        # Troupe's own view of it.
        (told,) = [
            route
            for route in self.troupe.routes("advertised", self.third)
            if route["prefix"] == OTHERS
        ]
        self.assertEqual(told["originator_id"], self.other.router_id)
        self.assertEqual(told["cluster_list"], [self.me.router_id])

    def test_two_other_clients(self):
        openbgpd = Openbgpd(self.other, [OTHERS]).peer(self.me, True)
        self.start(openbgpd)
        self.start_troupe([self.other, self.third])
        self.meet(openbgpd)
        exabgp = Exabgp(
            self.third, [f"{THIRDS} next-hop {self.third.next_hop}"]
        ).peer(self.me)
        self.start(exabgp)
        self.meet(exabgp)
        self.until_routes(openbgpd, [THIRDS])
        self.until_routes(exabgp, [OTHERS])
        for daemon, prefix, next_hop in (
            (openbgpd, THIRDS, self.third.next_hop),
            (exabgp, OTHERS, self.other.next_hop),
        ):
            route = daemon.table()[prefix]
            self.assertEqual(route.as_path, "")
            self.assertEqual(route.next_hop, next_hop)
        (heard,) = [r for r in openbgpd.rib() if r["prefix"] == THIRDS]
        added = {each["type"]: each for each in heard["attributes"]}
        self.assertEqual(
            added["Originator Id"]["originator"], self.third.router_id
        )
        self.assertEqual(
            added["Cluster Id List"]["cluster_list"], [self.me.router_id]
        )
        heard = [
            record["neighbor"]["message"]["update"]["attribute"]
            for record in exabgp.records("update")
            if OTHERS in str(record)
        ][-1]
        self.assertEqual(heard["originator-id"], self.other.router_id)
        self.assertEqual(heard["cluster-list"], [self.me.router_id])


class Client(Within):
    """Troupe is a client of a reflector; another client is third."""

    SCENE = 35

    def check(self, reflector):
        end = frr_with_a_route(self.third)
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
            [(THIRDS, self.third.router_id, [self.other.router_id], True)],
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

    def start_server(self, *clients):
        families = {
            family: {"import": "accept", "export": "accept"}
            for family in ("ipv4_unicast", "ipv6_unicast")
        }
        defaults = {
            "local_address": self.me.address,
            "multihop": 255,
            "timers": {"hold": "90s", "connect_retry": "1s"},
            "families": families,
            "route_server_client": True,
        }
        troupe = Troupe(self.me, {"defaults": defaults})
        for who in clients:
            troupe.peer(who)
        self.troupe = self.start(troupe)

    def test_clients_see_each_other_alone(self):
        bird = Bird(self.other, med=77, originate=[OTHERS]).peer(self.me, True)
        # It wants the server's AS first unless told otherwise, and would tell
        # its loopback address, which GoBGP does not take.
        frr = Frr(
            self.third,
            lines=["no bgp enforce-first-as"],
            ipv4=[f"network {THIRDS}"],
            maps=next_hop_map(self.third),
        ).peer(self.me, True, ipv4=["route-map own out"])
        gobgp = Gobgp(self.fourth).peer(self.me, True)
        for daemon in (bird, frr, gobgp):
            self.start(daemon)
        self.start_server(self.other, self.third, self.fourth)
        for daemon in (bird, frr, gobgp):
            self.meet(daemon)
        self.until_routes(gobgp, [OTHERS, THIRDS])
        self.until_routes(bird, [THIRDS])
        self.until_routes(frr, [OTHERS, THIRDS])
        for daemon in (frr, gobgp):
            route = daemon.table()[OTHERS]
            self.assertEqual(route.as_path, str(self.other.asn))
            self.assertEqual(route.next_hop, self.other.next_hop)
            self.assertEqual(route.med, 77)
        told = self.troupe.table(neighbor=self.third, view="advertised")
        self.assertEqual(set(told), {OTHERS})
        self.assertEqual(told[OTHERS].as_path, str(self.other.asn))

    def test_two_other_clients(self):
        openbgpd = Openbgpd(self.other, [OTHERS]).peer(
            self.me, True, lines=["enforce neighbor-as no"]
        )
        exabgp = Exabgp(
            self.third, [f"{THIRDS} next-hop {self.third.next_hop} med 77"]
        ).peer(self.me)
        self.start(openbgpd)
        self.start_server(self.other, self.third)
        self.meet(openbgpd)
        self.start(exabgp)
        self.meet(exabgp)
        self.until_routes(openbgpd, [THIRDS])
        self.until_routes(exabgp, [OTHERS])
        for daemon, prefix, source in (
            (openbgpd, THIRDS, self.third),
            (exabgp, OTHERS, self.other),
        ):
            route = daemon.table()[prefix]
            heard = self.troupe.table(neighbor=source, view="received")
            self.assertEqual(route.as_path, str(source.asn))
            self.assertEqual(route.next_hop, heard[prefix].next_hop)
            self.assertNotEqual(route.next_hop, self.me.next_hop)
        self.assertEqual(openbgpd.table()[THIRDS].med, 77)

    def check_client(self, server):
        """Troupe is a client of a server whose AS is not in its paths."""
        self.launch(server, self.to_troupe(enforce_first_as=False))
        routes = [f"{THIRDS} next-hop {self.third.next_hop}"]
        self.start(Exabgp(self.third, routes).peer(self.other))
        self.until_equal(
            lambda: {
                prefix: route.as_path
                for prefix, route in self.troupe.table().items()
            },
            {THIRDS: str(self.third.asn)},
            "the path without the server",
        )

    def test_client_of_bird(self):
        client = {"lines": "rs client;"}
        self.check_client(
            Bird(self.other)
            .peer(self.me, True, **client)
            .peer(self.third, True, **client)
        )

    def test_client_of_frr(self):
        client = {"ipv4": ["route-server-client"]}
        self.check_client(
            Frr(self.other)
            .peer(self.me, True, **client)
            .peer(self.third, True, **client)
        )

    def test_client_of_gobgp(self):
        client = {
            "lines": [
                "[neighbors.route-server.config]",
                "route-server-client = true",
            ]
        }
        self.check_client(
            Gobgp(self.other)
            .peer(self.me, True, **client)
            .peer(self.third, True, **client)
        )

    def test_client_of_openbgpd(self):
        client = {"lines": ["transparent-as yes"]}
        self.check_client(
            Openbgpd(self.other)
            .peer(self.me, True, **client)
            .peer(self.third, True, **client)
        )


if __name__ == "__main__":
    unittest.main()
