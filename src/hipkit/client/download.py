"""Files shared in a room, on their way to a file here; the token never goes to another host."""

from __future__ import annotations

import mimetypes
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, unquote, urljoin, urlsplit

from hipkit.api.errors import ResponseError
from hipkit.api.free_request import FreeRequest
from hipkit.api.limits import LimitMemory
from hipkit.api.operation import Operation, path_segment
from hipkit.api.redaction import secrets_in
from hipkit.api.secret import HIDDEN, Secret
from hipkit.client.decoding import (
    HTML_TYPES,
    MAX_EXCERPT_BYTES,
    REDIRECTS,
    decode,
    is_html,
    unexpected,
)
from hipkit.client.exchange import Exchange, Policy, State, deliver, exchange
from hipkit.client.settings import Site, parse_site
from hipkit.transports.protocol import RawResponse
from hipkit.v2.files import GetFile
from hipkit.v2.models import AuthenticatedFile, MessageFile

__all__ = ["DownloadSource", "FileTarget", "download", "open_target"]

DownloadSource = MessageFile | AuthenticatedFile | str
"""A file as a message tells it, or its address."""

MOST_REDIRECTS = 5


class FileTarget:
    """Where the bytes go: counts them, and can start over when a call is sent again."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._start = file.tell() if file.seekable() else None
        self.size_bytes = 0
        self.beginning = b""

    def __call__(self, chunk: bytes) -> None:
        """Write one piece."""
        if len(self.beginning) < MAX_EXCERPT_BYTES:
            self.beginning += chunk
        self._file.write(chunk)
        self.size_bytes += len(chunk)

    def restart(self) -> bool:
        """Forget what was written; False where that cannot be undone."""
        if self.size_bytes == 0:
            return True
        if self._start is None:
            return False
        self._file.seek(self._start)
        self._file.truncate()
        self.size_bytes = 0
        self.beginning = b""
        return True


@contextmanager
def open_target(to: str | os.PathLike[str] | BinaryIO) -> Iterator[FileTarget]:
    """Open a target; a path is written beside and put in place only when all is there.

    Raises:
        TypeError: It is neither a path nor an open file.
    """
    if not isinstance(to, (str, os.PathLike)):
        if not hasattr(to, "write"):
            kind = type(to).__name__
            raise TypeError(f"a file goes to a path or a binary file, not {kind}")
        yield FileTarget(to)
        return
    path = Path(to)
    if path.exists() and not path.is_file():
        # A pipe or a device is written to: a file in its place would take it from everybody.
        with path.open("wb") as file:
            yield FileTarget(file)
        return
    # Opened like any new file, so that it gets the rights that such a file has here.
    part = path.with_name(f".{path.name[:50]}.{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as file:
            yield FileTarget(file)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def download(
    source: DownloadSource, state: State, policy: Policy, target: FileTarget
) -> Exchange[int]:
    """Fetch a file into `target` and return its size in bytes.

    Raises:
        ValueError: The source has no address, or one that is not http or https.
        ApiError: The file's host said no.
        RequestError: No answer came, or it ended early.
    """
    url, fetch = _fetch(f"{state.site}/", _address(source), state)
    file_id = _file_id(fetch, state)
    if file_id is not None:
        asking = GetFile(file_id)
        found = yield from exchange(asking, state, policy)
        url, fetch = _follow(asking, 200, url, found.temp_url, state)
    for _ in range(MOST_REDIRECTS + 1):
        there, how = _choose_credentials(fetch, state, policy)
        response, request, token = yield from deliver(fetch, there, how, sink=target)
        location = response.headers.get("location")
        if response.status not in REDIRECTS or location is None:
            secrets = (
                *secrets_in(token, policy.headers),
                *secrets_in(state.authorization),
            )
            if 200 <= response.status < 300:
                _check_file(source, fetch, response, target, secrets)
            else:
                decode(
                    fetch,
                    response,
                    url,
                    now=state.clock.now(),
                    secrets=secrets,
                    request=request,
                )
            return target.size_bytes
        url, fetch = _follow(fetch, response.status, url, location, state)
    raise ResponseError(
        f"{fetch}: more than {MOST_REDIRECTS} redirects", operation=fetch
    )


def _check_file(
    source: DownloadSource,
    fetch: _Fetch,
    response: RawResponse,
    target: FileTarget,
    secrets: tuple[Secret, ...],
) -> None:
    """Refuse a part of a file, and a web page, a sign-in page as a rule, in place of a file."""
    is_part = response.status in (204, 205, 206)
    if not (is_html(response.headers) or is_part):
        return
    if isinstance(source, str):
        name, size = fetch.route.partition("?")[0], None
    else:
        name, size = source.name or "", source.size
    guessed = mimetypes.guess_type(name)[0]
    if size == target.size_bytes or (guessed in HTML_TYPES and not is_part):
        return
    if not is_part and guessed is None and size is None and fetch.authorize == "none":
        return  # Nobody can know what an address elsewhere should hold.
    page = RawResponse(response.status, response.headers, target.beginning)
    target.restart()
    raise unexpected(fetch, page, f"{page.status}, but no file came", secrets)


class _Fetch(FreeRequest, frozen=True, kw_only=True):
    """The request for a file. Who knows a file's address may read it, so it is not shown."""

    private_query = True

    site: Site

    def private_values(self) -> Iterator[object]:
        yield self.route
        yield self.route.partition("?")[::2]

    def secret_values(self) -> Iterator[object]:
        return self.private_values()

    def shown_target(self) -> str:
        return f"/{HIDDEN}"

    def __str__(self) -> str:
        return f"GET {self.site.origin}{self.shown_target()}"

    def __repr__(self) -> str:
        return f"<{self}>"


def _fetch(base: str, address: str, state: State) -> tuple[str, _Fetch]:
    """Return a file's absolute address, and the request for it."""
    home = state.site
    try:
        url = urljoin(base, address)
        parts = urlsplit(url)
        # Plain http is no worse than the base URL that the caller has accepted.
        site = parse_site(
            f"{parts.scheme}://{parts.netloc}", allow_http=home.scheme == "http"
        )
    except ValueError:
        raise ValueError(
            "the file's address must begin with https:// and name a host, without a user"
        ) from None
    route = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    knows_token = state.authorization is not None or state.has_provider
    is_home = site.origin == home.origin
    return url, _Fetch(
        verb="GET",
        route=route,
        authorize="bearer" if is_home and knows_token else "none",
        site=site,
    )


def _file_id(fetch: _Fetch, state: State) -> str | None:
    """Return the id where an address is that of the API's own call, which tells the file's."""
    path, base = fetch.route.partition("?")[0], f"{state.site.path}/file/"
    file_id = unquote(path.removeprefix(base))
    if fetch.site.origin != state.site.origin or path != base + quote(file_id, safe=""):
        return None
    return file_id or None


def _follow(
    asked: Operation[object], status: int, base: str, address: str, state: State
) -> tuple[str, _Fetch]:
    """Return where an answer leads, and the request for it."""
    try:
        return _fetch(base, address, state)
    except ValueError:
        raise ResponseError(
            f"{asked}: the redirect leads to an address that cannot be used",
            operation=asked,
            status=status,
        ) from None


def _choose_credentials(
    fetch: _Fetch, state: State, policy: Policy
) -> tuple[State, Policy]:
    """Go to the own host as ever, and to any other as nobody, without headers of one's own."""
    if fetch.site.origin == state.site.origin:
        own = policy.headers
        there = replace(state, site=fetch.site)
    else:
        own = {}
        there = replace(
            state,
            site=fetch.site,
            authorization=None,
            has_provider=False,
            limits=LimitMemory(),
        )
    if not any(name.lower() == "accept" for name in own):
        own = {"Accept": "*/*", **own}
    return there, replace(policy, headers=own)


def _address(source: DownloadSource) -> str:
    if not isinstance(source, DownloadSource):
        raise TypeError(
            "download takes a message's file or authenticated_file, or an address, "
            f"not {type(source).__name__}"
        )
    if isinstance(source, AuthenticatedFile):
        if not source.id:
            raise ValueError("the file has no id")
        return f"file/{path_segment('id', source.id)}"
    address = source if isinstance(source, str) else source.url
    if not address:
        raise ValueError("the file has no address")
    return address
