"""`python -m bridge.demo.simulator --port 8098`: the simulator alone, until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys

from bridge.demo.serving import serve_in_thread
from bridge.demo.simulator.app import create_app
from bridge.demo.simulator.simulator import MollieSimulator


def main() -> None:
    """Serve until interrupted or terminated."""
    parser = argparse.ArgumentParser(prog="python -m bridge.demo.simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8098)
    parser.add_argument(
        "--minute",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="how long a minute of the webhooks' retry schedule takes (default: a minute)",
    )
    options = parser.parse_args()
    simulator = MollieSimulator(webhook_time_scale=options.minute / 60)
    # Blocked before any thread starts, so that sigwait below is the only one to receive them.
    stops = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    with serve_in_thread(create_app(simulator), options.host, options.port) as server:
        sys.stdout.write(f"Mollie simulator on {server.url} (API {server.url}/v2, controls {server.url}/_sim)\n")
        sys.stdout.flush()
        signal.sigwait(stops)
    simulator.close()


if __name__ == "__main__":
    main()
