"""The delegation law, tried: whatever random people, tokens and keys do, nobody comes by more than its giver had.

What one had is told by others than the law: of a key by judge(), which decides at the door; of a person by their roles.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address
from itertools import count
from random import Random
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.models import Agent, App
from audit.actors import Actor, shell
from core.clock import now
from core.errors import Refusal
from keys import lifecycle
from keys.admission import lookup
from keys.admission.rate_limit import ASSUMED_GRANTED
from keys.admission.verdict import CheckInput, KeySnapshot, judge
from keys.delegation import Authority
from keys.enrolment import enrol, mint_for
from keys.models import ApiKey
from keys.networks import parse_networks
from keys.scopes import Scope, ScopeSet
from portal.accounts import lifecycle as people
from portal.models import AccessToken, Invitation, Membership, Role, User
from portal.roles import EVERYTHING, PERMISSIONS
from portal.tokens import lifecycle as tokens
from portal.web.gates import permissions_of, person
from tests.factories import PASSWORD, AppFactory, UserFactory, minted, taken_back
from tests.keys.laws import law
from tests.portal.tokens.test_lifecycle import CHALLENGE, VERIFIER
from tests.scopes import parse_scope, parse_scopes

ACTS_OF_A_STORY = 25
LIMIT = 5
SCOPES = [
    "grants:read",
    "grants:admin",
    "keys:derive",
    "keys:admin",
    "agents:write",
    "agents:admin",
    "agents:read:x",
]
RANGES = ["203.0.113.0/24", "203.0.113.0/28", "203.0.113.7", "198.51.100.0/24"]
ADDRESSES = [
    ip_address(text) for text in ("203.0.113.7", "203.0.113.9", "203.0.113.99", "198.51.100.1", "::1")
]
ATOMS = [parse_scope(name) for name in SCOPES] + [
    parse_scope("keys:admin:x"),
    parse_scope("grants:write"),
]
SPANS = [timedelta(seconds=60), timedelta(hours=1), timedelta(days=1), timedelta(days=60)]


@dataclass(frozen=True)
class Power:
    """What whoever has a key can do with it, as the door answers."""

    passes: frozenset[tuple[Scope, str]]
    rate: int
    ends: float

    @classmethod
    def of(cls, known: KeySnapshot, narrowed: ScopeSet | None = None) -> "Power":
        def may(scope: Scope, address: Any) -> bool:
            asking = CheckInput(True, True, address, ScopeSet((scope,)), constraints=narrowed)
            return judge(known, asking, now(), ASSUMED_GRANTED).allowed

        end = known.ends_at.timestamp() if known.ends_at else float("inf")
        passes = frozenset((scope, str(one)) for scope in ATOMS for one in ADDRESSES if may(scope, one))
        return cls(passes, known.rate_limit, end)

    def is_within(self, other: "Power") -> bool:
        return self.passes <= other.passes and self.rate <= other.rate and self.ends <= other.ends


@dataclass
class Story:
    """Some people, tokens and keys of two apps, and what one of them does next."""

    rng: Random
    apps: list[App] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)

    def begin(self) -> None:
        self.apps = [
            AppFactory.create(name=f"app-{n}", max_keys=LIMIT, max_keys_per_agent=3) for n in range(2)
        ]
        for role in Role.values:
            for place in (self.apps[0], None):
                self.joins(UserFactory.create(), place, role)
        for app in self.apps:
            minted(app, scopes=",".join(SCOPES[:-1]))
            minted(app, scopes="keys:derive,agents:admin,grants:read", rate_limit_rpm=50)

    def joins(self, user: User, place: App | None, role: str) -> None:
        people.give_role(shell(), user, place, role)

    def some(self, *kinds: str) -> Any:
        return self.rng.choice(kinds)

    def scopes(self) -> ScopeSet:
        return parse_scopes(self.rng.sample(SCOPES, self.rng.randint(1, 4)))

    def ranges(self) -> Any:
        return parse_networks(self.rng.sample(RANGES, self.rng.randint(0, 2)))

    def end(self) -> Any:
        return self.rng.choice([None, now() + self.rng.choice(SPANS)])

    def rate(self) -> int | None:
        return self.rng.choice([None, 5, 500])

    def name(self) -> str:
        return f"n{next(self.numbers)}"

    def app(self) -> App:
        return App.objects.get(pk=self.rng.choice(self.apps).pk)

    def place(self) -> App | None:
        return self.rng.choice([self.app(), None])

    def key(self, app: App) -> ApiKey:
        return self.rng.choice(list(app.keys.active().order_by("id").with_kin()))

    def user(self) -> User:
        return User.objects.get(pk=self.rng.choice(list(User.objects.order_by("id"))).pk)

    def actor(self, place: App | None) -> Actor:
        """A person, or an access token that may do a part of what its owner may."""
        user = self.user()
        whole = person(user, place, shell().origin)
        active = list(user.access_tokens.filter(tokens.active_tokens()).order_by("id"))
        if not active or self.rng.random() < 0.4:
            return whole
        token = self.rng.choice(active)
        may = tokens.effective_permissions(token, permissions_of(user, place))
        return Actor("token", str(token.id), token.name, may, whole.origin, whole.app_id)


# ── what keys do ────────────────────────────────────────────────────────────────────────────────────


def key_acts(story: Story) -> None:
    """A key makes, renews or keeps a key: what comes of it is no more than itself was, at that moment."""
    app = story.app()
    key = story.key(app)
    known = lookup.snapshot_of(key)
    narrowed = story.rng.choice([None, known.effective_scopes.meet(story.scopes())])
    granted = known.effective_scopes.meet(narrowed) if narrowed is not None else known.effective_scopes
    before = Power.of(known, narrowed)
    held = Authority.of_key(key, granted)
    names = frozenset({"key.mint", "agent.create", "key.rotate", "key.derive", "key.undeprecate"})
    actor = Actor("key", str(key.id), key.name, names, shell().origin, app.id)
    target = story.key(app)
    agents = list(Agent.objects.filter(app=app, revoked_at=None).order_by("id"))
    what = story.some("derive", "derive", "enrol", "mint", "rotate", "rotate", "undeprecate")
    if what == "derive":
        made = lifecycle.derive(
            actor,
            key,
            scopes=story.scopes(),
            within=granted,
            expires_in=story.rng.choice(SPANS),
            networks=story.ranges(),
        ).key.id
    elif known.speaks_for_agents and what in ("enrol", "mint", "undeprecate"):
        return  # the gate lets none in
    elif what == "enrol":
        made = enrol(actor, app, {"name": story.name()}, within=held).key_id
    elif what == "mint" and agents:
        made = mint_for(actor, story.rng.choice(agents), held).key.id
    elif what == "rotate":
        made = lifecycle.rotate(actor, target, grace=story.rng.choice(SPANS[:3]), within=held).key.id
    elif what == "undeprecate":
        was = Power.of(lookup.snapshot_of(target))
        lifecycle.undeprecate(actor, target, within=held)
        longer = Power.of(lookup.snapshot_of(target))
        assert longer.ends <= max(was.ends, before.ends), (known, target)
        return
    else:
        return
    after = Power.of(lookup.snapshot_of(ApiKey.objects.get(id=made)))
    assert after.is_within(before), (what, known, made)


# ── what people and tokens do ───────────────────────────────────────────────────────────────────────


def person_acts_on_keys(story: Story) -> None:
    """People say what a key of their app may do; narrowing takes away, and none of them comes by an agent's manager."""
    app = story.app()
    actor, key = story.actor(app), story.key(app)
    known = lookup.snapshot_of(key)
    was = Power.of(known)
    what = story.some("mint", "narrow", "widen", "rotate", "undeprecate")
    values = {"networks": story.ranges(), "rate_limit_rpm": story.rate(), "expires_at": story.end()}
    made = key
    if what == "mint":
        made = lifecycle.mint(actor, app, name=story.name(), scopes=story.scopes(), **values).key
    elif what == "narrow":
        lifecycle.narrow(actor, key, scopes=story.scopes(), **values)
        assert Power.of(lookup.snapshot_of(key)).is_within(was)
    elif what == "widen":
        lifecycle.widen(actor, key, scopes=story.scopes(), reason="more", **values)
        assert known.parent is None
    elif what == "rotate":
        made = lifecycle.rotate(actor, key, scopes=story.rng.choice([None, story.scopes()])).key
    else:
        lifecycle.undeprecate(actor, key)
    if what in ("mint", "widen", "rotate") and not lookup.snapshot_of(made).speaks_for_agents:
        manages = {scope.verb for scope in made.scope_set if scope.resource == "agents"}
        needed = {"read": {"read"}, "write": {"read", "write"}, "admin": {"read", "write"}}
        for tier in {one for verb in manages for one in needed[verb]}:
            assert f"dashboard_agents:{tier}" in actor.permissions, (what, actor)


def person_gives_roles(story: Story) -> None:
    """An invitation, a role or a token gives nothing that its giver did not hold in that place."""
    place = story.place()
    actor = story.actor(place)
    what = story.some("invite", "invite", "join", "change role", "token", "authorize")
    role = story.some(*Role.values)
    had = frozenset(one for one in EVERYTHING if one in actor.permissions)
    if what == "invite":
        email = story.rng.choice(["", f"{story.name()}@example.com"])
        made = people.invite(actor, email, role, place).invitation
        assert PERMISSIONS[role] <= had
        assert email or role != Role.ADMIN
        assert made.app == place
    elif what == "join":
        waiting = list(Invitation.waiting().order_by("id"))
        if not waiting:
            return
        invitation = story.rng.choice(waiting)
        inviter = User.objects.get(pk=str(invitation.inviter_id))
        email = invitation.email or f"{story.name()}@example.com"
        user = people.join(shell().origin, invitation, email=email, name="", password=PASSWORD)
        gives = permissions_of(User.objects.get(pk=user.pk), invitation.app)
        assert gives <= permissions_of(inviter, invitation.app)
    elif what == "change role":
        members = list(Membership.objects.filter(app=place, ended_at=None).order_by("id"))
        if not members:
            return
        member = story.rng.choice(members)
        old = PERMISSIONS[member.role]
        people.change_role(actor, member, role)
        assert PERMISSIONS[role] - old <= had
    elif actor.kind == "person":
        user = User.objects.get(pk=actor.id)
        wish = story.rng.sample(EVERYTHING, 4)
        anywhere = {p for app in (*story.apps, None) for p in permissions_of(user, app)}
        if what == "token":
            made_token = tokens.issue(actor, user, name=story.name(), permissions=wish).token
        else:
            code = tokens.authorize(user, name=story.name(), permissions=wish, challenge=CHALLENGE)
            granted = tokens.redeem(code, VERIFIER)
            made_token = tokens.issue(
                actor, user, name=granted.name, permissions=granted.permissions, spelled_out=True
            ).token
        assert tokens.effective_permissions(made_token, frozenset(EVERYTHING)) <= anywhere


def everything_is_bounded(story: Story) -> None:
    """No app and no agent has more active keys than its limit, and as many again in grace."""
    for app in story.apps:
        own = app.keys.own()
        assert own.active().filter(grace_ends_at=None).count() <= LIMIT
        assert own.in_grace().count() <= LIMIT
        for agent in app.agents.all():
            own = agent.keys.own()
            assert own.active().filter(grace_ends_at=None).count() <= 3
            assert own.in_grace().count() <= 3
    for token in AccessToken.objects.select_related("user"):
        for place in (*story.apps, None):
            held = permissions_of(token.user, place)
            assert tokens.effective_permissions(token, held) <= held


@contextmanager
def kept_if_allowed(story: Story) -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except Refusal:
        return


ACTS: list[Callable[[Story], None]] = [key_acts, key_acts, person_acts_on_keys, person_gives_roles]


@pytest.mark.usefixtures("db")
@settings(law, max_examples=4, derandomize=True)
@given(st.integers(0, 2**32))
def test_nobody_ever_comes_by_more_than_its_giver_had(seed: int) -> None:
    with taken_back():
        story = Story(Random(seed))
        story.begin()
        for _ in range(ACTS_OF_A_STORY):
            with kept_if_allowed(story):
                story.rng.choice(ACTS)(story)
        everything_is_bounded(story)
