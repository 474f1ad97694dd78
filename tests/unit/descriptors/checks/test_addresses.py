from __future__ import annotations

from typing import Any

import pytest

from hipkit.descriptors.checks.addresses import find_address_faults
from tests.unit.descriptors.examples import HOME, Change, changed


def faults(*changes: Change, url: str | None = None) -> list[tuple[str, str, str]]:
    found = [each.fault() for each in find_address_faults(changed(*changes), url)]
    return [(fault.severity, fault.place, fault.problem) for fault in found]


def set_to(url: str, *path: str | int) -> Change:
    def change(it: Any) -> None:
        for step in path[:-1]:
            it = it[step]
        it[path[-1]] = url

    return change


WEBHOOK = ("capabilities", "webhook", 0, "url")


@pytest.mark.parametrize(
    "path",
    [
        ("links", "self"),
        ("links", "homepage"),
        ("vendor", "url"),
        ("capabilities", "installable", "callbackUrl"),
        ("capabilities", "installable", "updateCallbackUrl"),
        ("capabilities", "oauth2Consumer", "redirectionUrls", 0),
        ("capabilities", "configurable", "url"),
        ("capabilities", "hipchatApiConsumer", "avatar"),
        ("capabilities", "hipchatApiConsumer", "avatar", "url"),
        ("capabilities", "webhook", 0, "url"),
        ("capabilities", "glance", 0, "queryUrl"),
        ("capabilities", "glance", 0, "icon", "url@2x"),
        ("capabilities", "webPanel", 0, "url"),
        ("capabilities", "dialog", 0, "url"),
        ("capabilities", "externalPage", 0, "url"),
    ],
)
def test_http_is_a_warning_everywhere(path: tuple[str | int, ...]) -> None:
    ((severity, place, problem),) = faults(set_to("http://karma.example.com/x", *path))
    assert severity == "warning"
    assert place.replace("[0]", ".0") == ".".join(map(str, path))
    assert problem.startswith("is http,")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/webhook",
        "karma.example.com/webhook",
        "ftp://karma.example.com",
        "https://",
        "https:///x",
        "https://a b/",
        "https://karma.example.com:0/",
        "https://[::1/",
        "javascript:alert(1)",
        "https://a/\n",
    ],
)
def test_a_webhook_needs_an_absolute_url(url: str) -> None:
    assert faults(set_to(url, *WEBHOOK)) == [
        ("error", "capabilities.webhook[0].url", "is not an absolute URL")
    ]


def test_a_password_is_an_error_for_webhooks_and_is_not_repeated() -> None:
    url = "https://user:hunter2@karma.example.com/"
    ((severity, _, problem),) = faults(set_to(url, *WEBHOOK))
    assert severity == "error"
    assert problem.startswith("has a user name or password")
    assert "hunter2" not in problem
    ((severity, _, _),) = faults(set_to(url, "links", "homepage"))
    assert severity == "warning"


def test_images_may_be_data() -> None:
    image = "data:image/png;base64,AAAA"
    icon = ("capabilities", "glance", 0, "icon", "url")
    assert faults(set_to(image, *icon)) == []
    assert faults(set_to("data:application/json,", "links", "self")) == []
    assert faults(set_to(image, "links", "homepage")) != []


def test_a_url_that_browsers_run_is_an_error() -> None:
    panel = ("capabilities", "webPanel", 0, "url")
    ((severity, _, _),) = faults(set_to("javascript:alert(1)", *panel))
    assert severity == "error"
    ((severity, _, _),) = faults(set_to("/panel", *panel))
    assert severity == "warning"


def test_variables_are_those_that_clients_know() -> None:
    page = ("capabilities", "externalPage", 0, "url")
    known = f"{HOME}/?a={{message.body}}&b={{message.metadata.a.b}}"
    assert faults(set_to(known, *page)) == []
    assert faults(set_to("https://{message.body}/", *page)) == []
    ((severity, _, problem),) = faults(set_to(f"{HOME}/?a={{message.bdy}}", *page))
    assert severity == "warning"
    assert problem == (
        'has the unknown variable "message.bdy", did you mean message.body?'
    )


@pytest.mark.parametrize("host", ["127.0.0.1:8071", "localhost", "[::1]:80"])
def test_http_within_a_machine_is_no_fault(host: str) -> None:
    assert faults(set_to(f"http://{host}/x", *WEBHOOK)) == []
