from __future__ import annotations

import pytest

from codegen.reading.document import SpecError
from codegen.reading.paths import second_methods
from tests.codegen.packages import operation, read


def test_a_second_method_is_part_of_the_operation_that_it_names() -> None:
    [found] = read({"post": operation(), "put": {"x-same-as": "get_thing"}})

    assert (found.method, second_methods(found)) == ("POST", ("PUT",))


def test_a_second_method_must_name_an_operation_of_its_path() -> None:
    with pytest.raises(SpecError, match="the path has no operation 'nothing'"):
        read({"put": {"x-same-as": "nothing"}})
