from __future__ import annotations

from hipkit.api.bodies.quoting import quoted_name


def test_a_name_does_not_end_its_quotation_marks_or_line() -> None:
    assert quoted_name('a"b\r\nc d%') == "a%22b%0D%0Ac d%"
