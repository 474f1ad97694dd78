from __future__ import annotations

from collections.abc import Callable

import pytest

from hipkit.server.shared.limits import Counter, LimitSettings, MemoryLimits
from tests.unit.server.asgi import FORM, RawResponse, Site, basic


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/v2/room", 200),
        ("HEAD", "/v2/room", 200),
        ("POST", "/v2/room", 400),
        ("GET", "/v2/room?auth_test=true", 202),
        ("GET", "/v2/room?a=%ff", 400),
        ("GET", "/v2/room/%ff", 400),
        ("GET", "/v2/room/Nowhere", 404),
        ("GET", "/v2/nowhere", 404),
        ("GET", "/v2", 404),
        ("PATCH", "/v2/room", 405),
        ("GET", "/v2/sync/users", 501),
        ("GET", "/v1/rooms/list", 200),
        ("GET", "/v1/rooms/show?room_id=Nowhere", 404),
        ("PUT", "/v1/rooms/list", 405),
        ("GET", "/v1/nowhere", 404),
        ("GET", "/nowhere", 404),
        ("GET", "/files/nowhere", 404),
        ("POST", "/files/nowhere", 405),
    ],
)
def test_every_kind_of_answer_tells_where_the_caller_stands(
    site: Site, method: str, target: str, status: int
) -> None:
    for token in ("", "x" * 40):
        reply = site.send(method, target, token=token)
        names = [name.lower() for name, _ in reply.headers]
        assert reply.status == status or token
        for part in ("limit", "remaining", "reset"):
            assert names.count(f"x-ratelimit-{part}") == 1


def test_a_body_that_is_too_large_is_told_so_with_the_limits(site: Site) -> None:
    site.add_room("Ops")
    body = b"x" * (1024 * 1024 + 1)

    for target in ("/v2/room/Ops/message", "/v1/rooms/message"):
        reply = site.send("POST", target, body=body, headers=[FORM])
        assert reply.status == 413
        assert reply.header("X-Ratelimit-Limit") == "100"


def limit(reply: RawResponse, kind: str = "Ratelimit") -> list[int]:
    return [
        int(reply.header(f"X-{kind}-{part}") or "")
        for part in ("Limit", "Remaining", "Reset")
    ]


def test_every_answer_tells_where_the_caller_stands(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(limits=LimitSettings())
    site.add_room("Ops")

    replies = [
        site.get("/v2/room"),
        site.get("/v2/room/nowhere"),
        site.get("/v2/nothing"),
        site.post("/v2/room", {}),
        site.get("/v2/room", token=None),
        site.get("/v2/room", token="bad"),
        site.get("/v2/capabilities", token=None),
        site.send("HEAD", "/v2/room"),
        site.get("/v2/room?auth_test=true"),
        site.get("/elsewhere"),
    ]

    for reply in replies:
        assert limit(reply)[0] == 100, reply.status
        assert 1_700_000_300 <= limit(reply)[2] <= 1_700_000_302
    assert [limit(reply)[1] for reply in replies[:4]] == [99, 98, 97, 96]
    names = [name for name, _ in replies[0].headers]
    assert {"X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset"} <= {
        *names
    }


def test_the_101st_call_of_a_person_has_to_wait(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(limits=LimitSettings())
    other = site.add_token(name="other")

    replies = [site.get("/v2/capabilities") for _ in range(101)]

    assert {reply.status for reply in replies[:100]} == {200}
    assert replies[100].status == 429
    assert replies[100].error["message"] == "Rate Limit exceeded"
    assert limit(replies[100])[1] == 0
    assert site.get("/v2/room", token=other).status == 200
    site.clock[0] = limit(replies[100])[2]
    assert site.get("/v2/room").status == 200


def test_an_add_on_has_five_times_as_many(make_site: Callable[..., Site]) -> None:
    site = make_site(limits=LimitSettings())
    token = site.client_token(["view_group"])

    assert limit(site.get("/v2/room", token=token))[:2] == [500, 499]


def test_the_31st_message_within_a_minute_has_to_wait(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(limits=LimitSettings(user_calls=1000))
    site.add_room("Ops")
    site.add_room("Other")
    body = {"message": "x"}

    replies = [site.post("/v2/room/Ops/notification", body) for _ in range(31)]

    assert limit(replies[0], "FloodControl")[:2] == [30, 29]
    assert {reply.status for reply in replies[:30]} == {204}
    assert replies[30].status == 429
    assert limit(replies[30], "FloodControl")[1] == 0
    assert site.post("/v2/room/Other/notification", body).status == 204
    token = site.add_room_token("Ops")
    assert site.post("/v2/room/Ops/notification", body, token=token).status == 204
    site.clock[0] += 61
    assert site.post("/v2/room/Ops/notification", body).status == 204
    assert len(site.messages("Ops")) == 32


def test_private_messages_are_counted_by_person(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(limits=LimitSettings(messages=2))
    site.add_user("Ann")
    body = {"message": "x"}

    statuses = [site.post("/v2/user/@Ann/message", body).status for _ in range(3)]

    assert statuses == [204, 204, 429]


def test_without_limits_the_headers_promise_room_enough(site: Site) -> None:
    for _ in range(3):
        assert limit(site.get("/v2/room"))[:2] == [100, 100]


def test_made_up_callers_do_not_fill_the_memory() -> None:
    counter = Counter(300.0, lambda: 0.0)

    for number in range(50_000):
        counter.take(number, 10)

    assert len(counter._windows) <= 20_000


def test_windows_that_ended_are_removed() -> None:
    now = [0.0]
    limits = MemoryLimits(LimitSettings(), lambda: now[0])

    for number in range(20_000):
        limits.call(number, is_client=False)
    now[0] = 301.0
    limits.call("new", is_client=False)

    assert len(limits._calls._windows) == 1


@pytest.mark.parametrize("back", [60, 3600, 10 * 365 * 24 * 3600])
def test_a_server_s_clock_that_is_put_back_locks_nobody_out(
    make_site: Callable[..., Site], back: int
) -> None:
    site = make_site(limits=LimitSettings(user_calls=3))
    for _ in range(3):
        assert site.get("/v2/capabilities").status == 200

    site.clock[0] -= back
    refused = site.get("/v2/capabilities")
    site.clock[0] += 301

    assert refused.status == 429
    assert limit(refused)[2] <= site.clock[0]
    assert site.get("/v2/capabilities").status == 200


def ask_for_token(site: Site, *headers: tuple[str, str], **options: str) -> RawResponse:
    return site.send(
        "POST",
        "/v2/oauth/token",
        body=b"grant_type=client_credentials",
        token=None,
        headers=[FORM, *headers],
        **options,  # type: ignore[arg-type]  # the peer alone
    )


def test_wrong_calls_of_an_address_do_not_stop_what_is_good_behind_it(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(limits=LimitSettings())
    client = site.add_client(["view_group"])
    good = basic(client.id, client.secret)
    wrong = [basic(client.id, "wrong"), basic("nobody", client.secret)]

    statuses = {ask_for_token(site, *wrong[n % 2 :][:1]).status for n in range(100)}

    assert statuses == {401}
    assert ask_for_token(site, wrong[0]).status == 429
    assert ask_for_token(site).status == 429
    reply = ask_for_token(site, good)
    assert (reply.status, limit(reply)[:2]) == (200, [500, 499])
    assert site.get("/v2/room", token=reply.json["access_token"]).status == 200
    assert site.get("/v2/room").status == 200
    assert site.get("/v1/rooms/list?auth_token=wrong", token=None).status == 403
    target = f"/v1/rooms/list?auth_token={site.token}"
    assert site.get(target, token=None).status == 200


def test_a_client_has_a_limit_of_its_own_wherever_it_calls_from(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(limits=LimitSettings(client_calls=3))
    client, other = site.add_client(["view_group"]), site.add_client(["view_group"])

    replies = [
        ask_for_token(
            site, basic(client.id, client.secret), peer=f"192.0.2.{number}"
        ).status
        for number in range(4)
    ]

    assert replies == [200, 200, 200, 429]
    assert ask_for_token(site, basic(other.id, other.secret)).status == 200
    site.clock[0] += 301
    assert ask_for_token(site, basic(client.id, client.secret)).status == 200
