"""Whom a TLS connection trusts, said to each library in its own terms.

The policy (versions, ciphers, where the system keeps its authorities) is httpx2's and
libcurl's; only the settings are carried over.
"""

from __future__ import annotations

import os
import re
import ssl
from pathlib import Path

from hipkit.transports.protocol import TransportError
from hipkit.transports.settings import Settings

__all__ = ["authorities", "check_client_certificate", "ssl_context"]

HASHED_NAME = re.compile(r"[0-9a-fA-F]{8}\.[0-9]+")
"""How OpenSSL finds a certificate in a folder: by the hash of its subject."""


def ssl_context(settings: Settings) -> ssl.SSLContext:
    """Make the context that httpx2 would make, from our settings.

    Raises:
        TransportError: A file that a setting or the environment names cannot be used; says which.
    """
    verify = settings.verify
    if isinstance(verify, ssl.SSLContext):
        context = verify
    else:
        file, folder = _named_authorities(settings)
        if file or folder:
            context = ssl.create_default_context(cafile=file, capath=folder)
        else:
            context = _system_context(settings)
    if settings.cert is not None:
        _load_client_certificate(context, settings.cert)
    return context


def _system_context(settings: Settings) -> ssl.SSLContext:
    if settings.verify is True and settings.trust_env:
        import httpcore2

        return httpcore2.default_ssl_context()
    # Loading all of httpx2 costs half a cold start, and is seldom needed.
    import httpx2

    return httpx2.create_ssl_context(
        settings.verify is True, trust_env=settings.trust_env
    )


def authorities(settings: Settings) -> tuple[str | None, str | None]:
    """Find the file and the folder of authorities, for a library that has none of its own.

    Raises:
        TransportError: What a setting or the environment names cannot be used; says which.
        ValueError: There is none, or the setting cannot be told to such a library.
    """
    if isinstance(settings.verify, ssl.SSLContext):
        raise ValueError(
            "libcurl cannot use an ssl.SSLContext: pass the path of a CA file as verify, "
            "or use the httpx2 transport"
        )
    file, folder = _named_authorities(settings)
    if file or folder:
        return file, folder
    known = ssl.get_default_verify_paths()
    file = known.openssl_cafile if Path(known.openssl_cafile).is_file() else None
    folder = known.openssl_capath if Path(known.openssl_capath).is_dir() else None
    if not file and not folder:
        raise ValueError(
            "no certificate authorities were found on this machine: pass the path of a "
            "CA file as verify, or set SSL_CERT_FILE"
        )
    return file, folder


def check_client_certificate(settings: Settings) -> None:
    """Try whether the client certificate can be used, for a library that would say less.

    Raises:
        TransportError: It cannot; says why.
    """
    if settings.cert is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        _load_client_certificate(context, settings.cert)


def _named_authorities(settings: Settings) -> tuple[str | None, str | None]:
    """Return the file and the folder that a setting or the environment names, tried out."""
    if not isinstance(settings.verify, (bool, ssl.SSLContext)):
        path = os.fspath(settings.verify)
        if Path(path).is_dir():
            _check_folder("verify", path)
            return None, path
        _check_file("verify", path)
        return path, None
    if settings.verify is not True or not settings.trust_env:
        return None, None
    known = ssl.get_default_verify_paths()
    file = os.environ.get(known.openssl_cafile_env) or None
    folder = os.environ.get(known.openssl_capath_env) or None
    if file is not None:
        _check_file(known.openssl_cafile_env, file)
    if folder is not None:
        _check_folder(known.openssl_capath_env, folder)
    return file, folder


def _check_file(setting: str, path: str) -> None:
    _check_readable(setting, path)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        raise _unusable(setting, path, "no certificate in PEM form is in it") from None


def _check_folder(setting: str, listed: str) -> None:
    # OpenSSL takes several, and passes over those that are not there.
    reasons = []
    for each in listed.split(os.pathsep):
        try:
            if any(HASHED_NAME.fullmatch(path.name) for path in Path(each).iterdir()):
                return
            reasons.append("no certificate is in it that `openssl rehash` has named")
        except OSError as error:
            reasons.append(error.strerror or "cannot be read")
    raise _unusable(setting, listed, reasons[0])


def _check_readable(setting: str, path: str) -> None:
    try:
        with Path(path).open("rb"):
            return
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "cannot be read"
        raise _unusable(setting, path, reason) from None


def _load_client_certificate(
    context: ssl.SSLContext, cert: tuple[str, str] | tuple[str, str, str]
) -> None:
    for path in cert[:2]:
        _check_readable("cert", path)
    password = cert[2] if len(cert) == 3 else ""
    try:
        # Without a password at hand OpenSSL would ask for one on the terminal.
        context.load_cert_chain(cert[0], cert[1], lambda: password)
    except (ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", None) or "the password is too long"
        raise _unusable(
            "cert",
            f"{cert[0]} and {cert[1]}",
            f"not a certificate in PEM form and its key, or not the key's password ({reason})",
        ) from None


def _unusable(setting: str, path: str, reason: str) -> TransportError:
    shown = "".join(letter if letter.isprintable() else "?" for letter in path)
    return TransportError(
        "settings", f"{setting} names {shown}: {reason}", may_have_arrived=False
    )
