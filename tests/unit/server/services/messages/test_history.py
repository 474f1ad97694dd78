from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.unit.server.asgi import Site


@pytest.fixture
def talk(site: Site) -> list[dict[str, Any]]:
    """Twelve messages a second apart."""
    site.add_room("Ops")
    for number in range(12):
        site.clock[0] = 1_700_000_000.0 + number
        site.post("/v2/room/Ops/message", {"message": str(number)})
    return site.messages("Ops")


def texts(page: dict[str, Any]) -> list[str]:
    return [item["message"] for item in page["items"]]


def at(message: dict[str, Any]) -> str:
    return quote(message["date"], safe="")


def test_recent_history_is_the_latest_75_on_one_page(site: Site) -> None:
    site.add_room("Ops")
    for number in range(80):
        site.post("/v2/room/Ops/message", {"message": str(number)})

    page = site.get("/v2/room/Ops/history?max-results=3&start-index=5").json

    assert texts(page) == [str(number) for number in range(5, 80)]
    assert (page["startIndex"], page["maxResults"]) == (0, 75)
    assert set(page["links"]) == {"self"}


def test_reverse_reverses_the_messages_of_a_page(
    site: Site, talk: list[dict[str, Any]]
) -> None:
    page = site.get("/v2/room/Ops/history?reverse=false").json

    assert texts(page) == texts({"items": talk})[::-1]


def test_a_date_is_the_newest_timestamp_and_included(
    site: Site, talk: list[dict[str, Any]]
) -> None:
    page = site.get(f"/v2/room/Ops/history?date={at(talk[7])}&max-results=3").json

    assert texts(page) == ["5", "6", "7"]
    assert page["maxResults"] == 3


def test_dated_pages_walk_back_whatever_reverse_says(
    site: Site, talk: list[dict[str, Any]]
) -> None:
    for reverse in ("true", "false"):
        target = (
            f"/v2/room/Ops/history?date={at(talk[-1])}&max-results=5&reverse={reverse}"
        )
        seen: list[str] = []
        while target:
            page = site.get(target).json
            items = texts(page)
            seen += items[::-1] if reverse == "true" else items
            target = page["links"].get("next", "").removeprefix("http://chat.test")
        assert seen == [str(number) for number in range(11, -1, -1)]


def test_an_end_date_is_the_oldest_timestamp(
    site: Site, talk: list[dict[str, Any]]
) -> None:
    page = site.get(
        f"/v2/room/Ops/history?date={at(talk[8])}&end-date={at(talk[6])}"
    ).json

    assert texts(page) == ["6", "7", "8"]


def test_a_date_is_read_in_every_format_that_programs_send(
    site: Site, talk: list[dict[str, Any]]
) -> None:
    for date in (
        "2023-11-14T22:13:24%2B00:00",
        "2023-11-14T22:13:24+00:00",
        "2023-11-14T22:13:24Z",
        "2023-11-14T22:13:24",
        "2023-11-14T23:13:24%2B01:00",
        "1700000004.5",
    ):
        page = site.get(f"/v2/room/Ops/history?date={date}").json
        assert len(page["items"]) in (4, 5), date


def test_an_invalid_date_is_rejected(site: Site, talk: list[dict[str, Any]]) -> None:
    reply = site.get("/v2/room/Ops/history?date=yesterday")

    assert reply.status == 400
    assert reply.error["field"] == "date"


def test_dates_are_in_the_requested_time_zone(
    site: Site, talk: list[dict[str, Any]]
) -> None:
    page = site.get("/v2/room/Ops/history?timezone=Asia/Kolkata").json

    assert page["items"][0]["date"].endswith("+05:30")
    assert site.get("/v2/room/Ops/history?timezone=Moon/Crater").status == 400
    assert site.get("/v2/room/Ops/history?timezone=../../etc/passwd").status == 400


def test_the_latest_messages_end_with_the_newest(
    site: Site, talk: list[dict[str, Any]]
) -> None:
    page = site.get("/v2/room/Ops/history/latest?max-results=4").json

    assert texts(page) == ["8", "9", "10", "11"]


def test_not_before_includes_the_named_message(
    site: Site, talk: list[dict[str, Any]]
) -> None:
    page = site.get(f"/v2/room/Ops/history/latest?not-before={talk[9]['id']}").json

    assert texts(page) == ["9", "10", "11"]
    assert site.get("/v2/room/Ops/history/latest?not-before=nothing").status == 404


def test_a_single_message_is_in_an_envelope(
    site: Site, talk: list[dict[str, Any]]
) -> None:
    reply = site.get(f"/v2/room/Ops/history/{talk[3]['id']}")

    assert reply.json == {"message": talk[3]}


def test_a_message_of_another_room_is_not_found(
    site: Site, talk: list[dict[str, Any]]
) -> None:
    site.add_room("Other")

    assert site.get(f"/v2/room/Other/history/{talk[3]['id']}").status == 404


def test_senders_and_mentions_are_in_full_on_request(site: Site) -> None:
    site.add_user("Ann")
    site.add_room("Ops")
    site.post("/v2/room/Ops/message", {"message": "@Ann hi"})

    target = "/v2/room/Ops/history?expand=items.from,items.mentions"
    (message,) = site.get(target).json["items"]

    assert message["from"]["email"] == "admin@example.com"
    assert message["mentions"][0]["email"] == "ann@example.com"


def test_a_start_beyond_every_number_is_an_empty_page(
    site: Site, talk: list[dict[str, Any]]
) -> None:
    start = "9" * 30
    page = site.get(f"/v2/room/Ops/history?date={at(talk[0])}&start-index={start}").json

    assert page["items"] == []
