"""Every check and every code has a way out that leads somewhere."""

import re

import pytest
from django.urls import NoReverseMatch, reverse

from audit.actions import EVERY
from audit.models import Call
from audit.search.remedies import CHECKS, CODES, UNKNOWN, Way, fix_of
from core.errors import every
from core.ids import new_id
from keys.admission import verdict
from portal.docs.guides import GUIDES

FIXES = [*CHECKS.values(), *CODES.values(), UNKNOWN]
WAYS = [way for fix in FIXES for way in fix.ways]
FACTS = {"mint", "holder", "app", "key", "agent", "parent", "successor", "ip", "twice", "missing"}


def test_every_check_of_the_verdict_has_a_fix_and_so_has_what_stands_beside_them() -> None:
    assert list(CHECKS) == [*(name for name, _ in verdict.CHECKS), "question", "act"]


def test_codes_are_codes_of_refusals() -> None:
    assert set(CODES) <= {getattr(refusal, "code", "") for refusal in every()}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.says} {way.page}")
def test_a_way_leads_to_a_page_for_an_act_there_is(way: Way) -> None:
    page = "key-mint" if way.page == "{mint}" else way.page
    names = [name if name in {guide.slug for guide in GUIDES} else str(new_id()) for name in way.names]
    try:
        reverse(page, args=names[:1] if page == "key-mint" else names)
    except NoReverseMatch:
        pytest.fail(f"{way.page} does not take {way.names}")
    assert not way.act or way.act in EVERY


def test_ways_name_what_can_be_known() -> None:
    told = " ".join(text for way in WAYS for text in (way.page, *way.names, *way.query.values()))
    assert set(re.findall(r"{(\w+)}", told)) <= FACTS


def test_a_code_is_known_better_than_its_check() -> None:
    call = Call(check_failed="agent active", code="agent_revoked")
    assert fix_of(call) is CODES["agent_revoked"]


def test_a_check_of_another_version_has_a_sentence_too() -> None:
    assert fix_of(Call(check_failed="phase of the moon", code="not_now")) is UNKNOWN


@pytest.mark.parametrize("fix", FIXES, ids=lambda fix: fix.says[:40])
def test_a_fix_is_said_in_short_sentences(fix: object) -> None:
    says = str(getattr(fix, "says", ""))
    assert says.endswith(".") and "!" not in says and len(says) < 200
