"""A person's own access tokens at the management API: listed, minted within the one that asks, revoked."""

from uuid import UUID

from ninja.responses import Status

from agents.api.management_schemas import ReasonRequest
from agents.requests import id_of
from core.cursors import PartOfList, cut
from core.durations import parse_end
from core.errors import NotFound
from keys.requests import IdempotencyKey
from portal.api.idempotency import create_once
from portal.api.token_auth import TokenRequest
from portal.api.token_schemas import TokenDetail, TokenMinted, TokenMintRequest, TokenPage
from portal.models import AccessToken
from portal.tokens import lifecycle


def list_tokens(request: TokenRequest, part: PartOfList) -> TokenPage:
    """The tokens of the person whose token asks, newest first, ended ones included."""
    found = AccessToken.objects.filter(user=request.token.user).select_related("parent")
    page, told = cut(found, part)
    return TokenPage(items=[TokenDetail.from_model(token) for token in page], **told)


def mint_token(
    request: TokenRequest, asked: TokenMintRequest, idempotency_key: IdempotencyKey = ""
) -> Status[TokenMinted]:
    """Mint a token that may do a part of what the asking one may, and that ends with it. It mints none itself."""

    def create() -> TokenMinted:
        issued = lifecycle.issue(
            request.actor,
            request.token.user,
            name=asked.name,
            permissions=asked.permissions,
            expires_at=parse_end(asked.expires_in, asked.expires_at),
            parent=request.token,
        )
        return TokenMinted.from_model(issued.token, token=issued.plaintext.take())

    return create_once(
        request,
        idempotency_key,
        asked,
        create,
        lambda made: TokenMinted.from_model(_find_token(request, made), token=None),
    )


def revoke_token(request: TokenRequest, token_id: str, asked: ReasonRequest | None = None) -> TokenDetail:
    """End a token: itself, one it made, or one that may do no more than it."""
    token = _find_token(request, id_of(token_id))
    lifecycle.revoke_own(request.actor, request.token, token, asked.reason if asked else "")
    return TokenDetail.from_model(token)


def _find_token(request: TokenRequest, token_id: UUID) -> AccessToken:
    """One of the person's own. Raises NotFound for a stranger's as for none."""
    own = AccessToken.objects.filter(user=request.token.user, id=token_id).select_related("parent", "user")
    if (found := own.first()) is None:
        raise NotFound
    return found
