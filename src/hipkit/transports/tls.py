"""The trusted authorities and client certificate of TLS connections, for each HTTP library.

TLS versions, ciphers and the location of the system's authorities are up to httpx2 and libcurl;
this module only converts the settings.
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
"""File names by which OpenSSL finds a certificate in a folder: the hash of its subject."""


def ssl_context(settings: Settings) -> ssl.SSLContext:
    """Return the SSL context that httpx2 would create from these settings.

    Raises:
        TransportError: A file that a setting or the environment names cannot be used; the message
            names it.
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
    # Importing all of httpx2 takes half of a cold start, and is rarely needed.
    import httpx2

    return httpx2.create_ssl_context(
        settings.verify is True, trust_env=settings.trust_env
    )


def authorities(settings: Settings) -> tuple[str | None, str | None]:
    """Return the file and the folder of authorities, for a library without its own.

    Raises:
        TransportError: A file or folder that a setting or the environment names cannot be used;
            the message names it.
        ValueError: No authorities were found, or the library cannot use the setting.
    """
    if isinstance(settings.verify, ssl.SSLContext):
        raise ValueError(
            "libcurl cannot use an ssl.SSLContext: pass the path of a CA file as verify, "
            "or use the httpcore2 transport"
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
    """Check that the client certificate can be used, for a library with vaguer errors.

    Raises:
        TransportError: The certificate cannot be used; the message says why.
    """
    if settings.cert is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        _load_client_certificate(context, settings.cert)


def _named_authorities(settings: Settings) -> tuple[str | None, str | None]:
    """Return the file and the folder that a setting or the environment names, checked."""
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
        reason = "it holds no certificate in PEM format"
        raise _unusable(setting, path, reason) from None


def _check_folder(setting: str, listed: str) -> None:
    # OpenSSL accepts several folders, and ignores missing ones.
    reasons = []
    for each in listed.split(os.pathsep):
        try:
            if any(HASHED_NAME.fullmatch(path.name) for path in Path(each).iterdir()):
                return
            reasons.append("it holds no certificate named by `openssl rehash`")
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
        # Without a password OpenSSL would ask for one on the terminal.
        context.load_cert_chain(cert[0], cert[1], lambda: password)
    except (ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", None) or "the password is too long"
        fault = "not a certificate in PEM format and its key, or not the key's password"
        path = f"{cert[0]} and {cert[1]}"
        raise _unusable("cert", path, f"{fault} ({reason})") from None


def _unusable(setting: str, path: str, reason: str) -> TransportError:
    shown = "".join(letter if letter.isprintable() else "?" for letter in path)
    return TransportError(
        "settings", f"{setting} names {shown}: {reason}", may_have_arrived=False
    )
