"""A certificate is checked before it is used, and one that works is never lost to a bad one."""

from __future__ import annotations

import contextlib
import logging
import os
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from hipkit.server.certificates import Authority, create_or_renew
from hipkit.server.tls import Certificate, CertificateError

NOW = datetime.now(UTC)


@pytest.fixture
def files(tmp_path: Path) -> Authority:
    return create_or_renew(tmp_path / "ca", ["localhost"], NOW)


def opened(files: Authority) -> Certificate:
    return Certificate(files.server_certificate, files.server_key)


def change(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    # A file system may not tell two changes within one tick of its clock apart.
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))


def presented(certificate: Certificate, files: Authority) -> bytes | None:
    """Return the certificate that a client gets, by a handshake in memory."""
    context = ssl.create_default_context(cafile=files.certificate)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(to_client, to_server, server_hostname="localhost")
    server = certificate.context.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(3):
        for side in (client, server):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
    return client.getpeercert(binary_form=True)


@pytest.mark.parametrize(
    ("file", "content", "problem"),
    [
        ("server_certificate", b"", "not PEM"),
        (
            "server_certificate",
            b"-----BEGIN PRIVATE KEY-----",
            "no certificate in it",
        ),
        ("server_key", b"-----BEGIN CERTIFICATE-----", "no private key in it"),
    ],
)
def test_a_file_of_another_kind_is_named(
    files: Authority, file: str, content: bytes, problem: str
) -> None:
    path: Path = getattr(files, file)
    path.write_bytes(content)

    with pytest.raises(CertificateError, match=f"{path.name}: {problem}"):
        opened(files)


def test_a_file_that_is_missing_is_named(files: Authority) -> None:
    files.server_key.unlink()

    with pytest.raises(CertificateError, match="No such file"):
        opened(files)


def test_a_key_of_another_certificate_is_refused(files: Authority) -> None:
    with pytest.raises(CertificateError, match="the key is not that of the first"):
        Certificate(files.server_certificate, files.key)


def test_a_key_with_a_password_is_refused(files: Authority) -> None:
    key = load_pem_private_key(files.server_key.read_bytes(), password=None)
    files.server_key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"password"),
        )
    )

    with pytest.raises(CertificateError, match="protected by a password"):
        opened(files)


def test_a_bad_renewal_leaves_the_certificate_in_use(
    files: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    certificate = opened(files)
    before = presented(certificate, files)
    change(files.server_certificate, b"damaged")

    with caplog.at_level(logging.WARNING, "hipkit.server"):
        certificate.renew(only_if_changed=True)

    assert "the certificate stays as it was" in caplog.text
    assert presented(certificate, files) == before


def test_files_that_have_not_changed_are_not_read_again(
    files: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    certificate = opened(files)

    with caplog.at_level(logging.WARNING, "hipkit.server"):
        certificate.renew(only_if_changed=True)
        assert caplog.text == ""
        certificate.renew(only_if_changed=False)

    assert "the certificate was read again" in caplog.text


def test_a_renewed_certificate_is_presented_from_then_on(files: Authority) -> None:
    certificate = opened(files)
    before = presented(certificate, files)
    create_or_renew(files.certificate.parent, (), NOW)
    change(files.server_certificate, files.server_certificate.read_bytes())

    certificate.renew(only_if_changed=True)

    assert presented(certificate, files) != before


def log_of_handshake(
    files: Authority, caplog: pytest.LogCaptureFixture, client: ssl.SSLContext | bytes
) -> list[str]:
    """Return what is logged of a client, or of one that sends these bytes."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = opened(files).context.wrap_bio(to_server, to_client, server_side=True)
    sides = [server]
    if isinstance(client, bytes):
        to_server.write(client)
    else:
        sides.insert(0, client.wrap_bio(to_client, to_server, server_hostname="x"))
    with caplog.at_level(logging.WARNING, "hipkit.server"):
        for _ in range(3):
            for side in tuple(sides):
                try:
                    side.do_handshake()
                except ssl.SSLWantReadError:
                    pass
                except ssl.SSLError:
                    sides.remove(side)
    return [record.getMessage() for record in caplog.records]


def test_a_client_that_does_not_trust_the_authority_is_logged(
    files: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    logged = log_of_handshake(files, caplog, ssl.create_default_context())

    assert len(logged) == 1
    assert "does not trust the authority of the server's certificate" in logged[0]


def test_a_client_that_finds_another_name_is_logged(
    files: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    context = ssl.create_default_context(cafile=files.certificate)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT

    (line,) = log_of_handshake(files, caplog, context)

    assert "rejected the server's certificate" in line


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        (b"GET /v2/room?auth_token=s3cr3t HTTP/1.1\r\n\r\n", "the client speaks HTTP"),
        (b"\x00\x01something else entirely", "no TLS, or an unknown version"),
    ],
)
def test_a_client_that_speaks_no_tls_is_logged_without_what_it_sent(
    files: Authority, caplog: pytest.LogCaptureFixture, sent: bytes, text: str
) -> None:
    (line,) = log_of_handshake(files, caplog, sent)

    assert text in line
    assert "s3cr3t" not in line


def test_a_client_that_trusts_the_server_is_not_logged(
    files: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "hipkit.server"):
        assert presented(opened(files), files)

    assert not caplog.records
