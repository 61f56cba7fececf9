"""The peers' views: each answers yes to a key that it knows."""

import hashlib
import uuid

from django.http import HttpRequest, JsonResponse
from django.urls import path
from knox.auth import TokenAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_api_key.permissions import HasAPIKey

from bench.doors.peers.models import Call, Key


class ApiKeyView(APIView):
    """djangorestframework-api-key: its own model, its own permission. It keeps no record of calls."""

    permission_classes = (HasAPIKey,)

    def get(self, request: Request) -> Response:
        return Response({"allowed": True})


class KnoxView(APIView):
    """django-rest-knox: its own token, its own authentication. It keeps no record of calls either."""

    authentication_classes = (TokenAuthentication,)
    permission_classes = (IsAuthenticated,)

    def get(self, request: Request) -> Response:
        return Response({"allowed": True})


def bare(request: HttpRequest) -> JsonResponse:
    """No database at all: what Django itself costs."""
    return JsonResponse({"allowed": True})


def by_hand(request: HttpRequest) -> JsonResponse:
    """One indexed SELECT, and one INSERT that is on disk before the answer leaves."""
    digest = hashlib.sha256(request.META.get("HTTP_X_API_KEY", "").encode()).hexdigest()
    key = Key.objects.filter(digest=digest).first()
    if key is None:
        return JsonResponse({"allowed": False}, status=401)
    meta = request.META
    Call.objects.create(
        key=key, method=request.method, path=request.path, ip=meta["REMOTE_ADDR"], request_id=uuid.uuid4().hex
    )
    return JsonResponse({"allowed": True})


urlpatterns = [
    path("bare", bare),
    path("by-hand", by_hand),
    path("api-key", ApiKeyView.as_view()),
    path("knox", KnoxView.as_view()),
]
