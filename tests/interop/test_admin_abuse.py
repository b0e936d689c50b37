"""Whoever reaches the admin endpoint may say what they like, as slowly as they
like: sessions and other clients do not notice, and nothing stays behind."""

import collections
import concurrent.futures
import contextlib
import gzip
import json
import os
import random
import re
import select
import socket
import ssl
import subprocess
import threading
import time
import unittest

from harness.process import Scene, program
from harness.replay import BINARIES
from harness.route import speaker
from harness.speaker import Speaker, message, update
from harness.troupe import Troupe

SCENE = 40  # no other test has its addresses
ME = speaker("troupe", SCENE, 1)
PEERS = [speaker(f"p{n}", SCENE, n) for n in range(2, 7)]
ADMIN = (ME.address, 46760)
ROUTES = 10_000
SEED = os.environ.get("TROUPE_ABUSE_SEED", "20476")
READS = "healthz v1/neighbors v1/rib v1/routes v1/memory v1/actors v1/history"
READS = [f"/{path}" for path in [*READS.split(), "v1/quarantine", ""]]


def stay(session):
    """Keeps a session alive, and reads what it is told, until it ends."""
    with contextlib.closing(session), contextlib.suppress(OSError):
        more = True
        while more:
            session.send(message(4))
            if select.select([session.socket], [], [], 2)[0]:
                more = session.socket.recv(1 << 20)


def request(line, headers=(), body=b""):
    return b"\r\n".join([line, *headers, b"Host: 127.0.0.1", b"", body])


POST = b"POST /v1/neighbors/spare/enable HTTP/1.1"
HALF = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Y: "
HELLO = b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"  # begins a ClientHello
EVENTS = request(b"GET /v1/events HTTP/1.1")
BIG = b"GET /v1/routes?limit=10000 HTTP/1.1"


def connect(seconds=15):
    return socket.create_connection(ADMIN, seconds)


def exchange(to, data, shuts=False, goes=False):
    """All that comes back; nothing where one of both hangs up."""
    with to, contextlib.suppress(ConnectionError):
        to.sendall(data)
        if shuts:
            to.shutdown(socket.SHUT_WR)
        if not goes:
            return b"".join(iter(lambda: to.recv(1 << 16), b""))
    return b""


def answers(data, head=False):
    """Status and body of each; errors must have the documented form."""
    while data:
        top, _, data = data.partition(b"\r\n\r\n")
        first, *lines = top.decode("latin-1").split("\r\n")
        said = re.fullmatch(r"HTTP/1\.1 (100|[2-5]\d\d) .*", first)
        assert said, f"no HTTP answer: {top[:200]}"
        fields = dict(line.lower().split(": ", 1) for line in lines)
        size = int(fields.get("content-length", 0))
        if head and (not data or data.startswith(b"HTTP/")):
            size = 0
        body, data = data[:size], data[size:]
        assert len(body) == size, f"{size} promised, {len(body)} come"
        status = int(said[1])
        if status >= 400 and not head and "protobuf" not in top.decode():
            error = json.loads(body or "{}").get("error", {"code": None})
            assert error["code"] == status, (first, body)
            assert set(error) == {"code", "message", "path"}, body
        yield status, body


class AbuseScene(Scene):
    def launch(self, routes=ROUTES, **admin):
        """A daemon, with sessions and a table unless only `admin` matters."""
        self.unix = f"{self.directory}/admin.sock"
        listen = ["{}:{}".format(*ADMIN), f"unix:{self.unix}"]
        top = {"admin": {"listen": listen, **admin}, "fault_injection": True}
        self.troupe = Troupe(ME, top=top)
        # The spare one never has a connection.
        for peer in [*PEERS, speaker("spare", SCENE, 7)]:
            self.troupe.peer(peer, passive=True, timers={"hold": "9s"})
        self.start(self.troupe)
        self.pid = self.troupe.process.popen.pid
        self.wait(lambda: os.path.exists(self.unix), 20, "the last listener")
        with open(f"{self.troupe.data_dir}/token", encoding="ascii") as file:
            self.token = b"Authorization: Bearer " + file.read(64).encode()
        if admin:
            return
        self.wait(lambda: self.ask("/healthz")[0] == 200, 20, "the others")
        self.speakers = [
            Speaker(p.address, p.asn, n, 9).connect(ME.address, ME.port)
            for n, p in enumerate(PEERS, 1)
        ]
        for n in range(routes // 4):
            prefixes = range(0x100000 + n * 4, 0x100000 + n * 4 + 4)
            self.speakers[0].send(update(PEERS[0].asn, n, prefixes))
        for each in self.speakers:
            threading.Thread(target=stay, args=(each,), daemon=True).start()
        up = lambda: all(map(self.troupe.established, PEERS))
        self.wait(lambda: up() and self.troupe.count() == routes, 20, "routes")

    def ask(self, path, method="GET", headers=(), to=None):
        """Status and body of the answer, over this connection or another."""
        every = [*headers, b"Content-Length: 0", b"Connection: close"]
        data = request(f"{method} {path} HTTP/1.1".encode(), every)
        return next(answers(exchange(to or connect(), data)))

    def open(self, says):
        """A connection that stays until the test ends."""
        to = socket.socket()
        self.addCleanup(to.close)
        to.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        to.connect(ADMIN)
        to.sendall(says)
        return to

    def timed(self, path, most):
        """The document of a read, which must not take longer."""
        before = time.monotonic()
        status, body = self.ask(path)
        self.assertLess(time.monotonic() - before, most, path)
        self.assertEqual(status, 200, path)
        return json.loads(body)

    def status(self, key):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            return int(re.search(rf"{key}:\s+(\d+)", file.read())[1])

    def usage(self):
        fds = len(os.listdir(f"/proc/{self.pid}/fd"))
        rss = self.status("VmRSS") // 1024
        return {"rss": rss, "fds": fds, "threads": self.status("Threads")}

    def check_back(self, calm):
        """An idle thread stays for 10 s, memory for some more."""
        # The allocator may keep less than 8 MiB.
        most = {**calm, "rss": calm["rss"] + 8}
        back = lambda: all(self.usage()[k] <= most[k] for k in most)
        self.wait(back, 30, f"back from {self.usage()} to {calm}")
        self.step(f"at the end {self.usage()}, before {calm}")
        self.check_unharmed()

    def check_unharmed(self):
        self.assertEqual(self.ask("/healthz")[0], 200)
        for peer in PEERS:
            now = self.troupe.neighbor(peer)
            self.assertEqual((now["state"], now["flaps"]), ("Established", 0))
        for actor in self.troupe.get("/v1/actors")["actors"]:
            self.assertEqual(actor["restarts"]["count"], 0, actor["id"])
        for line in self.troupe.process.log.read_text("latin-1").splitlines():
            # Who crashes leaves no JSON; 50 is an error.
            self.assertLess(json.loads(line)["level"], 50, line)


PREFIXES = b"/ /v1/actors/ /v1/neighbors/ /v1/rib?router=".split()
PREFIXES += [b"/v1/routes?%b=" % k for k in b"view prefix limit cursor".split()]
LONG = [b"a" * 8100, b"a/" * 4000, b"a" * 8193, b"a" * 65_000, b"a" * 200_000]
CODES = b"% %z %0 %00 %ff %c0%ae %u %ud800 %u0000 %25 + && = ? # \0 \x80"
ODD = [
    b"HEAD PUT PATCH DELETE OPTIONS TRACE PRI get \xff\0".split()
    + [b"", b"G\tET", b"X" * 9000],
    b"* x http://127.0.0.1/ /../../etc/passwd /v1//actors/".split()
    + [b"/%2e%2e/..%2f..\\proc/self/environ", b"", b"/ /"]
    + [prefix + each for prefix in PREFIXES for each in LONG],
    [b"HTTP/1.0", b"HTTP/2.0", b"HTTP/1.1\0", b"\xff", b"", b" HTTP/1.1"],
]
HEADERS = [
    *(b"no colon", b": no name", b"Folded: a\r\n b\r\n\tc", b"\0: \xff"),
    *(b"X:" + b"y" * 9000, b"X:" + b"y" * 70_000, b"X: y\r\n" * 9000 + b"Y: z"),
    *(b"Host: elsewhere", b"Host: [", b"Origin: null", b"Last-Event-ID: -1"),
    *(b"Content-Length: 5\r\nContent-Length: 6", b"Content-Length: -5"),
    *(b"Accept: application/x-protobuf", b"Accept: " + b"*/*;q=0.1," * 700),
    *(b"Accept-Encoding: zip, *;q=0", b"Expect: 100-continue"),
    *(b"Connection: Upgrade\r\nUpgrade: h2c", b"Authorization: Bearer \xff"),
]
LENGTHS = b"-1 abc 0x10 +5 5,5 1.5 99999999999999999999 1048577 7".split()
CHUNKS = b"5| -5| zz| ffffffffffffffff| 2;x=y|{}| 0|| 0 | {} 200000|".split()
NOISE = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9), HELLO, b"\r\n" * 50]
NOISE += [b"GET /healthz\r\n", b"GET\r\n", b"GET", b" "]
# None of these makes an actor fail.
KEYS = ["message", "seconds", "kind", "after_messages", "stall_ms", "x"]
VALUES = [None, True, -1, 1.5, 10**30, 2**64, "", "\0\ud800", [], {"": [[{}]]}]
SPARE, MAIN = "actors/node/router.main/session.spare", "actors/node/router.main"
HARMLESS = f"{SPARE}/trace {SPARE}/fault actors/none/restart quarantine/clear"
HARMLESS = f"{HARMLESS} routes neighbors/none/reset neighbors/spare/disable"
HARMFUL = f"neighbors/p2/reset {MAIN}/restart {MAIN}/trace {MAIN}/fault"


def odd_read(rng, _):
    parts = [b"GET", rng.choice(READS).encode(), b"HTTP/1.1"]
    number, headers = rng.randrange(4), []
    if number < 3:
        parts[number] = rng.choice(ODD[number])
    else:
        headers = rng.choices(HEADERS, k=rng.randint(1, 4))
    if number == 1 and rng.random() < 0.7:
        text = b"".join(rng.choices(CODES.split(), k=rng.choice([1, 5, 900])))
        parts[1] = rng.choice(PREFIXES) + text
    return request(b" ".join(parts), headers)


def odd_body(rng, token):
    """A wrong length, or chunks that are none."""
    keys = [rng.choice([token, b"X: y"]), b"Transfer-Encoding: chunked"]
    if rng.random() < 0.5:
        keys[1] = b"Content-Length: " + rng.choice(LENGTHS)
    body = b"".join(rng.choices(CHUNKS, k=4)).replace(b"|", b"\r\n")
    return request(POST, keys, body)


def odd_json(rng, token):
    """What would do harm is asked for without the token."""
    body = {rng.choice(KEYS): rng.choice(VALUES) for _ in range(3)}
    body = json.dumps(body).encode()
    nested = b"[" * 100_000 + b"]" * rng.choice([0, 100_000])
    long = b'{"message":"%b","seconds":%b}' % (b"x" * 500_000, b"9" * 50_000)
    body = rng.choice([body, body, body[1:], nested, long, rng.randbytes(99)])
    path, key = rng.choice(HARMLESS.split()), token
    if rng.random() < 0.3:
        path = rng.choice(HARMFUL.split())
        key = rng.choice([b"X: y", token[:40], token + b"0", token.upper()])
    keys = [key, b"Content-Length: %d" % len(body)]
    return request(f"POST /v1/{path} HTTP/1.1".encode(), keys, body)


def noise(rng, _):
    return rng.choice(NOISE) + rng.randbytes(rng.choice([0, 1, 500, 100_000]))


def malformed(rng, token):
    kinds = [odd_read, odd_read, odd_body, odd_json, noise]
    data = rng.choice(kinds)(rng, token)
    change = rng.randrange(8)
    if change == 0:
        return data[: rng.randrange(len(data)) + 1]
    if change == 1 and token not in data:
        data = bytearray(data)
        for _ in range(rng.randint(1, 8)):
            data[rng.randrange(min(len(data), 300))] = rng.randrange(256)
    if change == 2:
        return data.replace(b"\r\n", b"\n")
    if change == 3 and not data.startswith(b"HEAD"):
        return data[:10_000] * rng.randint(2, 20)  # pipelined
    return bytes(data)


class MalformedTest(AbuseScene):
    def fire(self, seed):
        """The statuses that one request is answered with."""
        rng = random.Random(seed)
        data = malformed(rng, self.token)
        got = exchange(connect(), data, True, goes=rng.random() < 0.1)
        return [status for status, _ in answers(got, data[:4] == b"HEAD")]

    def storm(self, requests, seed):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            done = pool.map(self.fire, (f"{seed} {n}" for n in range(requests)))
            return collections.Counter(sum(done, []))

    def test_a_thousand_malformed_requests_leave_nothing_behind(self):
        self.launch()
        calm = self.usage()
        self.storm(100, "warm")
        calm["rss"] = self.usage()["rss"]
        self.step(f"seed {SEED} (TROUPE_ABUSE_SEED)")
        seen = self.storm(1000, SEED)
        self.step(f"answers: {dict(seen)}")
        self.assertLess({200, 202, 400, 401, 403, 404, 405, 413}, set(seen))
        self.check_back(calm)


class SlowTest(AbuseScene):
    # How many, how long they may stay (docs/admin.md), what they say.
    KINDS = {
        "silent": (60, 5, b""),
        "half a line": (40, 5, b"GET /v1/neig"),
        "half of the headers": (40, 5, HALF),
        "slow headers": (30, 5, HALF),
        "slow body": (10, 30, request(POST, [b"Content-Length: 99"])),
        "mute reader": (20, 30, request(BIG)),
    }

    def goes_on(self, client, says):
        """False when the daemon has closed; an answer may come before."""
        with contextlib.suppress(OSError):
            client.send(says)
            readable = select.select([client], [], [], 0)[0]
            return not readable or bool(client.recv(1 << 16))
        return False

    def watch(self, clients, calm):
        """How long each kind has stayed; others are served in time."""
        stayed, began = {}, time.monotonic()
        left = [c for c in clients if c[0] != "mute reader"]
        while left or "mute reader" not in stayed:
            for path in ("/v1/neighbors", "/healthz") * 5:
                self.timed(path, 1)
            now = time.monotonic()
            for each in list(left):
                kind, client = each
                if not self.goes_on(client, b"x" * kind.startswith("slow")):
                    stayed[kind] = now - began
                    left.remove(each)
            # Who does not read sees no end. One may be a request from above.
            if self.usage()["fds"] - calm["fds"] - len(left) <= 1:
                stayed.setdefault("mute reader", now - began)
            self.assertLess(now - began, 60, f"{len(left)} are left")
            time.sleep(1)  # between two octets of the slow ones
        return stayed

    def test_clients_that_never_finish_are_closed_and_delay_nobody(self):
        self.launch()
        for path in READS * 3:
            self.ask(path)
        calm = self.usage()
        clients = []
        for kind, (count, _, says) in self.KINDS.items():
            for _ in range(count):
                clients.append((kind, self.open(says)))
        stayed = self.watch(clients, calm)
        self.step(f"{len(clients)} clients stayed for {stayed}")
        self.check_back(calm)
        for kind, (_, limit, _) in self.KINDS.items():
            with self.subTest(kind):
                self.assertTrue(limit - 1 < stayed[kind] < limit + 3, stayed)


class AccessTest(AbuseScene):
    def test_changes_need_the_token_or_the_unix_socket(self):
        self.launch(routes=4)
        token_file = f"{self.troupe.data_dir}/token"
        self.assertEqual(os.stat(token_file).st_mode & 0o777, 0o600)
        reset, token = "/v1/neighbors/p2/reset", self.token
        for wrong in (b"X: y", token[:-1], token + b"0", token.upper()):
            for path in (reset, "/v1/actors/node/router.main/restart"):
                self.assertEqual(self.ask(path, "POST", [wrong])[0], 401, wrong)
        for value in (b"Host: x.example", b"Origin: http://x", b"Origin: null"):
            keys = [token, value]
            self.assertEqual(self.ask(reset, "POST", keys)[0], 403, value)
            self.assertEqual(self.ask("/v1/rib", "GET", keys)[0], 403, value)
        self.assertEqual({self.ask(path)[0] for path in READS}, {200})
        self.check_unharmed()
        own = [token, b"Origin: http://127.0.0.1"]
        self.assertEqual(self.ask(reset, "POST", own)[0], 202)
        to = socket.socket(socket.AF_UNIX)
        to.connect(self.unix)
        path = "/v1/neighbors/p3/reset"
        self.assertEqual(self.ask(path, "POST", to=to)[0], 202)
        flaps = lambda: [self.troupe.neighbor(p)["flaps"] for p in PEERS]
        self.wait(lambda: flaps() == [1, 1, 0, 0, 0], 5, "two resets")

    def test_bodies_and_ranges_cost_little_and_mean_what_they_say(self):
        self.launch()
        chunks = b"Transfer-Encoding: chunked"
        zipped = b"Content-Encoding: gzip\r\n" + chunks
        form = b"Content-Type: multipart/form-data; boundary=x\r\n" + chunks
        part = b'Content-Disposition:form-data;name="' + b'";filename="!' * 300
        chunk = lambda body: b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        for line, header, body, expected in [
            (POST, chunks, chunk(bytes(2 << 20)), [400, 413]),
            (POST, b"Content-Length: abc", b"", [400]),
            (POST, b"Content-Length: 2", b"{]", [400]),
            (POST, b"Content-Length: 13", b'{"message":7}', [400]),
            (POST, b"X: y", b"", [202]),  # as curl -X POST sends it
            (POST, zipped, chunk(gzip.compress(bytes(1 << 27))), [400, 415]),
            (POST, form, chunk(b"--x\r\n" + (part + b"\r\n") * 99), [400, 415]),
            (BIG, b"Range: bytes=0-" + b",0-" * 19, b"", [200, 206, 416]),
            (BIG, b"Range: bytes=2-9", b"", [200, 206]),
            (BIG, b"Range: bytes=99999999-", b"", [200, 416]),
        ]:
            with self.subTest(f"{line} {header} {body[:20]}"):
                with open(f"/proc/{self.pid}/clear_refs", "w") as file:
                    file.write("5")  # the peak begins anew, proc(5)
                before = self.status("VmRSS")
                keys = [self.token, header, b"Connection: close"]
                got = exchange(connect(3), request(line, keys, body))
                self.assertLess(self.status("VmHWM") - before, 40 << 10)
                status, text = next(answers(got))
                self.assertIn(status, expected)
                self.assertTrue(status != 200 or text.endswith(b"}"))
        self.check_unharmed()


class TlsTest(AbuseScene):
    def run_binary(self, name, *words):
        argv = [os.path.abspath(os.path.join(BINARIES, name)), *words]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=30)
        return done.returncode, done.stdout + done.stderr

    def over_tls(self, ca=None):
        context = ssl.create_default_context(cafile=ca)
        to = context.wrap_socket(connect(), server_hostname=ADMIN[0])
        return self.ask("/v1/neighbors", to=to)[0]

    def test_the_endpoint_speaks_tls_and_nothing_else(self):
        key, ca = f"{self.directory}/key.pem", f"{self.directory}/ca.pem"
        subprocess.run(
            [program("openssl"), *"req -x509 -nodes -newkey rsa:2048".split()]
            + ["-keyout", key, "-out", ca, "-subj", f"/CN={ADMIN[0]}"]
            + ["-addext", f"subjectAltName=IP:{ADMIN[0]}"],
            check=True,
            capture_output=True,
        )
        path = f"{self.directory}/check.json"
        router = {"name": "main", "asn": 65000, "router_id": "10.0.0.1"}
        admin = {"listen": ["0.0.0.0:46760"]}
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"admin": admin, "routers": [router]}, file)
        code, text = self.run_binary("trouped", "--config", path, "--check")
        self.assertIn("beyond loopback the admin endpoint needs tls", text)
        self.assertEqual(code, 1)
        self.launch(tls={"certificate": ca, "key": key})
        self.assertEqual(self.over_tls(ca), 200)
        self.assertRaises(ssl.SSLCertVerificationError, self.over_tls)
        for data in (request(BIG), HELLO + bytes(508), bytes(9000)):
            self.assertNotIn(b"HTTP", exchange(connect(), data))
        self.assertEqual(self.over_tls(ca), 200)
        to = ["--admin", "https://{}:{}".format(*ADMIN), "show", "neighbors"]
        code, text = self.run_binary("troupe", "--ca", ca, *to)
        self.assertEqual((code, "spare" in text), (0, True), text)
        self.assertEqual(self.run_binary("troupe", *to)[0], 1)


class WatchersTest(AbuseScene):
    def test_streams_are_bounded_and_tell_of_sessions(self):
        self.launch(routes=4)
        calm = self.usage()
        streams = [self.open(EVENTS) for _ in range(32)]
        firsts = [stream.recv(1 << 16) for stream in streams]
        self.assertTrue(all(b" 200 OK" in got for got in firsts))
        self.assertEqual(self.ask("/v1/events")[0], 503)
        self.troupe.post("/v1/neighbors/p2/reset")
        form = re.compile(rb"event: session\ndata: (.*)\n")
        for stream, got in zip(streams, firsts):
            while not (told := form.search(got)):
                got += stream.recv(1 << 16)
            event = json.loads(told[1])
            self.assertEqual(event["neighbor"], "p2")
            self.assertEqual(event["from"], "Established")
            stream.close()
        # Who has gone is noticed when there is something to say.
        post = lambda verb: self.troupe.post(f"/v1/neighbors/spare/{verb}")
        news = lambda: post("disable") and post("enable")
        freed = lambda: news() and self.usage()["fds"] <= calm["fds"]
        self.wait(freed, 10, "the end of the streams")
        again = [self.open(EVENTS) for _ in range(32)]
        self.assertTrue(all(b" 200 OK" in s.recv(1 << 16) for s in again))

    def test_busy_actors_delay_no_look_at_them(self):
        self.launch()
        actors = self.troupe.get("/v1/actors")["actors"]
        stalls = ("router", "rib_shard")
        busy = {a["id"]: [] for a in actors if a["kind"] in stalls}
        fault = {"kind": "stall", "stall_ms": 3000}
        for each in busy:
            self.troupe.post(f"/v1/actors/{each}/fault", fault)
        routes = range(0x200000, 0x200040)  # some for each shard
        self.speakers[1].send(update(PEERS[1].asn, 1, routes))
        # The router is asked, too, and nobody waits for it.
        exchange(connect(), request(b"GET /v1/rib HTTP/1.1"), goes=True)
        end = time.monotonic() + 3.5
        while time.monotonic() < end:
            for path in ("", *(f"/{each}" for each in busy)):
                seen = self.timed(f"/v1/actors{path}", 0.2)
                for actor in seen.get("actors", [seen]):
                    if actor["id"] in busy and actor["state"] == "busy":
                        busy[actor["id"]].append(actor["running"]["for_ms"])
            time.sleep(0.05)  # between two looks
        for each, times in busy.items():
            self.step(f"{each}: {times[0]:.0f} to {times[-1]:.0f} ms")
            self.assertEqual(times, sorted(times))
            self.assertGreater(times[-1], 2500)
        self.wait(lambda: self.troupe.count() == ROUTES + 64, 5, "its routes")
        self.check_unharmed()


if __name__ == "__main__":
    unittest.main()
