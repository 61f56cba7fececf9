"""PORTAL_OIDC_ROLES: which values of which claim mean which role. JSON says all; a short form the plain cases."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from core.masking import mask_value
from portal.config.errors import WrongSetting

ROLES = ("developer", "support", "admin")
AS_JSON = '{"claim": "groups", "roles": {"platform": "admin", "payments": "developer@checkout"}}'


@dataclass(frozen=True, slots=True)
class Mapped:
    """Who has `value` in their `claim` gets `role`: on the app of this name, or on every app (empty)."""

    claim: str
    value: str
    role: str
    app: str = ""


def read(given: str) -> tuple[Mapped, ...]:
    """The mapping that the setting says: JSON, or `claim:value=role@app` with commas between. Raises WrongSetting."""
    given = given.strip()
    if given[:1] in ("{", "["):
        return tuple(_from_json(given))
    entries = [entry.strip() for entry in given.split(",") if entry.strip()]
    return tuple(_from_short(entry, number) for number, entry in enumerate(entries, 1))


def _from_json(given: str) -> Iterator[Mapped]:
    try:
        mapping = json.loads(given, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        _refuse(f"this is no JSON ({error})")
    for entry in mapping if isinstance(mapping, list) else [mapping]:
        if not isinstance(entry, dict) or set(entry) != {"claim", "roles"}:
            _refuse('each entry is an object with "claim" and "roles", and nothing else')
        claim, roles = entry["claim"], entry["roles"]
        if not isinstance(claim, str) or not claim:
            _refuse(f'"claim" must be the name of a claim, and is {_shown(claim)}')
        if not isinstance(roles, dict) or not roles:
            _refuse(f'"roles" of the claim {_shown(claim)} must be an object of values and their roles')
        for value, meant in roles.items():
            yield from _meant(claim, value, meant)


def _meant(claim: str, value: str, meant: Any) -> Iterator[Mapped]:
    """One value's roles: a text, or a list of them for several apps."""
    roles = meant if isinstance(meant, list) and meant else [meant]
    if not value:
        _refuse(f"the claim {_shown(claim)} has an empty value, which nobody has")
    for place in roles:
        if not isinstance(place, str) or _role_of(place) is None:
            _refuse(f"{_shown(value)} of the claim {_shown(claim)} means {_shown(place)}, which is no role")
        role, _, app = place.partition("@")
        yield Mapped(claim, value, role, app)


def _from_short(given: str, number: int) -> Mapped:
    """One entry of the short form, if it can be read in one way only."""
    cuts = [at for at, sign in enumerate(given) if sign == "=" and _role_of(given[at + 1 :]) is not None]
    left = given[: cuts[0]] if cuts else ""
    if len(cuts) > 1 or left.count(":") > 1:
        _refuse(f"entry {number} can be read in more than one way")
    claim, _, value = left.partition(":")
    if not claim or not value:
        _refuse(f"entry {number} cannot be read")
    role, _, app = given[cuts[0] + 1 :].partition("@")
    return Mapped(claim, value, role, app)


def _role_of(place: str) -> str | None:
    """The role in `role` or `role@app`; None if that is none. No role has an @ in it, and an app's name may."""
    role, at, app = place.partition("@")
    return role if role in ROLES and bool(at) == bool(app.strip()) else None


def _shown(value: Any) -> str:
    """What stands in the JSON. A name with a colon in it may be an address with a password."""
    if isinstance(value, str):
        return json.dumps(mask_value(value) if set(value) & set(":?") else value, ensure_ascii=False)
    text = json.dumps(value)
    return mask_value(text) if set(text) & set(":?") else text


def _unique(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    """An object, if it names nothing twice: of two, one would be passed over in silence."""
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return members


def _refuse(why: str) -> NoReturn:
    raise WrongSetting(
        f"PORTAL_OIDC_ROLES: {why}. Write claim:value=role or claim:value=role@app with commas between, or, for names"
        f" with : = or a comma in them, JSON: {AS_JSON}. A role is {', '.join(ROLES)}."
    )
