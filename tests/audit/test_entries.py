"""The pages of one act and of one call, and what hostile text cannot do on any page of the record."""

import html
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from agents.models import App
from audit.actors import shell
from audit.integrity.sealing.sealer import seal_all
from audit.models import Call, Event, Span
from audit.templatetags.log_entries import STEPS
from core.ids import new_id
from keys import lifecycle
from portal.models import User
from tests.audit.reading import call_page, entries, entries_in, event_page, link, section, text
from tests.audit.records import MINUTE, NOON, PREFIX, acted, called
from tests.factories import minted
from tests.keys.asking import ask, opened
from tests.keys.family import derived, parent_of

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=y> {{ 7 }}"
Queries = Callable[[int], Any]


@pytest.fixture
def client(developer: User, signed_in: Callable[[User], Client]) -> Client:
    """A browser of a developer of `app`."""
    return signed_in(developer)


# ── hostile text ────────────────────────────────────────────────────────────

TOLD_OF_BOTH = ("key_name", "agent_name", "ip", "user_agent", "request_id", "via", "caller", "trace_id")
TOLD_OF_ACTS = ("actor_label", "target_label", "reason", "action", "target_kind", "target_id")
TOLD_OF_CALLS = ("method", "path", "detail", "code", "check_failed", "scopes")


def hostile_act(app: App) -> Event:
    chaos = {HOSTILE: [HOSTILE, [HOSTILE, {HOSTILE: HOSTILE}]]}
    return acted(
        app.id,
        changes=chaos,
        facts={HOSTILE: HOSTILE},
        agent_id=new_id(),
        **as_hostile(Event, TOLD_OF_ACTS),
    )


def hostile_call(app: App) -> Call:
    return called(app.id, agent_id=new_id(), allowed=False, **as_hostile(Call, TOLD_OF_CALLS))


def as_hostile(record: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """Text that would do harm in each of these columns, as much of it as fits."""
    return {"context": {HOSTILE: HOSTILE}} | {
        name: HOSTILE[: record._meta.get_field(name).max_length] for name in (*names, *TOLD_OF_BOTH)
    }


def harm(response: Any) -> list[str]:
    """Markup on a page that no template of ours wrote."""
    return re.findall(r"<script>|<img|onerror=y>", response.content.decode())


def test_hostile_text_is_only_text_in_the_timeline(app: App, client: Client) -> None:
    hostile_act(app), hostile_call(app)
    assert harm(client.get(reverse("audit", args=[app.id]))) == []


def test_hostile_text_is_only_text_on_an_acts_page(app: App, client: Client) -> None:
    response = event_page(client, hostile_act(app))
    assert (response.status_code, harm(response)) == (200, [])


def test_hostile_text_is_only_text_on_a_calls_page(app: App, client: Client) -> None:
    response = call_page(client, hostile_call(app))
    assert (response.status_code, harm(response)) == (200, [])


@pytest.mark.parametrize(
    "name", ["key", "caller", "actor", "path", "request", "code", "ip", "outcome", "since", "before"]
)
def test_a_hostile_filter_is_only_text(app: App, client: Client, name: str) -> None:
    asked = {"range": "custom", name: HOSTILE[:30]}
    assert harm(client.get(reverse("audit", args=[app.id]), asked)) == []


# ── who called ──────────────────────────────────────────────────────────────

BOTH = pytest.mark.parametrize(("write", "show"), [(acted, event_page), (called, call_page)])
TOLD: dict[str, Any] = {
    "caller": "billing worker",
    "caller_type": "service",
    "caller_id": new_id(),
    "context": {"run_id": "run-7", "step": "plan"},
    "trace_id": "0af7651916cd43dd8448eb211c80319c",
}


@BOTH
def test_a_page_tells_what_the_program_said_of_itself(
    app: App, client: Client, write: Any, show: Any
) -> None:
    shown = text(show(client, write(app.id, **TOLD)))
    for told in (
        f"Caller ID {TOLD['caller_id']}",
        "billing workerService",
        "run_id: run-7step: plan",
        TOLD["trace_id"],
    ):
        assert told in shown


@BOTH
def test_a_page_says_nothing_of_a_caller_that_said_nothing(
    app: App, client: Client, write: Any, show: Any
) -> None:
    shown = text(show(client, write(app.id)))
    assert not [word for word in ("Caller ID", "Context", "Trace") if word in shown]


@BOTH
@pytest.mark.parametrize("columns", [TOLD, {"caller": "a&b c"}], ids=["with an id", "without one"])
def test_a_page_leads_to_everything_by_its_caller(
    app: App, client: Client, write: Any, show: Any, columns: dict[str, Any]
) -> None:
    entry = write(app.id, **columns)
    write(app.id, caller="another")
    everything = client.get(link(show(client, entry), "View all by this caller"))
    assert entries(everything) == [str(entry.id)]


@BOTH
def test_a_line_of_the_timeline_names_a_label_and_not_an_id(
    app: App, client: Client, write: Any, show: Any
) -> None:
    agent_id = new_id()
    write(app.id, caller="billing worker"), write(app.id, caller=str(agent_id), agent_id=agent_id)
    shown = text(client.get(reverse("audit", args=[app.id]), {"caller": ""}))
    assert shown.count(" · as ") == 1 and "· as billing worker" in shown


# ── one act ─────────────────────────────────────────────────────────────────


def test_an_acts_page_tells_before_and_after(app: App, client: Client) -> None:
    event = acted(
        app.id, changes={"scopes": [["grants:read", "keys:read"], []], "expires_at": [None, "2026-06-01"]}
    )
    shown = text(event_page(client, event))
    assert "Scopes grants:read keys:read None" in shown
    assert "Expires at None 2026-06-01" in shown


def test_an_acts_page_tells_everything_there_is(app: App, client: Client) -> None:
    told: dict[str, Any] = {
        "reason": "lost",
        "ip": "203.0.113.9",
        "user_agent": "curl/8",
        "request_id": "req-7",
        "via": "cli",
    }
    shown = text(event_page(client, acted(app.id, facts={"forced": True}, **told)))
    for value in (*told.values(), "Admin <admin@example.com>", "Forced Yes"):
        assert value in shown


def test_an_act_that_changed_nothing_says_so(app: App, client: Client) -> None:
    assert "No fields changed." in text(event_page(client, acted(app.id)))


def test_a_cascade_is_shown_from_both_ends(app: App, client: Client) -> None:
    parent = parent_of(app).key
    child = derived(parent).key
    lifecycle.revoke(shell(), parent)
    cause = Event.objects.get(action="key.revoke", key_id=parent.id)
    effect = Event.objects.get(action="key.revoke", key_id=child.id)
    for event, other in ((cause, effect), (effect, cause)):
        assert entries_in(section(event_page(client, event), "Related events")) == [str(other.id)]


def test_an_acts_page_leads_to_all_that_belongs_to_it(app: App, client: Client) -> None:
    event = acted(app.id, key_id=new_id(), key_prefix=PREFIX, request_id="req 7&x")
    response = event_page(client, event)
    assert link(response, "View all with this key").endswith(f"?key_id={event.key_id}")
    assert link(response, "View all with this request ID").endswith("?request=req%207%26x")


# ── one call ────────────────────────────────────────────────────────────────


def test_a_refused_calls_page_tells_which_checks_it_passed(app: App, client: Client) -> None:
    ask(minted(app).plaintext.take(), "grants:admin")
    response = call_page(client, Call.objects.get())
    steps = re.findall(r'<li class="(yes|no|later)">', response.content.decode())
    assert steps == ["yes"] * (len(STEPS) - 1) + ["no"]
    assert "Response 403 insufficient_scope" in text(response)


def test_an_allowed_calls_page_tells_that_it_passed_every_check(app: App, client: Client) -> None:
    ask(minted(app).plaintext.take())
    response = call_page(client, Call.objects.get())
    assert response.content.decode().count('<li class="yes">') == len(STEPS)


def test_the_page_of_a_call_refused_what_it_asked_for_tells_that_it_passed_every_check(
    app: App, client: Client
) -> None:
    call = called(app.id, code="last_active_key", check_failed="act", detail="Its last", status=409)
    response = call_page(client, call)
    assert response.content.decode().count('<li class="yes">') == len(STEPS)
    assert "Reason Its last." in text(response)
    assert "Response 409 last_active_key" in text(response)


def test_a_calls_page_shows_its_neighbours(app: App, client: Client) -> None:
    calls = [called(app.id, NOON + MINUTE * minute) for minute in range(15)]
    assert entries(call_page(client, calls[7])) == [str(call.id) for call in calls[12:1:-1]]


def test_an_acts_page_marks_what_came_and_what_went(app: App, client: Client) -> None:
    event = acted(app.id, changes={"scopes": [["grants:read", "keys:read"], ["keys:read", "agents:read"]]})
    changed = section(event_page(client, event), "Changes")
    assert re.findall(r"<(del|ins)>\s*<code>([^<]*)", changed) == [
        ("del", "grants:read"),
        ("ins", "agents:read"),
    ]


def test_an_acts_page_shows_its_neighbours_on_the_same_target(app: App, client: Client) -> None:
    acts = [acted(app.id, NOON + MINUTE * minute) for minute in range(3)]
    acted(app.id, target_id=str(new_id()))
    near = section(event_page(client, acts[1]), "Nearby events for this target")
    assert entries_in(near) == [str(act.id) for act in reversed(acts)]


def test_a_page_shows_everything_in_its_request_and_no_cause_or_effect_twice(
    app: App, client: Client
) -> None:
    cause = acted(app.id, request_id="req-1")
    acted(app.id, request_id="req-1", cause_id=cause.id)
    call = called(app.id, request_id="req-1")
    assert entries_in(section(event_page(client, cause), "Same request")) == [str(call.id)]


@BOTH
def test_a_page_shows_what_the_program_says_it_did(app: App, client: Client, write: Any, show: Any) -> None:
    told = {
        "trace_id": TOLD["trace_id"],
        "span_id": "7",
        "name": "charge the card",
        "attributes": {"cents": 1200},
    }
    moments = {"started_at": NOON, "ended_at": NOON + timedelta(milliseconds=1250)}
    Span.objects.create(app_id=app.id, key_id=new_id(), **told, **moments)
    shown = text(show(client, write(app.id, trace_id=TOLD["trace_id"])))
    assert "charge the card7" in shown and "1,250 ms" in shown and "cents: 1200" in shown


@BOTH
def test_a_page_holds_its_entry_as_json_to_the_microsecond(
    app: App, client: Client, write: Any, show: Any
) -> None:
    entry = write(app.id, NOON + timedelta(microseconds=7), ip="203.0.113.7")
    copied = re.search(r'<code id="copy-1-[^"]*">(.*?)</code>', show(client, entry).content.decode(), re.S)
    assert copied
    document = json.loads(html.unescape(copied[1]))
    assert (document["id"], document["at"], document["ip"]) == (
        str(entry.id),
        "2026-06-01T12:00:00.000007Z",
        "203.0.113.7",
    )


@BOTH
def test_a_page_tells_the_seal_of_its_entry_or_that_it_waits_for_one(
    app: App, client: Client, write: Any, show: Any
) -> None:
    entry = write(app.id)
    waiting = text(show(client, entry))
    seal_all()
    sealed = text(show(client, entry))
    assert ("Not sealed yet" in waiting, "Not sealed yet" in sealed) == (True, False)


@BOTH
def test_the_body_of_a_page_can_be_taken_out_of_it(app: App, client: Client, write: Any, show: Any) -> None:
    page = show(client, write(app.id)).content.decode()
    assert page.count('<div id="detail"') == 1
    start = page.index('<div id="detail"')
    headings = re.findall(r"<h([1-6])", page[start:])
    assert "<h1>" in page[:start] and headings[0] == "2" and set(headings[1:]) <= {"3", "4"}


@pytest.mark.parametrize("rows", [1, 12])
def test_a_refused_calls_page_is_a_fixed_number_of_queries(
    app: App, client: Client, rows: int, django_assert_num_queries: Queries
) -> None:
    refused: dict[str, Any] = {
        "code": "invalid_key",
        "check_failed": "not revoked",
        "request_id": "req-1",
        "trace_id": "a" * 32,
    }
    calls = [called(app.id, **refused) for _ in range(rows)]
    with django_assert_num_queries(16):
        call_page(client, calls[0])


@pytest.mark.parametrize("rows", [1, 12])
def test_a_calls_page_is_a_fixed_number_of_queries(
    app: App, client: Client, rows: int, django_assert_num_queries: Queries
) -> None:
    calls = [called(app.id) for _ in range(rows)]
    with django_assert_num_queries(11):
        call_page(client, calls[0])


def test_no_page_of_the_record_holds_a_plaintext(app: App, client: Client) -> None:
    secret = opened(minted(app))[1]
    ask(secret, headers={"X-Original-URI": f"/use/{secret}", "User-Agent": secret, "X-Request-ID": secret})
    pages = [client.get(reverse("audit", args=[app.id])), call_page(client, Call.objects.get())]
    assert all(secret not in page.content.decode() and page.status_code == 200 for page in pages)


def test_an_entry_leads_to_its_keys_own_page(app: App, client: Client) -> None:
    key, secret = opened(minted(app))
    ask(secret)
    pages = [call_page(client, Call.objects.get()), event_page(client, Event.objects.get(key_id=key.id))]
    assert all(link(page, key.name) == reverse("key", args=[app.id, key.id]) for page in pages)


@pytest.mark.parametrize("page", [event_page, call_page])
def test_an_entry_of_no_key_has_a_page_too(app: App, client: Client, page: Any) -> None:
    write = acted if page is event_page else called
    assert page(client, write(app.id, key_id=None, key_prefix="alter_key_app_x7Kd2mQp")).status_code == 200
