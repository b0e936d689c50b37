"""A peer that errs, while a healthy session watches (RFC 4271 §6, RFC 7606)."""

import json
import os
import struct
import unittest

from harness.process import Process, Scene, wait_until
from harness.replay import BINARIES
from harness.speaker import MARKER, Speaker, message, update, withdrawal
from harness.speaker import attributes as good_attributes

DAEMON = os.path.abspath(os.path.join(BINARIES, "trouped"))
BAD = 65007
SEEN = 65008
P1, P2, P3 = (0x146401, 0x146402, 0x146403)  # 20.100.1.0/24 ...


def raw_update(sets, nlri, withdrawn=b""):
    return message(
        2,
        struct.pack("!H", len(withdrawn))
        + withdrawn
        + struct.pack("!H", len(sets))
        + sets
        + nlri,
    )


def nlri_of(*prefixes):
    return b"".join(b"\x18" + p.to_bytes(3, "big") for p in prefixes)


class HostilePeer(Scene):
    def setUp(self):
        super().setUp()
        neighbor = {
            "local_address": "127.0.105.1",
            "passive": True,
            "multihop": 255,
            "families": {
                "ipv4_unicast": {"import": "accept", "export": "accept"}
            },
        }
        configuration = {
            "admin": {"listen": ["127.0.105.9:46762"]},
            "log": {"level": "debug"},
            "data_dir": f"{self.directory}/data",
            "routers": [
                {
                    "name": "main",
                    "asn": 65000,
                    "router_id": "10.0.0.1",
                    "listen": ["127.0.105.1:10379"],
                    "defaults": neighbor,
                    "neighbors": [
                        {
                            "name": "bad",
                            "address": "127.0.105.7",
                            "remote_asn": BAD,
                        },
                        {
                            "name": "watcher",
                            "address": "127.0.105.8",
                            "remote_asn": SEEN,
                        },
                    ],
                }
            ],
        }
        path = f"{self.directory}/troupe.json"
        with open(path, "w", encoding="utf-8") as file:
            json.dump(configuration, file)
        self.process = Process(
            "trouped", [DAEMON, "--config", path], self.directory
        )
        self.addCleanup(self.process.stop)
        wait_until(
            lambda: "listening" in self.process.tail(20000),
            10,
            "the listener",
            [self.process],
        )
        self.watcher = self.speaker("127.0.105.8", SEEN, 8)
        self.bad = self.speaker("127.0.105.7", BAD, 7)
        self.bad.send(update(BAD, 1, [P1, P2]))
        self.assertEqual(self.changes(2), {P1: True, P2: True})

    def tearDown(self):
        # Whatever happened, the watcher's session is the one it was.
        self.watcher.send(message(4))
        self.bad = None
        other = self.speaker("127.0.105.7", BAD, 7)
        other.send(update(BAD, 99, [0x14FFFF]))
        while 0x14FFFF not in self.changes(1):
            pass

    def speaker(self, address, asn, identifier):
        one = Speaker(address, asn, identifier).connect("127.0.105.1", 10379)
        self.addCleanup(one.close)
        return one

    def changes(self, count):
        """What the watcher is told next: prefix -> whether it is announced."""
        told = {}
        while len(told) < count:
            got = self.watcher.receive()
            self.assertIsNotNone(got, "the watcher's session has ended")
            kind, body = got
            self.assertNotEqual(kind, 3, "the watcher got a NOTIFICATION")
            if kind != 2:
                continue
            size = int.from_bytes(body[:2], "big")
            sets = int.from_bytes(body[2 + size : 4 + size], "big")
            for part, announced in (
                (body[2 : 2 + size], False),
                (body[4 + size + sets :], True),
            ):
                for at in range(0, len(part), 4):
                    self.assertEqual(part[at], 24)
                    prefix = int.from_bytes(part[at + 1 : at + 4], "big")
                    told[prefix] = announced
        return told

    def fence(self):
        """Shows that the bad peer's session lives and what it said is done."""
        self.bad.send(update(BAD, 3, [P3]))
        self.assertEqual(self.changes(1), {P3: True})
        self.bad.send(withdrawal([P3]))
        self.assertEqual(self.changes(1), {P3: False})

    def closing_error(self):
        while True:
            kind, body = self.bad.receive()
            if kind == 3:
                return body

    def logged(self, data):
        text = data.hex()
        wait_until(
            lambda: text in self.process.tail(100_000),
            10,
            "the bytes in the log",
            [self.process],
        )

    def test_a_wrong_origin_withdraws_what_the_update_announces(self):
        # RFC 7606 §7.1: an undefined value is treated as withdraw.
        sets = good_attributes(BAD, 1).replace(
            b"\x40\x01\x01\x00", b"\x40\x01\x01\x07"
        )
        wrong = raw_update(sets, nlri_of(P1))
        self.bad.send(wrong)
        self.assertEqual(self.changes(1), {P1: False})
        self.fence()
        self.logged(wrong)

    def test_what_is_withdrawn_beside_a_flaw_is_withdrawn(self):
        # RFC 7606 §2: treat-as-withdraw takes nothing from the withdrawals.
        sets = good_attributes(BAD, 1).replace(
            b"\x40\x01\x01\x00", b"\x40\x01\x02\x00\x00"
        )
        self.bad.send(raw_update(sets, nlri_of(P1), nlri_of(P2)))
        self.assertEqual(self.changes(2), {P1: False, P2: False})
        self.fence()

    def test_a_wrong_aggregator_is_left_out(self):
        # RFC 7606 §7.7: attribute discard, the route stays.
        sets = good_attributes(BAD, 2) + b"\xc0\x07\x03\x00\x00\x01"
        self.bad.send(raw_update(sets, nlri_of(P1)))
        self.assertEqual(self.changes(1), {P1: True})
        self.fence()

    def test_a_prefix_of_33_bits_ends_the_session(self):
        # RFC 7606 §5.3, RFC 4271 §6.3: NLRI that cannot be read, 3/10.
        wrong = raw_update(good_attributes(BAD, 1), b"\x21\x14\x64\x01\x00\x00")
        self.bad.send(wrong)
        self.assertEqual(self.closing_error()[:2], bytes([3, 10]))
        self.assertEqual(self.changes(2), {P1: False, P2: False})
        self.logged(wrong)

    def test_a_length_beyond_the_message_ends_the_session(self):
        # RFC 4271 §6.3: 3/1, Malformed Attribute List.
        self.bad.send(message(2, b"\x00\x00\xff\xff"))
        self.assertEqual(self.closing_error()[:2], bytes([3, 1]))
        self.assertEqual(self.changes(2), {P1: False, P2: False})

    def test_a_wrong_marker_ends_the_session(self):
        # RFC 4271 §6.1: 1/1, Connection Not Synchronized.
        self.bad.send(b"\x00" + MARKER[1:] + b"\x00\x13\x04")
        self.assertEqual(self.closing_error(), bytes([1, 1]))
        self.assertEqual(self.changes(2), {P1: False, P2: False})

    def test_an_unknown_type_comes_back_in_the_data(self):
        # RFC 4271 §6.1: 1/3 with the type.
        self.bad.send(message(99))
        self.assertEqual(self.closing_error(), bytes([1, 3, 99]))
        self.assertEqual(self.changes(2), {P1: False, P2: False})


if __name__ == "__main__":
    unittest.main()
