"""A TCP connection of a neighbour that blocks nobody."""

import socket

HEADER = 19
CHUNK = 1 << 18
BLOCKED = (BlockingIOError, InterruptedError)


class Closed(Exception):
    """The connection is over; its text says how."""


class Link:
    """Bytes come and go as the loop finds the socket ready."""

    def __init__(self, connection, connected=True):
        self.socket = connection
        self.connected = connected
        self.inbox = b""
        self.outbox = bytearray()
        connection.setblocking(False)

    @classmethod
    def dial(cls, address, remote):
        """An attempt, which `wants_to_write` until it is decided."""
        connection = socket.socket()
        connection.setblocking(False)
        try:
            connection.bind((address, 0))
            connection.connect(remote)
        except BlockingIOError:
            pass
        except OSError:
            connection.close()
            raise
        return cls(connection, connected=False)

    def finish_dialling(self):
        error = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise Closed(f"cannot connect: {error}")
        self.connected = True

    def wants_to_write(self):
        return not self.connected or bool(self.outbox)

    def send(self, data):
        self.outbox += data
        self.flush()

    def flush(self):
        try:
            while self.outbox:
                with memoryview(self.outbox) as waiting:
                    written = self.socket.send(waiting[:CHUNK])
                del self.outbox[:written]
        except BLOCKED:
            pass
        except OSError as error:
            # What the daemon said before may still be read.
            self.outbox.clear()
            if not isinstance(error, (BrokenPipeError, ConnectionResetError)):
                raise Closed(str(error)) from error

    def messages(self):
        """The messages that have arrived: type and body of each.

        The end of the connection comes behind them.
        """
        end = None
        try:
            data = self.socket.recv(CHUNK)
            end = None if data else "the daemon closed"
        except BLOCKED:
            return
        except OSError as error:
            data, end = b"", f"broken: {error.strerror}"
        yield from self._split(data)
        if end:
            raise Closed(end)

    def _split(self, data):
        data = self.inbox + data
        at = 0
        while len(data) - at >= HEADER:
            size = int.from_bytes(data[at + 16 : at + 18], "big")
            if len(data) - at < size:
                break
            yield data[at + 18], data[at + HEADER : at + size]
            at += size
        self.inbox = data[at:]

    def close(self):
        self.socket.close()
