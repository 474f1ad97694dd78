from __future__ import annotations

import pytest

from hipkit.server.senders import SenderSettings
from hipkit.server.shared.limits import LimitSettings
from tests.unit.server.asgi import Site
from tests.unit.server.services.senders.sending import (
    OLD,
    MakeSite,
    listed,
    notify,
    relay_site,
)


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    return relay_site(make_site, calls_a_minute=5, token=(listed("s3cret", "CI"),))


def test_one_address_sends_so_many_calls_a_minute_whatever_its_tokens(
    site: Site,
) -> None:
    for token in (OLD, "another", "s3cret", None, ""):
        assert notify(site, "Ops", token=token).status in (204, 401)

    refused = notify(site, "Ops", token="yet another")

    assert refused.status == 429
    assert 1 <= int(refused.header("Retry-After") or 0) <= 61
    assert refused.header("X-Ratelimit-Remaining") == "0"
    assert notify(site, "Ops", token="s3cret", peer="192.0.2.9").status == 204
    failed = site.calls(None)[1]
    assert (failed.status, failed.exceeded) == (429, ("calls of an address", 5))


def test_version_1_refuses_in_its_own_way(site: Site) -> None:
    target = f"/v1/rooms/message?auth_token={OLD}&room_id=Ops&from=x&message=y"
    for _ in range(5):
        assert site.post(target, token=None).status == 200

    refused = site.post(target, token=None)

    assert refused.status == 403
    assert refused.error["message"] == "Rate limit exceeded."
    assert int(refused.header("Retry-After") or 0) >= 1


def test_after_a_minute_it_goes_on(site: Site) -> None:
    for _ in range(6):
        notify(site, "Ops")
    site.clock[0] += 61

    reply = notify(site, "Ops")

    assert reply.status == 204
    assert reply.header("Retry-After") is None


def test_hipchats_own_limits_are_off(make_site: MakeSite) -> None:
    limits = LimitSettings(client_calls=1, user_calls=1, messages=1)
    site = make_site(senders=SenderSettings(), limits=limits)

    assert [notify(site, "Ops").status for _ in range(4)] == [204] * 4
    assert site.get("/v2/room").status == 200
    assert site.get("/v2/room").status == 200
