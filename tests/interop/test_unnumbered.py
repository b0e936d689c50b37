"""Neighbours without addresses: over links between network namespaces."""

import unittest

from harness.links import LinkFrr, LinkTroupe, Namespace, connect
from harness.process import Scene
from harness.route import speaker

# Both sides advertise themselves every few seconds.
PATIENCE = 30


def prefixes_of(number):
    return [f"20.{number}.0.0/16", f"2001:db8:{number}::/48"]


class UnnumberedTest(Scene):
    def namespace(self, name):
        made = Namespace(name)
        # Behind the end of the daemons, which is added to the list later.
        self.addCleanup(made.remove)
        return made

    def setUp(self):
        self.spaces = {}
        for name in "abc":
            self.spaces[name] = self.namespace(name)
        super().setUp()

    def cable(self, left, interface, right, other):
        connect(self.spaces[left], interface, self.spaces[right], other)

    def troupe(self, name, number):
        return LinkTroupe(
            speaker(name, 0, number), self.spaces[name], prefixes_of(number)
        )

    def wait_established(self, daemon, neighbor):
        self.wait(
            lambda: daemon.status(neighbor)["state"] == "Established",
            PATIENCE,
            f"{daemon.me.name} has a session with {neighbor}",
        )

    def wait_routes(self, daemon, number):
        """Waits for the two prefixes of a number; their next hops."""
        hops = []
        for family, prefix in zip(("ipv4", "ipv6"), prefixes_of(number)):
            self.wait(
                lambda f=family, p=prefix: p in daemon.table(f),
                PATIENCE,
                f"{daemon.me.name} has {prefix}",
            )
            hops.append(daemon.table(family)[prefix].next_hop)
        return hops

    def test_two_troupes_find_each_other(self):
        self.cable("a", "eth0", "b", "eth7")
        one = self.troupe("a", 1).neighbor_on(
            "right", interface="eth0", remote_asn="external", min_ttl=255
        )
        two = self.troupe("b", 2).neighbor_on(
            "left", interface="eth7", remote_asn="external", min_ttl=255
        )
        self.start(one)
        self.wait(
            lambda: one.status("right")["last_error"]
            == "interface eth0 is down",
            PATIENCE,
            "a sees that the interface is down",
        )
        self.step("the link comes up, with addresses that the kernel makes")
        self.spaces["a"].address("eth0", "2001:db8:99::1/64")
        self.spaces["a"].ip("link", "set", "eth0", "up")
        self.spaces["b"].ip("link", "set", "eth7", "up")
        self.wait(
            lambda: "router advertisement"
            in one.status("right")["last_error"],
            PATIENCE,
            "a waits for a router advertisement",
        )
        self.assertEqual(one.status("right")["state"], "Idle")
        self.start(two)
        for daemon, neighbor in ((one, "right"), (two, "left")):
            self.wait_established(daemon, neighbor)
        status = one.status("right")
        self.assertTrue(status["address"].startswith("fe80:"), status)
        self.assertEqual(status["interface"], "eth0")
        self.assertTrue(status["session"]["extended_next_hop"])
        # b has no global address there, a has one.
        self.assertEqual(
            [str(hop) for hop in self.wait_routes(two, 1)],
            ["2001:db8:99::1"] * 2,
        )
        self.assertEqual(
            [str(hop) for hop in self.wait_routes(one, 2)],
            [status["address"]] * 2,
        )
        self.step("the link goes down")
        self.spaces["a"].ip("link", "set", "eth0", "down")
        self.wait(
            lambda: one.status("right")["last_error"]
            == "tcp failure; since then: interface eth0 is down",
            5,
            "a sees that its link is down",
        )
        self.wait(lambda: one.count() == 1, 5, "the routes are gone")
        self.step("the link comes back")
        self.spaces["a"].ip("link", "set", "eth0", "up")
        self.wait_established(one, "right")
        self.wait_routes(one, 2)

    def test_one_address_on_two_links_is_two_peers(self):
        for name, interface in (("b", "eth0"), ("c", "eth1")):
            self.cable("a", interface, name, "eth0")
            self.spaces["a"].up(interface, "fe80::1")
            self.spaces[name].up("eth0", "fe80::2")
        hub = self.troupe("a", 1)
        # One is told who is there, one finds out; both accept and connect.
        hub.neighbor_on(
            "b", address="fe80::2", interface="eth0", remote_asn="external"
        )
        hub.neighbor_on("c", interface="eth1", remote_asn="external")
        self.start(hub)
        for number, name in ((2, "b"), (3, "c")):
            leaf = self.troupe(name, number)
            numbered = {"address": "fe80::1"} if name == "b" else {}
            leaf.neighbor_on(
                "hub", interface="eth0", remote_asn="external", **numbered
            )
            self.start(leaf)
        for name, number in (("b", 2), ("c", 3)):
            self.wait_established(hub, name)
            status = hub.status(name)
            self.assertEqual(status["address"], "fe80::2")
            self.assertEqual(status["remote_asn"], speaker("", 0, number).asn)
        for daemon in self.daemons[1:]:
            for number in (1, 2, 3):
                self.wait_routes(daemon, number)

    def exchange_with_frr(self, *addresses):
        """The FRR that has told us its routes and installed ours; we have
        these addresses beside the link-local one."""
        self.cable("a", "eth0", "b", "eth0")
        for address in addresses:
            self.spaces["a"].address("eth0", address)
        self.spaces["a"].up("eth0", "fe80::1")
        self.spaces["b"].up("eth0", "fe80::2")
        frr = LinkFrr(
            speaker("frr", 0, 2), self.spaces["b"], "eth0", prefixes_of(2)
        )
        troupe = self.troupe("a", 1).neighbor_on(
            "frr", interface="eth0", remote_asn="external"
        )
        self.start(troupe)
        self.start(frr)
        self.wait_established(troupe, "frr")
        self.assertEqual(troupe.status("frr")["address"], "fe80::2")
        self.wait_routes(troupe, 2)
        # FRR uses what it is told: through the link, IPv4 as well.
        for family, prefix in zip(("ipv4", "ipv6"), prefixes_of(1)):
            self.wait(
                lambda f=family, p=prefix: p in frr.kernel(f),
                PATIENCE,
                f"FRR installs {prefix}",
            )
            self.assertIn("fe80::1", frr.kernel(family))
        return frr

    def test_frr_takes_a_link_local_next_hop_alone(self):
        frr = self.exchange_with_frr()
        for family, prefix in zip(("ipv4", "ipv6"), prefixes_of(1)):
            self.assertEqual(frr.paths(family)[prefix], ["fe80::1"])

    def test_frr_takes_a_next_hop_of_both_scopes(self):
        frr = self.exchange_with_frr("2001:db8:99::1/64")
        for family, prefix in zip(("ipv4", "ipv6"), prefixes_of(1)):
            self.assertEqual(
                frr.paths(family)[prefix], ["2001:db8:99::1", "fe80::1"]
            )

    def test_on_a_shared_subnet_the_link_local_address_is_told(self):
        """RFC 2545 §3, over a session between global addresses."""
        self.cable("a", "eth0", "b", "eth0")
        for name, number in (("a", 1), ("b", 2)):
            self.spaces[name].address("eth0", f"2001:db8:99::{number}/64")
            self.spaces[name].up("eth0", f"fe80::{number}")
        frr = LinkFrr(
            speaker("frr", 0, 2),
            self.spaces["b"],
            "eth0",
            prefixes_of(2),
            neighbor="2001:db8:99::1",
        )
        troupe = self.troupe("a", 1).neighbor_on(
            "frr", address="2001:db8:99::2", remote_asn="external"
        )
        self.start(troupe)
        self.start(frr)
        self.wait_established(troupe, "frr")
        prefix = prefixes_of(1)[1]
        self.wait(
            lambda: prefix in frr.paths("ipv6"), PATIENCE, f"FRR has {prefix}"
        )
        self.assertEqual(
            frr.paths("ipv6")[prefix], ["2001:db8:99::1", "fe80::1"]
        )


if __name__ == "__main__":
    unittest.main()
