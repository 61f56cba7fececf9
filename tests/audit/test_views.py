"""The pages of the record: what they find, whom they let in, and what hostile text cannot do there."""

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from agents.models import Agent, App
from audit.actors import shell
from audit.clock import at
from audit.ids import new_id
from audit.models import Call, Event
from keys import lifecycle
from keys.plaintext import generate
from portal.models import User
from tests.audit.records import DAY, HOUR, MINUTE, NOON, PREFIX, acted, called
from tests.factories import minted
from tests.keys.asking import ask, opened
from tests.keys.family import derived, parent_of

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=y> {{ 7 }}"
Queries = Callable[[int], Any]
Read = Callable[..., Any]


@pytest.fixture
def read(app: App, developer: User, signed_in: Callable[[User], Client]) -> Read:
    """`read(key="…")`: the timeline as a developer of `app` sees it."""
    client = signed_in(developer)
    return lambda **asked: client.get(reverse("audit", args=[app.id]), asked)


def text(response: Any) -> str:
    """What stands on a page, without its markup."""
    words = re.sub(r"<[^>]+>", "", response.content.decode())
    return " ".join(html.unescape(words).split())


def entries(response: Any) -> list[str]:
    """The ids of the entries on a page, from top to bottom."""
    return re.findall(
        r'class="entry" href="/apps/[^/]+/audit/(?:events|calls)/([^/]+)/"', response.content.decode()
    )


def link(response: Any, words: str) -> str:
    """Where the link that reads `words` leads."""
    found = re.search(rf'<a[^>]* href="([^"]*)"[^>]*>{re.escape(words)}</a>', response.content.decode())
    return html.unescape(found[1]) if found else ""


def event_page(client: Client, event: Event) -> Any:
    return client.get(reverse("audit-event", args=[event.app_id, event.id]))


def call_page(client: Client, call: Call) -> Any:
    return client.get(reverse("audit-call", args=[call.app_id, call.id]))


# ── who may ─────────────────────────────────────────────────────────────────


def test_whoever_is_not_signed_in_is_sent_to_sign_in(app: App) -> None:
    response = Client().get(reverse("audit", args=[app.id]))
    assert (response.status_code, "/account/login/" in response.headers["Location"]) == (302, True)


@pytest.mark.parametrize("who", ["admin", "developer", "support"])
def test_everyone_with_a_role_may_read(
    app: App, who: str, signed_in: Callable[[User], Client], request: pytest.FixtureRequest
) -> None:
    client = signed_in(request.getfixturevalue(who))
    assert client.get(reverse("audit", args=[app.id])).status_code == 200


@pytest.mark.parametrize("page", ["audit", "audit-event", "audit-call"])
def test_to_an_outsider_there_is_no_record(
    app: App, outsider: User, signed_in: Callable[[User], Client], page: str
) -> None:
    ids = {"audit": [], "audit-event": [acted(app.id).id], "audit-call": [called(app.id).id]}
    assert signed_in(outsider).get(reverse(page, args=[app.id, *ids[page]])).status_code == 404


@pytest.mark.parametrize("write", [acted, called], ids=["audit-event", "audit-call"])
def test_an_entry_of_another_app_is_not_there_under_ones_own(
    app: App, outsider: User, other_app: App, signed_in: Callable[[User], Client], write: Any
) -> None:
    row = write(app.id)
    page = "audit-event" if isinstance(row, Event) else "audit-call"
    assert signed_in(outsider).get(reverse(page, args=[other_app.id, row.id])).status_code == 404


def test_what_another_app_caused_is_not_shown(
    app: App, other_app: App, developer: User, signed_in: Callable[[User], Client]
) -> None:
    cause = acted(other_app.id, actor_label="Stranger")
    event = acted(app.id, cause_id=cause.id)
    acted(other_app.id, cause_id=event.id, actor_label="Stranger")
    assert "Stranger" not in text(event_page(signed_in(developer), event))


@pytest.mark.parametrize("page", ["audit-event", "audit-call"])
def test_an_entry_that_never_was_is_not_there(
    app: App, developer: User, signed_in: Callable[[User], Client], page: str
) -> None:
    assert signed_in(developer).get(reverse(page, args=[app.id, new_id()])).status_code == 404


def test_nothing_can_be_posted_to_the_record(
    app: App, developer: User, signed_in: Callable[[User], Client]
) -> None:
    assert signed_in(developer).post(reverse("audit", args=[app.id])).status_code == 405


# ── the timeline ────────────────────────────────────────────────────────────


def test_an_act_is_told_in_a_sentence(read: Read, app: App) -> None:
    acted(app.id, action="key.deprecate", reason="moving on", ip="203.0.113.9")
    assert "Ada did key.deprecate on worker page · “moving on” 203.0.113.9" in text(read())


def test_a_call_is_told_in_a_sentence(read: Read, app: App) -> None:
    called(app.id, method="POST", path="/grants/issue", ip="203.0.113.7")
    assert "Allowed worker called POST /grants/issue x7Kd2mQp 203.0.113.7" in text(read())


def test_a_refused_call_tells_why(read: Read, app: App) -> None:
    called(
        app.id, code="ip_not_allowed", check_failed="address", detail="203.0.113.7 is in none of 192.0.2.0/24"
    )
    assert "Refused worker called GET /grants x7Kd2mQp · address: 203.0.113.7 is in none of" in text(read())


def test_every_day_has_a_heading(read: Read, app: App) -> None:
    called(app.id, at=NOON), called(app.id, at=NOON - HOUR), called(app.id, at=NOON - DAY)
    assert re.findall(r"\w+ \d+ \w+ 2026, UTC", text(read())) == [
        "Monday 1 June 2026, UTC",
        "Sunday 31 May 2026, UTC",
    ]


def filtered(app: App, agent: Agent) -> list[tuple[dict[str, str], Event | Call]]:
    """Filters, and the one entry of the app that each lets through."""
    key_id = new_id()
    act = acted(app.id, NOON, action="key.mint", key_id=key_id, key_prefix=PREFIX, actor_label="Ada")
    allowed = called(
        app.id, NOON + MINUTE, path="/secrets", agent_id=agent.id, request_id="req-7", key_prefix=""
    )
    refused = called(app.id, NOON + 2 * MINUTE, code="ip_not_allowed", ip="198.51.100.1", key_prefix="")
    return [
        ({"key": PREFIX}, act),
        ({"key": "2mQp"}, act),
        ({"key_id": str(key_id)}, act),
        ({"action": "key.mint"}, act),
        ({"action": "key"}, act),
        ({"actor": "ada"}, act),
        ({"outcome": "allowed"}, allowed),
        ({"path": "/sec"}, allowed),
        ({"agent": str(agent.id)}, allowed),
        ({"request": "req-7"}, allowed),
        ({"outcome": "refused"}, refused),
        ({"code": "ip_not_allowed"}, refused),
        ({"ip": "198.51.100.1"}, refused),
        ({"range": "custom", "since": "2026-06-01 12:02", "until": "2026-06-01 12:03"}, refused),
    ]


@pytest.mark.parametrize("number", range(14))
def test_every_filter_finds_what_it_says(read: Read, app: App, agent: Agent, number: int) -> None:
    asked, entry = filtered(app, agent)[number]
    assert entries(read(**asked)) == [str(entry.id)]


def test_each_filter_in_force_is_a_token_that_takes_it_away(read: Read, app: App) -> None:
    response = read(outcome="refused", ip="203.0.113.7")
    assert 'href="?ip=203.0.113.7" aria-label="Remove outcome: refused"' in response.content.decode()


def test_a_filter_without_a_control_is_kept_by_the_form(read: Read) -> None:
    assert '<input type="hidden" name="path" value="/grants"' in read(path="/grants").content.decode()


@pytest.mark.parametrize(
    ("tab", "asked"),
    [("Everything", {}), ("Refusals", {"outcome": "refused"}), ("Changes to keys", {"action": "key"})],
)
def test_a_tab_is_open_where_it_leads(read: Read, tab: str, asked: dict[str, str]) -> None:
    assert re.search(rf'aria-current="page">{tab}</a>', read(**asked).content.decode())


def test_a_tab_keeps_the_other_filters(read: Read) -> None:
    assert link(read(ip="203.0.113.7", action="key"), "Refusals") == "?ip=203.0.113.7&outcome=refused"


def test_older_and_newer_lead_through_the_pages(read: Read, app: App, developer: User) -> None:
    calls = [called(app.id, NOON + MINUTE * minute) for minute in range(60)]
    first = read(outcome="allowed")
    second = read(**dict(pair.split("=") for pair in link(first, "Older")[1:].split("&")))
    assert entries(second) == [str(call.id) for call in calls[9::-1]]
    back = read(**dict(pair.split("=") for pair in link(second, "Newer")[1:].split("&")))
    assert entries(back) == entries(first)


def test_a_page_holds_still_while_calls_arrive(read: Read, app: App) -> None:
    for minute in range(60):
        called(app.id, NOON + MINUTE * minute)
    older = dict([link(read(), "Older")[1:].split("=")])
    before = entries(read(**older))
    called(app.id, NOON + DAY)
    assert entries(read(**older)) == before


@pytest.mark.parametrize("rows", [1, 60])
def test_the_timeline_is_a_fixed_number_of_queries(
    read: Read, app: App, rows: int, django_assert_num_queries: Queries
) -> None:
    for _ in range(rows):
        acted(app.id), called(app.id)
    with django_assert_num_queries(TIMELINE_QUERIES):
        read()


# ── nothing to show ─────────────────────────────────────────────────────────


def test_nothing_matched_lists_the_filters_with_a_way_out_of_each(read: Read) -> None:
    response = read(outcome="refused", ip="203.0.113.7")
    assert "Nothing matched" in text(response)
    assert link(response, "leave out outcome") == "?ip=203.0.113.7"


def test_nothing_matched_offers_the_nearest_older_time_with_data(read: Read, app: App) -> None:
    called(app.id, NOON - DAY)
    with at(NOON):
        response = read(range="1h", outcome="allowed")
    assert "The last one before that time was 1 d ago" in text(response)
    assert link(response, "Look at all time") == "?outcome=allowed"


def test_beyond_the_last_page_there_is_a_way_back(read: Read, app: App) -> None:
    response = read(outcome="allowed", before=f"1-{'0' * 32}")
    assert "Nothing further this way" in text(response)
    assert link(response, "Go to the newest entry") == "?outcome=allowed"


def test_an_app_of_which_nothing_is_recorded_says_so(
    other_app: App, admin: User, signed_in: Callable[[User], Client]
) -> None:
    response = signed_in(admin).get(reverse("audit", args=[other_app.id]), {"outcome": "allowed"})
    assert "Nothing matched" in text(response)


# ── bad input ───────────────────────────────────────────────────────────────

BAD = [
    ({"before": "x"}, "place cannot be read"),
    ({"after": f"{'9' * 18}-{'0' * 32}"}, "place cannot be read"),
    ({"range": "custom", "since": "yesterday"}, "Write a moment such as"),
    ({"range": "9y"}, "Select a valid choice"),
    ({"outcome": "maybe"}, "Select a valid choice"),
    ({"action": "key.eat"}, "Select a valid choice"),
    ({"agent": "seven"}, "Enter a valid UUID"),
    ({"key_id": "seven"}, "Enter a valid UUID"),
    ({"ip": "here"}, "Write a whole address"),
    ({"key": "a\x00b"}, "Null characters are not allowed"),
    ({"path": "/" * 301}, "at most 300 characters"),
]


@pytest.mark.parametrize(("asked", "complaint"), BAD)
def test_what_cannot_be_read_is_told_and_nothing_typed_is_lost(
    read: Read, app: App, asked: dict[str, str], complaint: str
) -> None:
    response = read(**{"actor": "typed before", **asked})
    assert (response.status_code, entries(response)) == (422, [])
    assert complaint in text(response)
    for value in ("typed before", *(asked[name] for name in asked if name not in ("before", "after"))):
        assert html.escape(value) in response.content.decode()


@pytest.mark.parametrize("asked", [asked for asked, _ in BAD])
def test_what_cannot_be_read_is_not_called_an_empty_record(read: Read, asked: dict[str, str]) -> None:
    assert "Nothing yet" not in text(read(**asked))


@pytest.mark.parametrize("name", ["key", "actor", "path", "request", "code", "ip"])
def test_a_pasted_key_leaves_the_address_at_once(read: Read, name: str) -> None:
    secret = generate("app")
    plaintext = secret.take()
    response = read(**{name: plaintext, "outcome": "refused"})
    assert response.status_code == 302
    assert response.headers["Location"] == f"?{name}={secret.prefix}&outcome=refused".replace(
        "?outcome=refused", "?"
    ) or set(response.headers["Location"][1:].split("&")) == {f"{name}={secret.prefix}", "outcome=refused"}
    assert plaintext not in response.content.decode()


def test_htmx_gets_the_page_without_its_frame(
    app: App, developer: User, signed_in: Callable[[User], Client]
) -> None:
    response = signed_in(developer).get(reverse("audit", args=[app.id]), headers={"HX-Request": "true"})
    assert 'id="log"' in response.content.decode()
    assert '<nav class="side"' not in response.content.decode()


# ── hostile text ────────────────────────────────────────────────────────────

TOLD_OF_BOTH = ("key_name", "agent_name", "ip", "user_agent", "request_id", "via")
TOLD_OF_ACTS = ("actor_label", "target_label", "reason", "action", "target_kind", "target_id")
TOLD_OF_CALLS = ("method", "path", "detail", "code", "check_failed", "scopes")


def hostile(write: Any, app: App, *columns: str) -> Any:
    row = write(app.id)
    lengths = {name: row._meta.get_field(name).max_length for name in columns}
    return write(app.id, **{name: HOSTILE[: lengths[name]] for name in columns}, agent_id=new_id())


def hostile_act(app: App) -> Event:
    chaos = {HOSTILE: [HOSTILE, [HOSTILE, {HOSTILE: HOSTILE}]]}
    return acted(
        app.id, changes=chaos, facts={HOSTILE: HOSTILE}, agent_id=new_id(), **as_hostile(Event, TOLD_OF_ACTS)
    )


def hostile_call(app: App) -> Call:
    return called(app.id, agent_id=new_id(), allowed=False, **as_hostile(Call, TOLD_OF_CALLS))


def as_hostile(record: Any, names: tuple[str, ...]) -> dict[str, str]:
    """Text that would do harm in each of these columns, as much of it as fits."""
    return {name: HOSTILE[: record._meta.get_field(name).max_length] for name in (*names, *TOLD_OF_BOTH)}


def harm(response: Any) -> list[str]:
    """Markup on a page that no template of ours wrote."""
    return re.findall(r"<script>|<img|onerror=y>", response.content.decode())


def test_hostile_text_is_only_text_in_the_timeline(read: Read, app: App) -> None:
    hostile_act(app), hostile_call(app)
    assert harm(read()) == []


def test_hostile_text_is_only_text_on_an_acts_page(
    app: App, developer: User, signed_in: Callable[[User], Client]
) -> None:
    response = event_page(signed_in(developer), hostile_act(app))
    assert (response.status_code, harm(response)) == (200, [])


def test_hostile_text_is_only_text_on_a_calls_page(
    app: App, developer: User, signed_in: Callable[[User], Client]
) -> None:
    response = call_page(signed_in(developer), hostile_call(app))
    assert (response.status_code, harm(response)) == (200, [])


@pytest.mark.parametrize(
    "name", ["key", "actor", "path", "request", "code", "ip", "outcome", "since", "before"]
)
def test_a_hostile_filter_is_only_text(read: Read, name: str) -> None:
    assert harm(read(**{"range": "custom", name: HOSTILE[:30]})) == []


# ── one act ─────────────────────────────────────────────────────────────────


def test_an_acts_page_tells_before_and_after(
    app: App, developer: User, signed_in: Callable[[User], Client]
) -> None:
    event = acted(
        app.id, changes={"scopes": [["grants:read", "keys:read"], []], "expires_at": [None, "2026-06-01"]}
    )
    shown = text(event_page(signed_in(developer), event))
    assert "scopes grants:read keys:read none" in shown
    assert "expires_at – 2026-06-01" in shown


def test_an_acts_page_tells_everything_there_is(
    app: App, developer: User, signed_in: Callable[[User], Client]
) -> None:
    told = {
        "reason": "lost",
        "ip": "203.0.113.9",
        "user_agent": "curl/8",
        "request_id": "req-7",
        "via": "cli",
    }
    shown = text(event_page(signed_in(developer), acted(app.id, facts={"forced": True}, **told)))
    for value in (*told.values(), "Ada <ada@example.com>", "forced yes"):
        assert value in shown


def test_an_act_that_changed_nothing_says_so(
    app: App, developer: User, signed_in: Callable[[User], Client]
) -> None:
    assert "This act changed no fields." in text(event_page(signed_in(developer), acted(app.id)))


def test_a_cascade_is_shown_from_both_ends(
    app: App, developer: User, signed_in: Callable[[User], Client]
) -> None:
    parent = parent_of(app).key
    child = derived(parent).key
    lifecycle.revoke(shell(), parent)
    cause = Event.objects.get(action="key.revoke", key_id=parent.id)
    effect = Event.objects.get(action="key.revoke", key_id=child.id)
    client = signed_in(developer)
    assert entries(event_page(client, cause)) == [str(effect.id)]
    assert entries(event_page(client, effect)) == [str(cause.id)]


def test_an_acts_page_leads_to_all_that_belongs_to_it(
    app: App, developer: User, signed_in: Callable[[User], Client]
) -> None:
    event = acted(app.id, key_id=new_id(), key_prefix=PREFIX, request_id="req 7&x")
    response = event_page(signed_in(developer), event)
    assert link(response, "everything with this key").endswith(f"?key_id={event.key_id}")
    assert link(response, "same request").endswith("?request=req%207%26x")


# ── one call ────────────────────────────────────────────────────────────────


def test_a_refused_calls_page_tells_which_checks_it_passed(
    app: App, developer: User, signed_in: Callable[[User], Client]
) -> None:
    ask(minted(app).plaintext.take(), "grants:admin")
    shown = text(call_page(signed_in(developer), Call.objects.get()))
    assert "Refused at the check “scope”" in shown
    assert "The answer was 403 insufficient_scope" in shown
    assert "scope lacks grants:admin" in shown


def test_an_allowed_calls_page_tells_that_it_passed_every_check(
    app: App, developer: User, signed_in: Callable[[User], Client]
) -> None:
    ask(minted(app).plaintext.take())
    response = call_page(signed_in(developer), Call.objects.get())
    assert response.content.decode().count('<li class="yes">') == 10


def test_a_calls_page_shows_its_neighbours(
    app: App, developer: User, signed_in: Callable[[User], Client]
) -> None:
    calls = [called(app.id, NOON + MINUTE * minute) for minute in range(15)]
    assert entries(call_page(signed_in(developer), calls[7])) == [str(call.id) for call in calls[12:1:-1]]


@pytest.mark.parametrize("rows", [1, 12])
def test_a_calls_page_is_a_fixed_number_of_queries(
    app: App,
    developer: User,
    signed_in: Callable[[User], Client],
    rows: int,
    django_assert_num_queries: Queries,
) -> None:
    calls = [called(app.id) for _ in range(rows)]
    client = signed_in(developer)
    with django_assert_num_queries(CALL_QUERIES):
        call_page(client, calls[0])


def test_no_page_of_the_record_holds_a_plaintext(
    app: App, developer: User, signed_in: Callable[[User], Client]
) -> None:
    secret = opened(minted(app))[1]
    ask(secret, headers={"X-Original-URI": f"/use/{secret}", "User-Agent": secret, "X-Request-ID": secret})
    client = signed_in(developer)
    pages = [client.get(reverse("audit", args=[app.id])), call_page(client, Call.objects.get())]
    assert all(secret not in page.content.decode() and page.status_code == 200 for page in pages)
