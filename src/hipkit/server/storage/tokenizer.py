"""The words of a text, as searching finds them: the same for every database (pure).

Databases fold case and find words each in their own way, so both happen here: for what is
stored, and for what is looked for. An index only ever sees folded words with spaces between.

Case and accents make no difference (`Café` is found as `cafe`), nor does the width of letters.
Of a script that writes no spaces (Chinese, Japanese) each character is a word.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["LONGEST_WORD", "words_in"]

LONGEST_WORD = 64
"""Letters; what goes on for longer is taken for several words."""

# Kana and ideographs, those of the supplementary planes included.
SINGLE = r"\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
WORD = re.compile(rf"[{SINGLE}]|[^\W_{SINGLE}]{{1,{LONGEST_WORD}}}")
ASCII_WORD = re.compile(rf"[a-z0-9]{{1,{LONGEST_WORD}}}")

ACCENTS = re.compile("[\u0300-\u036f]+")
"""The marks of Latin, Greek and Cyrillic letters. Those of other scripts tell letters apart."""


def words_in(text: str) -> list[str]:
    """Return the words of a text, folded, in their order."""
    if text.isascii():
        return ASCII_WORD.findall(text.lower())
    parted = unicodedata.normalize("NFKD", text).casefold()
    return WORD.findall(unicodedata.normalize("NFKC", ACCENTS.sub("", parted)))
