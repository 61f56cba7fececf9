"""The form of the audit log's filters: parses query parameters and typed text, and reports errors."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from django import forms
from django.utils import timezone

from audit.actions import EVERY
from audit.search import query
from audit.search.check_names import CHECK_IDS, describe_failed_check
from audit.search.search import Filters
from audit.search.vocabularies import NO_OUTCOME, outcome_of, words
from core.addresses import parse_address
from core.choices import parse_choice, unknown_names
from core.clock import now
from core.durations import parse_since, parse_until
from core.errors import Invalid, Refusal
from core.forms import in_lower_case, values_of
from core.ids import is_uuid
from core.text import sanitize
from keyformat.redaction import cut_to_prefix

SPANS = {
    "1h": timedelta(hours=1),
    "24h": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
RANGES = [
    ("", "All time"),
    ("1h", "Last hour"),
    ("24h", "Last 24 hours"),
    ("7d", "Last 7 days"),
    ("30d", "Last 30 days"),
    ("custom", "Custom range"),
]
OUTCOMES = [("", "Any"), ("event", "Events"), ("allowed", "Allowed"), ("denied", "Denied")]
KINDS = [("", "Any"), ("event", "Events"), ("call", "Requests")]
TEXTS = ("key", "caller", "actor", "path", "request", "trace")
WORDS = ("code", "check", "via")
PLACES = ("before", "after", "from")
"""What an address of the log may hold beside filters: a place in it."""
_LONG_RUN = re.compile(r"([0-9A-Za-z]{8})[0-9A-Za-z]{12,}")
"""Longer than any piece of a prefix: someone selected a key without its beginning."""
_LONGER_RUN = re.compile(r"(?<![0-9A-Za-z])(?![0-9a-fA-F]+(?![0-9A-Za-z]))([0-9A-Za-z]{8})[0-9A-Za-z]{22,}")
"""The same among other words; not a trace or an id, which are of hex digits alone."""


class MomentInput(forms.DateTimeInput):
    """Picks a moment in the reader's time zone. The address has it in UTC, in any form that `parse` reads."""

    input_type = "datetime-local"

    def __init__(self, parse: Callable[[str], datetime]) -> None:
        super().__init__(attrs={"step": "any"})
        self._parse = parse

    def format_value(self, value: Any) -> str | None:
        """The moment as browsers write it. What is no moment cannot be shown; its error quotes it."""
        try:
            moment = timezone.localtime(self._parse(str(value))) if value else None
        except Invalid:
            return None
        return f"{moment:%Y-%m-%dT%H:%M:%S}".removesuffix(":00") if moment else None


class MomentField(forms.CharField):
    """One end of a time, in UTC, as `parse` reads it."""

    def __init__(self, parse: Callable[[str], datetime], **kwargs: Any) -> None:
        super().__init__(required=False, max_length=40, widget=MomentInput(parse), **kwargs)
        self._parse = parse

    def clean(self, value: Any) -> datetime | None:
        """The moment, or None when nothing is written."""
        text = str(super().clean(value) or "")
        try:
            return self._parse(text) if text else None
        except Invalid as invalid:
            raise forms.ValidationError(invalid.why) from None


def _actions() -> list[tuple[str, Any]]:
    """Every act that is recorded, under what it is done to; `key` stands for all that is done to keys."""
    acts = sorted(name for name, action in EVERY.items() if action.says != "read")
    nouns = dict.fromkeys(name.partition(".")[0] for name in acts)
    groups = [
        (noun, [(noun, f"{noun}: anything"), *((name, name) for name in acts if name.startswith(f"{noun}."))])
        for noun in nouns
    ]
    return [("", "Any"), *groups]


class FilterForm(forms.Form):
    """The log's filters. All of them live in the address, so that a view can be sent to someone."""

    q = forms.CharField(label="Search", required=False, max_length=2000)
    range = forms.ChoiceField(label="Time", required=False, choices=RANGES)
    since = MomentField(parse_since, label="From")
    until = MomentField(parse_until, label="To")
    key = forms.CharField(required=False, max_length=100)
    key_id = forms.UUIDField(label="Key ID", required=False)
    agent = forms.CharField(required=False, max_length=100)
    actor = forms.CharField(required=False, max_length=200)
    action = forms.ChoiceField(required=False, choices=_actions)
    outcome = forms.ChoiceField(required=False, choices=OUTCOMES)
    ip = forms.CharField(label="IP address", required=False, max_length=60)
    path = forms.CharField(label="Route", required=False, max_length=300)
    request = forms.CharField(label="Request ID", required=False, max_length=64)
    caller = forms.CharField(required=False, max_length=255)
    code = forms.CharField(required=False, max_length=50)
    check = forms.CharField(required=False, max_length=30)
    kind = forms.ChoiceField(required=False, choices=KINDS)
    trace = forms.CharField(required=False, max_length=32)
    via = forms.CharField(required=False, max_length=10)
    id = forms.UUIDField(label="Entry ID", required=False)

    def __init__(self, query: Mapping[str, str]) -> None:
        self.flaws = unknown_names(values_of(query), {*self.base_fields, *PLACES})
        typed = in_lower_case(self, query)
        if "range" not in query and (typed["since"] or typed["until"]):
            typed["range"] = "custom"  # nobody chose another
        redacted = {name: _without_secrets(name, text) for name, text in typed.items()}
        self.held_a_secret = redacted != typed
        """Whether a key was among what was asked. It is not among what this form holds."""
        super().__init__(redacted)
        self.fields["q"].widget.attrs |= {
            "data-cut-keys": True,
            "spellcheck": "false",
            "autocomplete": "off",
            "autocapitalize": "none",
            "class": "mono-in",
            "placeholder": "Filter by key, agent, actor…",
        }

    @classmethod
    def from_query(cls, text: str) -> "FilterForm":
        """The filters of what follows the ? in an address."""
        return cls(dict(parse_qsl(text.removeprefix("?")[:10_000])))

    def clean_ip(self) -> str:
        """The address as the record writes it."""
        text = self.cleaned_data["ip"].strip()
        address = parse_address(text) if text else None
        if text and address is None:
            raise forms.ValidationError("Enter a full IP address, such as 203.0.113.7 or 2001:db8::1.")
        return str(address or "")

    def clean(self) -> dict[str, Any]:
        """Text is made fit to compare; a span becomes a moment."""
        data = self.cleaned_data
        for _, why in self.flaws:
            self.add_error("q", why)
        for name in WORDS:
            self._read_word(name)
        for name in TEXTS:
            data[name] = sanitize(data.get(name, ""), 300)
        if span := SPANS.get(data.get("range", "")):
            data["since"], data["until"] = now() - span, None
        elif data.get("range") != "custom":
            data["since"] = data["until"] = None
        if data.get("kind") == "event" and data.get("outcome") in ("allowed", "denied"):
            self.add_error("q", NO_OUTCOME)
        if data.get("since") and data.get("until") and data["since"] >= data["until"]:
            self.add_error("until", "Choose a time after the start.")
        return data

    def _read_word(self, name: str) -> None:
        """A word of a closed list, in whatever case."""
        try:
            text = self.cleaned_data.get(name, "")
            text = CHECK_IDS.get(text.lower(), text) if name == "check" else text
            self.cleaned_data[name] = parse_choice(text, name, words()[name])
        except Invalid as invalid:
            self.add_error(name, invalid.why)

    def filters(self, app_id: UUID | None) -> Filters:
        """What was asked for, of an app or of none. Only for a valid form."""
        values = {
            name: data for name, data in self.cleaned_data.items() if name not in ("q", "range", "kind")
        }
        agent, kind = values.pop("agent"), self.cleaned_data["kind"]
        values |= {"agent": UUID(agent)} if is_uuid(agent) else {"agent_name": agent}
        values["outcome"] = outcome_of(kind, values["outcome"])
        return Filters(app_id, calls_only=kind == "call", **values)

    def with_typed(self, app_id: UUID | None) -> "FilterForm":
        """These filters with what is typed among them; this form itself if there is nothing, or it cannot be read."""
        if not self.data["q"] or "q" in self.errors:
            return self
        try:
            typed = query.read(self.data["q"], app_id)
        except Refusal as refusal:
            self.add_error("q", getattr(refusal, "why", "") or f"{refusal.message} {refusal.hint}")
            return self
        form = FilterForm({**self.data, **typed, "q": ""})
        for name, errors in form.errors.items():
            self.add_error("q", [f"{query.NAMES.get(name, name)}: {error}" for error in errors])
        return self if form.errors else form

    def in_force(self) -> list[str]:
        """Names of what narrows this view. Two moments do so only when the range says so."""
        custom = self.data["range"] == "custom"
        idle = ("q", "range") if custom else ("q", "since", "until")
        return [name for name, value in self.data.items() if value and name not in idle]

    @property
    def is_fixed(self) -> bool:
        """Whether these filters are between moments that stay what they are."""
        return self.data["range"] == "custom" and bool(self.data["since"] or self.data["until"])

    def active(self) -> list[tuple[str, str, str]]:
        """Each filter in force: its name, what it says, and the address without it."""
        return [
            (query.NAMES.get(name, name), self._says(name), self.address(**{name: ""}))
            for name in self.in_force()
        ]

    def address(self, **changes: str) -> str:
        """The query string of this view with some values changed."""
        query = {name: self.data[name] for name in ("range", *self.in_force())} | changes
        return "?" + urlencode({name: value for name, value in query.items() if value})

    def permalink(self) -> str:
        """The query string of this view between two moments that stay what they are."""
        if self.data["range"] == "custom" and self.data["until"]:
            return self.address()
        span = SPANS.get(self.data["range"])
        moments = ({"since": now() - span} if span else {}) | {"until": now() + timedelta(seconds=1)}
        bounds = {name: f"{moment:%Y-%m-%d %H:%M:%S}" for name, moment in moments.items()}
        return self.address(range="custom", **bounds)

    def _says(self, name: str) -> str:
        value = str(self.data[name])
        if name == "check":
            return describe_failed_check(CHECK_IDS.get(value.lower(), value.lower()))
        return dict(RANGES).get(value, value).lower() if name == "range" else value


def _without_secrets(name: str, text: str) -> str:
    text = cut_to_prefix(text)
    long_run = {"key": _LONG_RUN, "q": _LONGER_RUN}.get(name)
    return long_run.sub(r"\1", text) if long_run else text
