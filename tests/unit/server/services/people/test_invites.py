"""Invitations to the group."""

from __future__ import annotations

import asyncio

from tests.unit.server.asgi import Site


def test_an_invitation_adds_a_user_without_a_password(site: Site) -> None:
    body = {"name": "Ann Lee", "email": "ann@example.com", "title": "Boss"}

    reply = site.post("/v2/invite/user", body)

    assert reply.status == 200
    assert reply.json["mention_name"] == "AnnLee"
    user_id = reply.json["id"]
    stored = asyncio.run(site.server.database.stores.users.password_hash(user_id))
    assert stored is None
    assert site.post("/v2/invite/user", body).status == 400
