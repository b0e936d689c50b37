"""A BGP speaker of a few lines: says what a test tells it, byte by byte."""

import socket
import struct

MARKER = b"\xff" * 16


def message(kind, body=b""):
    return MARKER + struct.pack("!HB", 19 + len(body), kind) + body


def open_message(asn, identifier, hold=240):
    capabilities = bytes([1, 4, 0, 1, 0, 1, 65, 4]) + struct.pack("!I", asn)
    options = bytes([2, len(capabilities)]) + capabilities
    my_as = asn if asn < 65536 else 23456
    return message(
        1,
        struct.pack("!BHHIB", 4, my_as, hold, identifier, len(options))
        + options,
    )


def attributes(asn, number, next_hop=0x0A000001):
    """A set of its own for each number."""
    # Neither AS 0 nor that of a router under test may be in the path.
    path = struct.pack(
        "!BBIII", 2, 3, asn, 200_000 + number % 1000, 1_000_000 + number
    )
    return (
        b"\x40\x01\x01\x00"
        + bytes([0x40, 2, len(path)])
        + path
        + b"\x40\x03\x04"
        + struct.pack("!I", next_hop)
    )


def update(asn, number, prefixes):
    """Announces /24s, given as the upper 24 bits."""
    sets = attributes(asn, number)
    nlri = b"".join(b"\x18" + p.to_bytes(3, "big") for p in prefixes)
    return message(2, b"\x00\x00" + struct.pack("!H", len(sets)) + sets + nlri)


def withdrawal(prefixes):
    routes = b"".join(b"\x18" + p.to_bytes(3, "big") for p in prefixes)
    return message(2, struct.pack("!H", len(routes)) + routes + b"\x00\x00")


class Speaker:
    """A session to a daemon, up after `connect`."""

    def __init__(self, address, asn, identifier, hold=240, opening=None):
        """`opening` is the OPEN, if not the usual one."""
        self.address = address
        self.opening = opening or open_message(asn, identifier, hold)
        self.socket = None
        self.buffer = b""

    def connect(self, remote, port, receive_buffer=None):
        self.dial(remote, port, receive_buffer)
        self.send(self.opening)
        self.expect(1)
        self.send(message(4))
        self.expect(4)
        return self

    def dial(self, remote, port, receive_buffer=None):
        """Connects and says nothing."""
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(
                socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer
            )
        self.socket.bind((self.address, 0))
        self.socket.settimeout(30)
        self.socket.connect((remote, port))
        return self

    def send(self, data):
        self.socket.sendall(data)

    def receive(self):
        """The next message: its type and body; None at the end."""
        while True:
            if got := self.take():
                return got
            if not self.fill():
                return None

    def take(self):
        """The next message that has arrived as a whole, if there is one."""
        if len(self.buffer) < 19:
            return None
        size = int.from_bytes(self.buffer[16:18], "big")
        if len(self.buffer) < size:
            return None
        whole = self.buffer[:size]
        self.buffer = self.buffer[size:]
        return whole[18], whole[19:]

    def fill(self):
        """Waits for octets; False at the end."""
        more = self.socket.recv(1 << 16)
        self.buffer += more
        return bool(more)

    def expect(self, kind):
        """Reads until a message of this type comes; its body."""
        while True:
            got = self.receive()
            if got is None:
                raise AssertionError(f"closed before a message of type {kind}")
            if got[0] == kind:
                return got[1]
            if got[0] == 3:
                raise AssertionError(f"NOTIFICATION {got[1].hex()}")

    def drain(self, routes, seen=0):
        """Reads until so many prefixes were announced; how many they are."""
        while seen < routes:
            kind, body = self.receive()
            if kind != 2:
                continue
            withdrawn = int.from_bytes(body[:2], "big")
            at = 2 + withdrawn
            at += 2 + int.from_bytes(body[at : at + 2], "big")
            while at < len(body):
                at += 1 + (body[at] + 7) // 8
                seen += 1
        return seen

    def close(self):
        if self.socket:
            self.socket.close()
            self.socket = None
