"""`make test-shop CONFIG=config.toml SHOPPER=email:password PRODUCT=20`: docs/how-to/try-in-a-test-shop.md."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bridge.config import load_settings
from bridge.diagnosis.installation import Installation
from tests.real_shop.acts import ACTS, Scene
from tests.real_shop.shopper import Account, Shopper
from tests.real_shop.world import World


def main() -> int:
    """Play every act so often; the number of rounds that went wrong, 125 at most."""
    parser = argparse.ArgumentParser(prog="python -m tests.real_shop", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="the configuration of the running sidecar")
    parser.add_argument("--shopper", required=True, metavar="EMAIL:PASSWORD")
    parser.add_argument("--product", type=int, required=True, help="the number of a product that can be bought")
    parser.add_argument("--method", default="ideal", help="one of Mollie's methods that is enabled in the module")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    settings = load_settings(options.config)
    if "mollie.com" in settings.mollie.endpoint:
        parser.error("mollie.endpoint is Mollie itself: this pays, so it needs the simulator")
    installation = Installation(settings, config=options.config, systemctl="")
    world = World(settings.mollie.endpoint.rstrip("/"), installation.engine, settings.database.prefix)
    world.hold_webhooks()
    account = Account(**dict(zip(("email", "password"), options.shopper.split(":", 1), strict=True)))
    wrong = 0
    for name, act in ACTS.items():
        faults = []
        for _ in range(options.rounds):
            shopper = Shopper(installation.addresses[0].base, account)
            shopper.add(options.product)
            found = list(act(Scene(world, shopper, options.product, options.method)))
            wrong += bool(found)
            faults += found
        sys.stdout.write(f"{'failed' if faults else 'ok    '}  {options.rounds} x {name}\n")
        sys.stdout.writelines(f"          {fault}\n" for fault in faults)
        sys.stdout.flush()
    return min(wrong, 125)


if __name__ == "__main__":
    sys.exit(main())
