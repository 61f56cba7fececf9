"""Forms of the pages of an app's scopes."""

from typing import Any

from django import forms

from core.errors import Invalid
from core.forms import QueryForm, ReasonForm
from keys.catalogue.catalogue import Catalogue, MintTemplate, Resource
from keys.catalogue.document import EXPIRY_CHOICES, MintTemplateDocument
from keys.web.forms import PLAIN_TEXT

LEVELS_HELP = (
    "One on each line, lowest first: its name, then what it allows. Each level includes those above it here."
)


class ScopeFilterForm(QueryForm):
    """The search of the list of scopes, and whose scopes it shows."""

    SOURCES = (("", "All scopes"), ("app", "This API"), ("built-in", "Built-in"), ("preset", "Preset"))

    q = forms.CharField(label="Name or description", required=False, max_length=100)
    source = forms.ChoiceField(required=False, choices=SOURCES)


class RevisionForm(ReasonForm):
    """A change of the scopes: the version it was made from, and whether it may take a scope from keys that hold it."""

    seen = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    even_in_use = forms.BooleanField(
        label="Remove them all the same. They then grant nothing.", required=False
    )

    def options(self) -> dict[str, Any]:
        """Keyword arguments of keys.catalogue.lifecycle.edit()."""
        data = self.cleaned_data
        return {"seen": data["seen"], "reason": data["reason"], "even_in_use": data["even_in_use"]}


class ResourceForm(RevisionForm):
    """A resource with its levels."""

    name = forms.CharField(
        max_length=40,
        help_text="Lower case, for example orders. Scopes are then orders:read.",
        widget=PLAIN_TEXT,
    )
    description = forms.CharField(required=False, max_length=200, help_text="For example: Orders")
    levels = forms.CharField(
        max_length=4000,
        help_text=LEVELS_HELP,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
    )

    def clean_levels(self) -> list[tuple[str, str]]:
        """The name and the description of each level."""
        lines = [line.strip() for line in self.cleaned_data["levels"].splitlines() if line.strip()]
        split = [line.partition(" ") for line in lines]
        return [(name.rstrip(":"), description.strip(" -:")) for name, _, description in split]


class ScopeForm(RevisionForm):
    """A level or an action: what it allows, and what to use instead if it is deprecated."""

    name = forms.CharField(
        max_length=81, help_text="resource:verb, for example refunds:create.", widget=PLAIN_TEXT
    )
    description = forms.CharField(required=False, max_length=200, help_text="For example: Refund an order")
    deprecated = forms.CharField(
        label="Deprecated",
        required=False,
        max_length=200,
        help_text="What to use instead, for example: Use orders:write. Keys with it keep working. "
        "Leave empty if it is not deprecated.",
    )


class TemplateForm(RevisionForm):
    """A mint template."""

    name = forms.CharField(
        max_length=40,
        help_text="Lower case, for example nightly-job. It stands in addresses.",
        widget=PLAIN_TEXT,
    )
    label = forms.CharField(max_length=60, help_text="For example: Nightly job")
    scopes = forms.CharField(max_length=4000, help_text="Separated by commas.", widget=PLAIN_TEXT)
    expires = forms.ChoiceField(choices=[(choice, choice) for choice in EXPIRY_CHOICES], initial="90d")
    rate_limit_rpm = forms.IntegerField(
        label="Rate limit (requests per minute)",
        required=False,
        min_value=1,
        max_value=100_000,
        help_text="Leave empty for the limit of the app.",
    )

    def template(self) -> MintTemplateDocument:
        """What is entered. Raises Invalid without a scope."""
        data = self.cleaned_data
        scopes = data["scopes"].replace(",", " ").split()
        if not scopes:
            raise Invalid("scopes", "Enter at least one scope.")
        values = {name: data[name] for name in ("name", "label", "expires", "rate_limit_rpm")}
        return MintTemplateDocument(scopes=scopes, **values)


class ImportForm(RevisionForm):
    """An OpenAPI document, as a file or pasted, and the changes that are chosen."""

    file = forms.FileField(
        label="File", required=False, help_text="OpenAPI 3.0 or 3.1, as JSON or YAML, at most 1 MB."
    )
    document = forms.CharField(
        label="Or paste the document",
        required=False,
        max_length=1_000_000,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
    )

    def clean(self) -> dict[str, Any]:
        """`document` as text, from whichever was given."""
        data = self.cleaned_data
        if data.get("file"):
            data["document"] = data["file"].read().decode("utf-8", "replace")
        if not data.get("document") and "document" not in self.errors:
            self.add_error("document", "Choose a file, or paste the document.")
        return data


def resource_values(catalogue: Catalogue, resource: Resource | None) -> dict[str, Any]:
    """What the form of a resource begins with."""
    if resource is None:
        usual = "read List and read\nwrite Create and change\nadmin Delete"
        return {"seen": catalogue.version, "levels": usual}
    levels = [
        f"{verb} {level.description}".strip()
        for verb, level in zip(resource.verbs, resource.levels, strict=True)
    ]
    return {
        "seen": catalogue.version,
        "name": resource.name,
        "description": resource.description,
        "levels": "\n".join(levels),
    }


def template_values(catalogue: Catalogue, template: MintTemplate | None) -> dict[str, Any]:
    """What the form of a mint template begins with."""
    if template is None:
        return {"seen": catalogue.version}
    return {
        "seen": catalogue.version,
        "name": template.name,
        "label": template.label,
        "scopes": ", ".join(template.scopes),
        "expires": template.expires,
        "rate_limit_rpm": template.rate_limit_rpm,
    }
