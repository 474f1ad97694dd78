"""Whether an add-on can be installed, and can then do what its descriptor declares."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from hipkit.descriptors.checks.findings import (
    Finding,
    error,
    member,
    modules,
    quoted,
    warning,
)
from hipkit.descriptors.modules import MODULES

__all__ = ["find_installation_faults"]

CONSUMER = ("capabilities", "hipchatApiConsumer")
INSTALLABLE = ("capabilities", "installable")

CONNECT_VERSION = 1
"""The only version of Connect that HipChat ever had, of servers and clients."""

LONGEST_SENDER = 64
"""Characters in the `from` of a notification."""


def find_installation_faults(document: Mapping[str, object]) -> Iterator[Finding]:
    """Yield what keeps an add-on from being installed, or from working once it is."""
    yield from _identity(document)
    yield from _installable(document)
    yield from _consumer(document)
    yield from _missing_scopes(document)


def _identity(document: Mapping[str, object]) -> Iterator[Finding]:
    key = document.get("key")
    if isinstance(key, str) and (":" in key or not key):
        problem = (
            "has a colon, which separates it from module keys" if key else "is empty"
        )
        yield warning(("key",), problem, "Use a name such as com.example.karma.")
    version = document.get("apiVersion")
    if isinstance(version, str) and re.fullmatch(r"[0-9]{1,9}:[0-9]{1,9}", version):
        server, client = map(int, version.split(":"))
        remedy = 'Write "1:1".'
        if server > CONNECT_VERSION:
            problem = f"needs version {server} of servers, which all have version 1"
            yield error(("apiVersion",), problem, remedy)
        if client > CONNECT_VERSION:
            problem = f"needs version {client} of clients, which all have version 1"
            yield warning(("apiVersion",), problem, remedy)


def _installable(document: Mapping[str, object]) -> Iterator[Finding]:
    capabilities = member(document, "capabilities")
    installable = member(capabilities, "installable")
    if "installable" not in capabilities:
        if _needs_credentials(document):
            problem = "is missing, so the add-on never learns its credentials"
            yield warning(INSTALLABLE, problem, 'Add "installable" with a callbackUrl.')
        return
    if not isinstance(capabilities["installable"], Mapping):
        return
    if not {"callbackUrl", "installedUrl"} & {*installable}:
        problem = "has no URL, so the add-on never learns its credentials"
        yield warning(INSTALLABLE, problem, 'Add "callbackUrl", or "installedUrl".')
    globally = installable.get("allowGlobal", installable.get("allowGroup"))
    if globally is False and installable.get("allowRoom") is False:
        problem = "allows no installation, neither global nor in a room"
        yield error(INSTALLABLE, problem, "Set allowGlobal or allowRoom to true.")


def _needs_credentials(document: Mapping[str, object]) -> bool:
    """Return whether an add-on calls the API or verifies signatures."""
    capabilities = member(document, "capabilities")
    if not {"hipchatApiConsumer", "oauth2Consumer", "configurable"}.isdisjoint(
        capabilities
    ):
        return True
    return any(
        module.get("authentication") == "jwt"
        for kind in ("webhook", *MODULES)
        for _, module in modules(document, kind)
    )


def _consumer(document: Mapping[str, object]) -> Iterator[Finding]:
    consumer = member(document, *CONSUMER)
    found = consumer.get("scopes")
    scopes = found if isinstance(found, list) else []
    if "hipchatApiConsumer" in member(document, "capabilities") and found == []:
        problem = "is empty, so tokens of the add-on can do nothing"
        yield warning((*CONSUMER, "scopes"), problem, "List the scopes that it needs.")
    seen: set[object] = set()
    for number, scope in enumerate(scopes):
        if not isinstance(scope, str):
            continue
        if scope in seen:
            again = (*CONSUMER, "scopes", number)
            yield warning(again, "is listed twice", "Remove it.")
        seen.add(scope)
    sender = consumer.get("fromName")
    if isinstance(sender, str) and len(sender) > LONGEST_SENDER:
        place = (*CONSUMER, "fromName")
        problem = f"is longer than {LONGEST_SENDER} characters"
        yield warning(place, problem, f"Shorten it by {len(sender) - LONGEST_SENDER}.")


def _missing_scopes(document: Mapping[str, object]) -> Iterator[Finding]:
    """Yield capabilities that no scope of the add-on allows to use."""
    capabilities = member(document, "capabilities")
    consumer = member(capabilities, "hipchatApiConsumer")
    found = consumer.get("scopes", [])
    if not isinstance(found, list):
        return
    if isinstance(capabilities.get("oauth2Consumer"), Mapping) and not found:
        problem = "gets tokens with scopes of the add-on, and it has none"
        remedy = "List the scopes that it needs in hipchatApiConsumer."
        yield warning(("capabilities", "oauth2Consumer"), problem, remedy)
    # What a webhook answers is posted under this name, too, and needs no scope.
    can_post = "send_notification" in found or "webhook" in capabilities
    if isinstance(consumer.get("fromName"), str) and not can_post:
        problem = "is the sender of notifications, which no scope allows to send"
        remedy = "Add send_notification to the scopes."
        yield warning((*CONSUMER, "fromName"), problem, remedy)
    yield from _glances(document, found)


def _glances(
    document: Mapping[str, object], scopes: Sequence[object]
) -> Iterator[Finding]:
    installable = member(document, "capabilities", "installable")
    if "view_room" in scopes:
        return
    if "view_group" not in scopes:
        problem = "has no queryUrl, and no scope allows to push its content"
        wanted = "view_room or view_group"
    elif installable.get("allowRoom") is not False:
        # Group-wide pushes are not for an add-on of one room.
        problem = (
            "has no queryUrl, and where the add-on is installed in a room, no scope"
            " allows to push its content"
        )
        wanted = "view_room"
    else:
        return
    for path, glance in modules(document, "glance"):
        # Without an URL to query, a glance shows what is pushed.
        if "queryUrl" not in glance:
            key = glance.get("key")
            name = f" {quoted(key)}" if isinstance(key, str) else " it"
            remedy = f"Add {wanted} to the scopes, or a queryUrl to{name}."
            yield warning(path, problem, remedy)
