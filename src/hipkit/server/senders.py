"""Relay mode: which old programs may send, as whom, and how much (values).

With `Settings.senders` the server takes messages from programs that nobody sets up here: see
`services/senders/`. Read next: `docs/explanation/relay.md`.
"""

from __future__ import annotations

import ipaddress
from ipaddress import IPv4Network, IPv6Network

import msgspec

from hipkit.api.secret import Secret

__all__ = [
    "LOWEST_MADE_ID",
    "SenderSettings",
    "SenderToken",
    "check_open_door",
    "is_loopback",
    "networks",
    "sender_id",
]

GIBIBYTE = 1024**3
LONGEST_NAME = 50
"""The API's limit for names of people; senders are some."""
LOWEST_MADE_ID = 1_000_000_000
"""HipChat's ids were lower. Rooms that are made by name get higher ones, so that none has an id by
which an old program knows another room."""
LONGEST_ID = len(str(LOWEST_MADE_ID)) - 1


class SenderToken(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """A token that an old program has."""

    token: Secret
    """As the program sends it: a token, or the secret of an OAuth client."""
    name: str
    """As whom it sends, 1 to 50 characters. Several tokens may have the same."""
    bridge: str | None = None
    """The route that it bridges: what it sends is never relayed back to that one."""


class SenderSettings(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """Which programs may send, as whom, and how much.

    Raises:
        ValueError: A value is not one that it may have. The message has no secret.
    """

    accept: tuple[str, ...] = ()
    """The networks that programs may send from, beside this machine. Without any, a token that is
    not listed has to come from this machine, and a listed one may come from anywhere."""
    any_token: bool = True
    """Whether tokens are taken that are not listed."""
    name: str = "Relay"
    """As whom programs send whose token is not listed, 1 to 50 characters."""
    token: tuple[SenderToken, ...] = ()
    rooms: dict[str, str] = {}
    """Names of rooms that programs know by HipChat's ids; others are called `Room 12345`."""
    calls_a_minute: int = 3_000
    """Calls of one address in a minute."""
    new_rooms: int = 1_000
    """Rooms that programs may make in all."""
    new_people: int = 1_000
    """People that private messages may make; none are made once there are so many."""
    disk_bytes: int = 10 * GIBIBYTE
    """How much database and files may take before messages are refused; 0 for no bound."""

    def __post_init__(self) -> None:
        """Check what the types do not."""
        networks(self.accept)
        for name in (self.name, *(listed.name for listed in self.token)):
            if not _is_name(name):
                raise ValueError(f"a sender's name has 1 to {LONGEST_NAME} characters")
        for text, name in self.rooms.items():
            if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_ID):
                raise ValueError(f"rooms: {text[:20]!r} is not an id of HipChat")
            if not _is_name(name):
                raise ValueError(f"rooms: a name has 1 to {LONGEST_NAME} characters")
        if self.calls_a_minute < 1:
            raise ValueError("calls_a_minute must be 1 or more")
        if min(self.new_rooms, self.new_people, self.disk_bytes) < 0:
            raise ValueError("new_rooms, new_people and disk_bytes must be 0 or more")
        self._check_tokens()

    def _check_tokens(self) -> None:
        bridges: dict[str, str | None] = {self.name: None} if self.any_token else {}
        seen: set[Secret] = set()
        for listed in self.token:
            if not is_sendable(listed.token):
                raise ValueError(
                    f"the token of {listed.name!r} is empty or has spaces or other"
                    " characters that no program could send"
                )
            if listed.token in seen:
                raise ValueError(f"the token of {listed.name!r} is listed twice")
            seen.add(listed.token)
            if bridges.setdefault(listed.name, listed.bridge) != listed.bridge:
                raise ValueError(
                    f"senders called {listed.name!r} bridge different routes, or only"
                    " some of them do: use another name for each route"
                )

    @property
    def bridges(self) -> dict[str, str]:
        """The names of bridged routes, by the ids that messages name their senders by."""
        return {
            sender_id(listed.name): listed.bridge
            for listed in self.token
            if listed.bridge is not None
        }


def _is_name(name: str) -> bool:
    return name.strip() != "" and len(name) <= LONGEST_NAME and name.isprintable()


def sender_id(name: str) -> str:
    """Return the id that messages name a sender by, in the place of a token's."""
    return f"sender:{name}"


def is_sendable(token: Secret) -> bool:
    """Return whether a token can stand in a header."""
    text = token.reveal()
    return text != "" and all("!" <= letter <= "~" for letter in text)


def networks(texts: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    """Return networks.

    Raises:
        ValueError: A text is none, or has bits beside the network.
    """
    found: list[IPv4Network | IPv6Network] = []
    for text in texts:
        try:
            found.append(ipaddress.ip_network(text.strip()))
        except ValueError:
            raise ValueError(
                f"accept: {text[:50]!r} is not a network such as 10.0.0.0/8"
            ) from None
    return tuple(found)


def is_loopback(host: str) -> bool:
    """Return whether a host's name or address is this machine's own."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_open_door(host: str, settings: SenderSettings) -> None:
    """Check that a server that others reach does not take messages from just anyone.

    Raises:
        ValueError: Other machines reach it, and the settings name neither networks nor tokens.
    """
    if is_loopback(host) or settings.accept or settings.token:
        return
    raise ValueError(
        f"--host {host} lets other machines send: name their networks in"
        ' [senders], such as accept = ["10.0.0.0/8"], or list tokens in'
        " [[senders.token]]"
    )
