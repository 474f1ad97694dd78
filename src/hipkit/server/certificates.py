"""A private certificate authority, for host names that old programs cannot change.

It can sign certificates for the given names only: its own certificate says so (name constraints),
so trusting it puts no other site at risk. RSA, because old programs support nothing else.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hipkit.api.errors import HipkitError

__all__ = ["Authority", "AuthorityError", "create_or_renew"]

AUTHORITY_DAYS = 10 * 365
SERVER_DAYS = 820
"""Apple's programs reject certificates that are valid for more than 825 days."""
CLOCK_SKEW = timedelta(hours=1)
KEY_BITS = 2048

HOST_NAME = re.compile(
    r"(?=.{1,253}\Z)(?:(?!-)[a-z0-9-]{1,63}(?<!-)\.)*[a-z0-9-]{1,63}"
)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class AuthorityError(HipkitError):
    """A certificate cannot be created."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """The files of an authority, and the names that they are for."""

    certificate: Path
    """The certificate that other machines have to trust."""
    key: Path
    server_certificate: Path
    server_key: Path
    names: tuple[str, ...]
    expires: datetime
    """When the server's certificate expires; the authority's own is valid for ten years."""
    is_new: bool


def create_or_renew(folder: Path, names: Sequence[str], now: datetime) -> Authority:
    """Create an authority if the folder has none, and a certificate for the server.

    Args:
        folder: The folder of the files; it is created if it does not exist.
        names: Host names and addresses. Without any, those of the present certificate.
        now: The present time, with offset.

    Raises:
        AuthorityError: A name is invalid, or not one that this authority may sign.
        OSError: A file cannot be read or written.
    """
    files = {
        name: folder / f"{name}.pem"
        for name in ("ca", "ca-key", "server", "server-key")
    }
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    wanted = [_general_name(name) for name in dict.fromkeys(names)]
    is_new = not files["ca"].exists()
    if is_new:
        if not wanted:
            raise AuthorityError(
                "give the host names that programs use, such as api.hipchat.com"
            )
        authority_key = _open_key(files["ca-key"])
        authority = _sign_authority(authority_key, wanted, now)
        _write(files["ca"], _pem(authority), mode=0o644)
    else:
        authority_key = _load_key(files["ca-key"])
        authority = _load_certificate(files["ca"])
        present = _load_certificate(files["server"]).extensions
        named = present.get_extension_for_class(x509.SubjectAlternativeName)
        wanted = wanted or list(named.value)
        _check_allowed(authority, wanted)
    key = _open_key(files["server-key"])
    certificate = _sign_server(authority, authority_key, key, wanted, now)
    _write(files["server"], _pem(certificate), mode=0o644)
    return Authority(
        certificate=files["ca"],
        key=files["ca-key"],
        server_certificate=files["server"],
        server_key=files["server-key"],
        names=tuple(str(name.value) for name in wanted),
        expires=certificate.not_valid_after_utc,
        is_new=is_new,
    )


def _sign_authority(
    key: rsa.RSAPrivateKey, names: Sequence[x509.GeneralName], now: datetime
) -> x509.Certificate:
    subject = _common_name(f"hipkit CA for {names[0].value}")
    return (
        _begin(subject, subject, key, now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(_constraints(names), critical=True)
        .sign(key, hashes.SHA256())
    )


def _sign_server(
    authority: x509.Certificate,
    authority_key: rsa.RSAPrivateKey,
    key: rsa.RSAPrivateKey,
    names: Sequence[x509.GeneralName],
    now: datetime,
) -> x509.Certificate:
    subject = _common_name(str(names[0].value))
    issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(
        authority_key.public_key()
    )
    return (
        _begin(subject, authority.subject, key, now, SERVER_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
        )
        .add_extension(issuer_key, critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def _common_name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _begin(
    subject: x509.Name,
    issuer: x509.Name,
    key: rsa.RSAPrivateKey,
    now: datetime,
    days: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
        )
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=not signs_certificates,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _constraints(names: Sequence[x509.GeneralName]) -> x509.NameConstraints:
    """Permit the names only. A kind of name that is not listed has to be excluded as a whole."""
    hosts: list[x509.GeneralName] = [n for n in names if isinstance(n, x509.DNSName)]
    addresses: list[x509.GeneralName] = [
        x509.IPAddress(ipaddress.ip_network(n.value))
        for n in names
        if isinstance(n, x509.IPAddress)
    ]
    excluded: list[x509.GeneralName] = [] if hosts else [x509.DNSName("")]
    if not addresses:
        everywhere = ("0.0.0.0/0", "::/0")
        excluded += [x509.IPAddress(ipaddress.ip_network(n)) for n in everywhere]
    return x509.NameConstraints(hosts + addresses, excluded or None)


def _check_allowed(
    authority: x509.Certificate, names: Sequence[x509.GeneralName]
) -> None:
    found = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    permitted = found.permitted_subtrees or ()
    for name in names:
        if not any(_is_within(name, allowed) for allowed in permitted):
            raise AuthorityError(
                f"this authority was not created for {name.value}; create another one in"
                " another folder"
            )


def _is_within(name: x509.GeneralName, allowed: x509.GeneralName) -> bool:
    if isinstance(name, x509.DNSName) and isinstance(allowed, x509.DNSName):
        return name.value == allowed.value or name.value.endswith(f".{allowed.value}")
    if isinstance(name, x509.IPAddress) and isinstance(allowed, x509.IPAddress):
        return ipaddress.ip_network(name.value) == allowed.value
    return False


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    host = name.lower().rstrip(".")
    if HOST_NAME.fullmatch(host) is None:
        raise AuthorityError(f"{name!r} is neither a host name nor an IP address")
    return x509.DNSName(host)


def _open_key(path: Path) -> rsa.RSAPrivateKey:
    """Return the key of a file. A new one is created in a file that only its owner can read."""
    if path.exists():
        return _load_key(path)
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    content = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    _write(path, content, mode=0o600)
    return key


def _load_key(path: Path) -> rsa.RSAPrivateKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise AuthorityError(f"{path}: not a readable key") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise AuthorityError(f"{path}: not an RSA key, so not created here")
    return key


def _load_certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except ValueError as error:
        raise AuthorityError(f"{path}: not a readable certificate") from error


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _write(path: Path, content: bytes, *, mode: int) -> None:
    """Write a file completely or not at all: a server may read it at any time."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(handle)
    part.replace(path)
