#!/usr/bin/env python3
"""Fails where the sources break the rules of ARCHITECTURE.md.

usage: layering.py ROOT

Rules: an include never points against protocol <- rib <- config <- cluster <-
actors <- admin <- cmd; the first four know no CAF, socket, clock, log or thread;
no source file is longer than 500 lines unless it says that it is a table.
"""

import pathlib
import re
import sys

LAYERS = ["protocol", "rib", "config", "cluster", "actors", "admin", "cmd"]
CORE = LAYERS[:4]
# Tests and tools may use every layer; only their length counts.
FREE = ["tests", "bench"]

MAX_LINES = 500
TABLE_MARKER = "// layering: a table"

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')

# What the core must not include, and the files that may.
FORBIDDEN_INCLUDES = [
    ("CAF", re.compile(r"^caf/"), []),
    (
        "a socket",
        re.compile(
            r"^(sys/(socket|epoll|eventfd|timerfd|un|ioctl|poll|select)\.h"
            r"|netinet/.*|net/.*|linux/.*|netdb\.h|poll\.h|unistd\.h)$"
        ),
        [],
    ),
    ("a socket", re.compile(r"^arpa/inet\.h$"), [r"^protocol/address\.cpp$"]),
    ("a log", re.compile(r"^spdlog/"), []),
    (
        "a thread",
        re.compile(
            r"^(thread|mutex|shared_mutex|condition_variable|future"
            r"|stop_token|semaphore|latch|barrier|pthread\.h)$"
        ),
        [r"^rib/attribute_pool[^/]*$", r"^rib/pool/"],
    ),
    ("a clock", re.compile(r"^(ctime|time\.h|sys/time\.h)$"), []),
]

# What the core must not name: <chrono> is needed for durations, its clocks
# are not.
FORBIDDEN_WORDS = [
    (
        "a clock",
        re.compile(
            r"\b(steady_clock|system_clock|high_resolution_clock"
            r"|utc_clock|clock_gettime|gettimeofday)\b"
        ),
    ),
    ("a log", re.compile(r"\bspdlog::|\bstd::(cout|cerr|clog)\b")),
    ("a random device", re.compile(r"\bstd::random_device\b")),
]


def without_comments(text):
    """The text with comments and literals blanked, its lines kept."""
    pattern = re.compile(
        r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.DOTALL
    )

    def blank(match):
        if match.group(0).startswith('"'):
            return '""'
        return "\n" * match.group(0).count("\n")

    return pattern.sub(blank, text)


def includes(text):
    """(line number, quoted?, target) of every include."""
    for number, line in enumerate(text.split("\n"), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1) == '"', match.group(2)


def check_direction(path, text, layer):
    for number, quoted, target in includes(text):
        if not quoted:
            continue
        parts = target.split("/")
        where = f"{path}:{number}"
        if parts[0] in FREE:
            yield f"{where}: {layer} includes {target}"
        elif parts[0] in LAYERS:
            if LAYERS.index(parts[0]) > LAYERS.index(layer):
                yield f"{where}: {layer} must not know {parts[0]} ({target})"
        elif not target.endswith((".pb.h", ".pb.cc")):
            yield f"{where}: write {target} from the root of the repository"


def check_core(path, text):
    for number, _, target in includes(text):
        for what, pattern, allowed in FORBIDDEN_INCLUDES:
            if not pattern.search(target):
                continue
            if any(re.search(a, path) for a in allowed):
                continue
            yield f"{path}:{number}: must not know {what} (<{target}>)"
    for number, line in enumerate(without_comments(text).split("\n"), 1):
        for what, pattern in FORBIDDEN_WORDS:
            match = pattern.search(line)
            if match:
                yield (
                    f"{path}:{number}: must not know {what}"
                    f" ({match.group(0)})"
                )


def check_length(path, text):
    lines = text.count("\n")
    if lines > MAX_LINES and TABLE_MARKER not in text:
        yield f"{path}: {lines} lines, more than {MAX_LINES}"


def check_header(path, text):
    if path.endswith(".hpp") and "#pragma once" not in text:
        yield f"{path}: a header without #pragma once"


def check(root):
    """Every violation below the root, and the number of files read."""
    root = pathlib.Path(root)
    violations = []
    count = 0
    for top in LAYERS + FREE:
        for file in sorted((root / top).rglob("*.[ch]pp")):
            path = file.relative_to(root).as_posix()
            text = file.read_text(encoding="utf-8")
            count += 1
            violations += check_length(path, text)
            violations += check_header(path, text)
            if top in LAYERS:
                violations += check_direction(path, text, top)
            if top in CORE:
                violations += check_core(path, text)
    return violations, count


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    violations, count = check(sys.argv[1])
    for violation in violations:
        print(violation)
    print(f"{count} files, {len(violations)} violations")
    if count == 0:
        print("no source files: the wrong root?", file=sys.stderr)
        return 1
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
