"""The pages of seals: a row is proved step by step, and the record is checked as far as a page may."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from agents.models import App
from audit.models import Call, Event, Pending, Seal
from audit.verify import main
from portal.models import User
from tests.audit.reading import text
from tests.audit.records import acted, called
from tests.audit.sealed import sealed
from tests.audit.tampering import with_fences_down


@pytest.fixture
def person(support: User, signed_in: Callable[[User], Client]) -> Client:
    return signed_in(support)


def seal_page(person: Client, row: Event | Call) -> Any:
    kind = "call" if isinstance(row, Call) else "event"
    return person.get(reverse(f"audit-{kind}-seal", args=[row.app_id, row.id]))


def integrity(person: Client, app: App, query: str = "") -> Any:
    return person.get(reverse("audit-integrity", args=[app.id]) + query)


@pytest.mark.parametrize("write", [acted, called])
def test_a_row_that_is_the_one_that_was_sealed(app: App, person: Client, write: Any) -> None:
    row = write(app.id)
    (seal,) = sealed(row)
    page = text(seal_page(person, row))
    assert "VerifiedThis entry matches" in page
    for step in ("Row hash", "Tree", "Checkpoint", "Chain", "Signature", "External copy"):
        assert step in page
    assert bytes(seal.leaf).hex()[:8] in page


def test_each_hash_of_a_proof_can_be_copied(app: App, person: Client) -> None:
    row = called(app.id)
    (seal,) = sealed(row)
    page = seal_page(person, row).content.decode()
    assert f'data-copy="{bytes(seal.leaf).hex()}" aria-label="Copy row hash: ' in page


def test_a_command_that_is_shown_runs_when_it_is_pasted(app: App, person: Client) -> None:
    page = integrity(person, app).content.decode()
    assert f">.venv/bin/python manage.py check_audit --app {app.id}</code>" in page


def test_a_row_that_was_edited(app: App, person: Client) -> None:
    call = called(app.id)
    sealed(call)
    with_fences_down(lambda: Call.objects.filter(id=call.id).update(path="/other"))
    assert "Verification failed" in text(seal_page(person, call))


def test_a_row_that_waits(app: App, person: Client) -> None:
    assert "Not sealed yet" in text(seal_page(person, called(app.id)))


def test_a_row_that_was_put_in(app: App, person: Client) -> None:
    call = called(app.id)
    Pending.objects.filter(row_id=call.id).delete()
    assert "No seal found" in text(seal_page(person, call))


def test_a_strangers_row_is_not_found(other_app: App, app: App, person: Client) -> None:
    theirs = called(other_app.id)
    sealed(theirs)
    for name in ("audit-call-seal", "audit-call-proof"):
        assert person.get(reverse(name, args=[app.id, theirs.id])).status_code == 404
    assert person.get(reverse("audit-event-seal", args=[app.id, theirs.id])).status_code == 404


@pytest.mark.parametrize("write", [acted, called])
def test_the_proof_can_be_checked_offline(app: App, person: Client, write: Any, tmp_path: Path) -> None:
    row, *_ = rows = [write(app.id) for _ in range(5)]
    sealed(*rows)
    kind = "call" if isinstance(row, Call) else "event"
    answer = person.get(reverse(f"audit-{kind}-proof", args=[app.id, row.id]))
    (tmp_path / "proof.json").write_bytes(answer.content)
    assert main([str(tmp_path / "proof.json")]) == 0


def test_a_proof_that_was_edited_does_not_hold(app: App, person: Client, tmp_path: Path) -> None:
    call = called(app.id)
    sealed(call)
    body = person.get(reverse("audit-call-proof", args=[app.id, call.id])).json()
    body["row"]["path"] = "/other"
    (tmp_path / "proof.json").write_text(json.dumps(body, indent=2))
    assert main([str(tmp_path / "proof.json")]) == 1


def test_a_row_that_waits_has_no_proof_yet(app: App, person: Client) -> None:
    answer = person.get(reverse("audit-call-proof", args=[app.id, called(app.id).id]))
    assert answer.status_code == 404


def test_the_state_is_shown_without_a_check(app: App, person: Client) -> None:
    sealed(called(app.id))
    called(app.id)
    page = text(integrity(person, app))
    assert "Pending 1 entry" in page
    assert "Verified3" not in page


def test_an_app_without_rows_has_a_page(person: Client, app: App) -> None:
    assert "Nothing yet" in text(integrity(person, app))


def test_a_record_that_holds(app: App, person: Client) -> None:
    sealed(called(app.id), acted(app.id))
    assert "Verified3 checkpoints and their entries match." in text(integrity(person, app, "?check"))


def test_a_record_that_does_not_names_the_row_with_a_link(app: App, person: Client) -> None:
    call = called(app.id)
    sealed(call)
    with_fences_down(lambda: Call.objects.filter(id=call.id).update(path="/other"))
    answer = integrity(person, app, "?check")
    assert "Verification failed1 problem" in text(answer)
    assert reverse("audit-call", args=[app.id, call.id]) in answer.content.decode()


def test_a_row_that_was_put_in_is_found_on_the_page(app: App, person: Client) -> None:
    sealed(called(app.id))
    call = called(app.id)
    Pending.objects.filter(row_id=call.id).delete()
    assert "inserted outside the portal" in text(integrity(person, app, "?check")).replace("'", "’")


def test_a_page_looks_at_the_newest_checkpoints_alone(
    app: App, person: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audit.web.integrity.MAX_CHECKED", 3)
    for _ in range(5):
        sealed(called(app.id))
    assert "Verified3 checkpoints" in text(integrity(person, app, "?check"))


def test_checkpoints_can_be_taken_along(app: App, other_app: App, person: Client, tmp_path: Path) -> None:
    sealed(called(app.id), acted(app.id), called(other_app.id))
    answer = person.get(reverse("audit-checkpoints", args=[app.id]))
    lines = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]  # type: ignore[attr-defined]
    assert {line["stream"] for line in lines} == {str(app.id)}
    assert [line["number"] for line in lines] == sorted(line["number"] for line in lines)


def test_an_outsider_sees_none_of_it(app: App, outsider: User, signed_in: Callable[[User], Client]) -> None:
    person = signed_in(outsider)
    assert integrity(person, app).status_code == 404
    assert person.get(reverse("audit-checkpoints", args=[app.id])).status_code == 404


def test_an_erased_row_is_still_the_one_that_was_sealed(app: App, person: Client) -> None:
    from audit.actors import shell
    from audit.retention.erasure import erase

    call = called(app.id, ip="198.51.100.66")
    sealed(call)
    erase(shell(), ip="198.51.100.66", reason="Request 114")
    assert Seal.objects.get(row_id=call.id).salt is None
    page = text(seal_page(person, call))
    assert "personal data was erased and replaced by a commitment" in page
    assert "VerifiedThis entry matches" in page
