"""The whole Internet of July 2002: replay -> BIRD -> Troupe -> GoBGP, FRR."""

import os
import pathlib
import unittest

from harness.chain import ChainScene
from harness.process import require

DUMP = "bgpdump__bview.20020722.2337.gz"
PREFIXES = 112_988
FOLDER = pathlib.Path(
    os.environ.get("TROUPE_SOURCE_DIR", "."), "../shared/data/mrt"
)


class FullTableTest(ChainScene):
    WITH_TROUPE = not os.environ.get("TROUPE_INTEROP_CONTROL")

    def test_the_table_arrives_and_comes_again_after_a_flap(self):
        dump = (FOLDER / DUMP).resolve()
        require(dump.is_file(), dump)
        self.start_chain(2, ["--mrt", dump], with_troupe=self.WITH_TROUPE)
        loaded = self.replay.wait_event("loaded")
        self.assertEqual(loaded["prefixes"], PREFIXES)
        self.assertEqual(loaded["unreadable"], 0)

        self.wait_count("ipv4", PREFIXES, 180)
        self.check_equal("ipv4", PREFIXES)

        self.step("the source goes")
        self.replay.command("down")
        self.wait_count("ipv4", 0, 180)
        self.step("the source comes back")
        self.replay.command("up")
        self.wait_count("ipv4", PREFIXES, 180)
        self.check_equal("ipv4", PREFIXES)


if __name__ == "__main__":
    unittest.main()
