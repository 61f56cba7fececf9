"""Reads the box that looks for a key."""

from typing import Any

from django import forms

from audit.exploring.search import cut_to_prefix
from audit.values import ValuesForm
from keys.plaintext import is_well_formed

SHORTEST = 4


class FindForm(ValuesForm):
    """A prefix, the end of one, or a pasted key, which is cut to its prefix before anyone sees it again."""

    paste = forms.CharField(
        label="A prefix, its last eight characters, or a key",
        max_length=500,
        widget=forms.TextInput(attrs={"data-cut-keys": True, "spellcheck": "false", "autocomplete": "off"}),
        help_text="A pasted key is cut to its prefix at once; the rest is neither kept nor shown.",
    )

    def __init__(self, data: Any = None) -> None:
        pasted = str(data.get("paste", "")) if data is not None else ""
        self.was_whole = is_well_formed(pasted.strip())
        super().__init__({"paste": cut_to_prefix(pasted)} if data is not None else None)

    def clean_paste(self) -> str:
        """At least four characters, or everything would match."""
        paste: str = self.cleaned_data["paste"].strip()
        if len(paste) < SHORTEST:
            raise forms.ValidationError(f"Give at least {SHORTEST} characters.")
        return paste
