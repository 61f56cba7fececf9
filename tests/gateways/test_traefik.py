"""Traefik's file, which is run nowhere here: that it follows the documented rules, and leaves out no spelling."""

import re
from itertools import product
from typing import Any

import pytest
import yaml

from keys.admission.gateway import MAX_SCOPES_LENGTH
from keys.gateways.config_files import KINDS, read
from tests.gateways.test_hostile import CLAIMS, ELSEWHERE

pytestmark = pytest.mark.one_engine
SET_BY_TRAEFIK = {"X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP"}
"""An entry point drops what strangers send under these names, and sets them."""


@pytest.fixture
def http() -> dict[str, Any]:
    return dict(yaml.safe_load(read("traefik.yml"))["http"])


def sets(http: dict[str, Any], middleware: str) -> dict[str, str]:
    """The headers of a request that a middleware sets; one that is set to nothing is removed."""
    return dict(http["middlewares"][middleware]["headers"]["customRequestHeaders"])


def test_claims_are_dropped_in_every_spelling_before_anything_else(http: dict[str, Any]) -> None:
    dropped = sets(http, "drop-claims")
    assert set(dropped.values()) == {""}
    for name in [*CLAIMS, "X-Api-Key"]:
        words = name.split("-")
        for separators in product("-_", repeat=len(words) - 1):
            spelling = words[0] + "".join(a + b for a, b in zip(separators, words[1:], strict=True))
            expected = name not in {*SET_BY_TRAEFIK, "X-Api-Key"} or spelling != name
            assert (spelling in dropped) == expected, spelling
    assert {"Connection", "Proxy-Connection", "Keep-Alive", "TE", "Trailer", "Upgrade"} <= set(dropped)
    assert all(router["middlewares"][0] == "drop-claims" for router in http["routers"].values())


def test_the_door_is_asked_with_the_secret_which_goes_no_further(http: dict[str, Any]) -> None:
    chain = http["routers"]["api"]["middlewares"]
    assert chain == ["drop-claims", "stay-here", "prove-ourselves", "ask-the-door", "keep-secrets-back"]
    assert sets(http, "prove-ourselves") == {"X-Alter-Gateway": '{{ env "ALTER_GATEWAY" }}'}
    assert KINDS["traefik"].secret_line.startswith("ALTER_GATEWAY=")
    kept = ("X-Alter-Gateway", "X-Api-Key", "Authorization", "X-Replaced-Path")
    assert sets(http, "keep-secrets-back") == dict.fromkeys(kept, "")


def test_what_leads_elsewhere_is_replaced_as_a_whole_before_the_door_is_asked(http: dict[str, Any]) -> None:
    replacing = http["middlewares"]["stay-here"]["replacePathRegex"]
    assert (replacing["regex"], replacing["replacement"]) == (f"(?i){ELSEWHERE}.*$", "/api/")
    for path in ("/api/../admin/../x", "/api/x%5C..%5cadmin", "/api/%2e%2e\\admin"):
        assert re.sub(replacing["regex"], replacing["replacement"], path) == "/api/", path


def test_it_is_asked_about_what_was_called_and_says_who_calls(http: dict[str, Any]) -> None:
    asking = http["middlewares"]["ask-the-door"]["forwardAuth"]
    assert asking["address"].startswith("http://127.0.0.1:8000/verify?scope=")
    assert asking["trustForwardHeader"] is False
    assert "authRequestHeaders" not in asking
    assert set(asking["authResponseHeaders"]) == {
        "X-Alter-Key-Id",
        "X-Alter-Key-Prefix",
        "X-Alter-App-Id",
        "X-Alter-Agent-Id",
        "X-Alter-Scopes",
        "X-Alter-Key-Deprecated",
        "X-Request-Id",
    }
    assert MAX_SCOPES_LENGTH < 4096


def test_the_access_log_it_proposes_has_no_address_and_no_header() -> None:
    _, _, proposed = read("traefik.yml").partition("# accessLog:\n")
    fields = yaml.safe_load(proposed.replace("#", ""))["fields"]
    assert fields["names"] == {"RequestPath": "drop", "RequestLine": "drop"}
    assert fields["headers"] == {"defaultMode": "drop"}


def test_a_browsers_question_goes_to_the_service_unasked_and_without_a_key(http: dict[str, Any]) -> None:
    preflight, api = http["routers"]["preflight"], http["routers"]["api"]
    assert preflight["rule"] == f"{api['rule']} && Method(`OPTIONS`)"
    assert preflight["priority"] > len(api["rule"])
    assert preflight["middlewares"] == ["drop-claims", "stay-here", "keep-secrets-back"]
