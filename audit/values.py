"""A form whose fields are read by value languages, so that one sentence says what cannot be taken on every face."""

from collections.abc import Callable
from typing import Any

from django import forms

from audit.refusals import AskAgain, Invalid, Refusal


class ValuesForm(forms.Form):
    """Puts an Invalid on the field that caused it, and any other refusal on top."""

    def read(self, field: str, parse: Callable[[], Any]) -> Any:
        """What `parse` returns, or None with its complaint on `field`."""
        try:
            return parse()
        except Invalid as invalid:
            self.refuse(invalid, field)
            return None

    def refuse(self, refusal: Refusal, field: str = "") -> None:
        """Put a refusal where the reader will look for it: on its field, else on top of the form."""
        if isinstance(refusal, AskAgain):
            raise refusal  # the whole page asks for it, and comes back to this form
        field = field or getattr(refusal, "field", "")
        why = getattr(refusal, "why", "") or f"{refusal.message} {refusal.hint}".strip()
        self.add_error(field if field in self.fields else None, why)


class ReasonForm(ValuesForm):
    """Why, in a sentence for the log."""

    reason = forms.CharField(required=False, max_length=500)
