"""Calls that HipChat's documentation left out."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from hipkit.server.services.registry import load_services
from hipkit.v2.catalog import OPERATIONS
from tests.unit.server.asgi import Site

HANDLERS = load_services()


def test_the_spec_lists_501_for_operations_without_a_handler(repository: Path) -> None:
    spec = yaml.safe_load((repository / "spec/hipchat-v2.yaml").read_text("utf-8"))
    listed = {
        operation["operationId"]
        for item in spec["paths"].values()
        for operation in item.values()
        if "501" in operation["responses"]
    }
    missing = {
        entry.operation_id for entry in OPERATIONS if entry.load() not in HANDLERS
    }

    # The schema of descriptors is there, in one draft of the two.
    assert listed == missing | {"get_addon_capabilities_schema"}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_health_check_needs_no_token(site: Site, method: str) -> None:
    reply = site.send(method, "/v2/health-check", token=None)

    assert reply.status == 200
    assert reply.header("X-Ratelimit-Limit") == "100"
    assert site.post("/v2/health-check").status == 405


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", "/v2/sync/users"),
        ("POST", "/v2//sync/rooms/"),
        ("POST", "/v2/file/mget/thumbnails"),
        ("GET", "/v2/video/token"),
        ("GET", "/v2/video/callee/5/token?room=1"),
        ("PATCH", "/v2/readstate"),
        ("GET", "/v2/flag"),
        ("POST", "/v2/flag/dismiss"),
        ("POST", "/v2/addon/sync"),
        ("GET", "/v2/addon/signed-url/1/a/b/c/1"),
        ("GET", "/v2/addon/signed-urls/1/glances"),
    ],
)
def test_undocumented_calls_known_by_their_path_are_501(
    site: Site, method: str, target: str
) -> None:
    reply = site.send(method, target)

    assert reply.status == 501
    assert reply.error["code"] == 501
    assert reply.error["message"].startswith("This call of HipChat's own programs")
    assert site.send(method, target, token="x" * 40).status == 401
