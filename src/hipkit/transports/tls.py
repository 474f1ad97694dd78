"""Whom a TLS connection trusts, said to each library in its own terms.

The policy (versions, ciphers, where the system keeps its authorities) is httpx2's and
libcurl's; only the settings are carried over.
"""

from __future__ import annotations

import os
import ssl
from pathlib import Path

from hipkit.transports.settings import Settings

__all__ = ["authorities", "ssl_context"]


def ssl_context(settings: Settings) -> ssl.SSLContext:
    """Make the context that httpx2 would make, from our settings.

    Raises:
        OSError: A file cannot be read, such as `FileNotFoundError`.
        ValueError: A file is there, but holds no certificate or key that can be used.
    """
    try:
        return _context(settings)
    except ssl.SSLError as error:
        raise ValueError(
            "the file of authorities, or the client certificate or its key, cannot be used: "
            f"{error.reason or error.args[-1]}"
        ) from error


def _context(settings: Settings) -> ssl.SSLContext:
    import httpcore2

    verify = settings.verify
    if isinstance(verify, ssl.SSLContext):
        context = verify
    elif verify is True and settings.trust_env:
        context = httpcore2.default_ssl_context()
    elif isinstance(verify, bool):
        # Loading all of httpx2 costs half a cold start, and is seldom needed.
        import httpx2

        context = httpx2.create_ssl_context(verify, trust_env=settings.trust_env)
    elif not Path(verify).exists():
        raise FileNotFoundError(f"there is no file of authorities at {verify}")
    elif Path(verify).is_dir():
        context = ssl.create_default_context(capath=verify)
    else:
        context = ssl.create_default_context(cafile=verify)
    if settings.cert is not None:
        for path in settings.cert[:2]:
            if not Path(path).exists():
                raise FileNotFoundError(
                    f"there is no client certificate or key at {path}"
                )
        context.load_cert_chain(*settings.cert)
    return context


def authorities(settings: Settings) -> tuple[str | None, str | None]:
    """Find the file and the folder of authorities, for a library that has none of its own.

    Raises:
        FileNotFoundError: The path given leads nowhere.
        ValueError: There is none, or the setting cannot be told to such a library.
    """
    verify = settings.verify
    if isinstance(verify, ssl.SSLContext):
        raise ValueError(
            "libcurl cannot use an ssl.SSLContext: pass the path of a CA file as verify, "
            "or use the httpx2 transport"
        )
    if isinstance(verify, bool):
        return _system_authorities(settings.trust_env)
    path = os.fspath(verify)
    if not Path(path).exists():
        raise FileNotFoundError(f"there is no file of authorities at {path}")
    return (None, path) if Path(path).is_dir() else (path, None)


def _system_authorities(trust_env: bool) -> tuple[str | None, str | None]:
    known = ssl.get_default_verify_paths()
    file = os.environ.get(known.openssl_cafile_env) if trust_env else None
    folder = os.environ.get(known.openssl_capath_env) if trust_env else None
    if file or folder:
        return file, folder
    file = known.openssl_cafile if Path(known.openssl_cafile).is_file() else None
    folder = known.openssl_capath if Path(known.openssl_capath).is_dir() else None
    if not file and not folder:
        raise ValueError(
            "no certificate authorities were found on this machine: pass the path of a "
            "CA file as verify, or set SSL_CERT_FILE"
        )
    return file, folder
