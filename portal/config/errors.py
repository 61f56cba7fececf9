"""How a setting says no: with one sentence, which stops the start."""

from types import TracebackType

from django.core.exceptions import ImproperlyConfigured


class WrongSetting(ImproperlyConfigured):
    """A setting cannot be used; the text says which and what to write instead."""


class Reading:
    """`with Reading("PORTAL_X is …: write …"):` a ValueError within it is a WrongSetting that says this sentence.

    Its own words might repeat a secret that was given. Without a sentence they are said: then whoever raises it answers
    for them.
    """

    def __init__(self, sentence: str = "") -> None:
        self.sentence = sentence

    def __enter__(self) -> None:
        """Nothing is to be prepared."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, ValueError):
            raise WrongSetting(self.sentence or str(error)) from None
