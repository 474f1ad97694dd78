"""Histories: each message once, newest first, with every server, and always an end."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit import HistoryPosition, NotFoundError, ResponseError
from hipkit.transports.protocol import RawResponse, Request
from hipkit.v2 import (
    GetPrivatechatHistory,
    GetRoomHistory,
    MessagePage,
)
from tests.scripted import (
    BASE_URL,
    KINDS,
    Kind,
    answer,
    connect,
    error_answer,
    listed,
    script_for,
)
from tests.unit.client.test_paging import any_kind, note

both = pytest.mark.parametrize("kind", KINDS)
NOON = datetime(2016, 9, 9, 12, 0, tzinfo=UTC)
Rounding = Literal["none", "down", "up"]


@dataclass
class Chat:
    """A history as a server keeps it, with the habits that servers may have."""

    dates: list[datetime]
    """Of the messages, whose ids are their places in this list."""
    recent_size: int = 75
    largest_page: int = 1000
    rounding: Rounding = "none"
    keeps_reverse: bool = True
    tells_next: bool = True
    excludes_date: bool = False
    arrivals: int = 0
    """How many new messages arrive with every request."""
    queries: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, request: Request) -> RawResponse:
        assert len(self.queries) < 500, "this does not end"
        parts = urlsplit(request.target)
        assert parts.path in ("/v2/room/ops/history", "/v2/user/%40jane/history")
        query = dict(parse_qsl(parts.query))
        self.queries.append(query)
        messages = sorted(
            ((date, number) for number, date in enumerate(self.dates)),
            key=lambda each: (each[0], each[1]),
            reverse=True,
        )
        for _ in range(self.arrivals):
            self.dates.append(max(self.dates, default=NOON) + timedelta(seconds=1))
        links = {}
        if query.get("date", "recent") == "recent":
            chosen = messages[: self.recent_size]
        else:
            bound = self._rounded(datetime.fromisoformat(query["date"]))
            older = [
                each
                for each in messages
                if each[0] < bound or (each[0] == bound and not self.excludes_date)
            ]
            first = int(query.get("start-index", 0))
            size = min(int(query.get("max-results", 100)), self.largest_page)
            chosen = older[first : first + size]
            if self.tells_next and first + size < len(older):
                links["next"] = (
                    f"{BASE_URL}/room/ops/history?start-index={first + size}"
                )
        if query.get("reverse") != "false" or not self.keeps_reverse:
            chosen.reverse()
        return answer(
            {
                "items": [self._item(number, date) for date, number in chosen],
                "links": links,
                "maxResults": int(query.get("max-results", 100)),
            }
        )

    def _item(self, number: int, date: datetime) -> object:
        return {"id": f"m{number}", "date": date.isoformat(), "message": "x"}

    def _rounded(self, date: datetime) -> datetime:
        whole = date.replace(microsecond=0)
        if self.rounding == "none" or date == whole:
            return date
        return whole if self.rounding == "down" else whole + timedelta(seconds=1)

    def newest_first(self) -> list[str]:
        """Return the ids in order of date; those of one moment in any order."""
        order = sorted(enumerate(self.dates), key=lambda each: each[1], reverse=True)
        return [f"m{number}" for number, _ in order]


def moments(*seconds: float) -> list[datetime]:
    return [NOON + timedelta(seconds=each) for each in seconds]


def walked(kind: Kind, chat: Chat, source: Any = "ops", **arguments: Any) -> list[str]:
    client = connect(kind, script_for(kind, chat))
    return [each.id for each in listed(client.history(source, **arguments))]


@both
def test_a_history_begins_with_the_live_page_and_walks_back_from_there(
    kind: Kind,
) -> None:
    chat = Chat(moments(*range(10)), recent_size=4)
    operation = GetRoomHistory("ops", max_results=3, timezone="UTC", expand=["items"])
    assert walked(kind, chat, operation) == [f"m{n}" for n in range(9, -1, -1)]
    first, second = chat.queries[:2]
    assert first == {
        "reverse": "false",
        "date": "recent",
        "timezone": "UTC",
        "expand": "items",
    }
    assert second["start-index"] == "0"
    assert (second["max-results"], second["reverse"]) == ("3", "false")
    assert (second["timezone"], second["expand"]) == ("UTC", "items")


@both
def test_an_empty_history_is_empty(kind: Kind) -> None:
    chat = Chat([])
    assert walked(kind, chat) == []
    assert len(chat.queries) == 1


@both
def test_pages_are_as_large_as_the_server_allows_by_default(
    kind: Kind,
) -> None:
    chat = Chat(moments(*range(3000)), recent_size=75)
    assert len(walked(kind, chat)) == 3000
    assert chat.queries[1]["max-results"] == "1000"
    assert len(chat.queries) <= 6


@both
def test_a_private_chat_is_walked_like_a_room(kind: Kind) -> None:
    chat = Chat(moments(1, 1, 2, 3), recent_size=2)
    source = GetPrivatechatHistory("@jane", max_results=1)
    assert sorted(walked(kind, chat, source)) == ["m0", "m1", "m2", "m3"]


@both
def test_a_timestamp_with_more_messages_than_a_page_is_returned_completely(
    kind: Kind,
) -> None:
    chat = Chat(moments(0, *[5] * 30, 9), recent_size=3)
    found = walked(kind, chat, GetRoomHistory("ops", max_results=4))
    assert sorted(found) == sorted(chat.newest_first())
    assert (found[0], found[-1]) == ("m31", "m0")


@both
def test_a_walk_stops_at_a_date(kind: Kind) -> None:
    chat = Chat(moments(*range(20)), recent_size=4)
    source = GetRoomHistory("ops", max_results=5)
    found = walked(kind, chat, source, since=NOON + timedelta(seconds=7))
    assert found == [f"m{n}" for n in range(19, 6, -1)]
    assert len(chat.queries) <= 5


@both
def test_a_walk_stops_at_a_count(kind: Kind) -> None:
    chat = Chat(moments(*range(20)), recent_size=4)
    source = GetRoomHistory("ops", max_results=5)
    assert walked(kind, chat, source, limit=4) == ["m19", "m18", "m17", "m16"]
    assert len(chat.queries) == 1
    assert len(walked(kind, chat, source, limit=6)) == 6
    assert walked(kind, chat, source, limit=0) == []
    assert len(walked(kind, chat, source, limit=99)) == 20


@both
def test_since_needs_an_offset(kind: Kind) -> None:
    client = connect(kind, script_for(kind))
    naive = datetime(2016, 9, 9)  # noqa: DTZ001 - the mistake that this is about
    with pytest.raises(ValueError, match="offset"):
        client.history("ops", since=naive)
    with pytest.raises(ValueError, match="offset"):
        client.history(GetRoomHistory("ops", date=naive))
    with pytest.raises(ValueError, match=r"resume\.date needs a UTC offset"):
        client.history("ops", resume=HistoryPosition(naive))
    with pytest.raises(ValueError, match="date needs a UTC offset"):
        client.history(GetRoomHistory("ops", date="2016-09-09"))


@both
def test_an_invalid_timestamp_raises_a_readable_error(kind: Kind) -> None:
    client = connect(kind, script_for(kind))
    day, text = date(2016, 9, 9), "2016-09-09T00:00:00+00:00"
    with pytest.raises(TypeError, match="since must be a datetime, not date"):
        client.history("ops", since=day)
    with pytest.raises(TypeError, match="since must be a datetime, not str"):
        client.history("ops", since=text)
    with pytest.raises(TypeError, match="end_date must be a datetime, not str"):
        client.history(GetRoomHistory("ops", end_date=text))  # type: ignore[arg-type]  # the mistake
    with pytest.raises(ValueError, match="date must be recent, or like 2016"):
        client.history(GetRoomHistory("ops", date="yesterday"))


@both
def test_a_date_in_the_operation_is_where_the_walk_begins(kind: Kind) -> None:
    chat = Chat(moments(*range(20)), rounding="up")
    begin = NOON + timedelta(seconds=7)
    for first in (begin, begin.isoformat()):
        found = walked(kind, chat, GetRoomHistory("ops", date=first, max_results=3))
        assert found == [f"m{n}" for n in range(7, -1, -1)]
    assert all(query["date"] != "recent" for query in chat.queries)
    assert walked(kind, chat, GetRoomHistory("ops", date="recent"))[0] == "m19"


@both
def test_an_end_date_in_the_operation_is_where_the_walk_ends(kind: Kind) -> None:
    chat = Chat(moments(*range(20)))
    end = NOON + timedelta(seconds=17)
    found = walked(kind, chat, GetRoomHistory("ops", end_date=end))
    assert found == ["m19", "m18", "m17"]
    later = end + timedelta(seconds=1)
    source = GetRoomHistory("ops", end_date=end)
    assert walked(kind, chat, source, since=later) == ["m19", "m18"]


@both
def test_a_server_that_takes_no_notice_of_counting_is_not_asked_for_ever(
    kind: Kind,
) -> None:
    stuck = answer(
        {
            "items": [
                {"id": f"m{n}", "date": "2016-09-09T12:00:00+00:00"} for n in range(3)
            ],
            "links": {"next": "/v2/room/ops/history?start-index=3"},
            "maxResults": 3,
        }
    )
    script = script_for(kind, lambda _: stuck)
    seen: list[Any] = []
    client = connect(kind, script)
    with pytest.raises(ResponseError, match="GET /room/ops/history"):
        listed(note(client.history(GetRoomHistory("ops", max_results=3)), seen))
    assert [each.id for each in seen] == ["m0", "m1", "m2"]
    assert len(script.requests) < 5


@both
def test_a_message_that_is_twice_on_a_page_is_returned_once(kind: Kind) -> None:
    twice = {"id": "m1", "date": "2016-09-09T12:00:00+00:00"}
    script = script_for(kind, answer({"items": [twice, twice]}), answer({"items": []}))
    assert len(listed(connect(kind, script).history("ops"))) == 1


@both
def test_the_latest_possible_timestamp_is_accepted(kind: Kind) -> None:
    last = {"id": "m1", "date": "9999-12-31T23:59:59.999999+00:00"}
    script = script_for(kind, answer({"items": [last]}), answer({"items": []}))
    assert len(listed(connect(kind, script).history("ops"))) == 1


def test_an_error_does_not_advance_the_position() -> None:
    chat = Chat(moments(*range(6)), recent_size=3)
    script = script_for("sync", lambda request: chat(request))
    walk = connect("sync", script).history("ops")
    before = walk.position
    assert before is None
    message = next(walk)
    assert walk.position == HistoryPosition(message.date, frozenset({message.id}))
    failing = script_for("sync", chat, error_answer(404))
    walk = connect("sync", failing).history("ops")
    with pytest.raises(NotFoundError):
        listed(walk)
    assert walk.position == HistoryPosition(chat.dates[3], frozenset({"m3"}))
    rest = walked("sync", chat, resume=walk.position)
    assert rest == ["m2", "m1", "m0"]


seconds = st.one_of(
    st.integers(-3, 3).map(float),
    st.floats(-3, 3).map(lambda each: round(each, 6)),
    st.integers(-100_000, 100_000).map(float),
)
chats = st.builds(
    Chat,
    dates=st.lists(seconds, max_size=30).map(lambda each: moments(*each)),
    recent_size=st.integers(1, 8),
    largest_page=st.integers(1, 6),
    rounding=st.sampled_from(["none", "down", "up"]),
    keeps_reverse=st.booleans(),
    tells_next=st.booleans(),
    excludes_date=st.booleans(),
)


def in_order(chat: Chat, found: list[str]) -> bool:
    dates = [chat.dates[int(each[1:])] for each in found]
    return all(newer >= older for newer, older in itertools.pairwise(dates))


@given(kind=any_kind, chat=chats, size=st.none() | st.integers(1, 6))
def test_a_walk_returns_each_message_once_with_every_server(
    kind: Kind, chat: Chat, size: int | None
) -> None:
    if size is None or not chat.tells_next:
        chat.largest_page = size or 1000
    found = walked(kind, chat, GetRoomHistory("ops", max_results=size))
    assert sorted(found) == sorted(chat.newest_first())
    assert in_order(chat, found)


@given(kind=any_kind, chat=chats, since=seconds, limit=st.integers(0, 40))
def test_a_walk_with_bounds_returns_what_is_within(
    kind: Kind, chat: Chat, since: float, limit: int
) -> None:
    (bound,) = moments(since)
    wanted = [date for date in chat.dates if date >= bound]
    source = GetRoomHistory("ops", max_results=6)
    if not chat.tells_next:
        chat.largest_page = 6
    found = walked(kind, chat, source, since=bound, limit=limit)
    assert len(found) == len(set(found)) == min(limit, len(wanted))
    newest = sorted(wanted, reverse=True)[:limit]
    assert [chat.dates[int(each[1:])] for each in found] == newest


@given(kind=any_kind, chat=chats, stops=st.lists(st.integers(1, 9), max_size=9))
def test_a_walk_broken_off_anywhere_resumes_without_gap_or_repetition(
    kind: Kind, chat: Chat, stops: list[int]
) -> None:
    source = GetRoomHistory("ops", max_results=6)
    if not chat.tells_next:
        chat.largest_page = 6
    client = connect(kind, script_for(kind, chat))
    found: list[str] = []
    position: HistoryPosition | None = None
    for stop in [*stops, 1000]:
        walk = client.history(source, limit=stop, resume=position)
        found += [each.id for each in listed(walk)]
        if walk.position is not None:
            position = HistoryPosition.from_json(walk.position.to_json())
    assert sorted(found) == sorted(chat.newest_first())
    assert in_order(chat, found)


@given(kind=any_kind, chat=chats, arrivals=st.integers(1, 4))
def test_messages_that_arrive_meanwhile_do_not_disturb_a_walk(
    kind: Kind, chat: Chat, arrivals: int
) -> None:
    if not chat.tells_next:
        chat.largest_page = 6
    before = chat.newest_first()
    chat.arrivals = arrivals
    found = walked(kind, chat, GetRoomHistory("ops", max_results=6))
    assert sorted(found) == sorted(before)


def test_one_pages_worth_of_a_history_is_read_from_any_iterator_of_answers() -> None:
    """The pure half, as another program may drive it."""
    from hipkit.client.history import HistoryCursor

    walk = HistoryCursor(GetRoomHistory("ops"), limit=2, now=0)
    call = walk.next_call()
    assert call is not None
    assert call[0].date == "recent"
    items = [{"id": f"m{n}", "date": "2016-09-09T12:00:00Z"} for n in range(3)]
    body = MessagePage.from_json(answer({"items": items}).body)
    assert [each.id for each in walk.take(body)] == ["m0", "m1"]
    assert walk.next_call() is None
