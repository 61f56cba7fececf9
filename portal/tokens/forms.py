"""Reads the form that mints an access token: its name, what it may do, and when it ends."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from django import forms

from core.clock import now
from core.durations import parse_duration
from core.forms import QueryForm, ValuesForm
from keys.web.forms import PLAIN_TEXT, OnceField
from keys.web.mint_forms import parse_end
from portal.permissions import DESCRIPTIONS, READING, RESOURCES, VERBS
from portal.roles import TIERS

EXPIRIES = (
    ("30d", "30 days"),
    ("90d", "90 days"),
    ("365d", "1 year"),
    ("custom", "Custom"),
    ("never", "Never"),
)
REACHES = (
    ("read", "Read only"),
    ("everything", "All my permissions"),
    ("chosen", "Custom"),
)


class Cell(NamedTuple):
    """A permission in the table: there is none, or it can be ticked, or its reader does not hold it."""

    permission: str
    description: str
    label: str
    """What it is called where its column does not say so."""
    ticked: bool
    held: bool


class TokenFilterForm(QueryForm):
    """The search of one's own tokens, in the query string."""

    q = forms.CharField(label="Name or prefix", required=False, max_length=100)


class MintTokenForm(ValuesForm):
    """All that is asked to mint an access token. `held` is what its owner may do on some app or other."""

    once = OnceField()
    name = forms.CharField(max_length=200, help_text="For example: ci-deploy.", widget=PLAIN_TEXT)
    reach = forms.ChoiceField(choices=REACHES, initial="read", widget=forms.RadioSelect)
    permissions = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    expires = forms.ChoiceField(choices=EXPIRIES, initial="30d", widget=forms.RadioSelect)
    expires_custom = forms.CharField(
        label="Custom expiry",
        required=False,
        max_length=40,
        help_text="A duration such as 45d, or a date and time such as 2027-02-20T14:32Z.",
        widget=PLAIN_TEXT,
    )

    def __init__(self, *args: Any, held: frozenset[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.held = held
        permissions: Any = self.fields["permissions"]
        permissions.choices = [(permission, permission) for permission in sorted(held)]

    def table(self) -> Iterator[tuple[str, list[Cell | None]]]:
        """Each resource, a cell for each of TIERS, and one for what is apart from them."""
        ticked = self["permissions"].value() or ()
        for resource, label in RESOURCES.items():
            cells = [self._cell(f"{resource}:{verb}", ticked) for verb in VERBS]
            tiers, apart = cells[: len(TIERS)], cells[len(TIERS) :]
            yield label, [*tiers, next(filter(None, apart), None)]

    def clean(self) -> dict[str, Any]:
        """The verb's own values, beside the fields."""
        data = self.cleaned_data
        wanted = {"read": self.held & set(READING), "everything": self.held}
        data["wanted"] = wanted.get(data.get("reach", ""), data.get("permissions", []))
        data["expires_at"] = self._end()
        return data

    def choices(self) -> dict[str, Any]:
        """Keyword arguments for tokens.issue(), once the form is valid."""
        data = self.cleaned_data
        return {
            "name": data["name"],
            "permissions": sorted(data["wanted"]),
            "expires_at": data["expires_at"],
            "once": data["once"],
        }

    def _cell(self, permission: str, ticked: Any) -> Cell | None:
        if permission not in DESCRIPTIONS:
            return None
        verb = permission.rpartition(":")[2]
        return Cell(
            permission,
            DESCRIPTIONS[permission],
            "" if verb in TIERS else verb,
            permission in ticked,
            permission in self.held,
        )

    def _end(self) -> datetime | None:
        chosen, custom = self.cleaned_data.get("expires", ""), self.cleaned_data.get("expires_custom", "")
        if chosen == "custom":
            ends: datetime | None = self.read("expires_custom", lambda: parse_end(custom))
            return ends
        return now() + parse_duration(chosen) if chosen and chosen != "never" else None
