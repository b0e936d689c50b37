"""Without Troupe: what the other tests measure with must itself be right."""

import dataclasses
import unittest

from harness.bird import parse
from harness.chain import ChainScene
from harness.route import Route, after_external_hops, differences, speaker


class PeersAmongThemselvesTest(ChainScene):
    ROUTES = 2000

    def test_the_table_of_bird_arrives_at_its_peers(self):
        self.start_chain(
            1,
            ["--ipv4", self.ROUTES, "--ipv6", self.ROUTES],
            with_troupe=False,
        )
        for family in ("ipv4", "ipv6"):
            self.wait_count(family, self.ROUTES, 60)
            self.check_equal(family, self.ROUTES)


class ComparisonTest(unittest.TestCase):
    ROUTE = Route(
        as_path="1 2 {3,4}",
        next_hop="10.0.0.1",
        origin="igp",
        communities=frozenset(["1:2"]),
    )

    def test_each_attribute_that_differs_is_found(self):
        for field, value in {
            "as_path": "1 2",
            "next_hop": "10.0.0.2",
            "origin": "egp",
            "med": 0,
            "communities": frozenset(),
            "large_communities": frozenset(["1:2:3"]),
            "extended_communities": frozenset(["rt:1:2"]),
            "aggregator": "1 10.0.0.1",
            "atomic": True,
            "other": frozenset(["attribute 99"]),
        }.items():
            other = dataclasses.replace(self.ROUTE, **{field: value})
            found = differences({"p": self.ROUTE}, {"p": other})
            self.assertTrue(any(f" {field}:" in f for f in found), found)

    def test_a_missing_and_an_additional_prefix_are_found(self):
        found = differences({"a": self.ROUTE}, {"b": self.ROUTE})
        self.assertIn("missing: ['a']", found[0])
        self.assertIn("too many: ['b']", found[1])
        self.assertEqual(differences({"a": self.ROUTE}, {"a": self.ROUTE}), [])

    def test_each_hop_prepends_and_the_last_one_sets_the_next_hop(self):
        hops = [speaker("x", 1, 2), speaker("y", 1, 3)]
        far = after_external_hops({"192.0.2.0/24": self.ROUTE}, hops)
        self.assertEqual(
            far["192.0.2.0/24"],
            dataclasses.replace(
                self.ROUTE,
                as_path="4200000003 4200000002 1 2 {3,4}",
                next_hop="10.0.0.3",
            ),
        )

    def test_the_text_of_bird_is_read_with_lists_that_go_on(self):
        text = (
            "BIRD 2.0.12 ready.\nTable master4:\n"
            "192.0.2.0/24         blackhole [to_x 10:00:00.000 from 1.1.1.1]"
            " * (100/?) [AS2i]\n"
            "\tType: BGP univ\n\tBGP.origin: IGP\n\tBGP.as_path: 1 2 {4 3}\n"
            "\tBGP.next_hop: 10.0.0.1\n\tBGP.local_pref: 100\n"
            "\tBGP.community: (1,2)\n\t\t(3,4)\n"
            "\tBGP.aggregator: 10.0.0.9 AS65000\n\tBGP.atomic_aggr: \n"
        )
        self.assertEqual(
            dict(parse(text))["192.0.2.0/24"],
            dataclasses.replace(
                self.ROUTE,
                communities=frozenset(["1:2", "3:4"]),
                aggregator="65000 10.0.0.9",
                atomic=True,
            ),
        )


if __name__ == "__main__":
    unittest.main()
