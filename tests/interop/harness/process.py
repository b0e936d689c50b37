"""Processes that end with the test, and waiting for what can be observed."""

import ctypes
import fcntl
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


def in_ci():
    return bool(os.environ.get("CI"))


def require(condition, what):
    """Skips the test, or in CI fails it, where something is not installed."""
    if condition:
        return
    if in_ci():
        raise AssertionError(f"in CI this must be there: {what}")
    raise unittest.SkipTest(f"missing: {what}")


def program(name, *directories):
    """The path of an installed program; the directories come first."""
    path = os.pathsep.join([*directories, os.environ.get("PATH", "")])
    found = shutil.which(name, path=path)
    require(found, name)
    return found


class NotReady(Exception):
    """A daemon does not answer, or not yet."""


def wait_until(condition, seconds, what, alive=()):
    """Polls until the condition gives something true, and returns that.

    A daemon that does not answer yet is waited for. Fails at the deadline, and
    at once when one of the processes has ended.
    """
    deadline = time.monotonic() + seconds
    while True:
        reason = ""
        try:
            result = condition()
            if result:
                return result
        except NotReady as error:
            reason = f" ({error})"
        for process in alive:
            process.check_running()
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}{reason}")
        time.sleep(0.1)


def _die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Process:
    """A program in the foreground with its output in a file."""

    def __init__(
        self,
        name,
        argv,
        directory,
        stdin=subprocess.DEVNULL,
        environment=None,
    ):
        self.name = name
        self.log = pathlib.Path(directory, f"{name}.out")
        with open(self.log, "ab") as out:
            self.popen = subprocess.Popen(
                argv,
                stdin=stdin,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=directory,
                env=environment,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    def check_running(self):
        if self.popen.poll() is not None:
            raise AssertionError(
                f"{self.name} has ended with {self.popen.returncode}:"
                f" {self.tail()}"
            )

    def tail(self, size=2000):
        return self.log.read_text(errors="replace")[-size:]

    def stop(self, seconds=5):
        """Ends the process and what it has started; its exit code."""
        if self.popen.stdin:
            self.popen.stdin.close()
        for sign in (signal.SIGTERM, signal.SIGKILL):
            if self.popen.poll() is None:
                self._signal_group(sign)
            try:
                self.popen.wait(seconds)
                break
            except subprocess.TimeoutExpired:
                pass
        # Children that outlived the leader of the group.
        self._signal_group(signal.SIGKILL)
        return self.popen.returncode

    def _signal_group(self, sign):
        try:
            os.killpg(self.popen.pid, sign)
        except ProcessLookupError:
            pass


def run(argv, timeout=60):
    """The standard output of a command; NotReady if it fails."""
    done = subprocess.run(
        argv, capture_output=True, text=True, timeout=timeout, check=False
    )
    if done.returncode != 0:
        raise NotReady(
            f"{argv[0]} has ended with {done.returncode}:"
            f" {done.stdout[-300:]}{done.stderr[-300:]}"
        )
    return done.stdout


def run_json(argv, timeout=60):
    text = run(argv, timeout)
    try:
        return json.loads(text)
    except ValueError as error:
        raise NotReady(f"no JSON: {text[:200]}") from error


class Scene(unittest.TestCase):
    """A test with a directory and daemons that end with it.

    Its addresses are fixed, so there is one at a time on a machine.
    """

    def run(self, result=None):
        self._result = result or self.defaultTestResult()
        self._flaws_before = self._flaws()
        return super().run(self._result)

    def _flaws(self):
        return len(self._result.failures) + len(self._result.errors)

    def setUp(self):
        lock = open(f"{tempfile.gettempdir()}/troupe-interop.lock", "w")
        self.addCleanup(lock.close)
        fcntl.flock(lock, fcntl.LOCK_EX)
        self.directory = tempfile.mkdtemp(prefix="troupe-interop-")
        os.chmod(self.directory, 0o755)
        self.daemons = []
        self.addCleanup(self._clean_up)

    def start(self, daemon):
        """Starts a daemon that stops with the test, and returns it."""
        self.daemons.append(daemon)
        daemon.start(self.directory)
        return daemon

    def wait(self, condition, seconds, what):
        processes = [d.process for d in self.daemons if d.process]
        return wait_until(condition, seconds, what, processes)

    def step(self, text):
        """Shows progress: a run takes minutes."""
        print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)

    def _clean_up(self):
        for daemon in reversed(self.daemons):
            daemon.stop()
        failed = self._flaws() > self._flaws_before
        if failed:
            for daemon in self.daemons:
                if daemon.process:
                    print(f"--- {daemon.process.name}")
                    print(daemon.process.tail())
        if failed and os.environ.get("TROUPE_KEEP"):
            print(f"kept: {self.directory}")
        else:
            shutil.rmtree(self.directory, ignore_errors=True)
