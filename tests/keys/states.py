"""A key in each state that matters to a call, and some that are none."""

from datetime import datetime, timedelta

from agents.models import App
from audit.actors import shell
from keys import lifecycle
from tests.factories import AgentFactory, minted
from tests.keys.asking import UNKNOWN
from tests.keys.family import derived, parent_of

KINDS = (
    "plain",
    "slow",
    "narrow",
    "revoked",
    "deprecated",
    "expired",
    "derived",
    "agent",
    "unknown",
    "malformed",
)


def each_state(app: App, moment: datetime) -> dict[str, str]:
    """Secrets by kind. One of them expires a minute before `moment`."""
    made = {
        "plain": minted(app),
        "slow": minted(app, rate_limit_rpm=2),
        "narrow": minted(app, networks=["203.0.113.0/24"]),
        "revoked": minted(app),
        "deprecated": minted(app),
        "expired": minted(app, expires_at=moment - timedelta(minutes=1)),
        "derived": derived(parent_of(app).key, expires_in=timedelta(hours=2)),
        "agent": minted(app, agent=AgentFactory.create(app=app)),
    }
    lifecycle.revoke(shell(), made["revoked"].key)
    lifecycle.deprecate(shell(), made["deprecated"].key)
    taken = {name: one.plaintext.take() for name, one in made.items()}
    return {**taken, "unknown": UNKNOWN, "malformed": "alter_key_app_x"}
