"""The octets of a row: hex digits and a few forms for what only counts.

    ff00            octets; spaces mean nothing
    NAME            what NAMES has under it
    3*( x )         x so many times
    short( x )      a length of one octet, then x
    long( x )       a length of two octets, then x
    message( t x )  marker, length and x, whose first octet is the type
    open( v a h i x )     an OPEN: version, AS, hold time, identifier, and all
                          behind it (it begins with the length of the parameters)
    update( w ; a ; n )   an UPDATE: withdrawn routes, attributes, NLRI
"""

import re
import struct

TOKEN = re.compile(r"\s*(?:(\d+)\*\(|([a-z]+)\(|([A-Z][A-Z0-9_]*)|([0-9a-f]+)|(\))|(;))")

MARKER = b"\xff" * 16


def message(body):
    return MARKER + struct.pack("!H", 18 + len(body)) + body


def short(body):
    return struct.pack("!B", len(body)) + body


def long(body):
    return struct.pack("!H", len(body)) + body


def update(withdrawn, attributes, nlri):
    return message(b"\x02" + long(withdrawn) + long(attributes) + nlri)


FORMS = {
    "short": short,
    "long": long,
    "message": message,
    "open": lambda body: message(b"\x01" + body),
    "update": update,
}


class Octets:
    """Reads one text; a mistake in it is a ValueError."""

    def __init__(self, text, names):
        self.text = text
        self.names = names
        self.at = 0

    def read(self):
        parts, closed = self._parts()
        if closed or len(parts) != 1:
            raise ValueError(f"stray ) or ; in {self.text!r}")
        return parts[0]

    def _parts(self):
        """What ; separates, up to the end or a closing bracket."""
        parts = [b""]
        while self.text[self.at :].strip():
            match = TOKEN.match(self.text, self.at)
            if not match:
                raise ValueError(f"{self.text[self.at :]!r} in {self.text!r}")
            self.at = match.end()
            times, form, name, digits, close, semicolon = match.groups()
            if close:
                return parts, True
            if semicolon:
                parts.append(b"")
            elif name:
                parts[-1] += self.names[name]
            elif digits:
                parts[-1] += bytes.fromhex(digits)
            else:
                parts[-1] += self._form(times, form)
        return parts, False

    def _form(self, times, form):
        parts, closed = self._parts()
        if not closed:
            raise ValueError(f"open bracket in {self.text!r}")
        if times:
            (part,) = parts
            return int(times) * part
        return FORMS[form](*parts)


def octets(text, names):
    return Octets(text, names).read()
