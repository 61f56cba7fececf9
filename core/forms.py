"""A form for query parameters, whose fields use the same parsers as the API."""

from collections.abc import Callable, Collection, Mapping
from contextvars import ContextVar
from typing import Any

from django import forms
from django.utils.datastructures import MultiValueDict

from core.choices import unknown_names
from core.errors import Invalid, ReauthenticationRequired, Refusal

LIST_NAMES = ("page", "sort")
"""What may stand in the address of any list."""


draft: ContextVar[MultiValueDict[str, str] | None] = ContextVar("draft", default=None)
"""What was typed into a form of this page before its session ended: portal/auth/drafts.py."""


class ValuesForm(forms.Form):
    """Puts an Invalid on the field that caused it, and any other refusal on top."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_bound and (typed := draft.get()) is not None:
            self._restore(typed)

    def _restore(self, typed: MultiValueDict[str, str]) -> None:
        """Show what was typed, without judging it."""
        if not any(name in typed for name, field in self.fields.items() if not field.widget.is_hidden):
            return  # it was another form of the page
        for name, field in self.fields.items():
            values = typed.getlist(name)
            if isinstance(field, forms.MultipleChoiceField):
                self.initial[name] = values
            elif not field.widget.is_hidden:
                self.initial[name] = values[-1] if values else False

    def read(self, field: str, parse: Callable[[], Any]) -> Any:
        """What `parse` returns, or None with its complaint on `field`."""
        try:
            return parse()
        except Invalid as invalid:
            self.refuse(invalid, field)
            return None

    def refuse(self, refusal: Refusal, field: str = "") -> None:
        """Put a refusal where the reader will look for it: on its field, else on top of the form."""
        if isinstance(refusal, ReauthenticationRequired):
            raise refusal  # the whole page asks for it, and comes back to this form
        field = field or getattr(refusal, "field", "")
        why = getattr(refusal, "why", "") or f"{refusal.message} {refusal.hint}".strip()
        self.add_error(field if field in self.fields else None, why)


class ReasonForm(ValuesForm):
    """Why, in a sentence for the log."""

    reason = forms.CharField(required=False, max_length=500)


class QueryForm(forms.Form):
    """The filters of a list, in its address: a name it does not know is a mistake, and words are read in any case."""

    also: tuple[str, ...] = LIST_NAMES
    """What else may stand in the address."""

    def __init__(self, query: Mapping[str, Any]) -> None:
        self.flaws = unknown_names(values_of(query), {*self.base_fields, *self.also})
        super().__init__(in_lower_case(self, query))

    def clean(self) -> dict[str, Any]:
        """Any complaint about a name stands at the first field, or on top of a form that has none."""
        for _, why in self.flaws:
            self.add_error(next(iter(self.fields), None), why)
        return self.cleaned_data


def refuse_unknown(query: Mapping[str, Any], known: Collection[str] = LIST_NAMES) -> None:
    """Raise Invalid for the first name in the address of a page without filters that is not among `known`."""
    for name, why in unknown_names(values_of(query), known):
        raise Invalid(name, why)


def values_of(query: Mapping[str, Any]) -> dict[str, list[str]]:
    """All values by name, of a query as it came or of one that was put together."""
    lists = getattr(query, "lists", None)
    return dict(lists()) if lists else {name: [value] for name, value in query.items()}


def in_lower_case(form: forms.Form, query: Mapping[str, Any]) -> dict[str, str]:
    """What is asked of a form's fields; words of closed lists as the lists write them."""
    return {name: _in_list(field, str(query.get(name, ""))) for name, field in form.base_fields.items()}


def _in_list(field: forms.Field, text: str) -> str:
    is_listed = isinstance(field, forms.ChoiceField) and not field.valid_value(text)
    return text.strip().lower() if is_listed else text
