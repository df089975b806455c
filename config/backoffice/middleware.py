"""What every request of people passes before a view sees it."""

from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse


class RefuseNul:
    """A NUL in an address is never a person's doing, and PostgreSQL refuses it in text: 400 instead of a 500.

    Django's and the theme's filters pass the query string on to the database as it is; the APIs check for themselves.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/admin/") and ("\0" in request.path or "%00" in request.META["QUERY_STRING"]):
            raise BadRequest("The address holds a NUL.")
        return self.get_response(request)
