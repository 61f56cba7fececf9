"""One of everything, and everyone who may come: what the tables of tests/access are asked with."""

from typing import Any

from django.test import Client

from agents.models import Agent, App
from audit.actors import Origin, shell
from audit.forwarding import destinations
from audit.models import Call, Delivery, Event
from audit.search.saved_views import save_view
from core.clock import now
from portal.accounts.lifecycle import invite
from portal.auth import sessions
from portal.mail import outbox
from portal.models import Invitation, MailKind, Notification, NotificationKind, User
from portal.models.users import Role
from portal.notifications.notify import NotificationContent, notify
from portal.web.gates import person
from tests.cast import prove
from tests.factories import UserFactory, issued, member, minted
from tests.keys.asking import ask, opened
from tests.keys.catalogue.catalogues import ORDERS, published

WHO = ("nobody", "no role", "outsider", "developer", "support", "admin", "admin of all")


def everything(app: App, agent: Agent, developer: User) -> dict[str, Any]:
    """An id of something that exists, by each name an address gives one."""
    published(app, ORDERS | {"preset": True})
    key, secret = opened(minted(app, agent=agent))
    minted(app, agent=agent)
    ask(secret)
    membership = developer.memberships.get()
    invitation: Invitation = invite(shell(), "new@example.com", "support", app).invitation
    webhook = destinations.create(shell(), name="siem", url="https://siem.example.com/in").webhook
    letter = Delivery.objects.create(webhook=webhook, checkpoint=1, rows=1, given_up_at=now())
    notify(NotificationContent(NotificationKind.REVOKED, "one", "Told.", "/"), [developer])
    view = save_view(person(developer, app, Origin("page")), app.id, "mine", "outcome=denied")
    return {
        "app_id": app.id,
        "key_id": key.id,
        "agent_id": agent.id,
        "event_id": Event.objects.filter(app_id=app.id).latest("at").id,
        "call_id": Call.objects.get().id,
        "view_id": view.id,
        "invitation_id": invitation.id,
        "membership_id": membership.id,
        "member_id": membership.id,
        "webhook_id": webhook.id,
        "delivery_id": letter.id,
        "token_id": issued(developer).token.id,
        "user_id": developer.id,
        "mail_id": outbox.put(MailKind.NO_ACCOUNT, "nobody@example.com").id,
        "notification_id": Notification.objects.get().id,
        "entry_id": Event.objects.filter(app_id=app.id).latest("at").id,
        "caller_id": key.id,
        "session_id": 1,
        "pk": 1,
        "kind": "event",
        "scope": "orders:write",
        "resource": "orders",
        "template": "agent",
        "version": 1,
        "slug": "verify",
        "file": "gitleaks.toml",
        "gateway_file": "nginx.conf",
        "source": "payments",
        "secret": "no-such-link",
    }


def everyone(app: App, developer: User, support: User, outsider: User, admin: User) -> dict[str, User | None]:
    """Who asks: a column of the tables each."""
    boss = member(Role.ADMIN, app, email="boss@example.com", name="Boss")
    people = (None, UserFactory.create(email="lost@example.com"), outsider, developer, support, boss, admin)
    return dict(zip(WHO, people, strict=True))


def browser_of(user: User | None) -> Client:
    """A browser of theirs, signed in a moment ago; of nobody, one that is not."""
    client = Client(raise_request_exception=False)
    if user:
        client.force_login(user)
        prove(client, user)
        assert sessions.open_sessions(user)
    return client
