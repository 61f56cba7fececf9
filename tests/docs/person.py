"""A person at a browser, as the documents suppose one: opens pages of the portal, fills forms in and sends them.

As a program (`python -m tests.docs.person ADDRESS`) it is the browser that `alter auth login` opens, and agrees.
"""

from __future__ import annotations

import os
import sys
import urllib.parse
import urllib.request
from html.parser import HTMLParser
from http.cookiejar import CookieJar

EMAIL = "you@example.com"
PASSWORD = "quiet harbour lantern 42"
ENCODING = "utf-8"


class _Forms(HTMLParser):
    """Reads each form of a page that is sent by POST: where to, and what it holds as it is."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self._fields: dict[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form" and said.get("method", "").lower() == "post":
            self._fields = {}
            self.found.append((said.get("action", ""), self._fields))
        elif tag in ("input", "textarea") and self._fields is not None and said.get("name"):
            ticked = said.get("type") not in ("radio", "checkbox") or "checked" in said
            if ticked:
                self._fields[said["name"]] = said.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._fields = None


class Person:
    """One browser: its cookies, and the page that is open."""

    def __init__(self, portal: str) -> None:
        self.portal = portal
        jar = urllib.request.HTTPCookieProcessor(CookieJar())
        self._opener = urllib.request.build_opener(jar)
        self.address, self.page = portal, ""

    def open(self, path: str) -> str:
        """Look at a page."""
        return self._read(urllib.request.Request(urllib.parse.urljoin(self.address, path)))

    def send(self, **given: str) -> str:
        """Fill in the form of the page that has these fields, and send it."""
        forms = _Forms()
        forms.feed(self.page)
        fitting = [form for form in forms.found if given.keys() <= form[1].keys()]
        action, fields = (fitting or forms.found)[-1]
        body = urllib.parse.urlencode(fields | given).encode()
        there = urllib.parse.urljoin(self.address, action or self.address)
        return self._read(urllib.request.Request(there, body, {"Referer": self.address}))

    def sign_in(self) -> None:
        """With the address and the password of the documents' admin."""
        self.open("/account/login/")
        self.send(login=EMAIL, password=PASSWORD)

    def _read(self, request: urllib.request.Request) -> str:
        with self._opener.open(request, timeout=30) as answer:
            self.address, self.page = answer.url, answer.read().decode(ENCODING)
        return self.page


def agree(address: str) -> None:
    """Sign in, prove it where that is asked, and let the program have what it asks for."""
    parts = urllib.parse.urlsplit(address)
    person = Person(f"{parts.scheme}://{parts.netloc}")
    person.sign_in()
    person.open(address)
    if 'name="answer"' not in person.page:
        person.send(password=PASSWORD)
    person.send(answer="authorize")


def main(words: list[str]) -> None:
    """Do as a browser does that is started with an address, and let whoever started it go on."""
    if os.fork() == 0:
        agree(words[0])
        os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
