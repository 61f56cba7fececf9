"""Places to jump to by name, across the apps a person may see: for the palette."""

from dataclasses import dataclass

from django.urls import reverse

from agents import actions as on_agents
from agents.models import Agent, App
from agents.requests import address_of
from audit import actions as on_audit
from audit.actions import Action
from audit.actors import Origin
from core.folding import fold, holding, naming
from keys import actions as on_keys
from keys.models import ApiKey
from portal import actions as on_people
from portal.docs.guides import APIS, GUIDES
from portal.gates import apps_allowing, person
from portal.models import User

MOST = 20


@dataclass(frozen=True, slots=True)
class Leap:
    """A place to jump to."""

    says: str
    what: str
    to: str


def leaps(user: User, q: str) -> list[Leap]:
    """Apps, agents, keys and docs whose name or prefix contains `q`; for nothing, the apps."""
    apps = apps_allowing(user, on_keys.READ)
    near = [
        Leap(app.name, "app", reverse("keys", args=[app.id])) for app in apps if fold(q) in fold(app.name)
    ]
    if not q:
        return near[:MOST]
    agents = Agent.objects.filter(naming(q, "name", "display_name"), app__in=apps, revoked_at=None)
    keys = ApiKey.objects.filter(naming(q, "name") | holding(q, "prefix"), app__in=apps)
    near += [
        Leap(a.name, f"agent of {a.app.name}", address_of("agent", a))
        for a in agents.select_related("app")[:MOST]
    ]
    near += [
        Leap(f"{k.name} {k.prefix[-8:]}", f"key of {k.app.name}", address_of("key", k))
        for k in keys.select_related("app").order_by("-created_at")[:MOST]
    ]
    return near[: 2 * MOST] + _docs(q)


def acts(user: User, app: App, origin: Origin) -> list[Leap]:
    """What `user` may set about in `app` at once."""
    actor = person(user, app, origin)
    offered: tuple[tuple[Action, str, str], ...] = (
        (on_keys.MINT, "Mint a key", "key-mint"),
        (on_agents.CREATE_AGENT, "Create an agent", "agent-create"),
        (on_audit.READ, "Look at the audit log", "audit"),
        (on_people.INVITE, "Invite someone", "member-invite"),
    )
    return [Leap(says, app.name, reverse(to, args=[app.id])) for act, says, to in offered if actor.may(act)]


def _docs(q: str) -> list[Leap]:
    places = [("Docs", reverse("docs"))]
    places += [(page.title, page.address) for page in (*APIS, *GUIDES)]
    return [Leap(title, "docs", to) for title, to in places if fold(q) in fold(title)]
