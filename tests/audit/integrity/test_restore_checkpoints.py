"""Files of checkpoints that were lost are written anew when somebody says so, and every check tells of it."""

import json

import pytest

from audit.actors import shell
from audit.integrity.checking import alarms
from audit.integrity.checking.check import CheckRange, check
from audit.integrity.restore_checkpoints import restore
from audit.integrity.sealing import checkpoints
from audit.models import Alarm, Claim, Event
from core.clock import at, now
from core.errors import Invalid, NothingToRestore, Rewritten
from tests.audit.records import DAY, called
from tests.audit.sealed import sealed
from tests.audit.tampering import with_fences_down
from tests.shell import Said

pytestmark = pytest.mark.django_db


@pytest.fixture
def lost() -> None:
    """Three checkpoints, and files that end after the first."""
    for _ in range(3):
        sealed(called())
    (path,) = checkpoints.files()
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])


def findings() -> list[str]:
    with at(now() + DAY):
        return sorted(
            {finding.what for step in check(CheckRange()) for finding in step.findings}
            - {"backdated", "unchecked"}
        )


def test_they_are_written_anew_and_a_check_tells_who_and_why(lost: None) -> None:
    assert findings() == ["unkept"]
    result = Said("restore_checkpoints", "--reason", "The disk of 3 May")
    assert (result.code, "4 checkpoints are kept" in result.err) == (0, True)
    assert findings() == ["restored"]
    act = Event.objects.get(action="audit.restore")
    assert (act.reason, act.facts["kept"], act.facts["written_to"]) == ("The disk of 3 May", 1, 3)


def test_what_was_left_is_put_aside_and_an_act_alone_does_not_explain_it(lost: None) -> None:
    restore(shell(), reason="The disk")
    with_fences_down(lambda: Claim.objects.all().delete())
    assert findings() == ["cut"]


def test_it_is_an_alarm_until_then(lost: None) -> None:
    alarms.look(), alarms.look()
    (alarm,) = Alarm.objects.all()
    assert alarm.code == "checkpoints"
    assert alarm.says.startswith(
        "The checkpoint files end with checkpoint 1, but were written up to checkpoint 3. Restore the files"
    )
    assert Event.objects.filter(action="alarm.raise").count() == 1
    restore(shell(), reason="The disk")
    alarms.look()
    assert not alarms.open_alarms().exists()
    assert Event.objects.filter(action="alarm.end").count() == 1


def test_files_that_are_whole_are_left_alone() -> None:
    sealed(called())
    with pytest.raises(NothingToRestore):
        restore(shell(), reason="Why not")


def test_files_that_say_otherwise_are_not_covered_up(lost: None) -> None:
    (path,) = checkpoints.files()
    document = json.loads(path.read_text())
    for changed in ({"hash": "ab" * 32}, {"number": 99}):
        path.write_text(json.dumps(document | changed) + "\n")
        with pytest.raises(Rewritten):
            restore(shell(), reason="The disk")


def test_a_reason_must_be_given(lost: None) -> None:
    with pytest.raises(Invalid):
        restore(shell(), reason=" ")
