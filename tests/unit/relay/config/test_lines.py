from __future__ import annotations

import pytest

from hipkit.relay.config.lines import find_line, scan_lines

TEXT = '''\
# a comment with [[brackets]]
keep_days = 3

[senders]
accept = [
    "10.0.0.0/8", # "]"
    "::1",
]
name = """
[not.a.table]
x = 1
"""

[[senders.token]]
token = 'env:A'

[[route]]
"name" = "a = [b]"
when = { color = [
    "red" ] }
a . "b.c" = 1
[[route]]
name = 'x#y'
[route.mentions]
bob = "U1"

[[senders.token]]
token = "env:B"
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("keep_days",), 2),
        (("senders",), 4),
        (("senders", "accept"), 5),
        (("senders", "accept", 1), 5),
        (("senders", "name"), 9),
        (("senders", "token", 0), 14),
        (("senders", "token", 0, "token"), 15),
        (("route",), 17),
        (("route", 0), 17),
        (("route", 0, "name"), 18),
        (("route", 0, "when", "color"), 19),
        (("route", 0, "a", "b.c"), 21),
        (("route", 1), 22),
        (("route", 1, "name"), 23),
        (("route", 1, "mentions"), 24),
        (("route", 1, "mentions", "bob"), 25),
        (("senders", "token", 1, "token"), 28),
        (("route", 1, "missing"), 22),
        (("x",), None),
        (("not", "a", "table"), None),
    ],
)
def test_a_value_is_found_by_its_line_or_that_of_the_table_around_it(
    path: tuple[str | int, ...], line: int | None
) -> None:
    assert find_line(scan_lines(TEXT), path) == line


@pytest.mark.parametrize(
    "text",
    ["", "=", "[", "[[", "]]", '"""', "'", "a = [", "a.", "[a.b", "\\\n", "a\n=1"],
)
def test_what_is_no_toml_does_no_harm(text: str) -> None:
    scan_lines(text)
