"""Download files shared in a room; the token is never sent to another host."""

from __future__ import annotations

import mimetypes
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, TypeVar, cast
from urllib.parse import quote, unquote, urljoin, urlsplit

from msgspec.structs import replace

from hipkit.api.bodies.files import CHUNK_BYTES, Progress
from hipkit.api.callbacks import check_callback
from hipkit.api.errors import ResponseError
from hipkit.api.free_request import FreeRequest
from hipkit.api.limits import LimitMemory
from hipkit.api.operation import path_segment
from hipkit.api.redaction import secrets_in
from hipkit.api.response import SentRequest
from hipkit.api.secret import HIDDEN, Secret
from hipkit.client.exchange import Exchange
from hipkit.client.reply import HTML_TYPES, MAX_EXCERPT_BYTES
from hipkit.client.settings import Site, parse_site
from hipkit.client.state import State
from hipkit.client.steps import Steps
from hipkit.transports.protocol import RawResponse
from hipkit.v2.files import GetFile
from hipkit.v2.models import AuthenticatedFile, MessageFile

__all__ = [
    "DownloadSource",
    "FileTarget",
    "check_source",
    "chunks_of",
    "download",
    "open_spool",
    "open_target",
]

T = TypeVar("T")

DownloadSource = MessageFile | AuthenticatedFile | str
"""A file as described in a message, or its URL."""

MOST_REDIRECTS = 5
SPOOLED_BYTES = 1024 * 1024


class FileTarget:
    """Writes and counts a file's bytes; can start over when a request is retried."""

    def __init__(
        self,
        file: BinaryIO,
        on_progress: Progress | None = None,
        expected_bytes: int | None = None,
    ) -> None:
        self._file = file
        self._on_progress = on_progress
        self._expected_bytes = expected_bytes
        self._start = file.tell() if file.seekable() else None
        self.size_bytes = 0
        self.beginning = b""
        self._report()

    def __call__(self, chunk: bytes) -> None:
        """Write one chunk."""
        if len(self.beginning) < MAX_EXCERPT_BYTES:
            self.beginning += chunk
        self._file.write(chunk)
        self.size_bytes += len(chunk)
        self._report()

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
        self._report()
        return True

    def _report(self) -> None:
        if self._on_progress is not None:
            self._on_progress(self.size_bytes, self._expected_bytes)


@contextmanager
def open_target(
    to: str | os.PathLike[str] | BinaryIO,
    source: DownloadSource,
    on_progress: Progress | None = None,
) -> Iterator[FileTarget]:
    """Open a target. A path gets a temporary file beside it, which replaces it when complete.

    Raises:
        TypeError: The target is neither a path nor an open file, or the function is async.
    """
    check_callback("on_progress", on_progress)
    size = None if isinstance(source, str) else source.size
    if not isinstance(to, (str, os.PathLike)):
        if not hasattr(to, "write"):
            kind = type(to).__name__
            raise TypeError(f"a download needs a path or a binary file, not {kind}")
        yield FileTarget(to, on_progress, size)
        return
    path = Path(to)
    if path.exists() and not path.is_file():
        # A pipe or a device is written to directly: replacing it would break it for all users.
        with path.open("wb") as file:
            yield FileTarget(file, on_progress, size)
        return
    # Opened like any new file, so that it gets the default permissions.
    part = path.with_name(f".{path.name[:50]}.{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as file:
            yield FileTarget(file, on_progress, size)
        part.replace(path)
    except BaseException as error:
        part.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename == str(part):
            error.filename = str(path)  # The caller knows no other.
        raise


def download(source: DownloadSource, state: State, target: FileTarget) -> Steps[int]:
    """Download a file into `target` and return its size in bytes.

    Raises:
        ValueError: The source has no URL, or one that is not http or https.
        ApiError: The file's host answered with an error status.
        RequestError: No response arrived, or it ended early.
        ResponseError: The response is not the file.
    """
    fetch = _fetch(f"{state.site}/", _address(source), state)
    file_id = _file_id(fetch, state)
    if file_id is not None:
        asking = Exchange(GetFile(file_id), state)
        found = yield from asking.steps()
        fetch = _follow(asking, 200, found.temp_url, state)
    for _ in range(MOST_REDIRECTS + 1):
        call = Exchange(fetch, _state_for(fetch.site, state), sink=target)
        response = yield from call.deliver()
        if 200 <= response.status < 300:
            _check_file(source, call, response, target)
            return target.size_bytes
        location = cast("str", call.result(response))
        fetch = _follow(call, response.status, location, state)
    raise _error(call, f"more than {MOST_REDIRECTS} redirects", response.status)


def _check_file(
    source: DownloadSource,
    call: Exchange[object],
    response: RawResponse,
    target: FileTarget,
) -> None:
    """Check that the response is a whole file, and not a web page such as a sign-in page."""
    is_part = response.status in (204, 205, 206)
    if not (is_part or call.reply(response).is_html()):
        return
    if isinstance(source, str):
        name, size = call.request.target.partition("?")[0], None
    else:
        name, size = source.name or "", source.size
    guessed = mimetypes.guess_type(name)[0]
    # The content of a URL on another host is unknown.
    is_unknown = (guessed, size, call.operation.auth) == (None, None, "none")
    may_be_page = guessed in HTML_TYPES or is_unknown
    if size == target.size_bytes or (may_be_page and not is_part):
        return
    page = RawResponse(response.status, response.headers, target.beginning)
    target.restart()
    problem = f"{page.status}, but the body is not the file"
    raise call.reply(page).unexpected(problem)


class _Fetch(FreeRequest, frozen=True, kw_only=True):
    """The request for a file. The URL is not shown: knowing it is enough to read the file."""

    redirect = True

    site: Site
    hidden: tuple[Secret, ...]
    """The credentials of the base URL's host, which another host might know and quote."""

    def private_values(self) -> Iterator[object]:
        yield self.route
        yield self.route.partition("?")[::2]
        yield [secret.reveal() for secret in self.hidden]

    def shown_target(self) -> str:
        return f"/{HIDDEN}"

    def __str__(self) -> str:
        return f"GET {self.site.origin}{self.shown_target()}"


def _fetch(base: str, address: str, state: State) -> _Fetch:
    """Return the request for a file at an address, which may be relative to a URL."""
    home = state.site
    try:
        parts = urlsplit(urljoin(base, address))
        # Plain http is allowed if the caller accepted it for the base URL.
        site = parse_site(
            f"{parts.scheme}://{parts.netloc}", allow_http=home.scheme == "http"
        )
    except ValueError:
        raise ValueError(
            "the file's URL must begin with https:// and name a host, without a user"
        ) from None
    knows_token = state.authorization is not None or state.has_provider
    is_home = site.origin == home.origin
    return _Fetch(
        verb="GET",
        route=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        authorize="bearer" if is_home and knows_token else "none",
        site=site,
        hidden=secrets_in(state.authorization, state.policy.headers),
    )


def _file_id(fetch: _Fetch, state: State) -> str | None:
    """Return the file's id if the URL is that of the API's `get_file`, else `None`."""
    path, base = fetch.route.partition("?")[0], f"{state.site.path}/file/"
    file_id = unquote(path.removeprefix(base))
    if fetch.site.origin != state.site.origin or path != base + quote(file_id, safe=""):
        return None
    return file_id or None


def _follow(call: Exchange[T], status: int, address: str, state: State) -> _Fetch:
    """Return the request for the address that a response refers to."""
    try:
        return _fetch(call.url, address, state)
    except ValueError:
        problem = "the redirect leads to an unusable URL"
        raise _error(call, problem, status) from None


def _error(call: Exchange[T], problem: str, status: int) -> ResponseError:
    """Return the error for a response that leads to no file."""
    text = f"{call.operation}: {problem}"
    error = ResponseError(text, operation=call.operation, status=status)
    error.request_id = call.request_id
    return error


def _state_for(site: Site, state: State) -> State:
    """Return the state for a request: another host gets no token, and nothing of the caller's."""
    policy = state.policy
    own, request_id, hooks = policy.headers, policy.request_id, policy.hooks
    if site.origin != state.site.origin:
        own, request_id = {}, None
        hooks = replace(hooks, headers=_without_result(hooks.headers))
        state = replace(
            state, authorization=None, has_provider=False, limits=LimitMemory()
        )
    if not any(name.lower() == "accept" for name in own):
        own = {"Accept": "*/*", **own}
    policy = replace(policy, headers=own, request_id=request_id, hooks=hooks)
    return replace(state, site=site, policy=policy)


def _without_result(
    hook: Callable[[SentRequest], Mapping[str, str]] | None,
) -> Callable[[SentRequest], Mapping[str, str]] | None:
    """Return a hook that is called as before, and adds no headers."""
    if hook is None:
        return None

    def called(request: SentRequest) -> Mapping[str, str]:
        hook(request)
        return {}

    return called


def check_source(source: object) -> None:
    """Check the type of what is to be downloaded.

    Raises:
        TypeError: It is neither a message's file nor a URL.
    """
    if not isinstance(source, DownloadSource):
        raise TypeError(
            "download takes a message's file or authenticated_file, or a URL, "
            f"not {type(source).__name__}"
        )


def open_spool() -> BinaryIO:
    """Open a file in memory that moves to disk when it grows; closing removes it."""
    return cast("BinaryIO", SpooledTemporaryFile(max_size=SPOOLED_BYTES))


def chunks_of(spool: BinaryIO) -> Iterator[bytes]:
    """Yield a file's bytes from its start."""
    spool.seek(0)
    return iter(lambda: spool.read(CHUNK_BYTES), b"")


def _address(source: DownloadSource) -> str:
    if isinstance(source, AuthenticatedFile):
        if not source.id:
            raise ValueError("the file has no id")
        return f"file/{path_segment('id', source.id)}"
    address = source if isinstance(source, str) else source.url
    if not address:
        raise ValueError("the file has no URL")
    return address
