"""The search field of a list, in its URL."""

from django import forms

from core.forms import QueryForm

MAX_QUERY = 100


class SearchForm(QueryForm):
    """What the rows of a list must contain."""

    q = forms.CharField(
        label="Search",
        required=False,
        max_length=MAX_QUERY,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off", "spellcheck": "false"}),
    )
