"""Which columns a list shows: chosen on the list, kept in its address, so that a saved view keeps them too.

The form of ticks sends one value a column; `address` turns them into the one value that links and saved views carry.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.http import HttpRequest

PARAMETER, TICKED, ASKED = "columns", "column", "choose_columns"


@dataclass(frozen=True)
class Column:
    """One column that may be shown; `is_usual` when it is, as long as nobody chose."""

    key: str
    title: str
    is_usual: bool = True


def usual(known: Iterable[Column]) -> list[str]:
    return [each.key for each in known if each.is_usual]


def chosen(known: Sequence[Column], request: HttpRequest) -> list[str]:
    """Keys to show, in the order of the list. Unknown ones are dropped; none at all means the usual ones."""
    asked = request.GET.get(PARAMETER, "").split(",")
    return [each.key for each in known if each.key in asked] or usual(known)


def address(
    known: Sequence[Column], request: HttpRequest, reorder: Callable[[list[str]], dict[str, str]] | None = None
) -> str | None:
    """Where the form of ticks leads; None for any other request.

    `reorder` gets the ticked keys and returns parameters that have to change with them.
    """
    if ASKED not in request.GET:
        return None
    ticked = request.GET.getlist(TICKED)
    keys = [each.key for each in known if each.key in ticked] or usual(known)
    query = request.GET.copy()
    for name in (ASKED, TICKED, PARAMETER, "page", "p"):
        query.pop(name, None)
    if keys != usual(known):
        query[PARAMETER] = ",".join(keys)
    for name, value in (reorder(keys) if reorder else {}).items():
        query.pop(name, None)
        if value:
            query[name] = value
    return f"{request.path}?{query.urlencode()}" if query else request.path
