"""What others see when an actor ends (docs/supervision.md)."""

import os
import random

from harness.process import Scene, require
from harness.replay import BINARIES
from rows import SILENT, Rows, of_neighbor
from run import Options

SEED = os.environ.get("TROUPE_CHAOS_SEED")


class RowsTest(Scene):
    def test_every_row_of_the_table(self):
        binary = os.path.abspath(os.path.join(BINARIES, "trouped"))
        require(os.access(binary, os.X_OK), binary)
        seed = int(SEED) if SEED else random.randrange(1 << 32)
        rows = Rows(Options(binary, 0, seed), self.directory)
        try:
            rows.prepare()
            for kind in SILENT:
                self.step(f"{kind}, while nobody talks")
                if kind == "exporter":
                    rows.one_new_route(kind)
                else:
                    rows.quiet_row(kind)
            for kind in SILENT:
                self.step(f"{kind}, under load")
                rows.row(kind)
            # Both keep their routes while they are gone: the first by
            # graceful restart, the second as it was our own failure.
            self.step("a connection")
            rows.row("connection", of_neighbor("n03"))
            self.step("a session")
            rows.row("session", of_neighbor("n05"))
            self.step("the router")
            rows.row("router")
        finally:
            rows.end()
        self.assertFalse(rows.failures, "\n".join(rows.failures))
