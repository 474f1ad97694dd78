"""Reads the descriptors of add-ons, which anybody may have written."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

import msgspec

from hipkit.api.addresses import is_web_address
from hipkit.api.errors import BadRequestError
from hipkit.descriptors import (
    LARGEST_DESCRIPTOR,
    DescriptorError,
    Fault,
    read_descriptor,
)
from hipkit.server.events.fetching import FetchError, fetch, shown_origin
from hipkit.server.services.capabilities import CONNECT_VERSION
from hipkit.server.services.context import Context
from hipkit.server.services.webhooks.registration import MOST_WEBHOOKS
from hipkit.v2.models import AddonCapabilities, AddonDescriptor, Installable

__all__ = [
    "ReadDescriptor",
    "capabilities_of",
    "fetch_descriptor",
    "installable_of",
    "parse_descriptor",
]

DATA = re.compile(
    r"data:(?P<type>[^,;]*)(?:;(?!base64,)[^,;]*)*(?P<base64>;base64)?,(?P<content>.*)",
    re.IGNORECASE | re.DOTALL,
)
LONGEST_DATA = LARGEST_DESCRIPTOR * 4
"""Percent encoding makes three characters of one, base64 four of three."""

LONGEST_KEY = 200
LONGEST_NAME = 200
SCHEME = re.compile(r"\s*([a-zA-Z][a-zA-Z0-9+.-]*):")
HARMLESS_SCHEMES = frozenset({"data", "http", "https"})
"""Of icons and the like, which only images are made of."""
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
    if address[:5].lower() == "data:":
        body = _read_data(address)
    else:
        if not is_web_address(address):
            raise BadRequestError(
                "The address of a descriptor begins with https://, http:// or data:",
                field="url",
            )
        # Once more when the connection is opened: this is for the sentence about the network.
        await context.runtime.egress.check(address)
        body = await _fetch(context, address)
    return parse_descriptor(body, address)


def parse_descriptor(body: bytes, address: str) -> ReadDescriptor:
    """Check a descriptor's JSON.

    Raises:
        BadRequestError: This server does not accept it.
    """
    try:
        descriptor = read_descriptor(body)
        faults = list(_faults(descriptor))
        if faults:
            raise DescriptorError(faults)
    except DescriptorError as error:
        text = CONTROL.sub("\ufffd", f"The descriptor cannot be used: {error}")
        raise BadRequestError(text, field="url") from None
    document = msgspec.json.encode(descriptor).decode()
    return ReadDescriptor(descriptor=descriptor, document=document, address=address)


def capabilities_of(descriptor: AddonDescriptor) -> AddonCapabilities:
    """Return a descriptor's capabilities, none where it has none."""
    return descriptor.capabilities or AddonCapabilities()


def installable_of(descriptor: AddonDescriptor) -> Installable:
    """Return how an add-on is installed, with the defaults where it does not say."""
    return capabilities_of(descriptor).installable or Installable()


async def _fetch(context: Context, address: str) -> bytes:
    origin = shown_origin(address)
    try:
        fetched = await fetch(
            context.runtime.outgoing, "GET", address, most_bytes=LARGEST_DESCRIPTOR
        )
    except FetchError as error:
        raise BadRequestError(
            f"The descriptor at {origin} cannot be read: {error}", field="url"
        ) from None
    if fetched.is_success:
        return fetched.body
    problem = f"{origin} answered {fetched.status}"
    if 300 <= fetched.status < 400:
        problem += ", a redirect: use the address that it leads to"
    raise BadRequestError(f"The descriptor cannot be read: {problem}", field="url")


def _read_data(address: str) -> bytes:
    parts = DATA.fullmatch(address) if len(address) <= LONGEST_DATA else None
    if parts is None:
        raise BadRequestError("The data: address cannot be read", field="url")
    content = unquote_to_bytes(parts["content"])
    if parts["base64"] is None:
        return content
    try:
        # Written for addresses, too, and without the padding.
        plain = content.translate(bytes.maketrans(b"-_", b"+/"), b" \r\n\t=")
        return base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
    except binascii.Error:
        raise BadRequestError(
            "The data: address holds no base64", field="url"
        ) from None


def _faults(descriptor: AddonDescriptor) -> Iterator[Fault]:
    """Yield what this server does not accept, beyond the schema."""
    for name, text, most in (
        ("key", descriptor.key, LONGEST_KEY),
        ("name", descriptor.name, LONGEST_NAME),
    ):
        if not text.strip():
            yield _fault(name, "is empty", "Give it a text.")
        elif len(text) > most:
            yield _fault(name, f"is longer than {most} characters", "Shorten it.")
        elif CONTROL.search(text) is not None:
            yield _fault(name, "holds a control character", "Remove it.")
    version = (descriptor.api_version or "1:1").partition(":")[0]
    if version.isdigit() and (len(version) > 9 or int(version) > CONNECT_VERSION):
        yield _fault(
            "apiVersion",
            f"asks for version {version[:20]} of HipChat Connect; this server has"
            f" {CONNECT_VERSION}",
            'Write "1:1" if the add-on needs nothing newer.',
        )
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
    for place, url in _addresses(capabilities):
        if not is_web_address(url):
            yield _fault(place, "is no absolute http or https URL", "Write it in full.")
    webhooks = capabilities.webhook or []
    if len(webhooks) > MOST_WEBHOOKS:
        yield _fault(
            "capabilities.webhook",
            f"has {len(webhooks)} webhooks; a room or group has at most {MOST_WEBHOOKS}",
            "Listen to an event once, and choose in the add-on.",
        )
    keys = [webhook.key for webhook in webhooks if webhook.key is not None]
    if len(set(keys)) < len(keys):
        yield _fault(
            "capabilities.webhook", "uses a key twice", "Give each its own key."
        )
    yield from _dangerous(msgspec.to_builtins(capabilities), "capabilities")


def _addresses(capabilities: AddonCapabilities) -> Iterator[tuple[str, str]]:
    """Yield the URLs that this server calls or sends browsers to."""
    installable = capabilities.installable or Installable()
    for name in (
        "callback_url",
        "installed_url",
        "uninstalled_url",
        "update_callback_url",
        "updated_url",
    ):
        url = getattr(installable, name)
        if url is not None:
            first, *others = name.split("_")
            shown = first + "".join(map(str.title, others))
            yield f"capabilities.installable.{shown}", url
    if capabilities.configurable is not None:
        yield "capabilities.configurable.url", capabilities.configurable.url
    for number, webhook in enumerate(capabilities.webhook or []):
        yield f"capabilities.webhook[{number}].url", webhook.url
    if capabilities.oauth2_consumer is not None:
        for number, url in enumerate(capabilities.oauth2_consumer.redirection_urls):
            yield f"capabilities.oauth2Consumer.redirectionUrls[{number}]", url


def _dangerous(value: object, place: str) -> Iterator[Fault]:
    """Yield addresses that a browser would run, wherever they are."""
    if isinstance(value, dict):
        for name, member in value.items():
            if isinstance(member, str):
                scheme = SCHEME.match(CONTROL.sub("", member))
                if (
                    name.lower().removesuffix("@2x").endswith(("url", "avatar"))
                    and scheme is not None
                    and scheme[1].lower() not in HARMLESS_SCHEMES
                ):
                    yield _fault(
                        f"{place}.{name}",
                        "is no http or https URL",
                        "Use one that begins with https://.",
                    )
            else:
                yield from _dangerous(member, f"{place}.{name}")
    elif isinstance(value, list):
        for number, member in enumerate(value):
            yield from _dangerous(member, f"{place}[{number}]")


def _fault(place: str, problem: str, remedy: str) -> Fault:
    return Fault(place=place, problem=problem, remedy=remedy)
