"""Where the record is forwarded to, at the management API: webhooks that are told of sealed rows."""

from collections.abc import Callable
from uuid import UUID

from ninja.responses import Status

from agents.api.management_schemas import Reason
from agents.names import parse_name
from agents.requests import id_of
from audit.actors import Actor
from audit.forwarding import destinations, status
from audit.forwarding.status import Line
from audit.forwarding.webhooks import Secret
from audit.models import Destination
from audit.requests import PortalRequest
from core.cursors import PartOfList, cut
from core.errors import Invalid, NotFound
from keys.requests import IdempotencyKey
from portal.api.audit_settings_schemas import (
    DeliveryInfo,
    DeliveryPage,
    DestinationInfo,
    DestinationPage,
    DestinationSecret,
    NewDestination,
)
from portal.api.idempotency import create_once
from portal.api.token_auth import TokenRequest
from portal.gates import apps_of


def list_destinations(request: PortalRequest, part: PartOfList) -> DestinationPage:
    """The destinations that have not ended, newest first, and how far each has come."""
    page, told = cut(Destination.objects.filter(ended_at=None), part)
    lines = _lines()
    return DestinationPage(items=[_describe(one, lines) for one in page], **told)


def create_destination(
    request: TokenRequest, asked: NewDestination, idempotency_key: IdempotencyKey = ""
) -> Status[DestinationSecret]:
    """A destination that is told of what is sealed from now on; its signing secret is in this answer alone."""

    def create() -> DestinationSecret:
        if asked.app_id and not apps_of(request.token.user).filter(id=asked.app_id).exists():
            raise Invalid("app_id", "There is no such app among yours.")
        parse_name(asked.name)
        return _reveal(destinations.create(request.actor, **asked.model_dump()))

    def recall(made: UUID) -> DestinationSecret:
        found = Destination.objects.get(id=made)
        return DestinationSecret(**_describe(found, _lines()).model_dump(), secret=None)

    return create_once(request, idempotency_key, asked, create, recall)


def get_destination(request: PortalRequest, destination_id: str) -> DestinationInfo:
    """One destination."""
    return _describe(_find_destination(destination_id), _lines())


def list_deliveries(request: PortalRequest, destination_id: str, part: PartOfList) -> DeliveryPage:
    """What is on its way to a destination, and the latest that arrived, newest first."""
    page, told = cut(_find_destination(destination_id).deliveries.all(), part)
    return DeliveryPage(items=[DeliveryInfo.from_model(one) for one in page], **told)


def pause_destination(
    request: PortalRequest, destination_id: str, asked: Reason | None = None
) -> DestinationInfo:
    """Send it nothing until it is resumed."""
    return _carry_out(request, destination_id, asked, destinations.pause)


def resume_destination(request: PortalRequest, destination_id: str) -> DestinationInfo:
    """Go on where it was paused."""
    found = _find_destination(destination_id)
    destinations.resume(request.actor, found)
    return _describe(found, _lines())


def test_destination(request: PortalRequest, destination_id: str) -> DeliveryInfo:
    """Send it a signed message without rows, within seconds; its delivery says what came of it."""
    found = _find_destination(destination_id)
    destinations.test(request.actor, found)
    return DeliveryInfo.from_model(found.deliveries.get(checkpoint=destinations.TEST))


def rotate_destination(
    request: PortalRequest, destination_id: str, asked: Reason | None = None
) -> DestinationSecret:
    """Another signing secret, in this answer alone. The old one signs nothing any more."""
    reason = asked.reason if asked else ""
    return _reveal(destinations.rotate(request.actor, _find_destination(destination_id), reason))


def end_destination(
    request: PortalRequest, destination_id: str, asked: Reason | None = None
) -> DestinationInfo:
    """Send it nothing more, for ever; what had not arrived is discarded."""
    return _carry_out(request, destination_id, asked, destinations.end)


def _carry_out(
    request: PortalRequest,
    destination_id: str,
    asked: Reason | None,
    verb: Callable[[Actor, Destination, str], None],
) -> DestinationInfo:
    found = _find_destination(destination_id)
    verb(request.actor, found, asked.reason if asked else "")
    return _describe(found, _lines())


def _find_destination(destination_id: str) -> Destination:
    """One that has not ended. Raises NotFound."""
    found = Destination.objects.filter(id=id_of(destination_id), ended_at=None).first()
    if found is None:
        raise NotFound
    return found


def _reveal(made: Secret) -> DestinationSecret:
    return DestinationSecret(**_describe(made.destination, _lines()).model_dump(), secret=made.text)


def _lines() -> dict[UUID, Line]:
    return {line.destination.pk: line for line in status.lines()}


def _describe(destination: Destination, lines: dict[UUID, Line]) -> DestinationInfo:
    line = lines.get(destination.pk)
    return DestinationInfo(
        id=destination.id,
        name=destination.name,
        url=destination.url,
        sends=destination.sends,
        app_id=destination.app_id,
        state=line.state if line else "ended",
        behind=line.behind if line else 0,
        dead_letters=line.dead if line else 0,
        last_delivered_at=line.arrived_at if line else None,
        generation=destination.generation,
        created_at=destination.created_at,
        paused_at=destination.paused_at,
    )
