"""What `make demo ARGS=--large` adds: an app with 2,000 agents, 10,000 keys and 200 members, to see long lists."""

import random
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from agents.lifecycle import create_app, update_app
from agents.models import MAX_KEYS, Agent, App
from audit.actors import shell
from core.clock import now
from keys import plaintext
from keys.catalogue.builtin import AGENT_DEFAULT
from keys.models import ApiKey, Pepper
from portal.models import Membership, Role, User

AGENTS, KEYS_PER_AGENT, APP_KEYS, MEMBERS = 2_000, 4, 2_000, 200
BATCH_SIZE = 500
DAY = timedelta(days=1)
PROGRAMS = ("billing", "refunds", "search", "sync", "reports", "mailer", "importer", "shipping")
REGIONS = ("eu", "us", "ap")
NAMES = ("Ada", "Ben", "Chloe", "David", "Elena", "Farid", "Greta", "Hugo", "Ines", "Jonas")
SURNAMES = ("Alvarez", "Becker", "Costa", "Dubois", "Eriksen", "Fischer", "Garcia", "Haas", "Ito", "Jansen")


def create_crowd(seed: int = 7) -> App:
    """The app `fleet` and all in it. Written in bulk, beside the audit log: events of 12,000 rows take minutes."""
    dice, present = random.Random(seed), now()
    app = create_app(shell(), "fleet", description="An app with long lists")
    update_app(shell(), app, max_keys=MAX_KEYS)
    agents = [_agent(app, n, dice, present) for n in range(AGENTS)]
    users = [_user(n, present) for n in range(MEMBERS)]
    pepper = Pepper.note_current()
    keys = [_key(app, agent, n, pepper, dice, present) for agent in agents for n in range(KEYS_PER_AGENT)]
    keys += [_key(app, None, n, pepper, dice, present) for n in range(APP_KEYS)]
    members = [Membership(user=user, app=app, role=Role.values[n % 3]) for n, user in enumerate(users)]
    rows: tuple[tuple[type[Any], list[Any]], ...] = (
        (Agent, agents),
        (User, users),
        (ApiKey, keys),
        (Membership, members),
    )
    for model, created in rows:
        QuerySet(model).bulk_create(created, BATCH_SIZE)
    return app


def _agent(app: App, n: int, dice: random.Random, present: datetime) -> Agent:
    name = f"{dice.choice(PROGRAMS)}-{dice.choice(REGIONS)}-{n:04}"
    age = dice.uniform(1, 300) * DAY
    agent = Agent(app=app, name=name, created_at=present - age)
    agent.display_name = name.replace("-", " ").capitalize() if n % 3 == 0 else ""
    agent.type = Agent.Type.SERVICE if n % 5 == 0 else Agent.Type.AGENT
    agent.suspended_at = present - age / 2 if n % 40 == 7 else None
    return agent


def _key(
    app: App, agent: Agent | None, n: int, pepper: int, dice: random.Random, present: datetime
) -> ApiKey:
    kind = ApiKey.Kind.AGENT if agent else ApiKey.Kind.APP
    secret, age = plaintext.generate(kind), dice.uniform(1, 200) * DAY
    born = max(agent.created_at, present - age) if agent else present - age
    key = ApiKey(app=app, agent=agent, kind=kind, pepper=pepper, created_at=born, minted_by="server")
    key.name = (
        f"{agent.name}-{n + 1}" if agent else f"{dice.choice(PROGRAMS)}-{dice.choice(REGIONS)}-{n:04}-key"
    )
    key.prefix, key.fingerprint, key.digest = secret.prefix, secret.fingerprint, secret.digest()
    key.scopes = list(AGENT_DEFAULT) if agent else ["grants:read"]
    state = dice.random()
    if state < 0.1:
        key.revoked_at = present - (present - born) / 2
    elif state < 0.15:
        key.deprecated_at = present - (present - born) / 3
    elif state < 0.4:
        key.expires_at = present + dice.uniform(-0.4, 90) * DAY
        key.expires_at = max(key.expires_at, born + DAY / 24)
    return key


def _user(n: int, present: datetime) -> User:
    first, last = NAMES[n % 10], SURNAMES[n // 10 % 10]
    user = User(name=f"{first} {last}", email=f"{first}.{last}.{n}@example.com".lower())
    user.date_joined = present - n * DAY
    user.set_unusable_password()
    return user
