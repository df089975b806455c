"""What every request passes before a view sees it."""

import re
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.urls import ResolverMatch, resolve


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


MOST_HOSTS = 100
_machine_path = re.compile(f"/(?:{'|'.join(settings.MACHINE_PATHS)})").match


def is_for_machines(path: str) -> bool:
    """Whether this address is one of the ingest's."""
    return _machine_path(path) is not None


class ShortWay:
    """Requests of machines go straight to their view: session, CSRF token, login, messages, frames and what browsers
    are told about pages are for people, and take more CPU than an event does."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.matches: dict[str, ResolverMatch] = {}
        self.hosts: set[str] = set()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not is_for_machines(request.path_info):
            return self.get_response(request)
        self.check_host(request)
        request.resolver_match = match = self.match(request.path_info)
        response = match.func(request, *match.args, **match.kwargs)
        if callable(getattr(response, "render", None)):
            response = response.render()
        return response

    def check_host(self, request: HttpRequest) -> None:
        """A Host that is not one of this install is refused, by an exception of Django's; good ones are few."""
        host = request.META.get("HTTP_HOST", "")
        if host not in self.hosts:
            request.get_host()
            if len(self.hosts) < MOST_HOSTS:
                self.hosts.add(host)

    def match(self, path: str) -> ResolverMatch:
        """Addresses that hold no value are few: each is looked up once."""
        match = self.matches.get(path)
        if match is None:
            match = resolve(path)
            if not match.kwargs and not match.args:
                self.matches[path] = match
        return match
