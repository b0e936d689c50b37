"""Who takes part: twenty neighbours of all sorts, and the daemon's file."""

import dataclasses
import ipaddress
import typing

from wire import nlri, prefix_text

NETWORK = "127.0.120."  # no other test has these
LOCAL = (NETWORK + "1", NETWORK + "2")
STRANGER = NETWORK + "250"
PORT = 12079
ADMIN = NETWORK + "1:46770"

ASN = 64900
FIRST_ASN = 65101
TAG = ASN << 16 | 7
HOLD = 9
NEIGHBORS = 20
PREFIXES = 2000  # among them; each neighbour may have some of these:
UNIVERSE = 720


@dataclasses.dataclass(frozen=True)
class Neighbor:
    """What is fixed of a neighbour."""

    name: str
    address: str
    asn: int
    router_id: int
    local: str  # the daemon's address of the session
    dials: bool  # or else is dialled
    refresh: str = ""  # "", "plain" (RFC 2918) or "enhanced" (RFC 7313)
    restart: str = ""  # "", "lost" or "forwarding" (RFC 4724)
    restart_time: int = 30
    extended: bool = False  # messages (RFC 8654)
    tags: tuple = ()  # communities that the daemon adds

    @property
    def local_number(self):
        return int(ipaddress.IPv4Address(self.local))

    @property
    def number(self):
        return int(ipaddress.IPv4Address(self.address))


def neighbors(rng):
    """Every feature with every other; some update groups have one member."""
    identifiers = rng.sample(range(0x0A780001, 0x0A7800FF), NEIGHBORS)
    return [
        Neighbor(
            name=f"n{i:02}",
            address=f"{NETWORK}{101 + i}",
            asn=FIRST_ASN + i,
            router_id=identifiers[i],
            local=LOCAL[i // 2 % 2],
            dials=i % 2 == 0,
            refresh=("", "plain", "enhanced", "enhanced", "plain")[i % 5],
            restart=("forwarding", "lost", "")[i % 3],
            extended=i % 7 in (3, 6),
            tags=(TAG,) if i in (7, 16) else (),
        )
        for i in range(NEIGHBORS)
    ]


def prefixes(rng, count=PREFIXES):
    """Prefixes of many lengths, some within others."""
    found = {}
    while len(found) < count:
        length = rng.choice((12, 16, 19, 20, 22, 23, 24, 24, 24, 24, 28, 32))
        network = rng.randrange(20 << 24, 60 << 24)
        if rng.random() < 0.3 and found:  # within one that is there
            inside = rng.choice(list(found.values()))
            network = inside | network & 0xFFFFF
        network &= 0xFFFFFFFF << (32 - length) & 0xFFFFFFFF
        found[nlri(network, length)] = network
    return list(found)


@dataclasses.dataclass(frozen=True)
class Settings:
    """What may differ from run to run."""

    directory: str
    originated: tuple
    supervision: bool = True
    log_level: str = "warn"
    shards: int = 4
    token_file: typing.Optional[str] = None


def configuration(who, settings):
    """The daemon's file."""
    top = {}
    if settings.supervision:
        top["supervision"] = {
            "restarts": 1_000_000,
            "within": "60s",
            "first_backoff": "100ms",
            "longest_backoff": "1s",
        }
    return {
        "admin": {"listen": [ADMIN], "token_file": settings.token_file},
        "log": {"level": settings.log_level},
        "data_dir": f"{settings.directory}/data",
        "fault_injection": True,
        **top,
        "routers": [
            {
                "name": "main",
                "asn": ASN,
                "router_id": "10.120.0.1",
                "shards": settings.shards,
                "listen": [f"{address}:{PORT}" for address in LOCAL],
                "originate": [prefix_text(k) for k in settings.originated],
                "policies": {
                    "tagged": [
                        {
                            "set": {"communities": {"add": [f"{ASN}:7"]}},
                            "then": "accept",
                        }
                    ]
                },
                "defaults": {
                    "port": PORT,
                    "multihop": 255,
                    "timers": {
                        "hold": f"{HOLD}s",
                        "connect_retry": "500ms",
                        # Who fails again and again waits up to 120 s in Idle
                        # (DampPeerOscillations): here 1 s, so that sessions
                        # are there to be hit.
                        "idle_hold_jitter": [0.005, 0.01],
                    },
                },
                "neighbors": [_neighbor(each) for each in who],
            }
        ],
    }


def _neighbor(who):
    return {
        "name": who.name,
        "address": who.address,
        "remote_asn": who.asn,
        "local_address": who.local,
        "passive": who.dials,
        "families": {
            "ipv4_unicast": {
                "import": "accept",
                "export": "tagged" if who.tags else "accept",
            }
        },
    }
