"""What ought to be: who announces what, what is best, who is told what."""

from wire import Attributes

LOCAL = "local"  # what the daemon calls itself as a source


class Model:
    """The tables of all neighbours at this moment, by their names.

    `originated` are prefixes of the daemon's own, better than anybody's.
    """

    def __init__(self, neighbors, asn, originated=()):
        self.neighbors = {who.name: who for who in neighbors}
        self.asn = asn
        self.originated = frozenset(originated)
        self.tables = {name: {} for name in self.neighbors}

    def _rank(self, name, attributes):
        """RFC 4271 §9.1.2.2, as far as these neighbours can differ: each has
        an AS of its own, so no two MEDs are compared."""
        return (
            len(attributes.path),
            attributes.origin,
            self.neighbors[name].router_id,
        )

    def loc_rib(self):
        """Prefix -> who is best, and its attributes."""
        best = {}
        ranks = {}
        for name, table in self.tables.items():
            for key, attributes in table.items():
                rank = self._rank(name, attributes)
                if key not in ranks or rank < ranks[key]:
                    ranks[key] = rank
                    best[key] = (name, attributes)
        for key in self.originated:
            best[key] = (LOCAL, Attributes())
        return best

    def told(self, loc_rib):
        """By neighbour, what it must have been told: all but its own."""
        tables = {}
        alike = {}  # those who are told the same
        for name, who in self.neighbors.items():
            kind = (who.local, who.tags)
            if kind not in alike:
                alike[kind] = self._exported(who, loc_rib)
            tables[name] = {
                key: attributes
                for key, attributes in alike[kind].items()
                if loc_rib[key][0] != name
            }
        return tables

    def _exported(self, who, loc_rib):
        known = {}
        table = {}
        for key, (_, attributes) in loc_rib.items():
            if attributes not in known:
                known[attributes] = attributes._replace(
                    path=(self.asn, *attributes.path),
                    next_hop=who.local_number,
                    med=None,
                    communities=tuple(
                        sorted({*attributes.communities, *who.tags})
                    ),
                )
            table[key] = known[attributes]
        return table


def differences(what, expected, found, show, most=2):
    """Lines that tell how two tables differ; none where they do not."""
    if expected == found:
        return []
    lines = []
    for title, keys in (
        ("is missing", sorted(expected.keys() - found.keys())),
        ("is too much", sorted(found.keys() - expected.keys())),
        (
            "differs",
            sorted(
                k
                for k in expected.keys() & found.keys()
                if expected[k] != found[k]
            ),
        ),
    ):
        if not keys:
            continue
        lines.append(f"{what}: {len(keys)} {title} of {len(expected)}")
        for key in keys[:most]:
            lines.append(f"  {show(key)}:")
            if key in expected:
                lines.append(f"    expected {expected[key]}")
            if key in found:
                lines.append(f"    found    {found[key]}")
    return lines
