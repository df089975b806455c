"""The filters in force above a list, each with the address of the list without it."""

from collections.abc import Mapping

from django.http import HttpRequest

# Where one was in the narrower list, by number or by the last row seen, is no place in the wider one.
PLACES = ("page", "before")


def chips(
    request: HttpRequest, words: Mapping[str, str], *, parts: Mapping[str, str] | None = None
) -> list[dict[str, str]]:
    """One `word` and address `without` it for each parameter with words. `parts` names the parameter that goes with
    another, which means nothing alone."""
    return [
        {"word": word, "without": _without(request, name, (parts or {}).get(name, ""))}
        for name, word in words.items()
        if word
    ]


def _without(request: HttpRequest, *names: str) -> str:
    query = request.GET.copy()
    for name in (*names, *PLACES):
        query.pop(name, None)
    return f"?{query.urlencode()}"
