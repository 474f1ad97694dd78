"""Passwords: which are taken, and whether one is somebody's.

Hashing takes time and memory on purpose, so it runs in threads of its own, a few at once.
Read next: `password_hashes.py`.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import ParamSpec, TypeVar

from hipkit.errors import BadRequestError, RateLimitError, UnauthorizedError
from hipkit.server.services.access import look_up_user, own_user
from hipkit.server.services.context import TOO_MANY_REQUESTS, Context
from hipkit.server.services.password_hashes import (
    check_password,
    hash_password,
    is_outdated,
    normalise_password,
)
from hipkit.server.services.refusals import InvalidValueError
from hipkit.server.services.web_sessions import change_password
from hipkit.server.storage.users import UserRecord

__all__ = [
    "LONGEST_PASSWORD",
    "SHORTEST_PASSWORD",
    "change_own_password",
    "hash_new_password",
    "password_is",
    "user_with_password",
]

P = ParamSpec("P")
T = TypeVar("T")

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 1024

LONGEST_NAME = 200
"""How much of a name that nobody has is remembered to count tries; real ones are shorter."""

AT_ONCE = 2
"""Each takes 32 MiB for as long as it lasts."""

MOST_WAITING = 100
"""That is some four seconds of work; who comes then is told to come later."""

places = threading.BoundedSemaphore(MOST_WAITING)


async def hash_new_password(password: str) -> str:
    """Return what is stored of a password that somebody chose.

    Raises:
        InvalidValueError: It is too short, too long, or holds a control character.
        RateLimitError: Too many are being looked at.
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


async def password_is(password: str, stored: str | None) -> bool:
    """Say whether a password is the stored one; without one, no sooner than with one.

    Raises:
        RateLimitError: Too many are being looked at.
    """
    shortened = password[: 4 * LONGEST_PASSWORD]
    if stored is None:
        # As slow as a wrong password, so that the time does not tell who has one.
        await _in_thread(hash_password, shortened)
        return False
    return await _in_thread(check_password, shortened, stored)


async def change_own_password(context: Context, present: str, password: str) -> None:
    """Change the password of a caller who knows the present one, and end all their sessions.

    Raises:
        BadRequestError: That is not the present one.
        InvalidValueError: The new one is not one that is taken.
        RateLimitError: There were too many tries.
    """
    user = own_user(context.identity)
    if context.limits.password_guess((user.group_id, user.id)).is_exceeded:
        raise RateLimitError(TOO_MANY_REQUESTS)
    stored = await context.stores.users.password_hash(user.id)
    if not await password_is(present, stored):
        raise BadRequestError("That is not your present password")
    password_hash = await hash_new_password(password)
    await context.write(lambda stores: change_password(stores, user.id, password_hash))


async def user_with_password(
    context: Context, group_id: int, username: str, password: str
) -> UserRecord:
    """Return the person of an e-mail address or mention name whose password this is.

    A hash of an older kind is replaced by one of today's.

    Raises:
        UnauthorizedError: There is no such person, or it is not their password.
        RateLimitError: There were too many tries with this name, known or not.
    """
    stores = context.stores
    user = await look_up_user(stores, group_id, username)
    tried = username[:LONGEST_NAME].casefold() if user is None else user.id
    if context.limits.password_guess((group_id, tried)).is_exceeded:
        raise RateLimitError(TOO_MANY_REQUESTS)
    stored = None if user is None else await stores.users.password_hash(user.id)
    is_right = await password_is(password, stored)
    if user is None or stored is None or not is_right:
        raise UnauthorizedError("Invalid username or password")
    if is_outdated(stored):
        newer = await _in_thread(hash_password, password)
        user_id = user.id
        await context.write(
            lambda stores: stores.users.renew_password_hash(user_id, stored, newer)
        )
    return user


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
