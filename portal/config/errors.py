"""How a setting says no: with one sentence, which stops the start."""

from django.core.exceptions import ImproperlyConfigured


class WrongSetting(ImproperlyConfigured):
    """A setting cannot be used; the text says which and what to write instead."""
