"""A provider that asks to be left alone is not asked before, and whoever signs in is told."""

import socket
from datetime import timedelta

import pytest
from django.core.cache import cache

from audit.clock import at, now
from portal.signing_in.provider_client import ProviderSession, ProviderUnreachable, UnfitAnswer
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


def test_no_redirect_is_followed() -> None:
    asked = []
    for code in (300, 301, 302, 303, 304, 307, 308):

        def answer(link: socket.socket, code: int = code) -> None:
            asked.append(link.recv(65536))
            link.sendall(
                b"HTTP/1.1 %d Elsewhere\r\nLocation: /there\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
                % code
            )

        for method in ("GET", "POST"):
            says = f"answered {code}, a redirect, and none is followed"
            with answering(answer) as url, pytest.raises(UnfitAnswer, match=says):
                ProviderSession().request(method, url, allow_redirects=True)
    assert len(asked) == 14
