"""URLs of a descriptor: absolute, without passwords, and not readable on their way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from hipkit.api.addresses import is_loopback, is_web_address, split_web_address
from hipkit.api.suggestions import did_you_mean
from hipkit.descriptors.checks.described import described_objects
from hipkit.descriptors.checks.findings import Finding, Path, error, quoted, warning
from hipkit.descriptors.data_urls import is_data_url
from hipkit.descriptors.templates import VARIABLE, VARIABLES, variables_of

__all__ = ["find_address_faults"]

URL_NAME = re.compile(r"url|url@2x|self|homepage|avatar|[A-Za-z0-9]+Urls?")
IMAGES = frozenset({"icon", "avatar"})
CALLED = frozenset({"configurable", "installable", "oauth2Consumer", "webhook"})
"""Capabilities whose URLs a server calls or sends browsers to, so that it rejects others."""

SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
TEMPLATES = frozenset({"webPanel", "dialog", "externalPage"})
"""Modules whose URLs may hold variables."""


def find_address_faults(
    document: Mapping[str, object], url: str | None
) -> Iterator[Finding]:
    """Yield what is wrong with URLs.

    Args:
        document: The descriptor.
        url: Where it was fetched from.
    """
    is_fetched = url is not None and is_web_address(url)
    for path, address in _addresses(document):
        yield from _check(path, address)
        if is_fetched and path == ("links", "self") and address != url:
            problem = "is not where the descriptor was fetched from"
            yield warning(path, problem, "Write the URL at which it is served.")


def _addresses(document: Mapping[str, object]) -> Iterator[tuple[Path, str]]:
    for found in described_objects(document):
        for name in found.members:
            value = found.value.get(name)
            path = (*found.path, name)
            if not URL_NAME.fullmatch(name):
                continue
            if isinstance(value, str):
                yield path, value
            elif isinstance(value, list):
                for number, each in enumerate(value):
                    if isinstance(each, str):
                        yield (*path, number), each


def _check(path: Path, address: str) -> Iterator[Finding]:
    is_image = not IMAGES.isdisjoint(path)
    # A descriptor may be such a URL itself, which cannot contain itself.
    if (is_image or path == ("links", "self")) and is_data_url(address):
        return
    is_called = len(path) > 1 and path[1] in CALLED
    if len(path) > 1 and path[1] in TEMPLATES and not is_image:
        yield from _check_variables(path, address)
        address = VARIABLE.sub("x", address)
    if not is_web_address(address):
        # Browsers run some schemes, such as javascript.
        fault = error if is_called or SCHEME.match(address) else warning
        remedy = "Write it in full, as https://host/path."
        yield fault(path, "is not an absolute URL", remedy)
        return
    parts = split_web_address(address)
    if "@" in parts.netloc:
        problem = "has a user name or password, which every reader sees"
        # HipChat was seen to reject webhooks for this; of others it is not known.
        fault = error if "webhook" in path else warning
        yield fault(path, problem, "Remove what stands before the @.")
    if parts.scheme == "http" and not is_loopback(address):
        problem = "is http, so others can read and change what is sent"
        yield warning(path, problem, "Serve it with https.")


def _check_variables(path: Path, address: str) -> Iterator[Finding]:
    for name in variables_of(address):
        if name not in VARIABLES and not name.startswith("message.metadata."):
            meant = did_you_mean(name, VARIABLES)
            problem = f"has the unknown variable {quoted(name)}{meant}".rstrip(".")
            remedy = f"Use one of {', '.join(VARIABLES)}, message.metadata.NAME."
            yield warning(path, problem, remedy)
