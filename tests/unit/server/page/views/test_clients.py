"""The page of OAuth clients."""

from __future__ import annotations

import re

import pytest

from tests.unit.server.asgi import Site
from tests.unit.server.page.visitor import Visitor


def test_an_administrator_creates_and_deletes_a_client(
    site: Site, root: Visitor
) -> None:
    answer = root.fill(
        "/clients",
        "/clients",
        name="Dashboards",
        scope=["view_room"],
        redirect_uris="https://a.test/back\nhttps://b.test/back",
    )
    client_id, secret = re.findall(r"<code>([\w-]{36,40})</code>", answer.text)
    page = root.get("/clients")

    assert "https://b.test/back" in page.text
    assert secret not in page.text
    form = page.form("/clients/delete")
    assert form["client_id"] == client_id
    assert root.send("/clients/delete", form).status == 303
    assert "Dashboards" not in root.get("/clients").text


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "/back", "https://a.test/#x", "ftp://a.test", "https://"],
)
def test_a_redirect_uri_has_to_be_a_web_address(root: Visitor, address: str) -> None:
    answer = root.fill(
        "/clients", "/clients", name="x", scope=["view_room"], redirect_uris=address
    )

    assert answer.status == 400


def test_clients_are_for_administrators_only(ann: Visitor) -> None:
    fields: dict[str, str | list[str]] = {"name": "x"}

    assert ann.get("/clients").status == 403
    assert ann.send("/clients", {**fields, "scope": ["view_room"]}).status == 403
    assert ann.send("/clients/delete", {**fields, "client_id": "x"}).status == 403
