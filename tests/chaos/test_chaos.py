"""The short form of scripts/chaos: TROUPE_CHAOS_SECONDS of faults."""

import os
import random

from harness.process import Scene, require
from harness.replay import BINARIES
from run import Options, Run

SECONDS = float(os.environ.get("TROUPE_CHAOS_SECONDS", "60"))
SEED = os.environ.get("TROUPE_CHAOS_SEED")


class Chaos(Scene):
    def test_everything_is_right_after_all_sorts_of_failures(self):
        binary = os.path.abspath(os.path.join(BINARIES, "trouped"))
        require(os.access(binary, os.X_OK), binary)
        seed = int(SEED) if SEED else random.randrange(1 << 32)
        run = Run(Options(binary, SECONDS, seed), self.directory)
        self.assertTrue(run.go(), "\n".join(run.failures))
