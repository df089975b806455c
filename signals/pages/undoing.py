"""What was just done, with ten seconds to take it back: the form that the next page shows."""

from typing import Any

from django.http import HttpRequest

KEY = "undo"


def offer(request: HttpRequest, said: str, address: str, fields: list[tuple[str, Any]]) -> None:
    """Keep the form (address and hidden fields) that takes the act back."""
    request.session[KEY] = {"said": said, "address": address, "fields": [[name, str(value)] for name, value in fields]}


def offered(request: HttpRequest) -> dict[str, Any] | None:
    """The form to show, once."""
    return request.session.pop(KEY, None)
