"""Whatever the Host header says, links begin with the portal's own address."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from core.portal_origin import absolute, portal_origin


@dataclass
class Asked:
    """What is read of a request."""

    META: dict[str, Any] = field(default_factory=dict)
    scheme: str | None = "http"


def asked(host: str, port: str = "8000") -> Asked:
    return Asked({"HTTP_HOST": host, "SERVER_PORT": port, "SERVER_NAME": "here"})


def test_the_operator_says_it(settings: Settings) -> None:
    settings.ORIGIN = "https://keys.example.com"
    assert absolute(asked("localhost:4444"), "/join/x/") == "https://keys.example.com/join/x/"


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:8000", "http://localhost:8000"),
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("[::1]:8000", "http://[::1]:8000"),
        ("localhost:4444", "http://localhost:8000"),
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("LOCALHOST:4444", "http://localhost:8000"),
        ("evil.example", "http://localhost:8000"),
        ("evil.example:8000", "http://localhost:8000"),
        ("keys.internal", "http://keys.internal"),
        ("keys.internal:8000", "http://keys.internal:8000"),
        ("keys.internal:4444", "http://localhost:8000"),
        ("a@localhost:8000", "http://localhost:8000"),
        ("localhost:8000/x", "http://localhost:8000"),
        ("", "http://localhost:8000"),
    ],
)
def test_without_it_this_machine_at_its_port_or_a_name_of_the_operators(
    settings: Settings, host: str, origin: str
) -> None:
    settings.ORIGIN, settings.ALLOWED_HOSTS = "", ["keys.internal", "localhost", "127.0.0.1", "[::1]"]
    assert portal_origin(asked(host)) == origin


@given(st.text(max_size=30))
def test_no_host_brings_another_port_or_name(host: str) -> None:
    found = portal_origin(asked(host))
    assert found.removeprefix("http://").rsplit(":", 1)[0] in (
        "localhost",
        "127.0.0.1",
        "[::1]",
        "testserver",
    )
    assert found.endswith(":8000") or "testserver" in found
