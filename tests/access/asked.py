"""Asks every address by every method as everyone, and puts what came of it in a word."""

import re
from collections.abc import Iterable, Iterator, Mapping
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.factories import taken_back

HERE = Path(__file__).parent
HOME = "(home)"
METHODS = ("GET", "POST", "DELETE")
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
WORDS = {200: "in", 201: "in", 202: "in", 204: "in", 400: "in", 409: "in", 422: "in", 429: "in"} | {
    401: "401",
    403: "no",
    404: "none",
    405: "method",
    413: "in",
    415: "in",
}
"""in: let in, whatever came of the empty form; no: forbidden; none: it does not exist for them."""
Table = dict[str, list[str]]


def pages(below: URLResolver | None = None, start: str = "") -> Iterator[str]:
    """Every address of a page, as the map writes it; the APIs have maps of their own."""
    for line in (below or get_resolver()).url_patterns:
        path = start + str(line.pattern)
        if isinstance(line, URLPattern):
            yield _plain(path)
        elif not path.startswith(("sdk/", "api/v1/")):
            yield from pages(line, path)


def filled(path: str, known: Mapping[str, Any]) -> str:
    """The address with the ids of things that exist. KeyError: tests/access/places.py is to know that name, too."""
    path = "" if path == HOME else path
    return "/" + PARAMETER.sub(lambda name: str(known[name[1]]), path)


def word(client: Client, method: str, there: str, **more: Any) -> str:
    """What comes of a request, which is taken back."""
    cookies = SimpleCookie(client.cookies.output(header="", sep=";"))
    with taken_back():
        answer = client.generic(method, there, **more)
    client.cookies = cookies
    to = answer.headers.get("Location", "")
    if to.startswith("/account/login/?next="):
        return "sign-in"
    return "in" if 300 <= answer.status_code < 400 else WORDS.get(answer.status_code, str(answer.status_code))


def written(table: Table, who: Iterable[str], says: str) -> str:
    """The table as it is kept: a line for each address and method, a word for each who."""
    columns = [list(who), *table.values()]
    width = max(len(one) for row in columns for one in row) + 2
    first = max(map(len, table)) + 2
    lines = [f"# {says}", "#", "#" + " " * (first - 1) + "".join(one.ljust(width) for one in who).rstrip()]
    lines += [
        line.ljust(first) + "".join(one.ljust(width) for one in row).rstrip() for line, row in table.items()
    ]
    return "\n".join(lines) + "\n"


def kept(name: str) -> Table:
    """The table of that name."""
    lines = (HERE / name).read_text().splitlines() if (HERE / name).exists() else []
    rows = (re.split(r" {2,}", line.rstrip()) for line in lines if line and not line.startswith("#"))
    return {first: rest for first, *rest in rows}


def _plain(path: str) -> str:
    """A pattern of re_path as the others are written."""
    path = re.sub(r"\(\?P<(\w+)>(?:[^()\[\]]|\[[^\]]*\])*\)", r"<\1>", path)
    path = path.replace("^", "").replace("$", "").replace("\\Z", "")
    return PARAMETER.sub(r"<\1>", path) or HOME
