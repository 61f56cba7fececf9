"""The types of option values, which are checked before anything is sent.

Some imports are local, so that --help is fast.
"""

import re
import sys
from typing import Any
from uuid import UUID

import click
from click.shell_completion import CompletionItem

from alter.catalogue import PERMISSIONS, SCOPES, nearest
from alter.exit_codes import Exit, Failure, usage

MAX_DAYS = 3650
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"([0-9]{1,6}) ?([smhdw])")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    _DAY.pattern + r"[Tt ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?"
    r"(?:[Zz]|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])?"
)
_NAME = r"[a-z][a-z0-9_-]{0,39}"
_SCOPE = re.compile(_NAME + ":" + _NAME + r"(:[A-Za-z0-9][A-Za-z0-9._~@+=/-]{0,127})?")
_FIELD = re.compile(r"[A-Za-z0-9_]+")


class Id(click.ParamType[str]):
    """An id: a UUID."""

    name = "id"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        try:
            return str(UUID(value))
        except ValueError:
            self.fail(f"{value!r} is not an id, such as 01a2014c-7d92-72cf-83df-d30ffbfe9814.", param, ctx)


class Number(click.IntRange):
    """A number, or `none`."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        return "none" if value == "none" else super().convert(value, param, ctx)


class UserRef(click.ParamType[str]):
    """A user: an email or an id."""

    name = "user"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        if "@" in value:
            return str(value)
        try:
            return str(UUID(value))
        except ValueError:
            self.fail(f"{value!r} is neither an email nor an id.", param, ctx)


class Duration(click.ParamType[str]):
    """A duration: 30d, 12h, 5m. With `least=0`, 0s as well."""

    name = "duration"

    def __init__(self, least: int = 1, most: int = MAX_DAYS * 86_400) -> None:
        self.least, self.most = least, most

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        match = _DURATION.fullmatch(str(value).strip(" ").lower())
        if not match:
            self.fail(f"{value!r} is not a duration, such as 30d, 12h or 5m.", param, ctx)
        seconds = int(match[1]) * _SECONDS[match[2]]
        if seconds < self.least:
            self.fail(f"{value!r} is too short.", param, ctx)
        if seconds > self.most:
            self.fail(f"{value!r} is too long: the maximum is {self.most // 86_400}d.", param, ctx)
        return match[1] + match[2]


class Moment(click.ParamType[str]):
    """A time in ISO 8601, UTC by default; a date; or, with `ago`, a duration before now: 24h.

    A date is sent as it is: its meaning depends on the option.
    """

    name = "time"

    def __init__(self, *, ago: bool = False) -> None:
        self.ago = ago

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        from datetime import UTC, date, datetime

        text = str(value).strip(" ")
        if self.ago and _DURATION.fullmatch(text.lower()):
            return Duration().convert(text, param, ctx)
        also = ", 24h" if self.ago else ""
        try:
            if _DAY.fullmatch(text):
                return date.fromisoformat(text).isoformat()
            if not _MOMENT.fullmatch(text):
                raise ValueError
            moment = datetime.fromisoformat(text.upper())
            moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            self.fail(
                f"{value!r} is not a time, such as 2027-02-20T14:32:00Z{also}, or a date, such as 2027-02-20.",
                param,
                ctx,
            )
        return moment.isoformat().replace("+00:00", "Z")


class CommaList(click.ParamType[list[str]]):
    """A comma-separated list without duplicates."""

    name = "list"

    def convert(self, value: Any, param: Any, ctx: Any) -> list[str]:
        if isinstance(value, list):
            return value
        words = [word.strip() for word in str(value).split(",") if word.strip()]
        if not words:
            self.fail("The list is empty.", param, ctx)
        for word in words:
            self.check(word, param, ctx)
        return list(dict.fromkeys(words))

    def check(self, word: str, param: Any, ctx: Any) -> None:
        """Fail unless `word` is valid."""

    def words(self) -> tuple[str, ...]:
        """The words for shell completion."""
        return ()

    def shell_complete(self, ctx: Any, param: Any, incomplete: str) -> list[CompletionItem]:
        done, comma, last = incomplete.rpartition(",")
        return [CompletionItem(done + comma + word) for word in self.words() if word.startswith(last)]


class Scopes(CommaList):
    """Scopes of a key. Their format is checked here; the portal knows which exist."""

    def check(self, word: str, param: Any, ctx: Any) -> None:
        if not _SCOPE.fullmatch(word):
            guess = nearest(word, ctx.obj.known_scopes() if ctx and ctx.obj else SCOPES)
            what = (
                f"Did you mean {guess}?"
                if guess
                else "Scopes are written resource:verb, such as grants:read."
            )
            self.fail(f"{word!r} is not a scope. {what}", param, ctx)

    def words(self) -> tuple[str, ...]:
        return SCOPES


class ScopeName(click.ParamType[str]):
    """A scope, resource:verb, or a resource."""

    name = "name"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        if not re.fullmatch(f"{_NAME}(:{_NAME})?", value):
            self.fail(
                f"{value!r} is neither a scope, such as orders:read, nor a resource, such as orders.",
                param,
                ctx,
            )
        return str(value)


class Levels(CommaList):
    """The levels of a resource, lowest first."""

    def check(self, word: str, param: Any, ctx: Any) -> None:
        if not re.fullmatch(_NAME, word):
            self.fail(f"{word!r} is not a level, such as read.", param, ctx)


class Permissions(CommaList):
    """Permissions of an access token, or `all`."""

    def convert(self, value: Any, param: Any, ctx: Any) -> list[str]:
        return list(PERMISSIONS) if value == "all" else super().convert(value, param, ctx)

    def check(self, word: str, param: Any, ctx: Any) -> None:
        if word not in PERMISSIONS:
            guess = nearest(word, PERMISSIONS)
            what = f"Did you mean {guess}?" if guess else f"Permissions: {', '.join(PERMISSIONS)}."
            self.fail(f"Unknown permission {word!r}. {what}", param, ctx)

    def words(self) -> tuple[str, ...]:
        return ("all", *PERMISSIONS)


class Ranges(CommaList):
    """IP ranges, without /0."""

    def check(self, word: str, param: Any, ctx: Any) -> None:
        from ipaddress import ip_network

        try:
            network = ip_network(word, strict=False)
        except ValueError:
            self.fail(f"{word!r} is not an IP range, such as 203.0.113.0/24.", param, ctx)
        if network.prefixlen == 0:
            self.fail(f"{word} allows any IP. Use a smaller range, or leave the option out.", param, ctx)


class OneOf(CommaList):
    """A list of given words."""

    def __init__(self, *choices: str) -> None:
        self.choices = choices

    def convert(self, value: Any, param: Any, ctx: Any) -> list[str]:
        return super().convert(value.lower() if isinstance(value, str) else value, param, ctx)

    def check(self, word: str, param: Any, ctx: Any) -> None:
        if word not in self.choices:
            self.fail(f"{word!r} is not one of {', '.join(self.choices)}.", param, ctx)

    def words(self) -> tuple[str, ...]:
        return self.choices


class FieldNames(CommaList):
    """Names of fields to print."""

    def check(self, word: str, param: Any, ctx: Any) -> None:
        if not _FIELD.fullmatch(word):
            self.fail(f"{word!r} is not a field name. Separate names with commas.", param, ctx)


class JsonObject(click.ParamType[dict[str, Any]]):
    """A JSON object, as text or in a file (@path)."""

    name = "json"

    def convert(self, value: Any, param: Any, ctx: Any) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        text = read_named(value[1:]) if value.startswith("@") else value
        return parse_object(text, value if value.startswith("@") else param.opts[0])


class AgentScopes(JsonObject):
    """Provider scopes of an agent: `github:repo,slack:chat.write`, or a JSON object."""

    name = "scopes"

    def convert(self, value: Any, param: Any, ctx: Any) -> dict[str, Any]:
        if isinstance(value, dict) or value.startswith(("@", "{")):
            return super().convert(value, param, ctx)
        scopes: dict[str, Any] = {}
        for word in filter(None, (word.strip() for word in value.split(","))):
            provider, colon, scope = word.partition(":")
            if not (provider and colon and scope):
                self.fail(f"{word!r} is not a provider scope, such as github:repo.", param, ctx)
            scopes.setdefault(provider, []).append(scope)
        return scopes


class Body(click.ParamType[str]):
    """A request body: @path, or - for standard input. It is read by `read_body`."""

    name = "@path|-"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        if value != "-" and not value.startswith("@"):
            self.fail(f"{value!r} is neither @path nor - for standard input.", param, ctx)
        return str(value)


def read_body(where: str) -> dict[str, Any]:
    """The body that --input names. Raises Failure."""
    if where == "-":
        return parse_object(sys.stdin.read(), "standard input")
    return parse_object(read_named(where[1:]), where[1:])


def read_named(path: str) -> str:
    """The text of a file. Raises Failure (4 if it is missing)."""
    from pathlib import Path

    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise Failure(Exit.NOT_FOUND, f"{path}: no such file.") from None
    except UnicodeDecodeError:
        raise usage(f"{path} is not UTF-8 text.") from None
    except OSError as error:
        raise usage(f"{path} cannot be read: {error.strerror}.") from None


def parse_object(text: str, source: str) -> dict[str, Any]:
    """A JSON object from `source`. Raises Failure."""
    import json

    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise usage(
            f"{source} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from None
    except RecursionError:
        raise usage(f"{source} is nested too deeply.") from None
    if not isinstance(value, dict):
        raise usage(
            f"{source} is not a JSON object.", 'For example: {"name": "worker", "scopes": ["grants:read"]}'
        )
    return value
