"""What an add-on asks for, as `hipkit admin addon` shows it before somebody agrees."""

from __future__ import annotations

from collections.abc import Iterator

from hipkit.server.services.access.scopes import SCOPES
from hipkit.server.services.addons.installing.offers import Offer

__all__ = ["news_lines", "offer_lines"]


def offer_lines(offer: Offer) -> Iterator[str]:
    """Yield the lines; what an update adds is marked as new."""
    verb, summary = "update" if offer.installed else "install", offer.summary
    yield (
        f"{verb} {summary.name} ({summary.key}) in {offer.place}, from {summary.address}"
    )
    yield from news_lines(offer)
    yield "What it may do:"
    new_scopes = offer.new_scopes if offer.installed else ()
    for scope in offer.scopes:
        yield _item(f"{scope}: {SCOPES[scope]}", scope in new_scopes)
    if not offer.scopes:
        yield "  nothing through the API: it asks for no scopes"
    for scope in offer.left_out:
        yield f"  not {scope}: an add-on of one room cannot have it"
    if summary.from_name:
        yield f"  it posts as {summary.from_name}"
    if summary.listened:
        where = "all rooms of the group, private ones too"
        yield f"What it receives, of {where if offer.room is None else 'this room'}:"
    for one in summary.listened:
        yield _item(one.in_words, one.is_new)
    if summary.modules or summary.has_configuration:
        yield "What it shows:"
    for module in summary.modules:
        yield _item(f"{module.kind} {module.name}: {module.use}", module.is_new)
    if summary.has_configuration:
        yield _item("Configuration page", summary.is_configuration_new)
    yield "Where it runs:"
    for server in summary.servers:
        warning = f", {server.warning}" if server.warning else ""
        yield _item(f"{server.origin}{warning}", server.is_new)
    if not summary.servers:
        yield "  it names no server"


def news_lines(offer: Offer) -> Iterator[str]:
    """Yield what is new in an update, in a line, if anything is."""
    if offer.news:
        yield f"new: {', '.join(offer.news)}"


def _item(text: str, is_new: bool) -> str:
    return f"  {text} (new)" if is_new else f"  {text}"
