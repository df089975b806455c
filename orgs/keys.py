"""External ids of organizations: how they are cleaned, and how an id seen for the first time gets its row.

One cleaning for every door: an id in an event and the same id in a CSV must never become twins.
"""

import re
from collections.abc import Collection
from datetime import datetime
from math import isfinite
from typing import Any

from django.db import OperationalError, transaction

from config.db import rows
from orgs import sql
from orgs.models import OrganizationKey

LONGEST_ID = 255
ATTEMPTS = 3
# Control characters cannot be typed into a CSV or a search box; NUL and lone surrogates no database column takes.
UNUSABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class BadId(ValueError):
    """Not usable as an organization id; the message says why and what to send instead."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def clean_external_id(value: Any) -> str:
    """The id as it is stored: text without outer white space, an integer as its digits. Raises BadId."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = _digits(value)
    if isinstance(value, float) and not isfinite(value):
        raise BadId(f"is too large a number; at most {LONGEST_ID} digits are allowed")
    if not isinstance(value, str):
        raise BadId(f"must be text or a whole number, not {_kind(value)}")
    cleaned = value.strip()
    if not cleaned:
        raise BadId("is empty; send the id your own system uses for the organization")
    if len(cleaned) > LONGEST_ID:
        raise BadId(f"has {len(cleaned)} characters; at most {LONGEST_ID} are allowed")
    if UNUSABLE.search(cleaned):
        raise BadId("contains a control character or a broken one; send the plain id")
    return cleaned


def ensure_keys(external_ids: Collection[str], now: datetime) -> dict[str, int]:
    """Key ids of cleaned external ids; an id never seen before gets its key and its organization.

    Runs in the caller's transaction. Safe beside itself: whoever comes second waits, then finds the row of the first.
    """
    wanted = sorted(set(external_ids))
    known = _known(wanted)
    missing = [each for each in wanted if each not in known]
    if missing:
        with transaction.atomic():
            known.update(rows(sql.CREATE_KEYS, {"external_ids": missing, "now": now}))
            known.update(_known([each for each in missing if each not in known]))
    return known


def hold_keys(external_ids: Collection[str], now: datetime) -> dict[str, int]:
    """Like `ensure_keys`, and none of them can be taken away before the caller's transaction ends.

    Waits for whoever is taking one away now; what is gone then comes into being again.
    """
    wanted = sorted(set(external_ids))
    for _ in range(ATTEMPTS):
        ensure_keys(wanted, now)
        held = dict(rows(sql.HOLD_KEYS, {"external_ids": wanted}))
        if len(held) == len(wanted):
            return held
    raise OperationalError("Organizations are taken away as fast as they appear.")


def known_ids(external_ids: Collection[str]) -> set[str]:
    """Those that have a key."""
    return set(_known(external_ids))


def _known(external_ids: Collection[str]) -> dict[str, int]:
    if not external_ids:
        return {}
    return dict(OrganizationKey.objects.filter(external_id__in=external_ids).values_list("external_id", "id"))


def _digits(value: int) -> str:
    if abs(value) >= 10**LONGEST_ID:
        raise BadId(f"has more than {LONGEST_ID} digits")
    return str(value)


def _kind(value: Any) -> str:
    names = {bool: "true or false", float: "a decimal number", list: "a list", dict: "an object", type(None): "null"}
    return names.get(type(value), type(value).__name__)
