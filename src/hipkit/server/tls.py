"""The server's own TLS: its certificate, checked at the start and read again when renewed."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

from hipkit.api.errors import HipkitError

__all__ = ["Certificate", "CertificateError"]

log = logging.getLogger("hipkit.server")


class CertificateError(HipkitError):
    """A certificate or its key cannot be used."""


class Certificate:
    """A certificate with its key, and the TLS context that presents it.

    Raises:
        CertificateError: The files cannot be used.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self._files = (certificate, key)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.sslobject_class = _Connection
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.set_alpn_protocols(["http/1.1"])
        self._seen = self._changed()
        self._load_into(self.context)

    def renew(self, *, only_if_changed: bool) -> None:
        """Read the files again, for the connections that come. A bad pair changes nothing."""
        try:
            changed = self._changed()
            if only_if_changed and changed == self._seen:
                return
            self._seen = changed
            # Tried on another context first. Loaded in two steps, a certificate without its key
            # would stay in the context that is in use, and every handshake would fail.
            self._load_into(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
            self._load_into(self.context)
        except CertificateError as error:
            log.error("the certificate stays as it was: %s", error)
        else:
            log.warning("the certificate was read again")

    def _changed(self) -> tuple[int, ...]:
        try:
            return tuple(path.stat().st_mtime_ns for path in self._files)
        except OSError as error:
            raise CertificateError(f"{error.filename}: {error.strerror}") from error

    def _load_into(self, context: ssl.SSLContext) -> None:
        certificate, key = self._files
        _check_pem(certificate, b"CERTIFICATE-----", "no certificate")
        _check_pem(key, b"PRIVATE KEY-----", "no private key")
        try:
            context.load_cert_chain(certificate, key, password=_refuse_password)
        except _PasswordWantedError:
            raise CertificateError(
                f"{key}: protected by a password, which nobody can type when the server restarts;"
                " store it without (openssl pkey -in FILE -out NEW) and readable only for"
                " the server"
            ) from None
        except (ssl.SSLError, OSError) as error:
            reason = getattr(error, "reason", None) or type(error).__name__
            problem = PROBLEMS.get(reason, f"cannot be used ({reason})")
            raise CertificateError(f"{certificate} and {key}: {problem}") from None


PROBLEMS = {
    "KEY_VALUES_MISMATCH": "the key is not that of the first certificate in the file",
    "EE_KEY_TOO_SMALL": "the key is too short for today's TLS",
    "CA_MD_TOO_WEAK": "the certificate's signature algorithm is no longer safe",
}


class _Connection(ssl.SSLObject):
    """The server's side of a connection, which logs why a handshake failed.

    A call that fails here reaches neither the API nor its list of calls.
    """

    def do_handshake(self) -> None:
        """Take a step of the handshake."""
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            reason = error.reason or type(error).__name__
            # One text for all, whose lines are limited together.
            log.warning("a TLS handshake failed: %s", _failure(reason))
            raise


def _failure(reason: str) -> str:
    """Return what OpenSSL's reason means, and what to do about it."""
    return next((text for sign, text in FAILURES.items() if sign in reason), reason)


UNTRUSTED = (
    "the client does not trust the authority of the server's certificate; if it is of your own,"
    " let the client's machine or program trust its ca.pem"
)
FAILURES = {
    "UNKNOWN_CA": UNTRUSTED,
    "CERTIFICATE_UNKNOWN": UNTRUSTED,
    "BAD_CERTIFICATE": (
        "the client rejected the server's certificate: its name may differ from that in the"
        " client's address"
    ),
    "CERTIFICATE_EXPIRED": "the client rejected the server's certificate: it has expired",
    "HTTP_REQUEST": "the client speaks HTTP without TLS; its address has to begin with https",
    "WRONG_VERSION_NUMBER": "the client speaks no TLS, or an unknown version",
    "RECORD_LAYER_FAILURE": "the client speaks no TLS, or an unknown version",
    "UNSUPPORTED_PROTOCOL": "the client speaks only TLS 1.0 or 1.1, which is not safe",
}
"""Reasons for a failed handshake, by what OpenSSL's names of them contain."""


class _PasswordWantedError(Exception):
    pass


def _refuse_password() -> str:
    raise _PasswordWantedError


def _check_pem(path: Path, mark: bytes, problem: str) -> None:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CertificateError(f"{path}: cannot be read: {error.strerror}") from error
    if b"-----BEGIN " not in content:
        raise CertificateError(f"{path}: not PEM, which begins with -----BEGIN")
    if mark not in content:
        raise CertificateError(f"{path}: {problem} in it")
