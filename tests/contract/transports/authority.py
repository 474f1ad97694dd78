"""Certificates for the tests, from an authority that nobody else trusts."""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization


class Authority:
    """Signs certificates, and says where its own is kept."""

    def __init__(self, folder: Path) -> None:
        self._authority = trustme.CA()
        self._folder = folder
        self.file = str(folder / "authority.pem")
        self._authority.cert_pem.write_to_path(self.file)

    def hashed_folder(self) -> str:
        """Make a folder of authorities as OpenSSL wants it: files named by their subject."""
        certificate = x509.load_pem_x509_certificate(self._authority.cert_pem.bytes())
        canonical = x509.Name(
            x509.NameAttribute(part.oid, str(part.value).lower())
            for part in certificate.subject
        ).public_bytes()
        # Without the tag and length of the sequence, and in UTF-8, which is the default.
        digest = hashlib.sha1(canonical[2:], usedforsecurity=False).digest()
        folder = self._folder / "hashed"
        folder.mkdir(exist_ok=True)
        name = f"{int.from_bytes(digest[:4], 'little'):08x}.0"
        self._authority.cert_pem.write_to_path(folder / name)
        return str(folder)

    def server(self, *names: str, asks_for_certificate: bool = False) -> ssl.SSLContext:
        """Make the context of a server with these names."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(*names).configure_cert(context)
        if asks_for_certificate:
            self._authority.configure_trust(context)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def client(self, password: str | None = None) -> tuple[str, str]:
        """Write a client certificate and its key."""
        issued = self._authority.issue_cert("client@example.com")
        certificate, key = self._folder / "client.pem", self._folder / "client.key"
        certificate.write_bytes(b"".join(b.bytes() for b in issued.cert_chain_pems))
        private = serialization.load_pem_private_key(
            issued.private_key_pem.bytes(), password=None
        )
        key.write_bytes(
            private.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(password.encode())
                if password
                else serialization.NoEncryption(),
            )
        )
        return str(certificate), str(key)
