"""Ids of a file that another, known one could be meant by. A hint beside a row; nothing is ever joined by it."""

from collections.abc import Collection, Iterable, Iterator

from orgs.matching import Reason, normal, propose
from orgs.models import OrganizationKey

# Beyond this many new ids a file brings a new set of customers, and guesses by one letter would only be noise.
MOST_GUESSED = 10_000


def find_lookalikes(new_ids: Collection[str], *, guess: bool = False, among_imported: bool = False) -> dict[str, str]:
    """The known id, or the earlier one of `new_ids`, that each new id could be meant for; the surest, if several.

    Without `guess` only ids that differ in writing alone are told. `among_imported`: ids of imported customers alone.
    """
    if not new_ids:
        return {}
    found = earlier_in_file(new_ids)
    if len(new_ids) > MOST_GUESSED:
        return by_normal_form(new_ids, known_ids(among_imported)) | found
    best: dict[str, tuple[Reason, str]] = {}
    for pair in propose(new_ids, known_ids(among_imported)):
        if guess or pair.reason < Reason.WRAPPED:
            best[pair.seen] = min(best.get(pair.seen, (pair.reason, pair.known)), (pair.reason, pair.known))
    return found | {external_id: other for external_id, (_, other) in best.items()}


def known_ids(imported: bool) -> Iterator[str]:
    keys = OrganizationKey.objects.of_imported() if imported else OrganizationKey.objects.all()
    return keys.order_by("external_id").values_list("external_id", flat=True).iterator(chunk_size=20_000)


def earlier_in_file(new_ids: Collection[str]) -> dict[str, str]:
    first: dict[str, str] = {}
    found = {external_id: first.setdefault(normal(external_id), external_id) for external_id in new_ids}
    return {external_id: other for external_id, other in found.items() if other != external_id}


def by_normal_form(new_ids: Collection[str], known: Iterable[str]) -> dict[str, str]:
    wanted = {normal(external_id) for external_id in new_ids}
    first: dict[str, str] = {}
    for external_id in known:
        if (form := normal(external_id)) in wanted:
            first.setdefault(form, external_id)
    return {each: first[form] for each in new_ids if (form := normal(each)) in first}
