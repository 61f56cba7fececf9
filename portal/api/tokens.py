"""A user's own personal access tokens in the management API: list, mint, revoke."""

from uuid import UUID

from ninja.responses import Status

from agents.api.management_schemas import ReasonRequest
from agents.requests import id_of
from core.durations import parse_end
from core.errors import NotFound
from core.pagination.cursors import PartOfList, paginate
from keys.requests import IdempotencyKey
from portal.api.idempotency import create_once
from portal.api.token_auth import TokenRequest
from portal.api.token_schemas import TokenDetail, TokenMinted, TokenMintRequest, TokenPage
from portal.models import AccessToken
from portal.tokens import lifecycle


def list_tokens(request: TokenRequest, part: PartOfList) -> TokenPage:
    """Your personal access tokens, newest first, expired and revoked ones included."""
    own = AccessToken.objects.filter(user=request.token.user).select_related("parent")
    items, page = paginate(own, part)
    return TokenPage(items=[TokenDetail.from_model(token) for token in items], **page)


def mint_token(
    request: TokenRequest, body: TokenMintRequest, idempotency_key: IdempotencyKey = ""
) -> Status[TokenMinted]:
    """Mint a token with some of this token's permissions. It is revoked together with this token and cannot mint."""

    def create() -> TokenMinted:
        issued = lifecycle.issue(
            request.actor,
            request.token.user,
            name=body.name,
            permissions=body.permissions,
            expires_at=parse_end(body.expires_in, body.expires_at),
            parent=request.token,
        )
        return TokenMinted.from_model(issued.token, token=issued.plaintext.take())

    return create_once(
        request,
        idempotency_key,
        body,
        create,
        lambda token_id: TokenMinted.from_model(_find_token(request, token_id), token=None),
    )


def revoke_token(request: TokenRequest, token_id: str, body: ReasonRequest | None = None) -> TokenDetail:
    """Revoke this token, one that it minted, or one of yours with no more permissions."""
    token = _find_token(request, id_of(token_id))
    lifecycle.revoke_own(request.actor, request.token, token, body.reason if body else "")
    return TokenDetail.from_model(token)


def _find_token(request: TokenRequest, token_id: UUID) -> AccessToken:
    """One of the user's own tokens. Raises NotFound, also for another user's."""
    own = AccessToken.objects.filter(user=request.token.user, id=token_id).select_related("parent", "user")
    if (token := own.first()) is None:
        raise NotFound("Access token not found.", hint="Check the ID. Only your own tokens are found.")
    return token
