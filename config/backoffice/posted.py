"""Reading what a form of ours sent; what does not fit is None, the act then says what it needs."""

from datetime import date

from django.http import HttpRequest
from django.utils.dateparse import parse_date
from django.utils.http import url_has_allowed_host_and_scheme

from config.backoffice.ids import read_id


def number(request: HttpRequest, name: str) -> int | None:
    return read_id(request.POST.get(name))


def numbers(request: HttpRequest, name: str) -> list[int]:
    """Every ticked box of a name, in their order, each once."""
    found = (read_id(text) for text in request.POST.getlist(name))
    return list(dict.fromkeys(each for each in found if each is not None))


def day(request: HttpRequest, name: str) -> date | None:
    try:
        return parse_date(request.POST.get(name, ""))
    except ValueError:
        return None


def back(request: HttpRequest, otherwise: str) -> str:
    """Where the person came from, when that is here."""
    target = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return target
    return otherwise
