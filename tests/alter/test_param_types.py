"""Values are checked as they are typed."""

from pathlib import Path
from typing import Any

import click
import pytest

from alter import param_types
from alter.exit_codes import Failure


def typed(kind: click.ParamType[Any], text: str) -> Any:
    return kind.convert(text, click.Option(["--it"]), None)


@pytest.mark.parametrize(
    ("kind", "text", "taken"),
    [
        (param_types.Duration(), "30d", "30d"),
        (param_types.Duration(), " 12H ", "12h"),
        (param_types.Duration(least=0), "0s", "0s"),
        (param_types.Moment(), "2027-02-20T14:32:00+01:00", "2027-02-20T13:32:00Z"),
        (param_types.Moment(), "2027-02-20", "2027-02-20"),
        (param_types.Moment(), "2027-02-20 14:32", "2027-02-20T14:32:00Z"),
        (param_types.Moment(ago=True), "24h", "24h"),
        (param_types.Scopes(), "grants:read, agents:read,grants:read", ["grants:read", "agents:read"]),
        (param_types.Scopes(), "keys:admin:01a2", ["keys:admin:01a2"]),
        (param_types.Ranges(), "203.0.113.0/24,2001:db8::1", ["203.0.113.0/24", "2001:db8::1"]),
        (param_types.OneOf("active", "revoked"), "revoked,active", ["revoked", "active"]),
        (param_types.OneOf("active", "revoked"), "REVOKED", ["revoked"]),
        (param_types.Permissions(), "dashboard_keys:read", ["dashboard_keys:read"]),
        (
            param_types.AgentScopes(),
            "github:repo,github:issues,x:https://y",
            {"github": ["repo", "issues"], "x": ["https://y"]},
        ),
        (param_types.AgentScopes(), '{"github": ["repo"]}', {"github": ["repo"]}),
        (param_types.Id(), "01A2014C7D9272CF83DFD30FFBFE9814", "01a2014c-7d92-72cf-83df-d30ffbfe9814"),
    ],
)
def test_what_can_be_taken_is_taken(kind: click.ParamType[Any], text: str, taken: Any) -> None:
    assert typed(kind, text) == taken


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        (param_types.Duration(), "0d", "too short"),
        (param_types.Duration(), "3651d", "the maximum is 3650d"),
        (param_types.Duration(), "1000000d", "not a duration"),
        (param_types.Duration(), "-5m", "not a duration"),
        (param_types.Moment(), "tomorrow", "not a time"),
        (param_types.Moment(), "24h", "not a time"),
        *(
            (param_types.Moment(), odd, "or a date, such as 2027-02-20")
            for odd in ("2027-W01-1", "20270220", "2027-051")
        ),
        (param_types.Moment(), "2027-02-20T24:00", "not a time"),
        (param_types.Moment(), "2027-02-20T14:32+25:00", "not a time"),
        (param_types.Moment(), "0001-01-01T00:00:00+23:59", "not a time"),
        (param_types.Scopes(), "grants", "is not a scope"),
        (param_types.Scopes(), "grants.raed", "Did you mean grants:read?"),
        (param_types.Scopes(), "*", "is not a scope"),
        (param_types.Scopes(), " , ", "empty"),
        (param_types.Ranges(), "0.0.0.0/0", "allows any IP"),
        (param_types.Ranges(), "::/0", "allows any IP"),
        (param_types.Ranges(), "203.0.113.0/33", "not an IP range"),
        (param_types.OneOf("active"), "dead", "is not one of active"),
        (param_types.Permissions(), "dashboard_key:read", "Did you mean dashboard_keys:read?"),
        (param_types.FieldNames(), "id,a name", "'a name' is not a field name"),
        (param_types.AgentScopes(), "github", "is not a provider scope"),
        (param_types.Id(), "checkout", "is not an id"),
        (param_types.Body(), '{"name": "x"}', "is neither @path"),
    ],
)
def test_what_cannot_be_taken_is_named(kind: click.ParamType[Any], text: str, said: str) -> None:
    with pytest.raises(click.BadParameter) as caught:
        typed(kind, text)
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("content", "exit", "said"),
    [
        (b'{"a": ', 2, "is not JSON: Expecting value at line 1, column 7."),
        (b"[]", 2, "is not a JSON object"),
        (b"\xff\xfe\x00", 2, "is not UTF-8 text"),
        (b"[" * 100_000, 2, "is nested too deeply"),
        (None, 4, "no such file"),
    ],
)
def test_a_body_that_cannot_be_read_names_its_file(
    content: bytes | None, exit: int, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "body.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Failure) as caught:
        param_types.read_body(f"@{path}")
    assert (caught.value.exit, str(path) in caught.value.message) == (exit, True)
    assert said in caught.value.message


def test_all_permissions_are_every_one() -> None:
    assert "dashboard_apps:delete" in typed(param_types.Permissions(), "all")


def test_a_shell_completes_the_last_scope_of_a_list() -> None:
    offered = param_types.Scopes().shell_complete(None, None, "grants:read,keys:d")
    assert [item.value for item in offered] == ["grants:read,keys:derive"]
