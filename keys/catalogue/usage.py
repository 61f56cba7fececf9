"""Who holds a scope, and who called with it lately: what is looked at before a scope is removed."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from agents.models import App
from keys.models import ApiKey
from keys.scopes import Scope

LOOKBACK = timedelta(days=30)
MAX_SHOWN = 20
"""Keys that a refusal names."""


@dataclass(frozen=True, slots=True)
class Holders:
    """The active keys that hold a scope by its own name, with any instance."""

    count: int
    keys: tuple[ApiKey, ...]
    """The first MAX_SHOWN of them, newest first."""


def count_holders(app: App) -> Counter[str]:
    """Scope name to the number of active keys of `app` that hold it, whatever the instance."""
    counted: Counter[str] = Counter()
    for scopes in ApiKey.objects.filter(app=app).living().values_list("scopes", flat=True).iterator():
        counted.update({_name(scope) for scope in scopes})
    return counted


def holders(app: App, names: Collection[str]) -> Mapping[str, Holders]:
    """Who holds each of `names`; names that no active key holds are left out."""
    found: dict[str, list[ApiKey]] = {}
    for key in ApiKey.objects.filter(app=app).living().select_related("app").iterator():
        for name in {_name(scope) for scope in key.scopes} & set(names):
            found.setdefault(name, []).append(key)
    return {name: Holders(len(keys), tuple(keys[:MAX_SHOWN])) for name, keys in found.items()}


def _name(stored: str) -> str:
    return Scope.from_name(stored).name
