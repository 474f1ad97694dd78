from __future__ import annotations

from pathlib import Path

import pytest

from hipkit.relay.targets import TARGETS
from hipkit.relay.targets.protocol import HttpCall
from tests.golden.relay.cases import CASES
from tests.golden.relay.golden import body_of, render
from tests.vendors.compiler import TYPES, compile_requests

TYPED = sorted(path.stem for path in TYPES.glob("*.ts"))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What the compiler finds in all that the targets are sent."""
    requests = {
        target: {
            case: body_of(rendered)
            for case in CASES
            if isinstance(rendered := render(target, case), HttpCall)
        }
        for target in TYPED
    }
    folder = tmp_path_factory.mktemp("types")
    return compile_requests(folder, requests).splitlines()


@pytest.mark.parametrize("target", TYPED)
def test_what_a_target_is_sent_has_its_makers_types(
    target: str, found: list[str]
) -> None:
    assert target in TARGETS
    assert [line for line in found if line.startswith(f"{target}.ts(")] == []
    # Any other line says that nothing was compiled; those with spaces continue one.
    others = [line for line in found if not line.startswith(" ") and ".ts(" not in line]
    assert others == []


@pytest.mark.parametrize(
    "body",
    [{"text": "a", "allow_mentions": []}, {"text": 1}, {"attachments": [{"titel": "a"}]}],
)  # fmt: skip
def test_a_wrong_member_is_found(body: dict[str, object], tmp_path: Path) -> None:
    assert "slack.ts(" in compile_requests(tmp_path, {"slack": {"wrong": body}})
