"""The trusted authorities and client certificate of TLS connections, for each HTTP library.

TLS versions, ciphers and the location of the system's authorities are up to httpcore2 and libcurl;
this module only converts the settings.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from hipkit.transports.protocol import TransportError, TransportErrorKind
from hipkit.transports.settings import Settings

if TYPE_CHECKING:  # It is slow to import, and libcurl seldom needs it.
    import ssl

__all__ = ["authorities", "certificate_failure", "is_no_tls", "ssl_context"]

VARIABLES = "SSL_CERT_FILE", "SSL_CERT_DIR"
CERTIFICATE = b"CERTIFICATE-----"
"""Ends the line before a certificate in a file in PEM format, of any of its three kinds."""
NO_CERTIFICATE = "it holds no certificate in PEM format"
HASHED_NAME = r"[0-9a-fA-F]{8}\.[0-9]+"
"""File names by which OpenSSL finds a certificate in a folder: the hash of its subject."""

NO_TLS = re.compile("wrong.version.number|packet.length.too.long", re.IGNORECASE)

OF_ITSELF = frozenset({0, 1, 9, 10, 23, 62, 63, 64})
"""OpenSSL's `X509_V_ERR` codes of certificates that no further authority makes valid: not yet
valid, expired, revoked, for another host, mail or IP address. 0 and 1 stand for no code: libcurl
checks the name itself."""


def certificate_failure(verify_code: int) -> TransportErrorKind:
    """Return the kind of failure that OpenSSL's code for a rejected certificate stands for."""
    return "certificate" if verify_code in OF_ITSELF else "untrusted"


def is_no_tls(text: str) -> bool:
    """Return whether OpenSSL's message says that the other side speaks something else than TLS."""
    return NO_TLS.search(text) is not None


def ssl_context(settings: Settings) -> ssl.SSLContext:
    """Return the SSL context for these settings.

    Raises:
        TransportError: A file that a setting or the environment names cannot be used; the message
            names it.
    """
    import ssl

    file, folder = _named_authorities(settings)
    if isinstance(settings.verify, ssl.SSLContext):
        context = settings.verify
    elif file or folder:
        try:
            context = ssl.create_default_context(cafile=file, capath=folder)
        except ssl.SSLError:
            raise _unusable(_setting(settings), str(file), NO_CERTIFICATE) from None
    elif not settings.verify:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif not settings.trust_env and any(map(os.environ.get, VARIABLES)):
        # httpcore2 would use the variables.
        file, folder = authorities(settings)
        context = ssl.create_default_context(cafile=file, capath=folder)
    else:
        import httpcore2

        context = httpcore2.default_ssl_context()
    if settings.cert is not None:
        _load_client_certificate(context, settings.cert)
    return context


def authorities(settings: Settings) -> tuple[str | None, str | None]:
    """Return the file and the folder of authorities, for a library without its own.

    The client certificate is checked too: such a library's errors are vague.

    Raises:
        TransportError: A file or folder that a setting or the environment names cannot be used;
            the message names it.
        ValueError: No authorities were found, or the library cannot use the setting.
    """
    if not isinstance(settings.verify, (bool, str, os.PathLike)):
        raise ValueError(
            "libcurl cannot use an ssl.SSLContext: pass the path of a CA file as verify, "
            "or use the httpcore2 transport"
        )
    file, folder = _named_authorities(settings)
    if settings.cert is not None:
        import ssl

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        _load_client_certificate(context, settings.cert)
    if file or folder:
        return file, folder
    import ssl

    known = ssl.get_default_verify_paths()
    file = known.openssl_cafile if Path(known.openssl_cafile).is_file() else None
    folder = known.openssl_capath if Path(known.openssl_capath).is_dir() else None
    if not file and not folder:
        raise ValueError(
            "no certificate authorities were found on this machine: pass the path of a "
            "CA file as verify, or set SSL_CERT_FILE"
        )
    return file, folder


def _named_authorities(settings: Settings) -> tuple[str | None, str | None]:
    """Return the file and the folder that a setting or the environment names, checked."""
    verify = settings.verify
    if isinstance(verify, (str, os.PathLike)):
        path = os.fspath(verify)
        file, folder = (None, path) if Path(path).is_dir() else (path, None)
    elif verify is True and settings.trust_env:
        file, folder = (os.environ.get(name) or None for name in VARIABLES)
    else:
        file = folder = None
    if file is not None and CERTIFICATE not in _read(_setting(settings), file):
        raise _unusable(_setting(settings), file, NO_CERTIFICATE)
    if folder is not None:
        _check_folder(_setting(settings, "DIR"), folder)
    return file, folder


def _setting(settings: Settings, kind: str = "FILE") -> str:
    """Return the name of the setting that names authorities."""
    return f"SSL_CERT_{kind}" if settings.verify is True else "verify"


def _check_folder(setting: str, listed: str) -> None:
    # OpenSSL accepts several folders, and ignores missing ones.
    reasons = []
    for each in listed.split(os.pathsep):
        try:
            if any(
                re.fullmatch(HASHED_NAME, path.name) for path in Path(each).iterdir()
            ):
                return
            reasons.append("it holds no certificate named by `openssl rehash`")
        except OSError as error:
            reasons.append(error.strerror or "cannot be read")
    raise _unusable(setting, listed, reasons[0])


def _read(setting: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "cannot be read"
        raise _unusable(setting, path, reason) from None


def _load_client_certificate(
    context: ssl.SSLContext, cert: tuple[str, str] | tuple[str, str, str]
) -> None:
    for path in cert[:2]:
        _read("cert", path)
    password = cert[2] if len(cert) == 3 else ""
    try:
        # Without a password OpenSSL would ask for one on the terminal.
        context.load_cert_chain(cert[0], cert[1], lambda: password)
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        fault = "not a certificate in PEM format and its key, or not the key's password"
        path = f"{cert[0]} and {cert[1]}"
        raise _unusable("cert", path, f"{fault} ({reason})") from None


def _unusable(setting: str, path: str, reason: str) -> TransportError:
    shown = "".join(letter if letter.isprintable() else "?" for letter in path)
    return TransportError(
        "settings", f"{setting} names {shown}: {reason}", may_have_arrived=False
    )
