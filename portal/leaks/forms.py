"""The form of a leaked-key report: the key itself, or its SHA-256."""

from typing import Any

from django import forms

from core.forms import ValuesForm
from portal.leaks import reports

MAX_PASTE = 10_000


class ReportForm(ValuesForm):
    """A key, or its hash made by the browser. A pasted key is hashed at once and never shown again."""

    key = forms.CharField(
        label="Leaked key",
        required=False,
        max_length=MAX_PASTE,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}
        ),
        help_text="The key itself, or text that contains it",
    )
    sha256 = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    found_at = forms.CharField(
        label="Where you found it (optional)",
        required=False,
        max_length=2_000,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="A URL or a short description",
    )
    note = forms.CharField(
        label="Note (optional)",
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="Visible to the key’s owner",
    )

    def clean(self) -> dict[str, Any]:
        """Adds `hashed`, which is all that is left of the key."""
        data = super().clean() or {}
        pasted, sent = data.pop("key", ""), data.pop("sha256", "")
        if not self.errors:
            data["hashed"] = (
                self.read("sha256", lambda: reports.parse_sha256(sent))
                if sent
                else self.read("key", lambda: reports.hash_of(pasted))
            )
        return data

    def forget(self) -> None:
        """Let go of what was pasted, so that no page shows it again."""
        self.data = {name: value for name, value in self.data.items() if name not in ("key", "sha256")}
