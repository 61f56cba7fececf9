"""Checkpoints are signed with a key that is not in the database."""

import pytest
from pytest_django import Settings

from audit.integrity.sealing import signing
from audit.models import SealKey


def test_a_signature_holds_for_its_message_alone() -> None:
    signature = signing.sign(b"message")
    assert signing.is_signed(signing.public_key(), b"message", signature)
    assert not signing.is_signed(signing.public_key(), b"another", signature)


def test_another_key_did_not_sign_it(settings: Settings) -> None:
    signature = signing.sign(b"message")
    settings.SEAL_KEY = bytes(32)
    assert not signing.is_signed(signing.public_key(), b"message", signature)


@pytest.mark.parametrize("public", [b"", bytes(31), b"\xff" * 32])
def test_what_is_no_key_signed_nothing(public: bytes) -> None:
    assert not signing.is_signed(public, b"message", signing.sign(b"message"))


def test_a_key_has_a_short_name() -> None:
    assert len(signing.key_id()) == 16
    assert signing.key_id() == signing.key_id(signing.public_key())


@pytest.mark.django_db
def test_its_public_half_is_kept_once() -> None:
    signing.store_public_key()
    signing.store_public_key()
    assert bytes(SealKey.objects.get().public) == signing.public_key()
