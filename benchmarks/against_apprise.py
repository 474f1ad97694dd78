"""`python -m benchmarks.against_apprise`: one notification by hipkit's targets and by Apprise.

Both make the request and send nothing: the CPU time is that of rendering, and the requests show
what is left of the notification. The table is that of docs/explanation/relay.md.
"""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote_plus

import apprise
import requests

from benchmarks.report import Table, shown
from hipkit.relay.reading import read_posted
from hipkit.relay.targets import TARGETS
from hipkit.relay.targets.protocol import HttpCall, RenderOptions
from hipkit.server.events.posted import PostedMessage
from tests.golden.relay.settings import SETTINGS

HTML = (
    'Build <a href="https://ci.example.com/job/17/">#17</a> <b>failed</b>: @here'
    "<ul><li>test_login</li><li>test_logout</li></ul>"
)
POSTED = PostedMessage(
    id="01998f3e-8d5c-7a4e-9b1e-2f6a3c4d5e6f",
    sent_us=1_796_032_800_000_000,
    kind="notification",
    room="Dev Ops",
    sender="Jenkins",
    body=HTML,
    format="html",
    color="red",
)
TOKEN = "a" * 32
URLS: Mapping[str, str] = {
    "slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general",
    "mattermost": "mmost://localhost/3ccdd113474722377935511fc85d3dd4",
    "matrix": "matrix://token@localhost/#room:localhost",
    "teams": f"workflows://prod.logic.azure.com:443/{TOKEN}/8xBBQd1vU5sd2LLVQ-XXX",
    "discord": f"discord://1234567890/{TOKEN * 2}/",
    "rocketchat": f"rocket://{'a' * 17}/{'b' * 43}@localhost/#alerts",
    "zulip": f"zulip://bot@org/{TOKEN}/alerts",
    "googlechat": "gchat://workspace/key/token",
    "telegram": "tgram://123456789:ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghi/12315544",
    "ntfy": "ntfy://localhost/topic",
}
"""The targets that both have, as Apprise names them."""

FEATURES: Mapping[str, str] = {
    "color": r"#D04437|#A32037|13648951|10690615|🔴|red_circle|\"attention\"",
    "link": r"\[\\*#17\]\(<?https|\|#17>|href=\\?\"https://ci",
    "bold": r"\*failed\*|<b>failed|<strong>failed",
    "sender's name": r"\"(?:username|alias|author_name)\": ?\"Jenkins\"",
    "its id": r"01998f3e-8d5c-7a4e-9b1e-2f6a3c4d5e6f",
}
"""What is looked for in a request, and by what."""
RINGS, BACKSLASHES = re.compile(r"@here"), re.compile(r"test\\+_login")
WITHOUT_ESCAPES = frozenset({"googlechat", "slack"})
ROUNDS, CALLS = 7, 100
ANSWER = (
    b'{"ok": true, "success": true, "id": "1", "message_id": "1", "user_id": "@u:h",'
    b' "room_id": "!r:h", "event_id": "e", "result": {"message_id": 1}}'
)


def main() -> None:
    """Measure, and show the table."""
    requested: list[requests.PreparedRequest] = []

    def answer(
        session: requests.Session, request: requests.PreparedRequest, **_: Any
    ) -> requests.Response:
        requested.append(request)
        response = requests.Response()
        response.status_code = 200
        response._content = b"ok" if "slack" in str(request.url) else ANSWER
        response.request, response.url = request, str(request.url)
        return response

    # Stands for the network, whose types it keeps but for the name of a parameter.
    requests.Session.send = answer  # type: ignore[method-assign, assignment]
    lines = [_line(name, url, requested) for name, url in URLS.items()]
    headings = ("target", "hipkit: CPU", "Apprise: CPU", "lost by Apprise", "by hipkit")
    print(shown(Table("Against Apprise", headings, lines)))


def _line(
    name: str, url: str, requested: list[requests.PreparedRequest]
) -> tuple[str, ...]:
    sender = apprise.Apprise()
    if not sender.add(url):
        raise ValueError(f"Apprise does not know the address for {name}")
    for service in sender.services:
        service.request_rate_per_sec = 0

    def send() -> None:
        sender.notify(
            title="Jenkins",
            body=HTML,
            body_format=apprise.NotifyFormat.HTML,
            notify_type=apprise.NotifyType.FAILURE,
        )

    def render() -> HttpCall:
        message = read_posted(POSTED)
        call = TARGETS[name].render(message, SETTINGS[name], RenderOptions())
        if not isinstance(call, HttpCall):
            raise TypeError(f"{name} is not called over HTTP")
        return call

    send()
    body = requested[-1].body
    theirs = _decoded(name, body.decode() if isinstance(body, bytes) else str(body))
    call = render()
    ours = _decoded(name, call.body.decode()) + call.url.reveal()
    lost = [part for part in FEATURES if _has(part, ours) and not _has(part, theirs)]
    if RINGS.search(theirs) and not RINGS.search(ours):
        lost.append("`@here` stays as it is")
    if name in WITHOUT_ESCAPES and BACKSLASHES.search(theirs):
        lost.append("backslashes show")
    missing = [part for part in FEATURES if _has(part, theirs) and not _has(part, ours)]
    costs = (f"{_milliseconds(render):.2f} ms", f"{_milliseconds(send):.2f} ms")
    return name, *costs, ", ".join(lost), ", ".join(missing) or "nothing"


def _decoded(name: str, body: str) -> str:
    if name == "rocketchat":
        # Its parser knows no brackets around an address, and shows all of it as text.
        return body.replace("](<", "] (<")
    return unquote_plus(body) if name == "zulip" else body


def _has(part: str, text: str) -> bool:
    return re.search(FEATURES[part], text) is not None


def _milliseconds(work: Callable[[], object]) -> float:
    """Return the median CPU time of a call."""
    rounds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(CALLS):
            work()
        rounds.append((time.process_time() - start) / CALLS * 1000)
    return statistics.median(rounds)


if __name__ == "__main__":
    main()
