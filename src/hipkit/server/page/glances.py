"""Glances as templates show them, and what a room's page may load for them (pure).

Pictures and answers of add-ons come from their own servers, and the page's policy names those of
the open room's glances. Nothing else is loaded: what an add-on sends later cannot add a server.
Read next: `static/glances.js`, which asks for answers and shows them by the same rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import nh3
from markupsafe import Markup

from hipkit.api.addresses import origin_of
from hipkit.descriptors.modules import Module
from hipkit.server.http.responses import Header
from hipkit.server.page.security import policy
from hipkit.server.services.addons.modules.showing import AddonGlances, ShownGlance
from hipkit.v2.models import Dialog, GlanceStatusValue

__all__ = [
    "GlanceSources",
    "GlanceView",
    "Picture",
    "glance_views",
    "label_markup",
    "module_title",
]

LABEL_TAGS = {"b", "strong", "em", "i"}
LONGEST_SOURCES = 2_000
"""Characters of one directive: proxies do not pass headers of any size on."""

LOZENGES = ("default", "success", "error", "current", "new", "moved")


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An icon in two densities."""

    url: str
    url_2x: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GlanceView:
    """A glance as the template shows it.

    Attributes:
        label: Content that was pushed, with the tags that a label may have.
        lozenge: Type and text of the lozenge behind it.
        opens_page: Whether its target is an external page.
    """

    shown: ShownGlance
    name: str
    icon: Picture | None
    label: Markup | None
    lozenge: tuple[str, str] | None
    status_icon: Picture | None
    opens_page: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GlanceSources:
    """The origins that a room's page may load pictures from, and ask for answers."""

    pictures: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()

    @classmethod
    def of(cls, groups: Sequence[AddonGlances]) -> GlanceSources:
        """Return the origins of glances, as far as they fit into a policy."""
        glances = [one.glance for group in groups for one in group.glances]
        asked = [one.query_url for one in glances if one.query_url is not None]
        icons = [url for one in glances for url in (one.icon.url, one.icon.url_2x)]
        return cls(
            # An add-on that is asked knows who looks, so its other pictures tell it nothing.
            pictures=_origins([*icons, *asked]),
            answers=_origins(asked),
        )

    def policy(self, *, outside_pictures: bool) -> Header:
        """Return the policy of the page."""
        pictures = ("https:", "http:") if outside_pictures else self.pictures
        return policy(
            img_src=" ".join(("'self'", *pictures)),
            connect_src=" ".join(("'self'", *self.answers)),
        )

    def picture(self, url: str | None, url_2x: str | None) -> Picture | None:
        """Return an icon, if the page may load it."""
        if url is None or origin_of(url) not in self.pictures:
            return None
        has_both = url_2x is not None and origin_of(url_2x) in self.pictures
        return Picture(url=url, url_2x=url_2x if has_both else None)


def glance_views(
    groups: Sequence[AddonGlances], sources: GlanceSources
) -> list[tuple[str, list[GlanceView]]]:
    """Return glances as the template shows them, by the add-on's name."""
    return [
        (group.addon, [_view(one, sources) for one in group.glances])
        for group in groups
    ]


def _view(shown: ShownGlance, sources: GlanceSources) -> GlanceView:
    icon, content = shown.glance.icon, shown.content
    status = None if content is None else content.status
    lozenge = status_icon = None
    if status is not None and status.type == "lozenge":
        lozenge = _lozenge(status.value)
    elif status is not None:
        status_icon = sources.picture(status.value.url, status.value.url_2x)
    target = shown.target
    return GlanceView(
        shown=shown,
        name=shown.glance.name.value,
        icon=sources.picture(icon.url, icon.url_2x),
        label=None if content is None else label_markup(content.label.value),
        lozenge=lozenge,
        status_icon=status_icon,
        opens_page=target is not None and target.kind == "externalPage",
    )


def _lozenge(value: GlanceStatusValue) -> tuple[str, str] | None:
    kind = value.type if value.type in LOZENGES else "default"
    return None if value.label is None else (kind, value.label)


def label_markup(html: str) -> Markup:
    """Return a label with its four tags; of others only the text stays, of scripts nothing."""
    return Markup(nh3.clean(html, tags=LABEL_TAGS, attributes={}))  # noqa: S704 - nh3's


def module_title(module: Module) -> str:
    """Return the title of a module, or its key where it has none."""
    text = module.title if isinstance(module, Dialog) else module.name
    return module.key if text is None else text.value


def _origins(addresses: Iterable[str]) -> tuple[str, ...]:
    return tuple(_that_fit(dict.fromkeys(filter(None, map(origin_of, addresses)))))


def _that_fit(origins: Iterable[str]) -> Iterator[str]:
    left = LONGEST_SOURCES
    for origin in origins:
        left -= len(origin) + 1
        if left >= 0:
            yield origin
