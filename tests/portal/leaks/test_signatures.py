"""Whose messages count: keys as they are published, read seldom, and no word on what was wrong."""

import logging
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1

from core.clock import at, now
from portal.leaks import signatures
from portal.models import LeakReport
from tests.keys.asking import UNKNOWN, error
from tests.portal.leaks.partner import Partner, Signer, post

pytestmark = pytest.mark.django_db
FOUND = {"token": UNKNOWN}
NOT_SIGNED = (403, "report_not_signed")


def test_what_is_signed_is_taken(partner: Partner) -> None:
    assert partner.send(FOUND).status_code == 200


def test_every_fault_of_a_signature_has_one_answer(partner: Partner) -> None:
    curved = Signer("curved", SECP384R1())
    partner.signers += [curved, Signer("second")]
    answers = {
        "another key": partner.send(FOUND, by=Signer("first")),
        "a key by another's name": partner.send(FOUND, by=Signer("second")),
        "another curve": partner.send(FOUND, by=curved),
        "a changed body": partner.send(FOUND, body=b'[{"token": "alter"}]'),
        "an unknown name": partner.send(FOUND, by=Signer("nobody")),
        "no name": partner.send(FOUND, Github_Public_Key_Identifier=""),
        "a name that is none": partner.send(FOUND, Github_Public_Key_Identifier="../" * 9),
        "no signature": partner.send(FOUND, Github_Public_Key_Signature=""),
        "a signature that is none": partner.send(FOUND, Github_Public_Key_Signature="%" * 90),
        "base64 of nothing": partner.send(FOUND, Github_Public_Key_Signature="AAAAAAAAA"),
        "no headers": post(b"[]", {}),
    }
    assert {why: error(answer) for why, answer in answers.items()} == dict.fromkeys(answers, NOT_SIGNED)
    assert len({answer.content for answer in answers.values()}) == 1
    assert not LeakReport.objects.exists()


def test_the_keys_are_read_once_for_many_messages(partner: Partner) -> None:
    for _ in range(3):
        partner.send(FOUND)
    assert partner.reads == 1


def test_a_new_key_is_read_when_it_is_named(partner: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signatures, "ASK_AGAIN", timedelta(0))
    partner.send(FOUND)
    partner.signers.append(new := Signer("new"))
    assert (partner.send(FOUND | {"url": "a wiki"}, by=new).status_code, partner.reads) == (200, 2)


def test_made_up_names_do_not_make_the_portal_read(partner: Partner) -> None:
    for n in range(5):
        partner.send(FOUND, by=Signer(f"made-up-{n}"))
    assert partner.reads == 1


def test_keys_are_read_anew_each_hour(partner: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signatures, "ASK_AGAIN", timedelta(0))
    partner.send(FOUND)
    partner.signers.clear()
    partner.signers.append(Signer("next"))
    with at(now() + timedelta(minutes=61)):
        assert error(partner.send(FOUND)) == NOT_SIGNED


def test_an_outage_of_the_list_keeps_no_report_out(
    partner: Partner, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(signatures, "ASK_AGAIN", timedelta(0))
    partner.send(FOUND)
    partner.status = 500
    with at(now() + timedelta(hours=5)), caplog.at_level(logging.WARNING):
        assert partner.send(FOUND | {"url": "a wiki"}).status_code == 200
    assert "HTTP status 500." in caplog.text


def test_without_any_key_it_is_to_be_sent_again(partner: Partner) -> None:
    partner.status = 500
    answer = partner.send(FOUND)
    assert (error(answer), answer["Retry-After"]) == ((503, "scanner_keys_missing"), "60")
