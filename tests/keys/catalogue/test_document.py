"""What an app may define as scopes, and what it is told about a document that cannot be taken."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from core.errors import Invalid
from keys.catalogue import document
from keys.catalogue.builtin import RESERVED_RESOURCES
from keys.errors import InvalidScope, ReservedScope, UnknownScope
from tests.keys.catalogue.catalogues import ORDERS

WRONG: dict[str, tuple[dict[str, Any], type[Invalid], str, str]] = {
    "a field there is not": ({"scopes": []}, Invalid, "scopes", "not permitted"),
    "a list that is none": ({"resources": "orders"}, Invalid, "resources", "list"),
    "a name of capitals": ({"resources": [{"name": "Orders"}]}, InvalidScope, "resources.0.name", "orders."),
    "a name of emoji": ({"resources": [{"name": "🧾"}]}, InvalidScope, "resources.0.name", "a to z"),
    "a name with a colon": ({"resources": [{"name": "a:b"}]}, InvalidScope, "resources.0.name", "a to z"),
    "a level of capitals": (
        {"resources": [{"name": "orders", "levels": [{"name": "READ"}]}]},
        InvalidScope,
        "resources.0.levels.0.name",
        "read.",
    ),
    "an action without a verb": (
        {"actions": [{"name": "refund"}]},
        InvalidScope,
        "actions.0.name",
        "resource:verb",
    ),
    "an action of an instance": (
        {"actions": [{"name": "a:b:c"}]},
        InvalidScope,
        "actions.0.name",
        "resource:verb",
    ),
    "a resource twice": (
        {"resources": [{"name": "a"}, {"name": "a"}]},
        InvalidScope,
        "resources.1.name",
        "twice",
    ),
    "a level twice": (
        {"resources": [{"name": "a", "levels": [{"name": "x"}, {"name": "x"}]}]},
        InvalidScope,
        "resources.0.levels.1.name",
        "twice",
    ),
    "an action that is a level": (
        {"resources": [{"name": "a"}], "actions": [{"name": "a:read"}]},
        InvalidScope,
        "actions.0.name",
        "twice",
    ),
    "a resource of the preset": (
        {"resources": [{"name": "grants"}]},
        ReservedScope,
        "resources.0.name",
        "preset",
    ),
    "an action of the preset": (
        {"actions": [{"name": "proxy:execute"}]},
        ReservedScope,
        "actions.0.name",
        "preset",
    ),
    "a template with an unknown scope": (
        {"templates": [{"name": "ci", "label": "CI", "scopes": ["orders:red"]}]},
        UnknownScope,
        "scopes",
        "orders:red",
    ),
    "a template twice": (
        {"templates": [{"name": "ci", "label": "CI", "scopes": ["usage:read"]}] * 2},
        Invalid,
        "templates.1.name",
        "twice",
    ),
    "a template that expires at some time": (
        {"templates": [{"name": "ci", "label": "CI", "scopes": ["usage:read"], "expires": "soon"}]},
        Invalid,
        "templates.0.expires",
        "30d",
    ),
    "a limit of nothing": (
        {"templates": [{"name": "ci", "label": "CI", "scopes": ["usage:read"], "rate_limit_rpm": 0}]},
        Invalid,
        "templates.0.rate_limit_rpm",
        "greater",
    ),
    "too many levels": (
        {"resources": [{"name": "a", "levels": [{"name": f"x{n}"} for n in range(document.MAX_LEVELS + 1)]}]},
        Invalid,
        "resources.0.levels",
        "at most",
    ),
}


@pytest.mark.parametrize(("wrong", "kind", "place", "says"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_named_with_its_place(
    wrong: dict[str, Any], kind: type[Invalid], place: str, says: str
) -> None:
    with pytest.raises(kind) as refused:
        document.read(wrong, 2)
    assert refused.value.field == place
    assert says in refused.value.why


@pytest.mark.parametrize("resource", sorted(RESERVED_RESOURCES))
@pytest.mark.parametrize("part", ["resources", "actions"])
def test_what_gates_the_runtime_api_is_not_shadowed(resource: str, part: str) -> None:
    name = resource if part == "resources" else f"{resource}:teleport"
    with pytest.raises(ReservedScope):
        document.read({"preset": False, part: [{"name": name}]}, 2)


def test_a_name_of_the_preset_is_free_once_that_is_off() -> None:
    assert document.read({"preset": False, "resources": [{"name": "grants"}]}, 2).resource("grants")


def test_a_resource_that_names_no_levels_has_the_usual_ones() -> None:
    invoices = document.read(ORDERS, 2).resource("invoices")
    assert invoices and invoices.verbs == ("read", "write", "admin")


def test_a_level_includes_those_before_it_and_no_action() -> None:
    catalogue = document.read(ORDERS, 2)
    owner = catalogue.parse_scope("orders:owner:o1")
    assert owner.covers(catalogue.parse_scope("orders:read:o1"))
    assert owner.covers(catalogue.parse_scope("orders:write:o1"))
    assert not owner.covers(catalogue.parse_scope("orders:read"))
    assert not owner.covers(catalogue.parse_scope("orders:list:o1"))
    assert not catalogue.parse_scope("orders:read").covers(owner)


def test_what_is_written_is_read_again() -> None:
    catalogue = document.read(ORDERS, 2)
    again = document.read(document.of(catalogue).model_dump(), 2)
    assert again.definitions == catalogue.definitions
    assert again.templates == catalogue.templates


def test_the_default_templates_keep_the_scopes_there_are() -> None:
    templates = {template.name: template.scopes for template in document.read(ORDERS, 2).templates}
    assert templates == {
        "service": ("agents:read", "keys:derive"),
        "agent": ("keys:derive", "keys:admin", "audit:emit", "spans:emit"),
        "ci": ("agents:read",),
    }


def test_a_typo_is_answered_with_what_is_near() -> None:
    with pytest.raises(UnknownScope, match=r"Did you mean orders:read"):
        document.read(ORDERS, 2).parse_scope("orders:raed")


def test_capitals_are_answered_with_lower_case() -> None:
    with pytest.raises(InvalidScope, match=r"orders:read\."):
        document.read(ORDERS, 2).parse_scope("Orders:Read")


def test_the_document_of_the_guide_is_taken_as_it_is_written() -> None:
    guide = (Path(__file__).resolve().parents[3] / "docs" / "scopes.md").read_text()
    written = re.search(r"```json\n(.+?)```", guide, re.S)
    assert written
    catalogue = document.read(json.loads(written[1]), 2)
    assert {"orders:write", "refunds:create"} <= set(catalogue.definitions)


@pytest.mark.parametrize(
    ("what", "limit"),
    [
        ("resources", document.MAX_RESOURCES),
        ("levels of a resource", document.MAX_LEVELS),
        ("actions", document.MAX_ACTIONS),
        ("mint templates", document.MAX_TEMPLATES),
    ],
)
def test_a_limit_is_what_the_guide_says(what: str, limit: int) -> None:
    guide = (Path(__file__).resolve().parents[3] / "docs" / "scopes.md").read_text()
    assert f"| {what} | {limit} |" in guide
