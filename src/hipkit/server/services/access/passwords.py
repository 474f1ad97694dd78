"""Passwords: check, change and hash them, within limits on failures and on load.

Hashing takes time and memory on purpose, so it runs in its own few threads.
Read next: `password_hashes.py`.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import ParamSpec, TypeVar

from hipkit.api.errors import BadRequestError, RateLimitError, UnauthorizedError
from hipkit.server.services.access.lookup import look_up_user, own_user
from hipkit.server.services.access.password_hashes import (
    check_password,
    hash_password,
    is_outdated,
    normalise_password,
)
from hipkit.server.services.access.web_sessions import change_password
from hipkit.server.services.context import TOO_MANY_REQUESTS, Context
from hipkit.server.services.errors import InvalidValueError
from hipkit.server.shared.limits import network_of
from hipkit.server.shared.protocol import SignInLimits
from hipkit.server.shared.sign_in_limits import Attempt
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.users import UserRecord

__all__ = [
    "LONGEST_PASSWORD",
    "SHORTEST_PASSWORD",
    "change_own_password",
    "hash_new_password",
    "remember_network",
    "sign_in",
    "user_with_password",
]

P = ParamSpec("P")
T = TypeVar("T")

INVALID_SIGN_IN = "Invalid username or password"

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 1024

LONGEST_NAME = 200
"""Names are cut to this length to count attempts; those of users are shorter."""

AT_ONCE = 2
"""Hashes computed at once; each takes 32 MiB meanwhile."""

MOST_WAITING = 100
"""About four seconds of work; further attempts get 429."""

MOST_UNKNOWN_WAITING = 80
"""Of these, attempts from unknown networks, so that a flood of them does not lock users out."""

places = threading.BoundedSemaphore(MOST_WAITING)
places_for_unknown = threading.BoundedSemaphore(MOST_UNKNOWN_WAITING)


async def hash_new_password(password: str) -> str:
    """Return the hash to store of a new password.

    Raises:
        InvalidValueError: It is too short, too long, or holds a control character.
        RateLimitError: Too many passwords are being hashed.
    """
    normal = normalise_password(password)
    if len(normal) < SHORTEST_PASSWORD:
        problem = f"is shorter than {SHORTEST_PASSWORD} characters"
        raise InvalidValueError("password", "minLength", problem)
    if len(normal) > LONGEST_PASSWORD:
        problem = f"is longer than {LONGEST_PASSWORD} characters"
        raise InvalidValueError("password", "maxLength", problem)
    if any(letter < " " or "\x7f" <= letter <= "\x9f" for letter in normal):
        raise InvalidValueError("password", "pattern", "holds a control character")
    return await _in_thread(hash_password, normal)


async def change_own_password(context: Context, present: str, password: str) -> None:
    """Change the actor's password and end all their sessions.

    Raises:
        BadRequestError: The present password is wrong.
        InvalidValueError: The new one is too short, too long, or holds a control character.
        RateLimitError: There were too many attempts.
    """
    user = own_user(context.actor)
    attempt = await _attempt(context, user.group_id, "", user, is_open=False)
    stored = await context.stores.users.password_hash(user.id)
    if not await _try(context.runtime.sign_ins, attempt, present, stored):
        raise BadRequestError("That is not your present password")
    password_hash = await hash_new_password(password)

    async def command(stores: Stores) -> None:
        await change_password(stores, user.id, password_hash)
        if not attempt.is_known:
            await remember_network(context, stores, user)

    await context.write(command)


async def user_with_password(
    context: Context,
    group_id: int,
    username: str,
    password: str,
    *,
    is_open: bool = False,
) -> UserRecord:
    """Return the user with a name and password.

    A stored hash of another cost than new ones is replaced.

    Args:
        context: The context of the call.
        group_id: The group to look for the name in.
        username: An e-mail address, mention name or id.
        password: The password to check.
        is_open: Whether the call needs neither a client's secret nor a token.

    Raises:
        UnauthorizedError: The user does not exist, or the password is wrong.
        RateLimitError: There were too many failures with this name, whether or not it exists.
    """
    stores = context.stores
    user = await look_up_user(stores, group_id, username)
    attempt = await _attempt(context, group_id, username, user, is_open=is_open)
    stored = None if user is None else await stores.users.password_hash(user.id)
    is_right = await _try(context.runtime.sign_ins, attempt, password, stored)
    if user is None or stored is None or not is_right:
        raise UnauthorizedError(INVALID_SIGN_IN)
    if is_outdated(stored):
        newer = await _in_thread(hash_password, password)
        user_id = user.id
        await context.write(
            lambda stores: stores.users.renew_password_hash(user_id, stored, newer)
        )
    if not attempt.is_known:
        known = user
        await context.write(lambda stores: remember_network(context, stores, known))
    return user


async def sign_in(context: Context, username: str, password: str) -> UserRecord:
    """Return the user who signs in at the page with a name and password.

    The page is that of the first group. Guests cannot sign in with a password: they get the same
    error as a wrong one, so that it does not reveal them.

    Raises:
        UnauthorizedError: No member of the group has this name and password.
        RateLimitError: There were too many failures with this name.
    """
    group = await context.stores.groups.first()
    if group is None:
        raise UnauthorizedError(INVALID_SIGN_IN)
    user = await user_with_password(context, group.id, username, password, is_open=True)
    if user.is_deleted or user.is_guest:
        raise UnauthorizedError(INVALID_SIGN_IN)
    return user


async def remember_network(context: Context, stores: Stores, user: UserRecord) -> None:
    """Within a command: remember the call's network as one that a user signed in from."""
    network = network_of(context.peer)
    await stores.web_sessions.add_network(user.id, network, context.now_us)


async def _attempt(
    context: Context,
    group_id: int,
    username: str,
    user: UserRecord | None,
    *,
    is_open: bool,
) -> Attempt:
    network, user_id = network_of(context.peer), None if user is None else user.id
    # Also for unknown names, as id 0: the time would otherwise show which names exist.
    sessions = context.stores.web_sessions
    return Attempt(
        group_id=group_id,
        name=username[:LONGEST_NAME].casefold(),
        user_id=user_id,
        network=network,
        is_known=await sessions.knows_network(user_id or 0, network),
        is_open=is_open,
    )


async def _try(
    limits: SignInLimits, attempt: Attempt, password: str, stored: str | None
) -> bool:
    """Return whether a password is right, within the limits.

    Raises:
        RateLimitError: There were too many failures, or too many passwords are being hashed.
        NotImplementedHereError: The extra `server` is missing.
    """
    limits.check(attempt, begins=not password)
    if not password:
        limits.count_failure(attempt)
        return False
    shortened = password[: 4 * LONGEST_PASSWORD]

    def work() -> bool:
        # Once more, in the thread: attempts sent at the same time have failed by now, and all of
        # them passed the check above.
        limits.check(attempt, begins=True)
        is_right = check_password(shortened, stored)
        if not is_right:
            limits.count_failure(attempt)
        return is_right

    if attempt.is_known:
        return await _in_thread(work)
    if not places_for_unknown.acquire(blocking=False):
        raise RateLimitError(TOO_MANY_REQUESTS)
    try:
        return await _in_thread(work)
    finally:
        places_for_unknown.release()


async def _in_thread(
    function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
) -> T:
    if not places.acquire(blocking=False):
        raise RateLimitError(TOO_MANY_REQUESTS)
    try:
        return await asyncio.get_running_loop().run_in_executor(
            _pool(), lambda: function(*args, **kwargs)
        )
    finally:
        places.release()


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="hipkit-password")
