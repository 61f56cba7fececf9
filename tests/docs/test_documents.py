"""Every block of every document, done in its order in a fresh clone against a portal that `make run` started."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import pytest

from tests.docs.markdown import DOCUMENTS, ROOT
from tests.docs.person import Person
from tests.docs.portal import Portal
from tests.docs.reading import Reading
from tests.gateways.conftest import require

pytestmark = pytest.mark.one_engine
NEEDED = ("bash", "make", "curl", "jq", "openssl", "sqlite3", "git")


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A clone in which nothing is set up but the packages, served as README.md says."""
    missing = [name for name in NEEDED if not shutil.which(name)]
    if missing:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no {' and no '.join(missing)} here")
    for name in ("nginx", "haproxy", "caddy"):
        require(name)
    portal = Portal(tmp_path_factory.mktemp("newcomer"))
    try:
        portal.serve()
        yield portal
    finally:
        portal.stop()


class Copied(NamedTuple):
    """A key out of a page, whose browser is still open."""

    key: str
    person: Person
    first_call: str
    """What the page asks every two seconds."""


@pytest.fixture(scope="module")
def copied(portal: Portal) -> Copied:
    """The key that a person copies who does the three steps of README.md on the portal's pages."""
    person = portal.meet_admin()
    person.open("/apps/new/")
    person.send(name="checkout", environment="live")
    person.open(person.address + "keys/mint/")
    person.send(name="worker", scope_grants="read")
    shown: list[str] = re.findall(r"alter_key_app_[0-9A-Za-z]{36}", person.page)
    matches: list[str] = re.findall(r'"(/apps/[^"]+/first-call/)"', person.page)
    return Copied(shown[0], person, matches[0])


def at_hand(reading: Reading, document: Path, copied: Copied) -> dict[str, str]:
    """What a reader has to fill in where a document leaves something out: a key, a secret from a page, an id."""
    minting = (
        f".venv/bin/python manage.py mint_key --app checkout --name {document.stem} --scopes grants:read"
    )
    if document.name == "api.md":  # which looks for her
        invites = "printf %s 'a colleague of nine words' | .venv/bin/python manage.py create_admin"
        reading.shell.type(f"{invites} --email carol@example.com --password-stdin")
    key = copied.key if document.name == "README.md" else reading.shell.type(minting).out.strip()
    return {"alter_key_app_…": key, "whsec_…": "whsec_c2VjcmV0IG9mIGEgcmVjZWl2ZXI=", "ID=…": f"ID={uuid4()}"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_document_does_what_it_says_when_it_is_pasted_in_order(
    portal: Portal, copied: Copied, document: Path
) -> None:
    reading = Reading(portal)
    reading.fill_in = at_hand(reading, document, copied)
    if document.name not in ("README.md", "cli.md"):
        reading.sign_in_once()
    assert not list(reading.read(document))
    if document.name == "README.md":
        assert "First request received" in copied.person.open(copied.first_call)
