"""Malformed input, row by row, against the daemon (see docs/conformance.md)."""

import dataclasses
import json
import os
import pathlib
import re
import unittest
import unittest.mock
import urllib.request

import watching
from cases import Case, read_cases
from harness.process import NotReady, Process, Scene, wait_until
from harness.replay import BINARIES
from octets import octets
from running import Runner
from sessions import KEYS, configuration

DAEMON = os.path.abspath(os.path.join(BINARIES, "trouped"))
CASES = pathlib.Path(__file__).parent / "cases"
CITATION = re.compile(r"(?:RFC \d{4}(?: §[\d.]+(?:, §[\d.]+)*)?(?:, )?)+")


def contraries(expected):
    """Expectations that what fulfils `expected` must not fulfil."""
    if expected.reset is None:
        yield dataclasses.replace(expected, reset=b"\x03\x01")
    else:
        yield dataclasses.replace(expected, reset=None, closed=True)
        yield dataclasses.replace(expected, reset=expected.reset + b"\x00")
        for at in range(2):
            wrong = bytearray(expected.reset)
            wrong[at] ^= 1
            yield dataclasses.replace(expected, reset=bytes(wrong))
    if expected.closed:
        yield dataclasses.replace(expected, closed=False)
    yield dataclasses.replace(expected, up=not expected.up)
    for key in KEYS.values():
        yield dataclasses.replace(
            expected, withdrawn=expected.withdrawn ^ {key}
        )
    for key, attributes in expected.passed.items():
        others = {k: v for k, v in expected.passed.items() if k != key}
        yield dataclasses.replace(expected, passed=others)
        for kind in {*attributes, 200}:
            wrong = dict(attributes)
            wrong[kind] = (0xC0, b"wrong")
            yield dataclasses.replace(expected, passed=others | {key: wrong})


class DaemonScene(Scene):
    """A daemon, and a runner with its healthy sessions."""

    runner_type = Runner

    def setUp(self):
        super().setUp()
        path = f"{self.directory}/troupe.json"
        with open(path, "w", encoding="utf-8") as file:
            json.dump(configuration(self.directory), file)
        self.process = Process(
            "trouped", [DAEMON, "--config", path], self.directory
        )
        self.addCleanup(self.process.stop)
        wait_until(self.is_up, 10, "the listeners", [self.process])
        self.runner = self.runner_type()
        self.addCleanup(self.runner.close)

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.106.9:46763{path}") as got:
            return json.load(got)

    def is_up(self):
        try:
            return self.get("/healthz")["ready"]
        except OSError as error:
            raise NotReady(str(error)) from error


class Conformance(DaemonScene):
    def test_every_row(self):
        wanted = re.compile(os.environ.get("TROUPE_CASES", ""))
        for case in read_cases(CASES):
            if not wanted.search(case.name):
                continue
            with self.subTest(row=case.name, sections=case.sections):
                seen = self.runner.run(case)
                self.assertEqual(case.expected.unlike(seen), [])
                # A wrong expectation would not have passed.
                for wrong in contraries(case.expected):
                    self.assertTrue(wrong.unlike(seen), wrong)
        self.process.check_running()
        for actor in self.get("/v1/actors")["actors"]:
            self.assertEqual(actor["restarts"]["count"], 0, actor)


    def test_the_whole_message_is_in_the_log(self):
        # RFC 7606 §6, §8: "containing the entire malformed UPDATE message".
        for clause, text in (
            ("withdraw P", "update(; 40010103 PATH NEXT_HOP; P)"),
            ("reset 030a", "update(; GOOD; 21 1464010000)"),
        ):
            case = one_case(text, clause)
            self.runner.run(case)
            dump = ", ".join(f"{octet:x}" for octet in case.octets)
            wait_until(
                lambda each=dump: f"[{each}]" in self.process.tail(100_000),
                10,
                f"{text} in the log",
                [self.process],
            )


def one_case(text, expected, state="established"):
    return Case("made up", "RFC 4271 §6", "external", state, text, expected)


class WithAStrayRoute(Runner):
    """The healthy herald tells something while a row is played."""

    def _play(self, case):
        names = self.around.herald_session.names()
        stray = bytes.fromhex("18146409")
        names["STRAY"] = stray
        self.around.herald.send(octets("update(; GOOD; STRAY)", names))
        return super()._play(case)


class WithAnErringWatcher(Runner):
    """A watcher has its own session ended while a row is played."""

    def _play(self, case):
        self.around.watchers[1].send(bytes(19))
        return super()._play(case)


class RunnerNotices(DaemonScene):
    """What is not as it is expected fails, with the daemon at the other end."""

    def differs(self, text, expected, state="established"):
        case = one_case(text, expected, state)
        return case.expected.unlike(self.runner.run(case))

    def waits_in_vain(self, *row):
        with (
            unittest.mock.patch.object(watching, "SECONDS", 2),
            self.assertRaisesRegex(watching.Disturbed, "the end of the"),
        ):
            self.differs(*row)

    def test_that_a_row_is_as_expected(self):
        self.assertFalse(self.differs("update(P;;)", "withdraw P"))

    def test_a_withdrawal_too_many_or_too_few(self):
        self.assertTrue(self.differs("update(P;;)", "nothing"))
        self.assertTrue(self.differs("update(P Q;;)", "withdraw P"))
        self.assertTrue(self.differs("update(P;;)", "withdraw P Q"))

    def test_another_attribute(self):
        good = "update(; GOOD c00804fde80001; P)"
        self.assertFalse(self.differs(good, "pass P c00804fde80001"))
        self.assertTrue(self.differs(good, "pass P c00804fde80002"))
        self.assertTrue(self.differs(good, "pass P"))

    def test_a_session_that_ends_or_does_not(self):
        self.assertTrue(self.differs("message(63)", "nothing"))
        self.assertTrue(self.differs("message(63)", "reset 0103 64"))
        self.assertTrue(self.differs("message(03 0602)", "reset 0602"))
        self.waits_in_vain("message(04)", "reset 0103 04")

    def test_an_open_that_is_refused_or_not(self):
        good = "open(04 AS2 00f0 ID short(02 short(CAPS)))"
        bad = "open(03 AS2 00f0 ID 00)"
        self.assertFalse(self.differs(good, "up", "opensent"))
        self.assertTrue(self.differs(bad, "reset 0201 0003", "opensent"))
        self.waits_in_vain(good, "reset 0200", "opensent")


class RunnerNoticesAStrayRoute(DaemonScene):
    runner_type = WithAStrayRoute

    def test_beside_what_is_expected(self):
        case = one_case("update(P;;)", "withdraw P")
        self.assertTrue(case.expected.unlike(self.runner.run(case)))


class RunnerNoticesAWatcherThatEnds(DaemonScene):
    runner_type = WithAnErringWatcher

    def test_beside_what_is_expected(self):
        with self.assertRaisesRegex(watching.Disturbed, "has ended"):
            self.runner.run(one_case("update(P;;)", "withdraw P"))


class Table(unittest.TestCase):
    def test_is_complete_and_names_its_sections(self):
        cases = read_cases(CASES)
        self.assertGreaterEqual(len(cases), 250)
        names = [each.name for each in cases]
        self.assertEqual(len(set(names)), len(names))
        played = {(c.session_name, c.state, c.octets) for c in cases}
        self.assertEqual(len(played), len(cases))
        for each in cases:
            self.assertRegex(each.sections, CITATION, each.name)


if __name__ == "__main__":
    unittest.main()
