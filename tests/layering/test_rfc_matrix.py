#!/usr/bin/env python3
"""scripts/rfc-matrix finds what is planted."""

import importlib.machinery
import importlib.util
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts/rfc-matrix"
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("rfc_matrix", str(SCRIPT))
matrix = importlib.util.module_from_spec(
    importlib.util.spec_from_loader("rfc_matrix", loader)
)
loader.exec_module(matrix)


def cited(text):
    return [(r, s) for _, r, s in matrix.citations(text.split("\n"))]


class Citations(unittest.TestCase):
    def test_sections_of_one_rfc_follow_each_other(self):
        self.assertEqual(
            cited("/// (RFC 4271 §4.4, §10, RFC 7606 §3 (g)); RFC 1997."),
            [(4271, "4.4"), (4271, "10"), (7606, "3"), (1997, "")],
        )

    def test_a_citation_goes_on_in_the_next_line_of_the_comment(self):
        self.assertEqual(
            cited("/// as it is (RFC 4271\n/// §5.1.3).\n/// More, RFC\n"
                  "/// 6286 §2.2."),
            [(4271, "5.1.3"), (6286, "2.2")],
        )

    def test_a_section_of_nothing_is_none(self):
        self.assertEqual(cited("// §7.3 of something, RFC number"), [])


class Names(unittest.TestCase):
    def named(self, text, line):
        return matrix.test_of(text.split("\n"), line)

    def test_a_test_owns_its_line_its_comment_and_its_body(self):
        text = ("// RFC 1\n// more\nTEST(A, B) { // RFC 2\n  int x; // RFC 3\n"
                "}\n\n// RFC 4\nint helper();\n")
        for line in (0, 1, 2, 3):
            self.assertEqual(self.named(text, line), "A.B")
        self.assertIsNone(self.named(text, 6))

    def test_python_tests_have_names_too(self):
        text = "class T:\n    def test_it(self):\n        # RFC 1\n        x()\n"
        self.assertEqual(self.named(text, 2), "test_it")


class Matrix(unittest.TestCase):
    def tree(self, root):
        files = {
            "protocol/a.cpp": "// RFC 4271 §4.1, §4.2, §6\n// RFC 1997\n",
            "tests/a.test.cpp": "TEST(A, B) { // RFC 4271 §4.1, §6.3\n}\n",
            "tests/cases/a.cases": "name | RFC 4271 §4.4 | ff | reset\n",
            "scripts/rfc-titles.txt": "4271 BGP\n1997 Communities\n",
            "scripts/rfc-from-memory.txt": "1997 not read\n4271§4.1 why\n",
            "docs/x": "",
        }
        for name, text in files.items():
            path = pathlib.Path(root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def run_script(self, root, *arguments):
        return subprocess.run(
            [sys.executable, "-B", SCRIPT, *arguments, root],
            capture_output=True,
            text=True,
            check=False,
        )

    def test_what_no_test_cites_is_told(self):
        with tempfile.TemporaryDirectory() as root:
            self.tree(root)
            self.assertEqual(self.run_script(root).returncode, 0)
            text = pathlib.Path(root, matrix.OUTPUT).read_text("utf-8")
        self.assertIn("\nRFC 1997, RFC 4271 §4.2.\n", text)
        self.assertIn("| §4.1 [memory] | `protocol/a.cpp` | `A.B` |", text)
        self.assertIn("| §6 | `protocol/a.cpp` | those of its subs", text)
        self.assertIn("| §4.4 |  | `tests/cases/a.cases` |", text)
        self.assertIn("## RFC 1997: Communities [memory]", text)
        self.assertIn("* RFC 4271 §4.1: why", text)

    def test_a_change_is_found(self):
        with tempfile.TemporaryDirectory() as root:
            self.tree(root)
            self.assertNotEqual(self.run_script(root, "--check").returncode, 0)
            self.run_script(root)
            self.assertEqual(self.run_script(root, "--check").returncode, 0)
            with open(f"{root}/protocol/a.cpp", "a", encoding="utf-8") as f:
                f.write("// RFC 4271 §9\n")
            found = self.run_script(root, "--check")
            self.assertNotEqual(found.returncode, 0)
            self.assertIn("run scripts/rfc-matrix", found.stderr)

    def test_a_title_that_is_missing_is_told(self):
        with tempfile.TemporaryDirectory() as root:
            self.tree(root)
            pathlib.Path(root, "rib").mkdir()
            pathlib.Path(root, "rib/x.hpp").write_text("// RFC 9999\n")
            found = self.run_script(root)
            self.assertIn("9999", found.stderr)
            self.assertNotEqual(found.returncode, 0)


if __name__ == "__main__":
    unittest.main()
