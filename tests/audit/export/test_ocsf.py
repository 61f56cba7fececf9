"""Rows as events of the Open Cybersecurity Schema Framework, held against its models."""

import json
from typing import Any

import pytest
from py_ocsf_models import OCSF_VERSION
from py_ocsf_models.events.base_event import BaseEvent
from py_ocsf_models.objects.api import API
from py_ocsf_models.objects.url import URL
from pydantic import BaseModel, ConfigDict

from audit.export.ocsf import VERSION, ocsf
from core.ids import new_id
from tests.audit.exported import taken
from tests.audit.records import KEY, acted, called

pytestmark = pytest.mark.django_db


# The library has the schema's objects, and of its classes findings alone: here are the three that are used, as the
# schema has them in 1.5.0. What they call required is required here.
class Endpoint(BaseModel):
    model_config = ConfigDict(extra="forbid")
    ip: str | None = None
    name: str | None = None


class User(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    uid: str | None = None
    type_id: int
    type: str
    credential_uid: str | None = None


class Actor(BaseModel):
    model_config = ConfigDict(extra="forbid")
    user: User | None = None
    app_name: str | None = None
    app_uid: str | None = None


class Request(BaseModel):
    model_config = ConfigDict(extra="forbid")
    uid: str | None = None
    http_method: str | None = None
    user_agent: str | None = None
    url: URL | None = None


class Entity(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    uid: str | None = None
    type: str
    data: dict[str, Any] | None = None


class Classified(BaseEvent):  # type: ignore[misc]
    model_config = ConfigDict(extra="forbid")
    class_uid: int
    class_name: str
    category_uid: int
    category_name: str
    activity_id: int
    activity_name: str
    type_uid: int
    type_name: str
    time: int
    actor: Actor
    http_request: Request | None = None


class APIActivity(Classified):
    api: API
    src_endpoint: Endpoint
    http_response: dict[str, int] | None = None
    resources: list[dict[str, str]] | None = None


class EntityManagement(Classified):
    entity: Entity
    src_endpoint: Endpoint | None = None
    comment: str | None = None


class Authentication(Classified):
    user: User
    service: dict[str, str]
    src_endpoint: Endpoint | None = None
    is_remote: bool


CLASSES: dict[int, type[Classified]] = {6003: APIActivity, 3004: EntityManagement, 3002: Authentication}


def valid(event: dict[str, Any]) -> Any:
    """`event`, read by the model of its class."""
    read = CLASSES[event["class_uid"]].model_validate(json.loads(json.dumps(event)))
    assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]
    assert event["category_uid"] == event["class_uid"] // 1000
    assert event["metadata"]["version"] == OCSF_VERSION
    return read


def test_the_version_is_the_one_the_library_knows() -> None:
    assert VERSION == OCSF_VERSION


def test_a_call_is_api_activity() -> None:
    call = called(
        ip="203.0.113.7", path="/grants/7", request_id="req-1", caller="nightly", user_agent="curl/8"
    )
    event = valid(ocsf(call, seq=4))
    assert (event.class_uid, event.activity_name, event.status) == (6003, "Read", "Success")
    assert (event.metadata.uid, event.metadata.sequence) == (str(call.id), 4)
    assert (event.actor.user.name, event.actor.user.credential_uid) == ("nightly", str(KEY))
    assert (event.api.operation, event.http_request.url.path) == ("GET", "/grants/7")
    assert (event.src_endpoint.ip, event.time) == ("203.0.113.7", 1_780_315_200_000)


def test_a_refused_call_failed_with_its_code() -> None:
    event = valid(ocsf(called(code="insufficient_scope", check_failed="scope", detail="lacks grants:write")))
    assert (event.status, event.status_code, event.severity) == ("Failure", "insufficient_scope", "Low")
    assert (event.api.response.error, event.status_detail) == ("insufficient_scope", "lacks grants:write")


@pytest.mark.parametrize(
    ("method", "activity"), [("POST", 1), ("HEAD", 2), ("PATCH", 3), ("DELETE", 4), ("BREW", 99), ("", 99)]
)
def test_a_method_is_an_activity(method: str, activity: int) -> None:
    assert valid(ocsf(called(method=method))).activity_id == activity


@pytest.mark.parametrize(
    ("action", "activity"),
    [("key.mint", 1), ("audit.export", 2), ("key.rename", 3), ("member.change-role", 3), ("key.revoke", 4)],
)
def test_an_act_is_entity_management(action: str, activity: int) -> None:
    event = valid(ocsf(acted(action=action, reason="why", changes={"name": ["a", "b"]})))
    assert (event.class_uid, event.activity_id, event.comment) == (3004, activity, "why")
    assert (event.entity.type, event.entity.name, event.entity.data) == (
        "key",
        "worker",
        {"name": ["a", "b"]},
    )


@pytest.mark.parametrize(
    ("action", "told"),
    [
        ("sign-in.pass", ("Logon", "Success")),
        ("sign-in.fail", ("Logon", "Failure")),
        ("sign-in.end", ("Logoff", "Success")),
    ],
)
def test_a_sign_in_is_authentication(action: str, told: tuple[str, str]) -> None:
    event = valid(ocsf(acted(action=action, target_kind="person", actor_id="")))
    assert (event.class_uid, (event.activity_name, event.status)) == (3002, told)


def test_what_the_schema_has_no_place_for_is_kept_as_it_was_written() -> None:
    call = called(context={"run_id": "", "tool": None}, scopes="grants:read", agent_id=new_id())
    assert valid(ocsf(call)).unmapped["context"] == {"run_id": "", "tool": None}


def test_a_row_with_nothing_in_it_but_what_it_must_have_is_an_event() -> None:
    bare: dict[str, Any] = dict.fromkeys(("key_prefix", "key_name", "method", "path"), "")
    valid(ocsf(called(app_id=None, key_id=None, status=401, code="missing_key", **bare)))
    valid(ocsf(acted(app_id=None, actor_label="", target_label="", target_id="")))


def test_an_export_begins_with_an_event_that_tells_of_it() -> None:
    called(), acted()
    first, *rest = (json.loads(line) for line in taken("ocsf", outcome="allowed").splitlines())
    assert [one["class_uid"] for one in rest] == [6003]
    told = valid(first).unmapped
    assert (told["rows"], told["filters"], told["format"]) == (1, {"outcome": "allowed"}, "alter-audit-1")
