"""The descriptor of an add-on, made from what is registered on it (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from typing import TypeVar
from urllib.parse import urlsplit

from msgspec.structs import replace

from hipkit.addon.argument_types import check_type
from hipkit.addon.descriptor.identity import Identity
from hipkit.addon.descriptor.modules import has_scheme
from hipkit.addon.handlers.registry import CONFIGURATION, Registry
from hipkit.descriptors.modules import MODULES, OPENED, Module, target_key
from hipkit.v2.models import (
    Action,
    AddonCapabilities,
    AddonDescriptor,
    AddonLinks,
    AddonWebhook,
    ApiConsumer,
    Configurable,
    Dialog,
    ExternalPage,
    Glance,
    Icon,
    Installable,
    Oauth2Consumer,
    WebPanel,
)

__all__ = ["check_base_url", "describe"]

M = TypeVar("M", Action, Dialog, ExternalPage, Glance, WebPanel)
LOOPBACK_NAMES = ("localhost",)


def check_base_url(base_url: str, *, allow_http: bool = False) -> str:
    """Return the address below which an add-on is reached, without a slash at its end.

    Raises:
        TypeError: It is not a text.
        ValueError: It is not an https address, or has user, query or fragment.
    """
    check_type("base_url", base_url, str, "a text")
    check_type("allow_http", allow_http, bool, "True or False")
    try:
        parts = urlsplit(base_url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"base_url {base_url!r} is invalid: {error}") from None
    if parts.scheme not in ("https", "http") or not host:
        raise ValueError(
            f"base_url must be an address such as https://karma.example.com, not {base_url!r}"
        )
    if "@" in parts.netloc or set(base_url) & set("?#") or not _is_clean(base_url):
        raise ValueError("base_url must have no user, query, fragment or spaces")
    if parts.scheme == "http" and not (allow_http or _is_loopback(host)):
        raise ValueError(
            f"base_url must be https, not {base_url!r}: HipChat sends secrets to it; a proxy in "
            "front of the add-on ends TLS, and allow_http=True is for private networks"
        )
    return base_url.rstrip("/")


def describe(identity: Identity, registry: Registry, base_url: str) -> AddonDescriptor:
    """Return the descriptor.

    Args:
        identity: What the add-on says about itself.
        registry: What is registered on it.
        base_url: Where it is reached, see `check_base_url`.

    Raises:
        ValueError: A target names no module.
    """
    modules = [_complete(each, base_url) for each in registry.modules.values()]
    _check_targets(modules)
    at = f"{base_url}/installable"
    configurable = None
    if (CONFIGURATION, CONFIGURATION) in registry.views:
        configurable = Configurable(
            url=f"{base_url}/configuration",
            authentication="jwt",
            allow_access_to_room_admins=identity.allow_room_configuration or None,
        )
    consumer = None
    if identity.scopes:
        consumer = ApiConsumer(
            scopes=list(identity.scopes),
            from_name=identity.from_name,
            avatar=_complete_avatar(identity.avatar, base_url),
        )
    redirections = [f"{base_url}/authorized"]
    return AddonDescriptor(
        key=identity.key,
        name=identity.name,
        description=identity.description,
        vendor=identity.vendor,
        links=AddonLinks(self_=f"{base_url}/capabilities", homepage=identity.homepage),
        capabilities=AddonCapabilities(
            installable=Installable(
                allow_global=identity.allow_global,
                allow_room=identity.allow_room,
                callback_url=at,
                update_callback_url=f"{at}/update",
                installed_url=f"{base_url}/installed",
                updated_url=f"{base_url}/updated",
                uninstalled_url=f"{base_url}/uninstalled",
            ),
            hipchat_api_consumer=consumer,
            oauth2_consumer=Oauth2Consumer(redirection_urls=redirections)
            if identity.user_tokens
            else None,
            configurable=configurable,
            webhook=_webhooks(registry, base_url) or None,
            glance=_of(Glance, modules),
            web_panel=_of(WebPanel, modules),
            dialog=_of(Dialog, modules),
            action=_of(Action, modules),
            external_page=_of(ExternalPage, modules),
        ),
    )


def _webhooks(registry: Registry, base_url: str) -> list[AddonWebhook]:
    webhooks = []
    for key, handler in registry.handlers.items():
        pattern = handler.pattern
        if handler.command is not None:
            pattern = handler.command.pattern
        webhooks.append(
            AddonWebhook(
                key=key,
                name=key,
                url=f"{base_url}/webhook/{key}",
                event=handler.event,
                pattern=pattern,
                authentication="jwt",
            )
        )
    return webhooks


def _of(kind: type[M], modules: Iterable[Module]) -> list[M] | None:
    return [each for each in modules if isinstance(each, kind)] or None


def _complete(module: Module, base_url: str) -> Module:
    """Return a module with complete addresses."""
    match module:
        case Glance(query_url=str() as url):
            module = replace(module, query_url=_address(url, base_url))
        case WebPanel() | Dialog() | ExternalPage():
            module = replace(module, url=_address(module.url, base_url))
    if isinstance(module, Glance | WebPanel) and module.icon is not None:
        icon = module.icon
        return replace(
            module,
            icon=replace(
                icon,
                url=_address(icon.url, base_url),
                url_2x=_address(icon.url_2x, base_url),
            ),
        )
    return module


def _complete_avatar(avatar: str | Icon | None, base_url: str) -> str | Icon | None:
    if isinstance(avatar, Icon):
        return Icon(
            url=_address(avatar.url, base_url),
            url_2x=None if avatar.url_2x is None else _address(avatar.url_2x, base_url),
        )
    return None if avatar is None else _address(avatar, base_url)


def _address(url: str, base_url: str) -> str:
    """Return a complete address; https only, unless the add-on itself is reached by http.

    Raises:
        ValueError: It has another scheme, or a user.
    """
    if not has_scheme(url):
        return f"{base_url}/{url.lstrip('/')}"
    schemes = ("https",) if base_url.startswith("https:") else ("https", "http")
    parts = urlsplit(url)
    if parts.scheme not in schemes or not parts.hostname or "@" in parts.netloc:
        raise ValueError(f"the address {url!r} must be https, and have no user")
    return url


def _check_targets(modules: list[Module]) -> None:
    openable = tuple(MODULES[kind] for kind in OPENED)
    opened = {each.key for each in modules if isinstance(each, openable)}
    glances = {each.key for each in modules if isinstance(each, Glance)}
    for module in modules:
        if not isinstance(module, Action | Glance) or module.target is None:
            continue
        key = target_key(module.target)
        allowed = opened | glances if isinstance(module, Action) else opened
        if key not in allowed:
            known = ", ".join(sorted(allowed)) or "none"
            raise ValueError(
                f"{module.key}: the target {key} is no module that can be opened; there are {known}"
            )


def _is_clean(url: str) -> bool:
    return url.isascii() and url.isprintable() and not set(url) & set(' "<>\\^`{}|')


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host in LOOPBACK_NAMES or host.endswith(".localhost")
