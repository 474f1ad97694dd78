"""Escapes text for markup: nothing that was typed becomes markup, a mention or a link (pure).

A renderer escapes last: what these return is not changed any more.
"""

from __future__ import annotations

import re

__all__ = [
    "HAIR_SPACE",
    "ZERO_WIDTH_SPACE",
    "code_with_gaps",
    "code_with_longer_fence",
    "defuse",
    "escape_angles",
    "escape_cell",
    "escape_markdown",
    "escape_markdown_line",
    "markdown_link",
    "pre_with_gaps",
    "pre_with_longer_fence",
]

ZERO_WIDTH_SPACE = "\u200b"
HAIR_SPACE = "\u200a"
"""The narrowest that is white space to Markdown."""
MODIFIER_GRAVE = "\u02cb"
"""Looks like a backtick."""
EVERYBODY = "all|channel|everyone|here|room"

# An address such as ann@example.com mentions nobody, unless it begins with a word for everybody.
MENTION = re.compile(
    r"@(?!\s)"
    rf"(?!(?<=[A-Za-z0-9]@)(?!(?:{EVERYBODY})\b)[A-Za-z0-9-]+\.[A-Za-z])",
    re.IGNORECASE,
)

BRACKET = re.compile(r"<(?=[!@#]|/?users/)", re.IGNORECASE)
"""What begins a mention of Slack, Discord or Google Chat."""

# Within a word an underscore is no markup, and names such as disk_free stay readable everywhere.
# Mattermost reads Slack's `<address|text>` and `<!here>` in what a webhook gets, so no `<` stays.
IN_MARKDOWN = re.compile(
    r"(?P<mark>[\\`*~\[\]|]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))"
    r"|(?P<reference>&(?=#?\w+;))"
    r"|<"
)
REFERENCE = re.compile(r"&(?=#?\w+;)")
LINE_START = re.compile(r"(#|[+\-](?=[ \t]|$)|[=\-][=\- \t]*$|>)")
NUMBER_AT_START = re.compile(r"(\d{1,9})([.)](?:[ \t]|$))")
BARE_BAR = re.compile(r"(?<!\\)((?:\\\\)*)\|")
"""A bar behind no backslash, or an even number of them."""
BACKTICKS = re.compile("`+")
FENCE_BEGUN = re.compile("`(?=``)")


def defuse(text: str) -> str:
    """Return a text in which neither `@ann` nor `<!here>` mentions anybody.

    A zero-width space follows what would begin a mention.
    """
    if "@" in text:
        text = MENTION.sub(f"@{ZERO_WIDTH_SPACE}", text)
    return BRACKET.sub(f"<{ZERO_WIDTH_SPACE}", text) if "<" in text else text


def escape_markdown(text: str) -> str:
    """Return a text for Markdown, but for what only counts at the start of a line."""
    return IN_MARKDOWN.sub(_in_markdown, defuse(text))


def _in_markdown(found: re.Match[str]) -> str:
    if found["mark"]:
        return f"\\{found['mark']}"
    return "&amp;" if found["reference"] else "&lt;"


def escape_markdown_line(line: str) -> str:
    """Return a line that begins with no heading, list, quotation or rule of Markdown.

    Spaces before it are kept, as such that do not indent code.
    """
    text = line.lstrip(" \t")
    indent = line[: len(line) - len(text)].expandtabs(4).replace(" ", "\u00a0")
    if LINE_START.match(text):
        text = f"\\{text}"
    else:
        text = (
            NUMBER_AT_START.sub(r"\1\\\2", text, count=1) if _is_number(text) else text
        )
    return indent + text


def _is_number(text: str) -> bool:
    return text[:1].isdigit() and NUMBER_AT_START.match(text) is not None


def escape_cell(cell: str) -> str:
    """Return a cell of a Markdown table, markup and all: a bar would end it in code too."""
    return BARE_BAR.sub(r"\1\\|", cell)


def markdown_link(shown: str, url: str) -> str:
    """Return a link, whose text is escaped."""
    url = url.replace("(", "%28").replace(")", "%29")
    return f"[{shown}]({REFERENCE.sub('&amp;', url)})"


def code_with_longer_fence(text: str) -> str:
    """Return a text as code in a line, with more backticks around it than in it."""
    fence = "`" * (_longest_run(text) + 1)
    space = " " if text[:1] in ("`", " ") or text[-1:] in ("`", " ") else ""
    return f"{fence}{space}{defuse(text)}{space}{fence}"


def pre_with_longer_fence(text: str) -> str:
    """Return a text as a block of code, with more backticks around it than in it."""
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}\n{defuse(text)}\n{fence}"


def code_with_gaps(text: str) -> str:
    """Return a text as code in a line, for what knows only single backticks around it."""
    return f"`{text.replace('`', MODIFIER_GRAVE)}`"


def pre_with_gaps(text: str) -> str:
    """Return a text as a block of code, for what knows only three backticks around it."""
    text = FENCE_BEGUN.sub(f"`{ZERO_WIDTH_SPACE}", text)
    if text.startswith("`"):
        text = ZERO_WIDTH_SPACE + text
    if text.endswith("`"):
        text += ZERO_WIDTH_SPACE
    return f"```\n{text}\n```"


def escape_angles(text: str) -> str:
    """Return a text for Slack and Google Chat, whose mentions and links are in angle brackets."""
    return defuse(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _longest_run(text: str) -> int:
    return max(map(len, BACKTICKS.findall(text)), default=0)
