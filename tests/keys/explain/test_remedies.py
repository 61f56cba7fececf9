"""Every check and every code has a remedy, whose links lead to pages."""

import re

import pytest
from django.urls import NoReverseMatch, reverse

from audit.actions import EVERY
from audit.models import Call
from audit.search.explain import REQUIREMENTS, Link, Remedy
from core.errors import all_refusals
from core.ids import new_id
from keys.admission import verdict
from keys.explain.diagnosis import remedy_of
from keys.explain.remedies import BY_CHECK, BY_CODE, UNKNOWN
from portal.docs.guides import GUIDES

REMEDIES = [*BY_CHECK.values(), *BY_CODE.values(), UNKNOWN]
LINKS = [link for remedy in REMEDIES for link in remedy.links]
VALUES = {"mint", "holder", "app", "key", "agent", "parent", "successor", "ip", "twice"}


def test_every_check_of_the_verdict_has_a_remedy_and_so_has_what_stands_beside_them() -> None:
    assert list(BY_CHECK) == [*(name for name, _ in verdict.CHECKS), "question", "act"]


def test_every_check_says_what_it_requires() -> None:
    assert list(REQUIREMENTS) == [name for name, _ in verdict.CHECKS]


def test_codes_are_codes_of_refusals() -> None:
    assert set(BY_CODE) <= {getattr(refusal, "code", "") for refusal in all_refusals()}


@pytest.mark.parametrize("link", LINKS, ids=lambda link: f"{link.says} {link.page}")
def test_a_link_leads_to_a_page_for_an_action_there_is(link: Link) -> None:
    page = "key-mint" if link.page == "{mint}" else link.page
    names = [name if name in {guide.slug for guide in GUIDES} else str(new_id()) for name in link.names]
    try:
        reverse(page, args=names[:1] if page == "key-mint" else names)
    except NoReverseMatch:
        pytest.fail(f"{link.page} does not take {link.names}")
    assert not link.action or link.action in EVERY


def test_links_name_what_can_be_known() -> None:
    named = " ".join(text for link in LINKS for text in (link.page, *link.names, *link.query.values()))
    assert set(re.findall(r"{(\w+)}", named)) <= VALUES


def test_a_code_is_known_better_than_its_check() -> None:
    call = Call(check_failed="agent active", code="agent_revoked")
    assert remedy_of(call) is BY_CODE["agent_revoked"]


def test_a_check_of_another_version_has_a_sentence_too() -> None:
    assert remedy_of(Call(check_failed="phase of the moon", code="not_now")) is UNKNOWN


@pytest.mark.parametrize("remedy", REMEDIES, ids=lambda remedy: remedy.says[:40])
def test_a_remedy_is_said_in_short_sentences(remedy: Remedy) -> None:
    assert remedy.says.endswith(".") and "!" not in remedy.says and len(remedy.says) < 200
