"""The identity provider that people may sign in at: settings, read and judged. Imports no Django."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from portal.data import WrongSetting

ROLES = ("developer", "support", "admin")
LOCAL = ("localhost", "127.0.0.1", "::1")
ID = "sso"
"""What the provider is called in addresses."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """Who has `value` in their `claim` gets `role`: on the app of this name, or on every app (empty)."""

    claim: str
    value: str
    role: str
    app: str = ""


@dataclass(frozen=True, slots=True)
class Provider:
    """One OpenID Connect provider."""

    issuer: str
    client_id: str
    client_secret: str
    name: str
    mapped: tuple[Mapped, ...]
    only: bool
    """Whether the sign-in page offers nothing else."""

    def __repr__(self) -> str:
        return f"<Provider {self.issuer}>"

    def as_app(self) -> dict[str, Any]:
        """As django-allauth reads it."""
        return {
            "provider_id": ID,
            "name": self.name,
            "client_id": self.client_id,
            "secret": self.client_secret,
            "settings": {"server_url": self.issuer, "oauth_pkce_enabled": True},
        }

    def roles_of(self, claims: Mapping[str, Any]) -> dict[str, str]:
        """The name of an app, empty for every app, to the role that these claims mean there: the highest of them."""
        found: dict[str, str] = {}
        for one in self.mapped:
            if one.value in _values(claims.get(one.claim)):
                before = found.get(one.app, ROLES[0])
                found[one.app] = max(before, one.role, key=ROLES.index)
        return found

    @property
    def places(self) -> set[str]:
        """The apps whose roles the provider decides; empty for every app."""
        return {one.app for one in self.mapped}


def read(
    *, issuer: str, client_id: str, client_secret: str, name: str, roles: str, only: str
) -> Provider | None:
    """The provider the operator names, or None. Raises WrongSetting."""
    mapped = tuple(_mapped(one.strip()) for one in roles.split(",") if one.strip())
    if only.lower() not in ("", "true", "false"):
        raise WrongSetting(f"PORTAL_OIDC_ONLY is {only!r}: write true or false.")
    given = (issuer, client_id, client_secret)
    if not any(given) and only.lower() != "true":
        return None
    if not all(given):
        raise WrongSetting(
            "PORTAL_OIDC_ISSUER, PORTAL_OIDC_CLIENT_ID and PORTAL_OIDC_CLIENT_SECRET: set them together"
            " (PORTAL_OIDC_ONLY needs them, too)."
        )
    return Provider(
        _issuer(issuer), client_id, client_secret, name or "single sign-on", mapped, only.lower() == "true"
    )


def _issuer(given: str) -> str:
    parts = urlsplit(given)
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOCAL)
    if not secure or not parts.hostname or parts.query or parts.fragment:
        raise WrongSetting(
            f"PORTAL_OIDC_ISSUER is {given!r}: write an https address, https://id.example.com."
        )
    return given.rstrip("/")


def _mapped(given: str) -> Mapped:
    claim, _, rest = given.partition(":")
    value, _, place = rest.rpartition("=")
    role, _, app = place.partition("@")
    if not claim or not value or role not in ROLES:
        raise WrongSetting(
            f"PORTAL_OIDC_ROLES: {given!r} cannot be read. Write claim:value=role or claim:value=role@app, with"
            f" commas between; a role is {', '.join(ROLES)}."
        )
    return Mapped(claim, value, role, app)


def _values(claim: Any) -> Iterable[str]:
    """A claim is one text or a list of them."""
    if isinstance(claim, list):
        return [value for value in claim if isinstance(value, str)]
    return [claim] if isinstance(claim, str) else []
