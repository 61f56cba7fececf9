"""Reads the two large forms, of a new key and of the permissions of one: scopes, expiry and limits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.datastructures import MultiValueDict

from core.choices import parse_choice
from core.clock import now
from core.durations import parse_duration, parse_moment
from core.errors import Invalid
from core.forms import ValuesForm, refuse_unknown
from keys.catalogue.builtin import AGENT_DEFAULT
from keys.catalogue.catalogue import Catalogue, Definition, Resource, Source
from keys.catalogue.store import catalogue_of
from keys.expiry import check_expiry
from keys.models import ApiKey
from keys.networks import Network, parse_networks
from keys.permissions import Permissions
from keys.scopes import ScopeSet, shaped
from keys.web.forms import PLAIN_TEXT, OnceField
from keys.web.presets import LEVEL_PREFIX, as_fields, template_fields

EXPIRIES = (
    ("1h", "1 hour"),
    ("7d", "7 days"),
    ("30d", "30 days"),
    ("90d", "90 days"),
    ("custom", "Custom"),
    ("never", "Never"),
)
NO_LEVEL = "none"


@dataclass(frozen=True, slots=True)
class MatrixGroup:
    """Resources of one source in the scope matrix, each with its field."""

    label: str
    rows: list[tuple[Resource, forms.BoundField]]
    is_open: bool
    """Whether it is shown at once: resources of the app itself, or one with a level chosen."""


class ScopeFields(ValuesForm):
    """The scope matrix: a level for each resource of the app's catalogue, the actions, and scopes written out."""

    actions = forms.MultipleChoiceField(
        label="Scopes", required=False, choices=(), widget=forms.CheckboxSelectMultiple
    )
    more_scopes = forms.CharField(
        label="Resource-level scopes",
        required=False,
        max_length=2000,
        widget=PLAIN_TEXT,
    )

    def __init__(self, *args: Any, catalogue: Catalogue, **kwargs: Any) -> None:
        self.catalogue = catalogue
        # Before the base class copies them, so that whatever is done with a form's fields is done with these.
        vars(self)["base_fields"] = {**self.base_fields, **_level_fields(catalogue)}
        super().__init__(*args, **kwargs)
        actions, more_scopes = self.fields["actions"], self.fields["more_scopes"]
        if isinstance(actions, forms.MultipleChoiceField):
            actions.choices = [(action.name, action.name) for action in catalogue.actions]
        more_scopes.help_text = (
            "resource:verb:id, separated by commas. "
            f"For example: {catalogue.resources[0].levels[0].name}:7f31c09e"
        )

    def matrix(self) -> list[MatrixGroup]:
        """The resources with their fields, those of the app itself first."""
        groups = {
            source: [
                (each, self[_field_of(each)]) for each in self.catalogue.resources if each.source == source
            ]
            for source in SOURCE_LABELS
        }
        return [
            MatrixGroup(
                SOURCE_LABELS[source],
                rows,
                source == "app"
                or not groups["app"]
                or any((field.value() or NO_LEVEL) != NO_LEVEL for _, field in rows),
            )
            for source, rows in groups.items()
            if rows
        ]

    def action_boxes(self) -> Iterable[tuple[forms.boundfield.BoundWidget, Definition]]:
        """The checkbox of each action, and what the action is."""
        return zip(self["actions"], self.catalogue.actions, strict=True)

    def scope_names(self) -> list[str]:
        """What is ticked and written, valid or not."""
        levels = {
            each.name: self.cleaned_data.get(_field_of(each)) or NO_LEVEL for each in self.catalogue.resources
        }
        return [
            *(f"{name}:{level}" for name, level in levels.items() if level != NO_LEVEL),
            *self.cleaned_data.get("actions", []),
            *self.cleaned_data.get("more_scopes", "").replace(",", " ").split(),
        ]

    def read_scopes(self) -> ScopeSet | None:
        """The scopes chosen, or None with the complaint on the form."""
        names = self.scope_names()
        # That nothing is chosen is no fault of the field where scopes are written out.
        parsed: ScopeSet | None = self.read(
            "more_scopes" if names else "actions", lambda: self.catalogue.parse(names)
        )
        return parsed


SOURCE_LABELS: dict[Source, str] = {
    "app": "This API",
    "built-in": "This portal",
    "preset": "Preset alter-sdk",
}


def _field_of(resource: Resource) -> str:
    return LEVEL_PREFIX + resource.name


def _level_fields(catalogue: Catalogue) -> dict[str, forms.Field]:
    return {
        _field_of(resource): forms.ChoiceField(
            required=False,
            choices=[(NO_LEVEL, NO_LEVEL), *((verb, verb) for verb in resource.verbs)],
            initial=NO_LEVEL,
            widget=forms.RadioSelect,
        )
        for resource in catalogue.resources
    }


class LimitFields(ValuesForm):
    """From where, and how fast."""

    networks = forms.CharField(
        label="Allowed IP ranges",
        required=False,
        max_length=4000,
        help_text="CIDR ranges, separated by commas. Leave empty to allow all IP addresses.",
        widget=PLAIN_TEXT,
    )
    rate_limit_rpm = forms.IntegerField(
        label="Rate limit (requests per minute)", required=False, min_value=1, max_value=100_000
    )

    def read_networks(self) -> tuple[Network, ...] | None:
        """The ranges written, or None with the complaint on the form."""
        words = self.cleaned_data.get("networks", "").replace(",", " ").split()
        ranges: tuple[Network, ...] | None = self.read("networks", lambda: parse_networks(words))
        return ranges


class GrantForm(ScopeFields, LimitFields):
    """What both forms decide: scopes, allowed IP ranges, rate limit and expiry."""

    def clean(self) -> dict[str, Any]:
        """The verb's own values, beside the fields."""
        data = self.cleaned_data
        data["scopes"] = self.read_scopes()
        data["network_list"] = self.read_networks()
        data["expires_at"] = self.read_end()
        return data

    def read_end(self) -> datetime | None:
        """When the key ends, or None with any complaint on its field."""
        raise NotImplementedError


class MintForm(GrantForm):
    """All that is asked to mint a key."""

    once = OnceField()
    name = forms.CharField(max_length=200, help_text="For example: orders-worker-prod-eu", widget=PLAIN_TEXT)
    expires = forms.ChoiceField(choices=EXPIRIES, initial="90d", widget=forms.RadioSelect)
    expires_custom = forms.CharField(
        label="Custom expiry",
        required=False,
        max_length=40,
        help_text="For Custom: a duration such as 45d, a time such as 2027-02-20T14:32Z, or a date.",
        widget=PLAIN_TEXT,
    )
    why_never = forms.CharField(
        label="Justification for no expiry",
        required=False,
        max_length=300,
        help_text="For Never. Saved to the audit log.",
    )

    def choices(self) -> dict[str, Any]:
        """Keyword arguments for lifecycle.mint()."""
        data = self.cleaned_data
        return {
            "name": data["name"],
            "scopes": data["scopes"],
            "networks": data["network_list"],
            "rate_limit_rpm": data["rate_limit_rpm"],
            "expires_at": data["expires_at"],
            "reason": data["why_never"] if data["expires"] == "never" else "",
            "idempotency_key": data["once"],
        }

    def read_end(self) -> datetime | None:
        """A span from now, the moment written, or none for a reason."""
        chosen, custom = self.cleaned_data.get("expires", ""), self.cleaned_data.get("expires_custom", "")
        if chosen == "never":
            if not self.cleaned_data.get("why_never", "").strip():
                self.add_error("why_never", "Enter a justification.")
            return None
        if chosen == "custom":
            ends: datetime | None = self.read("expires_custom", lambda: parse_end(custom))
            return ends
        return now() + parse_duration(chosen) if chosen else None


class PermissionsForm(GrantForm):
    """The permissions that a key is to have. Everything is filled in with what it has."""

    expires_custom = forms.CharField(
        label="Expires",
        required=False,
        max_length=40,
        help_text="A duration such as 45d, a time such as 2027-02-20T14:32Z, or a date. Leave empty for never.",
        widget=PLAIN_TEXT,
    )
    reason = forms.CharField(required=False, max_length=500)
    shown = forms.CharField(required=False, max_length=16, widget=forms.HiddenInput)
    """The digest of the changes that were shown before saving."""

    def __init__(self, *args: Any, key: ApiKey, **kwargs: Any) -> None:
        super().__init__(*args, catalogue=catalogue_of(key.app), **kwargs)
        self.key = key

    def read_end(self) -> datetime | None:
        """The time entered; none is never."""
        text = self.cleaned_data.get("expires_custom", "").strip()
        if text == _written(self.key.expires_at):  # which may have passed since
            return self.key.expires_at
        ends: datetime | None = self.read("expires_custom", lambda: parse_end(text)) if text else None
        return ends

    def permissions(self) -> Permissions:
        """What is entered, once the form is valid."""
        data = self.cleaned_data
        rate = data["rate_limit_rpm"] or self.key.rate_limit
        return Permissions(data["scopes"], data["network_list"], rate, data["expires_at"])


def parse_end(text: str) -> datetime:
    """A moment ahead, from `45d` or from a date. Raises Invalid."""
    text = text.strip()
    if not text:
        raise Invalid(
            "expires_custom",
            "Enter a duration such as 45d, a time such as 2027-02-20T14:32Z, or a date.",
        )
    span = text[-1:].isalpha() and text[-1:] not in "zZ"
    moment = now() + parse_duration(text) if span else parse_moment(text)
    check_expiry(moment)
    return moment


def starting_values(
    catalogue: Catalogue, query: MultiValueDict[str, str], like: ApiKey | None, *, for_agent: bool = False
) -> dict[str, Any]:
    """What a fresh mint form begins with: a key to be like, what was typed before, and a template of the catalogue.

    `also_scopes` and `also_networks` (with commas between) are what the new key is to have beyond the one it is like.
    """
    values: dict[str, Any] = {"expires": "90d"}
    if for_agent and not like:
        values |= as_fields(catalogue, catalogue.known(AGENT_DEFAULT))
    if like:
        values |= as_fields(catalogue, _with_scopes(catalogue, like.scopes, query.get("also_scopes", "")))
        values |= _limits(like, query.get("also_networks", "")) | {"name": like.name}
    values |= {name: query[name] for name in query if query[name] and name != "actions"}
    if "actions" in query:
        values["actions"] = query.getlist("actions")
    template = {each.name: each for each in catalogue.templates}.get(query.get("purpose", ""))
    values |= template_fields(catalogue, template) if template else {}
    return values | {"once": uuid4().hex}


ALSO = ("also_scopes", "also_networks")
"""What a form is to begin with beside what a key has: scopes, and IP ranges."""
PREFILLS = {"from", "purpose", "actions", *ALSO}
"""What may stand in the address of a mint form beside its own fields."""


def refuse_unknown_prefill(catalogue: Catalogue, query: MultiValueDict[str, str]) -> None:
    """Raise Invalid for a name in the address of a mint form that fills in nothing, or a template there is not."""
    known = set(MintForm(catalogue=catalogue).fields) - {"once"} | PREFILLS
    refuse_unknown({name: query[name] for name in query}, known)
    parse_choice(query.get("purpose", ""), "purpose", [each.name for each in catalogue.templates])


def current_values(key: ApiKey, query: Mapping[str, str]) -> dict[str, Any]:
    """What a form of permissions begins with: those of `key`, and the ALSO of `query` beside them."""
    catalogue = catalogue_of(key.app)
    scopes, networks = (query.get(name, "") for name in ALSO)
    values = as_fields(catalogue, _with_scopes(catalogue, key.scopes, scopes)) | _limits(key, networks)
    return values | {"rate_limit_rpm": key.rate_limit, "expires_custom": _written(key.expires_at)}


def _written(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%dT%H:%MZ}" if moment else ""


def _limits(key: ApiKey, also: str = "") -> dict[str, Any]:
    """A key without a list may be used from anywhere: nothing is added to that."""
    networks = [*key.networks, also] if key.networks and also else key.networks
    return {"networks": ", ".join(networks), "rate_limit_rpm": key.rate_limit_rpm}


def _with_scopes(catalogue: Catalogue, names: Iterable[str], also: str) -> list[str]:
    """`names` and those of `also` that are scopes at all, without what one of the latter covers."""
    shapes = [scope for text in also.split(",") if (scope := shaped(text.strip()))]
    more = catalogue.stored(map(str, shapes))
    kept = [
        name
        for name in names
        if not any(wider.covers(held) for held in catalogue.stored([name]) for wider in more)
    ]
    return [*kept, *more.names()]
