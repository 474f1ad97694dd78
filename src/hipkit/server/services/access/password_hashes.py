"""What is stored of passwords: argon2id, or scrypt where `argon2-cffi` is not installed.

A stored hash names its method and cost, so that others go on working until the next sign-in.
These take their time on purpose; read next: `passwords.py`, which calls them in threads.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # Part of the extra `server`; servers in memory do without it.
    from argon2 import PasswordHasher

__all__ = ["check_password", "hash_password", "is_outdated", "normalise_password"]

# About 70 ms a try on a small machine, three times over the least that OWASP advises (19 MiB,
# two passes). One lane: two tries at once keep two processors busy.
ARGON2_MEMORY_KIBIBYTES = 32 * 1024
ARGON2_PASSES = 3
ARGON2_LANES = 1
ARGON2_SIGN = "$argon2"

# About 40 ms and 16 MiB a try.
SCRYPT_COST = 2**14
SCRYPT_BLOCK = 8
SCRYPT_LANES = 1
SALT_BYTES = 16

OTHER_SPACES = re.compile(r"[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")


def normalise_password(password: str) -> str:
    """Return a password as every keyboard and system types it.

    The rules are those of RFC 8265 for passwords: one form for letters with accents (NFC), one
    for spaces. Nothing else is changed, and case least of all.
    """
    return unicodedata.normalize("NFC", OTHER_SPACES.sub(" ", password))


def hash_password(password: str) -> str:
    """Return what is stored of a password: method, cost, salt and hash."""
    hasher = _argon2()
    if hasher is not None:
        return hasher.hash(_bytes(normalise_password(password)))
    salt = secrets.token_bytes(SALT_BYTES)
    cost = (SCRYPT_COST, SCRYPT_BLOCK, SCRYPT_LANES)
    digest = _scrypt(normalise_password(password), salt, *cost)
    parts = (
        "scrypt",
        ":".join(map(str, cost)),
        base64.b64encode(salt).decode(),
        base64.b64encode(digest).decode(),
    )
    return "$".join(parts)


def check_password(password: str, stored: str) -> bool:
    """Say whether a password is the stored one.

    Raises:
        ValueError: The stored method is unknown, or needs what is not installed.
    """
    normal = normalise_password(password)
    if stored.startswith(ARGON2_SIGN):
        return _check_argon2(normal, stored)
    method, cost, salt, digest = stored.split("$")
    if method != "scrypt":
        raise ValueError(f"unknown password method: {method}")
    # Hashes of the first server were made of passwords as they were typed.
    return any(
        hmac.compare_digest(
            _scrypt(form, base64.b64decode(salt), *map(int, cost.split(":"))),
            base64.b64decode(digest),
        )
        for form in {normal, password}
    )


def is_outdated(stored: str) -> bool:
    """Say whether a hash would be made in another way today."""
    hasher = _argon2()
    if hasher is None:
        return False
    return not stored.startswith(ARGON2_SIGN) or hasher.check_needs_rehash(stored)


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


def _check_argon2(password: str, stored: str) -> bool:
    hasher = _argon2()
    if hasher is None:
        raise ValueError("this database's passwords need argon2-cffi")
    from argon2.exceptions import VerifyMismatchError

    try:
        return hasher.verify(stored, _bytes(password))
    except VerifyMismatchError:
        return False


def _scrypt(password: str, salt: bytes, cost: int, block: int, lanes: int) -> bytes:
    return hashlib.scrypt(
        _bytes(password),
        salt=salt,
        n=cost,
        r=block,
        p=lanes,
        maxmem=256 * cost * block,
        dklen=32,
    )


def _bytes(password: str) -> bytes:
    return password.encode(errors="surrogatepass")
