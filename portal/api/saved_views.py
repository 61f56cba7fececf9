"""Saved views of the audit log in the management API. A token sees and saves its owner's views."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from ninja.responses import Status
from pydantic import Field, StrictBool

from agents.names import parse_name
from agents.requests import id_of
from audit.models import SavedView
from audit.search import saved_views
from core.pagination.cursors import PartOfList, paginate
from core.schemas import Label, Page, RequestSchema, ResponseSchema, Text
from keys.requests import IdempotencyKey
from portal.api.idempotency import create_once
from portal.api.token_auth import TokenRequest


class ViewInfo(ResponseSchema):
    """A saved view of the audit log."""

    id: UUID = Field(description="The view's id.")
    name: str = Field(description="The view's name.")
    query: str = Field(description="The filters, as in the query string of the audit log page.")
    shared: bool = Field(description="Whether all members of the app see it.")
    is_mine: bool = Field(description="Whether the view is yours and you can change it.")
    owner: str = Field(description="The view's owner.")
    created_at: datetime = Field(description="When the view was saved.")


class ViewPage(Page):
    """A page of views."""

    items: list[ViewInfo] = Field(description="The views.")


class ViewCreateRequest(RequestSchema):
    """A view to save."""

    name: Label = Field(description="1 to 60 characters, unique among your views of this app.")
    query: Text = Field(
        default="", description="As in the query string of the page: outcome=denied&range=7d."
    )
    shared: StrictBool = Field(default=False, description="Whether all members of the app see it.")


class ViewUpdateRequest(RequestSchema):
    """Changes to a view. Omitted fields are unchanged."""

    name: Label = Field(default="", description="The new name.")
    shared: StrictBool = Field(default=False, description="Whether all members of the app see it.")


def list_views(request: TokenRequest, part: PartOfList) -> ViewPage:
    """Your views of the app's audit log and shared views, newest first."""
    items, page = paginate(saved_views.views_for(request.actor, request.app.id), part)
    return ViewPage(items=[_describe(request, view) for view in items], **page)


def save_view(
    request: TokenRequest, body: ViewCreateRequest, idempotency_key: IdempotencyKey = ""
) -> Status[ViewInfo]:
    """Save a view of the app's audit log."""

    def create() -> ViewInfo:
        view = saved_views.save_view(
            request.actor, request.app.id, parse_name(body.name), body.query, shared=body.shared
        )
        return _describe(request, view)

    return create_once(
        request,
        idempotency_key,
        body,
        create,
        lambda view_id: _describe(request, saved_views.view_of(request.actor, request.app.id, view_id)),
    )


def get_view(request: TokenRequest, view_id: str) -> ViewInfo:
    """A saved view."""
    return _describe(request, _find_view(request, view_id))


@transaction.atomic
def change_view(request: TokenRequest, view_id: str, body: ViewUpdateRequest) -> ViewInfo:
    """Rename a view of yours, share it, or stop sharing it."""
    view, given = _find_view(request, view_id), body.model_fields_set
    if "name" in given:
        saved_views.rename(request.actor, view, parse_name(body.name))
    if "shared" in given:
        saved_views.share(request.actor, view, body.shared)
    return _describe(request, view)


def delete_view(request: TokenRequest, view_id: str) -> ViewInfo:
    """Delete a view. A token that may export the audit log can delete shared views of others."""
    view = _find_view(request, view_id)
    saved_views.end(request.actor, view)
    return _describe(request, view)


def _find_view(request: TokenRequest, view_id: str) -> SavedView:
    return saved_views.view_of(request.actor, request.app.id, id_of(view_id))


def _describe(request: TokenRequest, view: SavedView) -> ViewInfo:
    return ViewInfo(
        id=view.id,
        name=view.name,
        query=view.query,
        shared=view.shared_at is not None,
        is_mine=saved_views.is_mine(request.actor, view),
        owner=view.owner_label,
        created_at=view.created_at,
    )
