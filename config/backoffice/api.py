"""What every API view shares: bearer tokens with scopes, one shape of error, pagination by cursor."""

import logging
from io import BytesIO
from typing import IO, Any

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import Http404
from django.utils import timezone
from rest_framework import authentication, exceptions, pagination, parsers, permissions, status
from rest_framework.request import Request
from rest_framework.response import Response

from config.backoffice import tokens
from config.backoffice.ids import read_id

log = logging.getLogger(__name__)
LARGEST_BODY = 2 * 1024 * 1024


class TooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = f"The body is larger than {LARGEST_BODY} bytes. Ask for less at once."
    default_code = "too_large"


class JsonBody(parsers.JSONParser):
    """JSON of bounded size and depth: the library reads a body of any size and fails on deep brackets."""

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: dict | None = None) -> Any:
        body = stream.read(LARGEST_BODY + 1)
        if len(body) > LARGEST_BODY:
            raise TooLarge
        try:
            return super().parse(BytesIO(body), media_type, parser_context)
        except RecursionError as error:
            raise exceptions.ParseError("JSON parse error - brackets stand too deep in each other.") from error


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer <token>`."""

    def authenticate(self, request: Request):
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = tokens.find(text.strip(), now=timezone.now())
        if token is None:
            raise exceptions.AuthenticationFailed("Unknown or revoked token. Create one under API tokens.")
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class HasScope(permissions.BasePermission):
    """The token carries the view's `scope`, and whoever made it may still see that in the admin."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.auth is None:
            raise exceptions.NotAuthenticated("Send the header Authorization: Bearer <token>.")
        scope = getattr(view, "scope", None)
        if scope is None or scope not in request.auth.scopes:
            raise exceptions.PermissionDenied(f"This token lacks the scope “{scope}”.")
        if not request.user.has_perm(tokens.SCOPES[scope]):
            raise exceptions.PermissionDenied(f"{request.user} may not see what the scope “{scope}” opens.")
        return True


def opens(request: Request, scope: str, permission: str) -> bool:
    """Whether a part of an answer is for this token: it carries the scope, and whoever made it has the permission."""
    return scope in request.auth.scopes and request.user.has_perms([tokens.SCOPES[scope], permission])


class CursorPages(pagination.CursorPagination):
    page_size = 100
    max_page_size = 1000
    page_size_query_param = "page_size"
    ordering = "pk"

    def decode_cursor(self, request: Request) -> pagination.Cursor | None:
        """The library passes whatever position a made-up cursor names on to the database."""
        cursor = super().decode_cursor(request)
        if cursor and cursor.position is not None and read_id(cursor.position) is None:
            raise exceptions.NotFound(self.invalid_cursor_message)
        return cursor


def error_body(code: str, message: str, field: str = "") -> dict[str, str]:
    """The one shape of an error; `message` and `detail` carry the same text, clients read one or the other."""
    return {"code": code, "message": message, "detail": message, "field": field}


def answer_error(error: Exception, context: dict) -> Response | None:
    """Translate an exception into the one shape; the unexpected is logged and answered without its inside."""
    from rest_framework.views import set_rollback  # noqa: PLC0415  that module imports this one through its settings

    set_rollback()
    if isinstance(error, Http404):
        error = exceptions.NotFound("There is nothing here.")
    if isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, exceptions.APIException):
        return _answer_known(error)
    if isinstance(error, DatabaseError):
        log.exception("The database did not answer")
        body = error_body("unavailable", "The database is away; try again in a few seconds.")
        return Response(body, status=status.HTTP_503_SERVICE_UNAVAILABLE, headers={"Retry-After": "5"})
    return None


def _answer_known(error: exceptions.APIException) -> Response:
    headers = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header
    if getattr(error, "wait", None):
        headers["Retry-After"] = str(int(error.wait))
    code, message, field = _first_problem(error)
    return Response(error_body(code, message, field), status=error.status_code, headers=headers)


def _first_problem(error: exceptions.APIException) -> tuple[str, str, str]:
    """Code, message and field of the first problem of a possibly nested error."""
    detail, field = error.detail, ""
    while isinstance(detail, dict | list):
        if isinstance(detail, dict):
            key, detail = next(iter(detail.items()))
            field = field or ("" if key == "non_field_errors" else str(key))
        else:
            detail = detail[0]
    return getattr(detail, "code", error.default_code), str(detail), field
