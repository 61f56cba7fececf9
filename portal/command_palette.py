"""What the command palette finds: actions, apps, agents, keys, users, pages of settings and docs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from django.urls import reverse

from agents import actions as on_agents
from agents.models import Agent, App
from agents.requests import address_of
from audit import actions as on_audit
from audit.actions import Action
from audit.actors import Actor, Origin
from core.folding import code_point_order, contains_folded, fold, holding
from keys import actions as on_keys
from keys.catalogue import actions as on_scopes
from keys.models import ApiKey
from portal import actions as on_portal
from portal.docs.guides import APIS, GUIDES
from portal.models import User
from portal.web.gates import apps_allowing, person

MAX_PER_KIND = 8


@dataclass(frozen=True, slots=True)
class PaletteItem:
    """One result: where it leads, and what it is called."""

    title: str
    address: str
    icon: str
    detail: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class PaletteGroup:
    """Results of one kind, under a heading."""

    heading: str
    items: tuple[PaletteItem, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A page that the palette finds by its title, or by other words for it."""

    title: str
    words: str
    url_name: str
    icon: str
    action: Action | None = None
    """What one must be allowed to do to open it. None: everyone may."""


APP_ACTIONS = (
    Page("Mint key", "create new api key", "key-mint", "plus", on_keys.MINT),
    Page("Create agent", "new agent", "agent-create", "plus", on_agents.CREATE_AGENT),
    Page("Add resource", "scopes levels", "scope-resource-new", "plus", on_scopes.PUBLISH),
    Page("Invite member", "add user invitation", "member-invite", "plus", on_portal.INVITE),
    Page("Export audit log", "download csv jsonl", "audit-export", "download", on_audit.EXPORT),
)
PORTAL_ACTIONS = (
    Page("Create app", "new app service", "app-new", "plus", on_agents.CREATE_APP),
    Page("Mint personal access token", "create new token script cli", "token-mint", "plus"),
)
APP_PAGES = (
    Page("API keys", "list", "keys", "key-round", on_keys.READ),
    Page("Agents", "list", "agents", "bot", on_agents.READ_AGENTS),
    Page("Audit logs", "events requests history activity", "audit", "scroll-text", on_audit.READ),
    Page("Audit log integrity", "verify seals checkpoints", "audit-integrity", "scroll-text", on_audit.READ),
    Page("Scopes", "permissions catalogue resources levels preset", "scopes", "list-checks", on_keys.READ),
    Page("Leaked keys", "reports", "leaks", "shield-alert", on_keys.READ),
    Page("Members", "roles invitations access", "members", "users", on_portal.READ_MEMBERS),
    Page("App settings", "limits name archive rate limit", "app-settings", "settings", on_agents.UPDATE_APP),
)
PORTAL_PAGES = (
    Page("Apps", "home", "home", "layout-grid"),
    Page("Key lookup", "support find fingerprint prefix", "lookup", "search"),
    Page("Users", "accounts people", "users", "user-round-cog", on_portal.READ_PEOPLE),
    Page("Security settings", "policy 2fa two-factor", "policy", "lock", on_portal.CHANGE_POLICY),
    Page(
        "Audit log settings",
        "retention webhooks integrity",
        "audit-settings",
        "database",
        on_audit.READ_UPKEEP,
    ),
    Page("Portal log", "events of the portal", "portal-log", "list", on_audit.READ_UPKEEP),
    Page("Outgoing email", "mail undelivered", "mail", "mail", on_portal.READ_MAIL),
    Page("Notifications", "alerts", "notifications", "bell"),
    Page("Notification settings", "alerts email", "notification-settings", "bell"),
    Page("Profile", "name account", "profile", "circle-user-round"),
    Page("Security", "password passkey 2fa sessions sign-in", "security", "lock"),
    Page("Personal access tokens", "script cli api", "tokens", "key-round"),
    Page("Keyboard shortcuts", "keys help", "shortcuts", "keyboard"),
)


def palette_groups(user: User, app: App | None, origin: Origin, q: str) -> list[PaletteGroup]:
    """What `user` may open or do, whose name holds `q`, by kind. For no `q`: actions, apps and pages."""
    here, everywhere = person(user, app, origin), person(user, None, origin)
    apps = apps_allowing(user, on_keys.READ)
    named = [result for result in apps if fold(q) in fold(result.name)]
    actions, pages = _pages(PORTAL_ACTIONS, everywhere, q), _pages(PORTAL_PAGES, everywhere, q)
    if app:
        actions = [*_pages(APP_ACTIONS, here, q, app), *actions]
        pages = [*_pages(APP_PAGES, here, q, app), *pages]
    kinds: list[tuple[str, Iterable[PaletteItem]]] = [
        (f"Actions in {app.name}" if app else "Actions", actions),
        (
            "Apps",
            [PaletteItem(result.name, reverse("keys", args=[result.id]), "layout-grid") for result in named],
        ),
    ]
    if q:
        kinds += [
            ("Keys and agents", [*_agents(apps, q), *_keys(apps, q)]),
            ("Users", _users(everywhere, q)),
        ]
    kinds += [("Pages", pages), ("Docs", _docs(q) if q else ())]
    return _numbered(PaletteGroup(heading, tuple(items)[:MAX_PER_KIND]) for heading, items in kinds)


def _numbered(groups: Iterable[PaletteGroup]) -> list[PaletteGroup]:
    """The groups that hold something; each item has an id, by which the search box says which is chosen."""
    numbers = (f"hit-{number}" for number in range(1, 1000))
    return [
        replace(group, items=tuple(replace(item, id=next(numbers)) for item in group.items))
        for group in groups
        if group.items
    ]


def _pages(pages: tuple[Page, ...], actor: Actor, q: str, app: App | None = None) -> list[PaletteItem]:
    """Those of `pages` that `actor` may open: by title first, then by other words."""
    allowed = [page for page in pages if page.action is None or actor.may(page.action)]
    by_title = [page for page in allowed if fold(q) in fold(page.title)]
    by_words = [page for page in allowed if page not in by_title and f" {fold(q)}" in f" {page.words}"]
    args = [app.id] if app else []
    return [
        PaletteItem(page.title, reverse(page.url_name, args=args), page.icon, app.name if app else "")
        for page in (*by_title, *by_words)
    ]


def _agents(apps: Iterable[App], q: str) -> Iterator[PaletteItem]:
    agents = Agent.objects.filter(contains_folded(q, "name", "display_name"), app__in=apps, revoked_at=None)
    for agent in agents.select_related("app")[:MAX_PER_KIND]:
        yield PaletteItem(agent.name, address_of("agent", agent), "bot", f"Agent in {agent.app.name}")


def _keys(apps: Iterable[App], q: str) -> Iterator[PaletteItem]:
    keys = ApiKey.objects.filter(contains_folded(q, "name") | holding(q, "prefix"), app__in=apps)
    for key in keys.select_related("app").order_by("-created_at")[:MAX_PER_KIND]:
        title = f"{key.name} {key.prefix[-8:]}"
        yield PaletteItem(title, address_of("key", key), "key-round", f"Key in {key.app.name}")


def _users(actor: Actor, q: str) -> Iterator[PaletteItem]:
    if not actor.may(on_portal.READ_PEOPLE):
        return
    for user in User.objects.filter(contains_folded(q, "name", "email")).order_by(*code_point_order("email"))[
        :MAX_PER_KIND
    ]:
        yield PaletteItem(str(user), reverse("user", args=[user.pk]), "users", user.email)


def _docs(q: str) -> list[PaletteItem]:
    links = [("Docs", reverse("docs")), *((page.title, page.address) for page in (*APIS, *GUIDES))]
    return [PaletteItem(title, address, "book-open") for title, address in links if fold(q) in fold(title)]
