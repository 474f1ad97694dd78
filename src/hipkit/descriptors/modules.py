"""The modules of add-ons: their kinds, their models, and which of them a target opens (pure)."""

from __future__ import annotations

from collections.abc import Mapping

from hipkit.v2.models import Action, Dialog, ExternalPage, Glance, Target, WebPanel

__all__ = ["MODULES", "OPENED", "Module", "target_key"]

Module = Glance | WebPanel | Dialog | Action | ExternalPage

MODULES: Mapping[str, type[Module]] = {
    "glance": Glance,
    "webPanel": WebPanel,
    "dialog": Dialog,
    "action": Action,
    "externalPage": ExternalPage,
}
"""The kinds of modules, as the API's paths and descriptors name them, without webhooks."""

OPENED = ("webPanel", "dialog", "externalPage")
"""The kinds that a target opens. An action with a glance as target opens what the glance opens."""


def target_key(target: str | Target | None) -> str | None:
    """Return the key of the module that a target names."""
    return target.key if isinstance(target, Target) else target
