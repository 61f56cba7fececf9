"""Reads what the support desk is asked: hashes that a browser made, or a prefix or fingerprint that someone typed."""

import re
from typing import Any
from uuid import UUID

from django import forms

from core.forms import ReasonForm, ValuesForm
from keyformat.redaction import cut_to_prefix, redact
from keys.web.forms import PLAIN_TEXT
from portal.support.lookup import MOST, SHORTEST

HASH = re.compile(r"[0-9a-f]{64}")
MOST_WORDS = 20
IS_WHOLE = (
    "That is more than a prefix, so it was not read, and is gone from here. Without scripts paste only what stands "
    "before the last 20 or so characters: alter_key_app_ and the eight after it."
)


class FindForm(ValuesForm):
    """What to look for. The browser's script sends `hash`; `words` is for whoever has none."""

    words = forms.CharField(
        label="A prefix, or a fingerprint",
        max_length=2000,
        required=False,
        widget=PLAIN_TEXT,
        help_text="alter_key_app_ and the eight characters after it, those eight alone, or the eight of a fingerprint.",
    )

    def __init__(self, data: Any = None) -> None:
        self.sent_hashes = data.getlist("hash")[: MOST + 1] if data is not None else []
        typed = str(data.get("words", "")) if data is not None else ""
        self.was_whole = cut_to_prefix(typed) != typed.strip()
        super().__init__({"words": "" if self.was_whole else typed} if data is not None else None)

    def clean_words(self) -> list[str]:
        """The words, each long enough to mean something."""
        if self.was_whole:
            raise forms.ValidationError(IS_WHOLE)
        words = [redact(word) for word in re.split(r"[\s,;]+", self.cleaned_data["words"].strip()) if word]
        if len(words) > MOST_WORDS:
            raise forms.ValidationError(f"At most {MOST_WORDS} at once.")
        if any(len(word) < SHORTEST for word in words):
            raise forms.ValidationError(f"Give at least {SHORTEST} characters of each.")
        return words

    def clean(self) -> dict[str, Any]:
        """`hashes` as bytes; something must have been asked."""
        data = self.cleaned_data
        if len(self.sent_hashes) > MOST or not all(HASH.fullmatch(one) for one in self.sent_hashes):
            self.add_error(None, f"At most {MOST} SHA-256 hashes can be looked up at once, in hexadecimal.")
        data["hashes"] = [bytes.fromhex(one) for one in self.sent_hashes if HASH.fullmatch(one)]
        if not data["hashes"] and not data.get("words") and not self.errors:
            self.add_error("words", "Paste a key, a line of a log, a prefix or a fingerprint.")
        return data


class ManyForm(ReasonForm):
    """Which of the found keys end, and why."""

    reason = forms.CharField(max_length=500)
    ticket = forms.CharField(label="Ticket", max_length=60, required=False, widget=PLAIN_TEXT)
    force = forms.BooleanField(label="Even if an agent is left without an active key", required=False)

    def __init__(self, data: Any = None) -> None:
        self.sent_keys = data.getlist("key")[:MOST] if data is not None else []
        super().__init__(data)

    def clean(self) -> dict[str, Any]:
        """`ids` of the ticked keys."""
        try:
            self.cleaned_data["ids"] = {UUID(one) for one in self.sent_keys}
        except ValueError:
            self.cleaned_data["ids"] = set()
        if not self.cleaned_data["ids"]:
            self.add_error(None, "Tick the keys that are to end.")
        return self.cleaned_data


class TokenForm(ReasonForm):
    """Why a found access token ends."""

    ticket = forms.CharField(label="Ticket", max_length=60, required=False, widget=PLAIN_TEXT)


class AskForm(ValuesForm):
    """What to ask of whoever answers for a key."""

    message = forms.CharField(
        label="What you ask",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="They get it as a notice, and by e-mail if they chose so. It is kept in the audit log.",
    )
