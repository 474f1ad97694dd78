from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit.api.messages.message_html import plain_text
from hipkit.server.storage.tokenizer import (
    LONGEST_TOKEN,
    tokenize,
    tokenize_message,
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Deploy to API.hipchat.com FAILED!", "deploy to api hipchat com failed"),
        ("Café CAFE\u0301 cafe", "cafe cafe cafe"),
        ("Größe GRÖSSE", "grosse grosse"),
        ("İstanbul ΣΊΣΥΦΟΣ", "istanbul σισυφοσ"),
        ("\uff46\uff55\uff4c\uff4c \ufb01le", "full file"),
        ("disk_full @jane (success)", "disk full jane success"),
        ("会議は3時", "会 議 は 3 時"),
        ("한국어 검색", "한국어 검색"),
        ("--- ... \t\n", ""),
    ],
)
def test_words_are_found_without_case_accents_and_punctuation(
    text: str, words: str
) -> None:
    assert tokenize(text) == words.split()


@given(st.text())
def test_words_are_words_again_when_they_are_read_again(text: str) -> None:
    words = tokenize(text)
    assert tokenize(" ".join(words)) == words
    # No word can end the quotes around it, or be taken for two.
    assert all(len(word) <= LONGEST_TOKEN for word in words)
    assert not set("".join(words)) & set(" \"'*()\0\n")


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<b>Build</b> <i>17</i>failed", "build 17failed"),
        ("one<br>two<p>three</p>four", "one two three four"),
        ('<a href="https://hidden.example/secret">open</a>', "open"),
        ("1 < 2 &amp; 3 &lt;b&gt; &eacute;t&eacute;", "1 2 3 b ete"),
        ("seen<!-- seen <none> -->seen", "seen seen none seen"),
        ("<SCRIPT>alert(1)</script >seen", "script alert 1 script seen"),
        ("From: Bob <bob@example.com>", "from bob bob example com"),
        ("<table><tr><td>Host<td>State</table>", "host state"),
        ("seen <!-- never ends", "seen never ends"),
        ("seen <b never ends", "seen b never ends"),
    ],
)
def test_html_is_searched_for_what_is_seen(html: str, words: str) -> None:
    assert tokenize_message(html, "html", None, None).split() == words.split()


def test_tags_stay_in_a_text() -> None:
    assert tokenize_message("<b>x</b>", "text", None, None) == "b x b"


@pytest.mark.parametrize("piece", ["<", "<!--", "<script>", "</", "<b", "<b<", "&#"])
def test_html_that_never_ends_is_read_in_time_like_its_length(piece: str) -> None:
    def seconds(count: int) -> float:
        began = time.process_time()
        plain_text(piece * count)
        return time.process_time() - began

    # Ten times as much would take a hundred times as long if it were not so.
    short = min(seconds(20_000) for _ in range(3))
    assert min(seconds(200_000) for _ in range(3)) < 40 * short + 0.05


@given(st.text(alphabet="<>/!-abscriptyle &;'\"\n"))
def test_any_html_becomes_words(html: str) -> None:
    assert not set(tokenize_message(html, "html", None, None)) & set("<>/\"'\n")


def test_cards_and_file_names_are_searched() -> None:
    card = (
        '{"style": "application", "id": "1", "title": "Pull request",'
        ' "url": "https://hidden.example",'
        ' "description": {"value": "<p>Merged</p>", "format": "html"},'
        ' "activity": {"html": "<b>jane</b> merged"},'
        ' "attributes": [{"label": "State", "value": {"label": "green"}}]}'
    )
    found = tokenize_message("hello", "text", card, "Report-2016.pdf")
    assert found == "hello pull request merged jane merged state green report 2016 pdf"


@pytest.mark.parametrize("card", ["", "{", "[]", '{"title": 3}', "null"])
def test_a_card_that_is_none_has_no_text(card: str) -> None:
    assert tokenize_message("hello", "text", card, None) == "hello"
