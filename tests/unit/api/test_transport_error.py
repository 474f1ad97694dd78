"""The exception of every transport."""

from __future__ import annotations

import copy
import pickle

from hipkit.api.transport_error import TransportError


def test_a_transport_error_survives_pickle_and_copy() -> None:
    error = TransportError("broken", "the connection broke", may_have_arrived=False)
    error.add_note("on Monday")

    for copied in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(copied) is TransportError
        assert vars(copied) == vars(error)
        assert str(copied) == "the connection broke"
