"""The caller's group, its statistics and its avatar."""

from __future__ import annotations

from tests.unit.server.asgi import Site
from tests.unit.server.two_groups import PICTURE


def test_a_group_is_shown_to_its_own_users_only(site: Site) -> None:
    group = site.get("/v2/group/1").json

    assert set(group) == {
        "id", "name", "subdomain", "domain", "created", "avatar_url", "plan", "owner",
        "statistics", "links",
    }  # fmt: skip
    assert "email" in site.get("/v2/group/1?expand=owner").json["owner"]
    statistics = site.get("/v2/group/1/statistics").json
    assert statistics["messages_sent"] == 0
    assert group["statistics"] == {"links": statistics["links"]}
    full = site.get("/v2/group/1?expand=owner,statistics").json
    assert full["statistics"] == statistics
    assert site.get("/v2/group/2").status == 404
    assert site.get("/v2/group/HipChat").status == 404


def test_the_avatar_is_set_and_deleted_by_administrators(site: Site) -> None:
    ann = site.add_token(user=site.add_user("Ann"))
    path = "/v2/group/1/avatar"

    assert site.get(path).status == 404
    assert site.put(path, {"avatar": PICTURE}, token=ann).status == 403
    assert site.put(path, {"avatar": PICTURE}).status == 204
    assert site.get(path).status == 302
    assert site.delete(path, token=ann).status == 403
    assert site.delete(path).status == 204
    assert site.get(path).status == 404


def test_statistics_count_the_messages_of_all_rooms(site: Site) -> None:
    for room in ("Ops", "Dev"):
        site.add_room(room)
        site.post(f"/v2/room/{room}/message", {"message": "x"})

    assert site.get("/v2/group/1/statistics").json["messages_sent"] == 2
