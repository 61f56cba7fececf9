"""A row of the record as an event of the Open Cybersecurity Schema Framework, for a SIEM.

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
    return of_row(row_values.of(entry), seq)


def of_row(row: Row, seq: int | None = None) -> dict[str, Any]:
    """The same of a row that was read to be sealed or taken out."""
    told = plain(row)
    shared = _shared(told, row, seq)
    if row.kind == "call":
        return event(API_ACTIVITY, METHODS.get(told["method"], OTHER), told["method"], shared | _call(told))
    if told["action"] in SIGN_INS:
        return event(AUTHENTICATION, *SIGN_INS[told["action"]], shared | _sign_in(told))
    verb = told["action"].partition(".")[2]
    return event(ENTITY_MANAGEMENT, VERBS.get(verb, 3), verb, shared | _act(told))


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


def _shared(told: dict[str, Any], row: Row, seq: int | None) -> dict[str, Any]:
    return {
        "time": _milliseconds(row),
        "metadata": {
            "version": VERSION,
            "product": PRODUCT,
            "log_name": "audit",
            "uid": told["id"],
            "event_code": told.get("action") or told.get("code"),
            "correlation_uid": told["trace_id"] or told["request_id"],
            "tenant_uid": told["app_id"],
            "sequence": seq,
            "original_time": told["at"],
        },
        "src_endpoint": {"ip": told["ip"]} if told["ip"] else {"name": "unknown"},
        "unmapped": {name: told[name] for name in UNMAPPED if not _is_empty(told.get(name))},
    }


def _call(told: dict[str, Any]) -> dict[str, Any]:
    user = {
        "name": told["caller"]
        or told["agent_name"]
        or told["key_name"]
        or told["key_prefix"]
        or "unknown key",
        "uid": told["agent_id"] or told["key_id"],
        "type_id": OTHER,
        "type": "API key",
        "credential_uid": told["key_id"],
    }
    request = {"uid": told["request_id"] or told["id"]}
    response = {"code": told["status"], "error": told["code"], "message": told["detail"]}
    return {
        **status(told["allowed"]),
        "status_code": told["code"] or str(told["status"]),
        "status_detail": told["detail"] or told["check_failed"],
        "message": f"{told['status']} {told['method']} {told['path']}",
        "actor": {"user": user, "app_name": told["caller"], "app_uid": told["caller_id"]},
        "api": {"operation": told["method"] or "unknown", "request": request, "response": response},
        "http_request": {
            "uid": told["request_id"],
            "http_method": told["method"],
            "user_agent": told["user_agent"],
            "url": {"path": told["path"]},
        },
        "http_response": {"code": told["status"]},
    }


def _act(told: dict[str, Any]) -> dict[str, Any]:
    return {
        **status(succeeded=True),
        "message": f"{told['actor_label']}: {told['action']} {told['target_kind']} {told['target_label']}",
        "actor": {"user": _person(told), "app_name": told["caller"], "app_uid": told["caller_id"]},
        "entity": {
            "name": told["target_label"] or told["target_kind"],
            "uid": told["target_id"],
            "type": told["target_kind"],
            "data": told["changes"],
        },
        "comment": told["reason"],
        "http_request": {"uid": told["request_id"], "user_agent": told["user_agent"]},
    }


def _sign_in(told: dict[str, Any]) -> dict[str, Any]:
    return {
        **status(told["action"] != "sign-in.fail"),
        "message": f"{told['actor_label']}: {told['action']}",
        "actor": {"user": _person(told)},
        "user": _person(told),
        "service": {"name": PRODUCT["name"]},
        "is_remote": told["via"] != "shell",
        "http_request": {"uid": told["request_id"], "user_agent": told["user_agent"]},
    }


def _person(told: dict[str, Any]) -> dict[str, Any]:
    is_person = told["actor_kind"] == "person"
    return {
        "name": told["actor_label"] or "erased",
        "uid": told["actor_id"],
        "type_id": 1 if is_person else OTHER,
        "type": "User" if is_person else told["actor_kind"],
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


def _filled(told: dict[str, Any]) -> dict[str, Any]:
    """`told` without what is empty. What people wrote stays as they wrote it."""
    inner = {
        name: _filled(value) if isinstance(value, dict) and name not in AS_WRITTEN else value
        for name, value in told.items()
    }
    return {name: value for name, value in inner.items() if not _is_empty(value)}


def _is_empty(value: Any) -> bool:
    """Whether it says nothing. A number does, and so does a no."""
    return value is None or value in ("", {}, [])
