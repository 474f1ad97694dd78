"""What is said in the benchmarks: one notification, and a history as long as it has to be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final

__all__ = ["COLOR", "FORMAT", "MESSAGE", "NEWEST", "ROOM", "TOKEN", "history_page"]

ROOM = "Dev Ops"
TOKEN = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0"  # noqa: S105 - opens nothing
MESSAGE = "Build 1472 of <b>payments</b> passed in 3 min 12 s, deployed to staging."
COLOR: Final = "green"
FORMAT: Final = "html"

NEWEST = datetime(2018, 11, 30, 12, 0, 0, 932694, tzinfo=UTC)
"""When the last message was sent; every other came a second before the next."""

PEOPLE = (
    (4153, "Ada Lovelace", "Ada"),
    (88021, "Grace Hopper", "grace"),
    (1274, "Jiří Novák", "jiri"),
    (90310, "Mei-Ling Wu", "MeiLing"),
)
TEXTS = (
    "Morning! Did the nightly import finish? The dashboard still shows yesterday's numbers.",
    "@grace it did, but two of the feeds timed out. I have started them again.",
    "ok",
    "The certificate of the old gateway ends next Tuesday — who has the keys? (shrug)",
    "Reproduced on staging:\nTypeError: 'NoneType' object is not subscriptable\n  at line 118",
)
CARD = (
    '{"style":"application","format":"medium","id":"db797a68","title":"PAY-1472: retry the refund",'
    '"url":"https://tracker.example.com/browse/PAY-1472","description":{"value":"Refunds fail when '
    'the bank answers late.","format":"text"},"attributes":[{"label":"Priority","value":{"label":'
    '"High","style":"lozenge-error"}}],"validation":{"safe_url":true}}'
)


@cache
def _kinds() -> tuple[tuple[bytes, bytes], ...]:
    """Return twenty messages of all kinds, each split at the places of its id and date."""
    return tuple(_split(_message(number)) for number in range(20))


def _split(message: dict[str, object]) -> tuple[bytes, bytes]:
    text = json.dumps(message, ensure_ascii=False).encode()
    return b'{"id": "', b'", ' + text[1:]


def _message(number: int) -> dict[str, object]:
    user_id, name, mention_name = PEOPLE[number % len(PEOPLE)]
    person = {
        "id": user_id,
        "links": {"self": f"https://chat.example.com/v2/user/{user_id}"},
        "mention_name": mention_name,
        "name": name,
        "version": "00000000",
    }
    said: dict[str, object] = {
        "from": person,
        "mentions": [],
        "message": TEXTS[number % len(TEXTS)],
        "type": "message",
    }
    if number % 4 == 3:
        return {
            "from": "Build server",
            "mentions": [],
            "message": MESSAGE,
            "type": "notification",
            "color": COLOR,
            "message_format": FORMAT,
            "notification_sender": {"id": "90211", "type": "addon", "client_id": "db7"},
            **({"card": CARD} if number % 8 == 7 else {}),
        }
    if number % 10 == 5:
        address = "https://files.example.com/9021/1472/report.pdf"
        said["file"] = {"name": "report.pdf", "size": 90210, "url": address}
    if number % 10 == 6:
        said["message_links"] = [
            {"url": "https://status.example.com/1472", "type": "link"}
        ]
    if "@grace" in TEXTS[number % len(TEXTS)]:
        said["mentions"] = [dict(person, id=88021, mention_name="grace")]
    return said


def history_page(start: int, end: int, size: int) -> bytes:
    """Write a page of history as the server sends it, the newest message first.

    Args:
        start: How many messages are newer than the page's first.
        end: How many there are in all.
        size: The most that fit on the page.
    """
    shown = range(start, min(end, start + size))
    links = '"self": "https://chat.example.com/v2/room/1/history"'
    if start + size < end:
        links += (
            f', "next": "https://chat.example.com/v2/room/1/history?start-index={size}"'
        )
    envelope = f'"maxResults": {size}, "startIndex": 0, "links": {{{links}}}'
    return b'{"items": [%b], %b}' % (b", ".join(_items(shown)), envelope.encode())


def _items(shown: range) -> Iterator[bytes]:
    kinds = _kinds()
    for number in shown:
        before, after = kinds[number % len(kinds)]
        date = (NEWEST - timedelta(seconds=number)).isoformat()
        name = f'1f2e3d4c-5b6a-4798-8a9b-{number:012x}", "date": "{date}'
        yield before + name.encode() + after
