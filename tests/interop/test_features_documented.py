"""The table of features in docs/interop.md names tests that are there."""

import importlib
import inspect
import os
import re
import unittest

SOURCE = os.environ["TROUPE_SOURCE_DIR"]
PEERS = ["Bird", "Frr", "Gobgp", "Openbgpd", "Exabgp"]


def rows():
    """The features of the table: their names and a cell for each peer."""
    with open(f"{SOURCE}/docs/interop.md", encoding="utf-8") as file:
        text = file.read()
    section = text.split("\n## Features\n")[1].split("\n## ")[0]
    for line in section.splitlines():
        if line.startswith("| ") and "BIRD 2" not in line:
            name, *cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
            yield name, cells


class DocumentedTest(unittest.TestCase):
    def test_each_cell_has_its_test(self):
        seen = 0
        for name, cells in rows():
            self.assertEqual(len(cells), len(PEERS), name)
            for peer, cell in zip(PEERS, cells):
                with self.subTest(feature=name, peer=peer):
                    self.check(cell, peer)
                seen += 1
        self.assertGreater(seen, 100)

    def check(self, cell, peer):
        self.assertRegex(cell, r"^(yes: `|no: )")
        for file, name in re.findall(r"`(\w+)\.([A-Z]\w+)`", cell):
            module = importlib.import_module(f"test_features_{file}")
            tests = inspect.getsource(getattr(module, name))
            # A call of its class, of a function of its name, or a tuple.
            self.assertRegex(
                tests,
                rf"\b({peer}|{peer.lower()}_\w+)\(|[(\s]{peer}[,)]",
            )
        for file in re.findall(r"`(test_\w+)\.py`", cell):
            self.assertTrue(os.path.exists(f"{file}.py"), file)


if __name__ == "__main__":
    unittest.main()
