"""The walk back through a history by date: decisions without I/O.

The loops that fetch are in `client.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from operator import attrgetter
from types import NoneType
from typing import NamedTuple

import msgspec

from hipkit.api.errors import ResponseError
from hipkit.api.operation import check_timestamp
from hipkit.api.unreadable import HistoryPosition, UnreadableItem
from hipkit.client.decoding import OnUnreadable, item_error
from hipkit.v2.models import Message, MessagePage
from hipkit.v2.rooms import GetRoomHistory
from hipkit.v2.users import GetPrivatechatHistory

__all__ = ["HistoryOperation", "HistoryWalk", "history_operation"]

HistoryOperation = GetRoomHistory | GetPrivatechatHistory
LARGEST_PAGE = 1_000
"""The server's limit for `max-results`."""
ROUNDING = timedelta(seconds=1)
"""Servers may truncate the requested date to whole seconds. The iteration therefore asks for one
second more, and drops messages that it has already returned."""
UNREADABLE = "unreadable-"
"""Prefix of the ids that are generated for unreadable messages."""


def history_operation(room: HistoryOperation | str | int) -> HistoryOperation:
    """Return the history operation of a room's id or name, or the given operation.

    Raises:
        TypeError: The value is neither a room nor a history operation.
    """
    if isinstance(room, (str, int)):
        return GetRoomHistory(room)
    if not isinstance(room, HistoryOperation):
        raise TypeError(
            "history takes a room's id or name, GetRoomHistory(...) or "
            f"GetPrivatechatHistory(...), not {_kind_of(room)}"
        )
    return room


def _kind_of(value: object) -> str:
    return value.__name__ if isinstance(value, type) else type(value).__name__


class HistoryWalk:
    """Walks back through a history by date and returns each message once, newest first.

    Args:
        operation: Names the room or user. Its `timezone`, `include_deleted` and `expand` are
            kept, `max_results` is the page size, `date` the newest timestamp to include, and
            `end_date` the same as `since`.
        since: Oldest timestamp to include, with UTC offset.
        limit: Maximum number of messages.
        resume: Position to continue after.
        on_unreadable: Called with each message that cannot be read.
        now: Time at which the walk begins, in UNIX seconds.
    """

    def __init__(
        self,
        operation: HistoryOperation,
        *,
        since: datetime | None = None,
        limit: int | None = None,
        resume: HistoryPosition | None = None,
        on_unreadable: OnUnreadable | None = None,
        now: float | None = None,
    ) -> None:
        begin = _begin(operation.date)
        bounds = [
            check_timestamp(name, each)
            for name, each in (("since", since), ("end_date", operation.end_date))
            if each is not None
        ]
        if resume is not None:
            if not isinstance(resume, HistoryPosition):
                raise TypeError(
                    "resume must be a position, not "
                    f"{_kind_of(resume)}: HistoryPosition.from_json reads a stored one"
                )
            check_timestamp("resume.date", resume.date)
        if not isinstance(limit, (int, NoneType)):
            raise TypeError(f"limit must be a whole number, not {_kind_of(limit)}")
        self._operation = operation
        self._since = max(bounds, default=None)
        self._left = limit
        self._finished = limit is not None and limit <= 0
        self.position = resume
        if resume is None and begin is not None:
            self.position = HistoryPosition(begin)
        self._date = None if self.position is None else _later(self.position.date)
        self._start_index = 0
        self._stale: list[str] = []
        self._on_unreadable = on_unreadable
        self._now = now
        # The unreadable messages that later pages may return again, with a lower bound of the
        # timestamp of each where it is known.
        self._unreadable: dict[str, datetime | None] = {}
        if resume is not None:
            self._unreadable = dict.fromkeys(
                each for each in resume.ids if each.startswith(UNREADABLE)
            )

    def next_operation(self) -> HistoryOperation | None:
        """Return the operation for the next page, or `None` at the end."""
        if self._finished:
            return None
        if self._date is None:
            # A read by date may miss the newest messages, so the first page is read without one.
            return msgspec.structs.replace(
                self._operation,
                date="recent",
                reverse=False,
                start_index=None,
                max_results=None,
                end_date=None,
            )
        return msgspec.structs.replace(
            self._operation,
            date=self._date,
            reverse=False,
            start_index=self._start_index,
            max_results=self._operation.max_results or LARGEST_PAGE,
            end_date=None,
        )

    def take(
        self, page: MessagePage, unreadable: Sequence[UnreadableItem] = ()
    ) -> Iterator[Message]:
        """Yield the page's messages that were not returned before, newest first.

        `position` advances just before each message is yielded or passed to `on_unreadable`.

        Args:
            page: The result.
            unreadable: Its unreadable items.

        Raises:
            ResponseError: The next message is unreadable and there is no `on_unreadable`.
        """
        entries = self._entries(page.items or [], unreadable)
        for entry in entries:
            if entry.not_before is not None and entry.id in self._unreadable:
                self._unreadable[entry.id] = entry.not_before
        fresh = [entry for entry in entries if self._is_new(entry)]
        fresh.sort(key=attrgetter("date"), reverse=True)
        self._choose_next(page, entries, fresh)
        for entry in fresh:
            if not self._is_new(entry):
                continue  # The page holds it twice.
            if self._since is not None and entry.date < self._since:
                self._finished = True
                return
            if isinstance(entry.content, UnreadableItem):
                self._unreadable[entry.id] = entry.not_before
                self._advance(entry)
                self._hand_over(entry.content)
                continue
            if self._left is not None:
                self._left -= 1
                self._finished = self._finished or self._left <= 0
            self._advance(entry)
            yield entry.content
            if self._left is not None and self._left <= 0:
                return

    def _hand_over(self, item: UnreadableItem) -> None:
        item = msgspec.structs.replace(item, position=self.position)
        if self._on_unreadable is None:
            raise item_error(item)
        self._on_unreadable(item)

    def _entries(
        self, messages: Sequence[Message], unreadable: Sequence[UnreadableItem]
    ) -> list[_Entry]:
        """Return a page's items with timestamps; an unreadable one gets its newer neighbour's.

        Its own date is not trusted, since a wrong one would end the walk. The assumed timestamp
        is never older than the true one, so that resuming misses nothing.
        """
        by_index = {item.index: item for item in unreadable}
        rest = iter(messages)
        items = [
            by_index[index] if index in by_index else next(rest)
            for index in range(len(messages) + len(by_index))
        ]
        known = [message.date for message in messages]
        if known and known[0] < known[-1]:
            items.reverse()  # A server that ignores `reverse=false`.
        is_sure = bool(known) and known[0] != known[-1]
        dates = [item.date if isinstance(item, Message) else None for item in items]
        before, after = _filled(dates), _filled(dates[::-1])[::-1]
        entries = []
        times: Counter[str] = Counter()
        for item, newer, older in zip(items, before, after, strict=True):
            if isinstance(item, Message):
                entries.append(_Entry(item.date, item.id, item))
                continue
            id = _id_of(item)
            times[id] += 1
            date = newer if newer and is_sure else self._newest_timestamp(item, known)
            if self.position is not None:
                date = min(date, self.position.date)
            not_before = older if newer and is_sure else None
            entries.append(_Entry(date, f"{id}-{times[id]}", item, not_before))
        return entries

    def _newest_timestamp(
        self, item: UnreadableItem, known: list[datetime]
    ) -> datetime:
        """Return an upper bound of the timestamps on a page."""
        if self.position is not None:
            return self.position.date
        if self._now is None:
            raise item_error(item)
        # Tomorrow, since the server's clock may be ahead of this one.
        tomorrow = datetime.fromtimestamp(self._now, UTC) + timedelta(days=1)
        return max([tomorrow, *known])

    def _choose_next(
        self, page: MessagePage, entries: list[_Entry], fresh: list[_Entry]
    ) -> None:
        """Set the date and the offset with which to continue."""
        if fresh:
            self._stale = []
        else:
            size = page.max_results or self._operation.max_results or LARGEST_PAGE
            has_next = page.links is not None and page.links.next is not None
            if not entries or not (has_next or len(entries) >= size):
                self._finished = True
                return
            ids = [entry.id for entry in entries]
            if ids == self._stale:
                raise ResponseError(
                    f"{self._operation}: the server returns the same messages again and again",
                    operation=self._operation,
                    where="$.items",
                )
            self._stale = ids
        # If no message is readable, no timestamp is reliable: continue by counting.
        is_sure = any(isinstance(entry.content, Message) for entry in fresh)
        oldest = fresh[-1].date if fresh and (is_sure or self._date is None) else None
        # More messages within one second than a page holds are reached by counting.
        if oldest is not None and (
            self._date is None or self._date - oldest > 2 * ROUNDING
        ):
            self._date = _later(oldest)
            self._start_index = 0
        else:
            self._start_index += len(entries)

    def _is_new(self, entry: _Entry) -> bool:
        last = self.position
        if last is None:
            return True
        if isinstance(entry.content, UnreadableItem):
            return entry.id not in self._unreadable
        return entry.date < last.date or (
            entry.date == last.date and entry.id not in last.ids
        )

    def _advance(self, entry: _Entry) -> None:
        ids = {entry.id}
        if self.position is not None and self.position.date == entry.date:
            ids |= self.position.ids
        # A later page may begin with one of these, and so may a later walk.
        self._unreadable = {
            id: not_before
            for id, not_before in self._unreadable.items()
            if not_before is None or not_before - entry.date <= 2 * ROUNDING
        }
        self.position = HistoryPosition(
            entry.date, frozenset(ids | self._unreadable.keys())
        )


def _filled(dates: list[datetime | None]) -> list[datetime | None]:
    """Replace each missing date by the last one before it."""
    last: datetime | None = None
    return [last := date or last for date in dates]


class _Entry(NamedTuple):
    """An item of a history's page, with its assumed timestamp."""

    date: datetime
    id: str
    content: Message | UnreadableItem
    not_before: datetime | None = None


def _id_of(item: UnreadableItem) -> str:
    """Return an id for an unreadable message, from its content: its own id may be invalid."""
    text = msgspec.json.encode(item.raw, order="sorted")
    return f"{UNREADABLE}{sha256(text).hexdigest()[:24]}"


def _begin(date: datetime | str | None) -> datetime | None:
    """Return the newest timestamp to include, or `None` for now."""
    if date is None or date == "recent":
        return None
    if isinstance(date, str):
        try:
            date = datetime.fromisoformat(date)
        except ValueError:
            raise ValueError(
                "date must be recent, or like 2016-09-09T12:30:00+00:00"
            ) from None
    return check_timestamp("date", date)


def _later(date: datetime) -> datetime:
    try:
        return date + ROUNDING
    except OverflowError:
        return date
