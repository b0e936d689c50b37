"""TCP-MD5 (RFC 2385), GTSM (RFC 5082), and ranges of neighbours."""

import unittest

from harness.bird import Bird
from harness.exabgp import Exabgp
from harness.features import FeatureScene, kernel_count
from harness.frr import Frr
from harness.gobgp import Gobgp
from harness.openbgpd import Openbgpd
from harness.route import speaker
from harness.troupe import Troupe

KEY = "correct-horse"


class Protection(FeatureScene):
    """What the kernel throws away before BGP sees it."""

    SCENE = 22

    def check_refused(self, daemon, counter, **fields):
        """The kernel drops what comes, and neither side gets anywhere."""
        before = kernel_count(counter)
        self.check_vain(
            daemon, lambda: kernel_count(counter) > before + 1, **fields
        )

    def check_vain(self, daemon, sign, **fields):
        """`sign` tells that it was tried."""
        self.start_both(daemon, self.to_troupe(**fields))
        self.until(sign, "a try")
        self.assertFalse(daemon.established(self.me))
        if self.troupe.peers[0][1].keys() & {"md5_key", "min_ttl"}:
            # Of a peer that guards itself we may well hear.
            self.assertEqual(self.counters(self.other, "received")["opens"], 0)
            self.assertFalse(self.troupe.established(self.other))


class Keys(Protection):
    def daemons_with_key(self, key, passive=True):
        """One of each kind; the way of the call is that of `passive`."""
        yield Bird(self.other).peer(
            self.me, passive, lines=f'password "{key}";'
        )
        yield Frr(self.other).peer(self.me, passive, lines=[f"password {key}"])
        yield Gobgp(self.other).peer(
            self.me,
            passive,
            config=[f'auth-password = "{key}"'],
        )
        yield Openbgpd(self.other).peer(
            self.me, passive, lines=[f'tcp md5sig password "{key}"']
        )

    def check_key(self, index, ways=(True, False)):
        for passive in ways:
            daemon = list(self.daemons_with_key(KEY, passive))[index]
            troupe = self.to_troupe(md5_key=KEY, passive=not passive)
            self.launch(daemon, troupe)
            self.stop_all()
        wrong = list(self.daemons_with_key("wrong-battery", ways[0]))[index]
        self.check_refused(
            wrong, "TCPMD5Failure", md5_key=KEY, passive=not ways[0]
        )

    def test_md5_bird(self):
        self.check_key(0)

    def test_md5_frr(self):
        self.check_key(1)

    def test_md5_gobgp(self):
        self.check_key(2)

    def test_md5_openbgpd(self):
        # It does not give the key to what it listens on.
        self.check_key(3, ways=(False,))

    def test_md5_exabgp(self):
        """It can only call."""
        for key, right in ((KEY, True), ("wrong-battery", False)):
            daemon = Exabgp(self.other, lines=[f'md5-password "{key}";']).peer(
                self.me
            )
            fields = {"md5_key": KEY, "passive": True}
            if right:
                self.launch(daemon, self.to_troupe(**fields))
                self.stop_all()
            else:
                self.check_refused(daemon, "TCPMD5Failure", **fields)


class Distance(Protection):
    """GTSM: both send a TTL of 255 and take nothing less."""

    GUARD = {"multihop": 1, "min_ttl": 255}

    def check(self, daemon, plain=None, guards=True, **fields):
        """`plain` is the same daemon without it; `guards`: it takes no less."""
        self.launch(daemon, self.to_troupe(**self.GUARD, **fields))
        self.stop_all()
        if guards:  # It takes nothing from a Troupe without it.
            self.check_refused(daemon, "TCPMinTTLDrop", multihop=1, **fields)
            self.stop_all()
        if plain:
            self.check_refused(plain, "TCPMinTTLDrop", **self.GUARD, **fields)

    def test_gtsm_bird(self):
        self.check(
            Bird(self.other).peer(
                self.me, True, lines="multihop 1; ttl security yes;"
            ),
            Bird(self.other).peer(self.me, True),
        )

    def test_gtsm_frr(self):
        self.check(
            Frr(self.other).peer(self.me, True, hops="ttl-security hops 1"),
            Frr(self.other).peer(self.me, True, hops="ebgp-multihop 2"),
        )

    def test_gtsm_gobgp(self):
        self.check(
            Gobgp(self.other).peer(
                self.me,
                True,
                hops=[
                    "[neighbors.ttl-security.config]",
                    "enabled = true",
                    "ttl-min = 255",
                ],
            ),
        )

    def test_gtsm_openbgpd(self):
        self.check(
            Openbgpd(self.other).peer(self.me, True, hops="ttl-security yes"),
        )

    def test_gtsm_exabgp(self):
        self.check(
            Exabgp(
                self.other, lines=["outgoing-ttl 255;", "incoming-ttl 255;"]
            ).peer(self.me),
            guards=False,  # Its `incoming-ttl` lets some of it pass.
            passive=True,
        )
        # Troupe looks at the TTL of the SYN, and resets the connection.
        plain = Exabgp(self.other, lines=["outgoing-ttl 2;"]).peer(self.me)
        self.check_vain(
            plain,
            lambda: any("reset" in reason for reason in plain.endings()),
            **self.GUARD,
            passive=True,
        )


class Range(FeatureScene):
    """Peers that Troupe knows only by their addresses."""

    SCENE = 23

    def test_peers_of_a_range_call(self):
        daemons = [
            Bird(self.other).peer(self.me),
            Frr(self.third).peer(self.me),
            Gobgp(self.fourth).peer(self.me),
            Openbgpd(self.fifth).peer(self.me),
        ]
        fields = {"remote_asn": "external", "dynamic_limit": 4}
        network = self.me.address.rsplit(".", 1)[0]
        self.start_called(
            Troupe(self.me).range("any", f"{network}.0/24", **fields)
        )
        for daemon in daemons:
            self.start(daemon)
        self.until_equal(
            self.sessions,
            {f"any@{daemon.me.address}": daemon.me.asn for daemon in daemons},
            "a session with each",
        )
        for daemon in daemons:
            self.until(
                lambda d=daemon: d.established(self.me),
                f"Established at {daemon.me.name}",
            )
        # A fifth is one too many; and there is room when another one leaves.
        last = self.start(Exabgp(self.last).peer(self.me))
        self.until(last.endings, "ExaBGP is sent away")
        self.assertFalse(last.established())
        self.assertEqual(len(self.sessions()), 4)
        self.daemons.remove(daemons[0])
        daemons[0].stop()
        self.until(last.established, "ExaBGP has found room")
        self.assertIn(f"any@{self.last.address}", self.sessions())

    def setUp(self):
        super().setUp()
        self.fifth = speaker("fifth", self.SCENE, 6)
        self.last = speaker("last", self.SCENE, 7)

    def sessions(self):
        return {
            n["name"]: n["remote_asn"]
            for n in self.troupe.get("/v1/neighbors")["neighbors"]
            if n["state"] == "Established"
        }


if __name__ == "__main__":
    unittest.main()
