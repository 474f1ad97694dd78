"""Docstrings: what the document says about things, as Google-style blocks, and their layout.

Text from the document ends up inside Python source here; `layout` makes it harmless.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from codegen.document import pointer
from codegen.limits import Limits
from codegen.openapi import Answer, Call
from codegen.schemas import Member, Model

__all__ = [
    "Block",
    "OperationTexts",
    "Section",
    "argument_text",
    "described",
    "layout",
    "member_text",
    "model_text",
    "one_line",
    "paragraphs",
    "sentence",
    "titled",
]

WIDTH = 88
LONGEST_FIRST_LINE = 76
LONGEST_DEFAULT = 60

ERRORS = {
    "400": "BadRequestError",
    "401": "UnauthorizedError",
    "403": "ForbiddenError",
    "404": "NotFoundError",
    "409": "ConflictError",
    "429": "RateLimitError",
}
UNREACHABLE = "405"
"""A method that the path does not have: what is generated from its description has only others."""


@dataclass(frozen=True, slots=True)
class Section:
    """`Args:` and its like: names with a text each, or one text without a name."""

    title: str
    entries: tuple[tuple[str, str], ...]


Block = str | Section
"""A paragraph, a block of lines that is kept as it is (it holds line ends), or a section."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationTexts:
    """What the docstrings of an operation are made of."""

    call: Call
    arguments: Sequence[tuple[str, str]]
    answers: Sequence[Answer]
    returns: bool
    auth: str

    def for_class(self) -> list[Block]:
        """Return the blocks for the class: what it is, and its arguments."""
        first, *_ = self._opening()
        return [first, *self._section("Args", self.arguments)]

    def for_method(self) -> list[Block]:
        """Return the blocks for the methods: all that is known."""
        node = self.call.node
        quirks = [one_line(quirk) for quirk in node.texts("x-quirks")]
        return [
            *self._opening(),
            *(["Known oddities:", _bullets(quirks)] if quirks else []),
            *self._section("Args", self.arguments),
            *self._section("Returns", [("", text) for text in self._returned()]),
            *self._section("Raises", self._raised()),
            *self._closing(),
        ]

    def _opening(self) -> list[Block]:
        node = self.call.node
        description, _ = split_link(node.text("description"))
        blocks = titled(node.text("summary"), f"Call `{self.call.name}`.")
        blocks += paragraphs(description)
        if node.flag("x-page"):
            blocks.append(
                "The answer is one page of a list; a client's `items()` walks all of them."
            )
        if node.flag("deprecated"):
            instead = one_line(node.text("x-superseded-by"))
            blocks.append(
                f"Deprecated by the API{f': use `{instead}`' if instead else ''}."
            )
        return blocks

    def _section(self, title: str, entries: Sequence[tuple[str, str]]) -> list[Block]:
        return [Section(title, tuple(entries))] if entries else []

    def _returned(self) -> list[str]:
        if not self.returns:
            return []
        good = [answer for answer in self.answers if answer.status[0] in "23"]
        good = good or [answer for answer in self.answers if answer.status == "default"]
        texts = dict.fromkeys(sentence(answer.description) for answer in good)
        return [text for text in [" ".join(filter(None, texts))] if text]

    def _raised(self) -> list[tuple[str, str]]:
        found: dict[str, list[str]] = {}
        for answer in self.answers:
            status = answer.status
            if status[0] not in "45" or status == UNREACHABLE:
                continue
            error = (
                "ServerError" if status[0] == "5" else ERRORS.get(status, "ApiError")
            )
            text = sentence(answer.description) or f"The server answers {status}."
            texts = found.setdefault(error, [])
            if text not in texts:
                texts.append(text)
        if "ForbiddenError" in found and (scopes := self.call.node.texts("x-scopes")):
            found["ForbiddenError"].append(f"Needs the scope {_choice(scopes)}.")
        return [(error, " ".join(texts)) for error, texts in found.items()]

    def _closing(self) -> list[Block]:
        node = self.call.node
        told: list[str] = []
        if self.auth == "none":
            told.append("No token is sent.")
        elif self.auth == "basic" and not node.texts("x-scopes"):
            told.append("Takes a client's id and secret, or a token.")
        elif node.has("x-scopes") or node.has("x-token-types"):
            told.append(self._token_text())
        official, confidence = node.text("x-official-name"), node.text("x-confidence")
        if official:
            sure = f" (confidence: {confidence})" if confidence else ""
            told.append(
                f"Source: the official method page `{official}`, now gone{sure}."
            )
        _, link = split_link(node.text("description"))
        if link:
            told.append(f"See: {link}")
        return [one_line(text) for text in told]

    def _token_text(self) -> str:
        node = self.call.node
        scopes, kinds = node.texts("x-scopes"), node.texts("x-token-types")
        sure = node.text("x-scopes-confidence")
        scope = (
            f"Scope: {_choice(scopes)}"
            if scopes
            else "Scope: none needed, or not established"
        )
        sure = f" (confidence: {sure})" if scopes and sure else ""
        return f"{scope}{sure}. Token: {', '.join(kinds) if kinds else 'kinds not established'}."


def _bullets(texts: Sequence[str]) -> str:
    """Return a list as a block of its own, which keeps its lines."""
    return "\n".join(f"- {sentence(text)}" for text in texts) + "\n"


def titled(title: str, otherwise: str) -> list[Block]:
    """Return a first line, and the title as a paragraph where it does not fit into one."""
    line = sentence(title)
    if not line:
        return [otherwise]
    return [line] if len(line) <= LONGEST_FIRST_LINE else [otherwise, line]


def model_text(model: Model) -> list[Block]:
    """Return the blocks for a model."""
    first, *rest = paragraphs(model.description) or [""]
    head, tail = _split_first(str(first))
    if not head:
        place = f"The object at `{one_line(pointer(model.place))}`."
        head = place if len(place) <= LONGEST_FIRST_LINE else "An object of the API."
        tail = str(first)
    texts = [
        (member.name, text) for member in model.members if (text := member_text(member))
    ]
    attributes = [Section("Attributes", tuple(texts))] if texts else []
    tail = tail if "\n" in tail else sentence(tail)
    return [sentence(head), *([tail] if tail else []), *rest, *attributes]


def member_text(member: Member) -> str:
    """Return what is said about a member of a model."""
    values = member.limits.enum or ()
    told = sentence(described(member))
    limits = _limits(member.limits, told)
    shown = [f"`{one_line(str(value))}`" for value in values if value is not None]
    if shown and not all(value in told for value in shown):
        limits.append(f"Known values: {', '.join(shown)}.")
    return " ".join(filter(None, [told, *limits]))


def described(member: Member) -> str:
    """Return a member's description; of one that a shared schema has, the first sentence."""
    node = member.node
    if node.has("$ref") and not node.has("description"):
        return one_line(member.description).partition(". ")[0]
    return member.description


def argument_text(
    description: str,
    limits: Limits,
    default: object,
    *,
    fallback: str,
    null_counts: bool = False,
) -> str:
    """Return what is said about an argument: description, limits, what leaving it out means."""
    told = sentence(description)
    texts = [told or sentence(fallback), *_limits(limits, told)]
    shown = (
        json.dumps(default, ensure_ascii=False)
        if not isinstance(default, str)
        else default
    )
    is_told = "left out" in told or "default" in told.lower()
    if default is not None and not is_told and shown and len(shown) <= LONGEST_DEFAULT:
        texts.append(f"The server takes `{one_line(shown)}` when left out.")
    if null_counts and "null" not in told and "None" not in told:
        texts.append("`None` sends null.")
    return " ".join(texts)


def _split_first(text: str) -> tuple[str, str]:
    """Split what fits into a first line off a description: its sentence, or a clause of it."""
    if "\n" in text:
        return "", text
    for mark in (". ", ": ", "; "):
        head, _, tail = text.partition(mark)
        if len(head) <= LONGEST_FIRST_LINE:
            return head, tail[:1].upper() + tail[1:]
    return "", text


def _limits(limits: Limits, told: str) -> list[str]:
    unit = "item" if limits.is_list else "character"
    texts = [
        _range(limits.min_length or None, limits.max_length, unit, told),
        _range(limits.minimum, limits.maximum, "", told),
    ]
    for other, values in limits.required_when:
        if "equired" not in told:
            texts.append(f"Required when `{one_line(other)}` is {_choice(values)}.")
    return [text for text in texts if text]


def _range(low: float | None, high: float | None, unit: str, told: str) -> str:
    """Say a range, unless the description has its numbers already."""
    if low == 0 and high is None:
        return ""
    numbers = [_number(bound) for bound in (low, high) if bound is not None]
    said = set(re.findall(r"\d[\d,.]*(?<![,.])", told))
    if not numbers or all(
        number in said or number.replace(",", "") in said for number in numbers
    ):
        return ""
    last = numbers[-1]
    unit = f" {unit}{'' if last == '1' else 's'}" if unit else ""
    if low == high:
        return f"Exactly {last}{unit}."
    if len(numbers) == 2:
        return f"{numbers[0]} to {last}{unit}."
    return f"{'At least' if high is None else 'At most'} {last}{unit}."


def _number(value: float) -> str:
    return f"{value:,}"


def _choice(words: Sequence[str]) -> str:
    shown = [f"`{one_line(word)}`" for word in words]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"


# --- text ----------------------------------------------------------------------------------------


def one_line(text: str) -> str:
    """Return a text as one line without control characters."""
    return " ".join(_plain(text).split())


def sentence(text: str) -> str:
    """Return a text as one line that ends like a sentence."""
    line = one_line(text)
    return line if not line or line[-1] in ".!?:;" else f"{line}."


def paragraphs(text: str) -> list[Block]:
    """Return a description as blocks; lists and code keep their lines."""
    blocks: list[Block] = []
    lines: list[str] = []
    fenced = False
    for line in [*_plain(text).split("\n"), ""]:
        if line.strip().startswith("```"):
            fenced = not fenced
        if line.strip() or fenced:
            lines.append(line.rstrip())
        elif lines:
            blocks.append(_block(lines))
            lines = []
    return [*blocks, *([_block(lines)] if lines else [])]


def split_link(description: str) -> tuple[str, str]:
    """Split the link off a description whose last line is one."""
    lines = description.rstrip().splitlines()
    last = lines[-1].strip() if lines else ""
    if re.fullmatch(r"https?://\S+", last):
        return "\n".join(lines[:-1]), last
    return description, ""


def _plain(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    return "".join(
        letter if letter.isprintable() or letter == "\n" else " " for letter in text
    )


def _block(lines: list[str]) -> str:
    keeps_lines = any(
        re.match(r"\s*([-*+]|\d+[.)])\s|    |\s*```|\s*\|", line) for line in lines
    )
    if keeps_lines:
        return "\n".join(lines) + "\n"
    return " ".join(line.strip() for line in lines)


def layout(blocks: Iterable[Block], indent: int) -> str:
    """Write blocks as a docstring, quotes included, for a place that is indented so far."""
    lines: list[str] = []
    for block in blocks:
        if lines:
            lines.append("")
        lines += (
            _section_lines(block, indent)
            if isinstance(block, Section)
            else _lines(block, indent)
        )
    margin = " " * indent
    text = "\n".join(
        f"{margin}{line}" if line and number else line
        for number, line in enumerate(lines)
    )
    if len(lines) > 1:
        text += f"\n{margin}"
    return _quoted(_plain(text))


def _lines(block: str, indent: int) -> list[str]:
    if "\n" not in block:
        # A summary stays on its line, however long: `titled` sees to its length.
        return (
            [block] if len(block) <= LONGEST_FIRST_LINE + 8 else _wrapped(block, indent)
        )
    found: list[str] = []
    for line in block.rstrip("\n").split("\n"):
        hanging = (
            len(line) - len(line.lstrip()) + 2 * bool(re.match(r"\s*[-*+]\s", line))
        )
        if "```" in block or line.startswith("    "):
            found.append(line)
        else:
            found += _wrapped(line, indent, later=" " * hanging)
    return found


def _section_lines(section: Section, indent: int) -> list[str]:
    found = [f"{section.title}:"]
    for name, text in section.entries:
        first, later = (" " * 4, " " * 8) if name else (" " * 4, " " * 4)
        entry = f"{name}: {text}" if name else text
        found += _wrapped(entry, indent, first=first, later=later)
    return found


def _wrapped(text: str, indent: int, *, first: str = "", later: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        width=WIDTH - indent,
        initial_indent=first,
        subsequent_indent=later,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _quoted(text: str) -> str:
    """Put a text between triple quotes so that nothing in it ends them."""
    is_plain = '"""' not in text and not text.endswith(('"', "\\"))
    if "\\" in text and is_plain:
        return f'r"""{text}"""'
    last = '\\"' if text.endswith('"') else ""
    body = text[:-1] if last else text
    body = body.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f'"""{body}{last}"""'
