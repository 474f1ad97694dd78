"""The decorators for modules of an add-on: glances, web panels, dialogs, actions and pages.

Read next: `registry.py`, which keeps what they register.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Concatenate, Literal, cast, overload

from hipkit.addon.descriptor.modules import (
    Conditions,
    DialogSizeName,
    Icons,
    Text,
    make_action,
    make_dialog,
    make_external_page,
    make_glance,
    make_web_panel,
)
from hipkit.addon.handlers.decorators import (
    GlanceDecorator,
    P,
    V,
    ViewDecorator,
    decorator,
)
from hipkit.addon.handlers.registry import (
    CONFIGURATION,
    Registry,
    TargetSource,
    ViewKind,
)
from hipkit.addon.handlers.views import ViewRequest
from hipkit.descriptors.modules import Module
from hipkit.v2.models import DialogAction, Target

__all__ = ["ModuleDecorators"]


class ModuleDecorators:
    """The part of `AddOn` that registers modules.

    Args:
        registry: Where they are registered.
    """

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    def glance(
        self,
        key: str,
        /,
        *,
        name: Text,
        icon: Icons = None,
        target: TargetSource = None,
        weight: int | None = None,
        conditions: Conditions = None,
    ) -> GlanceDecorator:
        """Register a handler that returns the content of a glance when a room is opened.

        Args:
            key: Key of the module.
            name: Text shown until there is content, 1 to 100 characters.
            icon: Icon before it. Defaults to the add-on's own.
            target: What a click opens: a web panel, dialog or external page.
            weight: Position; lower comes first, as documented.
            conditions: When it is shown.

        Raises:
            TypeError: An argument is of another type.
            ValueError: An argument is invalid, or the key is taken.
        """
        module = make_glance(
            key,
            name=name,
            icon=icon,
            query_url=f"glance/{key}",
            target=self.registry.find_target(target, f"glance {key}"),
            weight=weight,
            conditions=conditions,
        )
        return cast("GlanceDecorator", self._view(module, "glance"))

    def web_panel(
        self,
        key: str,
        /,
        *,
        name: Text,
        icon: Icons = None,
        weight: int | None = None,
        conditions: Conditions = None,
    ) -> ViewDecorator:
        """Register a handler that returns a page in the sidebar.

        Args:
            key: Key of the module.
            name: Its title, 1 to 100 characters.
            icon: Its icon. Defaults to none.
            weight: Position; lower comes first, as documented.
            conditions: When it is offered.

        Raises:
            TypeError: An argument is of another type.
            ValueError: An argument is invalid, or the key is taken.
        """
        module = make_web_panel(
            key,
            name=name,
            url=f"panel/{key}",
            icon=icon,
            weight=weight,
            conditions=conditions,
        )
        return cast("ViewDecorator", self._view(module, "panel"))

    def dialog(
        self,
        key: str,
        /,
        *,
        title: Text,
        size: DialogSizeName | tuple[str, str] | None = None,
        style: Literal["normal", "warning"] | None = None,
        hint: Text | None = None,
        filter: Text | None = None,
        primary_action: str | DialogAction | None = None,
        secondary_actions: Sequence[DialogAction] | None = None,
    ) -> ViewDecorator:
        """Register a handler that returns a page in a dialog over the chat.

        Args:
            key: Key of the module.
            title: Its title, 1 to 100 characters.
            size: A name, or width and height such as `("400px", "80%")`. Clients take `medium`
                when left out.
            style: The style.
            hint: Text beside the buttons, 1 to 100 characters.
            filter: Placeholder of a search field above the page.
            primary_action: The primary button, or its label.
            secondary_actions: Further buttons, see `button`. Clients show one that closes the
                dialog when left out, and none for an empty list.

        Raises:
            TypeError: An argument is of another type.
            ValueError: An argument is invalid, or the key is taken.
        """
        module = make_dialog(
            key,
            title=title,
            url=f"dialog/{key}",
            size=size,
            style=style,
            hint=hint,
            filter=filter,
            primary_action=primary_action,
            secondary_actions=secondary_actions,
        )
        return cast("ViewDecorator", self._view(module, "dialog"))

    @overload
    def external_page(
        self, key: str, /, *, name: Text | None = None, url: None = None
    ) -> ViewDecorator: ...

    @overload
    def external_page(
        self, key: str, /, *, url: str, name: Text | None = None
    ) -> None: ...

    def external_page(
        self, key: str, /, *, name: Text | None = None, url: str | None = None
    ) -> object:
        """Register a page that opens in the browser: a handler's, or one elsewhere.

        Args:
            key: Key of the module.
            name: Its name, 1 to 100 characters.
            url: An https address, in place of a handler. It may contain variables such as
                `{message.body}`.

        Raises:
            TypeError: An argument is of another type.
            ValueError: An argument is invalid, or the key is taken.
        """
        module = make_external_page(key, name=name, url=url or f"page/{key}")
        if url is None:
            return self._view(module, "page")
        self.registry.add_module(module)
        return None

    @overload
    def action(
        self,
        key: str,
        /,
        *,
        name: Text,
        location: Literal["message", "input"],
        target: None = None,
        weight: int | None = None,
        conditions: Conditions = None,
    ) -> ViewDecorator: ...

    @overload
    def action(
        self,
        key: str,
        /,
        *,
        name: Text,
        location: Literal["message", "input"],
        target: str | Target | Callable[..., object],
        weight: int | None = None,
        conditions: Conditions = None,
    ) -> None: ...

    def action(
        self,
        key: str,
        /,
        *,
        name: Text,
        location: Literal["message", "input"],
        target: TargetSource = None,
        weight: int | None = None,
        conditions: Conditions = None,
    ) -> object:
        """Register an entry in the menu of messages or of the input field.

        Without a target this is a decorator, to be put above that of the module which it opens:

        ```python
        @addon.action("thank", name="Thank", location="message")
        @addon.dialog("thank.dialog", title="Thank")
        async def thank(request: ViewRequest) -> Html: ...
        ```

        Args:
            key: Key of the module.
            name: Text of the entry, 1 to 100 characters.
            location: `message` for the menu of a message, `input` for that of the input field.
            target: The module that it opens: a web panel, dialog, external page or glance.
            weight: Position; lower comes first, as documented.
            conditions: When it is shown.

        Raises:
            TypeError: An argument is of another type.
            ValueError: An argument is invalid, or the key is taken.
        """

        def add(opened: TargetSource) -> None:
            found = self.registry.find_target(opened, f"action {key}")
            self.registry.add_module(
                make_action(
                    key,
                    name=name,
                    location=location,
                    target=found or "",
                    weight=weight,
                    conditions=conditions,
                )
            )

        if target is not None:
            add(target)
            return None
        return decorator(lambda function, _: add(function), None)

    def configuration(
        self, function: Callable[Concatenate[ViewRequest, P], V], /
    ) -> Callable[Concatenate[ViewRequest, P], V]:
        """Register the handler of the configuration page.

        Administrators get there after they have installed the add-on.

        Args:
            function: The handler.

        Raises:
            TypeError: A parameter of the handler cannot be filled.
            ValueError: There is one already.
        """
        self.registry.add_view(function, CONFIGURATION, CONFIGURATION)
        return function

    def _view(self, module: Module, kind: ViewKind) -> object:
        def add(function: Callable[..., object], _: str | None) -> None:
            self.registry.add_view(function, kind, module.key)
            self.registry.add_module(module, function)

        return decorator(add, None)
