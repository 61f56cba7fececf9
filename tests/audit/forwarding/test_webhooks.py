"""Webhooks as docs/webhooks.md tells them: its receiver, word for word, takes what the portal sends and no more."""

import re
import runpy
import threading
from collections.abc import Iterator
from http.server import HTTPServer
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from audit.actors import shell
from audit.forwarding import deliveries, destinations
from audit.forwarding.webhooks import Secret
from audit.integrity.sealing import sealer
from audit.models import Delivery
from tests.audit.receiver import HOST
from tests.audit.records import APP, called

pytestmark = pytest.mark.django_db
GUIDE = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text()
RECEIVER = re.search(r"```python\n(.+?)```", GUIDE, re.S)


@pytest.fixture
def server(settings: Settings) -> Iterator[HTTPServer]:
    """A server that is given its handler once there is a secret."""
    settings.WEBHOOK_HOSTS = frozenset({HOST})
    with HTTPServer((HOST, 0), None) as there:  # type: ignore[arg-type]
        threading.Thread(target=there.serve_forever, args=(0.01,), daemon=True).start()
        yield there
        there.shutdown()


@pytest.fixture
def made(server: HTTPServer) -> Secret:
    return destinations.create(shell(), name="siem", url=f"http://{HOST}:{server.server_port}/", app_id=APP)


def receive(server: HTTPServer, secret: str, monkeypatch: pytest.MonkeyPatch, folder: Path) -> dict[str, Any]:
    """Paste the guide's receiver into a file, and let it answer with this secret."""
    assert RECEIVER
    monkeypatch.setenv("WEBHOOK_SECRET", secret)
    pasted = folder / "receiver.py"
    pasted.write_text(RECEIVER[1])
    names = runpy.run_path(str(pasted), run_name="receiver")
    monkeypatch.setattr(names["Receiver"], "log_message", lambda *_: None)
    server.RequestHandlerClass = names["Receiver"]
    return names


def forwarded() -> Delivery:
    called(), sealer.seal_all()
    deliveries.forward()
    return Delivery.objects.get()


def test_the_guides_receiver_takes_what_is_signed_with_its_secret(
    server: HTTPServer, made: Secret, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    names = receive(server, made.text, monkeypatch, tmp_path)
    delivery = forwarded()
    assert (delivery.last_status, names["SEEN"]) == (204, {str(delivery.pk)})


def test_it_refuses_what_is_signed_with_another(
    server: HTTPServer, made: Secret, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    receive(server, made.text, monkeypatch, tmp_path)
    destinations.rotate(shell(), made.webhook)
    assert forwarded().last_error == "HTTP status 401."


def test_it_refuses_what_is_changed_on_the_way(
    server: HTTPServer, made: Secret, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    names = receive(server, made.text, monkeypatch, tmp_path)
    delivery = forwarded()
    headers = {"webhook-id": str(delivery.pk), "webhook-timestamp": "1", "webhook-signature": "v1,x"}
    assert not names["is_from_the_portal"](headers, b"{}")


def test_the_waits_of_the_guide_are_those_of_the_code() -> None:
    assert [wait.total_seconds() for wait in deliveries.BACKOFF.waits] == [
        10,
        60,
        300,
        1800,
        7200,
        21600,
        43200,
    ]
    assert re.search(r"10 seconds, 1 minute, 5 minutes,\s+30 minutes, 2, 6 and 12 hours", GUIDE)
