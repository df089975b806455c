"""Formulas over series: letters, numbers, `+ - * / ( )` and a leading minus. Read by hand, never evaluated as code."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal

LONGEST = 200
DEEPEST = 20
WORD = re.compile(
    r"\s*(?:(?P<number>[0-9]{1,15}(?:\.[0-9]{0,10})?|\.[0-9]{1,10})|(?P<letter>[A-Za-z])|(?P<sign>[-+*/()]))"
)
# Wide enough that no sum of events leaves it; what overflows is said as None by whoever shows it.
EXACT = Context(prec=34, Emax=999_999, Emin=-999_999)
Numbers = Mapping[str, Decimal]


class BadFormula(ValueError):
    """The formula cannot be read; the message says where and why."""


@dataclass(frozen=True)
class Formula:
    """A formula that was read; `letters` are the series it names."""

    text: str
    letters: frozenset[str]
    compute: Callable[[Numbers], Decimal]

    def value(self, numbers: Mapping[str, Decimal | int | None]) -> Decimal:
        """Its value; a number that is missing counts as 0, and so does what is divided by 0."""
        return self.compute({name: Decimal(numbers.get(name) or 0) for name in self.letters})


def read(text: str, known: str) -> Formula:
    """The formula in `text` over the series with the letters of `known`. Raises BadFormula."""
    if len(text) > LONGEST:
        raise BadFormula(f"The formula has {len(text)} characters; at most {LONGEST} are allowed.")
    reader = _Reader(_words(text), known)
    compute = reader.sum()
    if reader.next is not None:
        raise BadFormula(f"“{reader.next}” is not expected there: put + - * or / before it.")
    return Formula(text, frozenset(reader.letters), compute)


def _words(text: str) -> list[str]:
    words, place, text = [], 0, text.rstrip()
    while place < len(text):
        found = WORD.match(text, place)
        if found is None:
            wrong = text[place:].lstrip()[:1]
            raise BadFormula(f"“{wrong}” does not belong in a formula. Use letters of series, numbers and + - * / ( ).")
        if found["number"] and text[found.end() : found.end() + 1].isdigit():
            raise BadFormula("A number has at most 15 digits before the point and 10 behind it.")
        words.append(found[0].strip().upper())
        place = found.end()
    return words


class _Reader:
    """Sums of products of signed atoms, one word ahead."""

    def __init__(self, words: list[str], known: str) -> None:
        self.words, self.known = words, known
        self.place = self.depth = 0
        self.letters: set[str] = set()

    @property
    def next(self) -> str | None:
        return self.words[self.place] if self.place < len(self.words) else None

    def take(self) -> str:
        word = self.next
        if word is None:
            raise BadFormula("The formula ends too early: a letter, a number or a bracket is missing.")
        self.place += 1
        return word

    def sum(self) -> Callable[[Numbers], Decimal]:
        return self._joined(self.product, {"+": EXACT.add, "-": EXACT.subtract})

    def product(self) -> Callable[[Numbers], Decimal]:
        return self._joined(self.signed, {"*": EXACT.multiply, "/": _divided})

    def _joined(self, part: Callable, signs: Mapping[str, Callable]) -> Callable[[Numbers], Decimal]:
        parts = [(EXACT.add, part())]
        while self.next in signs:
            parts.append((signs[self.take()], part()))

        def compute(numbers: Numbers) -> Decimal:
            total = parts[0][1](numbers)
            for join, each in parts[1:]:
                total = join(total, each(numbers))
            return total

        return compute

    def signed(self) -> Callable[[Numbers], Decimal]:
        minus = False
        while self.next in ("-", "+"):
            minus ^= self.take() == "-"
        inner = self.atom()
        return (lambda numbers: EXACT.minus(inner(numbers))) if minus else inner

    def atom(self) -> Callable[[Numbers], Decimal]:
        word = self.take()
        if word == "(":
            return self._bracket()
        if word.isalpha():
            return self._letter(word)
        if word in "+-*/)":
            raise BadFormula(f"“{word}” stands where a letter or a number is expected.")
        constant = Decimal(word)
        return lambda numbers: constant

    def _bracket(self) -> Callable[[Numbers], Decimal]:
        self.depth += 1
        if self.depth > DEEPEST:
            raise BadFormula(f"Brackets stand more than {DEEPEST} deep in each other.")
        inner = self.sum()
        if self.next != ")":
            raise BadFormula("A bracket is not closed.")
        self.take()
        self.depth -= 1
        return inner

    def _letter(self, word: str) -> Callable[[Numbers], Decimal]:
        if word not in self.known:
            there = ", ".join(self.known)
            raise BadFormula(f"There is no series {word}. The letters are {there}.")
        self.letters.add(word)
        return lambda numbers: numbers[word]


def _divided(left: Decimal, right: Decimal) -> Decimal:
    return EXACT.divide(left, right) if right else Decimal(0)
