"""What the neighbours keep saying: announcements, withdrawals, bursts."""

from scenario import UNIVERSE
from wire import MOST_NLRI, Attributes

PALETTE = 40  # sets of attributes that a neighbour chooses among
AT_FIRST = 500  # prefixes of a table
BURST = 200
FIRST_FILLER = 200_000  # ASes that nobody here has


class Load:
    """Changes the tables of the model, and has the neighbours say so.

    `rate` is how many UPDATEs a second all of them send together.
    """

    def __init__(self, neighbors, rng, load):
        self._neighbors = neighbors
        self._rng = rng
        self.rate, pool = load
        self.running = False
        self.fixed = frozenset()  # what it leaves as it is
        self.skipped = 0
        self._last = None
        self._next_burst = self._next_refresh = 0.0
        self._universe = {}
        self._palettes = {}
        for each in neighbors:
            name = each.who.name
            self._universe[name] = rng.sample(pool, min(UNIVERSE, len(pool)))
            self._palettes[name] = [
                self._attributes(each.who) for _ in range(PALETTE)
            ]
            for key in self._universe[name][:AT_FIRST]:
                each.table[key] = rng.choice(self._palettes[name])

    def _attributes(self, who):
        rng = self._rng
        fillers = rng.sample(
            range(FIRST_FILLER, FIRST_FILLER + 1000), rng.randrange(5)
        )
        communities = {
            100 << 16 | rng.randrange(1000) for _ in range(rng.randrange(4))
        }
        return Attributes(
            path=(who.asn, *fillers),
            origin=rng.choice((0, 0, 0, 1, 2)),
            next_hop=who.number,
            med=rng.choice((None, None, rng.randrange(100))),
            communities=tuple(sorted(communities)),
        )

    def _any_attributes(self, neighbor):
        """One of its palette, which changes slowly."""
        palette = self._palettes[neighbor.who.name]
        at = self._rng.randrange(len(palette))
        if self._rng.random() < 0.05:
            palette[at] = self._attributes(neighbor.who)
        return palette[at]

    def tick(self, now):
        if not self.running:
            self._last = None
            return
        if self._last is None:
            self._last = now
        due = int((now - self._last) * self.rate)
        self._last += due / self.rate
        for _ in range(min(due, self.rate)):
            neighbor = self._rng.choice(self._neighbors)
            if neighbor.may_say_more():
                self._one_change(neighbor)
            else:
                self.skipped += 1
        if now >= self._next_burst:
            self._next_burst = now + self._rng.expovariate(0.5)
            self._burst(self._rng.choice(self._neighbors))
        if now >= self._next_refresh:
            self._next_refresh = now + self._rng.expovariate(0.5)
            self._rng.choice(self._neighbors).ask_for_refresh()

    def _one_change(self, neighbor):
        kind = self._rng.random()
        count = self._rng.choice((1, 1, 1, 2, 3, 5, 8))
        if kind < 0.65:
            self._change(neighbor, 0, count)
        elif kind < 0.83:
            self._change(neighbor, count, 0)
        elif kind < 0.93:
            self._change(neighbor, count, count)
        else:  # back and forth at once
            for key in self._some_of(neighbor.table, 1):
                self._apply(neighbor, [key], ())
                self._apply(neighbor, (), [key])

    def _burst(self, neighbor):
        kind = self._rng.randrange(3)
        if kind != 1:
            self._change(neighbor, BURST, 0)
        if kind != 0:
            for _ in range(8):
                self._change(neighbor, 0, BURST // 8)

    def _change(self, neighbor, fewer, more):
        gone = self._some_of(neighbor.table, fewer)
        universe = self._universe[neighbor.who.name]
        come = self._rng.sample(universe, min(more, len(universe)))
        self._apply(neighbor, sorted(set(gone) - set(come)), come)

    def _some_of(self, table, count):
        free = [key for key in table if key not in self.fixed]
        return self._rng.sample(free, min(count, len(free)))

    def _apply(self, neighbor, gone, come):
        assert len(gone) <= MOST_NLRI and len(come) <= MOST_NLRI
        attributes = self._any_attributes(neighbor) if come else None
        for key in gone:
            del neighbor.table[key]
        for key in come:
            neighbor.table[key] = attributes
        if gone or come:
            neighbor.say(gone, attributes, come)
