"""Creates, lists, renames, shares and deletes saved searches."""

from urllib.parse import parse_qsl
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from audit import actions
from audit.actors import Actor
from audit.change import change
from audit.models import SavedView
from audit.search.filter_form import PLACES, FilterForm
from core.clock import now
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from core.folding import by_name
from core.text import sanitize

MAX_VIEWS = 50
"""Views that one person keeps of one app."""


class ViewNameTaken(Conflict):
    """The person keeps another view of this app under the name."""

    code = "view_name_exists"
    message = "You already have a view with this name."
    hint = "Choose another name, or delete that view."


class TooManyViews(Conflict):
    """The person keeps as many views of this app as one may."""

    code = "view_limit_reached"
    message = "You have reached the limit of 50 saved views for this app."
    hint = "Delete a view that you do not use."


def views_for(actor: Actor, app_id: UUID) -> QuerySet[SavedView]:
    """The views of an app that `actor` sees: their own, and those that are shared."""
    own = Q(owner_id=_owner(actor))
    seen = SavedView.objects.filter(own | Q(shared_at__isnull=False), app_id=app_id, ended_at=None)
    return seen.order_by(*by_name("name"), "id")


def view_of(actor: Actor, app_id: UUID, view_id: UUID) -> SavedView:
    """One of them. Raises NotFound."""
    view = views_for(actor, app_id).filter(id=view_id).first()
    if view is None:
        raise NotFound
    return view


def may_end(actor: Actor, view: SavedView) -> bool:
    """Its owner may, and who may export the record may end what is shared."""
    return is_mine(actor, view) or (view.shared_at is not None and actor.may(actions.EXPORT))


def is_mine(actor: Actor, view: SavedView) -> bool:
    """Whether `actor` keeps it."""
    return view.owner_id == _owner(actor)


def save_view(actor: Actor, app_id: UUID, name: str, query: str, *, shared: bool = False) -> SavedView:
    """Keep what follows the ? in the log's address. Raises Invalid, ViewNameTaken, TooManyViews."""
    view = SavedView(
        app_id=app_id,
        owner_id=_owner(actor),
        owner_label=actor.label[:200],
        name=_parse_name(name),
        query=_parse_query(query),
        shared_at=now() if shared else None,
    )
    with change(actor, actions.SAVE_VIEW, on=view):
        if (
            SavedView.objects.filter(app_id=app_id, owner_id=view.owner_id, ended_at=None).count()
            >= MAX_VIEWS
        ):
            raise TooManyViews
        _save(view)
    return view


def share(actor: Actor, view: SavedView, shared: bool) -> None:
    """Show one's view to everyone of the app, or to nobody else. Raises NotAllowed."""
    with change(actor, actions.SHARE_VIEW, on=view):
        _require_mine(actor, view)
        if shared != (view.shared_at is not None):
            view.shared_at = now() if shared else None
            view.save(update_fields=["shared_at"])


def rename(actor: Actor, view: SavedView, name: str) -> None:
    """Call one's view something else. Raises Invalid, NotAllowed, ViewNameTaken."""
    name = _parse_name(name)
    with change(actor, actions.RENAME_VIEW, on=view):
        _require_mine(actor, view)
        if name != view.name:
            view.name = name
            _save(view, "name")


def end(actor: Actor, view: SavedView) -> None:
    """Keep it no longer. Raises NotAllowed."""
    with change(actor, actions.END_VIEW, on=view):
        if not may_end(actor, view):
            raise NotAllowed(action=actions.END_VIEW.name)
        if view.ended_at is None:
            view.ended_at = now()
            view.save(update_fields=["ended_at"])


def _save(view: SavedView, *fields: str) -> None:
    try:
        with transaction.atomic():
            view.save(update_fields=fields or None)
    except IntegrityError:
        raise ViewNameTaken from None


def _require_mine(actor: Actor, view: SavedView) -> None:
    if view.ended_at is not None:
        raise NotFound
    if not is_mine(actor, view):
        raise NotAllowed(hint="Only the owner of a view can change it.")


def _owner(actor: Actor) -> str:
    """Whose views `actor` sees as their own: a token's are its owner's."""
    return f"person:{actor.owner_id}" if actor.owner_id else f"{actor.kind}:{actor.id}"[:64]


def _parse_name(text: str) -> str:
    name = " ".join(sanitize(text, 200).split())
    if not 1 <= len(name) <= 60:
        raise Invalid("name", "Enter a name of 1 to 60 characters.")
    return name


def _parse_query(text: str) -> str:
    """As the log itself would write it: only filters it knows, each of those given, and no key among them."""
    given = parse_qsl(text.removeprefix("?"), keep_blank_values=True)
    _require_plain(given)
    form = FilterForm.from_query(text)
    if not form.is_valid():
        raise Invalid("query", "Invalid filters. Open them in the audit log first.")
    query = form.address().removeprefix("?")
    if lost := {name for name, _ in given} - {name for name, _ in parse_qsl(query)} - {*PLACES}:
        raise Invalid("query", f"“{min(lost)}” has no effect with the other filters. Remove it.")
    if len(query) > 2000:
        raise Invalid("query", "These filters are too long to save.")
    return query


def _require_plain(given: list[tuple[str, str]]) -> None:
    """Raise Invalid for a filter that is said twice, that is empty, or that is still to be read: none is dropped."""
    names = [name for name, _ in given]
    for name, value in given:
        quoted = f"“{sanitize(name, 40)}”"
        if names.count(name) > 1:
            raise Invalid("query", f"Use {quoted} only once.")
        if name == "q":
            raise Invalid("query", "“q” cannot be saved. Use filters by name: key=…&outcome=….")
        if not value.strip():
            raise Invalid("query", f"{quoted} is empty. Remove it or add a value.")
