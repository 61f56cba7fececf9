"""`alter audit integrity-check` against a portal that listens."""

from collections.abc import Iterator

import pytest

from agents.models import App
from alter.columns import FINDING
from alter.exit_codes import Exit, Failure
from alter.output import Row
from alter.run import Run
from audit.models import Call
from tests.alter.running import alter
from tests.audit.records import called
from tests.audit.sealed import sealed
from tests.audit.tampering import with_fences_down

pytestmark = pytest.mark.usefixtures("signed_in")


@pytest.fixture
def tampered(app: App) -> Call:
    call = called(app.id)
    sealed(call)
    with_fences_down(lambda: Call.objects.filter(id=call.id).update(path="/other"))
    return call


def test_a_record_that_holds_ends_well(app: App) -> None:
    sealed(called(app.id))
    result = alter("audit", "integrity-check", "--table", "event")
    assert (result.code, result.err.splitlines()[-1]) == (0, "Audit log verified.")


def test_a_record_that_does_not_ends_with_1_and_names_the_row(tampered: Call) -> None:
    result = alter("audit", "integrity-check", "--output", "jsonl")
    (found,) = (row for row in result.rows if not row["is_note"])
    assert result.code == 1
    assert (found["code"], found["row_id"]) == ("edited", str(tampered.id))
    assert "Verification failed: 1 finding." in result.err


def test_it_can_be_narrowed(tampered: Call) -> None:
    assert alter("audit", "integrity-check", "--table", "event").code == 0
    assert alter("audit", "integrity-check", "--end", "2020-01-01").code == 0
    assert alter("audit", "integrity-check", "--start", "2020-01-01").code == 1


def test_a_table_shows_what_and_where(tampered: Call) -> None:
    result = alter("audit", "integrity-check")
    assert "edited" in result.out
    assert "call 1" in result.out


def test_every_field_of_a_finding_is_known(tampered: Call) -> None:
    result = alter("audit", "integrity-check", "--output", "jsonl")
    assert set(result.rows[0]) == set(FINDING.fields)


def test_what_was_found_is_told_when_the_check_breaks_off(
    tampered: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def steps(run: Run, **asked: object) -> Iterator[Row]:
        told = run.client.get(run.path("audit", "integrity"))
        yield told
        raise Failure(Exit.ERROR, "It broke.")

    monkeypatch.setattr("alter.integrity._steps", steps)
    result = alter("audit", "integrity-check", "--output", "json")
    assert (result.code, result.error) == (1, "error: It broke.")
    assert "edited" in {row["code"] for row in result.json}
    assert "The rest of the audit log was not verified." in result.err
