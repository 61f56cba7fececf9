"""docs/sdk.md, word for word: its examples run in their order against a live server, and answer what they say."""

import ast
import asyncio
import json
import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from inspect import CO_COROUTINE
from pathlib import Path
from types import FunctionType
from typing import Any, Self

import pytest
from django.urls import resolve

from agents import callers, lifecycle
from agents.documents import SCOPES_BYTES
from agents.models import App
from audit.models import Call
from core.documents import METADATA_BYTES
from core.idempotency import KEY_RETENTION
from keys import rules
from keys.admission import constraints, nonces, runtime_auth, signatures
from keys.admission.runtime_auth import Needs
from keys.catalogue.builtin import AGENT_DEFAULT
from keys.models import ApiKey
from keys.scopes import MAX_SCOPES
from portal.api.runtime_routes import NEEDS
from tests.factories import minted
from tests.server import Server

GUIDE = Path(__file__).parents[2] / "docs" / "sdk.md"
TEXT = GUIDE.read_text()
ANSWER = re.compile(r"  # -> (.+)$")


class Reader:
    """Someone who pastes the guide's blocks into `python -m asyncio`, and compares what comes back.

    In a thread of its own: where browser tests have run before, the main one has a running loop.
    """

    def __init__(self) -> None:
        self.names: dict[str, Any] = {}
        self.thread = ThreadPoolExecutor(1)
        self.loop = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.thread.submit(self.loop.close).result()
        self.thread.shutdown()

    def paste(self, block: str) -> None:
        """Run a block, statement by statement."""
        lines = block.splitlines()
        for statement in ast.parse(block).body:
            match = ANSWER.search(lines[(statement.end_lineno or 1) - 1])
            if isinstance(statement, ast.Expr) and match:
                answer = self.thread.submit(self._run, ast.Expression(statement.value), "eval").result()
                assert repr(answer) == match[1]
            else:
                self.thread.submit(self._run, ast.Module([statement], []), "exec").result()

    def _run(self, tree: ast.Expression | ast.Module, mode: str) -> Any:
        """What the prompt of `python -m asyncio` does."""
        code = compile(tree, GUIDE.name, mode, flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        result = FunctionType(code, self.names)()
        return self.loop.run(result) if code.co_flags & CO_COROUTINE else result


def blocks(language: str) -> list[str]:
    """The guide's blocks in one language, in their order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.M | re.S)


@pytest.fixture
def guided(served: Server, app: App, monkeypatch: pytest.MonkeyPatch) -> App:
    """An app whose key, minted as the guide says, is where the guide looks for it."""
    asked_for = re.search(r"mint_key --app .*?--scopes ([\w:,]+)", TEXT, re.S)
    assert asked_for
    monkeypatch.setenv("ALTER_BASE_URL", served.url)
    monkeypatch.setenv("ALTER_API_KEY", minted(app, name="guide", scopes=asked_for[1]).plaintext.take())
    return app


def test_the_examples_answer_what_the_guide_says_and_make_every_call_there_is(guided: App) -> None:
    with Reader() as reader:
        for block in blocks("python"):
            reader.paste(block)
    made = {(resolve(call.path).route, call.method) for call in Call.objects.filter(app_id=guided.id)}
    assert made == {(route, method) for route, methods in NEEDS.items() for method in methods}


def test_the_first_program_prints_what_it_says(guided: App, capsys: pytest.CaptureFixture[str]) -> None:
    program = blocks("python")[0]
    with Reader() as reader:
        reader.paste(program)
    printed = re.search(r"# prints (.+)", program)
    assert printed and capsys.readouterr().out.strip() == printed[1]


@pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("openssl") or os.environ.get("CI")),
    reason="no curl or openssl here",
)
def test_curl_and_openssl_sign_a_call_that_derives_a_key(guided: App) -> None:
    script = next(block for block in blocks("sh") if "openssl" in block)
    answer = subprocess.run(["sh", "-euc", script], check=True, stdout=subprocess.PIPE).stdout
    assert ApiKey.objects.get(id=json.loads(answer)["id"]).parent == ApiKey.objects.get(name="guide")


def test_the_guide_names_every_scope_that_an_agents_key_begins_with() -> None:
    told = re.search(r"the scopes that agents use: (.+?)\. ", TEXT, re.S)
    assert told and re.findall(r"`(.+?)`", told[1]) == list(AGENT_DEFAULT)


@pytest.mark.parametrize("needs", [needs for methods in NEEDS.values() for needs in methods.values()])
def test_the_guide_names_the_scope_of_every_call(needs: Needs) -> None:
    assert not needs.scope or f"| `{needs.scope}` |" in TEXT


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ("a body", [runtime_auth.MAX_BODY]),
        ("scopes of an agent", [SCOPES_BYTES]),
        ("metadata, of an agent or a key", [METADATA_BYTES]),
        ("scopes in a constraint or a new key", [MAX_SCOPES]),
        ("a request rule", [constraints.MAX_RULE_LENGTH]),
        ("a caller's label", [255, callers.MAX_LABELS]),
        (
            "a context",
            [
                callers.MAX_CONTEXT_LENGTH,
                callers.MAX_CONTEXT_ITEMS,
                callers.MAX_NAME_LENGTH,
                callers.MAX_VALUE_LENGTH,
            ],
        ),
        ("overlap of a rotation", [0, rules.MAX_GRACE.days]),
        ("grace of a narrowing", [0, int(lifecycle.MAX_NARROWING.total_seconds())]),
        ("an idempotency key", [1000, KEY_RETENTION.days]),
        ("a nonce", [nonces.RETENTION.seconds // 60]),
        (
            "keys of an app, keys of an agent, lifetime of a derived key in hours",
            [App().max_keys, App().max_keys_per_agent, App().max_derived_hours],
        ),
    ],
)
def test_a_limit_is_what_the_code_says(words: str, numbers: list[int]) -> None:
    match = re.search(rf"^\| {re.escape(words)} \| (.+) \|$", TEXT, re.M)
    assert match and re.findall(r"[\d,]*\d", match[1]) == [f"{number:,}" for number in numbers]


def test_the_clock_may_be_off_as_far_as_the_guide_says() -> None:
    assert f"at most {signatures.SKEW} different from the portal's clock" in TEXT
