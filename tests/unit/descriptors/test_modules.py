"""The kinds of modules, and the module that a target names."""

from __future__ import annotations

import pytest

from hipkit.descriptors.modules import MODULES, OPENED, target_key
from hipkit.v2.models import AddonCapabilities, Target


def test_each_kind_is_a_capability_of_descriptors() -> None:
    assert MODULES.keys() <= {*AddonCapabilities.__struct_encode_fields__}
    assert {*OPENED} <= MODULES.keys()


@pytest.mark.parametrize(
    ("target", "key"),
    [(None, None), ("panel", "panel"), (Target(key="panel"), "panel")],
)
def test_a_target_is_a_key_or_an_object_with_one(
    target: str | Target | None, key: str | None
) -> None:
    assert target_key(target) == key
