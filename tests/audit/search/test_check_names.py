"""The words that stand for checks, outcomes and denials."""

from audit.search.check_names import CHECK_NAMES, FAILED_BY_CODE, describe_denial, label_check
from core.errors import all_refusals
from keys.admission import verdict


def test_each_check_has_a_name() -> None:
    ids = {name for name, _ in verdict.CHECKS}
    assert set(CHECK_NAMES) == ids | {"question", "act"}


def test_no_two_checks_share_a_name() -> None:
    for names in (
        [name.label for name in CHECK_NAMES.values()],
        [*(name.failed for name in CHECK_NAMES.values()), *FAILED_BY_CODE.values()],
    ):
        assert len(names) == len(set(names))


def test_each_named_code_exists() -> None:
    assert set(FAILED_BY_CODE) <= {kind.code for kind in all_refusals() if hasattr(kind, "code")}


def test_a_denial_says_the_most_that_is_known() -> None:
    assert describe_denial("not revoked", "invalid_key") == "Key revoked"
    assert describe_denial("agent active", "agent_revoked") == "Agent revoked"
    assert describe_denial("scope", "insufficient_scope") == "Missing scope"
    assert describe_denial("scope", "insufficient_scope", ["a:read"]) == "Missing scope a:read"
    assert (
        describe_denial("scope", "insufficient_scope", ["a:read", "b:read"])
        == "Missing scopes a:read, b:read"
    )


def test_a_check_of_a_later_version_goes_by_its_id() -> None:
    assert label_check("moon phase") == "moon phase"
    assert describe_denial("moon phase", "wrong_moon") == "moon phase"
