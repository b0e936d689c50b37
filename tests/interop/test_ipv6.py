"""Made-up IPv6 routes over IPv4 sessions: replay -> BIRD -> Troupe -> GoBGP,
FRR, with everything that a source can do to them."""

import os
import unittest

from harness.chain import ChainScene

ROUTES = 20_000


class Ipv6Test(ChainScene):
    WITH_TROUPE = not os.environ.get("TROUPE_INTEROP_CONTROL")

    def test_the_routes_arrive_and_survive_flaps_and_withdrawals(self):
        self.start_chain(3, ["--ipv6", ROUTES], with_troupe=self.WITH_TROUPE)
        self.wait_count("ipv6", ROUTES, 120)
        self.check_equal("ipv6", ROUTES)
        self.check_views("ipv6")

        # A flap so short that the news of both halves may meet on their way.
        self.step("the source flaps")
        self.replay.command("flap")
        for event in ("closed", "established", "sent"):
            self.replay.wait_event(event)
        # What follows in the same order tells that all of it has passed.
        self.step("the source withdraws")
        self.replay.command("withdraw")
        self.replay.wait_event("sent")
        self.wait_count("ipv6", 0, 120)
        self.step("the source announces")
        self.replay.command("announce")
        self.wait_count("ipv6", ROUTES, 120)
        self.check_equal("ipv6", ROUTES)


if __name__ == "__main__":
    unittest.main()
