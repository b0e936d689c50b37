"""The neighbours in a thread of their own, and what they keep saying."""

import concurrent.futures
import functools
import queue
import selectors
import socket
import threading
import time

from load import Load
from neighbor import Neighbor

TICK = 0.02  # seconds


class Peers(threading.Thread):
    """Runs all neighbours; others ask it by `call`."""

    def __init__(self, model, make_rng, load):
        super().__init__(name="neighbours", daemon=True)
        self._selector = selectors.DefaultSelector()
        self._asked = queue.SimpleQueue()
        self._wake, self._woken = socket.socketpair()
        self._woken.setblocking(False)
        self._ended = False
        self._masks = {}
        self.error = None
        self.model = model
        self.neighbors = [
            Neighbor(who, model.tables[who.name], self, make_rng(who.name))
            for who in model.neighbors.values()
        ]
        self.load = Load(self.neighbors, make_rng("load"), load)

    # -- for others -----------------------------------------------------------

    def call(self, function):
        """Runs it between two events of the loop, and gives what it gives."""
        if self.error:
            raise self.error
        future = concurrent.futures.Future()
        self._asked.put((function, future))
        self._wake.send(b"\0")
        while True:
            try:
                return future.result(timeout=1)
            except concurrent.futures.TimeoutError:
                if not self.is_alive():
                    raise self.error or RuntimeError("ended") from None

    def stop(self):
        if self.is_alive():
            self.call(self._finish)
            self.join()

    def _finish(self):
        self._ended = True
        for each in self.neighbors:
            each.stop()

    # -- for the neighbours ---------------------------------------------------

    def watch_listener(self, listener, accept):
        self._selector.register(listener, selectors.EVENT_READ, accept)

    def watch(self, neighbor):
        connection = neighbor.link.socket
        self._masks[connection] = selectors.EVENT_READ
        self._selector.register(
            connection,
            selectors.EVENT_READ,
            functools.partial(self._ready, neighbor, neighbor.link),
        )

    def forget(self, connection):
        self._masks.pop(connection, None)
        self._selector.unregister(connection)

    # -- the loop -------------------------------------------------------------

    def run(self):
        try:
            self._selector.register(
                self._woken, selectors.EVENT_READ, self._answer
            )
            for each in self.neighbors:
                each.start()
            self._loop()
        except Exception as error:  # shown by whoever asks next
            self.error = error
            raise

    def _loop(self):
        next_tick = time.monotonic()
        while not self._ended:
            for key, mask in self._selector.select(
                max(0, next_tick - time.monotonic())
            ):
                # What an earlier event has closed is not registered any more.
                if self._selector.get_map().get(key.fd) is not key:
                    continue
                if isinstance(key.data, functools.partial):
                    key.data(mask)
                else:
                    key.data()
            now = time.monotonic()
            if now >= next_tick:
                next_tick = now + TICK
                self._tick(now)

    def _tick(self, now):
        self.load.tick(now)
        for each in self.neighbors:
            each.timers(now)
            self._update_mask(each)

    def _ready(self, neighbor, link, mask):
        if neighbor.link is not link:
            return
        neighbor.ready(
            mask & selectors.EVENT_READ, mask & selectors.EVENT_WRITE
        )
        self._update_mask(neighbor)

    def _update_mask(self, neighbor):
        """Watches for room only while something waits to be written."""
        link = neighbor.link
        if not link:
            return
        wanted = selectors.EVENT_READ
        if link.wants_to_write():
            wanted |= selectors.EVENT_WRITE
        if self._masks[link.socket] != wanted:
            self._masks[link.socket] = wanted
            data = self._selector.get_key(link.socket).data
            self._selector.modify(link.socket, wanted, data)

    def _answer(self):
        try:
            while self._woken.recv(4096):
                pass
        except BlockingIOError:
            pass
        while not self._asked.empty():
            function, future = self._asked.get()
            try:
                future.set_result(function())
            except Exception as error:  # the asker's
                future.set_exception(error)
