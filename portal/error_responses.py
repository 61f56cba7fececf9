"""Turns a refusal into a page, a fragment or JSON: the one place where a "no" takes its shape."""

import json
import sys
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import is_valid_path

from core.errors import (
    BadRequest,
    Internal,
    Invalid,
    MethodNotAllowed,
    NotAllowed,
    NotFound,
    ReauthenticationRequired,
    Refusal,
    as_refusal,
)
from portal.auth import reauthentication
from portal.program_paths import hint, is_for_programs, is_program


class MissingToken(Refusal):
    """The JSON API was called without an access token."""

    code = "missing_token"
    status = 401
    message = "No access token was presented."
    hint = "Send Authorization: Bearer alter_pat_…. Mint a token under Personal access tokens, or run alter auth login."

    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": 'Bearer realm="alter"'}


class InvalidToken(MissingToken):
    """Mistyped, never issued here, or revoked: the three look the same."""

    code = "invalid_token"
    message = "This access token is not valid."
    hint = "Mint another under Personal access tokens, or run alter auth login."


class TokenExpired(MissingToken):
    """The access token's expiry has passed."""

    code = "token_expired"
    message = "This access token has expired."
    hint = "Mint another under Personal access tokens, or run alter auth login."


class SecondFactorRequired(Refusal):
    """Everyone must have a second factor, and whose way in this is has none."""

    code = "second_factor_required"
    status = 403
    message = "Two-factor authentication (2FA) is required, and this account has not set it up."
    hint = "Sign in with a browser and set up 2FA under Security. Access tokens work again after that."


class OnlyProvider(Refusal):
    """A password, a passkey alone, a reset or an invitation was tried where the identity provider alone lets in."""

    code = "only_provider"
    status = 403
    message = "This portal allows sign-in through the identity provider only."
    hint = "Go to the sign-in page and choose the identity provider."


class OwnerNotLinked(Refusal):
    """The identity provider alone lets in, and has never vouched for the owner of this access token."""

    code = "owner_not_linked"
    status = 403
    message = (
        "This portal allows sign-in through the identity provider only, and this account is not linked to it."
    )
    hint = (
        "The owner must sign in there once and mint a new token: linking an account revokes earlier tokens."
    )


class InvitedAnother(Refusal):
    """Someone who is signed in opened an invitation to another address."""

    code = "invited_another"
    status = 403
    message = "This invitation is for a different email address."
    hint = "Sign out and open the link again, or ask for an invitation to your email address."


class InvalidGrant(Refusal):
    """The code of a sign-in is wrong, used, or older than a minute."""

    code = "invalid_grant"
    status = 400
    message = "The authorization code is invalid, already used, or expired."
    hint = "Run alter auth login again."


class StaleForm(Refusal):
    """The form's token does not match: it is old, or cookies are off."""

    code = "stale_form"
    status = 403
    message = "This form expired. Nothing was changed."
    hint = "Go back, reload the page and submit the form again. Allow cookies for this site."


class InvitationOver(Refusal):
    """The link has been used, withdrawn, or is too old."""

    code = "invitation_over"
    status = 404
    message = "This invitation link has expired."
    hint = (
        "It was already used, was cancelled, or is older than 7 days. Ask for a new invitation."
        " To create the first admin, restart the portal: it prints a new link."
    )


class InviterGone(InvitationOver):
    """Whoever made the invitation lost the right to give that role: it has ended, and comes back by nothing."""

    code = "inviter_gone"
    message = "This invitation is no longer valid: the person who sent it can no longer invite members."
    hint = "Ask another admin for a new invitation."


class AlreadyMember(Refusal):
    """The person has a role there."""

    code = "already_member"
    status = 409
    message = "This user is already a member."
    hint = "Change the role on the Members page instead."


class WrongPassword(Invalid):
    """Someone here has this e-mail address and another password."""

    code = "wrong_password"


class TooManyTries(Refusal):
    """Passwords were guessed here too often."""

    code = "too_many_tries"
    status = 429
    message = "Too many failed attempts. Nothing was changed."
    hint = "Try again in 5 minutes. If you forgot the password, reset it on the sign-in page."

    def headers(self) -> dict[str, str]:
        return {"Retry-After": "300"}


class ReportNotSigned(Refusal):
    """A message to /leaks/scanner whose signature is missing, malformed, of an unknown key or of another body."""

    code = "report_not_signed"
    status = 403
    message = "Invalid signature, or unknown scanner. The message was not accepted."
    hint = "Users and scripts report at /leaks/report, which needs no signature."


class ReportReplayed(Refusal):
    """A scanner's message that was taken before: its signature holds for ever, so it is taken once."""

    code = "report_replayed"
    status = 409
    message = "This message was already received."
    hint = "Send each new report as a new message."


class ScannerKeysMissing(Refusal):
    """The keys that scanners sign with could not be read, lately or ever."""

    code = "scanner_keys_missing"
    status = 503
    message = "The scanner's public keys are unavailable. The message was not accepted."
    hint = "Retry in a minute. The operator should check PORTAL_LEAK_KEYS_URL."

    def headers(self) -> dict[str, str]:
        return {"Retry-After": "60"}


class TooManyReports(Refusal):
    """More reports came from one address, or from all of them, than are taken in a minute."""

    code = "too_many_reports"
    status = 429
    message = "Too many reports. This report was not accepted."
    hint = "Retry after the number of seconds in Retry-After."

    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.details["retry_after"])}


class LastAdmin(Refusal):
    """Nobody would be left who may change members."""

    code = "last_admin"
    status = 409
    message = "This is the last admin of all apps."
    hint = "Make another user an admin of all apps first."


class AskedEnough(Refusal):
    """The people behind a key have been asked often enough today."""

    code = "asked_enough"
    status = 429
    message = "Message limit reached: 3 messages about this key per day."
    hint = "Contact the owner directly, or revoke the key if it is leaked."


class OnPagesAlone(Refusal):
    """A program asked for what would let a stolen access token take an account over, or hide that it was stolen."""

    code = "on_pages_alone"
    status = 403
    message = "Access tokens cannot do this: a stolen token could take over an account or hide the theft."
    hint = "Sign in with a browser and use the page for it. docs/api.md lists these pages."


class MintedByToken(Refusal):
    """An access token that another one made was to make a third."""

    code = "minted_by_token"
    status = 403
    message = "This access token was minted by another token and cannot mint tokens."
    hint = "Use the token that minted this one, or mint a token under Personal access tokens."


class NoFactorYourself(Refusal):
    """Whoever requires a second factor of everyone must have one."""

    code = "no_factor_yourself"
    status = 409
    message = "You do not have 2FA. Requiring it would lock you out."
    hint = "Set up 2FA in your security settings first."


class RefusalMiddleware:
    """Answers for a view that raised a refusal, or lost its database."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code != 405:
            return response
        return _to_its_page(request, response) or _without_method(request, response)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        if isinstance(error, ReauthenticationRequired) and not is_for_programs(request.path_info):
            return reauthentication.request_proof(request)
        refusal = as_refusal(error)
        return respond(request, refusal) if refusal else None


def is_answered_in_json(request: HttpRequest) -> bool:
    """Whether whoever asks is a program: by the address, or by what it brings and takes."""
    return is_for_programs(request.path_info) or is_program(request)


def respond(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """`refusal` in the shape its asker can use."""
    response = _shaped(request, refusal)
    for name, value in refusal.headers().items():
        response[name] = value
    return response


def _shaped(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    if is_answered_in_json(request):
        return JsonResponse(refusal.body(), status=refusal.status)
    if request.headers.get("HX-Request"):
        trigger = json.dumps({"refused": {"message": refusal.message, "hint": refusal.hint}})
        return HttpResponse(status=refusal.status, headers={"HX-Trigger": trigger})
    if refusal.status >= 500:
        # The frame asks the database who is reading, and that may be what is broken.
        return HttpResponse(render_to_string("500.html", {"refusal": refusal}), status=refusal.status)
    return render(request, "refusal.html", {"refusal": refusal}, status=refusal.status)


def _to_its_page(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase | None:
    """Where a person is sent who opens an address that takes forms alone: the nearest page above it.

    None for programs, and for a method that no page takes: they are told by 405.
    """
    allowed = response.headers.get("Allow", "").split(", ")
    if request.method not in ("GET", "HEAD") or "GET" in allowed or is_answered_in_json(request):
        return None
    parts = request.path_info.strip("/").split("/")
    above = ("/".join(["", *parts[:end], ""]) for end in range(len(parts) - 1, 0, -1))
    return HttpResponseRedirect(next((path for path in above if is_valid_path(path)), "/"))


def _without_method(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Django's 405, which is empty, in the shape its asker can use."""
    refused = respond(request, MethodNotAllowed())
    refused["Allow"] = response.headers.get("Allow", "")
    return refused


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's 404."""
    return respond(request, NotFound(hint=hint(request.path_info)))


def not_allowed(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's 403."""
    return respond(request, NotAllowed())


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's 400: an unknown host, a form too large. The frame trusts no such request."""
    refusal = BadRequest()
    if is_answered_in_json(request):
        return JsonResponse(refusal.body(), status=400)
    return HttpResponse(render_to_string("500.html", {"refusal": refusal}), status=400)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's 500, and what went wrong before a view was reached."""
    return respond(request, as_refusal(sys.exc_info()[1]) or Internal())


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's answer to a form without the right token."""
    return respond(request, StaleForm())
