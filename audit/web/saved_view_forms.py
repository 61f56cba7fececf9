"""The forms of saved searches."""

from django import forms

from core.forms import ValuesForm


class ViewNameForm(ValuesForm):
    """What a view is called."""

    name = forms.CharField(label="Name", max_length=60)


class SaveViewForm(ViewNameForm):
    """A view to keep."""

    shared = forms.BooleanField(required=False, label="Share with app members")
    query = forms.CharField(required=False, max_length=4000, widget=forms.HiddenInput)
