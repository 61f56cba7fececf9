"""A program that holds an access token, and what it is told when it asks the management API."""

import json
from typing import Any
from urllib.parse import urlencode

from django.test import Client

from audit.models import Event
from portal.models import AccessToken


class Program:
    """Speaks for `token`; every path is below /api/v1."""

    def __init__(self, secret: str, token: AccessToken | None = None, agent: str = "pytest") -> None:
        self.secret, self.token, self.agent = secret, token, agent

    def get(self, path: str, /, **query: Any) -> Any:
        """The answer to a question."""
        return self.send("GET", f"{path}?{urlencode(query)}" if query else path)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """The answer to a POST. `headers` are written Idempotency_Key="one"."""
        return self.send("POST", path, body, **headers)

    def patch(self, path: str, body: Any, /, **query: Any) -> Any:
        """The answer to a change."""
        return self.send("PATCH", f"{path}?{urlencode(query)}" if query else path, body)

    def delete(self, path: str, /, **query: Any) -> Any:
        """The answer to a wish to end something."""
        return self.send("DELETE", f"{path}?{urlencode(query)}" if query else path)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The answer to anything. Bytes are sent as they are."""
        told = {"Authorization": f"Bearer {self.secret}", "User-Agent": self.agent}
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        kind = told.pop("Content-Type", "application/json" if body is not None else "")
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        client = Client(raise_request_exception=False)
        return client.generic(method, f"/api/v1{path}", data, content_type=kind, headers=told)


def error(answer: Any) -> tuple[int, str]:
    """The status and the code of a refusal."""
    return answer.status_code, answer.json()["error"]


def fields(answer: Any) -> list[str]:
    """The values that a refusal is about."""
    return [flaw["field"] for flaw in answer.json()["fields"]]


def named(answer: Any) -> list[str]:
    """The names of what a list answered with."""
    assert answer.status_code == 200, answer.content
    return [item["name"] for item in answer.json()["items"]]


def last_act() -> Event:
    """What was done last."""
    return Event.objects.order_by("-id")[0]
