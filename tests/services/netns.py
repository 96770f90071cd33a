"""Hosts of their own on one machine: each with its own network, its own address and its own /tmp.

A host is a process that sits in a new network and a new mount namespace; other programs are started inside it. Nothing
of it has a name on the machine: when the process ends, however it ends, its namespaces, its cables and its mounts are
gone, and with the test run's guard it ends when the tests do.

Root makes the cables (with `sudo -n` when the tests run as somebody else, who then owns the rest in a user namespace).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.services.process import PrivateServer, program

PACKAGE = "iproute2"

_TMP = Path("/tmp")
_NETWORKS = 512
"""Networks of 256 addresses in 198.18.0.0/15, which is set aside for tests of networks (RFC 2544)."""

_SETTLE_IN = """
set -e
own=$1; shift
ip link set lo up
for path in "$@"; do
    mkdir -p "$own/${path#/tmp/}"
    mount --rbind "$path" "$own/${path#/tmp/}"
done
mount --rbind "$own" /tmp
: > /tmp/settled-in
exec sleep infinity
"""


def require_namespaces() -> None:
    """Fail the test with one line unless this user may lay a cable into another network."""
    program("ip", PACKAGE)
    if os.geteuid() == 0:
        return
    if (
        shutil.which("sudo")
        and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    ):
        return
    pytest.fail("two hosts need network namespaces: run the tests as root or with password-less sudo", pytrace=False)


class Host(PrivateServer):
    """A host without programs. What it has in /tmp lies in `tmp` when seen from outside.

    `in_sight`: files and folders that its programs need although they lie under the machine's /tmp.
    """

    name = "host"

    def __init__(self, address: str, in_sight: Sequence[Path]) -> None:
        super().__init__()
        self.address = address
        self.tmp = self.folder / "tmp"
        self._in_sight = [path for path in in_sight if path.is_relative_to(_TMP)]

    def prepare(self) -> None:
        self.tmp.mkdir()
        self.tmp.chmod(0o1777)

    def command(self) -> list[str]:
        arguments = map(str, [self.tmp, *self._in_sight])
        # Private: no mount made in there is ever seen (and so removed) out here.
        return [
            *("unshare", *_own_user("--map-root-user"), "--net", "--mount", "--propagation", "private"),
            *("sh", "-c", _SETTLE_IN, "settle-in", *arguments),
        ]

    def answers(self) -> bool:
        return (self.tmp / "settled-in").exists()

    def inside(self, *command: str) -> list[str]:
        """The command that runs `command` on this host; it is one process, not two."""
        return [
            *("nsenter", f"--target={self.pid}", *_own_user("--preserve-credentials"), "--net", "--mount"),
            *("--", *command),
        ]

    def plug_in(self, device: str, peer: str) -> None:
        """Use the end of a cable that leads to `peer`."""
        _run(*self.inside("ip", "address", "add", f"{self.address}/32", "peer", peer, "dev", device))
        _run(*self.inside("ip", "link", "set", device, "up"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Two hosts and this machine, each with a cable to each. `here` is this machine's address as the hosts know it."""

    here: str
    hosts: tuple[Host, Host]


@contextmanager
def two_hosts(addresses: tuple[str, str, str], in_sight: Sequence[Path] = ()) -> Iterator[Network]:
    """This machine's address in the new network, and those of its hosts, are what `free_addresses` answered."""
    require_namespaces()
    here, *there = addresses
    with Host(there[0], in_sight) as first, Host(there[1], in_sight) as second:
        for letter, host in zip("ab", (first, second), strict=True):
            device = f"mb{os.getpid()}{letter}"
            _as_root("ip", "link", "add", device, "type", "veth", "peer", "name", "eth0", "netns", str(host.pid))
            _as_root("ip", "address", "add", f"{here}/32", "peer", host.address, "dev", device)
            _as_root("ip", "link", "set", device, "up")
            host.plug_in("eth0", here)
        ends = [("name", "eth1", "netns", str(host.pid)) for host in (first, second)]
        _as_root("ip", "link", "add", *ends[0], "type", "veth", "peer", *ends[1])
        first.plug_in("eth1", second.address)
        second.plug_in("eth1", first.address)
        yield Network(here=here, hosts=(first, second))


def free_addresses() -> tuple[str, str, str]:
    """Three addresses of a network that nobody on this machine uses: for the machine itself and for two hosts."""
    require_namespaces()
    used = subprocess.run(["ip", "-oneline", "-4", "address"], capture_output=True, text=True, check=True).stdout
    for number in range(os.getpid(), os.getpid() + _NETWORKS):
        high, low = divmod(number % _NETWORKS, 256)
        network = f"198.{18 + high}.{low}"
        if f" {network}." not in used:
            return f"{network}.1", f"{network}.2", f"{network}.3"
    raise RuntimeError("no free network in 198.18.0.0/15")


def _own_user(option: str) -> tuple[str, ...]:
    return () if os.geteuid() == 0 else ("--user", option)


def _as_root(*command: str) -> None:
    _run(*(() if os.geteuid() == 0 else ("sudo", "-n")), *command)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip()}"
