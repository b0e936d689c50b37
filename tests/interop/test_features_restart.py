"""Restarts: what is kept meanwhile (RFC 4724, 8538, 9494), from both sides."""

import os
import signal
import unittest

from harness.bird import Bird
from harness.exabgp import Exabgp
from harness.features import FeatureScene
from harness.frr import Frr
from harness.gobgp import Gobgp
from harness.openbgpd import Openbgpd
from harness.replay import Replay

OURS = "203.0.113.0/24"
KEPT = "198.51.100.0/24"
GONE = "192.0.2.0/24"
# What FRR needs to be a restarting speaker whose routes one may keep.
FRR_RESTART = ["bgp graceful-restart", "bgp graceful-restart preserve-fw-state"]
GOBGP_RESTART = [
    "[neighbors.graceful-restart.config]",
    "enabled = true",
    "restart-time = 60",
]
GOBGP_FAMILY = [
    "[neighbors.afi-safis.mp-graceful-restart.config]",
    "enabled = true",
]


class Restart(FeatureScene):
    SCENE = 26

    def stale(self):
        """The prefixes heard from the peer, and whether they are stale."""
        return {
            route["prefix"]: route["stale"]
            for route in self.troupe.routes("received", self.other)
            if not route["rejected"]  # FRR tells us our own ones
        }

    def crash(self, daemon):
        """Ends it as a failure would: no NOTIFICATION."""
        daemon.process.popen.kill()
        daemon.process.popen.wait()
        daemon.process.stop()
        daemon.process = None


class Helper(Restart):
    """A peer restarts; Troupe keeps its routes."""

    def check(self, daemon, again):
        """`again` starts it anew, with KEPT alone."""
        self.launch(daemon, self.to_troupe({"originate": [OURS]}))
        self.until_equal(
            self.stale, {KEPT: False, GONE: False}, "the peer's routes"
        )
        self.crash(daemon)
        self.until_equal(self.stale, {KEPT: True, GONE: True}, "stale ones")
        self.assertEqual(
            set(self.troupe.table()), {OURS, KEPT, GONE}, "they are in use"
        )
        again()
        self.meet(daemon)
        self.until_equal(self.stale, {KEPT: False}, "what it tells now")
        said = self.session(self.other)["graceful_restart"]
        self.assertTrue(said["restarted"])
        self.until(lambda: OURS in daemon.table(), "our route")

    def test_bird(self):
        daemon = Bird(self.other, originate=[KEPT, GONE]).peer(
            self.me, True, lines="graceful restart on;"
        )

        def again():
            daemon.originate = [KEPT]
            daemon.start(self.directory, "-R")

        self.check(daemon, again)

    def test_frr(self):
        daemon = Frr(
            self.other,
            lines=FRR_RESTART,
            ipv4=[f"network {KEPT}", f"network {GONE}"],
        ).peer(self.me, True)

        def again():
            daemon.ipv4 = daemon.ipv4[:1]
            daemon.start(self.directory)

        self.check(daemon, again)

    def test_exabgp(self):
        daemon = Exabgp(
            self.other,
            [f"{p} next-hop 10.0.0.2" for p in (KEPT, GONE)],
            capabilities="graceful-restart 60;",
        ).peer(self.me)

        def again():
            daemon.routes = daemon.routes[:1]
            daemon.start(self.directory)

        self.to_troupe = lambda router: super(Helper, self).to_troupe(
            router, passive=True
        )
        self.check(daemon, again)


class EndOfRib(Restart):
    """Peers see the End-of-RIB that Troupe sends for each family."""

    def check(self, daemon, seen, **fields):
        self.launch(daemon, self.to_troupe({"originate": [OURS]}, **fields))
        self.until_equal(seen, {"ipv4", "ipv6"}, "End-of-RIB of both families")

    def test_frr(self):
        daemon = Frr(self.other, lines=FRR_RESTART).peer(self.me, True)

        def seen():
            info = daemon.neighbor(self.me)["gracefulRestartInfo"]
            return {
                family[:4]
                for family in ("ipv4Unicast", "ipv6Unicast")
                if info.get(family, {}).get("endOfRibStatus", {}).get(
                    "endOfRibRecv"
                )
            }

        self.check(daemon, seen)

    def test_gobgp(self):
        daemon = Gobgp(self.other).peer(
            self.me, True, lines=GOBGP_RESTART, families=GOBGP_FAMILY
        )

        def seen():
            return {
                {1: "ipv4", 2: "ipv6"}[
                    item["config"]["family"]["afi"]
                ]
                for item in daemon.neighbor(self.me)["afi_safis"]
                if item["mp_graceful_restart"]["state"].get(
                    "end_of_rib_received"
                )
            }

        self.check(daemon, seen)

    def test_openbgpd(self):
        daemon = Openbgpd(self.other).peer(self.me, True)

        def seen():
            text = daemon.process.log.read_text()
            return {
                family.lower()
                for family in ("IPv4", "IPv6")
                if f"received {family} unicast EOR marker" in text
            }

        self.check(daemon, seen)

    def test_exabgp(self):
        daemon = Exabgp(self.other, capabilities="graceful-restart 60;").peer(
            self.me
        )

        def seen():
            return {
                record["neighbor"]["message"]["eor"]["afi"]
                for record in daemon.records("update")
                if "eor" in record["neighbor"]["message"]
            }

        self.check(daemon, seen, passive=True)


class Restarting(Restart):
    """Troupe restarts; the peer keeps its routes."""

    TOP = {"on_sigterm": "graceful_restart"}
    FULL = {"graceful_restart": {"mode": "full", "forwarding": "preserved"}}

    def check(self, daemon, kept, back):
        """`kept()`: what of OURS and GONE it holds while we are away."""
        self.launch(
            daemon,
            self.to_troupe({"originate": [OURS, GONE]}, self.TOP, **self.FULL),
        )
        self.until_routes(daemon, [OURS, GONE])
        self.daemons.remove(self.troupe)
        self.troupe.stop()
        self.until(kept, "the peer keeps our routes as stale ones")
        self.assertFalse(daemon.established(self.me))
        self.assertEqual(set(daemon.table()), {OURS, GONE})
        self.troupe = self.start(
            self.to_troupe({"originate": [OURS]}, self.TOP, **self.FULL)
        )
        self.meet(daemon)
        self.until_routes(daemon, [OURS])
        back()

    def test_bird(self):
        daemon = Bird(self.other).peer(
            self.me, True, lines="graceful restart on;"
        )
        self.check(
            daemon,
            lambda: "graceful restart active" in daemon.details(self.me),
            lambda: self.assertIn("Restart recovery", daemon.details(self.me)),
        )

    def test_frr(self):
        daemon = Frr(self.other, lines=FRR_RESTART).peer(self.me, True)

        def kept():
            return all(
                path.get("stale")
                for prefix in (OURS, GONE)
                for path in daemon.paths(prefix)
            )

        def back():
            info = daemon.neighbor(self.me)["gracefulRestartInfo"]
            self.assertTrue(info["rBit"])

        self.check(daemon, kept, back)

    def test_gobgp(self):
        daemon = Gobgp(self.other).peer(
            self.me, True, lines=GOBGP_RESTART, families=GOBGP_FAMILY
        )

        def kept():
            return all(
                path.get("stale")
                for paths in daemon.rib().values()
                for path in paths
            )

        self.check(daemon, kept, lambda: None)

    def test_openbgpd(self):
        daemon = Openbgpd(self.other).peer(self.me, True)

        def kept():
            ours = [i for i in daemon.rib() if i["prefix"] in (OURS, GONE)]
            return len(ours) == 2 and all(item.get("stale") for item in ours)

        self.check(daemon, kept, lambda: None)


class Notification(Restart):
    """Graceful restart also behind a NOTIFICATION (the N bits of RFC 8538)."""

    def silence(self, daemon, expected, **fields):
        """The peer says nothing until the hold timer is over: 4/0."""
        self.launch(
            daemon, self.to_troupe(timers={"hold": "3s"}, **fields)
        )
        self.until_equal(self.stale, {KEPT: False}, "the peer's route")
        os.kill(daemon.process.popen.pid, signal.SIGSTOP)
        self.addCleanup(os.kill, daemon.process.popen.pid, signal.SIGCONT)
        self.until(
            lambda: not self.troupe.established(self.other), "the hold timer"
        )
        self.assertIn("hold timer", self.last_error())
        self.assertEqual(self.stale(), expected)
        os.kill(daemon.process.popen.pid, signal.SIGCONT)
        self.meet(daemon)
        self.until_equal(self.stale, {KEPT: False}, "the route again")

    def frr(self, passive=True):
        return Frr(
            self.other,
            lines=[*FRR_RESTART, "bgp graceful-restart notification"],
            ipv4=[f"network {KEPT}"],
        ).peer(self.me, passive)

    def test_frr(self):
        daemon = self.frr()
        self.silence(daemon, {KEPT: True})
        self.assertTrue(
            daemon.neighbor(self.me)["gracefulRestartInfo"]["nBit"]
        )

    def test_frr_where_we_do_not_offer_it(self):
        self.silence(
            self.frr(), {}, graceful_restart={"notification": False}
        )

    def test_frr_resets_hard(self):
        """An operator's shutdown keeps nothing, whoever is the operator."""
        daemon = self.frr(passive=False)
        troupe = self.to_troupe({"originate": [OURS]}, passive=True)
        self.launch(daemon, troupe)
        self.until_equal(self.stale, {KEPT: False}, "the peer's route")
        self.troupe.post("/v1/neighbors/other/disable")
        self.until(
            lambda: daemon.neighbor(self.me).get("lastNotificationHardReset"),
            "shut down by Troupe",
        )
        self.until(lambda: not daemon.paths(OURS), "FRR keeps nothing")
        self.assertEqual(self.stale(), {})
        self.troupe.post("/v1/neighbors/other/enable")
        self.meet(daemon)
        self.until_equal(self.stale, {KEPT: False}, "the peer's route")
        daemon.tell(
            "configure terminal",
            f"router bgp {self.other.asn}",
            f"neighbor {self.me.address} shutdown",
        )
        self.until(
            lambda: not self.troupe.established(self.other), "shut down by FRR"
        )
        self.assertIn("Hard Reset", self.last_error())
        self.assertEqual(self.stale(), {})

    def gobgp(self):
        return Gobgp(self.other).peer(
            self.me,
            True,
            lines=[*GOBGP_RESTART, "notification-enabled = true"],
            families=GOBGP_FAMILY,
        )

    def test_gobgp_resets_hard(self):
        daemon = self.gobgp()
        self.launch(daemon, self.to_troupe({"originate": [OURS]}))
        daemon.tell("global", "rib", "add", KEPT, "nexthop", "10.0.0.2")
        self.until_equal(self.stale, {KEPT: False}, "the peer's route")
        self.until(lambda: OURS in daemon.table(), "our route")
        self.troupe.post("/v1/neighbors/other/disable")
        self.until(lambda: OURS not in daemon.table(), "GoBGP keeps nothing")
        self.assertEqual(self.stale(), {})
        self.troupe.post("/v1/neighbors/other/enable")
        self.meet(daemon)
        self.until_equal(self.stale, {KEPT: False}, "the peer's route")
        # Its operator's shutdown is no hard one: its routes are kept.
        daemon.tell("neighbor", self.me.address, "shutdown")
        self.until(
            lambda: not self.troupe.established(self.other),
            "shut down by GoBGP",
        )
        self.assertIn("(6/2)", self.last_error())
        self.assertEqual(self.stale(), {KEPT: True})

    def test_gobgp(self):
        daemon = self.gobgp()
        launch = self.launch

        def launch_and_tell(daemon, troupe):
            launch(daemon, troupe)
            daemon.tell("global", "rib", "add", KEPT, "nexthop", "10.0.0.2")

        self.launch = launch_and_tell
        self.silence(daemon, {KEPT: True})


LLGR_STALE = "65535:6"


class LongLived(Restart):
    """Stale routes that live on as a last choice (RFC 9494)."""

    def check_helper(self, daemon):
        """Its restart time of 1 s is over, and it is not back.

        third, who knows the extension, is told the route with LLGR_STALE;
        fourth, who does not, is told nothing any more.
        """
        knowing = Bird(self.third).peer(
            self.me, True, lines="graceful restart on;"
        )
        plain = Replay(self.fourth, self.me, listen=True)
        llgr = {"graceful_restart": {"long_lived_stale_time": "60s"}}
        troupe = self.to_troupe(**llgr)
        troupe.peer(self.third, **llgr).peer(self.fourth)
        for each in (knowing, plain):
            self.start(each)
        self.launch(daemon, troupe)
        for each in (knowing, plain):
            self.until_routes(each, [KEPT])
        self.crash(daemon)
        self.until(
            lambda: LLGR_STALE in knowing.table()[KEPT].communities,
            "the route is told as a stale one",
        )
        self.until_routes(plain, [])
        (route,) = self.troupe.routes("received", self.other)
        self.assertTrue(route["stale"])
        self.assertIn(LLGR_STALE, self.troupe.table()[KEPT].communities)
        daemon.start(self.directory)
        self.meet(daemon)
        self.until_equal(self.stale, {KEPT: False}, "the route again")
        self.until(
            lambda: LLGR_STALE not in knowing.table()[KEPT].communities,
            "the route is told as a new one",
        )
        self.until_routes(plain, [KEPT])

    def check_restarting(self, daemon):
        """Troupe is away for longer than its restart time of 1 s."""
        restart = {
            "graceful_restart": {
                "mode": "full",
                "forwarding": "preserved",
                "restart_time": "1s",
                "long_lived_stale_time": "60s",
            }
        }
        top = {"on_sigterm": "graceful_restart"}
        router = {"originate": [OURS]}
        self.launch(daemon, self.to_troupe(router, top, **restart))
        self.until_routes(daemon, [OURS])
        self.daemons.remove(self.troupe)
        self.troupe.stop()
        self.until(
            lambda: LLGR_STALE in daemon.table()[OURS].communities,
            "our route is a long-lived stale one",
        )
        self.troupe = self.start(self.to_troupe(router, top, **restart))
        self.meet(daemon)
        self.until(
            lambda: OURS in daemon.table()
            and LLGR_STALE not in daemon.table()[OURS].communities,
            "our route is a new one",
        )

    def bird(self):
        return Bird(self.other, originate=[KEPT]).peer(
            self.me,
            True,
            lines="graceful restart on; graceful restart time 1;"
            " long lived graceful restart on; long lived stale time 60;",
        )

    def test_bird_restarts(self):
        self.check_helper(self.bird())

    def test_bird_helps(self):
        daemon = self.bird()
        daemon.originate = []
        self.check_restarting(daemon)

    def frr(self, *ipv4):
        return Frr(
            self.other,
            lines=[
                *FRR_RESTART,
                "bgp graceful-restart restart-time 1",
                "bgp long-lived-graceful-restart stale-time 60",
            ],
            ipv4=ipv4,
        ).peer(self.me, True)

    def test_frr_restarts(self):
        self.check_helper(self.frr(f"network {KEPT}"))

    def test_frr_helps(self):
        self.check_restarting(self.frr())

    def test_gobgp_helps(self):
        daemon = Gobgp(self.other).peer(
            self.me,
            True,
            lines=[
                "[neighbors.graceful-restart.config]",
                "enabled = true",
                "restart-time = 1",
                "long-lived-enabled = true",
            ],
            families=[
                *GOBGP_FAMILY,
                "[neighbors.afi-safis.long-lived-graceful-restart.config]",
                "enabled = true",
                "restart-time = 60",
            ],
        )
        self.check_restarting(daemon)


if __name__ == "__main__":
    unittest.main()
