"""What is answered when there is no answer: the one shape of error for machines, a plain page for people."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from config.backoffice.api import error_body
from config.backoffice.middleware import is_for_machines


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A host that is not ours, a malformed request: the same few words for everybody, nothing of the request."""
    return JsonResponse(error_body("bad_request", "The request cannot be understood; look at its Host."), status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Somebody who is logged in, or a program, without the permission."""
    return answered(request, 403, "permission_denied", "You may not see what is at this address.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answered(request, 404, "not_found", "There is nothing at this address.")


def failed(request: HttpRequest) -> HttpResponse:
    """An error of ours; the log has it. Asks nothing of the database, which may be what failed."""
    return answered(request, 500, "error", "Something went wrong here, and it was logged. Try again in a minute.")


def answered(request: HttpRequest, status: int, code: str, message: str) -> HttpResponse:
    if request.path.startswith("/api/") or is_for_machines(request.path_info):
        return JsonResponse(error_body(code, message), status=status)
    return render(request, f"{status}.html", status=status)
