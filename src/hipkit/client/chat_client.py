"""What a client of HipChat has beside its operations: profiles, histories, files, `auth_test`.

`async_chat_client.py` is rendered from this module. Read next: `hipchat.py`, which is generated.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO, Self, Unpack

from hipkit.api.calling import CallOptions
from hipkit.api.frames import clears_locals
from hipkit.api.operation import Operation
from hipkit.client.client import Client
from hipkit.client.setup import ClientOptions

# Imported on first use, so that a script that posts one line starts quickly.
if TYPE_CHECKING:
    from hipkit.api.bodies.files import Progress
    from hipkit.api.unreadable import HistoryPosition
    from hipkit.client.auth_test import AuthTest
    from hipkit.client.download import DownloadSource
    from hipkit.client.history import HistoryCursor, HistoryOperation
    from hipkit.v2.models import Message

__all__ = ["ChatClient", "History"]


class ChatClient(Client):
    """A blocking client with what HipChat has beside its operations; see `Client`."""

    @classmethod
    @clears_locals
    def from_profile(
        cls,
        name: str,
        *,
        file: str | os.PathLike[str] | None = None,
        **options: Unpack[ClientOptions],
    ) -> Self:
        """Create a client from a profile: address, token and options, all from one file.

        The variables `HIPCHAT_BASE_URL` and `HIPCHAT_TOKEN` are ignored. The token's file is read,
        or its command run, once and now.

        Args:
            name: The profile's name.
            file: The file; see `read_profile`.
            options: Options that replace the profile's.

        Raises:
            ValueError: The profile or its token cannot be read; the message says where and why.
        """
        from hipkit.client.profiles import read_profile

        profile = read_profile(name, file)
        return cls(
            profile.read_token().reveal(),
            base_url=profile.base_url,
            transport=profile.transport,
            **profile.options(options),
        )

    @clears_locals
    def auth_test(
        self, operation: Operation[object], **options: Unpack[CallOptions]
    ) -> AuthTest:
        """Check whether a call would be allowed, without carrying it out."""
        from hipkit.client.auth_test import auth_test

        state = self._state.with_options(options, operation)
        return self._run(auth_test(operation, state))

    @clears_locals
    def history(
        self,
        room: HistoryOperation | str | int,
        *,
        since: datetime | None = None,
        limit: int | None = None,
        resume: HistoryPosition | None = None,
        **options: Unpack[CallOptions],
    ) -> History:
        """Iterate over a history, each message once, newest first.

        A message that cannot be read is passed to `on_unreadable`. Without it, `ResponseError`
        is raised after the newer messages; the error's `item.position` resumes the iteration.

        Args:
            room: A room's id or name; or `GetRoomHistory(...)`, `GetPrivatechatHistory(...)`
                with further arguments; `max_results` is the page size.
            since: Oldest timestamp to include, with UTC offset. Defaults to no limit.
            limit: Maximum number of messages. Defaults to no limit.
            resume: The `position` of an earlier iteration, to continue after it.
            options: For these calls only; see `Policy`.
        """
        from hipkit.client.history import HistoryCursor

        client = self.with_options(**options)
        cursor = HistoryCursor(
            room,
            since=since,
            limit=limit,
            resume=resume,
            on_unreadable=client._state.policy.on_unreadable,
            now=client._state.clock.now(),
        )
        return History(client._walk(cursor), cursor)

    @clears_locals
    def download(
        self,
        source: DownloadSource,
        to: str | os.PathLike[str] | BinaryIO,
        *,
        on_progress: Progress | None = None,
        **options: Unpack[CallOptions],
    ) -> int:
        """Download a shared file in chunks and return its size in bytes.

        The token is sent only to the base URL's own host.

        Args:
            source: A message's `file` or `authenticated_file`, or an address.
            to: A path, which is created once the file is complete, or a binary file object.
            on_progress: Called while the file arrives, see `Progress`. The total is the size in
                the message; it is unknown for an address.
            options: For this call only; see `Policy`.
        """
        from hipkit.client.download import check_source, download, open_target

        check_source(source)
        with open_target(to, source, on_progress) as target:
            return self._run(
                download(source, self._state.with_options(options), target)
            )

    @clears_locals
    def download_chunks(
        self,
        source: DownloadSource,
        *,
        on_progress: Progress | None = None,
        **options: Unpack[CallOptions],
    ) -> Iterator[bytes]:
        """Download a shared file and yield its bytes, in chunks of at most 64 KiB.

        The first chunk comes when the file is complete, so a retry never yields a byte twice. Until
        then a file of more than 1 MiB is on disk, in a temporary file.

        Args:
            source: See `download`.
            on_progress: See `download`.
            options: For this call only; see `Policy`.
        """
        from hipkit.client.download import check_source

        check_source(source)
        client = self.with_options(**options)
        return client._spooled_chunks(source, on_progress)

    def _spooled_chunks(
        self, source: DownloadSource, on_progress: Progress | None
    ) -> Iterator[bytes]:
        """Yield the bytes of a downloaded file."""
        from hipkit.client.download import chunks_of, open_spool

        with open_spool() as spool:
            self.download(source, spool, on_progress=on_progress)
            yield from chunks_of(spool)


class History:
    """An iterator over a history; pass its `position` as `resume` to continue later."""

    def __init__(self, messages: Iterator[Message], cursor: HistoryCursor) -> None:
        self._messages = messages
        self._cursor = cursor

    @property
    def position(self) -> HistoryPosition | None:
        """Current position: all newer messages were returned. `None` before the first message."""
        return self._cursor.position

    def __iter__(self) -> Iterator[Message]:
        return self

    def __next__(self) -> Message:
        return next(self._messages)
