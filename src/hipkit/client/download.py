"""Download files shared in a room; the token is never sent to another host."""

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
from hipkit.client.decoding import decode
from hipkit.client.exchange import Exchange, State, Steps
from hipkit.client.reply import HTML_TYPES, MAX_EXCERPT_BYTES, REDIRECTS, Reply
from hipkit.client.settings import Site, parse_site
from hipkit.transports.protocol import RawResponse
from hipkit.v2.files import GetFile
from hipkit.v2.models import AuthenticatedFile, MessageFile

__all__ = ["DownloadSource", "FileTarget", "download", "open_target"]

DownloadSource = MessageFile | AuthenticatedFile | str
"""A file as described in a message, or its URL."""

MOST_REDIRECTS = 5


class FileTarget:
    """Writes and counts a file's bytes; can start over when a request is retried."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._start = file.tell() if file.seekable() else None
        self.size_bytes = 0
        self.beginning = b""

    def __call__(self, chunk: bytes) -> None:
        """Write one chunk."""
        if len(self.beginning) < MAX_EXCERPT_BYTES:
            self.beginning += chunk
        self._file.write(chunk)
        self.size_bytes += len(chunk)

    def restart(self) -> bool:
        """Discard what was written; return whether that was possible."""
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
    """Open a target. A path gets a temporary file beside it, which replaces it when complete.

    Raises:
        TypeError: The target is neither a path nor an open file.
    """
    if not isinstance(to, (str, os.PathLike)):
        if not hasattr(to, "write"):
            kind = type(to).__name__
            raise TypeError(f"a download needs a path or a binary file, not {kind}")
        yield FileTarget(to)
        return
    path = Path(to)
    if path.exists() and not path.is_file():
        # A pipe or a device is written to directly: replacing it would break it for all users.
        with path.open("wb") as file:
            yield FileTarget(file)
        return
    # Opened like any new file, so that it gets the default permissions.
    part = path.with_name(f".{path.name[:50]}.{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as file:
            yield FileTarget(file)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def download(source: DownloadSource, state: State, target: FileTarget) -> Steps[int]:
    """Download a file into `target` and return its size in bytes.

    Raises:
        ValueError: The source has no URL, or one that is not http or https.
        ApiError: The file's host answered with an error status.
        RequestError: No response arrived, or it ended early.
        ResponseError: The response is not the file.
    """
    url, fetch = _fetch(f"{state.site}/", _address(source), state)
    file_id = _file_id(fetch, state)
    if file_id is not None:
        asking = GetFile(file_id)
        found = yield from Exchange(asking, state).steps()
        url, fetch = _follow(asking, 200, url, found.temp_url, state)
    for _ in range(MOST_REDIRECTS + 1):
        call = Exchange(fetch, _state_for(fetch, state), sink=target)
        response = yield from call.deliver()
        location = response.headers.get("location")
        if response.status not in REDIRECTS or location is None:
            secrets = (
                *secrets_in(call.token, state.policy.headers),
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
                    request=call.request,
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
    """Check that the response is a whole file, and not a web page such as a sign-in page."""
    is_part = response.status in (204, 205, 206)
    if not (Reply(fetch, response).is_html() or is_part):
        return
    if isinstance(source, str):
        name, size = fetch.route.partition("?")[0], None
    else:
        name, size = source.name or "", source.size
    guessed = mimetypes.guess_type(name)[0]
    if size == target.size_bytes or (guessed in HTML_TYPES and not is_part):
        return
    if not is_part and guessed is None and size is None and fetch.authorize == "none":
        return  # The content of a URL on another host is unknown.
    page = RawResponse(response.status, response.headers, target.beginning)
    target.restart()
    problem = f"{page.status}, but the body is not the file"
    raise Reply(fetch, page, secrets).unexpected(problem)


class _Fetch(FreeRequest, frozen=True, kw_only=True):
    """The request for a file. The URL is not shown: knowing it is enough to read the file."""

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
    """Return a file's absolute URL, and the request for it."""
    home = state.site
    try:
        url = urljoin(base, address)
        parts = urlsplit(url)
        # Plain http is allowed if the caller accepted it for the base URL.
        site = parse_site(
            f"{parts.scheme}://{parts.netloc}", allow_http=home.scheme == "http"
        )
    except ValueError:
        raise ValueError(
            "the file's URL must begin with https:// and name a host, without a user"
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
    """Return the file's id if the URL is that of the API's `get_file`, else `None`."""
    path, base = fetch.route.partition("?")[0], f"{state.site.path}/file/"
    file_id = unquote(path.removeprefix(base))
    if fetch.site.origin != state.site.origin or path != base + quote(file_id, safe=""):
        return None
    return file_id or None


def _follow(
    asked: Operation[object], status: int, base: str, address: str, state: State
) -> tuple[str, _Fetch]:
    """Return the URL that a response refers to, and the request for it."""
    try:
        return _fetch(base, address, state)
    except ValueError:
        raise ResponseError(
            f"{asked}: the redirect leads to an unusable URL",
            operation=asked,
            status=status,
        ) from None


def _state_for(fetch: _Fetch, state: State) -> State:
    """Return the state for a request: another host gets no token and no own headers."""
    own = state.policy.headers
    if fetch.site.origin != state.site.origin:
        own = {}
        state = replace(
            state, authorization=None, has_provider=False, limits=LimitMemory()
        )
    if not any(name.lower() == "accept" for name in own):
        own = {"Accept": "*/*", **own}
    policy = replace(state.policy, headers=own)
    return replace(state, site=fetch.site, policy=policy)


def _address(source: DownloadSource) -> str:
    if not isinstance(source, DownloadSource):
        raise TypeError(
            "download takes a message's file or authenticated_file, or a URL, "
            f"not {type(source).__name__}"
        )
    if isinstance(source, AuthenticatedFile):
        if not source.id:
            raise ValueError("the file has no id")
        return f"file/{path_segment('id', source.id)}"
    address = source if isinstance(source, str) else source.url
    if not address:
        raise ValueError("the file has no URL")
    return address
