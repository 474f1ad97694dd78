"""The modules of a descriptor, built strictly: whatever HipChat would reject raises at once (pure).

Addresses may be relative here; `describe.py` completes them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal
from urllib.parse import urlsplit

from hipkit.addon.argument_types import check_items, check_type
from hipkit.addon.descriptor.conditions import Expression
from hipkit.v2.models import (
    Action,
    Condition,
    Dialog,
    DialogAction,
    DialogFilter,
    DialogOptions,
    DialogSize,
    ExternalPage,
    Glance,
    GlanceIcon,
    Icon,
    Target,
    TextI18n,
    WebPanel,
    WebPanelIcon,
)

__all__ = [
    "Conditions",
    "DialogSizeName",
    "Icons",
    "Text",
    "button",
    "check_key",
    "make_action",
    "make_dialog",
    "make_external_page",
    "make_glance",
    "make_web_panel",
]

KEY = re.compile(r"[a-zA-Z0-9_\-.]{1,40}", re.ASCII)
LONGEST_TEXT, LONGEST_I18N = 100, 40
SIZE = re.compile(r"[0-9]{1,5}(\.[0-9]{1,3})?(px|%)", re.ASCII)
ICON = "icon.svg"
"""The icon that the add-on serves itself."""
LOCATIONS = {"message": "hipchat.message.action", "input": "hipchat.input.action"}

Text = str | TextI18n
"""A text of 1 to 100 characters, or one with the key of its translation."""
Icons = str | Icon | None
"""Address of an icon, or its addresses in both densities; `None` for the add-on's own icon."""
Conditions = Expression | None
DialogSizeName = Literal["small", "medium", "large", "xlarge"]


def check_key(key: object, what: str) -> str:
    """Return a module's key.

    Raises:
        TypeError: It is not a text.
        ValueError: It is not 1 to 40 letters, digits, `_`, `-` and `.`.
    """
    if not isinstance(key, str):
        raise TypeError(f"{what}: the key must be a text, not {type(key).__name__}")
    if KEY.fullmatch(key) is None:
        raise ValueError(
            f"{what}: the key {key!r} must be 1 to 40 letters, digits, _, - and ."
        )
    return key


def make_glance(
    key: str,
    *,
    name: Text,
    icon: Icons,
    query_url: str | None,
    target: str | Target | None,
    weight: int | None,
    conditions: Conditions,
) -> Glance:
    """Return a glance."""
    what = f"glance {check_key(key, 'glance')}"
    both = _icon(icon, what)
    return Glance(
        key=key,
        name=_text(name, what, "name"),
        icon=GlanceIcon(url=both[0], url_2x=both[1]),
        query_url=query_url,
        target=_target(target, what),
        weight=_weight(weight, what),
        conditions=_conditions(conditions, "glance", what),
    )


def make_web_panel(
    key: str,
    *,
    name: Text,
    url: str,
    icon: Icons,
    weight: int | None,
    conditions: Conditions,
) -> WebPanel:
    """Return a web panel."""
    what = f"web panel {check_key(key, 'web panel')}"
    both = None if icon is None else _icon(icon, what)
    return WebPanel(
        key=key,
        name=_text(name, what, "name"),
        url=url,
        location="hipchat.sidebar.right",
        authentication="jwt",
        icon=None if both is None else WebPanelIcon(url=both[0], url_2x=both[1]),
        weight=_weight(weight, what),
        conditions=_conditions(conditions, "webPanel", what),
    )


def make_dialog(
    key: str,
    *,
    title: Text,
    url: str,
    size: DialogSizeName | tuple[str, str] | None,
    style: Literal["normal", "warning"] | None,
    hint: Text | None,
    filter: Text | None,
    primary_action: str | DialogAction | None,
    secondary_actions: Sequence[DialogAction] | None,
) -> Dialog:
    """Return a dialog."""
    what = f"dialog {check_key(key, 'dialog')}"
    if style not in (None, "normal", "warning"):
        raise ValueError(f"{what}: the style is normal or warning, not {style!r}")
    if isinstance(primary_action, str):
        primary_action = button(primary_action)
    kinds = DialogAction | None
    name = f"{what}: primary_action"
    check_type(name, primary_action, kinds, "a label or button(...)")
    options = DialogOptions(
        style=style,
        size=_size(size, what),
        hint=None if hint is None else _text(hint, what, "hint"),
        filter=None
        if filter is None
        else DialogFilter(placeholder=_text(filter, what, "filter")),
        primary_action=primary_action,
        secondary_actions=None
        if secondary_actions is None
        else _secondary(secondary_actions, what),
    )
    return Dialog(
        key=key,
        title=_text(title, what, "title"),
        url=url,
        authentication="jwt",
        options=None if options == DialogOptions() else options,
    )


def make_action(
    key: str,
    *,
    name: Text,
    location: Literal["message", "input"],
    target: str | Target,
    weight: int | None,
    conditions: Conditions,
) -> Action:
    """Return an action."""
    what = f"action {check_key(key, 'action')}"
    check_type(f"{what}: the location", location, str, "message or input")
    if location not in LOCATIONS:
        raise ValueError(f"{what}: the location is message or input, not {location!r}")
    opened = _target(target, what)
    if opened is None:
        raise TypeError(f"{what}: it needs a target, the module that it opens")
    return Action(
        key=key,
        name=_text(name, what, "name"),
        location=LOCATIONS[location],
        target=opened,
        weight=_weight(weight, what),
        conditions=_conditions(conditions, "action", what),
    )


def make_external_page(key: str, *, name: Text | None, url: str) -> ExternalPage:
    """Return an external page."""
    what = f"external page {check_key(key, 'external page')}"
    if not isinstance(url, str):
        raise TypeError(f"{what}: the url must be a text, not {type(url).__name__}")
    return ExternalPage(
        key=key, url=url, name=None if name is None else _text(name, what, "name")
    )


def button(
    name: Text, *, key: str | None = None, enabled: bool | None = None
) -> DialogAction:
    """Return a button of a dialog.

    Args:
        name: Its label, 1 to 100 characters.
        key: What the page receives when it is pressed. Defaults to `primary-action-selected` for
            the primary button; the others need one.
        enabled: Whether it is enabled. Defaults to true.

    Raises:
        TypeError: An argument is of another type.
        ValueError: The label is too long or empty.
    """
    check_type("button: key", key, str | None, "a text")
    check_type("button: enabled", enabled, bool | None, "True or False")
    return DialogAction(name=_text(name, "button", "name"), key=key, enabled=enabled)


def _secondary(buttons: Sequence[DialogAction], what: str) -> list[DialogAction]:
    name = f"{what}: secondary_actions"
    given = check_items(name, buttons, DialogAction, "a list of button(...)")
    for each in given:
        if not each.key:
            raise ValueError(f"{what}: the button {each.name.value!r} needs a key")
    return list(given)


def _text(text: object, what: str, name: str) -> TextI18n:
    made = TextI18n(value=text) if isinstance(text, str) else text
    if not isinstance(made, TextI18n):
        raise TypeError(f"{what}: the {name} must be a text, not {type(made).__name__}")
    if not 1 <= len(made.value) <= LONGEST_TEXT:
        raise ValueError(
            f"{what}: the {name} has 1 to {LONGEST_TEXT} characters, not {len(made.value)}"
        )
    if made.i18n is not None and not 1 <= len(made.i18n) <= LONGEST_I18N:
        raise ValueError(
            f"{what}: the {name}'s i18n has 1 to {LONGEST_I18N} characters"
        )
    return made


def _icon(icon: object, what: str) -> tuple[str, str]:
    if icon is None:
        return ICON, ICON
    if isinstance(icon, str) and icon:
        return icon, icon
    if isinstance(icon, Icon) and icon.url:
        if not icon.url_2x:
            raise ValueError(
                f"{what}: the icon needs url_2x, its address in double density"
            )
        return icon.url, icon.url_2x
    raise TypeError(f"{what}: the icon must be an address or an Icon, not {icon!r}")


def _target(target: object, what: str) -> str | Target | None:
    if isinstance(target, Target):
        check_key(target.key, f"{what}: target")
        return target
    return None if target is None else check_key(target, f"{what}: target")


def _weight(weight: object, what: str) -> int | None:
    if weight is None or (isinstance(weight, int) and not isinstance(weight, bool)):
        return weight
    raise TypeError(
        f"{what}: the weight must be a whole number, not {type(weight).__name__}"
    )


def _conditions(conditions: object, module: str, what: str) -> list[Condition] | None:
    if conditions is None:
        return None
    if not isinstance(conditions, Expression):
        raise TypeError(
            f"{what}: conditions must be an expression such as room_is_public & ~user_is_guest"
        )
    try:
        return conditions.to_list(module)
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from None


def _size(size: object, what: str) -> str | DialogSize | None:
    if size in (None, "small", "medium", "large", "xlarge"):
        return size if isinstance(size, str) else None
    if isinstance(size, tuple) and len(size) == 2:
        width, height = size
        if all(isinstance(each, str) and SIZE.fullmatch(each) for each in size):
            return DialogSize(width=width, height=height)
    raise ValueError(
        f"{what}: the size is small, medium, large, xlarge or a width and height such as "
        f'("400px", "80%"), not {size!r}'
    )


def has_scheme(url: str) -> bool:
    """Return whether an address is complete, and not relative."""
    return bool(urlsplit(url).scheme)
