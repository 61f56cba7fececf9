"""The door as it is served: what is on its way when the server is told to stop is carried out and answered."""

import http.client
import os
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection

from audit.models import Call
from bench.doors.servers import Portal
from tests.keys.asking import UNKNOWN

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
CALLERS = 16


class Caller(threading.Thread):
    """Calls without end, until nobody answers. Each call has a connection and an id of its own."""

    def __init__(self, port: int, number: int) -> None:
        super().__init__()
        self._port, self._number = port, number
        self.answered: dict[str, int] = {}

    def run(self) -> None:
        """Call."""
        try:
            while True:
                name = f"{self._number}-{len(self.answered)}"
                there = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
                there.request("GET", "/verify", headers={"x-api-key": UNKNOWN, "x-request-id": name})
                self.answered[name] = there.getresponse().status
                there.close()
        except (OSError, http.client.HTTPException):
            return


def test_what_is_on_its_way_is_answered_when_the_server_stops(tmp_path: Path) -> None:
    address = (
        urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    )
    ours = {"DATABASE_URL": address, "PORTAL_DATA": str(tmp_path), "PORTAL_TICK": "apart"}
    with Portal(ours, workers=2) as portal:
        callers = [Caller(portal.port, number) for number in range(CALLERS)]
        for caller in callers:
            caller.start()
        time.sleep(0.5)
        portal.stop()
        for caller in callers:
            caller.join(30)
    answered = {name: status for caller in callers for name, status in caller.answered.items()}
    request_ids = list(Call.objects.filter(request_id__contains="-").values_list("request_id", flat=True))
    assert len(answered) > CALLERS
    assert set(answered.values()) == {401}
    assert sorted(request_ids) == sorted(answered)
