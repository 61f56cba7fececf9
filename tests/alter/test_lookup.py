"""`alter lookup`: a key is found by its hash, and its plaintext never leaves the machine."""

import hashlib
import json
from typing import Any

import pytest

from agents.models import App
from alter.client import Client
from alter.portal_columns import MATCH
from tests.alter.running import alter
from tests.factories import minted

pytestmark = pytest.mark.usefixtures("signed_in")


def test_a_key_is_found_by_its_hash_or_itself_and_only_the_hash_is_sent(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = minted(app)
    plaintext, sent, send = made.plaintext.take(), list[str](), Client.send

    def noted(self: Client, *words: str, **parts: Any) -> Any:
        sent.append(json.dumps(parts["body"]))
        return send(self, *words, **parts)

    monkeypatch.setattr(Client, "send", noted)
    digest = hashlib.sha256(plaintext.encode()).hexdigest()
    by_hash = alter("lookup", digest.upper(), "--output", "json")
    by_key = alter("lookup", "-", "--output", "json", stdin=f"{plaintext}\r\n")
    assert (by_hash.json, list(by_hash.json[0])) == (by_key.json, list(MATCH.fields))
    assert by_key.json[0]["key"]["id"] == str(made.key.id)
    assert sent == [json.dumps({"sha256": [digest]})] * 2


def test_what_is_found_is_a_table_and_what_is_not_is_counted(app: App) -> None:
    made = minted(app)
    said = alter("lookup", "-", stdin=f"{made.plaintext.take()}\nnothing\n")
    assert said.out.splitlines()[0].split() == ["KEY", "STATUS", "NAME", "APP", "SHA-256"]
    assert (said.code, said.err) == (0, "Not found: 1 of 2.\n")


def test_nothing_found_is_4_and_json_is_still_a_list() -> None:
    said = alter("lookup", "0" * 64, "--output", "json")
    assert (said.code, said.json, said.error) == (4, [], "error: No key of your apps has this hash.")


def test_a_key_on_the_command_line_is_refused_and_not_repeated(app: App) -> None:
    plaintext = minted(app).plaintext.take()
    said = alter("lookup", plaintext)
    assert (said.code, "Other users can see a key" in said.err, plaintext in said.err) == (2, True, False)


def test_without_a_terminal_there_is_nothing_to_ask_at() -> None:
    assert alter("lookup").code == alter("lookup", "-").code == 2
