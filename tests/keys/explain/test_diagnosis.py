"""How a refusal is set right: what the record knows, the button for those who may, a message for those who may not."""

import html
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from agents.lifecycle import resume_agent, suspend_agent
from agents.models import Agent, App
from audit.actors import Actor, shell
from audit.models import Call
from audit.search.explain import Explanation, alike, explain
from keys import lifecycle
from keys.networks import parse_networks
from portal.models import User
from tests.audit.reading import call_page, link, text
from tests.audit.records import DAY, HOUR, NOON, called
from tests.factories import minted
from tests.keys.asking import ask, opened
from tests.keys.family import derived, parent_of

Acting = Callable[[User, App | None], Actor]
SignIn = Callable[[User], Client]
HERE = "https://portal.example.com/entry"


@pytest.fixture
def told(app: App, admin: User, acting: Acting) -> Callable[..., Explanation]:
    """`told()`: the one refusal there is, explained to an admin, or to another actor."""

    def explained(actor: Actor | None = None) -> Explanation:
        refused = Call.objects.filter(allowed=False).latest("at")
        return explain(refused, actor or acting(admin, app), app.name, HERE)

    return explained


def offers(explained: Explanation) -> dict[str, str]:
    """What the buttons say, to where they lead."""
    return {offer.says: offer.address for offer in explained.offers}


def query(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


# ── what the record knows ───────────────────────────────────────────────────


def test_of_a_revoked_key_it_tells_who_when_and_why(app: App, told: Any) -> None:
    key, secret = opened(minted(app))
    lifecycle.revoke(shell(), key, reason="pasted in an issue")
    ask(secret)
    assert (told().evidence.action, told().evidence.reason) == ("key.revoke", "pasted in an issue")


def test_a_replacement_begins_like_the_revoked_key(app: App, told: Any) -> None:
    key, secret = opened(minted(app))
    lifecycle.revoke(shell(), key)
    ask(secret)
    assert offers(told())["Mint replacement"] == f"{reverse('key-mint', args=[app.id])}?from={key.id}"


def test_a_replacement_of_an_agents_key_is_minted_under_the_agent(app: App, agent: Agent, told: Any) -> None:
    key, secret = opened(minted(app, agent=agent))
    lifecycle.revoke(shell(), key, force=True)
    ask(secret)
    assert offers(told())["Mint replacement"].startswith(reverse("agent-key-mint", args=[app.id, agent.id]))


def test_a_suspended_agent_is_resumed_by_a_button(app: App, agent: Agent, told: Any) -> None:
    secret = minted(app, agent=agent).plaintext.take()
    suspend_agent(shell(), agent, "writes twice")
    ask(secret)
    first = told().offers[0]
    assert (first.address, first.posts) == (reverse("agent-resume", args=[app.id, agent.id]), True)
    assert told().evidence.reason == "writes twice"


def test_of_an_agent_resumed_since_it_says_so_and_offers_no_second_time(
    app: App, agent: Agent, told: Any
) -> None:
    secret = minted(app, agent=agent).plaintext.take()
    suspend_agent(shell(), agent)
    ask(secret)
    resume_agent(shell(), agent)
    assert "resumed since" in told().says
    assert not [offer for offer in told().offers if offer.posts]


def test_of_a_key_revoked_with_its_parent_it_tells_what_brought_it_about(app: App, told: Any) -> None:
    parent = parent_of(app).key
    secret = derived(parent).plaintext.take()
    lifecycle.revoke(shell(), parent)
    ask(secret)
    assert told().evidence.cause_id is not None


def test_a_key_whose_parents_grace_is_over_leads_to_the_parent(app: App, told: Any) -> None:
    parent = parent_of(app).key
    secret = derived(parent).plaintext.take()
    lifecycle.rotate(shell(), parent, grace=timedelta(0))
    ask(secret)
    assert offers(told())["Open parent key"] == reverse("key", args=[app.id, parent.id])


def test_of_a_rotated_key_it_leads_to_the_successor(app: App, told: Any) -> None:
    key, secret = opened(minted(app))
    successor = lifecycle.rotate(shell(), key, grace=timedelta(0)).key
    ask(secret)
    assert offers(told())["Open successor"] == reverse("key", args=[app.id, successor.id])


def test_a_key_for_an_address_is_asked_for_with_that_address(app: App, told: Any) -> None:
    key, secret = opened(minted(app, networks=parse_networks(["203.0.113.0/24"])))
    ask(secret, REMOTE_ADDR="198.51.100.7")
    asked = query(offers(told())["Mint a key for this address too"])
    assert asked == {"from": str(key.id), "also_networks": "198.51.100.7"}


def test_a_scope_that_the_caller_named_is_said_and_never_filled_in(app: App, told: Any) -> None:
    key, secret = opened(minted(app))
    ask(secret, "grants:write", "keys:read")
    assert "grants:write, keys:read" in told().says
    assert offers(told())["Edit permissions…"] == reverse("key-permissions", args=[app.id, key.id])
    assert not [address for address in offers(told()).values() if "grants" in address]


def test_a_higher_limit_is_twice_the_one_that_was_met(app: App, told: Any) -> None:
    called(app.id, code="rate_limit_exceeded", check_failed="throttle", facts={"limit": 60})
    assert query(offers(told())["Mint a key with twice the limit"])["rate_limit_rpm"] == "120"


def test_no_limit_is_offered_beyond_the_highest(app: App, told: Any) -> None:
    called(app.id, code="rate_limit_exceeded", check_failed="throttle", facts={"limit": 90000})
    assert query(offers(told())["Mint a key with twice the limit"])["rate_limit_rpm"] == "100000"


def test_a_way_that_needs_what_is_not_known_is_left_out(app: App, told: Any) -> None:
    called(app.id, code="key_rotated_grace_expired", check_failed="grace not over", key_id=None)
    assert offers(told()) == {}


# ── how often ───────────────────────────────────────────────────────────────


def test_refusals_alike_are_counted_from_a_day_before_to_a_day_after(app: App) -> None:
    same = {"code": "ip_not_allowed", "ip": "198.51.100.7"}
    for hours in (-25, -23, 0, 23, 25):
        called(app.id, NOON + hours * HOUR, **same)
    called(app.id, NOON, code="ip_not_allowed", ip="198.51.100.8"), called(app.id, NOON, ip="198.51.100.7")
    found = alike(Call.objects.get(at=NOON, **same))
    assert found and (found.count, found.first_at, found.last_at) == (3, NOON - 23 * HOUR, NOON + 23 * HOUR)


def test_a_refusal_that_is_alone_is_like_no_other(app: App) -> None:
    called(app.id, NOON - 2 * DAY, code="ip_not_allowed")
    assert alike(called(app.id, NOON, code="ip_not_allowed")) is None


# ── who may ─────────────────────────────────────────────────────────────────


def test_whoever_may_gets_no_message(app: App, told: Any) -> None:
    ask(minted(app).plaintext.take(), "grants:write")
    assert told().message == ""


def test_whoever_may_not_gets_a_message_that_tells_all_there_is(
    app: App, support: User, acting: Acting, told: Any
) -> None:
    key, secret = opened(minted(app, name="worker"))
    ask(secret, "grants:write", REMOTE_ADDR="198.51.100.7")
    message = told(acting(support, app)).message
    assert message.startswith("To an admin of checkout: worker (")
    for part in (
        key.prefix,
        "GET /verify",
        "198.51.100.7",
        "403 insufficient_scope",
        "lacks grants:write",
        HERE,
    ):
        assert part in message


def test_whoever_may_not_is_offered_only_what_they_may(
    app: App, support: User, acting: Acting, told: Any
) -> None:
    ask(minted(app).plaintext.take(), "grants:write")
    assert list(offers(told(acting(support, app)))) == ["Open key"]


@pytest.mark.parametrize(("who", "button"), [("developer", True), ("support", False)])
def test_the_page_shows_the_button_or_the_message(
    app: App, agent: Agent, who: str, button: bool, signed_in: SignIn, request: pytest.FixtureRequest
) -> None:
    secret = minted(app, agent=agent).plaintext.take()
    suspend_agent(shell(), agent)
    ask(secret)
    page = call_page(signed_in(request.getfixturevalue(who)), Call.objects.get())
    resume = reverse("agent-resume", args=[app.id, agent.id])
    assert (f'action="{resume}"' in page.content.decode(), "To an admin of" in text(page)) == (
        button,
        not button,
    )


def test_the_button_of_the_page_sets_it_right(
    app: App, agent: Agent, developer: User, signed_in: SignIn
) -> None:
    secret = minted(app, agent=agent).plaintext.take()
    suspend_agent(shell(), agent)
    ask(secret)
    browser = signed_in(developer)
    page = call_page(browser, Call.objects.get()).content.decode()
    browser.post(html.unescape(re.findall(r'<form method="post" action="(/apps/[^"]*resume/)"', page)[0]))
    assert ask(secret).status_code == 200


def test_the_way_out_of_an_address_ends_in_a_key_that_may_call_from_there(
    app: App, developer: User, signed_in: SignIn
) -> None:
    secret = minted(app, networks=parse_networks(["203.0.113.0/24"])).plaintext.take()
    ask(secret, REMOTE_ADDR="198.51.100.7")
    browser = signed_in(developer)
    form = browser.get(link(call_page(browser, Call.objects.get()), "Mint a key for this address too"))
    assert 'value="203.0.113.0/24, 198.51.100.7"' in form.content.decode()
