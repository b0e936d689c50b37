"""The daemon and its tool as an operator meets them."""

import json
import os
import re
import signal
import socket
import subprocess
import time
import unittest
import urllib.request

from harness.process import NotReady, Process, Scene
from harness.replay import BINARIES
from harness.speaker import Speaker

SOURCE = os.environ["TROUPE_SOURCE_DIR"]
DAEMON = os.path.abspath(os.path.join(BINARIES, "trouped"))
TOOL = os.path.abspath(os.path.join(BINARIES, "troupe"))


class Quickstart(Scene):
    """Runs examples/quickstart.json on addresses and ports of its own."""

    def setUp(self):
        super().setUp()
        with open(f"{SOURCE}/examples/quickstart.json") as file:
            text = file.read()
        text = text.replace("127.0.4.", "127.0.104.").replace("10179", "10279")
        text = text.replace("127.0.0.1:4676", "127.0.104.9:46761")
        self.text = text.replace(
            "build/quickstart-data", f"{self.directory}/data"
        )
        self.path = f"{self.directory}/quickstart.json"
        self.admin = "http://127.0.104.9:46761"
        self.write(self.text)
        self.process = None

    def write(self, text):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(text)

    def launch(self):
        self.process = Process(
            "trouped", [DAEMON, "--config", self.path], self.directory
        )
        self.addCleanup(self.process.stop)

    def get(self, path):
        try:
            with urllib.request.urlopen(self.admin + path, timeout=10) as reply:
                return json.load(reply)
        except OSError as error:
            raise NotReady(str(error)) from error

    def until(self, condition, seconds, what):
        from harness.process import wait_until

        return wait_until(condition, seconds, what, [self.process])

    def states(self):
        return {
            n["name"]: n["state"] for n in self.get("/v1/neighbors")["neighbors"]
        }

    def established(self):
        return set(self.states().values()) == {"Established"}

    def tool(self, *words, check=True):
        done = subprocess.run(
            [TOOL, "--admin", self.admin, *words],
            capture_output=True,
            text=True,
            timeout=30,
        )
        if check:
            self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def test_two_routers_exchange_their_routes(self):
        self.launch()
        self.until(lambda: self.get("/healthz")["ready"], 10, "listeners")
        self.until(self.established, 10, "both sessions")
        self.until(
            lambda: all(
                r["families"]["ipv6_unicast"]["prefixes"] == 2
                for r in self.get("/v1/rib")["routers"]
            ),
            10,
            "the routes of both",
        )
        page = self.get("/v1/routes?router=r2&family=ipv6_unicast&neighbor=r1")
        (route,) = page["routes"]
        self.assertEqual(route["prefix"], "3fff:db8:1::/48")
        self.assertEqual(route["as_path"], [65001])
        self.assertEqual(route["next_hop"], "3fff:db8:4::1")
        self.assertTrue(route["best"])

    def test_pages_and_wrong_questions(self):
        self.launch()
        self.until(self.established, 10, "both sessions")
        self.until(
            lambda: len(self.get("/v1/routes?router=r2")["routes"]) == 3,
            10,
            "routes",
        )
        seen, cursor = [], ""
        for _ in range(4):
            page = self.get(f"/v1/routes?router=r2&limit=1{cursor}")
            seen += [r["prefix"] for r in page["routes"]]
            if not page["next_cursor"]:
                break
            cursor = f"&cursor={page['next_cursor']}"
        self.assertEqual(len(set(seen)), 3)
        for path, status in [
            ("/v1/routes?prefix=rubbish", 400),
            ("/v1/routes?view=rubbish", 400),
            ("/v1/routes?limit=0", 400),
            ("/v1/routes?cursor=rubbish", 400),
            ("/v1/routes?neighbor=nobody", 404),
            ("/v1/actors/nobody", 404),
            ("/nothing", 404),
        ]:
            with self.assertRaises(urllib.error.HTTPError, msg=path) as caught:
                urllib.request.urlopen(self.admin + path, timeout=10)
            self.assertEqual(caught.exception.code, status, path)
            error = json.load(caught.exception)["error"]
            self.assertEqual(error["code"], status)
            self.assertTrue(error["message"])

    def test_the_tool_shows_what_bgp_people_know(self):
        self.launch()
        self.until(self.established, 10, "both sessions")
        table = self.tool("show", "neighbors").stdout
        for word in ("Neighbor", "AS", "MsgRcvd", "Up/Down", "State/PfxRcd"):
            self.assertIn(word, table)
        self.assertIn("*>", self.tool("show", "routes").stdout)
        self.assertIn("Digest", self.tool("show", "rib").stdout)
        self.assertIn("session.r1", self.tool("show", "actors").stdout)
        self.assertEqual(
            json.loads(self.tool("show", "neighbors", "--json").stdout).keys(),
            {"neighbors"},
        )
        wrong = subprocess.run(
            [TOOL, "--admin", "http://127.0.104.9:1", "show", "rib"],
            capture_output=True,
            text=True,
        )
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("no daemon answers", wrong.stderr)

    def test_a_reload_touches_only_what_changed(self):
        self.launch()
        self.until(self.established, 10, "both sessions")
        flaps = {
            n["name"]: n["messages"]["received"]["opens"]
            for n in self.get("/v1/neighbors")["neighbors"]
        }
        extra = """{ "name": "r3", "address": "127.0.104.3", "port": 10279,
            "remote_asn": 65003, "local_address": "127.0.104.1",
            "passive": true, "families": { "ipv4_unicast":
            { "import": "accept", "export": "accept" } } }, { "name": "r2","""
        changed = self.text.replace('{\n          "name": "r2",', extra, 1)
        self.assertNotEqual(changed, self.text)
        self.write(changed)
        self.process.popen.send_signal(signal.SIGHUP)
        self.until(lambda: "r3" in self.states(), 10, "the new neighbour")
        for n in self.get("/v1/neighbors")["neighbors"]:
            if n["name"] in flaps:
                self.assertEqual(n["state"], "Established")
                self.assertEqual(
                    n["messages"]["received"]["opens"], flaps[n["name"]]
                )
        # A broken file changes nothing and names every error.
        self.write(changed.replace("65003", "0").replace('"9s"', '"1s"'))
        self.process.popen.send_signal(signal.SIGHUP)
        self.until(
            lambda: "the one in force stays" in self.process.tail(20000),
            10,
            "the refusal",
        )
        log = self.process.tail(20000)
        self.assertGreaterEqual(len(re.findall(r"quickstart.json:\d+", log)), 2)
        self.assertEqual(self.states()["r2"], "Established")
        # And back: the neighbour goes.
        self.write(self.text)
        self.process.popen.send_signal(signal.SIGHUP)
        self.until(lambda: "r3" not in self.states(), 10, "its removal")

    def test_disabling_survives_a_restart(self):
        self.launch()
        self.until(self.established, 10, "both sessions")
        self.tool("neighbor", "r2", "disable", "--message", "maintenance")
        self.until(lambda: self.states()["r2"] == "Idle", 10, "the end")
        other = [
            n
            for n in self.get("/v1/neighbors")["neighbors"]
            if n["name"] == "r1"
        ]
        self.assertIn("maintenance", other[0]["last_error"])
        self.assertEqual(self.process.stop(), 0)
        self.launch()
        self.until(lambda: self.get("/healthz")["ready"], 10, "listeners")
        self.assertEqual(self.states()["r2"], "Idle")
        self.tool("neighbor", "r2", "enable")
        self.until(self.established, 20, "both sessions")
        self.assertEqual(
            self.tool("neighbor", "nobody", "reset", check=False).returncode, 1
        )

    def test_sigterm_says_cease_and_ends_in_time(self):
        self.launch()
        self.until(self.established, 10, "both sessions")
        started = time.monotonic()
        self.process.popen.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.popen.wait(5), 0)
        self.assertLess(time.monotonic() - started, 3)
        self.assertIn("(6/2)", self.process.tail(20000))

    def test_a_port_in_use_is_told_and_tried_again(self):
        holder = socket.socket()
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.104.2", 10279))
        holder.listen(1)
        try:
            self.launch()
            self.until(
                lambda: "cannot listen on 127.0.104.2:10279"
                in self.process.tail(20000),
                10,
                "a clear error",
            )
            with self.assertRaises(NotReady):
                self.get("/healthz")
        finally:
            holder.close()
        self.until(lambda: self.get("/healthz")["ready"], 20, "the next try")
        self.until(self.established, 30, "both sessions")

    # RFC 4271 §8.2.1
    def test_a_stranger_is_closed(self):
        self.launch()
        self.until(self.established, 10, "both sessions")
        # It may be closed even before its side has noticed that it is up.
        with self.assertRaises(ConnectionResetError):
            with socket.create_connection(
                ("127.0.104.1", 10279), 5
            ) as stranger:
                if stranger.recv(100) == b"":
                    raise ConnectionResetError
        self.until(
            lambda: "no neighbor has this address" in self.process.tail(20000),
            5,
            "the log line",
        )
        self.assertTrue(self.established())

    def test_check_names_every_error_and_starts_nothing(self):
        check = [DAEMON, "--check", "--config", self.path]
        self.assertEqual(
            subprocess.run(check, capture_output=True).returncode, 0
        )
        self.write(
            self.text.replace('"asn": 65001', '"asn": 0').replace(
                '"listen"', '"lissen"', 1
            )
        )
        done = subprocess.run(check, capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertGreaterEqual(
            len(re.findall(r"quickstart.json:\d+:\d+: error", done.stderr)), 2
        )

    def test_a_malformed_message_gets_its_notification(self):
        text = self.text.replace(
            '{\n          "name": "r2",',
            """{ "name": "bad", "address": "127.0.104.7", "remote_asn": 65007,
              "local_address": "127.0.104.1", "passive": true,
              "multihop": 255, "families": { "ipv4_unicast":
              { "import": "accept", "export": "accept" } } },
            { "name": "r2",""",
            1,
        )
        self.write(text)
        self.launch()
        self.until(
            lambda: self.get("/healthz")["ready"]
            and self.states()["r2"] == "Established",
            10,
            "the others",
        )
        bad = Speaker("127.0.104.7", 65007, 7).connect("127.0.104.1", 10279)
        self.addCleanup(bad.close)
        bad.send(b"\x00" * 19)
        while True:
            kind, body = bad.receive()
            if kind == 3:
                break
        self.assertEqual(body[:2], bytes([1, 1]))
        self.assertEqual(self.states()["r2"], "Established")
        self.assertEqual(self.states()["r1"], "Established")


if __name__ == "__main__":
    unittest.main()
