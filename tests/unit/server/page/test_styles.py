"""What a sender's style may say, and whether the result can be read."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit.server.page.styles import CLASSES, NAMES, read_style

CSS = (files("hipkit.server.page") / "static" / "room.css").read_text()
PAPERS = (files("hipkit.server.page") / "static" / "style.css").read_text()
DARK = "@media (prefers-color-scheme: dark) {"


@pytest.mark.parametrize(
    ("color", "ink"),
    [
        ("red", "ink-red"),
        ("#F00", "ink-red"),
        ("#f00c", "ink-red"),
        ("#ff0000", "ink-red"),
        ("#ff0000cc", "ink-red"),
        ("rgb(255, 0, 0)", "ink-red"),
        ("rgba(255 0 0 / 0.5)", "ink-red"),
        ("RED !important", "ink-red"),
        ("#00aa00", "ink-green"),
        ("navy", "ink-blue"),
        ("#808080", "ink-gray"),
        ("white", "ink-gray"),
        ("#ff8c00", "ink-orange"),
        ("#ff00ff", "ink-pink"),
    ],
)
def test_a_color_becomes_the_nearest_of_the_palette(color: str, ink: str) -> None:
    assert read_style(f"color:{color}").classes == (ink,)


@pytest.mark.parametrize(
    "style",
    [
        *(
            "",
            ";",
            "color",
            "color:",
            "color: nothing",
            "color: #12",
            "color: #1234567",
        ),
        *(
            "color: rgb(1,2)",
            "color: rgb(a,b,c)",
            "color: rgb(1e999,0,0)",
            "color: black",
        ),
        *("color: rgb(nan,1,1)", "font-weight: heavy", "text-decoration: blink"),
        *(
            "width: 1e9px",
            "width: calc(1px)",
            "width: 5em",
            "background: red",
            "color:#000",
        ),
    ],
)
def test_unsupported_declarations_are_ignored(style: str) -> None:
    read = read_style(style)
    assert (read.classes, dict(read.sizes)) == ((), {})


@given(
    st.lists(
        st.sampled_from(
            ["color:", "width:", "#", "rgb(", ")", "red", ";", "9", "px", "%"]
        )
        | st.text(max_size=4),
        max_size=20,
    ).map("".join)
)
def test_only_known_classes_and_bounded_sizes_are_returned(style: str) -> None:
    read = read_style(style)
    assert set(read.classes) <= CLASSES
    assert all(re.fullmatch(r"[1-9][0-9]{0,3}%?", size) for size in read.sizes.values())


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_class_is_in_the_style_sheet(name: str) -> None:
    assert f".{name} {{" in CSS


def blocks(css: str) -> tuple[str, str]:
    """Return what holds on a light and on a dark page."""
    parts = css.split(DARK)
    light, dark = parts[0], ""
    for part in parts[1:]:
        within, _, after = part.partition("\n}\n")
        dark += within
        light += after
    return light, dark


def colors(css: str, pattern: str) -> list[str]:
    return re.findall(pattern + r"[^;}]*?(#[0-9a-f]{6})", css)


def luminance(color: str) -> float:
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("page", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("color", sorted(NAMES))
def test_every_color_is_readable_on_every_tint(color: str, page: int) -> None:
    css, papers = blocks(CSS)[page], blocks(PAPERS)[page]
    (ink,) = colors(css, rf"\.ink-{color} {{ color:")
    grounds = colors(css, "--tint:") + colors(papers, "--(?:paper|side|raised|code):")
    assert len(grounds) >= 9

    for ground in grounds:
        one, other = sorted((luminance(ink), luminance(ground)))
        assert (other + 0.05) / (one + 0.05) >= 4.5, (ink, ground)
