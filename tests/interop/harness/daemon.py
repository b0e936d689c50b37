"""What all daemons have in common."""


class Daemon:
    """A daemon of a scene: who it is, its neighbours, its process.

    Each kind adds `start(directory)`, `established(peer)`, `count(family)`
    and `table(family)`; a family is "ipv4" or "ipv6".
    """

    def __init__(self, me):
        self.me = me
        self.peers = []
        self.extra = {}
        self.process = None
        self.confederation = None

    def peer(self, other, passive=False, **extra):
        """Adds a neighbour, to be called or, if passive, to call.

        `extra` is text for its configuration, under names that each kind of
        daemon has of its own.
        """
        self.peers.append((other, passive))
        self.extra[other.name] = extra
        return self

    def member_of(self, identifier, *others):
        """Makes its AS a member of a confederation with these other ones."""
        self.confederation = (identifier, others)
        return self

    def stop(self):
        if self.process:
            self.process.stop()
