"""Each checkpoint is told to witnesses out of reach: what is cut off here, file and all, is known there."""

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as portal
from django.test import Client
from pytest_django import Settings

from audit import canonical
from audit.integrity.checking import alarms
from audit.integrity.checking.check import CheckRange, check
from audit.integrity.sealing import checkpoints, high_water_marks, pinned_keys, sealer, signing
from audit.integrity.witnesses import messages, sender, status, witness_settings
from audit.integrity.witnesses.witness_settings import FILE, PORTAL, Target
from audit.models import Checkpoint, Pending, Witnessed, WitnessState
from core.clock import at, now
from tests.audit.records import called
from tests.audit.sealed import sealed
from tests.audit.tampering import THEIRS, remove, with_fences_down
from tests.server import Server
from tests.shell import Said

pytestmark = pytest.mark.django_db
MINUTES = timedelta(minutes=20)


@pytest.fixture(params=["file", "portal"])
def target(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> Target:
    """A witness: a file, and this very portal, which is a witness to itself."""
    if request.param == "file":
        found = Target(FILE, str(tmp_path / "witness.jsonl"))
    else:
        served: Server = request.getfixturevalue("served")
        found = Target(PORTAL, f"{served.url}/witness", signing.public_key())
        settings.WITNESS_FOR = {"payments": signing.public_key()}
    settings.WITNESSES = (found,)
    return found


@pytest.fixture
def receives(settings: Settings) -> None:
    settings.WITNESS_FOR = {"payments": signing.public_key()}


def state(target: Target) -> WitnessState:
    return WitnessState.objects.get(name=target.id)


def said(target: Target) -> Said:
    return Said("check_audit", "--witness", target.where)


def cut_together(first: int) -> None:
    """The database, the files, their mark and that of the witness's acknowledgements: all from a number on."""

    def cut() -> None:
        for checkpoint in Checkpoint.objects.filter(number__gte=first):
            remove(checkpoint)

    with_fences_down(cut)
    Pending.objects.all().delete()
    for path in checkpoints.files():
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(line for line in lines if json.loads(line)["number"] < first))
    shutil.rmtree(portal.MARKS_DIR)


def forget(target: Target, first: int) -> None:
    """Let the witness lose what it held from a number on."""
    if target.kind == FILE:
        path = Path(target.where)
        path.write_text("".join(path.read_text().splitlines(keepends=True)[: first - 1]))
    else:
        with_fences_down(lambda: Witnessed.objects.filter(number__gte=first).delete())


def test_a_witness_is_told_of_each_once_and_in_order(target: Target) -> None:
    sealed(called()), sealed(called())
    sender.send_all()
    sealed(called())
    sender.send_all(), sender.send_all()
    assert (state(target).number, state(target).error, state(target).disagrees) == (3, "", "")
    mark = high_water_marks.read(target.id)
    assert mark and mark.number == 3
    assert said(target).code == 0
    if target.kind == FILE:
        assert [json.loads(line)["number"] for line in Path(target.where).read_text().splitlines()] == [
            1,
            2,
            3,
        ]
    else:
        assert list(Witnessed.objects.order_by("number").values_list("number", flat=True)) == [1, 2, 3]


def test_what_was_cut_off_in_database_and_files_together_is_known_to_the_witness(target: Target) -> None:
    for _ in range(4):
        sealed(called())
    sender.send_all()
    cut_together(3)
    # Of tallies whoever cuts both may make what they like.
    found = {finding.what for step in check(CheckRange()) for finding in step.findings if not finding.is_note}
    assert found - {"tally"} == set()
    assert "cut: call no. 3, checkpoint 3" in said(target).out
    assert said(target).code == 1
    sender.send_all()
    alarms.look()
    assert [alarm.code for alarm in alarms.open_alarms()] == [target.id]
    assert "silent" in {finding.what for step in check(CheckRange()) for finding in step.findings}


def test_what_was_made_anew_in_its_place_is_not_what_was_witnessed(target: Target) -> None:
    for _ in range(3):
        sealed(called())
    sender.send_all()
    cut_together(3)
    high_water_marks.write(checkpoints.MARK, 0, b"")
    sealed(called()), sealed(called())
    assert "rewritten: call no. 3, checkpoint 3" in said(target).out
    sender.send_all()
    assert "another checkpoint 3" in state(target).disagrees


def test_a_witness_that_knows_less_than_it_did_is_an_alarm_and_is_not_filled_up(target: Target) -> None:
    sealed(called()), sealed(called())
    sender.send_all()
    forget(target, 2)
    sender.send_all()
    assert state(target).disagrees == "It held checkpoint 2 and now holds no later one than 1."
    if target.kind == FILE:
        assert len(Path(target.where).read_text().splitlines()) == 1


def test_a_position_in_the_database_keeps_nothing_from_the_witness(target: Target) -> None:
    sealed(called())
    sender.send_all()
    WitnessState.objects.update(number=10**9, heard_at=now() + timedelta(days=900))
    assert dict(status.wrong())
    sealed(called())
    sender.send_all()
    assert state(target).number == 2


def test_silence_is_an_alarm_and_over_when_it_answers(target: Target, settings: Settings) -> None:
    sealed(called())
    settings.WITNESSES = (
        Target(target.kind, target.where.replace("witness", "nowhere/at-all"), target.public),
    )
    quiet = settings.WITNESSES[0]
    sender.send_all()
    assert not dict(status.wrong())
    with at(now() + MINUTES):
        sender.send_all()
        alarms.look()
        (alarm,) = alarms.open_alarms().filter(code=quiet.id)
        assert "has confirmed no checkpoint yet." in alarm.says
        assert Said("check_audit").code == 1
        settings.WITNESSES = (target,)
        sender.send_all()
        alarms.look()
        assert not alarms.open_alarms().filter(code=quiet.id).exists()


def test_an_idle_portal_is_heard_of_all_the_same(target: Target, served: Server) -> None:
    sealed(called())
    sender.send_all()
    with at(now() + MINUTES):
        served.join()
        assert dict(status.wrong())
        sender.send_all()
        assert not dict(status.wrong())


def test_a_file_on_a_disk_that_is_not_mounted_says_so(settings: Settings, tmp_path: Path) -> None:
    target = Target(FILE, str(tmp_path / "gone" / "witness.jsonl"))
    settings.WITNESSES = (target,)
    sealed(called())
    sender.send_all()
    assert "Check that it is mounted." in state(target).error


def send(client: Client, body: bytes, headers: dict[str, str], **changed: str) -> Any:
    told = {**headers, **changed}
    return client.post("/witness", body, content_type="application/json", headers=told)


def message(**changed: Any) -> tuple[bytes, dict[str, str]]:
    """One of this portal's checkpoints, signed; as something else if that is said."""
    sealed(called())
    body, headers = messages.message(
        [checkpoints.to_line(checkpoint) for checkpoint in Checkpoint.objects.order_by("number")]
    )
    if not changed:
        return body, headers
    body = json.dumps(json.loads(body) | changed).encode()
    return body, {messages.HEADER: signing.sign(messages.SIGNED + sha256(body).digest()).hex()}


def test_nobody_is_taken_for_another_portal(client: Client, receives: None) -> None:
    body, headers = message()
    theirs = THEIRS.sign(messages.SIGNED + sha256(body).digest()).hex()
    bent = body.replace(b'"after":null', b'"after":0')
    for told, signature in ((body, theirs), (body, ""), (body, "zz"), (bent, headers[messages.HEADER])):
        answer = send(client, told, {messages.HEADER: signature})
        assert (answer.status_code, answer.json()["error"]) == (422, "validation_error")
    own = json.loads(body) | {"key": THEIRS.public_key().public_bytes_raw().hex()}
    told = json.dumps(own).encode()
    signature = THEIRS.sign(messages.SIGNED + sha256(told).digest()).hex()
    assert send(client, told, {messages.HEADER: signature}).status_code == 422
    assert not Witnessed.objects.exists()


def test_what_is_no_message_is_refused_in_a_sentence(client: Client, receives: None) -> None:
    for body in (b"", b"x", b"[]", b"{}", b'{"format": "alter-witness-1"}', b"[" * 5000):
        assert send(client, body, {messages.HEADER: "00"}).status_code == 422, body[:40]
    bent: tuple[dict[str, Any], ...] = (
        {"checkpoints": "x"}, {"checkpoints": [1]}, {"checkpoints": [{}] * 501}, {"at": "soon"},
        {"at": "2020-01-01T00:00:00+00:00"}, {"after": -1}, {"after": "x"},
    )  # fmt: skip
    for changed in bent:
        assert send(client, *message(**changed)).status_code == 422, changed
    told = checkpoints.to_line(Checkpoint.objects.latest("number"))
    assert send(client, *message(checkpoints=[told | {"last_seq": told["last_seq"] + 5}])).status_code == 422
    assert client.get("/witness").status_code == 405
    assert not Witnessed.objects.exists()


def test_a_portal_that_is_a_witness_for_nobody_has_no_such_address(client: Client) -> None:
    assert send(client, *message()).status_code == 404


def test_another_checkpoint_under_a_known_number_is_kept_as_evidence_and_an_alarm(
    client: Client, receives: None
) -> None:
    assert send(client, *message()).status_code == 200
    checkpoint = Checkpoint.objects.get()
    told = checkpoints.to_line(checkpoint) | {"root": "ab" * 32}
    names = ("number", "stream", "kind", "first_seq", "last_seq", "previous", "sealed_at")
    its_hash = canonical.checkpoint_hash(
        **{name: getattr(checkpoint, name) for name in names}, root=bytes.fromhex(told["root"])
    )
    answer = send(client, *message(checkpoints=[told | {"hash": its_hash.hex()}]))
    assert (answer.status_code, answer.json()["error"]) == (409, "witness_conflict")
    assert Witnessed.objects.filter(number=checkpoint.number).count() == 2
    alarms.look()
    assert (
        "different checkpoints with the same number: 1" in alarms.open_alarms().get(code="from-payments").says
    )


def test_a_source_that_falls_silent_is_an_alarm_here_and_a_replay_does_not_hide_it(
    client: Client, receives: None
) -> None:
    body, headers = message()
    assert send(client, body, headers).status_code == 200
    with at(now() + timedelta(minutes=9)):
        assert send(client, body, headers).status_code == 200
    with at(now() + MINUTES):
        alarms.look()
        assert "has sent no checkpoint since" in alarms.open_alarms().get(code="from-payments").says


def test_a_key_that_was_handed_over_to_is_known_and_another_is_not(
    client: Client, receives: None, settings: Settings
) -> None:
    body, headers = message()
    old, seed = settings.SEAL_KEY, b"\5" * 32
    pinned_keys.hand_over(old, seed, before=signing.public_key())
    settings.SEAL_KEY = seed
    assert send(client, *message()).status_code == 200
    settings.SEAL_KEY = b"\6" * 32
    assert send(client, *message()).status_code == 422


def test_who_has_a_key_of_before_does_not_speak_for_the_portal(
    client: Client, receives: None, settings: Settings
) -> None:
    old, seed = settings.SEAL_KEY, b"\5" * 32
    pinned_keys.hand_over(old, seed, before=signing.public_key())
    settings.SEAL_KEY = seed
    settings.WITNESS_FOR = {"payments": signing.public_key()}
    assert send(client, *message()).status_code == 200
    settings.SEAL_KEY = old
    assert send(client, *message()).status_code == 422


def test_a_receipt_for_something_else_is_none(receives: None) -> None:
    body, _ = messages.message()
    told = messages.receipt(body, "payments", 3, b"h" * 32)
    assert messages.read_receipt(json.dumps(told).encode(), body).number == 3
    for changed in (
        {"number": 4},
        {"hash": "ab" * 32},
        {"signature": "00" * 64},
        {"format": "x"},
        {"checkpoints": [1]},
    ):
        with pytest.raises(ValueError, match="it|its"):
            messages.read_receipt(json.dumps(told | changed).encode(), body)
    with pytest.raises(ValueError, match="receipt"):
        messages.read_receipt(json.dumps(told).encode(), body + b" ")


@pytest.mark.parametrize(
    "text",
    [
        "ftp://x",
        "witness.jsonl",
        "file://host/x",
        "https://",
        "https://me:pw@x/",
        "https://x/#key",
        "tsa+file:///x",
    ],
)
def test_a_witness_that_cannot_be_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="PORTAL_WITNESS: .* cannot be used. Write"):
        witness_settings.read_all(text)


def test_several_witnesses_may_be_named() -> None:
    told = f"https://a.example.com/witness#{'ab' * 32}, file:///mnt/w.jsonl tsa+https://tsa.example.com"
    assert [(one.kind, one.where) for one in witness_settings.read_all(told)] == [
        ("portal", "https://a.example.com/witness"),
        ("file", "/mnt/w.jsonl"),
        ("tsa", "https://tsa.example.com"),
    ]
    assert witness_settings.sources([f"payments:{'ab' * 32}"]) == {"payments": bytes.fromhex("ab" * 32)}
    for wrong in ("payments", "payments:ab", f"Pay ments:{'ab' * 32}", f"a:{'zz' * 32}"):
        with pytest.raises(ValueError, match="PORTAL_WITNESS_FOR"):
            witness_settings.sources([wrong])


def test_the_sealer_needs_no_witness(settings: Settings, tmp_path: Path) -> None:
    settings.WITNESSES = (Target(PORTAL, "http://127.0.0.1:9/witness"),)
    called()
    assert sealer.seal_all() == 1


@pytest.fixture(autouse=True)
def nothing_is_left(settings: Settings) -> Iterator[None]:
    settings.WITNESSES, settings.WITNESS_FOR = (), {}
    yield
