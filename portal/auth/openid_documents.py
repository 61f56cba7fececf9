"""The provider's documents: where it is found, its tokens, userinfo and keys. Each is looked at before it is used."""

from typing import Any
from urllib.parse import urlsplit

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import Http404, HttpRequest, HttpResponseBase

from portal.auth import id_tokens
from portal.auth.claims import described, text_of
from portal.auth.provider_client import UnfitAnswer

ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
METHODS = "token_endpoint_auth_methods_supported"


class Answers(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """What django-allauth asks the provider for. Raises UnfitAnswer for what is missing or of another kind."""

    @property
    def openid_config(self) -> dict[str, Any]:
        """The discovery document, with every address that is needed."""
        document: dict[str, Any] = super().openid_config
        for name in ENDPOINTS:
            if not _is_address(document.get(name)):
                raise UnfitAnswer(f"the discovery document’s {name} is {described(document.get(name))}")
        if not text_of(document.get("issuer")):
            raise UnfitAnswer(f"the discovery document’s issuer is {described(document.get('issuer'))}")
        _require_issuer(document["issuer"], self.get_provider().app.settings["server_url"])
        if not isinstance(document.get(METHODS), list):
            document[METHODS] = []
        return document

    def get_access_token_data(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The answer of the token endpoint."""
        try:
            token: dict[str, Any] = super().get_access_token_data(*args, **kwargs)
        except UnfitAnswer:
            raise
        except OAuth2Error:  # its text holds the whole answer, which may be a token
            raise UnfitAnswer("the token response lacks access_token") from None
        return token

    def parse_token(self, data: dict[str, Any]) -> SocialToken:
        """The access token, for userinfo alone: it is kept nowhere, so nobody asks when it expires."""
        token = data.get("access_token")
        if not text_of(token) or not str(token).isascii() or not str(token).isprintable():
            raise UnfitAnswer(
                f"the access_token in the token response is {'not plain text' if token else described(token)}"
            )
        return SocialToken(token=token)

    def complete_login(
        self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any
    ) -> SocialLogin:
        """Who it is, by the ID token and by userinfo where the provider has that."""
        data = {"id_token": self._decode_id_token(app, kwargs["response"].get("id_token"))}
        if _is_address(self.openid_config.get("userinfo_endpoint")):
            data["userinfo"] = self._fetch_user_info(token.token)
        return self.get_provider().sociallogin_from_response(request, data)

    def _decode_id_token(self, app: SocialApp, id_token: Any) -> dict[str, Any]:
        return id_tokens.verify(
            id_token,
            issuer=self.openid_config["issuer"],
            client_id=app.client_id,
            secret=app.secret,
            read_keys=self._read_keys,
        )

    def _read_keys(self) -> dict[str, Any]:
        with get_adapter().get_requests_session() as session:
            keys: dict[str, Any] = session.get(self.openid_config["jwks_uri"]).json()
        return keys


class _Callback(OAuth2CallbackView):  # type: ignore[misc]
    """Where the browser comes back to."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """As django-allauth does, and what it asks for before it looks after failures is looked after, too."""
        answer: HttpResponseBase
        try:
            answer = super().dispatch(request, *args, **kwargs)
        except UnfitAnswer as error:
            answer = render_authentication_error(request, self.adapter.get_provider(), exception=error)
        return answer


def login(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Go to the provider."""
    return _viewed(OAuth2LoginView, request, provider_id)


def callback(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Come back from it."""
    return _viewed(_Callback, request, provider_id)


def _viewed(view: Any, request: HttpRequest, provider_id: str) -> HttpResponseBase:
    try:
        answer: HttpResponseBase = view.adapter_view(Answers(request, provider_id))(request)
    except SocialApp.DoesNotExist:
        raise Http404 from None
    return answer


def _require_issuer(issuer: str, configured: str) -> None:
    """Raise UnfitAnswer unless the document speaks of the issuer that it was asked of (OpenID Connect Discovery, 4.3).

    A slash at the end is taken away before the document's path is added (4.1), so it makes no other issuer.
    """
    if issuer.removesuffix("/") != configured.partition("/.well-known/")[0].removesuffix("/"):
        raise UnfitAnswer(
            f"the discovery document’s issuer is {described(issuer)}, and not PORTAL_OIDC_ISSUER, {configured}"
        )


def _is_address(value: Any) -> bool:
    try:
        parts = urlsplit(text_of(value))
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
