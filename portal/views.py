"""The pages about people, and those that lead to everything else."""

from typing import Any, cast
from uuid import UUID

from allauth.core import ratelimit
from django.conf import settings
from django.contrib.auth import login
from django.core.mail import send_mail
from django.db import connection
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agents.faces import AppRequest, finished, sent
from agents.models import Agent, App
from audit.actors import Actor
from audit.exploring.search import cut_to_prefix
from audit.faces import PortalRequest
from audit.refusals import Invalid, NotFound, Refusal
from audit.text import keepable
from audit.values import ReasonForm
from keys.models import ApiKey
from portal import actions, forms, lifecycle
from portal import find as finding
from portal.gates import apps_of, person
from portal.lifecycle import Invited
from portal.models import Invitation, Membership, User
from portal.refusals import TooManyTries, WrongPassword

MOST_SHOWN = 500


@require_GET
def home(request: PortalRequest) -> HttpResponse:
    """The apps a person belongs to."""
    archived, apps = "archived" in request.GET, apps_of(_user(request))
    counted = apps.filter(archived_at__isnull=not archived).annotate(
        living=_counted(ApiKey.objects.all().own().living()),
        agents_living=_counted(Agent.objects.filter(revoked_at=None)),
    )
    context = {
        "found": counted[:MOST_SHOWN],
        "archived": archived,
        "anywhere": apps.exists(),
        "most": MOST_SHOWN,
    }
    return render(request, "portal/home.html", context)


@require_GET
def members(request: AppRequest) -> HttpResponse:
    """Who reaches this app, and who is invited to."""
    return _members(request)


@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: AppRequest) -> HttpResponse:
    """A link that lets someone in; it is shown in the answer, once."""
    form = forms.InviteForm(sent(request))
    status = 422 if form.errors else 200
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        app = None if data["everywhere"] else request.app
        try:
            invited = lifecycle.invite(_actor_for(request, app), data["email"], data["role"], app)
            return _members(request, invited)
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    context = {"form": form, "may_everywhere": _reaches_everything(request)}
    return render(request, "portal/invite.html", context, status=status)


@require_POST
def withdraw(request: AppRequest, invitation_id: UUID) -> HttpResponse:
    """Make an invitation's link useless."""
    invitation = Invitation.objects.filter(_reaching(request.app), id=invitation_id).first()
    if invitation is None:
        raise NotFound
    lifecycle.withdraw(_actor_for(request, invitation.app), invitation)
    says = f"The invitation of {invitation.email or 'the first admin'} is withdrawn"
    return finished(request, _to_members(request), says)


@require_POST
def change_role(request: AppRequest, membership_id: UUID) -> HttpResponse:
    """Give a member another role."""
    membership = _membership(request, membership_id)
    form = forms.RoleForm(request.POST)
    if not form.is_valid():
        raise Invalid("role", "Choose one of the three roles.")
    lifecycle.change_role(_actor_for(request, membership.app), membership, form.cleaned_data["role"])
    says = f"{membership.user} is {membership.get_role_display().lower()} now"
    return finished(request, _on_from(request, membership), says)


@require_http_methods(["GET", "HEAD", "POST"])
def end_membership(request: AppRequest, membership_id: UUID) -> HttpResponse:
    """Take a member's role away."""
    membership = _membership(request, membership_id)
    form = ReasonForm(sent(request))
    status = 422 if form.errors else 200
    if form.is_bound and form.is_valid():
        try:
            actor = _actor_for(request, membership.app)
            lifecycle.end_membership(actor, membership, form.cleaned_data["reason"])
            says = f"{membership.user} is no longer a member"
            return finished(request, _on_from(request, membership), says)
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    context = {"membership": membership, "form": form}
    return render(request, "portal/end_membership.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def find(request: PortalRequest) -> HttpResponse:
    """A lost key, by its prefix, in every app its finder may look into. A POST, so that no address keeps it."""
    form = forms.FindForm(sent(request))
    asked = form.is_bound and form.is_valid()
    paste = form.cleaned_data["paste"] if asked else ""
    found = finding.keys_like(_user(request), paste, request.origin) if asked else []
    shown, most = found[: finding.MOST], finding.MOST
    context = {
        "form": form,
        "asked": asked,
        "paste": paste,
        "found": shown,
        "most": most,
        "more": len(found) > most,
    }
    return render(request, "portal/find.html", context, status=422 if form.errors else 200)


@require_GET
def jump(request: PortalRequest) -> HttpResponse:
    """The palette: places by name, and what may be done here."""
    q, user = keepable(cut_to_prefix(request.GET.get("q", "")), 100), _user(request)
    app = _chosen_app(user, request.GET.get("app", ""))
    acts = finding.acts(user, app, request.origin) if app else []
    acts = [act for act in acts if q.lower() in act.says.lower()]
    context = {"q": q, "here": app, "leaps": finding.leaps(user, q), "acts": acts}
    return render(request, "portal/jump.html", context)


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, secret: str) -> HttpResponse:
    """The way in by an invitation's link."""
    invitation = lifecycle.invitation_of(secret)
    form = forms.JoinForm(sent(request), invitation=invitation)
    status = 422 if form.errors else 200
    if form.is_bound and form.is_valid():
        origin = cast(PortalRequest, request).origin
        tries = {"action": "login_failed", "key": f"join-{invitation.id}"}
        if not ratelimit.consume(request, **tries, dry_run=True):
            raise TooManyTries
        try:
            user = lifecycle.join(origin, invitation, **form.cleaned_data)
            login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
            return HttpResponseRedirect(reverse("home"))
        except Invalid as invalid:
            if isinstance(invalid, WrongPassword):
                ratelimit.consume(request, **tries)
            form.refuse(invalid)
            status = invalid.status
    response = render(request, "portal/join.html", {"form": form, "invitation": invitation}, status=status)
    # The address holds a secret. With no-referrer, browsers would also hide the Origin that CSRF asks for.
    response["Referrer-Policy"] = "strict-origin"
    return response


def not_here(request: HttpRequest) -> HttpResponse:
    """A page of django-allauth's that this portal does not have."""
    raise NotFound


@csrf_exempt
def healthz(request: HttpRequest) -> HttpResponse:
    """Whether the portal and its database answer: for load balancers, without a word about what is inside."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})


def _members(request: AppRequest, invited: Invited | None = None) -> HttpResponse:
    reaching = _reaching(request.app)
    link = _link(request, invited.secret) if invited else ""
    return render(
        request,
        "portal/members.html",
        {
            "members": Membership.objects.filter(reaching, ended_at=None).select_related("user", "app"),
            "invitations": Invitation.waiting().filter(reaching),
            "may_everywhere": _reaches_everything(request),
            "invited": invited,
            "link": link,
            "mailed": invited is not None and _mail(invited.invitation, link),
        },
    )


def _mail(invitation: Invitation, link: str) -> bool:
    """Send the link, where the operator has set up a way to send."""
    if settings.EMAIL_BACKEND.endswith("console.EmailBackend"):
        return False
    where = invitation.app or "every app"
    text = f"{invitation.invited_by} invites you to the key portal as {invitation.role} of {where}.\n\n{link}\n\n"
    text += "The link works once, for a week. Whoever has it can use it: do not pass it on.\n"
    return bool(
        send_mail("Your invitation to the key portal", text, None, [invitation.email], fail_silently=True)
    )


def _link(request: HttpRequest, secret: str) -> str:
    path = reverse("join", args=[secret])
    return f"{settings.ORIGIN}{path}" if settings.ORIGIN else request.build_absolute_uri(path)


def _reaching(app: App) -> Q:
    """Memberships and invitations that reach `app`: its own, and those for every app."""
    return Q(app=app) | Q(app=None)


def _membership(request: AppRequest, membership_id: UUID) -> Membership:
    found = Membership.objects.filter(_reaching(request.app), id=membership_id, ended_at=None)
    if (membership := found.select_related("user", "app").first()) is None:
        raise NotFound
    return membership


def _actor_for(request: AppRequest, app: App | None) -> Actor:
    """The person, with what they hold where the thing reaches: an app's admin may not touch a role on every app."""
    return person(_user(request), app, request.origin)


def _reaches_everything(request: PortalRequest) -> bool:
    """Whether to offer invitations to every app."""
    return person(_user(request), None, request.origin).may(actions.INVITE)


def _chosen_app(user: User, app_id: str) -> App | None:
    try:
        return apps_of(user).filter(id=UUID(app_id)).first()
    except ValueError:
        return None


def _counted(things: QuerySet[Any]) -> Coalesce:
    """How many of `things` each app has, counted apart: joined, keys would be multiplied by agents."""
    grouped = things.filter(app=OuterRef("pk")).order_by().values("app")
    return Coalesce(Subquery(grouped.annotate(n=Count("id")).values("n")), 0)


def _to_members(request: AppRequest) -> str:
    return reverse("members", args=[request.app.id])


def _on_from(request: AppRequest, membership: Membership) -> str:
    """Where to go on: whoever changed their own role may not see the members any more."""
    return reverse("home") if membership.user_id == _user(request).pk else _to_members(request)


def _user(request: HttpRequest) -> User:
    """The person behind a gate."""
    return cast(User, request.user)
