"""The pictures of the page in README and docs: taken of the page as it is, few, and small."""

from __future__ import annotations

from scripts.screenshots.digest import IMAGES, digest, stored_digest

MOST_PICTURES = 8
MOST_BYTES = 60_000


def test_the_pictures_were_taken_of_the_page_as_it_is() -> None:
    assert stored_digest() == digest(), (
        "templates, static files or the script have changed since the pictures in docs/images/"
        " were taken: run `make screenshots`, look at them, and commit them"
    )


def test_the_pictures_are_few_and_small() -> None:
    pictures = list(IMAGES.glob("*.webp"))

    assert 0 < len(pictures) <= MOST_PICTURES
    assert [one.name for one in pictures if one.stat().st_size > MOST_BYTES] == []
