"""Which ids are, most likely, the same customer under two spellings. Pure: ids in, proposals with reasons out.

Nothing is ever joined by a proposal; people decide.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

SHORTEST_WORD = 4
LONGEST_ID = 64
# A spelling that so many ids share tells nothing about any of them.
CROWD = 20
MAILBOXES = {"gmail", "googlemail", "outlook", "hotmail", "yahoo", "icloud", "gmx", "proton", "protonmail"}
SECOND_LEVEL = {"co", "com", "ac", "org", "net", "gov", "edu"}
BETWEEN_DIGITS = re.compile(r"(?<=\d)[-_.\s]+(?=\d)")
SEPARATORS = re.compile(r"(?<!\d)[-_.\s]+|[-_.\s]+(?!\d)")
PADDING = re.compile(r"(?<!\d)0+(?=\d)")
DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}")


class Reason(IntEnum):
    """Why two ids may be one customer, the surest first."""

    CASE = 1
    SEPARATORS = 2
    PADDING = 3
    WRAPPED = 4
    NEAR = 5

    @property
    def words(self) -> str:
        return WORDS[self]


WORDS = {
    Reason.CASE: "case",
    Reason.SEPARATORS: "separators (- _ space dot)",
    Reason.PADDING: "zeros in front of a number",
    Reason.WRAPPED: "an e-mail address, domain or URL around the id",
    Reason.NEAR: "one letter, with equal digits",
}


@dataclass(frozen=True, slots=True)
class Pair:
    """An id seen in events beside a known one. Ambiguous: another pair is about as likely."""

    seen: str
    known: str
    reason: Reason
    is_ambiguous: bool = False


def propose(seen: Collection[str], known: Iterable[str], rejected: Collection[tuple[str, str]] = ()) -> list[Pair]:
    """Pairs of a seen and a known id, in the order of `seen`; rejected pairs are left out.

    A guess by one letter is made only for ids that have no surer pair.
    """
    index = Index(seen)
    found: dict[str, dict[str, Reason]] = defaultdict(dict)
    for other in known:
        for one, reason in index.like(other):
            if one != other and (one, other) not in rejected:
                found[one][other] = reason
    return [pair for one in seen if one in found for pair in chosen(one, found[one], found)]


def chosen(one: str, others: dict[str, Reason], found: dict[str, dict[str, Reason]]) -> Iterator[Pair]:
    """The pairs of one seen id: several are ambiguous, and so is a guess that fits several seen ids."""
    sure = {other: reason for other, reason in others.items() if reason is not Reason.NEAR}
    kept = sure or others
    for other, reason in sorted(kept.items(), key=lambda each: (each[1], each[0])):
        is_guess_of_many = reason is Reason.NEAR and sum(other in each for each in found.values()) > 1
        yield Pair(one, other, reason, len(kept) > 1 or is_guess_of_many)


class Index:
    """Ids by everything that another spelling of them may have in common with them."""

    def __init__(self, ids: Iterable[str]) -> None:
        self.plain: dict[str, list[str]] = defaultdict(list)
        self.wrapped: dict[str, list[str]] = defaultdict(list)
        self.shortened: dict[str, list[str]] = defaultdict(list)
        for external_id in ids:
            form = normal(external_id)
            self.plain[form].append(external_id)
            for inner in inside(external_id):
                self.wrapped[inner].append(external_id)
            for short in shortened(form):
                self.shortened[short].append(external_id)

    def like(self, other: str) -> Iterator[tuple[str, Reason]]:
        """Ids of the index that may be `other`, each once with its surest reason."""
        form = normal(other)
        told: set[str] = set()
        for one in self.plain.get(form, ()):
            told.add(one)
            yield one, spelling(one, other)
        inner = [each for piece in inside(other) for each in self.plain.get(piece, ())]
        for one in [*self.wrapped.get(form, ()), *inner]:
            if one not in told:
                told.add(one)
                yield one, Reason.WRAPPED
        for short in shortened(form):
            group = self.shortened.get(short, ())
            for one in group if len(group) <= CROWD else ():
                if one not in told and is_near(normal(one), form):
                    told.add(one)
                    yield one, Reason.NEAR


def spelling(one: str, other: str) -> Reason:
    """In what two ids of the same normal form differ."""
    if folded(one) == folded(other):
        return Reason.CASE
    return Reason.SEPARATORS if squeezed(one) == squeezed(other) else Reason.PADDING


def folded(external_id: str) -> str:
    if external_id.isascii():
        return external_id.lower()
    return unicodedata.normalize("NFKC", external_id).casefold()


def squeezed(external_id: str) -> str:
    """Without case and separators; between two digits one separator stays, as 1-23 and 12-3 are two things."""
    return SEPARATORS.sub("", BETWEEN_DIGITS.sub("-", folded(external_id).removesuffix(".0")))


def normal(external_id: str) -> str:
    """What stays of an id without case, separators, zero padding and a spreadsheet's “.0”."""
    return PADDING.sub("", squeezed(external_id))


def inside(external_id: str) -> set[str]:
    """Normal forms of what an e-mail address, a domain or a URL is built around: acme of https://app.acme.com/x."""
    if external_id.isascii() and "." not in external_id and "://" not in external_id:
        return set()
    text = folded(external_id).strip()
    if "." not in text and "://" not in text:
        return set()
    scheme, _, address = text.rpartition("://")
    address = address.rstrip("/")
    pieces = set()
    host, *path = address.split("/") if scheme else [address]
    local, at, domain = host.rpartition("@")
    if DOMAIN.fullmatch(domain):
        label = registered(domain)
        pieces |= {local} if at else set()
        pieces |= set() if label in MAILBOXES else {domain.removeprefix("www."), label}
    if path:
        pieces.add(path[-1])
    return {form for piece in pieces if len(form := normal(piece)) > 1} - {normal(external_id)}


def registered(domain: str) -> str:
    """acme of www.acme.co.uk."""
    labels = domain.split(".")
    if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in SECOND_LEVEL:
        return labels[-3]
    return labels[-2]


def shortened(form: str) -> set[str]:
    """The form and every form with one letter less; two that are one edit apart have one in common."""
    letters = sum(map(str.isalpha, form))
    if letters < SHORTEST_WORD or len(form) > LONGEST_ID:
        return set()
    return {form} | {form[:at] + form[at + 1 :] for at, char in enumerate(form) if not char.isdigit()}


def is_near(one: str, other: str) -> bool:
    """One letter more, less, other or swapped with its neighbour; the digits are the same."""
    if re.sub(r"\D+", " ", one).strip() != re.sub(r"\D+", " ", other).strip():
        return False
    short, long = sorted((one, other), key=len)
    at = next((at for at, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if len(short) < len(long):
        return len(long) - len(short) == 1 and short[at:] == long[at + 1 :]
    is_swap = short[at : at + 2] == long[at : at + 2][::-1] and short[at + 2 :] == long[at + 2 :]
    return is_swap or short[at + 1 :] == long[at + 1 :]
