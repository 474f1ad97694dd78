"""How the page shows glances, and what its policy lets it load for them."""

from __future__ import annotations

from typing import Any

import pytest

from hipkit.api.addresses import origin_of
from hipkit.server.page.glances import (
    LONGEST_SOURCES,
    GlanceSources,
    glance_views,
    label_markup,
)
from hipkit.server.services.addons.modules.showing import AddonGlances, ShownGlance
from hipkit.v2.models import Glance, GlanceContent
from tests.unit.server.services.addons.making import ICON, content, glance, read_as

every = pytest.mark.parametrize


def shown(pushed: dict[str, object] | None = None, **members: object) -> ShownGlance:
    model = read_as(Glance, glance(**members))
    return ShownGlance(
        id=1,
        glance=model,
        content=None if pushed is None else read_as(GlanceContent, pushed),
        pushed_us=0,
        target=None,
        is_asked=model.query_url is not None,
        is_hidden=False,
    )


def sources_of(*glances: ShownGlance) -> GlanceSources:
    return GlanceSources.of([AddonGlances(addon="Bot", glances=list(glances))])


@every(
    ("address", "origin"),
    [
        ("https://a.example/x?y#z", "https://a.example"),
        ("https://A.Example:443/", "https://a.example"),
        ("http://a.example:80", "http://a.example"),
        ("http://127.0.0.1:3000/x", "http://127.0.0.1:3000"),
        ("https://bücher.example/", "https://xn--bcher-kva.example"),
        ("https://a_b.example/", "https://a_b.example"),
        ("https://*.example/", None),
        ("https://*/", None),
        ("https://a.example;script-src", None),
        ("https://a.example,b", None),
        ("https://a'b.example/", None),
        ("https://a b/", None),
        ("https://user@a.example/", None),
        ("https://[::1]/", None),
        ("https://a.example:99999/", None),
        ("https://a..example/", None),
        ("javascript:alert(1)", None),
        ("data:image/png;base64,x", None),
        ("//a.example/", None),
        ("", None),
    ],
)
def test_an_origin_is_one_that_a_policy_can_name(
    address: str, origin: str | None
) -> None:
    assert origin_of(address) == origin


def test_the_policy_names_the_servers_of_the_shown_glances_only() -> None:
    icon = {"url": "https://i.example/1", "url@2x": "https://j.example/2"}
    sources = sources_of(
        shown(icon=icon), shown(queryUrl="https://q.example/x"), shown()
    )

    name, policy = sources.policy(outside_pictures=False)

    assert name == b"Content-Security-Policy"
    directives = dict(
        part.strip().split(" ", 1) for part in policy.decode().split(";") if part
    )
    assert directives["connect-src"] == "'self' https://q.example"
    assert directives["img-src"] == (
        "'self' https://i.example https://j.example https://a.example https://q.example"
    )
    assert directives["script-src"] == "'self'"
    assert directives["default-src"] == "'none'"


def test_without_glances_the_policy_is_that_of_every_page() -> None:
    _, policy = GlanceSources().policy(outside_pictures=False)

    assert b"connect-src 'self';" in policy
    assert b"img-src 'self';" in policy


def test_where_outside_pictures_are_allowed_they_stay_so() -> None:
    _, policy = sources_of(shown()).policy(outside_pictures=True)

    assert b"img-src 'self' https: http:;" in policy


def test_a_policy_does_not_grow_without_end() -> None:
    glances = [
        shown(queryUrl=f"https://{'x' * 60}.{number}.example/") for number in range(50)
    ]
    sources = sources_of(*glances)

    assert 0 < sum(len(one) + 1 for one in sources.answers) <= LONGEST_SOURCES
    assert len(sources.answers) < 50


@every(
    "url",
    ["javascript:alert(1)", "data:image/svg+xml,x", "https://*.a/", "x", "/logo.png"],
)
def test_an_icon_that_is_none_is_left_out(url: str) -> None:
    one = shown(icon={"url": url, "url@2x": url})
    sources = sources_of(one)
    ((_, (view,)),) = glance_views([AddonGlances(addon="Bot", glances=[one])], sources)

    assert view.icon is None
    assert sources.pictures == ()


@every(
    ("html", "markup"),
    [
        ("plain", "plain"),
        ("<b>1</b> <i>2</i> <em>3</em> <strong>4</strong>",) * 2,
        ("<script>alert(1)</script>x", "x"),
        ("<style>*{}</style>x", "x"),
        ("<b onclick=alert(1) class=x style='a:b'>x</b>", "<b>x</b>"),
        ("<a href='javascript:x'>link</a>", "link"),
        ("<img src=x onerror=alert(1)>x", "x"),
        ("<svg><script>alert(1)</script></svg>x", "x"),
        ("<b>open", "<b>open</b>"),
        ("a < b & c", "a &lt; b &amp; c"),
        ("&lt;script&gt;", "&lt;script&gt;"),
        ("<B>x</B>", "<b>x</b>"),
        ("<iframe src=x></iframe><table><tr><td>x", "x"),
    ],
)
def test_a_label_keeps_four_tags_and_the_text_of_others(html: str, markup: str) -> None:
    assert label_markup(html) == markup


def view_of(pushed: dict[str, object]) -> Any:
    one = shown(pushed, queryUrl="https://q.example/")
    groups = [AddonGlances(addon="Bot", glances=[one])]
    ((_, (view,)),) = glance_views(groups, sources_of(one))
    return view


def test_a_status_is_a_lozenge_or_an_icon_of_the_add_on_s_servers() -> None:
    lozenge = {"type": "lozenge", "value": {"type": "error", "label": "down"}}
    view = view_of(content(status=lozenge))
    assert (view.lozenge, view.status_icon) == (("error", "down"), None)

    view = view_of(content(status={"type": "icon", "value": ICON}))
    assert view.lozenge is None
    assert view.status_icon.url == ICON["url"]
    assert view.status_icon.url_2x == ICON["url@2x"]

    elsewhere = {"url": "https://spy.example/1", "url@2x": ICON["url@2x"]}
    view = view_of(content(status={"type": "icon", "value": elsewhere}))
    assert view.status_icon is None
    half = {"url": ICON["url"], "url@2x": "https://spy.example/1"}
    view = view_of(content(status={"type": "icon", "value": half}))
    assert view.status_icon.url_2x is None
