"""Pages and items: each thing once, never another host, and always an end."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit import NotFoundError, ResponseError
from hipkit.transports.protocol import RawResponse, Request
from hipkit.v2 import (
    GetAllRooms,
    GetAllUsers,
    GetRoom,
)
from tests.scripted import (
    BASE_URL,
    KINDS,
    TOKEN,
    Kind,
    answer,
    connect,
    done,
    error_answer,
    headers_of,
    listed,
    script_for,
)

both = pytest.mark.parametrize("kind", KINDS)
any_kind = st.sampled_from(KINDS)


def page(numbers: list[int], next_link: str | None = None) -> RawResponse:
    links = {"self": f"{BASE_URL}/room"}
    if next_link is not None:
        links["next"] = next_link
    return answer({"items": [{"id": number} for number in numbers], "links": links})


def ids(rooms: list[Any]) -> list[int]:
    return [room.id for room in rooms]


@both
def test_items_are_those_of_all_pages_in_order(kind: Kind) -> None:
    script = script_for(
        kind,
        page([1, 2], f"{BASE_URL}/room?start-index=2&max-results=2"),
        page([], f"{BASE_URL}/room?start-index=4&max-results=2"),
        page([3]),
    )
    client = connect(kind, script)
    assert ids(listed(client.items(GetAllRooms(max_results=2)))) == [1, 2, 3]
    assert script.targets == [
        "/v2/room?max-results=2",
        "/v2/room?start-index=2&max-results=2",
        "/v2/room?start-index=4&max-results=2",
    ]
    assert {headers_of(each)["authorization"] for each in script.requests} == {
        f"Bearer {TOKEN}"
    }


@both
def test_pages_come_one_by_one_and_no_sooner_than_needed(kind: Kind) -> None:
    script = script_for(kind, page([1], "/v2/room?start-index=1"), page([2]))
    client = connect(kind, script)
    pages = client.pages(GetAllRooms())
    assert script.requests == []
    first = next(pages) if kind == "sync" else done(anext(pages))
    assert ids(first.items) == [1]
    assert len(script.requests) == 1


@both
def test_a_list_that_cannot_be_asked_for_fails_at_once(kind: Kind) -> None:
    client = connect(kind, script_for(kind))
    for walk in (client.pages, client.items):
        with pytest.raises(ValueError, match="another operation"):
            walk(GetRoom(".."))
        with pytest.raises(TypeError, match="timout"):
            walk(GetAllRooms(), timout=1)


@both
def test_an_operation_without_pages_is_one_page(kind: Kind) -> None:
    client = connect(kind, script_for(kind, answer({"id": 7})))
    assert ids(listed(client.pages(GetRoom("ops")))) == [7]


@pytest.mark.parametrize(
    "link",
    [
        f"{BASE_URL}/room?start-index=1",
        "/v2/room?start-index=1",
        "/room?start-index=1",
        "room?start-index=1",
        "?start-index=1",
        "https://evil.example/v2/room?start-index=1",
        "http://chat.example.com/v2/room?start-index=1",
        "https://chat.example.com:444/v2/room?start-index=1",
        "//evil.example/v2/room?start-index=1",
        "https://user:word@evil.example?start-index=1",
        "https://chat.example.com/v2/user/../../x?start-index=1",
        "/v2/room?start-index=1#evil",
        "javascript:room?start-index=1",
        "https://[::1/?start-index=1",
        "https://evil.example:99999999/?start-index=1",
    ],
)
@both
def test_whatever_a_link_names_only_its_query_is_followed(
    kind: Kind, link: str
) -> None:
    script = script_for(kind, page([1], link), page([2]))
    assert ids(listed(connect(kind, script).items(GetAllRooms()))) == [1, 2]
    _, second = script.requests
    assert (second.scheme, second.host, second.port) == (
        "https",
        "chat.example.com",
        443,
    )
    assert second.target == "/v2/room?start-index=1"


@pytest.mark.parametrize(
    "link",
    ["/v2/room", "/v2/room?", "/v2/room?a=ä", "/room?a=b c", "#"],
)
@both
def test_a_link_that_leads_nowhere_is_an_error_and_no_end(
    kind: Kind, link: str
) -> None:
    client = connect(kind, script_for(kind, page([1], link)))
    with pytest.raises(ResponseError, match=r"GET /room: links\.next") as caught:
        listed(client.items(GetAllRooms()))
    assert caught.value.where == "$.links.next"


@pytest.mark.parametrize("link", [None, ""])
@both
def test_without_a_link_the_list_is_at_its_end(kind: Kind, link: str | None) -> None:
    body = {"items": [{"id": 1}], "links": {"self": "x", "next": link}}
    for answered in (
        body,
        {"items": [{"id": 1}]},
        {"items": [{"id": 1}], "links": None},
    ):
        client = connect(kind, script_for(kind, answer(answered)))
        assert ids(listed(client.items(GetAllRooms()))) == [1]


@both
def test_a_list_that_runs_in_a_circle_is_stopped_before_it_repeats(kind: Kind) -> None:
    circle = {
        "": page([1], "/v2/room?start-index=1&max-results=1"),
        "1": page([2], "/v2/room?max-results=1&start-index=2"),
        "2": page([3], "/v2/room?max-results=1&start-index=1"),
    }

    def response(request: Request) -> RawResponse:
        query = parse_qs(urlsplit(request.target).query)
        return circle[query.get("start-index", [""])[0]]

    seen: list[Any] = []
    client = connect(kind, script_for(kind, response))
    with pytest.raises(ResponseError, match="further page"):
        listed(note(client.items(GetAllRooms()), seen))
    assert ids(seen) == [1, 2, 3]


def note(items: Any, seen: list[Any]) -> Any:
    """Pass items on and write them down, for what was given before an error."""
    if hasattr(items, "__aiter__"):

        async def noted() -> Any:
            async for item in items:
                seen.append(item)
                yield item

        return noted()

    def noted_too() -> Any:
        for item in items:
            seen.append(item)
            yield item

    return noted_too()


@both
def test_a_page_that_links_to_itself_is_returned_once(kind: Kind) -> None:
    seen: list[Any] = []
    script = script_for(kind, lambda _: page([1], "/v2/room?max-results=1"))
    client = connect(kind, script)
    with pytest.raises(ResponseError):
        listed(note(client.items(GetAllRooms(max_results=1)), seen))
    assert ids(seen) == [1]


@both
def test_what_was_asked_for_holds_for_all_pages_also_where_links_forget_it(
    kind: Kind,
) -> None:
    """A library of HipChat's day sent `expand` anew with every page, for a reason."""
    script = script_for(kind, page([1], "/v2/room?start-index=1"), page([2]))
    operation = GetAllRooms(
        start_index=0, include_archived=True, expand=["items.owner", "items"]
    )
    listed(connect(kind, script).items(operation))
    sent = dict(parse_qsl(urlsplit(script.targets[1]).query))
    assert sent == {
        "start-index": "1",
        "include-archived": "true",
        "expand": "items.owner,items",
    }


@both
def test_where_a_link_repeats_what_was_asked_for_the_link_counts(kind: Kind) -> None:
    link = "/v2/room?expand=items&start-index=50&max-results=50"
    script = script_for(kind, page([1], link), page([2]))
    listed(connect(kind, script).items(GetAllRooms(max_results=100, expand=["x"])))
    assert script.targets[1] == link


@both
def test_an_error_on_a_later_page_comes_after_the_items_before(kind: Kind) -> None:
    seen: list[Any] = []
    script = script_for(kind, page([1, 2], "/v2/room?start-index=2"), error_answer(404))
    with pytest.raises(NotFoundError):
        listed(note(connect(kind, script).items(GetAllRooms()), seen))
    assert ids(seen) == [1, 2]


@given(
    kind=any_kind,
    total=st.integers(0, 40),
    size=st.integers(1, 7),
    start=st.integers(0, 45),
    style=st.sampled_from(["{base}/user{query}", "/v2/user{query}", "{query}"]),
    lying=st.booleans(),
)
def test_a_list_of_any_length_yields_each_item_once(
    kind: Kind, total: int, size: int, start: int, style: str, lying: bool
) -> None:
    def response(request: Request) -> RawResponse:
        query = dict(parse_qsl(urlsplit(request.target).query))
        first = int(query.get("start-index", 0))
        count = min(int(query.get("max-results", 100)), size)
        links = {}
        if first + count < total:
            after = f"?start-index={first + count}" + (
                "" if lying else f"&max-results={count}"
            )
            links["next"] = style.format(base=BASE_URL, query=after)
        items = [{"id": number} for number in range(total)][first : first + count]
        return answer({"items": items, "links": links, "maxResults": count})

    client = connect(kind, script_for(kind, response))
    users = listed(client.items(GetAllUsers(start_index=start, max_results=7)))
    assert ids(users) == list(range(total))[start:]
