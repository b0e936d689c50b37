"""Troupe: configuration, and what its admin endpoint says."""

import json
import os
import urllib.error
import urllib.request

from .daemon import Daemon
from .process import NotReady, Process, require
from .replay import BINARIES
from .route import Route, address, parse_as_path

FAMILIES = {"ipv4": "ipv4_unicast", "ipv6": "ipv6_unicast"}


# It names these communities (RFC 1997, RFC 3765, RFC 7999, RFC 8326, RFC 9494).
COMMUNITIES = {
    "no-export": "65535:65281",
    "no-advertise": "65535:65282",
    "no-export-subconfed": "65535:65283",
    "no-peer": "65535:65284",
    "blackhole": "65535:666",
    "graceful-shutdown": "65535:0",
    "llgr-stale": "65535:6",
    "no-llgr": "65535:7",
}


class Troupe(Daemon):
    """Takes everything and tells everything.

    `router` and `top` are further keys of the router and of the file.
    """

    def __init__(self, me, router=None, top=None):
        super().__init__(me)
        host = f"[{me.address}]" if ":" in me.address else me.address
        self.listen = f"{host}:{me.port}"
        # Its endpoint stays on loopback.
        self.admin = f"{'127.0.0.1' if ':' in me.address else host}:46760"
        self.router = router or {}
        self.ranges = []
        self.top = top or {}
        self.data_dir = None

    def peer(self, other, passive=False, **fields):
        """`fields` as in the configuration's neighbours."""
        self.peers.append((other, {"passive": passive, **fields}))
        return self

    def range(self, name, prefix, **fields):
        """Takes all that call from this prefix."""
        self.ranges.append({"name": name, "address": prefix, **fields})
        return self

    def start(self, directory):
        binary = os.path.abspath(os.path.join(BINARIES, "trouped"))
        require(os.access(binary, os.X_OK), binary)
        configuration = f"{directory}/{self.me.name}.json"
        with open(configuration, "w", encoding="utf-8") as file:
            json.dump(self._configuration(directory), file, indent=1)
        self.process = Process(
            self.me.name, [binary, "--config", configuration], directory
        )

    def _configuration(self, directory):
        self.data_dir = f"{directory}/{self.me.name}-data"
        everything = {"import": "accept", "export": "accept"}
        families = {
            "ipv4_unicast": {**everything, "next_hop": self.me.next_hop},
            "ipv6_unicast": {**everything, "next_hop": self.me.next_hop_v6},
        }
        return {
            "admin": {"listen": [self.admin]},
            "log": {"level": "info"},
            "data_dir": self.data_dir,
            **self.top,
            "routers": [
                {
                    "name": "main",
                    "asn": self.me.asn,
                    **self._membership(),
                    "router_id": self.me.router_id,
                    "listen": [self.listen],
                    "defaults": {
                        "local_address": self.me.address,
                        "multihop": 255,
                        "timers": {"hold": "90s", "connect_retry": "1s"},
                        "families": families,
                    },
                    "neighbors": [
                        {
                            "name": other.name,
                            "address": other.address,
                            "port": other.port,
                            "remote_asn": other.asn,
                            **fields,
                        }
                        for other, fields in self.peers
                    ]
                    + self.ranges,
                    **self.router,
                }
            ],
        }

    def _membership(self):
        if not self.confederation:
            return {}
        identifier, others = self.confederation
        return {
            "confederation": {
                "identifier": identifier,
                "members": list(others),
            }
        }

    def get(self, path):
        try:
            with urllib.request.urlopen(
                f"http://{self.admin}{path}", timeout=30
            ) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error}: {error.read()}") from error
        except OSError as error:
            raise NotReady(f"{path}: {error}") from error

    def post(self, path, body=None):
        """Asks for a change, with the token that the daemon has made."""
        with open(f"{self.data_dir}/token", encoding="ascii") as file:
            token = file.readline().strip()
        request = urllib.request.Request(
            f"http://{self.admin}{path}",
            json.dumps(body or {}).encode(),
            {"Authorization": f"Bearer {token}"},
            method="POST",
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def routes(self, view="loc", neighbor=None, family="ipv4"):
        """All paths of a view, as the endpoint tells them."""
        question = f"/v1/routes?family={FAMILIES[family]}&view={view}"
        if neighbor:
            question += f"&neighbor={neighbor.name}"
        return self.get(f"{question}&limit=10000")["routes"]

    def neighbor(self, peer):
        for each in self.get("/v1/neighbors")["neighbors"]:
            if each["name"] == peer.name:
                return each
        raise AssertionError(f"no neighbour {peer.name}")

    def established(self, peer):
        return self.neighbor(peer)["state"] == "Established"

    def count(self, family="ipv4"):
        (router,) = self.get("/v1/rib")["routers"]
        return router["families"][FAMILIES[family]]["prefixes"]

    def table(self, family="ipv4", neighbor=None, view="loc"):
        """The best routes, or a view of one neighbour's."""
        question = f"/v1/routes?family={FAMILIES[family]}&view={view}"
        if neighbor:
            question += f"&neighbor={neighbor.name}"
        routes = {}
        cursor = ""
        while True:
            page = self.get(f"{question}&limit=1000{cursor}")
            for item in page["routes"]:
                if view == "loc" and not item["best"]:
                    continue
                routes[item["prefix"]] = _route(item)
            if not page.get("next_cursor"):
                return routes
            cursor = f"&cursor={page['next_cursor']}"


def _route(item):
    aggregator = item.get("aggregator")
    return Route(
        as_path=parse_as_path(item["as_path_text"]),
        next_hop=item["next_hop"] and address(item["next_hop"]),
        origin=item["origin"].lower(),
        med=item.get("med"),
        communities=frozenset(
            COMMUNITIES.get(c, c) for c in item.get("communities") or []
        ),
        large_communities=frozenset(item.get("large_communities") or []),
        extended_communities=frozenset(item.get("extended_communities") or []),
        aggregator=aggregator and f"{aggregator['as']} {aggregator['address']}",
        atomic=bool(item.get("atomic_aggregate")),
    )
