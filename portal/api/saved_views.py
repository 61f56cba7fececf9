"""Searches of the audit log that people keep, at the management API. Those of a token are its owner's."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from ninja.responses import Status
from pydantic import Field, StrictBool

from agents.names import parse_name
from agents.requests import id_of
from audit.models import SavedView
from audit.search import saved_views
from core.cursors import PartOfList, cut
from core.schemas import Label, Page, RequestSchema, ResponseSchema, Text
from keys.requests import IdempotencyKey
from portal.api.idempotency import create_once
from portal.api.token_auth import TokenRequest


class ViewInfo(ResponseSchema):
    """A search that someone keeps."""

    id: UUID = Field(description="Its id.")
    name: str = Field(description="What it is called.")
    query: str = Field(description="The filters, as they follow the ? in the log's address.")
    shared: bool = Field(description="Whether everyone of the app sees it.")
    is_mine: bool = Field(description="Whether the token's owner keeps it, and may change it.")
    owner: str = Field(description="Who keeps it.")
    created_at: datetime = Field(description="Since when.")


class ViewPage(Page):
    """Some of them."""

    items: list[ViewInfo] = Field(description="The views.")


class ViewCreateRequest(RequestSchema):
    """A search to keep."""

    name: Label = Field(description="1 to 60 characters, unlike those of your other views of this app.")
    query: Text = Field(default="", description="As the page writes them: outcome=denied&range=7d.")
    shared: StrictBool = Field(default=False, description="Whether everyone of the app sees it.")


class ViewUpdateRequest(RequestSchema):
    """What to change of it; what is left out stays."""

    name: Label = Field(default="", description="Another name.")
    shared: StrictBool = Field(default=False, description="Whether everyone of the app sees it.")


def list_views(request: TokenRequest, part: PartOfList) -> ViewPage:
    """One's own views of the app's log, and those that are shared, newest first."""
    page, told = cut(saved_views.views_for(request.actor, request.app.id), part)
    return ViewPage(items=[_describe(request, view) for view in page], **told)


def save_view(
    request: TokenRequest, asked: ViewCreateRequest, idempotency_key: IdempotencyKey = ""
) -> Status[ViewInfo]:
    """Keep a search of the app's log."""

    def create() -> ViewInfo:
        view = saved_views.save_view(
            request.actor, request.app.id, parse_name(asked.name), asked.query, shared=asked.shared
        )
        return _describe(request, view)

    return create_once(
        request,
        idempotency_key,
        asked,
        create,
        lambda made: _describe(request, saved_views.view_of(request.actor, request.app.id, made)),
    )


def get_view(request: TokenRequest, view_id: str) -> ViewInfo:
    """One view."""
    return _describe(request, _find_view(request, view_id))


@transaction.atomic
def change_view(request: TokenRequest, view_id: str, asked: ViewUpdateRequest) -> ViewInfo:
    """Call one's view something else, share it, or share it no longer."""
    view, given = _find_view(request, view_id), asked.model_fields_set
    if "name" in given:
        saved_views.rename(request.actor, view, parse_name(asked.name))
    if "shared" in given:
        saved_views.share(request.actor, view, asked.shared)
    return _describe(request, view)


def delete_view(request: TokenRequest, view_id: str) -> ViewInfo:
    """Keep it no longer. Who may export the log may end what others share."""
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
