"""Which sender a token stands for, and whether it may come from where it came from.

What would otherwise be read for each of thousands of calls is kept here too.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

from hipkit.api.errors import ForbiddenError
from hipkit.server.senders import LOWEST_MADE_ID, SenderSettings, is_loopback, networks
from hipkit.server.services.access.actor import Actor

__all__ = ["Origin", "SenderPolicy"]

FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip")
"""What proxies say of whom they pass on. No program says so of itself."""

OF_NO_PAGE = "none"
"""What browsers say in `Sec-Fetch-Site` of an address that somebody typed. No page of this server
calls the API, so that even a page of the same origin is another's, whose name leads here now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a call came from.

    Attributes:
        address: The peer's, or the one that a trusted proxy names.
        is_passed_on: Whether the call went through a proxy, or says so.
        is_of_page: Whether a browser sent it for a page, whoever reads that page.
    """

    address: str
    is_passed_on: bool = False
    is_of_page: bool = False

    @classmethod
    def of(cls, peer: str, headers: Mapping[str, str]) -> Origin:
        """Return the origin of a call, by its headers in lower case."""
        site = headers.get("sec-fetch-site", OF_NO_PAGE)
        return cls(
            address=_plain(peer),
            is_passed_on=any(name in headers for name in FORWARDED),
            is_of_page="origin" in headers or site != OF_NO_PAGE,
        )


class SenderPolicy:
    """Decides who may send, from where, and as whom.

    Attributes:
        settings: As they were set.
        actors: The actors of senders by their names, and the number of changes of users and tokens
            after which they were read.
        measured: When the bytes in use were last counted, in seconds that never go back, and how
            many they were; `None` before.
    """

    def __init__(self, settings: SenderSettings) -> None:
        self.settings = settings
        self.actors: dict[str, tuple[int | None, Actor]] = {}
        self.measured: tuple[float, int] | None = None
        self._networks = networks(settings.accept)
        # Found by their hashes, as stored tokens are: how long a look-up takes says nothing.
        self._listed = {
            _hash(listed.token.reveal()): listed.name for listed in settings.token
        }
        self._rooms = {int(text): name for text, name in settings.rooms.items()}

    def find(self, token: str, origin: Origin) -> str | None:
        """Return the name of the sender that a token stands for; `None` if it is unknown.

        Raises:
            ForbiddenError: It may not be sent from there.
        """
        listed = self._listed.get(_hash(token))
        if listed is not None:
            if self._networks and not self._is_near(origin):
                raise ForbiddenError(
                    f"Programs may not send from {origin.address or 'there'}: its"
                    " network is not one of [senders] accept"
                )
            return listed
        if not self.settings.any_token:
            return None
        if not self._accepts_any(origin):
            raise ForbiddenError(
                f"Programs may not send from {origin.address or 'there'} with a token"
                " that is not listed: name its network in [senders] accept"
            )
        return self.settings.name

    def has_name(self, room_id: int) -> bool:
        """Return whether the settings say what the room of an id of HipChat's is called."""
        return room_id in self._rooms

    def room_name(self, room_id: int) -> str:
        """Return what the room of an id of HipChat's is called."""
        return self._rooms.get(room_id, f"Room {room_id}")

    def is_id(self, number: int) -> bool:
        """Return whether a number can be an id that a program knows from HipChat."""
        return 0 < number < LOWEST_MADE_ID

    def _accepts_any(self, origin: Origin) -> bool:
        # Any page that somebody on this machine looks at can reach a server on loopback.
        if origin.is_of_page:
            return False
        return self._is_near(origin)

    def _is_near(self, origin: Origin) -> bool:
        """Return whether a call is of an accepted network or of this machine."""
        if is_loopback(origin.address) and not origin.is_passed_on:
            return True
        try:
            found = ipaddress.ip_address(origin.address)
        except ValueError:
            return False
        return any(found in network for network in self._networks)


def _plain(peer: str) -> str:
    """Return an address without its zone; IPv4 as such, also from a socket for both versions."""
    try:
        found = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(found)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()
