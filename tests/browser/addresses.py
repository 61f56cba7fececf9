"""An address of every page, on an app where something has happened."""

from datetime import timedelta
from urllib.parse import urlencode

from django.test import Client
from django.urls import reverse

from agents.models import Agent, App
from audit.actors import shell
from audit.forwarding import destinations
from audit.models import Call, Delivery, Event
from core.clock import now
from keys.lifecycle import narrow, revoke, rotate
from keys.plaintext import sha256
from portal.docs.guides import GUIDES
from portal.leaks import reports, response
from portal.models import User
from tests.factories import issued, minted
from tests.portal.tokens.test_authorize_request import SENT


def of_an_app(app: App, agent: Agent, developer: User) -> list[str]:
    """Those of an app: its keys, agents, members, settings and log."""
    key, used = minted(app, name="fresh").key, minted(app, name="used")
    Client().get("/verify?scope=grants:write", headers={"x-api-key": used.plaintext.take()})
    agent_key = minted(app, agent=agent, name="pod-1").key
    rotate(shell(), used.key)
    narrow(shell(), key, expires_at=now() + timedelta(days=1))
    leaked = minted(app, name="leaked")
    place = "https://git.example.com/a-long-path/" + "without-a-place-to-break" * 5
    response.handle(reports.take(sha256(leaked.plaintext.take()), source="form", found_at=place, note=place))
    one = [app.id]
    return [
        reverse("search") + f"?app={app.id}",
        reverse("shortcuts"),
        reverse("app", args=one),
        *(reverse(f"agents-{verb}", args=one) + "?all=1" for verb in ("suspend", "resume", "revoke")),
        *(reverse(name, args=one) for name in ("keys", "key-mint", "agents", "agent-create", "audit")),
        *(reverse(name, args=one) for name in ("members", "member-invite", "app-settings", "app-archive")),
        *(
            reverse(name, args=[app.id, used.key.id])
            for name in ("key", "key-revoke", "key-rotate", "key-ask", "key-permissions")
        ),
        reverse("key", args=[app.id, key.id]),
        reverse("key", args=[app.id, leaked.key.id]),
        reverse("leaks", args=one),
        *(
            reverse(name, args=one)
            for name in (
                "scopes",
                "scope-new",
                "scope-resource-new",
                "scope-template-new",
                "scopes-import",
                "scopes-preset",
            )
        ),
        reverse("scopes-version", args=[app.id, 1]),
        reverse("key-revoke", args=[app.id, agent_key.id]),
        *(reverse(name, args=[app.id, agent.id]) for name in ("agent", "agent-suspend", "agent-revoke")),
        reverse("agent-key-mint", args=[app.id, agent.id]),
        *(reverse("key-use", args=[app.id, one.id]) for one in (used.key, key)),
        reverse("agent-use", args=[app.id, agent.id]),
        reverse("keys-deprecated", args=[app.id]),
        reverse("member-end", args=[app.id, developer.memberships.get().id]),
        *of_its_log(app),
        reverse(
            "receipt", args=[revoke(shell(), minted(app, name="gone").key, reason="Lost.", ticket="T-1")]
        ),
    ]


def of_its_log(app: App) -> list[str]:
    """Those of an app's audit log."""
    one = [app.id]
    return [
        reverse("audit-event", args=[app.id, Event.objects.filter(action="key.rotate").latest("at").id]),
        reverse("audit-event", args=[app.id, Event.objects.filter(action="key.narrow").latest("at").id]),
        reverse("audit-call", args=[app.id, Call.objects.get().id]),
        reverse("audit-call-seal", args=[app.id, Call.objects.get().id]),
        reverse("audit-event-seal", args=[app.id, Event.objects.filter(app_id=app.id).latest("at").id]),
        reverse("audit-integrity", args=one) + "?check",
        reverse("audit", args=one) + "?key=nothing&range=24h",
        reverse("audit-export", args=one) + "?outcome=denied&range=30d",
        reverse("audit", args=one) + "?range=custom&since=yesterday",
        reverse("audit", args=one) + "?outcome=denied&range=24h",
        reverse("audit", args=one) + "?q=colour:red",
        reverse("view-save", args=one) + "?outcome=denied",
    ]


def of_the_portal(admin: User, developer: User) -> list[str]:
    """Those of no app: home, docs, one's own, people, the record."""
    return [
        "/",
        "/?archived",
        *(reverse(name) for name in ("app-new", "lookup", "docs", "docs-reference", "docs-api-reference")),
        *(guide.address for guide in GUIDES),
        *(reverse("leak-report") + which for which in ("", "?taken")),
        "/apps/no-such-page/",
        reverse("account_change_password"),
        reverse("account_logout"),
        *(reverse(name) for name in ("tokens", "token-mint")),
        *of_people(developer),
        reverse("lookup-token-revoke", args=[issued(developer).token.id]),
        reverse("token-revoke", args=[issued(admin).token.id]),
        *of_the_record(),
        f"{reverse('authorize')}?{urlencode(SENT)}",
        f"{reverse('authorize')}?redirect_uri=http://example.com:8080/",
    ]


def of_people(developer: User) -> list[str]:
    """Those about people, and about one's own way in."""
    person = [developer.pk]
    return [
        *(reverse(name) for name in ("users", "user-roles", "policy", "profile", "security")),
        reverse("security") + "?missing",
        *(reverse(name, args=person) for name in ("user", "user-remove", "user-reset-2fa", "user-email")),
        *(reverse(name, args=person) for name in ("user-sign-out", "user-deactivate")),
        *(reverse(name) for name in ("notifications", "notification-settings", "leak-report")),
        *(reverse(name) for name in ("mfa_activate_totp", "mfa_add_webauthn", "mfa_generate_recovery_codes")),
        reverse("account_reauthenticate") + "?next=/settings/security/",
    ]


def of_the_record() -> list[str]:
    """Those of the record as a whole, with a webhook that fails and a failed delivery."""
    made = destinations.create(shell(), name="siem", url="https://siem.example.com/" + "hooks" * 20).webhook
    for number, given_up in ((7, now()), (8, None)):
        Delivery.objects.create(
            webhook=made,
            checkpoint=number,
            rows=3,
            last_error="HTTP status 500.",
            given_up_at=given_up,
            attempts=2,
        )
    letter = Delivery.objects.get(checkpoint=7)
    return [
        reverse("audit-settings"),
        *(reverse("audit-settings-retention", args=[kind]) for kind in ("event", "call", "span")),
        *(reverse(name, args=[made.pk]) for name in ("webhook", "webhook-rotate", "webhook-delete")),
        *(reverse(name) for name in ("webhook-create", "failed-deliveries", "failed-deliveries-discard")),
        reverse("failed-delivery-discard", args=[letter.pk]),
    ]
