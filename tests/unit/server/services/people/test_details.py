"""Users in full, and who may see which of their members."""

from __future__ import annotations

from tests.unit.server.asgi import Site

FULL = {
    "id", "name", "mention_name", "email", "title", "roles", "created", "last_active",
    "is_deleted", "is_guest", "is_group_admin", "timezone", "photo_url", "xmpp_jid",
    "version", "presence", "group", "links",
}  # fmt: skip


def test_a_full_user_has_every_recorded_member(site: Site) -> None:
    site.add_user("Ann Lee")

    user = site.get("/v2/user/@AnnLee").json

    assert set(user) == FULL
    assert (user["last_active"], user["photo_url"], user["presence"]) == (None,) * 3
    assert user["created"] == "2023-11-14T22:13:20+00:00"
    assert user["xmpp_jid"].startswith("1_2@chat.")
    assert set(user["group"]) == {"id", "name", "links"}


def test_e_mail_addresses_are_shown_to_administrators_and_their_owners(
    site: Site,
) -> None:
    ann = site.add_user("Ann")
    anns = site.add_token(user=ann)
    addon = site.client_token(["view_group"])
    admin_addon = site.client_token(["view_group", "admin_group"])

    for token, email in (
        (site.token, "admin@example.com"),
        (admin_addon, "admin@example.com"),
        (anns, None),
        (addon, None),
    ):
        assert site.get("/v2/user/1", token=token).json["email"] == email
    assert site.get("/v2/user/@Ann", token=anns).json["email"] == "ann@example.com"
