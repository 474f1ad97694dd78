"""The egress policy: outgoing calls lead to the public network, and to networks that are allowed.

An endpoint is checked twice: when it is stored, so that its owner sees the error, and whenever a
connection is opened, because a name may have other addresses by then (DNS rebinding). The second
check decides. The connection goes to the very address that was checked: resolving the name once
more would let it change in between.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import ipaddress
import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, cast
from urllib.parse import quote

from hipkit.api.addresses import DEFAULT_PORTS, split_web_address
from hipkit.api.errors import BadRequestError
from hipkit.transports.protocol import HeaderPairs, Request

__all__ = [
    "FORBIDDEN",
    "LONGEST_URL",
    "EgressPolicy",
    "Endpoint",
    "ForbiddenAddressError",
    "LookUp",
    "Network",
    "is_internal",
    "look_up",
    "look_up_here",
    "parse_endpoint",
]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LookUp = Callable[[str, int], Sequence[str]]
"""Returns the addresses of a name, or raises `OSError`; it may block."""

LONGEST_URL = 2_000
LOOK_UP_SECONDS = 5.0
LOOK_UPS_AT_ONCE = 8

# What some versions of `is_global` miss: addresses that standards reserve for protocols and
# examples, relays of tunnels, a network's own NAT64, and the older site-local addresses.
RESERVED = tuple(
    map(
        ipaddress.ip_network,
        (
            "192.0.0.0/24",
            "192.88.99.0/24",
            "64:ff9b:1::/48",
            "3fff::/20",
            "fec0::/10",
        ),
    )
)
NAT64 = ipaddress.ip_network("64:ff9b::/96")

FORBIDDEN = (
    "a network that webhooks may not reach (hipkit serve --webhook-network permits one)"
)
"""How errors name a network that is not allowed."""


NAME_FAILURES = {
    socket.EAI_AGAIN: "its name cannot be looked up now: no name server answers",
    socket.EAI_NONAME: "there is no such host",
}


class ForbiddenAddressError(OSError):
    """A name leads into a network that outgoing calls may not reach.

    The address is not named: who sets webhooks would learn those of internal names.
    """

    def __init__(self) -> None:
        super().__init__(f"its address is in {FORBIDDEN}")

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), ()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a call leads: a URL in the parts that a request is made of."""

    scheme: Literal["http", "https"]
    host: str
    port: int
    target: str
    """Path and query."""

    @property
    def origin(self) -> str:
        """Scheme, host and port; the port only where it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        is_usual = self.port == DEFAULT_PORTS[self.scheme]
        return f"{self.scheme}://{host}{'' if is_usual else f':{self.port}'}"

    def request(
        self, method: str, *, headers: HeaderPairs = (), content: bytes | None = None
    ) -> Request:
        """Return a request to it."""
        return Request(
            method,
            self.scheme,
            self.host,
            self.port,
            self.target,
            headers=headers,
            content=content,
        )


def parse_endpoint(url: str) -> Endpoint:
    """Return the parts of an endpoint's URL.

    Raises:
        BadRequestError: Events cannot be posted to it.
    """
    if len(url) > LONGEST_URL:
        raise _url_error(f"is longer than {LONGEST_URL} characters", "maxLength")
    endpoint = _parse(url)
    if endpoint is None:
        # In HipChat's words, which had no field beside them. The URL is not repeated: it may
        # hold a password.
        raise BadRequestError("Field url must be an absolute URL")
    return endpoint


def is_internal(address: Address) -> bool:
    """Return whether an address is anything but one of the public network."""
    inner = _inner(address)
    if inner is not None:
        return is_internal(inner)
    return (
        not address.is_global
        or address.is_multicast
        or address.is_reserved
        or address.is_link_local
        or any(address in network for network in RESERVED)
    )


def look_up(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a name, as the system resolves it."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError("it is not a host name") from error
    except socket.gaierror as error:
        reason = NAME_FAILURES.get(error.errno or 0, error.strerror or "unknown")
        raise OSError(reason) from None
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def look_up_here(host: str, port: int) -> Sequence[str]:
    """Return the addresses of this machine's own name, and resolve no other."""
    if host.lower() == "localhost":
        return ["127.0.0.1"]
    address = _address(host)
    if address is None:
        raise OSError("this server looks up no names but localhost")
    return [str(address)]


class EgressPolicy:
    """Decides which addresses outgoing calls may reach.

    Args:
        allowed: Networks that are allowed although they are not public.
        look_up: Resolves names.
    """

    def __init__(
        self, allowed: Iterable[Network] = (), look_up: LookUp = look_up
    ) -> None:
        self._allowed = tuple(allowed)
        self._look_up = look_up
        self._lock = threading.Lock()
        self._asked: dict[tuple[str, int], Future[Sequence[str]]] = {}
        self._threads: ThreadPoolExecutor | None = None

    async def check(self, url: str) -> None:
        """Check the URL of an endpoint.

        A name that has no address at present is accepted: it is resolved at every connection.

        Raises:
            BadRequestError: Events cannot be posted there, or it leads into an internal network.
        """
        endpoint = parse_endpoint(url)
        try:
            async with asyncio.timeout(LOOK_UP_SECONDS):
                await self.addresses_of(endpoint.host, endpoint.port)
        except ForbiddenAddressError as error:
            raise _url_error(f"leads into {FORBIDDEN}", "format") from error
        except (OSError, TimeoutError):
            return

    async def addresses_of(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a name, every one of them allowed.

        One forbidden address is enough to reject them all: a connection could go to any.

        Raises:
            ForbiddenAddressError: One of them is internal, and its network is not allowed.
            OSError: There is none.
        """
        found: Sequence[str] = [host]
        if _address(host) is None:
            found = await asyncio.shield(asyncio.wrap_future(self._ask(host, port)))
        if not found:
            raise OSError("the name has no address")
        for text in found:
            if not self.is_allowed(text):
                raise ForbiddenAddressError
        return found

    def is_allowed(self, text: str) -> bool:
        """Return whether outgoing calls may reach an address."""
        # A zone (fe80::1%eth0) names a device of this machine.
        address = _address(text.partition("%")[0])
        if address is None:
            return False
        if isinstance(address, ipaddress.IPv6Address):
            address = address.ipv4_mapped or address
        if any(address in network for network in self._allowed):
            return True
        return not is_internal(address)

    def close(self) -> None:
        """Resolve no further names."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)

    def _ask(self, host: str, port: int) -> Future[Sequence[str]]:
        """Resolve a name in a thread of our own, once at a time: slow ones hold up few others."""
        with self._lock:
            asked = self._asked.get((host, port))
            if asked is not None:
                return asked
            if self._threads is None:
                self._threads = ThreadPoolExecutor(
                    LOOK_UPS_AT_ONCE, thread_name_prefix="hipkit-names"
                )
            asked = self._threads.submit(self._look_up, host, port)
            self._asked[host, port] = asked

        def forget(_: concurrent.futures.Future[Sequence[str]]) -> None:
            self._asked.pop((host, port), None)

        asked.add_done_callback(forget)
        return asked


def _url_error(problem: str, validation: str) -> BadRequestError:
    return BadRequestError(f"Field 'url' {problem}", field="url", validation=validation)


def _parse(url: str) -> Endpoint | None:
    if not url.isprintable() or " " in url or "\\" in url:
        return None
    try:
        parts = split_web_address(url)
    except ValueError:
        return None
    host = parts.hostname or ""
    if not host.isascii() or "@" in parts.netloc:
        return None
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/?%:@!$&'()*+,;=~-._[]|")
    return Endpoint(
        cast("Literal['http', 'https']", parts.scheme),
        host,
        parts.port or DEFAULT_PORTS[parts.scheme],
        f"{path}?{query}" if query else path,
    )


def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _inner(address: Address) -> Address | None:
    """Return the IPv4 address that an IPv6 one stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)
