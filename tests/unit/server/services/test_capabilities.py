"""The server's capabilities document, and the schema of add-ons' descriptors."""

from __future__ import annotations

from hipkit.server.services.access.scopes import SCOPES
from tests.unit.server.asgi import Site


def test_the_document_names_the_servers_urls_and_scopes(site: Site) -> None:
    document = site.get("/v2/capabilities", token=None).json

    capabilities = document["capabilities"]
    provider, oauth = capabilities["hipchatApiProvider"], capabilities["oauth2Provider"]
    assert document["links"]["self"] == "http://chat.test/v2/capabilities"
    assert provider["url"] == "http://chat.test/v2/"
    assert provider["availableScopes"].keys() == SCOPES.keys()
    assert oauth["tokenUrl"] == "http://chat.test/v2/oauth/token"
    assert oauth["authorizationUrl"] == "http://chat.test/users/authorize"


def test_the_schema_is_there_in_draft_4_only(site: Site) -> None:
    path = "/v2/capabilities/addon/schema"

    schema = site.get(path, token=None)
    assert schema.status == 200
    assert "draft-04" in schema.json["$schema"]
    assert site.get(f"{path}?draft=v4", token=None).json == schema.json
    assert site.get(f"{path}?draft=v3", token=None).status in (400, 501)
