from __future__ import annotations

from hipkit.server.page.sections import load_section
from hipkit.server.page.views import load_routes
from tests.unit.server.asgi import Site
from tests.unit.server.page.visitor import Visitor


def test_a_section_adds_its_views_and_its_name_to_the_menu() -> None:
    section = load_section("hipkit.relay.page")

    routes = load_routes([section])

    assert (section.name, section.address) == ("Relay", "/relay")
    assert {view.path for view in section.views} <= {route.path for route in routes}
    paths = [route.path for route in routes]
    assert paths.index("/relay") < paths.index("/relay/{route_id}")


def test_without_sections_the_page_has_none(site: Site, root: Visitor) -> None:
    assert "Relay" not in root.get("/people").text
    assert root.get("/relay").status == 404
