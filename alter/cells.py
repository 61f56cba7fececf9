"""The cells of tables: a field of a row as text."""

from typing import Any

from alter.output import day, moment


def text(name: str) -> Any:
    """The text of a field."""
    return lambda row: "" if row.get(name) is None else str(row[name])


def listed(name: str) -> Any:
    """A list, with commas."""
    return lambda row: ", ".join(row.get(name) or ())


def at(name: str, never: str = "") -> Any:
    """A time to the second."""
    return lambda row: moment(row.get(name), never=never)


def on(name: str, never: str = "") -> Any:
    """A date."""
    return lambda row: day(row.get(name), never=never)
