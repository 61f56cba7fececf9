"""Where the portal's database is, read from DATABASE_URL as it is written."""

from pathlib import Path
from typing import Any

from environ import Env

from portal.config import service_urls
from portal.config.errors import WrongSetting
from portal.config.service_urls import ServiceUrl

FORM = "sqlite:////path/to/file or postgres://user:password@host:5432/name"
POSTGRES = ("postgres", "postgresql", "psql", "pgsql")
NO_JIT = "-c jit=off"
"""PostgreSQL compiles a statement that it estimates to be long: two seconds, where a list of keys is read in 50 ms."""
TO_DJANGO = ("CONN_MAX_AGE", "CONN_HEALTH_CHECKS", "DISABLE_SERVER_SIDE_CURSORS")
"""What may stand in the query beside what libpq knows. Whether transactions are kept is the portal's own."""


def read(url: str, folder: Path, base: Path) -> dict[str, Any]:
    """The database of `url`, as Django has it; without one the file in the data folder `folder`.

    A path that is not whole begins at `base`. Raises WrongSetting.
    """
    if not url:
        return _sqlite(folder / "portal.sqlite3")
    scheme, separator, rest = url.partition("://")
    if separator and scheme.lower() == "sqlite":
        return _sqlite(_file(rest, base))
    parsed = service_urls.parse("DATABASE_URL", url, FORM)
    if parsed.scheme not in POSTGRES:
        raise WrongSetting(f"DATABASE_URL: the portal runs on SQLite and on PostgreSQL; write {FORM}.")
    return _postgres(parsed)


def _sqlite(file: Path) -> dict[str, Any]:
    return {"ENGINE": Env.DB_SCHEMES["sqlite"], "NAME": str(file)}


def _file(rest: str, base: Path) -> Path:
    """The file that stands behind `sqlite://`: `/name`, or `//whole/path`."""
    try:
        name = service_urls.decoded(rest[1:])
    except ValueError:
        name = ""
    if not rest.startswith("/") or not name or name.endswith("/") or name == ":memory:":
        raise WrongSetting(f"DATABASE_URL names no file; write {FORM}.")
    if "?" in rest or "%2f" in rest.lower() or name.startswith("~"):
        raise WrongSetting(
            "DATABASE_URL: the path of an SQLite file is written whole, as it is, and takes no options: write %3F for"
            " a ? and %25 for a %, and no ~ in front."
        )
    return base / name


def _postgres(parsed: ServiceUrl) -> dict[str, Any]:
    if not parsed.path and "dbname" not in parsed.options and "service" not in parsed.options:
        raise WrongSetting(f"DATABASE_URL names no database; write {FORM}.")
    options: dict[str, Any] = {}
    settings: dict[str, Any] = {
        "ENGINE": Env.DB_SCHEMES["postgres"],
        "NAME": parsed.path,
        "USER": parsed.user,
        "PASSWORD": parsed.password,
        "HOST": parsed.host,
        "PORT": parsed.port,
        "OPTIONS": options,
    }
    for name, value in parsed.options.items():
        if name.upper() in TO_DJANGO:
            settings[name.upper()] = _as_django_has_it(name, value)
        else:
            options[name] = int(value) if value.isdecimal() and value.isascii() else value
    options["options"] = f"{NO_JIT} {options.get('options', '')}".strip()
    return settings


def _as_django_has_it(name: str, value: str) -> Any:
    words = {"true": True, "false": False, "none": None}
    if value.lower() not in words and not value.isdecimal():
        raise WrongSetting(f"DATABASE_URL: {name} is a number, true, false or none.")
    return words[value.lower()] if value.lower() in words else int(value)
