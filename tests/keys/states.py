"""A key in each state that matters to a call, and some that are none."""

from datetime import datetime, timedelta

from hypothesis import strategies as st

from agents.models import App
from audit.actors import Origin, shell
from core.addresses import parse_address
from keyformat import grammar
from keys import lifecycle, plaintext
from keys.admission.admit import CallRequest
from keys.admission.signatures import Signature
from keys.admission.verdict import CheckInput
from keys.scopes import ScopeSet
from tests.factories import AgentFactory, minted
from tests.keys.asking import UNKNOWN
from tests.keys.family import derived, parent_of
from tests.scopes import parse_scopes

KINDS = (
    "plain",
    "slow",
    "rotated",
    "successor",
    "narrow",
    "revoked",
    "deprecated",
    "expired",
    "derived",
    "agent",
    "unknown",
    "malformed",
)

# The kind of key, the caller's address, the scope that is needed, the nonce of a signed call.
CALLS = (
    st.sampled_from(KINDS),
    st.sampled_from(["203.0.113.7", "198.51.100.7", ""]),
    st.sampled_from(["grants:read", "grants:admin", ""]),
    st.sampled_from([None, "a" * 32, "b" * 32]),
)


def each_state(app: App, moment: datetime) -> dict[str, str]:
    """Secrets by kind. One of them expires a minute before `moment`."""
    made = {
        "plain": minted(app),
        "slow": minted(app, rate_limit_rpm=2),
        "rotated": minted(app, rate_limit_rpm=3),
        "narrow": minted(app, networks=["203.0.113.0/24"]),
        "revoked": minted(app),
        "deprecated": minted(app),
        "expired": minted(app, expires_at=moment - timedelta(minutes=1)),
        "derived": derived(parent_of(app).key, expires_in=timedelta(hours=2)),
        "agent": minted(app, agent=AgentFactory.create(app=app)),
    }
    made["successor"] = lifecycle.rotate(shell(), made["rotated"].key)
    lifecycle.narrow(shell(), made["successor"].key, rate_limit_rpm=2)
    lifecycle.revoke(shell(), made["revoked"].key)
    lifecycle.deprecate(shell(), made["deprecated"].key)
    taken = {name: one.plaintext.take() for name, one in made.items()}
    return {**taken, "unknown": UNKNOWN, "malformed": "alter_key_app_x"}


def question(
    moment: datetime,
    secret: str,
    address: str = "",
    scope: str = "",
    nonce: str | None = None,
    request_id: str = "r1",
) -> CallRequest:
    """What is asked about a call, signed at `moment` if it has a nonce."""
    asking = CheckInput(
        presented=True,
        well_formed=grammar.is_key(secret),
        address=parse_address(address),
        scopes=parse_scopes([scope]) if scope else ScopeSet(()),
        signature=_signature(moment, nonce) if nonce else None,
    )
    origin = Origin("door", address, 'py"test\\ ü', request_id)
    return CallRequest(asking, plaintext.sha256(secret), grammar.prefix_of(secret), origin, "GET", "/a,(b)'")


def _signature(moment: datetime, nonce: str) -> Signature:
    return Signature(moment=int(moment.timestamp()), nonce=nonce, body_matches=True, matches=True)
