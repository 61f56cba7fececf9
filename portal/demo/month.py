"""A believable month for `make demo`: every act by its verb and every call by its verdict, at moments gone by."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from agents.lifecycle import create_agent, create_app, suspend_agent
from agents.models import Agent, App
from audit import calls
from audit.actors import Actor, Origin, shell
from audit.change import change
from core.addresses import parse_address
from core.clock import at, now
from core.ids import new_id
from keys import lifecycle
from keys.admission import lookup
from keys.admission.admit import CallRequest, Decision, row_of
from keys.admission.rate_limit import Allowance
from keys.admission.verdict import CheckInput, KeySnapshot, judge
from keys.catalogue.builtin import AGENT_DEFAULT, DEFAULT
from keys.models import ApiKey
from keys.networks import parse_networks
from portal import actions
from portal.accounts.lifecycle import create_person
from portal.models import Membership, Role, User
from portal.web.gates import person

PASSWORD = "look around as you like"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ROUTES = (
    ("GET", "/grants", "grants:read"),
    ("GET", "/grants/7f31c09e", "grants:read"),
    ("POST", "/grants", "grants:write"),
    ("GET", "/agents", "agents:read"),
    ("POST", "/tokens/retrieve", "tokens:retrieve"),
    ("GET", "/secrets", "secrets:read"),
)
CLIENTS = ("alter-sdk-python/0.29.0", "alter-sdk-python/0.26.0", "curl/8.9.1", "python-httpx/0.28.1")


@dataclass(slots=True)
class Traffic:
    """How a key is used: calls a day between two moments, from some addresses, for some routes."""

    key: ApiKey
    a_day: int
    since: timedelta
    until: timedelta
    addresses: tuple[str, ...]
    routes: tuple[int, ...] = (0, 1, 3)


class Month:
    """The month before now, told from its beginning."""

    def __init__(self, seed: int = 7) -> None:
        self.now = now()
        self.dice = random.Random(seed)
        self.traffic: list[Traffic] = []
        self.people: dict[str, User] = {}

    def tell(self) -> int:
        """Make everything; return how many calls were recorded."""
        self._people()
        self._checkout()
        self._ledger()
        return self._calls()

    def _people(self) -> None:
        for role in Role.values:
            user = User(email=f"{role}@example.com", name=f"Demo {role}", date_joined=self._ago(30 * DAY))
            create_person(shell(), user, PASSWORD)
            self.people[role] = user
        self._join(Role.ADMIN, None)

    def _checkout(self) -> None:
        app = self._app("checkout", 29)
        api = self._key(app, 28, "checkout-api-prod", "agents:read,grants:write,tokens:retrieve,keys:derive")
        settlement = self._key(
            app, 24, "settlement-worker-prod", "agents:read,grants:write", days=30, ranges=("203.0.113.0/24",)
        )
        cron = self._key(app, 27, "legacy-cron", "grants:read")
        nightly = self._key(app, 20, "reporting-nightly", "grants:read,usage:read", days=90)
        smoke = self._key(app, 15, "sandbox-smoke", "grants:read,agents:read")
        self._key(app, 3, "ci-deploy-4811", "grants:read,agents:read", days=1)
        with at(self._ago(6 * DAY)):
            lifecycle.deprecate(self._actor(Role.DEVELOPER, app), cron, "moving to reporting-nightly")
        with at(self._ago(2 * DAY)):
            lifecycle.revoke(self._actor(Role.SUPPORT, app), smoke, reason="Pasted in a public issue")
        with at(self._ago(5 * DAY)):
            successor = lifecycle.rotate(
                self._actor(Role.DEVELOPER, app), api, grace=7 * DAY, reason="quarterly rotation"
            ).key
        self._derived(app, successor, "export-plugin", "grants:read", 12)
        self._derived(app, successor, "pdf-renderer", "grants:read", 20)
        self.traffic += [
            Traffic(api, 60, 28 * DAY, 5 * DAY, ("203.0.113.7", "203.0.113.18"), (0, 1, 2, 3, 4)),
            Traffic(api, 9, 5 * DAY, timedelta(minutes=9), ("203.0.113.18", "198.51.100.24")),
            Traffic(successor, 70, 5 * DAY, timedelta(seconds=20), ("203.0.113.7",), (0, 1, 2, 3, 4, 5)),
            Traffic(
                settlement, 40, 24 * DAY, timedelta(seconds=50), ("203.0.113.40", "198.51.100.77"), (0, 2, 3)
            ),
            Traffic(cron, 6, 27 * DAY, 3 * HOUR, ("198.51.100.24",), (0,)),
            Traffic(nightly, 3, 20 * DAY, 12 * HOUR, ("203.0.113.40",), (0, 1)),
            Traffic(smoke, 12, 15 * DAY, 1 * DAY, ("198.51.100.77",)),
        ]
        self._agents(app)

    def _agents(self, app: App) -> None:
        refunds = self._agent(app, 26, "refund-agent", "Refund agent")
        writer = self._agent(app, 18, "invoice-writer", "Invoice writer")
        pods = [self._key(app, 25 - n, f"refund-pod-{n}", ",".join(AGENT_DEFAULT), refunds) for n in (1, 2)]
        only = self._key(app, 17, "invoice-writer-1", "grants:read,tokens:retrieve", writer, days=60)
        with at(self._ago(4 * DAY)):
            suspend_agent(self._actor(Role.DEVELOPER, app), writer, "writes every invoice twice")
        self.traffic += [
            Traffic(pods[0], 30, 24 * DAY, timedelta(minutes=1), ("2001:db8:4::1f",), (0, 4)),
            Traffic(pods[1], 20, 23 * DAY, timedelta(minutes=6), ("2001:db8:4::22",), (0, 4)),
            Traffic(only, 10, 17 * DAY, 2 * DAY, ("203.0.113.52",), (0, 4)),
        ]

    def _ledger(self) -> None:
        app = self._app("ledger-sync", 12)
        key = self._key(app, 11, "ledger-sync-prod", "grants:read", days=90)
        self.traffic.append(Traffic(key, 15, 11 * DAY, HOUR, ("192.0.2.61",), (0, 1)))

    def _app(self, name: str, days_ago: int) -> App:
        with at(self._ago(days_ago * DAY)):
            app = create_app(shell(), name, description=f"Demo app {name}")
            self._join(Role.DEVELOPER, app)
            self._join(Role.SUPPORT, app)
        return app

    def _join(self, role: str, app: App | None) -> None:
        user = self.people[role]
        membership = Membership(user=user, app=app, role=role)
        with change(shell(), actions.JOIN, on=membership):
            membership.save()
        user.__dict__.pop("roles", None)

    def _agent(self, app: App, days_ago: int, name: str, display_name: str) -> Agent:
        with at(self._ago(days_ago * DAY)):
            return create_agent(self._actor(Role.DEVELOPER, app), app, name, display_name=display_name)

    def _key(
        self,
        app: App,
        days_ago: int,
        name: str,
        scopes: str,
        agent: Agent | None = None,
        *,
        days: int = 0,
        ranges: tuple[str, ...] = (),
    ) -> ApiKey:
        with at(self._ago(days_ago * DAY)):
            return lifecycle.mint(
                self._actor(Role.DEVELOPER, app),
                app,
                name=name,
                agent=agent,
                scopes=DEFAULT.parse(scopes.split(",")),
                networks=parse_networks(ranges),
                expires_at=now() + days * DAY if days else None,
            ).key

    def _derived(self, app: App, parent: ApiKey, name: str, scope: str, hours: int) -> None:
        holder = Actor("key", str(parent.id), parent.name, frozenset({"key.derive"}), Origin("sdk"), app.id)
        with at(self._ago(HOUR)):
            lifecycle.derive(
                holder, parent, scopes=DEFAULT.parse([scope]), expires_in=hours * HOUR, name=name
            )

    def _calls(self) -> int:
        rows = sorted(
            (row for traffic in self.traffic for row in self._made(traffic)), key=lambda row: row["at"]
        )
        for start in range(0, len(rows), 500):
            calls.write(rows[start : start + 500])
        return len(rows)

    def _made(self, traffic: Traffic) -> Iterator[dict[str, Any]]:
        """The calls of one key, each judged as the key stands today but for what had not happened yet."""
        key = ApiKey.objects.select_related("app", "agent", "parent").get(pk=traffic.key.pk)
        days = (traffic.since - traffic.until) / DAY
        for _ in range(max(1, int(traffic.a_day * days))):
            moment = self._ago(traffic.until + self.dice.random() * (traffic.since - traffic.until))
            yield self._call(key, moment, traffic)

    def _call(self, key: ApiKey, moment: datetime, traffic: Traffic) -> dict[str, Any]:
        method, path, scope = ROUTES[self.dice.choice(traffic.routes)]
        address = self.dice.choice(traffic.addresses)
        check_input = CheckInput(True, True, parse_address(address), DEFAULT.parse([scope]))
        origin = Origin("door", address, self.dice.choice(CLIENTS), new_id().hex)
        known = _snapshot_at(key, moment)
        allowance = Allowance(True, known.rate_limit, known.rate_limit, 0, 0)
        verdict = judge(known, check_input, moment, allowance)
        decision = Decision(known, verdict, allowance, check_input, origin, moment)
        request = CallRequest(check_input, b"", key.prefix, origin, method, path)
        return row_of(request, decision, self.dice.randint(700, 4200))

    def _actor(self, role: str, app: App) -> Actor:
        return person(self.people[role], app, Origin("page", "203.0.113.52", "Mozilla/5.0", new_id().hex))

    def _ago(self, span: timedelta) -> datetime:
        return self.now - span


def _snapshot_at(key: ApiKey, moment: datetime) -> KeySnapshot:
    """What was known of `key` at `moment`, when it may not yet have been revoked or its agent suspended."""
    suspended_at = key.agent.suspended_at if key.agent else None
    return replace(
        lookup.snapshot_of(key),
        revoked=key.revoked_at is not None and key.revoked_at <= moment,
        agent_suspended=suspended_at is not None and suspended_at <= moment,
    )
