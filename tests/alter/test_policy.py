"""`alter policy` and `alter retention`: what holds for the whole portal, and what cannot be undone asks first."""

import pytest

from alter.portal_columns import POLICY, RETENTION
from audit.models import Event
from tests.alter.running import alter

pytestmark = pytest.mark.usefixtures("signed_in")


def test_the_policy_is_shown_and_made_stricter_after_a_yes() -> None:
    alter("policy", "set", "--on-leaked-token", "revoke", "--yes")
    shown = alter("policy", "show").json
    assert (list(shown), shown["public_docs"]) == (list(POLICY.fields), False)
    assert alter("policy", "set", "--two-factor", "required").code == 2
    assert alter("policy", "show").json == shown


def test_the_policy_is_not_loosened() -> None:
    said = alter("policy", "set", "--public-docs", "on", "--yes")
    assert (said.code, alter("policy", "show").json["public_docs"]) == (7, False)


def test_setting_nothing_is_usage() -> None:
    assert alter("policy", "set", "--yes").error == "error: Nothing to change."


def test_retention_is_listed_and_longer_without_asking() -> None:
    rows = alter("retention", "list", "--output", "json").json
    assert ([row["kind"] for row in rows], list(rows[0])) == (
        ["event", "call", "span"],
        list(RETENTION.fields),
    )
    assert alter("retention", "set", "call", "--days", "400", "--reason", "Contract").json["days"] == 400
    assert Event.objects.filter(reason="Contract").exists()
    assert alter("retention", "set", "call", "--days", "none").json["days"] is None


def test_a_shorter_retention_deletes_and_wants_a_yes() -> None:
    refused = alter("retention", "set", "call", "--days", "30")
    assert (refused.code, "older entries are deleted permanently" in refused.err) == (2, True)
    assert alter("retention", "set", "call", "--days", "30", "--yes").json["days"] == 30
    assert alter("retention", "set", "calls", "--days", "30").code == 2
