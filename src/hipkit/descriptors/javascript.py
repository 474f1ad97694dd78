"""JavaScript's regular expressions, written as Python's: conditions come with them."""

from __future__ import annotations

import re

from hipkit.descriptors.patterns import find_problem, is_found

__all__ = ["is_found_in_javascript", "to_python"]

FLAGS = frozenset("gimsuy")
LINE_ENDS = r"\n\r\u2028\u2029"

TOKEN = re.compile(
    r"""(?xs)
      \\u\{(?P<code_point>[0-9A-Fa-f]{1,6})\}
    | \\c(?P<control>[A-Za-z])
    | \\k<(?P<reference>[^>]*)>
    | \\(?P<escaped>u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|p\{[^}]*\}|P\{[^}]*\}|[0-9]+|.)
    | \(\?(?P<group>[:=!]|<[=!]|<\w+>|)
    | (?P<class>\[\^?\]?)
    | (?P<other>.)
    """
)
ASCII_CLASSES = frozenset("dDwWbB")
KEPT = frozenset("fnrstvS")
"""Letters that mean the same after a backslash in both dialects."""


def is_found_in_javascript(pattern: str, flags: str, text: str) -> bool:
    """Return whether a pattern matches anywhere in a text, as in JavaScript.

    Args:
        pattern: The pattern, without slashes around it.
        flags: JavaScript's flags, such as `i`.
        text: Where to search.

    Raises:
        ValueError: The pattern or the flags are none, or too large.
        TimeoutError: The search took more than 50 ms.
        ModuleNotFoundError: The extra `addon` is missing.
    """
    translated = to_python(pattern, flags)
    problem = find_problem(translated)
    if problem is not None:
        raise ValueError(f"the pattern {problem}")
    return is_found(translated, text)


def to_python(pattern: str, flags: str = "") -> str:
    """Return a pattern of JavaScript in the dialect of Python.

    Raises:
        ValueError: It has flags, groups or characters that JavaScript does not know, or ends too
            early.
    """
    if not {*flags} <= FLAGS or len({*flags}) < len(flags):
        raise ValueError("the flags are none of JavaScript")
    written: list[str] = []
    is_class = False
    for token in TOKEN.finditer(pattern):
        if is_class:
            text = _in_class(token, flags)
            # The scanner reads `[]` as one token, wherever it is.
            is_class = token["other"] != "]" and not (token["class"] or "").endswith(
                "]"
            )
        elif token["class"] is not None:
            text, is_class = _class_start(token["class"])
        else:
            text = _outside(token, flags)
        written.append(text)
    if is_class:
        raise ValueError("a class is not closed")
    whole = "".join(written)
    if "y" in flags:
        whole = rf"\A(?:{whole})"
    return f"(?i){whole}" if "i" in flags else whole


def _class_start(text: str) -> tuple[str, bool]:
    """Return how a class begins, and whether more of it follows."""
    match text:
        case "[]":
            return "(?!)", False
        case "[^]":
            return "(?s:.)", False
    return text, True


def _in_class(token: re.Match[str], flags: str) -> str:
    if token["escaped"] in ASCII_CLASSES - {"b", "B"}:
        return {"d": "0-9", "w": "A-Za-z0-9_"}.get(
            token["escaped"], f"\\{token['escaped']}"
        )
    if token["escaped"] is not None or token["code_point"] or token["control"]:
        return _escape(token, flags)
    return token[0].replace("[", r"\[")


def _outside(token: re.Match[str], flags: str) -> str:
    if token["group"] is not None:
        if not token["group"]:
            raise ValueError("JavaScript has no such group")
        is_named = len(token["group"]) > 2
        return f"(?P{token['group']}" if is_named else token[0]
    if token["reference"] is not None:
        return f"(?P={token['reference']})"
    match token["other"]:
        case None:
            if token["escaped"] in ASCII_CLASSES:
                return rf"(?a:\{token['escaped']})"
            return _escape(token, flags)
        case "$":
            return rf"(?=[{LINE_ENDS}]|\Z)" if "m" in flags else r"\Z"
        case "^":
            return rf"(?:(?<=[{LINE_ENDS}])|\A)" if "m" in flags else r"\A"
        case ".":
            return "(?s:.)" if "s" in flags else f"[^{LINE_ENDS}]"
        case "\\":
            raise ValueError("it ends with a backslash")
        case other:
            return other


def _escape(token: re.Match[str], flags: str) -> str:
    if token["code_point"] is not None:
        if "u" not in flags:
            return token[0][1:]  # The letter, and how often it is repeated.
        return re.escape(chr(int(token["code_point"], 16)))
    if token["control"] is not None:
        return rf"\x{ord(token['control']) % 32:02x}"
    escaped = token["escaped"] or token[0][1:]
    if escaped == "0":
        return r"\x00"
    if escaped.isdigit() or escaped in KEPT or (escaped[0] in "ux" and escaped[1:]):
        return f"\\{escaped}"
    if escaped[0] in "pP" and escaped[1:] and "u" in flags:
        return f"\\{escaped}"
    return re.escape(escaped)
