"""The page of the daemon as somebody meets it in a browser.

TROUPE_SCREENSHOTS=FOLDER keeps the pictures. TROUPE_WEB_BASE=URL and
TROUPE_WEB_TOKEN=TOKEN try the page of a server that runs already; what needs
the daemon's own peers is skipped then.
"""

import os
import shutil
import stat
import struct
import unittest

from harness.process import NotReady, Scene
from harness.route import speaker
from harness.speaker import Speaker, message, update
from harness.troupe import Troupe
from webdriver import Browser

BASE = os.environ.get("TROUPE_WEB_BASE", "")
NETWORK = 60
PEERS = ("r1", "r2", "r3")
MARKUP = "<img src=x onerror='window.owned = true'>"
EXPORTER = '[role=treeitem][data-id*="/exporter."]'


def cease(text):
    """An administrative shutdown with its reason (RFC 9003 §2)."""
    octets = text.encode()
    return message(3, struct.pack("!BBB", 6, 2, len(octets)) + octets)


def row_of(name):
    return f'[role=treeitem][data-id$="/session.{name}"]'


class Page(Scene):
    def setUp(self):
        super().setUp()
        self.peers = {}
        if BASE:
            self.base, self.token = BASE, os.environ["TROUPE_WEB_TOKEN"]
        else:
            self.launch()
        self.browser = Browser(self.directory)
        self.addCleanup(self.browser.quit)
        self.browser.open(f"{self.base}/")
        self.until(lambda: self.browser.count("[role=treeitem]"), "the tree")
        self.browser.execute("window.sameDocument = true")

    def launch(self):
        """A daemon with three sessions and some routes."""
        token_file = f"{self.directory}/token"
        me = speaker("main", NETWORK, 1)
        daemon = Troupe(me)
        daemon.top = {
            "admin": {"listen": [daemon.admin], "token_file": token_file}
        }
        known = [speaker(n, NETWORK, 2 + i) for i, n in enumerate(PEERS)]
        for each in known:
            # They send no KEEPALIVEs, and need not for so long.
            daemon.peer(
                each, passive=True, description=MARKUP, timers={"hold": "600s"}
            )
        self.start(daemon)
        self.wait(lambda: daemon.get("/healthz")["ready"], 20, "listeners")
        for index, each in enumerate(known):
            peer = Speaker(each.address, each.asn, each.asn, hold=600)
            self.addCleanup(peer.close)
            peer.connect(me.address, me.port)
            routes = range(0x100000 + 64 * index, 0x100000 + 64 * index + 10)
            peer.send(update(each.asn, index, routes))
            self.peers[each.name] = peer
        self.wait(lambda: daemon.count() == 10 * len(known), 20, "routes")
        self.base = f"http://{daemon.admin}"
        mode = stat.S_IMODE(os.stat(token_file).st_mode)
        self.assertEqual(mode, 0o600, "others may read the token")
        with open(token_file, encoding="utf-8") as file:
            self.token = file.readline().strip()
        self.assertGreaterEqual(len(self.token), 32)

    def until(self, condition, what, seconds=20):
        return self.wait(condition, seconds, what)

    def until_text(self, selector, wanted, seconds=20):
        """Waits for words in the first such element."""
        seen = []

        def is_there():
            seen[:] = [self.browser.text(selector)]
            if wanted not in seen[0]:
                raise NotReady(f"{selector} says {seen[0][:200]!r}")
            return True

        self.until(is_there, f"{wanted!r} in {selector}", seconds)
        return seen[0]

    def click(self, selector):
        """Clicks as soon as that is possible."""

        def clicked():
            self.browser.click(selector)
            return True

        self.until(clicked, f"a click on {selector}")

    def restarts(self, selector):
        text = self.browser.text(f"{selector} [data-label=restarts]")
        if not text:
            raise NotReady(f"no row {selector}")
        return int(text.replace(",", ""))

    def assert_clean_console(self, allowed=()):
        """`allowed`: parts of complaints that the test has asked for."""
        flaws = [
            entry["message"]
            for entry in self.browser.console()
            if entry["level"] in ("SEVERE", "WARNING")
            and not any(part in entry["message"] for part in allowed)
        ]
        self.assertEqual(flaws, [])

    def assert_fits(self, what):
        wide, room = self.browser.execute(
            "const {scrollWidth, clientWidth} = document.documentElement;"
            "return [scrollWidth, clientWidth]"
        )
        self.assertLessEqual(wide, room, f"{what}: the page scrolls sideways")

    def picture(self, name, whole_page=False):
        path = f"{self.directory}/{name}.png"
        self.browser.screenshot(path, whole_page)
        self.assertGreater(os.path.getsize(path), 5000, name)
        if folder := os.environ.get("TROUPE_SCREENSHOTS"):
            os.makedirs(folder, exist_ok=True)
            shutil.copy(path, folder)

    def test_it_shows_actors_neighbours_plots_and_the_stream(self):
        for name in PEERS:
            self.until_text(f"{row_of(name)} .state", "Established")
            neighbor = f'#neighbors-table tr[data-name="{name}"]'
            self.until_text(neighbor, "Established")
        self.until_text("#connection", "live")
        self.until_text("#events-state", "connected")
        self.until(lambda: self.browser.count("#plots figure"), "plots")
        label = self.browser.execute(
            "return document.querySelector('#plots svg')"
            ".getAttribute('aria-label')"
        )
        for word in ("main", "IPv4 unicast", "now", "least", "most"):
            self.assertIn(word, label)
        self.assert_clean_console()

    def test_details_tell_all_of_a_session(self):
        self.click(f"{row_of('r1')} .name")
        self.until_text("#details-title", "session r1")
        for title in ("fsm", "types", "recent"):
            self.until(
                lambda: self.browser.count(
                    f"#details section:has(#{title}-title) tbody tr"
                ),
                f"rows of {title}",
            )
        self.until_text("#details .fields", "Messages per second")
        self.until_text("#details section:has(#fsm-title)", "Established")
        self.assert_clean_console()

    def test_a_click_restarts_an_actor(self):
        self.browser.type("#token", self.token)
        before = self.restarts(EXPORTER)
        self.click(f"{EXPORTER} .kind")
        self.until_text("#details-title", "exporter")
        self.click("#restart")
        self.until(lambda: self.restarts(EXPORTER) > before, "its restart")
        self.until_text("#restart-outcome", "Restarted at")
        self.until(
            lambda: self.browser.count(
                "#details section:has(#restarts-title) tbody tr"
            ),
            "the restart in its details",
        )
        self.until_text("#events-list", "exporter")
        # Nothing of this was the work of a reload.
        self.assertTrue(self.browser.execute("return window.sameDocument"))
        self.assert_clean_console()

    def test_a_wrong_token_is_told_and_forgotten(self):
        self.browser.type("#token", "wrong")
        before = self.restarts(EXPORTER)
        self.click(f"{EXPORTER} .kind")
        self.click("#restart")
        error = self.until_text("#restart-error", "Not restarted")
        self.assertRegex(error, r"\((401|403)\)")
        self.assertIn("token", error)
        shown = self.browser.execute(
            "const box = document.querySelector('#restart-error')"
            ".getBoundingClientRect(); return box.height > 0"
        )
        self.assertTrue(shown)
        stored = "return [JSON.stringify(sessionStorage), localStorage.length]"
        self.assertIn("wrong", self.browser.execute(stored)[0])
        self.click("#token-forget")
        self.assertEqual(self.browser.execute(stored), ["{}", 0])
        self.assertEqual(self.restarts(EXPORTER), before)
        # The browser itself complains of the status.
        self.assert_clean_console(allowed=["server responded with a status"])

    def test_the_keyboard_is_enough(self):
        focused = "return document.activeElement?.getAttribute(arguments[0])"
        attribute = lambda name: self.browser.execute(focused, name)
        for _ in range(20):
            self.browser.press("Tab")
            if attribute("role") == "treeitem":
                break
        self.assertEqual(attribute("role"), "treeitem")
        self.browser.press("ArrowLeft", "Home")
        self.assertEqual(attribute("aria-expanded"), "false")
        self.assertEqual(self.browser.count(row_of("r2")), 0)
        self.browser.press("ArrowRight")
        for _ in range(60):
            if (attribute("aria-label") or "").startswith("session r2,"):
                break
            self.browser.press("ArrowDown")
        self.assertTrue(attribute("aria-label").startswith("session r2,"))
        row = attribute("id")
        self.browser.press("Enter")
        self.until_text("#details-title", "session r2")
        self.assertEqual(attribute("id"), "details-title")
        self.browser.press("Tab", "Tab")
        self.assertEqual(attribute("id"), "restart")
        self.browser.press("Escape")
        self.assertEqual(attribute("id"), row)
        self.assert_clean_console()

    def test_a_filter_leaves_what_is_asked_for(self):
        self.browser.type("#actors-filter", "session r2")
        self.until(lambda: not self.browser.count(row_of("r1")), "the filter")
        self.assertTrue(self.browser.count(row_of("r2")))
        self.until_text("#actors-count", "match")
        self.browser.press("Escape")
        self.until(lambda: self.browser.count(row_of("r1")), "all of them")

    def test_it_fits_a_desk_and_a_phone(self):
        self.until_text(f"{row_of('r1')} .state", "Established")
        self.until_text("#neighbors-table", "Established")
        self.until(lambda: self.browser.count("#plots figure"), "plots")
        for name, width, height in (
            ("desk", 1280, 900),
            ("phone", 375, 812),
        ):
            self.browser.resize(width, height, mobile=name == "phone")
            self.assert_fits(name)
            self.picture(name)
            self.click(f"{row_of('r1')} .name")
            self.until_text("#details section:has(#fsm-title)", "Established")
            self.assert_fits(f"{name} with details")
            self.picture(f"{name}-details")
            self.browser.prefer(prefers_color_scheme="dark")
            self.picture(f"{name}-dark", whole_page=True)
            self.browser.prefer(prefers_color_scheme="light")
            self.click("#details-close")
        self.assert_clean_console()

    @unittest.skipIf(BASE, "needs peers of its own")
    def test_what_a_peer_says_stays_text(self):
        neighbor = '#neighbors-table tr[data-name="r3"]'
        self.until_text(neighbor, MARKUP)
        self.peers["r3"].send(cease(MARKUP))
        self.until(
            lambda: self.browser.text(f"{neighbor} .error").count(MARKUP),
            "the reason of the peer",
        )
        self.click(f"{row_of('r3')} .name")
        self.until_text("#details", MARKUP)
        self.until_text("#events-list", "session r3")
        self.assertEqual(self.browser.count("img"), 0)
        self.assertIsNone(self.browser.execute("return window.owned"))
        self.assert_clean_console()


if __name__ == "__main__":
    unittest.main()
