"""The pieces that pages share."""

import re
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.template import Context, Template
from django.test import Client
from django.urls import reverse
from django.utils.safestring import SafeString

from agents.lifecycle import update_app
from agents.models import App
from audit.actors import shell
from tests.portal.pages import text


def rendered(template: str, **values: object) -> str:
    return Template("{% load look pieces %}" + template).render(Context(values))


def test_a_value_to_copy_is_text_and_its_button_waits_for_scripts() -> None:
    shown = rendered('{% copy id "app ID" %}', id="01a2")
    assert "<b>01a2</b></code>" in shown
    assert 'data-copy="01a2" aria-label="Copy app ID: 01a2" title="Copy" hidden>' in shown


def test_lines_to_copy_are_copied_whole() -> None:
    assert 'data-copy="a\nb" aria-label="Copy command: all lines"' in rendered(
        '{% copy_block text "command" %}', text="a\nb"
    )


def test_a_popover_opens_without_scripts_and_closes_its_neighbours() -> None:
    shown = rendered('{% popover "2 scopes" title="Scopes" %}orders:read{% endpopover %}')
    assert '<details class="pop" name="float"><summary>2 scopes</summary>' in shown


def test_a_menu_of_a_row_says_what_it_is_of() -> None:
    shown = rendered("{% menu label=says %}<li></li>{% endmenu %}", says="Actions for worker")
    assert '<span class="said">Actions for worker</span>' in shown
    assert ">More<svg" in rendered("{% menu %}<li></li>{% endmenu %}")


def test_a_label_and_its_value_never_run_together() -> None:
    shown = rendered(
        '{% facts %}{% fact "Owner" %} Ada {% endfact %}{% fact "IP" %}{% endfact %}{% endfacts %}'
    )
    assert "<dt>Owner</dt> <dd>Ada</dd>" in shown
    assert "<dt>IP</dt> <dd>None</dd>" in shown


@pytest.mark.parametrize(("environment", "badge"), [("test", "Test"), ("live", "Live"), ("", "")])
def test_an_app_wears_its_environment(environment: str, badge: str) -> None:
    shown = rendered("{% env_badge app %}", app=SimpleNamespace(environment=environment))
    assert badge in shown and bool(shown) == bool(badge)


def test_each_page_of_a_test_app_says_so_under_the_top_bar(app: App, window: Client) -> None:
    strip = '<section class="strip" aria-label="Environment">'
    pages = [reverse(name, args=[app.id]) for name in ("app", "keys", "agents", "audit", "app-settings")]
    assert [page for page in pages if strip in text(window.get(page))] == []
    update_app(shell(), app, environment="test")
    assert [page for page in pages if strip not in text(window.get(page))] == []


@pytest.mark.parametrize(
    ("name", "q", "marked"),
    [
        ("checkout", "OUT", "check<mark>out</mark>"),
        ("straße-eu", "eu", "straße-<mark>eu</mark>"),
        ("straße", "STRASSE", "<mark>straße</mark>"),
        ("\u0130zmir", "zmir", "\u0130<mark>zmir</mark>"),
        ("<b>", "b", "&lt;<mark>b</mark>&gt;"),
        ("checkout", "", "checkout"),
    ],
)
def test_what_a_search_found_is_marked_where_it_stands(name: str, q: str, marked: str) -> None:
    assert rendered("{{ name|matched:q }}", name=name, q=q) == marked


@pytest.mark.parametrize(
    "template",
    [
        '{% copy bad "id" %}',
        '{% copy_block bad "id" %}',
        "{% popover bad %}{% endpopover %}",
        "{% menu bad %}{% endmenu %}",
        "{% crumb bad %}",
        "{% fact bad %}{{ bad }}{% endfact %}",
    ],
)
def test_what_people_typed_is_escaped(template: str) -> None:
    shown = rendered(template, bad="<script>")
    assert "<script>" not in shown and isinstance(shown, SafeString)


def test_breadcrumbs_are_made_by_one_tag_alone() -> None:
    blocks = {
        page: found[1]
        for page in (settings.BASE_DIR / "templates").rglob("*.html")
        if (found := re.search(r"{% block crumbs %}(.*?){% endblock", page.read_text(), re.DOTALL))
    }
    assert len(blocks) > 50
    assert [page for page, block in blocks.items() if "<li" in block] == []


def test_breadcrumbs_begin_with_the_app(app: App, window: Client) -> None:
    answer = text(window.get(reverse("app-settings", args=[app.id])))
    crumbs = re.search(r'aria-label="Breadcrumb">(.*?)</nav>', answer, re.DOTALL)
    assert crumbs is not None
    assert re.findall(r">([^<>\s]+)<", crumbs[1]) == ["Apps", app.name, "Settings"]
