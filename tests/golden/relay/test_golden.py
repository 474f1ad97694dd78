from __future__ import annotations

import pytest

from hipkit.relay.targets import TARGETS
from tests.golden.relay.cases import CASES, GUIDE
from tests.golden.relay.golden import files, path_of, render, rendered_text
from tests.golden.relay.pages import page_of, written


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("target", TARGETS)
def test_a_target_is_sent_what_its_file_says(target: str, case: str) -> None:
    expected = path_of(target, case).read_text(encoding="utf-8")
    assert rendered_text(render(target, case)) == expected


def test_no_file_is_left_over() -> None:
    assert files() == {path_of(target, case) for target in TARGETS for case in CASES}


def test_the_reference_shows_cases_that_exist() -> None:
    assert GUIDE.keys() <= CASES.keys()


@pytest.mark.parametrize("target", [each for each in TARGETS if page_of(each).exists()])
def test_the_reference_shows_what_arrives(target: str) -> None:
    page = page_of(target).read_text(encoding="utf-8")

    assert written(target, page) == page
