"""What scripts/cluster-ca makes, and what it leaves alone."""

import os
import pathlib
import subprocess
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "cluster-ca"


class ClusterCaTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.directory = pathlib.Path(temporary.name, "pki")

    def make(self, *arguments, status=0):
        done = subprocess.run(
            [SCRIPT, *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.directory.parent,
        )
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def openssl(self, *arguments):
        return subprocess.run(
            ["openssl", *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.directory,
        )

    def verify(self, certificate, ca="ca.crt", purpose="sslserver"):
        return self.openssl(
            "verify", "-purpose", purpose, "-CAfile", ca, certificate
        ).returncode

    def files(self):
        return {f.name: f.read_bytes() for f in self.directory.iterdir()}

    def test_each_node_gets_what_proves_its_name_both_ways(self):
        self.make("pki", "a", "b-2.example")
        self.assertEqual(
            set(self.files()),
            {f"{n}.{e}" for n in ("ca", "a", "b-2.example") for e in ("crt", "key")},
        )
        for name in ("a", "b-2.example"):
            for purpose in ("sslserver", "sslclient"):
                self.assertEqual(self.verify(f"{name}.crt", purpose=purpose), 0)
            shown = self.openssl("x509", "-in", f"{name}.crt", "-noout", "-subject")
            self.assertEqual(shown.stdout.strip(), f"subject=CN = {name}")
            of_key = self.openssl("pkey", "-in", f"{name}.key", "-pubout").stdout
            of_it = self.openssl("x509", "-in", f"{name}.crt", "-noout", "-pubkey")
            self.assertEqual(of_key, of_it.stdout)
        # No node can sign for another.
        self.assertNotEqual(self.verify("b-2.example.crt", ca="a.crt"), 0)

    def test_keys_are_for_nobody_else(self):
        self.make("pki", "a")
        for file in self.directory.iterdir():
            mode = file.stat().st_mode & 0o777
            self.assertEqual(mode, 0o600 if file.suffix == ".key" else 0o644)

    def test_what_is_there_stays(self):
        self.make("pki", "a")
        before = self.files()
        self.make("pki", "a", "b")
        after = self.files()
        self.assertEqual({n: after[n] for n in before}, before)
        self.assertEqual(self.verify("b.crt"), 0)

    def test_renewal_is_by_the_same_ca(self):
        self.make("pki", "a", "b")
        before = self.files()
        self.make("--renew", "--days", "30", "pki", "a")
        after = self.files()
        changed = {n for n in before if before[n] != after[n]}
        self.assertEqual(changed, {"a.crt", "a.key"})
        self.assertEqual(self.verify("a.crt"), 0)
        thirty_one_days = str(31 * 86400)
        ends = self.openssl(
            "x509", "-in", "a.crt", "-noout", "-checkend", thirty_one_days
        )
        self.assertEqual(ends.returncode, 1)

    def test_nothing_is_made_of_nonsense(self):
        for wrong in (
            (),
            ("pki",),
            ("pki", "../a"),
            ("pki", "ca"),
            ("pki", "a b"),
            ("pki", ""),
            ("--days", "0", "pki", "a"),
            ("--days",),
            ("--unknown", "pki", "a"),
        ):
            self.make(*wrong, status=2)
        self.assertFalse(self.directory.exists())

    def test_a_ca_without_its_key_signs_nothing_and_is_not_replaced(self):
        self.make("pki", "a")
        os.remove(self.directory / "ca.key")
        before = self.files()
        done = self.make("pki", "b", status=2)
        self.assertIn("ca.key is missing", done.stderr)
        self.assertEqual(self.files(), before)
