"""What all daemons have in common."""


class Daemon:
    """A daemon of a scene: who it is, its neighbours, its process.

    Each kind adds `start(directory)`, `established(peer)`, `count(family)`
    and `table(family)`; a family is "ipv4" or "ipv6".
    """

    def __init__(self, me):
        self.me = me
        self.peers = []
        self.process = None
        self.confederation = None

    def peer(self, other, passive=False):
        """Adds a neighbour, to be called or, if passive, to call."""
        self.peers.append((other, passive))
        return self

    def member_of(self, identifier, *others):
        """Makes its AS a member of a confederation with these other ones."""
        self.confederation = (identifier, others)
        return self

    def stop(self):
        if self.process:
            self.process.stop()
