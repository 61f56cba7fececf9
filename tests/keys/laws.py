"""How hard hypothesis tries, and the scopes and ranges it tries with."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from keys.networks import Network, parse_networks
from keys.scopes import Scope, ScopeSet

law = settings(database=None, deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))

INSTANCES = st.sampled_from(["", "a1", "b2"])
LEVELS = ("read", "write", "admin")


def leveled(resource: str, verb: str, instance: str) -> Scope:
    """A scope of a resource with LEVELS, as its catalogue makes it."""
    return Scope(resource, verb, instance, LEVELS[: LEVELS.index(verb)])


_tiered = st.builds(
    leveled, st.sampled_from(["agents", "grants", "keys"]), st.sampled_from(LEVELS), INSTANCES
)
_action = st.sampled_from([Scope("keys", "derive"), Scope("audit", "emit"), Scope("keys", "derive", "a1")])
scopes = st.one_of(_tiered, _action)
scope_sets = st.lists(scopes, max_size=5, unique=True).map(lambda some: ScopeSet(tuple(sorted(some))))

octets = st.integers(0, 255)
_v4 = st.builds("203.0.113.{}/{}".format, octets, st.integers(24, 32))
_v6 = st.builds("2001:db8::{:x}/{}".format, octets, st.integers(120, 128))
_mapped = st.builds("::ffff:203.0.113.{}/{}".format, octets, st.integers(120, 128))
ranges = st.lists(st.one_of(_v4, _v6, _mapped), max_size=6).map(parse_networks)
"""Lists of ranges so small that every address in them can be written down."""


def addresses(networks: tuple[Network, ...]) -> set[str]:
    """Every address of `networks`, one by one."""
    return {str(address) for network in networks for address in network}
