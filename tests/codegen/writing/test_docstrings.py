from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codegen.writing.docstrings import layout


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.text() | st.sampled_from(['"', "\\", '"""', "\n", "a\n\nb", "\\\\"]),
        min_size=1,
    )
)
def test_any_text_is_a_valid_docstring(texts: list[str]) -> None:
    namespace: dict[str, object] = {}

    exec(f"def f():\n    {layout(texts, 4)}\n    return 1", namespace)  # noqa: S102 - made here

    function = namespace["f"]
    assert callable(function)
    assert function() == 1
