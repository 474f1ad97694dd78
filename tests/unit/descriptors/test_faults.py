from __future__ import annotations

import pickle

from hipkit.api.errors import HipkitError
from hipkit.descriptors.faults import DescriptorError, Fault


def fault(place: str) -> Fault:
    return Fault(place=place, problem="is missing", remedy="Add it.")


def test_the_error_names_the_first_faults_and_counts_the_others() -> None:
    error = DescriptorError(fault(place) for place in ["", "key", "name", "links", "x"])
    assert str(error) == (
        "the descriptor is missing; key is missing; name is missing; and 2 more"
    )
    assert isinstance(error, HipkitError)
    assert len(error.faults) == 5


def test_the_error_can_be_pickled() -> None:
    error = DescriptorError([fault("key")])
    copy = pickle.loads(pickle.dumps(error))
    assert copy.faults == error.faults
    assert str(copy) == str(error) == "key is missing"
