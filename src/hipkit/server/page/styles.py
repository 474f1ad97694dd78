"""Translates the `style` attributes that HipChat supported into classes of the page (pure).

The page's Content-Security-Policy allows no inline styles, and a colour chosen for a white page
may be unreadable on a dark one: so a colour becomes the nearest one of a palette, in `room.css`.
"""

from __future__ import annotations

import colorsys
import re
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["CLASSES", "Style", "clamped", "read_style"]

HUES = (
    (15, "red"),
    (45, "orange"),
    (70, "yellow"),
    (165, "green"),
    (200, "teal"),
    (255, "blue"),
    (290, "purple"),
    (345, "pink"),
    (361, "red"),
)
"""The palette, each colour with the degree of the colour circle where it ends."""

NAMES = {
    "red": "brown crimson darkred darksalmon firebrick indianred lightcoral lightsalmon"
    " maroon red salmon tomato",
    "orange": "bisque burlywood chocolate coral darkorange orange orangered peachpuff peru"
    " rosybrown saddlebrown sandybrown sienna tan",
    "yellow": "cornsilk darkgoldenrod darkkhaki gold goldenrod khaki lemonchiffon"
    " lightgoldenrodyellow lightyellow moccasin navajowhite palegoldenrod wheat yellow",
    "green": "chartreuse darkgreen darkolivegreen darkseagreen forestgreen green greenyellow"
    " lawngreen lightgreen lime limegreen mediumseagreen mediumspringgreen olive olivedrab"
    " palegreen seagreen springgreen yellowgreen",
    "teal": "aqua aquamarine cadetblue cyan darkcyan darkturquoise lightcyan lightseagreen"
    " mediumaquamarine mediumturquoise paleturquoise teal turquoise",
    "blue": "blue cornflowerblue darkblue darkslateblue deepskyblue dodgerblue lightblue"
    " lightskyblue lightsteelblue mediumblue mediumslateblue midnightblue navy powderblue"
    " royalblue skyblue slateblue steelblue",
    "purple": "blueviolet darkmagenta darkorchid darkviolet indigo mediumorchid mediumpurple"
    " orchid plum purple rebeccapurple thistle violet",
    "pink": "deeppink fuchsia hotpink lavenderblush lightpink magenta mediumvioletred"
    " mistyrose palevioletred pink",
    "gray": "darkgray darkgrey darkslategray darkslategrey dimgray dimgrey gainsboro gray"
    " grey lightgray lightgrey lightslategray lightslategrey silver slategray slategrey"
    " white whitesmoke",
}
BY_NAME = {name: color for color, names in NAMES.items() for name in names.split()}

HEX = re.compile(r"#(?:([0-9a-f]{3,4})|([0-9a-f]{6})(?:[0-9a-f]{2})?)")
NUMBERS = re.compile(r"rgba?\(([^()]{1,60})\)")
SEPARATOR = re.compile(r"[\s,/]+")
SIZE = re.compile(r"\s*(\d{1,9})(?:\.\d*)?\s*(px|%)?\s*", re.ASCII)

LEAST_SATURATION = 0.15
LEAST_LIGHTNESS = 0.12
"""Anything darker is shown in the text colour."""

BOLD = {"bold", "bolder", "600", "700", "800", "900"}
LIGHT = {"normal", "lighter", "100", "200", "300", "400", "500"}
LINES = {"underline": "underlined", "line-through": "struck", "none": "unlined"}

SIDES = {"width": "wide", "height": "high"}
STEPS = (8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384)
"""Widths and heights of a `span`, in pixels."""

CLASSES = frozenset(
    {
        *(f"ink-{color}" for color in NAMES),
        *("bold", "light", *LINES.values()),
        *(f"{side}-{step}" for side in SIDES.values() for step in STEPS),
    }
)
"""Every class that a `span` may have."""

MOST_PIXELS = 1_000
LONGEST_STYLE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """The supported part of a `style` attribute."""

    classes: tuple[str, ...]
    sizes: Mapping[str, str]
    """`width` and `height`, as values of attributes."""


def read_style(style: str) -> Style:
    """Return the declarations that HipChat supported; others are ignored."""
    found: dict[str, str] = {}
    for declaration in style[:LONGEST_STYLE].lower().split(";"):
        name, _, value = declaration.partition(":")
        found[name.strip()] = value.removesuffix("!important").strip()
    color = _color(found.get("color", ""))
    weight = found.get("font-weight")
    lines = found.get("text-decoration", "").split()
    sizes = {side: clamped(found.get(side, "")) for side in SIDES}
    known = {side: size for side, size in sizes.items() if size is not None}
    return Style(
        classes=(
            *([] if color is None else [f"ink-{color}"]),
            *(["bold"] if weight in BOLD else []),
            *(["light"] if weight in LIGHT else []),
            *(name for line, name in LINES.items() if line in lines),
            *(
                f"{SIDES[side]}-{min(STEPS, key=lambda step: abs(step - int(size)))}"
                for side, size in known.items()
                if size.isdigit()
            ),
        ),
        sizes=known,
    )


def clamped(size: str) -> str | None:
    """Return a width or height, in pixels or per cent, within bounds; `None` for others."""
    found = SIZE.fullmatch(size)
    if found is None:
        return None
    if found[2] == "%":
        return f"{min(max(int(found[1]), 1), 100)}%"
    return str(min(max(int(found[1]), 1), MOST_PIXELS))


def _color(value: str) -> str | None:
    """Return the nearest colour of the palette; `None` for the text colour and for no colour."""
    if value in BY_NAME:
        return BY_NAME[value]
    parts = _parts(value)
    if parts is None:
        return None
    hue, lightness, saturation = colorsys.rgb_to_hls(*(part / 255 for part in parts))
    if lightness < LEAST_LIGHTNESS:
        return None
    if saturation < LEAST_SATURATION:
        return "gray"
    return next(color for degrees, color in HUES if hue * 360 < degrees)


def _parts(value: str) -> tuple[int, int, int] | None:
    """Return red, green and blue."""
    found = HEX.fullmatch(value)
    if found is not None:
        digits = found[2] or "".join(digit * 2 for digit in found[1])
        red, green, blue = bytes.fromhex(digits[:6])
        return red, green, blue
    numbers = NUMBERS.fullmatch(value)
    if numbers is None:
        return None
    try:
        red, green, blue = (
            int(float(part)) for part in SEPARATOR.split(numbers[1].strip())[:3]
        )
    except (ValueError, OverflowError):
        return None
    return min(max(red, 0), 255), min(max(green, 0), 255), min(max(blue, 0), 255)
