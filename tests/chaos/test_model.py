"""The harness's own model, so that what it finds is the daemon's."""

import random
import unittest

import leaks
import scenario
import wire
from book import Book
from load import Load
from model import LOCAL, Model, differences
from wire import Attributes


def neighbor(name, number, **fields):
    return scenario.Neighbor(
        name=name,
        address=f"127.0.120.{number}",
        asn=65000 + number,
        router_id=number,
        local="127.0.120.1",
        dials=True,
        **fields,
    )


def route(who, *fillers, **fields):
    return Attributes(
        path=(who.asn, *fillers), next_hop=who.number, **fields
    )


A, B = wire.prefix_key("192.0.2.0/24"), wire.prefix_key("10.0.0.0/9")


class ModelTest(unittest.TestCase):
    def setUp(self):
        self.one = neighbor("one", 1)
        self.two = neighbor("two", 2, tags=(9,))
        self.model = Model([self.two, self.one], 64900)

    def say(self, who, key, *fillers, **fields):
        self.model.tables[who.name][key] = route(who, *fillers, **fields)

    def best(self, key):
        return self.model.loc_rib()[key][0]

    def told(self):
        return self.model.told(self.model.loc_rib())

    def test_the_shorter_path_is_better(self):
        self.say(self.one, A, 7)
        self.say(self.two, A, origin=2)
        self.assertEqual(self.best(A), "two")

    def test_then_the_lower_origin(self):
        self.say(self.one, A, origin=1)
        self.say(self.two, A)
        self.assertEqual(self.best(A), "two")

    def test_then_the_lower_identifier_whatever_the_med(self):
        self.say(self.one, A, med=5)
        self.say(self.two, A)
        self.assertEqual(self.best(A), "one")

    def test_what_the_daemon_originates_is_best(self):
        model = Model([self.one], 64900, [A])
        model.tables["one"][A] = route(self.one)
        self.assertEqual(model.loc_rib()[A], (LOCAL, Attributes()))
        told = model.told(model.loc_rib())["one"][A]
        self.assertEqual(told.path, (64900,))

    def test_nobody_is_told_its_own_route(self):
        self.say(self.one, A)
        self.say(self.two, A, 7)
        self.say(self.two, B)
        told = self.told()
        self.assertEqual(told["one"].keys(), {B})
        self.assertEqual(told["two"].keys(), {A})

    def test_what_is_told_has_our_as_and_address_and_no_med(self):
        self.say(self.one, A, med=5, communities=(3, 11))
        self.assertEqual(
            self.told()["two"][A],
            Attributes(
                path=(64900, 65001),
                next_hop=self.two.local_number,
                communities=(3, 9, 11),
            ),
        )

    def test_differences_tell_all_kinds(self):
        lines = differences("t", {1: 1, 2: 2}, {2: 3, 3: 3}, str)
        text = "\n".join(lines)
        for part in ("1 is missing", "1 is too much", "1 differs"):
            self.assertIn(part, text)
        self.assertEqual(differences("t", {1: 1}, {1: 1}, str), [])


class WireTest(unittest.TestCase):
    def test_a_route_is_read_as_it_was_said(self):
        said = Attributes((65001, 200000), 2, 0x7F000001, 8, (1, 5))
        message = wire.update([B], said, [A])
        self.assertEqual(
            wire.Reader().update(message[19:]), ([B], said, [A])
        )

    def test_prefixes_are_what_their_text_says(self):
        for text in ("0.0.0.0/0", "10.128.0.0/9", "192.0.2.1/32"):
            key = wire.prefix_key(text)
            self.assertEqual(wire.prefix_text(key), text)
            self.assertEqual(wire.split(key), [key])

    def test_other_attributes_do_not_pass_for_none(self):
        local_pref = b"\x40\x05\x04\x00\x00\x00\x64"
        self.assertTrue(wire.parse_attributes(local_pref).other)

    def test_prefixes_have_no_host_bits_and_are_unique(self):
        keys = scenario.prefixes(random.Random(1), 500)
        self.assertEqual(len(set(keys)), 500)
        for key in keys:
            self.assertEqual(wire.prefix_key(wire.prefix_text(key)), key)


class Silent:
    """A neighbour whose session is down; its table is kept all the same."""

    def __init__(self, who):
        self.who = who
        self.table = {}
        self.said = {}

    def may_say_more(self):
        return True

    def say(self, withdrawn, attributes, announced):
        for key in withdrawn:
            del self.said[key]
        self.said.update(dict.fromkeys(announced, attributes))

    def ask_for_refresh(self):
        pass


class LoadTest(unittest.TestCase):
    def run_load(self, seed):
        peer = Silent(neighbor("one", 1))
        pool = scenario.prefixes(random.Random(1), 1000)
        load = Load([peer], random.Random(seed), (100, pool))
        peer.said = dict(peer.table)
        load.running = True
        for tenth in range(200):
            load.tick(tenth / 10)
        return peer

    def test_what_is_said_adds_up_to_the_table(self):
        peer = self.run_load(1)
        self.assertEqual(peer.said, peer.table)
        self.assertGreater(len(peer.table), 100)

    def test_a_seed_gives_the_same_load(self):
        self.assertEqual(self.run_load(1).table, self.run_load(1).table)
        self.assertNotEqual(self.run_load(1).table, self.run_load(2).table)


class BookTest(unittest.TestCase):
    def setUp(self):
        self.book = Book("/dev/null")
        self.addCleanup(self.book.close)

    def actor(self, kind, name, path):
        return {
            "id": f"node/router.main/{path}",
            "kind": kind,
            "name": name,
            "uptime_seconds": 100.0,
        }

    def ended(self, child, now, reason="injected fault"):
        self.book._read_line(
            f'{{"msg":"actor {child} ended: {reason}"}}', now
        )

    def unexplained(self, neighbor, *times):
        losses = [Loss(at) for at in times]
        return [l.at for l in self.book.unexplained(neighbor, losses)]

    def test_a_fault_explains_one_loss_of_its_own_session(self):
        self.book.arm(self.actor("session", "a", "session.a"), 10)
        self.ended("session.a", 11)
        self.assertEqual(self.book.struck, {"session": 1})
        self.assertEqual(self.unexplained("b", 11), [11])
        self.assertEqual(self.unexplained("a", 9, 11, 11.1), [9, 11.1])

    def test_a_strike_long_ago_explains_nothing(self):
        self.book.arm(self.actor("session", "a", "session.a"), 10)
        self.ended("session.a", 11)
        self.assertEqual(self.unexplained("a", 15), [15])

    def test_a_router_explains_one_loss_of_each(self):
        self.book.arm(self.actor("router", "main", ""), 10)
        self.ended("router.main", 11)
        self.assertEqual(self.unexplained("a", 11, 11.1), [11.1])
        self.assertEqual(self.unexplained("b", 11), [])

    def test_a_shard_explains_none(self):
        self.book.arm(self.actor("rib_shard", "0", "rib_shard.0"), 10)
        self.ended("shard.0", 11)
        self.assertEqual(self.book.struck, {"rib_shard": 1})
        self.assertEqual(self.unexplained("a", 11), [11])

    def test_a_connection_that_is_gone_was_struck(self):
        one = self.actor("connection", "1", "session.a/connection.1")
        self.book.arm(one, 10)
        self.book.read_actors([one], 10.5)
        self.assertEqual(self.book.struck, {})
        self.book.read_actors([], 11)
        self.assertEqual(self.book.struck, {"connection": 1})

    def test_or_went_with_its_session(self):
        self.book.arm(self.actor("session", "a", "session.a"), 10)
        self.book.arm(
            self.actor("connection", "1", "session.a/connection.1"), 10
        )
        self.ended("session.a", 11)
        self.book.read_actors([], 11.1)
        self.assertEqual(self.book.struck, {"session": 1})

    def test_an_end_for_another_reason_is_noted(self):
        self.ended("exporter.1", 11, "check failed")
        self.ended("exporter.2", 11, "user_shutdown")
        self.assertEqual(
            self.book.unexpected_ends, ["exporter.1: check failed"]
        )


class Loss:
    def __init__(self, at):
        self.at = at


class LeaksTest(unittest.TestCase):
    def holdings(self, sockets, actors, rss):
        return leaks.Holdings(
            leaks.collections.Counter(socket=sockets),
            leaks.collections.Counter(actors),
            rss,
        )

    def test_one_more_is_a_leak(self):
        before = self.holdings(3, ["a"], 10)
        self.assertEqual(leaks.differences(before, before), [])
        after = self.holdings(4, ["a", "b"], 10)
        self.assertEqual(len(leaks.differences(before, after)), 2)

    def test_memory_may_grow_a_little(self):
        before = self.holdings(3, [], 100)
        self.assertEqual(leaks.growth(before, self.holdings(3, [], 117)), [])
        self.assertTrue(leaks.growth(before, self.holdings(3, [], 119)))


if __name__ == "__main__":
    unittest.main()
