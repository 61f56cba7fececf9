"""Forms of the key lookup: hashes made by the browser, or prefixes and fingerprints that were typed."""

import re
from typing import Any
from uuid import UUID

from django import forms

from core.forms import ReasonForm, ValuesForm
from keyformat.redaction import cut_to_prefix, redact
from keys.web.forms import PLAIN_TEXT
from portal.support.lookup import MAX_RESULTS, MIN_LENGTH

HASH = re.compile(r"[0-9a-f]{64}")
MAX_WORDS = 20
IS_WHOLE = (
    "This looks like a complete key, so it was discarded. Without JavaScript, enter only its prefix: alter_key_app_ "
    "and the next eight characters."
)


class LookupForm(ValuesForm):
    """What to look up. The browser's script sends `hash`; `words` is used without JavaScript."""

    words = forms.CharField(
        label="Prefix or fingerprint",
        max_length=2000,
        required=False,
        widget=PLAIN_TEXT,
        help_text="alter_key_app_ and the next eight characters, only those eight, or an eight-character fingerprint.",
    )

    def __init__(self, data: Any = None) -> None:
        self.sent_hashes = data.getlist("hash")[: MAX_RESULTS + 1] if data is not None else []
        typed = str(data.get("words", "")) if data is not None else ""
        self.was_whole = cut_to_prefix(typed) != typed.strip()
        super().__init__({"words": "" if self.was_whole else typed} if data is not None else None)

    def clean_words(self) -> list[str]:
        """The words, none too short."""
        if self.was_whole:
            raise forms.ValidationError(IS_WHOLE)
        words = [redact(word) for word in re.split(r"[\s,;]+", self.cleaned_data["words"].strip()) if word]
        if len(words) > MAX_WORDS:
            raise forms.ValidationError(f"Enter at most {MAX_WORDS} at once.")
        if any(len(word) < MIN_LENGTH for word in words):
            raise forms.ValidationError(f"Enter at least {MIN_LENGTH} characters of each.")
        return words

    def clean(self) -> dict[str, Any]:
        """Adds `hashes` as bytes. An empty form is an error."""
        data = self.cleaned_data
        if len(self.sent_hashes) > MAX_RESULTS or not all(
            HASH.fullmatch(value) for value in self.sent_hashes
        ):
            self.add_error(None, f"Send at most {MAX_RESULTS} SHA-256 hashes, in hexadecimal.")
        data["hashes"] = [bytes.fromhex(value) for value in self.sent_hashes if HASH.fullmatch(value)]
        if not data["hashes"] and not data.get("words") and not self.errors:
            self.add_error("words", "Enter a key, log lines, a prefix or a fingerprint.")
        return data


class RevokeManyForm(ReasonForm):
    """Which of the keys to revoke, and the reason."""

    reason = forms.CharField(max_length=500)
    ticket = forms.CharField(label="Ticket (optional)", max_length=60, required=False, widget=PLAIN_TEXT)
    force = forms.BooleanField(label="Allow leaving an agent with no active key", required=False)

    def __init__(self, data: Any = None) -> None:
        self.sent_keys = data.getlist("key")[:MAX_RESULTS] if data is not None else []
        super().__init__(data)

    def clean(self) -> dict[str, Any]:
        """Adds `ids` of the selected keys."""
        try:
            self.cleaned_data["ids"] = {UUID(value) for value in self.sent_keys}
        except ValueError:
            self.cleaned_data["ids"] = set()
        if not self.cleaned_data["ids"]:
            self.add_error(None, "Select the keys to revoke.")
        return self.cleaned_data


class TokenForm(ReasonForm):
    """The reason to revoke an access token."""

    ticket = forms.CharField(label="Ticket (optional)", max_length=60, required=False, widget=PLAIN_TEXT)


class AskForm(ValuesForm):
    """A question to the owner of a key."""

    message = forms.CharField(
        label="Message",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Sent as a notification, and by email if they chose so. Saved to the audit log.",
    )
