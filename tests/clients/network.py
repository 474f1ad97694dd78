"""Where the programs of others run: see `tests/clients/__main__.py`."""

from __future__ import annotations

import os

HIPCHAT = "api.hipchat.com"
OWN_NETWORK = "HIPKIT_OWN_NETWORK"


def in_own_network() -> bool:
    """Tell whether `api.hipchat.com` is this machine."""
    return OWN_NETWORK in os.environ
