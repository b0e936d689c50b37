"""The table of rows: cases/*.cases, a row a line, columns separated by |."""

import dataclasses
import pathlib

from expectation import expectation
from octets import octets
from sessions import SESSIONS

STATES = ("delaying", "opensent", "openconfirm", "established", "second")


@dataclasses.dataclass
class Case:
    """One row, with its octets and expectation for its session."""

    name: str
    sections: str
    session_name: str
    state: str
    text: str
    expected_text: str

    def __post_init__(self):
        if self.state not in STATES:
            raise ValueError(f"no such state: {self.state}")
        self.session = SESSIONS[self.session_name]
        self.octets = octets(self.text, self.session.names())
        self.expected = expectation(self.expected_text, self.session)


def read_cases(directory):
    """All rows; a mistake in one is a ValueError with file and line."""
    cases = []
    for file in sorted(pathlib.Path(directory).glob("*.cases")):
        lines = file.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.startswith("#"):
                continue
            try:
                columns = [each.strip() for each in line.split("|")]
                cases.append(Case(*columns[:6]))
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"{file.name}:{number}: {error!r}") from error
    return cases
