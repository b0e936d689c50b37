"""How the whole daemon ends when its parts cannot go on, and what it does with
an UPDATE that it cannot handle."""

import json
import os
import threading
import time
import urllib.error

from harness.process import Scene
from harness.route import speaker
from harness.speaker import Speaker, attributes, message, update
from harness.troupe import Troupe

SCENE = 41  # no other test has its addresses
ME = speaker("troupe", SCENE, 1)
PEERS = [speaker(f"p{n}", SCENE, n) for n in (2, 3)]
ROUTER = "node/router.main"
HUNG = 10  # seconds; then the watchdog acts
STALL_MS = 40_000
HUNG_STATUS, GIVEN_UP_STATUS = 70, 1
NOTIFICATION = 3
ERROR = 50  # of a log record
MALFORMED = bytes([3])  # UPDATE Message Error (RFC 4271 §4.5)


class FailureScene(Scene):
    def launch(self, **top):
        self.troupe = Troupe(ME, top={"fault_injection": True, **top})
        for peer in PEERS:
            self.troupe.peer(
                peer, passive=True, timers={"idle_hold": "100ms"}
            )
        self.start(self.troupe)
        self.popen = self.troupe.process.popen
        self.wait(lambda: self.troupe.get("/healthz")["ready"], 20, "ready")

    def session(self, number):
        """Up, with a route of its own."""
        peer = PEERS[number]
        session = Speaker(peer.address, peer.asn, number + 1)
        self.addCleanup(session.close)
        session.connect(ME.address, ME.port)
        session.send(update(peer.asn, number, [0x0A0000 + number]))
        self.wait(
            lambda: self.received(number) == 1, 10, f"the route of {peer.name}"
        )
        return session

    def received(self, number):
        return len(self.troupe.routes("received", PEERS[number]))

    def fault(self, actor, **fault):
        self.troupe.post(f"/v1/actors/{actor}/fault", fault)

    def last_words(self):
        *_, last = self.troupe.process.log.read_text().splitlines()
        return json.loads(last)


class EndTest(FailureScene):
    def test_a_handler_that_hangs_ends_the_daemon(self):
        """The peers see a TCP connection that ends, and keep the routes where
        they help with graceful restart; a NOTIFICATION would end that."""
        self.launch()
        session = self.session(0)
        began = time.monotonic()
        self.fault(f"{ROUTER}/rib", kind="stall", stall_ms=STALL_MS)
        self.poke("/v1/rib")
        self.popen.wait(HUNG + 5)
        took = time.monotonic() - began
        self.assertEqual(self.popen.returncode, HUNG_STATUS)
        self.assertGreater(took, HUNG - 1)
        said = self.last_words()
        self.assertEqual(said["level"], ERROR)
        self.assertIn(f"{ROUTER}/rib has been handling", said["msg"])
        while got := session.receive():
            self.assertNotEqual(got[0], NOTIFICATION)

    def test_a_router_that_keeps_failing_ends_the_daemon(self):
        self.launch(
            supervision={
                "restarts": 2,
                "within": "60s",
                "first_backoff": "100ms",
                "longest_backoff": "100ms",
            }
        )
        for count in range(1, 4):
            self.fault(ROUTER, kind="throw", after_messages=1)
            if count < 3:
                self.wait(
                    lambda n=count: self.restarts(ROUTER) == n,
                    10,
                    f"restart {count} of the router",
                )
        self.popen.wait(10)
        self.assertEqual(self.popen.returncode, GIVEN_UP_STATUS)
        said = self.last_words()
        self.assertEqual(said["level"], ERROR)
        self.assertIn("the node ends: ", said["msg"])
        self.assertIn("injected fault", said["msg"])

    def poke(self, path):
        """Asks without waiting: who should answer hangs."""

        def ask():
            try:
                self.troupe.get(path)
            except Exception:  # the daemon ends meanwhile
                pass

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        self.addCleanup(asking.join)

    def restarts(self, actor):
        """As often as it was restarted; None while it is down."""
        try:
            self.troupe.get("/v1/rib")  # gives it something to do
        except AssertionError:
            return None
        for each in self.troupe.get("/v1/actors")["actors"]:
            if each["id"] == actor and each["state"] != "restarting":
                return each["restarts"]["count"]
        return None


class QuarantineTest(FailureScene):
    def setUp(self):
        super().setUp()
        self.launch()
        self.sessions = [self.session(0), self.session(1)]

    def test_what_cannot_be_handled_costs_its_routes_alone(self):
        bad = update(PEERS[0].asn, 7, [0x0A0100, 0x0A0200])
        self.sessions[0].send(bad)
        self.wait(lambda: self.received(0) == 3, 10, "the routes")
        # The same routes with another path, which our mistake keeps us from
        # handling: they are withdrawn, as RFC 7606 §2 has it.
        worse = update(PEERS[0].asn, 8, [0x0A0100, 0x0A0200])
        self.poison(worse)
        self.wait(lambda: self.received(0) == 1, 10, "they are withdrawn")
        (one,) = self.listed()
        self.assertFalse(one["session_reset"])
        self.assertEqual(bytes.fromhex(one["bytes"]), worse)
        self.assert_known_after_restart(worse)

    def test_where_even_the_routes_cannot_be_read_the_session_ends(self):
        sets = attributes(PEERS[0].asn, 9)
        unreadable = message(
            2, b"\0\0" + len(sets).to_bytes(2, "big") + sets + b"\x21\x0a"
        )
        self.poison(unreadable)
        kind, body = self.until_notification(self.sessions[0])
        self.assertEqual((kind, body[:1]), (NOTIFICATION, MALFORMED))
        (one,) = self.listed()
        self.assertTrue(one["session_reset"])
        self.assertEqual(one["neighbor"], PEERS[0].name)
        # The other one has noticed nothing, and this one may come again.
        self.assertEqual(self.received(1), 1)
        self.sessions[0].close()
        self.sessions[0] = self.reconnect(0)
        self.assertTrue(self.troupe.established(PEERS[1]))

    def poison(self, octets):
        """The connection cannot handle these, not even when it tries again."""
        self.fault(self.connection(0), kind="poison")
        self.sessions[0].send(octets)
        self.wait(lambda: self.listed(), 10, "it is quarantined")

    def assert_known_after_restart(self, octets):
        """Also by the daemon's successor, which does not try."""
        self.assertEqual(self.troupe.process.stop(), 0)
        self.troupe.start(self.directory)
        self.wait(lambda: self.troupe.get("/healthz")["ready"], 20, "ready")
        session = self.session(0)
        session.send(octets)
        session.send(update(PEERS[0].asn, 3, [0x0A0300]))
        self.wait(lambda: self.received(0) == 2, 10, "what came behind it")
        (one,) = self.listed()
        self.assertEqual(one["seen"], 1)

    def listed(self):
        return self.troupe.get("/v1/quarantine")["updates"]

    def connection(self, number):
        (one,) = [
            each["id"]
            for each in self.troupe.get("/v1/actors")["actors"]
            if each["kind"] == "connection"
            and f"/session.{PEERS[number].name}/" in each["id"]
        ]
        return one

    @staticmethod
    def until_notification(session):
        while got := session.receive():
            if got[0] == NOTIFICATION:
                return got
        raise AssertionError("closed without a word")

    def reconnect(self, number):
        def attempt():
            try:
                return self.session(number)
            except (AssertionError, OSError, urllib.error.URLError):
                return None

        return self.wait(attempt, 20, "the session is up again")
