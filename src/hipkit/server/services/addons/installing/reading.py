"""Reads the descriptors of add-ons, which anybody may have written."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

import msgspec

from hipkit.api.addresses import is_web_address
from hipkit.api.errors import BadRequestError
from hipkit.descriptors import (
    LARGEST_DESCRIPTOR,
    DescriptorError,
    Fault,
    check_descriptor,
    read_descriptor,
)
from hipkit.descriptors.data_urls import is_data_url, read_data_url
from hipkit.server.events.fetching import FetchError
from hipkit.server.services.addons.installing.calling import call_addon, check_reachable
from hipkit.server.services.context import Context
from hipkit.server.services.representations.lines import one_line
from hipkit.server.services.webhooks.registration import MOST_WEBHOOKS
from hipkit.v2.models import AddonCapabilities, AddonDescriptor, Installable

__all__ = [
    "ReadDescriptor",
    "capabilities_of",
    "fetch_descriptor",
    "installable_of",
    "parse_descriptor",
    "shown_url",
]

LONGEST_KEY = 200
LONGEST_NAME = 200
LONGEST_SHOWN = 100
MORE = " (`hipkit addon check URL` lists every fault)"
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDescriptor:
    """A descriptor that this server accepts."""

    descriptor: AddonDescriptor
    document: str = field(repr=False)
    """The JSON that it was read from."""
    address: str = field(repr=False)
    """Where it was read: `http`, `https` or `data`."""


async def fetch_descriptor(context: Context, address: str) -> ReadDescriptor:
    """Read a descriptor from its address.

    Raises:
        BadRequestError: It cannot be read, or this server does not accept it.
    """
    address = address.strip()
    if is_data_url(address):
        try:
            body = read_data_url(address)
        except ValueError as error:
            raise BadRequestError(
                f"The address is wrong: {error}", field="url"
            ) from None
    else:
        if not is_web_address(address):
            raise BadRequestError(
                "The address of a descriptor begins with https://, http:// or data:",
                field="url",
            )
        # Once more when the connection is opened: this is for the sentence about the network.
        await check_reachable(context, address)
        body = await _fetch(context, address)
    # In a thread: what a stranger wrote may take a while to be checked.
    return await asyncio.to_thread(parse_descriptor, body, address)


def parse_descriptor(body: bytes, address: str) -> ReadDescriptor:
    """Check a descriptor's JSON.

    Raises:
        BadRequestError: This server does not accept it.
    """
    try:
        faults = [one for one in check_descriptor(body) if one.severity == "error"]
        if faults:
            raise DescriptorError(faults)
        descriptor = read_descriptor(body)
        faults = list(_faults(descriptor))
        if faults:
            raise DescriptorError(faults)
    except DescriptorError as error:
        text = CONTROL.sub("\ufffd", f"The descriptor cannot be used: {error}{MORE}")
        raise BadRequestError(text, field="url") from None
    document = msgspec.json.encode(descriptor).decode()
    return ReadDescriptor(descriptor=descriptor, document=document, address=address)


def capabilities_of(descriptor: AddonDescriptor) -> AddonCapabilities:
    """Return a descriptor's capabilities, none where it has none."""
    return descriptor.capabilities or AddonCapabilities()


def installable_of(descriptor: AddonDescriptor) -> Installable:
    """Return how an add-on is installed, with the defaults where it does not say."""
    return capabilities_of(descriptor).installable or Installable()


def shown_url(url: str) -> str:
    """Return a descriptor's address as it is shown: of data only the start.

    The query and what stands before an @ are left out, since they may hold a secret.
    """
    shown = url
    if not is_data_url(url):
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        query = "…" if parts.query else ""
        shown = parts._replace(netloc=host, query=query, fragment="").geturl()
    return shown if len(shown) <= LONGEST_SHOWN else f"{shown[:LONGEST_SHOWN]}…"


async def _fetch(context: Context, address: str) -> bytes:
    place = f"The descriptor at {one_line(shown_url(address))} cannot be read"
    try:
        fetched = await call_addon(
            context, "GET", address, most_bytes=LARGEST_DESCRIPTOR
        )
    except FetchError as error:
        raise BadRequestError(f"{place}: {error}", field="url") from None
    if fetched.is_success:
        return fetched.body
    problem = f"its server answered {fetched.status}"
    if 300 <= fetched.status < 400:
        target = _redirect_target(address, fetched.headers.get("location", ""))
        problem += f", a redirect{target}: use the address that it leads to"
    raise BadRequestError(f"{place}: {problem}", field="url")


def _redirect_target(address: str, location: str) -> str:
    try:
        target = urljoin(address, location)
    except ValueError:
        return ""
    return f" to {one_line(shown_url(target))}" if is_web_address(target) else ""


def _faults(descriptor: AddonDescriptor) -> Iterator[Fault]:
    """Yield what this server does not accept, although a descriptor may have it."""
    for name, text, most in (
        ("key", descriptor.key, LONGEST_KEY),
        ("name", descriptor.name, LONGEST_NAME),
    ):
        if not any(each.isprintable() and not each.isspace() for each in text):
            # Signs that nobody sees are no name.
            yield _fault(name, "is empty", "Give it a text.")
        elif len(text) > most:
            yield _fault(name, f"is longer than {most} characters", "Shorten it.")
        elif CONTROL.search(text) is not None:
            yield _fault(name, "holds a control character", "Remove it.")
    yield from _faults_of_capabilities(capabilities_of(descriptor))


def _faults_of_capabilities(capabilities: AddonCapabilities) -> Iterator[Fault]:
    consumer = capabilities.hipchat_api_consumer
    from_name = "" if consumer is None else consumer.from_name or ""
    if len(from_name) > LONGEST_NAME or CONTROL.search(from_name) is not None:
        yield _fault(
            "capabilities.hipchatApiConsumer.fromName",
            f"is longer than {LONGEST_NAME} characters, or holds a control character",
            "Use a short name.",
        )
    webhooks = capabilities.webhook or []
    if len(webhooks) > MOST_WEBHOOKS:
        yield _fault(
            "capabilities.webhook",
            f"has {len(webhooks)} webhooks; a room or group has at most {MOST_WEBHOOKS}",
            "Listen to an event once, and choose in the add-on.",
        )


def _fault(place: str, problem: str, remedy: str) -> Fault:
    return Fault(place=place, problem=problem, remedy=remedy)
