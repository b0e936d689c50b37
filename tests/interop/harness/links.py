"""Network namespaces with cables between them, and daemons inside: what needs
interfaces of its own. Needs root."""

import http.client
import json
import os
import socket

from .daemon import Daemon
from .process import NotReady, Process, program, require, run, run_json
from .replay import BINARIES
from .troupe import Troupe


class Namespace:
    """A network namespace, gone with everything in it after `remove`."""

    def __init__(self, name):
        # Runs of several checkouts must not meet.
        self.name = f"troupe-{os.getpid()}-{name}"
        run([program("ip"), "netns", "add", self.name])
        self.ip("link", "set", "lo", "up")

    def ip(self, *arguments):
        return run([program("ip"), "-n", self.name, *arguments])

    def inside(self, argv):
        return [program("ip"), "netns", "exec", self.name, *argv]

    def address(self, interface, address):
        """Gives an interface a further address, at once."""
        self.ip("address", "add", address, "dev", interface, "nodad")

    def up(self, interface, link_local):
        """Switches an interface on with this link-local address alone."""
        self.ip("link", "set", interface, "addrgenmode", "none")
        self.address(interface, f"{link_local}/64")
        self.ip("link", "set", interface, "up")

    def remove(self):
        run([program("ip"), "netns", "delete", self.name])


def connect(left, interface, right, other):
    """A cable between an interface of one namespace and one of another."""
    left.ip(
        *("link", "add", interface, "type", "veth"),
        *("peer", "name", other, "netns", right.name),
    )


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class LinkTroupe(Troupe):
    """Troupe in a namespace; `peer` takes the fields of a neighbour alone."""

    def __init__(self, me, namespace, originate):
        super().__init__(me)
        self.namespace = namespace
        self.originate = originate
        self.fields = []

    def neighbor_on(self, name, **fields):
        self.fields.append({"name": name, **fields})
        return self

    def start(self, directory):
        binary = os.path.abspath(os.path.join(BINARIES, "trouped"))
        require(os.access(binary, os.X_OK), binary)
        self.admin = f"{directory}/{self.me.name}.sock"
        configuration = f"{directory}/{self.me.name}.json"
        with open(configuration, "w", encoding="utf-8") as file:
            json.dump(self._configuration(directory), file, indent=1)
        self.process = Process(
            self.me.name,
            self.namespace.inside([binary, "--config", configuration]),
            directory,
        )

    def _configuration(self, directory):
        everything = {"import": "accept", "export": "accept"}
        return {
            "admin": {"listen": [f"unix:{self.admin}"]},
            "data_dir": f"{directory}/{self.me.name}-data",
            "routers": [
                {
                    "name": "main",
                    "asn": self.me.asn,
                    "router_id": self.me.router_id,
                    "originate": self.originate,
                    "defaults": {
                        "timers": {"hold": "9s", "connect_retry": "1s"},
                        "families": {
                            "ipv4_unicast": everything,
                            "ipv6_unicast": everything,
                        },
                    },
                    "neighbors": self.fields,
                }
            ],
        }

    def get(self, path):
        connection = UnixConnection(self.admin)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
        except OSError as error:
            raise NotReady(f"{path}: {error}") from error
        finally:
            connection.close()
        if answer.status == 503:
            raise NotReady(f"{path}: {body}")
        if answer.status != 200:
            raise AssertionError(f"{path}: {answer.status}: {body}")
        return json.loads(body)

    def status(self, name):
        for each in self.get("/v1/neighbors")["neighbors"]:
            if each["name"] == name:
                return each
        raise NotReady(f"no neighbour {name}")


class LinkFrr(Daemon):
    """FRR's bgpd and zebra in a namespace. zebra knows the interfaces, sends
    router advertisements and tells bgpd of those that it hears: its neighbour
    is whoever is there, unless it has an address."""

    def __init__(self, me, namespace, interface, originate, neighbor=None):
        super().__init__(me)
        self.namespace = namespace
        self.interface = interface
        self.neighbor = neighbor
        self.originate = originate
        self.zebra = None

    def start(self, directory):
        own = os.path.join(directory, self.me.name)
        os.mkdir(own)
        os.chmod(own, 0o777)  # zebra gives up being root
        self.client = [program("vtysh"), "--vty_socket", own, "-c"]
        self.zebra = self._run(own, "zebra", [])
        self.process = self._run(own, "bgpd", ["-S"])

    def _run(self, own, name, options):
        configuration = f"{own}/{name}.conf"
        lines = self._bgp() if name == "bgpd" else []
        with open(configuration, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        return Process(
            f"{self.me.name}-{name}",
            self.namespace.inside(
                [program(name, "/usr/lib/frr"), *options, "-P", "0"]
                + ["-f", configuration, "-i", f"{own}/{name}.pid"]
                + ["-z", f"{own}/zserv", "--vty_socket", own]
                + ["--log", "stdout", "--log-level", "warnings"]
            ),
            os.path.dirname(own),
        )

    def _bgp(self):
        v4 = [p for p in self.originate if ":" not in p]
        v6 = [p for p in self.originate if ":" in p]
        neighbor = self.neighbor or self.interface
        kind = "" if self.neighbor else " interface"
        return [
            f"router bgp {self.me.asn}",
            f" bgp router-id {self.me.router_id}",
            " no bgp ebgp-requires-policy",
            " no bgp network import-check",
            " timers bgp 3 9",
            f" neighbor {neighbor}{kind} remote-as external",
            f" neighbor {neighbor} timers connect 1",
            " address-family ipv4 unicast",
            *(f"  network {p}" for p in v4),
            " exit-address-family",
            " address-family ipv6 unicast",
            f"  neighbor {neighbor} activate",
            *(f"  network {p}" for p in v6),
            " exit-address-family",
        ]

    def stop(self):
        super().stop()
        if self.zebra:
            self.zebra.stop()

    def paths(self, family):
        """Prefix -> next hops of what it holds as valid; none of its own."""
        table = run_json([*self.client, f"show bgp {family} unicast json"])
        return {
            prefix: [
                hop["ip"]
                for hop in path["nexthops"]
                if hop["ip"] not in ("0.0.0.0", "::")
            ]
            for prefix, paths in table["routes"].items()
            for path in paths
            if path.get("valid")
        }

    def kernel(self, family):
        """What zebra has put into the kernel for BGP."""
        version = {"ipv4": "-4", "ipv6": "-6"}[family]
        return self.namespace.ip(version, "route", "show", "proto", "bgp")
