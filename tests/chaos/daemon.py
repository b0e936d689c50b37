"""The daemon under test: its file, its process, its end."""

import json
import os
import pathlib
import re
import secrets
import signal
import subprocess
import time

from harness.process import Process
from scenario import configuration

STOP_WITHIN = 3  # seconds
STOP_WITHIN_SANITIZED = 60
REPORT = re.compile(
    r"ERROR: (Address|Leak|Thread)Sanitizer|runtime error:|terminate called"
)


def is_sanitized(binary):
    return b"__asan_init" in pathlib.Path(binary).read_bytes()


class Daemon:
    """Runs in a directory of its own."""

    def __init__(self, binary, directory):
        self.binary = os.path.abspath(binary)
        self.directory = pathlib.Path(directory)
        self.sanitized = is_sanitized(binary)
        self.token_file = str(self.directory / "token")
        self.process = None
        self.took = 0.0  # to end

    def knows_supervision(self, who, settings):
        """Whether the binary takes the settings' `supervision`."""
        path = self._write("probe.json", configuration(who, settings))
        done = subprocess.run(
            [self.binary, "--config", path, "--check"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode and "supervision" not in done.stderr:
            raise AssertionError(f"the configuration is wrong: {done.stderr}")
        return done.returncode == 0

    def start(self, who, settings):
        path = self._write("chaos.json", configuration(who, settings))
        environment = dict(os.environ)
        environment.setdefault(
            "UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1"
        )
        self.process = Process(
            "trouped",
            [self.binary, "--config", path],
            self.directory,
            environment=environment,
        )

    def make_token(self):
        """What changes ask for; the daemon would make it, too."""
        token = secrets.token_hex(16)
        with open(
            os.open(self.token_file, os.O_WRONLY | os.O_CREAT, 0o600), "w"
        ) as file:
            file.write(token + "\n")
        return token

    def _write(self, name, document):
        path = self.directory / name
        path.write_text(json.dumps(document, indent=1))
        return str(path)

    @property
    def pid(self):
        return self.process.popen.pid

    @property
    def log(self):
        return self.process.log

    def check_running(self):
        self.process.check_running()

    def end(self):
        """Asks it to end; what is wrong with how it does."""
        popen = self.process.popen
        if popen.poll() is not None:
            return [f"the daemon has ended with {popen.returncode}"]
        most = STOP_WITHIN_SANITIZED if self.sanitized else STOP_WITHIN
        began = time.monotonic()
        popen.send_signal(signal.SIGTERM)
        try:
            code = popen.wait(most)
        except subprocess.TimeoutExpired:
            return [f"the daemon does not end within {most} s"]
        self.took = time.monotonic() - began
        if code != 0:
            return [f"the daemon ends with {code}: {self.process.tail()}"]
        return []

    def reports(self):
        """What sanitizers and the runtime say in the log."""
        text = self.log.read_text(errors="replace")
        found = REPORT.search(text)
        return [text[found.start() :][:4000]] if found else []

    def kill(self):
        if self.process:
            self.process.stop()
