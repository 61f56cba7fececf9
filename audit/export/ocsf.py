"""Maps an audit row to an event of the Open Cybersecurity Schema Framework (OCSF).

A call is API Activity, an act Entity Management, a sign-in Authentication. What the schema has no place for stands
under `unmapped`, by the name it has here: nothing is lost. What is empty is left out.
"""

from typing import Any, NamedTuple

from audit.integrity.sealing import row_values
from audit.integrity.sealing.plain_values import plain
from audit.integrity.sealing.row_values import Row
from audit.models import Call, Event

VERSION = "1.5.0"
"""The schema's."""
PRODUCT = {"name": "alter", "vendor_name": "alter"}
OTHER, SUCCESS, FAILURE = 99, 1, 2
CRUD = {1: "Create", 2: "Read", 3: "Update", 4: "Delete"}
METHODS = {"POST": 1, "GET": 2, "HEAD": 2, "OPTIONS": 2, "PUT": 3, "PATCH": 3, "DELETE": 4}
VERBS = {
    **dict.fromkeys(("create", "derive", "invite", "issue", "join", "mint", "save"), 1),
    **dict.fromkeys(("export", "read"), 2),
    **dict.fromkeys(("delete", "end", "erase", "purge", "revoke", "withdraw"), 4),
}
"""What a verb does to what it is done to. Any other changes it."""
SIGN_INS = {"sign-in.pass": (1, "Logon"), "sign-in.fail": (1, "Logon"), "sign-in.end": (2, "Logoff")}


class Kind(NamedTuple):
    """A class of the schema, and its category."""

    uid: int
    name: str
    category: int
    category_name: str


API_ACTIVITY = Kind(6003, "API Activity", 6, "Application Activity")
ENTITY_MANAGEMENT = Kind(3004, "Entity Management", 3, "Identity & Access Management")
AUTHENTICATION = Kind(3002, "Authentication", 3, "Identity & Access Management")


def ocsf(entry: Event | Call, seq: int | None = None) -> dict[str, Any]:
    """An act or a call as an event of the schema. `seq` is its place in its stream, if it is sealed."""
    return from_row(row_values.from_model(entry), seq)


def from_row(row: Row, seq: int | None = None) -> dict[str, Any]:
    """The same of a row that was read to be sealed or taken out."""
    data = plain(row)
    shared = _shared(data, row, seq)
    if row.kind == "call":
        return event(API_ACTIVITY, METHODS.get(data["method"], OTHER), data["method"], shared | _call(data))
    if data["action"] in SIGN_INS:
        return event(AUTHENTICATION, *SIGN_INS[data["action"]], shared | _sign_in(data))
    verb = data["action"].partition(".")[2]
    return event(ENTITY_MANAGEMENT, VERBS.get(verb, 3), verb, shared | _act(data))


def event(kind: Kind, activity: int, word: str, more: dict[str, Any]) -> dict[str, Any]:
    """An event of class `kind`. `word` names an activity that the schema has no number for."""
    name = word if kind is AUTHENTICATION else CRUD.get(activity, word)
    return _filled(
        {
            "class_uid": kind.uid,
            "class_name": kind.name,
            "category_uid": kind.category,
            "category_name": kind.category_name,
            "activity_id": activity,
            "activity_name": name or "Other",
            "type_uid": kind.uid * 100 + activity,
            "type_name": f"{kind.name}: {name or 'Other'}",
            **more,
        }
    )


def status(succeeded: bool) -> dict[str, Any]:
    """How it ended, and how much that matters."""
    return {
        "status_id": SUCCESS if succeeded else FAILURE,
        "status": "Success" if succeeded else "Failure",
        "severity_id": 1 if succeeded else 2,
        "severity": "Informational" if succeeded else "Low",
    }


def _shared(data: dict[str, Any], row: Row, seq: int | None) -> dict[str, Any]:
    return {
        "time": _milliseconds(row),
        "metadata": {
            "version": VERSION,
            "product": PRODUCT,
            "log_name": "audit",
            "uid": data["id"],
            "event_code": data.get("action") or data.get("code"),
            "correlation_uid": data["trace_id"] or data["request_id"],
            "tenant_uid": data["app_id"],
            "sequence": seq,
            "original_time": data["at"],
        },
        "src_endpoint": {"ip": data["ip"]} if data["ip"] else {"name": "unknown"},
        "unmapped": {name: data[name] for name in UNMAPPED if not _is_empty(data.get(name))},
    }


def _call(data: dict[str, Any]) -> dict[str, Any]:
    user = {
        "name": data["caller"]
        or data["agent_name"]
        or data["key_name"]
        or data["key_prefix"]
        or "unknown key",
        "uid": data["agent_id"] or data["key_id"],
        "type_id": OTHER,
        "type": "API key",
        "credential_uid": data["key_id"],
    }
    request = {"uid": data["request_id"] or data["id"]}
    response = {"code": data["status"], "error": data["code"], "message": data["detail"]}
    return {
        **status(data["allowed"]),
        "status_code": data["code"] or str(data["status"]),
        "status_detail": data["detail"] or data["check_failed"],
        "message": f"{data['status']} {data['method']} {data['path']}",
        "actor": {"user": user, "app_name": data["caller"], "app_uid": data["caller_id"]},
        "api": {"operation": data["method"] or "unknown", "request": request, "response": response},
        "http_request": {
            "uid": data["request_id"],
            "http_method": data["method"],
            "user_agent": data["user_agent"],
            "url": {"path": data["path"]},
        },
        "http_response": {"code": data["status"]},
    }


def _act(data: dict[str, Any]) -> dict[str, Any]:
    return {
        **status(succeeded=True),
        "message": f"{data['actor_label']}: {data['action']} {data['target_kind']} {data['target_label']}",
        "actor": {"user": _person(data), "app_name": data["caller"], "app_uid": data["caller_id"]},
        "entity": {
            "name": data["target_label"] or data["target_kind"],
            "uid": data["target_id"],
            "type": data["target_kind"],
            "data": data["changes"],
        },
        "comment": data["reason"],
        "http_request": {"uid": data["request_id"], "user_agent": data["user_agent"]},
    }


def _sign_in(data: dict[str, Any]) -> dict[str, Any]:
    return {
        **status(data["action"] != "sign-in.fail"),
        "message": f"{data['actor_label']}: {data['action']}",
        "actor": {"user": _person(data)},
        "user": _person(data),
        "service": {"name": PRODUCT["name"]},
        "is_remote": data["via"] != "shell",
        "http_request": {"uid": data["request_id"], "user_agent": data["user_agent"]},
    }


def _person(data: dict[str, Any]) -> dict[str, Any]:
    is_person = data["actor_kind"] == "person"
    return {
        "name": data["actor_label"] or "erased",
        "uid": data["actor_id"],
        "type_id": 1 if is_person else OTHER,
        "type": "User" if is_person else data["actor_kind"],
    }


UNMAPPED = (
    *(
        "via",
        "key_id",
        "key_prefix",
        "key_name",
        "agent_id",
        "agent_name",
        "caller",
        "caller_type",
        "caller_id",
    ),
    *(
        "context",
        "trace_id",
        "request_id",
        "cause_id",
        "changes",
        "facts",
        "check_failed",
        "scopes",
        "took_us",
    ),
)
"""What the schema has no place for, or no place that tells it from something else."""


AS_WRITTEN = ("data", "unmapped")


def _milliseconds(row: Row) -> int:
    return int(row.at.timestamp()) * 1000 + row.at.microsecond // 1000


def _filled(data: dict[str, Any]) -> dict[str, Any]:
    """`told` without what is empty. What people wrote stays as they wrote it."""
    inner = {
        name: _filled(value) if isinstance(value, dict) and name not in AS_WRITTEN else value
        for name, value in data.items()
    }
    return {name: value for name, value in inner.items() if not _is_empty(value)}


def _is_empty(value: Any) -> bool:
    """Whether it says nothing. A number does, and so does a no."""
    return value is None or value in ("", {}, [])
