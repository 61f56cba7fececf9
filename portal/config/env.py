"""Reads settings from the environment as they are written; what cannot be used is refused with one sentence."""

import difflib
import os
import re
from collections.abc import Collection
from typing import Any

import environ

from core.masking import mask_value
from portal.config.errors import WrongSetting

OUTSIDE = ("HOST", "PORT", "WORKERS")
"""Settings that tools/dev.py reads."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_OF_TESTS = re.compile("PORTAL_TEST(_.*)?")
_OF_KUBERNETES = re.compile(
    r"PORTAL_([A-Z0-9_]+_)?(SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)|PORT(_[0-9]+_(TCP|UDP|SCTP)(_[A-Z]+)?)?)"
)
"""What Kubernetes sets for a service that is called `portal`."""
CLOSE, VERY_CLOSE = 0.85, 0.9
"""From which likeness on a name is taken for one of ours, misspelt: in `.env`, and in the environment."""


class Env(environ.Env):  # type: ignore[misc] # untyped
    """django-environ's reading, but for its interpolation: `$name` is a value like any other.

    An empty value is as none: files of settings and of containers leave names empty that they do not set.
    """

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()

    def get_value(self, var: str, cast: Any = None, default: Any = "", parse_default: bool = False) -> Any:
        """The value of `var`, as it is written. Raises WrongSetting."""
        self.asked.add(var)
        value = os.environ.get(var, "")
        if not value:
            return default
        try:
            value.encode()
        except UnicodeEncodeError:
            raise WrongSetting(f"{var} is not UTF-8 text.") from None
        if _CONTROL.search(value):
            raise WrongSetting(
                f"{var} holds a line break, a tab or another control character: write it without."
            )
        return self.parse_value(value, cast)

    def word(self, var: str, default: str = "") -> str:
        """A value that blanks around it are no part of."""
        return str(self.get_value(var, str, default)).strip()

    def items(self, var: str) -> list[str]:
        """What stands between commas, without blanks around it; nothing for what is empty."""
        return [item.strip() for item in str(self.get_value(var, str, "")).split(",") if item.strip()]

    def lines(self, var: str) -> str:
        """A value that may go over several lines."""
        self.asked.add(var)
        return os.environ.get(var, "").strip()

    def number(self, var: str, default: int, *, most: int, unit: str) -> int:
        """A whole number from 1 to `most`."""
        text = self.word(var, str(default))
        if not re.fullmatch("[0-9]{1,9}", text) or not 1 <= int(text) <= most:
            raise WrongSetting(f"{var}: write {unit}, from 1 to {most}, as a number alone.")
        return int(text)

    def choice(self, var: str, default: str, choices: Collection[str]) -> str:
        """One of `choices`, in capitals or not."""
        text = self.word(var, default)
        match = next((choice for choice in choices if choice.lower() == text.lower()), None)
        if match is None:
            *others, last = choices
            raise WrongSetting(f"{var} is {mask_value(text)!r}: write {', '.join(others)} or {last}.")
        return match

    def refuse_unknown(self, in_file: Collection[str] = ()) -> None:
        """Stop at a name that begins as ours do and is none, or is nearly one. Raises WrongSetting.

        What is misspelt would be passed over, and its default be in force without a word. In `.env` names are taken
        for misspelt sooner than in the environment, where other programs have theirs.
        """
        ours = {*self.asked, *OUTSIDE}
        for name in sorted({*os.environ, *in_file} - ours):
            near = _nearest(name, ours, CLOSE if name in in_file else VERY_CLOSE)
            if near or (name.startswith("PORTAL_") and not _is_for_others(name)):
                hint = f"did you mean {near}?" if near else ".env.example lists those there are."
                raise WrongSetting(f"{name} is no setting of the portal: {hint}")


def _nearest(name: str, ours: Collection[str], closeness: float) -> str:
    if _is_for_others(name):
        return ""
    if closeness == VERY_CLOSE:
        ours = [name for name in ours if name.startswith("PORTAL_")] if name[:1] in "Pp" else []
    return next(iter(difflib.get_close_matches(name.upper(), sorted(ours), 1, closeness)), "")


def _is_for_others(name: str) -> bool:
    return bool(_OF_TESTS.fullmatch(name) or _OF_KUBERNETES.fullmatch(name))
