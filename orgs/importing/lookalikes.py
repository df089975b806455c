"""Ids that differ from a known one only in writing. A hint beside a row; nothing is ever joined by it."""

import re
import unicodedata
from collections.abc import Collection

from orgs.models import OrganizationKey


def normal_id(external_id: str) -> str:
    """What stays of an id without case, separators, zero padding and a spreadsheet's “.0”."""
    folded = unicodedata.normalize("NFKC", external_id).casefold()
    folded = re.sub(r"\.0$", "", folded)
    return re.sub(r"(?<!\d)0+(?=\d)", "", re.sub(r"[-_.\s]", "", folded))


def find_lookalikes(new_ids: Collection[str]) -> dict[str, str]:
    """The known id, or the earlier one of `new_ids`, that each new id could be meant for."""
    if not new_ids:
        return {}
    normal = {external_id: normal_id(external_id) for external_id in new_ids}
    wanted = set(normal.values())
    first: dict[str, str] = {}
    known = OrganizationKey.objects.order_by("external_id").values_list("external_id", flat=True)
    for external_id in known.iterator(chunk_size=20_000):
        if (form := normal_id(external_id)) in wanted:
            first.setdefault(form, external_id)
    found = {}
    for external_id, form in normal.items():
        other = first.setdefault(form, external_id)
        if other != external_id:
            found[external_id] = other
    return found
