"""A private authority signs certificates for its own names, and for no others."""

from __future__ import annotations

import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from hipkit.server import certificates
from hipkit.server.certificates import AuthorityError, create_or_renew

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = ("api.hipchat.com", "192.0.2.1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ca"


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_a_new_authority_is_limited_to_its_names(folder: Path) -> None:
    created = create_or_renew(folder, NAMES, NOW)

    authority = load(created.certificate)
    limits = authority.extensions.get_extension_for_class(x509.NameConstraints)
    permitted = [str(name.value) for name in limits.value.permitted_subtrees or ()]
    assert created.is_new
    assert created.names == NAMES
    assert limits.critical
    assert permitted == ["api.hipchat.com", "192.0.2.1/32"]


@pytest.mark.parametrize(
    ("name", "excluded"),
    [("api.hipchat.com", ["0.0.0.0/0", "::/0"]), ("192.0.2.1", [""])],
)
def test_a_kind_of_name_that_is_not_listed_is_excluded(
    folder: Path, name: str, excluded: list[str]
) -> None:
    created = create_or_renew(folder, [name], NOW)

    limits = load(created.certificate).extensions.get_extension_for_class(
        x509.NameConstraints
    )
    found = [str(each.value) for each in limits.value.excluded_subtrees or ()]
    assert found == excluded


def test_only_the_owner_can_read_the_keys(folder: Path) -> None:
    created = create_or_renew(folder, NAMES, NOW)

    for key in (created.key, created.server_key):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(created.server_certificate, created.server_key)


def test_a_renewal_keeps_the_authority_and_both_keys(folder: Path) -> None:
    first = create_or_renew(folder, NAMES, NOW)
    kept = [path.read_bytes() for path in (first.certificate, first.server_key)]

    second = create_or_renew(folder, (), NOW + timedelta(days=100))

    assert not second.is_new
    assert second.names == NAMES
    assert second.expires == first.expires + timedelta(days=100)
    assert [
        path.read_bytes() for path in (second.certificate, second.server_key)
    ] == kept


def test_a_name_below_a_permitted_one_can_be_added(folder: Path) -> None:
    create_or_renew(folder, ["hipchat.com"], NOW)

    assert create_or_renew(folder, ["api.hipchat.com"], NOW).names == (
        "api.hipchat.com",
    )


@pytest.mark.parametrize("name", ["example.com", "nothipchat.com", "192.0.2.1"])
def test_a_name_of_others_is_refused(folder: Path, name: str) -> None:
    create_or_renew(folder, ["hipchat.com"], NOW)

    with pytest.raises(AuthorityError, match="was not created for"):
        create_or_renew(folder, [name], NOW)


@pytest.mark.parametrize("name", ["", "a b", "-a.example", "*.example.com", "a" * 64])
def test_what_is_no_host_name_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(AuthorityError, match="neither a host name nor an IP address"):
        create_or_renew(folder, [name], NOW)


def test_a_new_authority_needs_a_name(folder: Path) -> None:
    with pytest.raises(AuthorityError, match="give the host names"):
        create_or_renew(folder, [], NOW)


@pytest.mark.parametrize(
    ("file", "problem"),
    [("ca-key.pem", "not a readable key"), ("ca.pem", "not a readable certificate")],
)
def test_a_damaged_file_is_named(folder: Path, file: str, problem: str) -> None:
    create_or_renew(folder, NAMES, NOW)
    (folder / file).write_text("damaged")

    with pytest.raises(AuthorityError, match=f"{file}: {problem}"):
        create_or_renew(folder, (), NOW)


def test_apple_s_limit_of_825_days_is_kept(folder: Path) -> None:
    created = create_or_renew(folder, NAMES, NOW)

    certificate = load(created.server_certificate)
    lifetime = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert lifetime < timedelta(days=825)
    assert certificates.SERVER_DAYS < certificates.AUTHORITY_DAYS
