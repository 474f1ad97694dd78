from __future__ import annotations

import pytest

from hipkit.addon.handlers.replies import Html
from hipkit.addon.handlers.views import (
    ViewResponse,
    glance_content,
    to_glance_content,
    to_view_response,
)
from hipkit.v2.models import GlanceContent, GlanceLabel


def test_a_glance_has_a_label_a_lozenge_and_metadata() -> None:
    made = glance_content(
        "3 < 4", lozenge="open", lozenge_type="error", metadata={"open": 3}
    )
    assert made.to_dict() == {
        "label": {"type": "html", "value": "3 &lt; 4"},
        "status": {"type": "lozenge", "value": {"type": "error", "label": "open"}},
        "metadata": {"open": 3},
    }


def test_a_glance_has_an_icon_in_both_densities() -> None:
    made = glance_content(Html("<b>3</b>"), icon="https://a/i.png").to_dict()
    assert made["label"] == {"type": "html", "value": "<b>3</b>"}
    assert made["status"] == {
        "type": "icon",
        "value": {"url": "https://a/i.png", "url@2x": "https://a/i.png"},
    }


def test_what_a_client_would_refuse_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 char"):
        glance_content("")
    with pytest.raises(ValueError, match="at most 1000 characters, has 1001"):
        glance_content("x" * 1_001)
    with pytest.raises(ValueError, match="at most 20 char"):
        glance_content("x", lozenge="y" * 21)
    with pytest.raises(ValueError, match="not both"):
        glance_content("x", lozenge="y", icon="https://a")
    with pytest.raises(ValueError, match="type"):
        glance_content("x", lozenge="y", lozenge_type="complete")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="label"):
        to_glance_content(GlanceContent(label=GlanceLabel(type="text", value="x")))


def test_the_results_of_glances_are_contents() -> None:
    assert to_glance_content("a") == glance_content("a")
    assert to_glance_content(glance_content("a")) == glance_content("a")
    with pytest.raises(TypeError, match="NoneType"):
        to_glance_content(None)


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (ViewResponse("text"), "bytes, not str"),  # type: ignore[arg-type]
        (ViewResponse(b"", 99), "200 to 599"),
        (ViewResponse(b"", "200"), "200 to 599"),  # type: ignore[arg-type]
        (ViewResponse(b"", headers={"X": "a\r\nB: c"}), "header X"),
        (ViewResponse(b"", headers={"X": "\u4e2d"}), "header X"),
        (ViewResponse(b"", headers={"X": 5}), "header X"),  # type: ignore[dict-item]
        (ViewResponse(b"", headers={"X: y": "z"}), "header 'X: y'"),
        (ViewResponse(b"", content_type="text/html\n"), "Content-Type"),
    ],
)
def test_what_cannot_be_sent_is_refused_before_it_is_sent(
    response: ViewResponse, error: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=error):
        to_view_response(response)


def test_a_redirect_holds_any_address_in_ascii() -> None:
    made = to_view_response(ViewResponse.redirect("https://a/\u4e2d?b=%20&c"))
    assert made.headers == {"Location": "https://a/%E4%B8%AD?b=%20&c"}
    with pytest.raises(ValueError, match="Location"):
        to_view_response(ViewResponse.redirect("https://a/\r\nX: y"))


def test_the_results_of_views_are_responses() -> None:
    assert to_view_response(Html("<p>ä")) == ViewResponse("<p>ä".encode())
    assert to_view_response(ViewResponse(b"x", 404)).status == 404
    # A text may be HTML or not: the difference is a hole.
    with pytest.raises(TypeError, match="Html or a ViewResponse"):
        to_view_response("<p>")


def test_other_responses_have_their_type_and_headers() -> None:
    assert ViewResponse.json({"a": 1}) == ViewResponse(
        b'{"a":1}', 200, "application/json"
    )
    sent = ViewResponse.redirect("https://a/b")
    assert (sent.status, sent.headers) == (303, {"Location": "https://a/b"})
