"""A provider that asks to be left alone is not asked before, and whoever signs in is told."""

import socket
from datetime import timedelta

import pytest
from django.core.cache import cache

from audit.clock import at, now
from portal.signing_in.provider_client import ProviderSession, ProviderUnreachable
from tests.audit.receiver import answering

pytestmark = [pytest.mark.django_db, pytest.mark.one_engine]


def test_one_that_says_when_is_not_asked_before() -> None:
    asked = []

    def answer(link: socket.socket) -> None:
        asked.append(link.recv(65536))
        link.sendall(b"HTTP/1.1 429 No\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n")

    with answering(answer) as url:
        for says in ("It asks to be left alone until", "asked to be left alone"):
            with pytest.raises(ProviderUnreachable, match=says):
                ProviderSession().get(url)
        assert len(asked) == 1
        with at(now() + timedelta(hours=2)), pytest.raises(ProviderUnreachable, match="cannot be reached"):
            ProviderSession().get(url)
        cache.clear()
