"""Secrets are shown nowhere."""

from __future__ import annotations

import pickle

import pytest

from hipkit.api.secret import Secret


def test_a_secret_shows_nothing_and_is_not_stored() -> None:
    secret = Secret("s3cret")
    assert f"{secret} {secret!r} {[secret]}" == "*** *** [***]"
    assert secret.reveal() == "s3cret"
    assert secret == Secret("s3cret") != Secret("other")
    assert len({secret, Secret("s3cret")}) == 1
    assert not hasattr(secret, "__dict__")
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(secret)
