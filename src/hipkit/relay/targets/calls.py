"""Requests as most targets take them: JSON, or a file in a form (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from hipkit.api.addresses import split_web_address
from hipkit.api.bodies.quoting import quoted_name
from hipkit.api.secret import Secret
from hipkit.relay.message import RelayFile
from hipkit.relay.targets.protocol import FILE_MARK, HttpCall

__all__ = [
    "bearer",
    "check_address",
    "form_call",
    "get_call",
    "host_of",
    "json_call",
    "values_call",
    "with_query",
]

TYPED = ("Content-Type", "application/json; charset=utf-8")


def bearer(token: Secret) -> tuple[tuple[str, str], ...]:
    """Return the header that authenticates a bot."""
    return (("Authorization", f"Bearer {token.reveal()}"),)


def json_call(
    url: str, body: Mapping[str, object], headers: tuple[tuple[str, str], ...] = ()
) -> HttpCall:
    """Return a POST of JSON. Members that are `None` or an empty list are left out.

    Args:
        url: The address, which may be a secret.
        body: The members of the object.
        headers: Further headers.
    """
    kept = {name: value for name, value in body.items() if value not in (None, [])}
    return HttpCall(
        method="POST",
        url=Secret(url),
        headers=(TYPED, *headers),
        body=msgspec.json.encode(kept),
    )


def get_call(url: str, headers: tuple[tuple[str, str], ...] = ()) -> HttpCall:
    """Return a GET.

    Args:
        url: The address, which may be a secret.
        headers: Further headers.
    """
    return HttpCall(method="GET", url=Secret(url), headers=headers)


def values_call(
    url: str, values: Mapping[str, str], headers: tuple[tuple[str, str], ...] = ()
) -> HttpCall:
    """Return a POST of a form without files.

    Args:
        url: The address, which may be a secret.
        values: The fields.
        headers: Further headers.
    """
    return HttpCall(
        method="POST",
        url=Secret(url),
        headers=(("Content-Type", "application/x-www-form-urlencoded"), *headers),
        body=urlencode(values, errors="replace").encode(),
    )


def with_query(url: str, values: Mapping[str, str | None]) -> str:
    """Return an address with values in its query. Those that are `None` are left out."""
    address = urlsplit(url)
    query = dict(parse_qsl(address.query, keep_blank_values=True))
    query |= {name: value for name, value in values.items() if value is not None}
    return address._replace(query=urlencode(query), fragment="").geturl()


def host_of(address: str) -> str:
    """Return the host of an address, which may be a secret."""
    return urlsplit(address).hostname or ""


def form_call(
    url: str,
    fields: Mapping[str, str],
    file: RelayFile,
    *,
    name: str,
    headers: tuple[tuple[str, str], ...] = (),
) -> HttpCall:
    """Return a POST of a form with a file.

    Args:
        url: The address, which may be a secret.
        fields: The fields before the file.
        file: The file, whose bytes the sender puts in.
        name: The file's field.
        headers: Further headers.
    """
    # Who wrote the file did not know its key, so the boundary is not in it.
    boundary = f"hipkit-{sha256(file.key.encode()).hexdigest()[:32]}"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in fields.items()
    ]
    filename = quoted_name(file.name)
    parts.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}";'
        f' filename="{filename}"\r\nContent-Type: application/octet-stream\r\n\r\n'
    )
    start = "".join(parts).encode("utf-8", "replace")
    return HttpCall(
        method="POST",
        url=Secret(url),
        headers=(
            ("Content-Type", f"multipart/form-data; boundary={boundary}"),
            *headers,
        ),
        body=start + FILE_MARK + f"\r\n--{boundary}--\r\n".encode(),
        file=file,
    )


def check_address(name: str, address: str) -> None:
    """Raise `ValueError` unless a setting is a web address. Its text does not hold the address."""
    split_web_address(address, name)
