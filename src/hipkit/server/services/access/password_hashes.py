"""Hash passwords with argon2id, and compare them with what is stored.

A stored hash names its cost, so that hashes of another cost work until the next sign-in.
Hashing is slow on purpose; read next: `passwords.py`, which calls these functions in threads.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from hipkit.extras import install_hint
from hipkit.server.services.errors import NotImplementedHereError

if TYPE_CHECKING:  # Part of the extra `server`; servers in memory do without it.
    from argon2 import PasswordHasher

__all__ = ["check_password", "hash_password", "is_outdated", "normalise_password"]

# About 70 ms an attempt on a small machine, three times the minimum that OWASP advises (19 MiB,
# two passes). One lane: two attempts at once keep two processors busy.
ARGON2_MEMORY_KIBIBYTES = 32 * 1024
ARGON2_PASSES = 3
ARGON2_LANES = 1

NO_HASH = "!"
"""Stored where `argon2-cffi` is not installed; matches no password."""

OTHER_SPACES = re.compile(r"[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")


def normalise_password(password: str) -> str:
    """Return a password in the form that does not depend on keyboard and system.

    Follows RFC 8265 for passwords: letters with accents in NFC, one kind of space. Nothing else
    changes, in particular not the case.
    """
    return unicodedata.normalize("NFC", OTHER_SPACES.sub(" ", password))


def hash_password(password: str) -> str:
    """Return the hash of a password to store, with its method, cost and salt."""
    hasher = _argon2()
    return NO_HASH if hasher is None else hasher.hash(_bytes(password))


def check_password(password: str, stored: str | None) -> bool:
    """Return whether a password is the stored one.

    A hash of another method, such as scrypt, matches no password, nor does `None`.

    Raises:
        NotImplementedHereError: The extra `server` is missing.
    """
    hasher = _argon2()
    if hasher is None:
        raise NotImplementedHereError(
            f"Passwords need the extra server: {install_hint('server')}"
        )
    from argon2.exceptions import InvalidHashError, VerifyMismatchError

    try:
        return hasher.verify(stored or NO_HASH, _bytes(password))
    except VerifyMismatchError:
        return False
    except InvalidHashError:
        # As slow as for a wrong password: the time would otherwise show who has one.
        hasher.hash(_bytes(password))
        return False


def is_outdated(stored: str) -> bool:
    """Return whether a hash has another cost than new ones."""
    hasher = _argon2()
    return hasher is not None and hasher.check_needs_rehash(stored)


@cache
def _argon2() -> PasswordHasher | None:
    try:
        from argon2 import PasswordHasher
    except ModuleNotFoundError:
        return None
    return PasswordHasher(
        time_cost=ARGON2_PASSES,
        memory_cost=ARGON2_MEMORY_KIBIBYTES,
        parallelism=ARGON2_LANES,
    )


def _bytes(password: str) -> bytes:
    return normalise_password(password).encode(errors="surrogatepass")
