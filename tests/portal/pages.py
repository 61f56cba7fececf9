"""Reads pages for the tests of them."""

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext


def text(answer: Any) -> str:
    """What the page says, as HTML."""
    return str(answer.content.decode())


def queries(window: Client, there: str) -> int:
    """How many queries a page takes."""
    return len(queries_of(lambda: window.get(there)))


def queries_of(does: Callable[[], Any]) -> CaptureQueriesContext:
    """The queries that something takes."""
    with CaptureQueriesContext(connection) as taken:
        does()
    return taken
