"""One run: load and faults, a calm moment, more of them, and the comparison."""

import argparse
import collections
import dataclasses
import fcntl
import math
import pathlib
import random
import shutil
import sys
import tempfile
import time

import leaks
import scenario
from admin import Admin, Unanswered
from book import Book
from calm import Calm
from daemon import Daemon
from faults import KINDS, Injector, Poker
from harness.process import wait_until
from model import Model
from peers import Peers

PROGRESS = 10  # seconds between two lines
# Behind the first part is what memory is compared with. Others are as long as
# that a fault of one part is not made good by those that follow.
FIRST_PART = 15
PART = 60
START_WITHIN = 30
LEAKS_WITHIN = 20  # connections that nobody took are dropped after 10 s
PAUSE = 0.02
MOST_LINES = 40  # of a comparison; all are in a file


@dataclasses.dataclass
class Options:
    """What a run may be told."""

    binary: str
    seconds: float
    seed: int
    kinds: tuple = KINDS
    every: float = 0.1  # seconds between two faults
    rate: int = 300  # UPDATEs a second, of all neighbours together
    supervision: bool = True  # found out by the run
    log_level: str = "warn"
    shards: int = 4


class Run:
    """`failures` has what was wrong, after `go`."""

    def __init__(self, options, directory):
        self.options = options
        self.failures = []
        self.figures = {}
        self._time = 0.0  # of load and faults
        self._calms = []  # how long each took
        self._lost = 0  # sessions
        self._began = time.monotonic()
        self._directory = pathlib.Path(directory)
        self._daemon = Daemon(options.binary, directory)
        who = scenario.neighbors(self._rng("neighbours"))
        pool = scenario.prefixes(self._rng("prefixes"))
        self._settings = scenario.Settings(
            directory=str(directory),
            originated=tuple(pool[:5]),
            log_level=options.log_level,
            shards=options.shards,
            token_file=self._daemon.token_file,
        )
        self._model = Model(who, scenario.ASN, self._settings.originated)
        self._peers = Peers(self._model, self._rng, (options.rate, pool))
        self._admin = Admin(self._daemon.make_token())
        self._book = self._poker = self._injector = None

    def _rng(self, purpose):
        return random.Random(f"{self.options.seed}/{purpose}")

    def say(self, text):
        print(f"[{time.monotonic() - self._began:6.1f} s] {text}", flush=True)

    def go(self):
        """The whole run; whether nothing was wrong."""
        try:
            self._start()
            before = self._calm()
            first = last = self._part(
                min(FIRST_PART, self.options.seconds / 2)
            )
            left = self.options.seconds - self._time
            parts = math.ceil(left / PART)
            for _ in range(parts):
                last = self._part(left / parts)
            self._check_leaks(before, first, last)
            self._check_sessions()
            self.failures += self._daemon.end()
        except (AssertionError, Unanswered, OSError) as error:
            self._fail(f"{type(error).__name__}: {error}")
        finally:
            self._stop()
        self._check_ends()
        self._print_figures()
        return not self.failures

    # -- beginning and end ----------------------------------------------------

    def _lock(self):
        """Its addresses are fixed, so there is one run at a time."""
        self._locked = open(f"{tempfile.gettempdir()}/troupe-chaos.lock", "w")
        try:
            fcntl.flock(self._locked, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AssertionError("another run is under way") from None

    def _start(self):
        self._lock()
        who = list(self._model.neighbors.values())
        self._choose_supervision(who)
        self.say(
            f"seed {self.options.seed}, {self._daemon.binary}"
            f"{' (sanitized)' if self._daemon.sanitized else ''}"
        )
        self._daemon.start(who, self._settings)
        wait_until(
            self._is_ready, START_WITHIN, "it listens", [self._daemon.process]
        )
        self._book = Book(self._daemon.log)
        self._poker = Poker(self._admin, self._daemon.pid, self._rng("pokes"))
        self._injector = Injector(
            self._admin,
            self._book,
            self._poker,
            self._rng("faults"),
            self.options,
        )
        self._poker.start()
        self._peers.start()

    def _choose_supervision(self, who):
        knows = self._daemon.knows_supervision(who, self._settings)
        self.options.supervision = knows
        if not knows:
            self._settings = dataclasses.replace(
                self._settings, supervision=False
            )
            self.say("no `supervision` in this binary: few faults")

    def _is_ready(self):
        try:
            return self._admin.get("/healthz")["ready"]
        except Unanswered:
            return False

    def _stop(self):
        if self._poker and self._poker.is_alive():
            self._poker.stop()
        try:
            self._peers.stop()
        except Exception as error:  # its thread has failed: a flaw in here
            self._fail(f"the neighbours: {error!r}")
        self._daemon.kill()
        self._locked.close()

    def _fail(self, what):
        self.failures.append(what)
        self.say(f"FAILED: {what}")

    # -- parts ----------------------------------------------------------------

    def _part(self, seconds):
        """Faults for so long; what is held behind them."""
        self._time += seconds
        self._chaos(seconds)
        return self._calm()

    def _chaos(self, seconds):
        self._peers.call(lambda: setattr(self._peers.load, "running", True))
        end = time.monotonic() + seconds
        next_line = time.monotonic() + PROGRESS
        while (now := time.monotonic()) < end:
            self._daemon.check_running()
            self._injector.tick(now)
            if now >= next_line:
                next_line += PROGRESS
                self.say(self._progress())
            time.sleep(PAUSE)
        self._peers.call(lambda: setattr(self._peers.load, "running", False))

    def _calm(self):
        """What the daemon holds now; tables that differ are failures."""
        calm = Calm(self._peers, self._admin, self._look)
        lines = calm.wait()
        when = f"calm after {self._time:.0f} s"
        self.say(
            f"{when}: it took {calm.took:.1f} s; RSS"
            f" {leaks.rss(self._daemon.pid):.1f} MiB; {self._progress()}"
        )
        self._calms.append(calm.took)
        if lines:
            shown = "\n".join(lines[:MOST_LINES])
            self._fail(f"{when}: {len(lines)} lines differ:\n{shown}")
            file = self._directory / f"differences-{self._time:.0f}"
            file.write_text("\n".join(lines))
        return self._holdings()

    def _look(self):
        self._daemon.check_running()
        if self._poker.error:
            raise AssertionError(f"the poker: {self._poker.error!r}")
        self._injector.look(time.monotonic())

    def _holdings(self):
        return leaks.Holdings.of(self._daemon.pid, self._admin.actors())

    # -- checks ---------------------------------------------------------------

    def _check_leaks(self, before, first, last):
        deadline = time.monotonic() + LEAKS_WITHIN
        while leaks.differences(before, last) and time.monotonic() < deadline:
            time.sleep(0.5)
            last = self._holdings()
        for line in leaks.differences(before, last):
            self._fail(f"leaked: {line}")
        if not self._daemon.sanitized:
            for line in leaks.growth(first, last):
                self._fail(f"leaked: {line}")
        self.figures["longest calm, s"] = f"{max(self._calms):.1f}"
        self.figures["RSS, MiB"] = " / ".join(
            f"{each.rss:.1f}" for each in (before, first, last)
        )
        self.figures["descriptors"] = last.descriptors.total()
        self.figures["actors"] = last.actors.total()

    def _check_sessions(self):
        self._look()
        for each in self._peers.neighbors:
            name = each.who.name
            self._lost += len(each.losses)
            for loss in self._book.unexplained(name, list(each.losses)):
                self._fail(
                    f"{name}: its session ended without a fault of its own at"
                    f" {loss.at - self._began:.2f} s: {loss.why}"
                )
        for end in self._book.unexpected_ends:
            self._fail(f"an actor ended by itself: {end}")
        for each in self._peers.neighbors:
            for what in each.complaints[:5]:
                self._fail(what)

    def _check_ends(self):
        if self._daemon.process:
            for text in self._daemon.reports():
                self._fail(f"the daemon says:\n{text}")

    # -- what is shown --------------------------------------------------------

    def _progress(self):
        all_of = self._peers.neighbors
        struck = ", ".join(
            f"{kind} {count}"
            for kind, count in sorted(self._book.struck.items())
        )
        return (
            f"up {sum(n.up for n in all_of)}/{len(all_of)},"
            f" UPDATEs sent {sum(n.updates_sent for n in all_of)}"
            f" received {sum(n.updates_received for n in all_of)},"
            f" struck: {struck or 'none'}"
        )

    def _print_figures(self):
        all_of = self._peers.neighbors
        struck = self._book.struck if self._book else {}
        rows = {
            "seed": self.options.seed,
            "faults armed": self._injector.armed if self._injector else 0,
            "struck": sum(struck.values()),
            **{f"  {kind}": count for kind, count in sorted(struck.items())},
            "sessions lost by faults": self._lost,
            "attempts that failed": _sum(n.failed_attempts for n in all_of),
            "route refreshes": _sum(n.refreshes for n in all_of),
            "answers with 503": self._admin.busy,
            **self.figures,
            "seconds to end": f"{self._daemon.took:.1f}",
            "failures": len(self.failures),
        }
        for what, figure in rows.items():
            print(f"{what:28} {figure}", flush=True)


def _sum(counts):
    """One line of the counts of all."""
    total = collections.Counter()
    for each in counts:
        total.update(each)
    return ", ".join(f"{what}: {n}" for what, n in total.most_common()) or 0


def parse(arguments):
    root = pathlib.Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(
        description="Neighbours that announce and withdraw while actors of the"
        " daemon are made to throw; in the end everything must be right.",
    )
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, help="default: by chance")
    parser.add_argument(
        "--binary", default=root / "build" / "release" / "bin" / "trouped"
    )
    parser.add_argument(
        "--kinds",
        default=",".join(KINDS),
        help="kinds of actors that are hit (default: %(default)s)",
    )
    parser.add_argument(
        "--every",
        type=int,
        default=100,
        metavar="MS",
        help="time between two faults (default: %(default)s)",
    )
    parser.add_argument(
        "--rate",
        type=int,
        default=300,
        help="UPDATEs a second (default: %(default)s)",
    )
    parser.add_argument("--shards", type=int, default=4)
    parser.add_argument("--log-level", default="warn")
    parser.add_argument(
        "--keep", action="store_true", help="the directory with the log"
    )
    chosen = parser.parse_args(arguments)
    kinds = tuple(filter(None, chosen.kinds.split(",")))
    for kind in kinds:
        if kind not in KINDS:
            parser.error(f"{kind}: one of {', '.join(KINDS)}")
    return chosen, Options(
        binary=str(chosen.binary),
        seconds=chosen.minutes * 60,
        seed=random.randrange(1 << 32) if chosen.seed is None else chosen.seed,
        kinds=kinds,
        every=chosen.every / 1000,
        rate=chosen.rate,
        log_level=chosen.log_level,
        shards=chosen.shards,
    )


def main(arguments):
    chosen, options = parse(arguments)
    directory = tempfile.mkdtemp(prefix="troupe-chaos-")
    run = Run(options, directory)
    good = run.go()
    if chosen.keep or not good:
        print(f"kept: {directory}")
    else:
        shutil.rmtree(directory, ignore_errors=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
