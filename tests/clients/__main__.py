"""Run the tests with programs of others where `api.hipchat.com` is this machine.

`make test-clients` calls this. Many of those programs know no other address, so the whole run moves
into a network of its own (Linux namespaces): nothing there but loopback, a hosts file that
sends the name there, port 443 free for the server, and no way out. Where the kernel
forbids that, the run goes on without, and the tests that need it are skipped by name.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.clients.network import HIPCHAT, OWN_NETWORK

INSIDE = "HIPKIT_INSIDE"
SET_INTERFACE_FLAGS = 0x8914  # SIOCSIFFLAGS, which Python has no name for
UP_AND_RUNNING = 0x1 | 0x40
NAMESPACES = ["unshare", "--map-root-user", "--mount", "--net", "--uts"]


def main(arguments: list[str]) -> int:
    """Run the tests, in a network of their own if there can be one."""
    if os.environ.get(INSIDE):
        return run_inside(arguments)
    command = [*NAMESPACES, sys.executable, "-m", "tests.clients"]
    if not works([*NAMESPACES, "true"]):
        return run(arguments)
    return subprocess.call([*command, *arguments], env=os.environ | {INSIDE: "1"})


def works(command: list[str]) -> bool:
    """Tell whether a command is there and may do what it does."""
    try:
        return subprocess.call(command, stderr=subprocess.DEVNULL) == 0
    except FileNotFoundError:
        return False


def run_inside(arguments: list[str]) -> int:
    """Make the network, then run the tests in it."""
    with socket.socket() as any_socket:
        request = struct.pack("16sH14x", b"lo", UP_AND_RUNNING)
        fcntl.ioctl(any_socket, SET_INTERFACE_FLAGS, request)
    socket.sethostname("monitor.example.com")
    with tempfile.NamedTemporaryFile("w", suffix="hosts") as hosts:
        hosts.write(f"127.0.0.1 localhost {HIPCHAT} monitor.example.com\n")
        hosts.flush()
        subprocess.run(["mount", "--bind", hosts.name, "/etc/hosts"], check=True)
        os.environ[OWN_NETWORK] = "1"
        return run(arguments)


def run(arguments: list[str]) -> int:
    """Run the tests here."""
    options = ["--quiet", "-rs", "-p", "no:cacheprovider", str(Path(__file__).parent)]
    return subprocess.call([sys.executable, "-m", "pytest", *options, *arguments])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
