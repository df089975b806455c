"""ID reconciliation: ids that came with events beside customers that came with a file, and what hangs on joining them.

Events and MRR are those of the snapshot, the numbers that every list shows.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.db.models import F, QuerySet

from orgs.matching import Pair, Reason, propose
from orgs.models import MatchRejection, Organization, OrganizationKey

NOTHING = Decimal(0)
Side = tuple[int, str, str, Decimal | None, int | None]
SIDE = ("id", "external_id", "display_name", "snapshot__mrr", "snapshot__events_30d")


@dataclass(frozen=True, slots=True)
class Party:
    """One organization as the page shows it; events are those of 30 days."""

    organization_id: int
    external_id: str
    name: str
    mrr: Decimal
    events: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """A seen id that may be a known customer. `via` is the id that matched, the customer's own or an alias."""

    seen: Party
    known: Party
    via: str
    reason: Reason
    is_ambiguous: bool

    @property
    def words(self) -> str:
        """In what the two differ."""
        return self.reason.words


@dataclass(frozen=True)
class Reconciliation:
    """Everything the page counts. `certain` fit nobody else; `unmatched` are seen ids without any proposal."""

    certain: list[Proposal]
    ambiguous: list[Proposal]
    unmatched: list[Party]

    @property
    def seen_ids(self) -> int:
        return len(self.unmatched) + len({each.seen.external_id for each in (*self.certain, *self.ambiguous)})

    @property
    def mrr(self) -> Decimal:
        """MRR of the customers that somebody could be joined to, each once."""
        return sum({each.known.organization_id: each.known.mrr for each in (*self.certain, *self.ambiguous)}.values())


def reconcile() -> Reconciliation:
    """Compare every id known from events alone with the ids of all imported customers; a handful of queries."""
    seen = parties(Organization.objects.seen_never_imported())
    owners = dict(OrganizationKey.objects.of_imported().values_list("external_id", "organization_id"))
    by_id = {each.external_id: each for each in seen.values()}
    rejected = frozenset(MatchRejection.objects.values_list("seen_id", "known_id"))
    pairs = once_a_customer(proposed(tuple(by_id), frozenset(owners), rejected), owners)
    known = parties(Organization.objects.filter(pk__in={owners[pair.known] for pair in pairs}))
    found = [
        Proposal(by_id[pair.seen], known[owners[pair.known]], pair.known, pair.reason, pair.is_ambiguous)
        for pair in pairs
        if owners[pair.known] in known
    ]
    found.sort(key=urgency)
    matched = {each.seen.external_id for each in found}
    return Reconciliation(
        certain=[each for each in found if not each.is_ambiguous],
        ambiguous=[each for each in found if each.is_ambiguous],
        unmatched=sorted((each for each in seen.values() if each.external_id not in matched), key=most_used),
    )


@lru_cache(maxsize=2)
def proposed(seen: tuple[str, ...], known: frozenset[str], rejected: frozenset[tuple[str, str]]) -> tuple[Pair, ...]:
    """`propose`, which is pure, remembered for the ids that were compared last: people turn pages of one answer."""
    return tuple(propose(seen, known, rejected))


def parties(organizations: QuerySet[Organization]) -> dict[int, Party]:
    rows: Iterable[Side] = organizations.order_by("id").values_list(*SIDE)
    return {pk: Party(pk, own, name, mrr or NOTHING, events or 0) for pk, own, name, mrr, events in rows}


def once_a_customer(pairs: Iterable[Pair], owners: dict[str, int]) -> list[Pair]:
    """Two ids of one customer are one proposal, and no ambiguity."""
    customers: dict[str, set[int]] = {}
    for pair in pairs:
        customers.setdefault(pair.seen, set()).add(owners[pair.known])
    told: set[tuple[str, int]] = set()
    kept = []
    for pair in pairs:
        place = (pair.seen, owners[pair.known])
        if place not in told:
            told.add(place)
            is_only = len(customers[pair.seen]) == 1 and pair.reason is not Reason.NEAR
            kept.append(Pair(pair.seen, pair.known, pair.reason, pair.is_ambiguous and not is_only))
    return kept


def urgency(each: Proposal) -> tuple:
    """Differences in writing before guesses, then the most money, then the most events."""
    is_guess = each.reason is Reason.NEAR
    return (is_guess, -each.known.mrr, -each.seen.events, each.seen.external_id, each.via)


def most_used(party: Party) -> tuple:
    return (-party.events, party.external_id)


def joined() -> QuerySet[OrganizationKey]:
    """Aliases in force, latest organization first."""
    return OrganizationKey.objects.aliases().select_related("organization").order_by(F("organization_id").desc(), "id")


EXPORTED = ("seen_id", "events_30d", "known_id", "display_name", "mrr", "differ_in", "is_ambiguous")


def export(found: Reconciliation) -> Iterator[list[Any]]:
    """All proposals, then the ids without one."""
    for each in (*found.certain, *found.ambiguous):
        known = each.known
        told = [each.words, "yes" if each.is_ambiguous else "no"]
        yield [each.seen.external_id, each.seen.events, each.via, known.name, known.mrr, *told]
    for party in found.unmatched:
        yield [party.external_id, party.events, "", "", None, "", ""]
