"""The reading: the health of one organization on one day, with everything that made it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Self

from signals import wording
from signals.facts import Evidence, Window
from signals.health.model import Band, Model


@dataclass(frozen=True, kw_only=True)
class ComponentReading:
    """One line of "why this score".

    `points` are 0..100, `share` is the weight re-scaled over the components that have data (of 100),
    `contribution` + `lost` = `share`. Without data `missing` says why, `points` is None and the rest 0.
    """

    key: str
    title: str
    fact: str
    value: Decimal | None
    count: int | None
    reference: int | None
    window: Window | None
    weight: Decimal
    share: Decimal
    points: Decimal | None
    contribution: Decimal
    lost: Decimal
    missing: str

    @property
    def words(self) -> str:
        """Return `12 of 20 working days, 60 of 100 points, weight 25 → 15 of 25`."""
        if self.points is None:
            return f"no data: {self.missing}"
        outcome = f"{wording.plain(self.contribution)} of {wording.plain(self.share)}"
        return f"{self.fact}, {self.rule_words} → {outcome}"

    @property
    def rule_words(self) -> str:
        """Return `60 of 100 points, weight 25`; only with data."""
        points = wording.NOTHING if self.points is None else wording.plain(self.points)
        return f"{points} of 100 points, weight {wording.plain(self.weight)}"


@dataclass(frozen=True, kw_only=True)
class CapLine:
    """A limit that took `taken` (negative) off the sum of the contributions."""

    key: str
    title: str
    at_most: Decimal
    taken: Decimal
    words: str


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Score, band and state, and the lines that add up to the score exactly.

    `score` and `band` are None when coverage is below the model's least. `state` is what lists and buckets
    show: the band, or No recent activity, or Not scored. Rules read `score`.
    """

    evidence: Evidence
    model: Model
    onboarding: bool
    components: tuple[ComponentReading, ...]
    caps: tuple[CapLine, ...]
    coverage: Decimal
    score: Decimal | None
    band: Band | None
    state: Band

    @property
    def total(self) -> Decimal:
        """The sum of all lines: the score, when there is one."""
        return sum((line.contribution for line in self.components), Decimal(0)) + self.capped

    @property
    def capped(self) -> Decimal:
        """What caps took, as a number below or equal to 0."""
        return sum((line.taken for line in self.caps), Decimal(0))

    def component(self, key: str) -> ComponentReading:
        return next(line for line in self.components if line.key == key)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON in a fixed order, the evidence included, the model by its label only."""
        return {
            "evidence": self.evidence.to_json(),
            "model": self.model.label,
            "onboarding": self.onboarding,
            "components": [_line_to_json(line) for line in self.components],
            "caps": [_line_to_json(line) for line in self.caps],
            "coverage": str(self.coverage),
            "score": _text(self.score),
            "band": self.band and self.band.value,
            "state": self.state.value,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], model: Model) -> Self:
        """Read `to_json` output as it was judged then; `model` is the version that its label names."""
        return cls(
            evidence=Evidence.from_json(data["evidence"]),
            model=model,
            onboarding=data["onboarding"],
            components=tuple(ComponentReading(**_line_from_json(line)) for line in data["components"]),
            caps=tuple(CapLine(**_line_from_json(line)) for line in data["caps"]),
            coverage=Decimal(data["coverage"]),
            score=_decimal(data["score"]),
            band=Band(data["band"]) if data["band"] else None,
            state=Band(data["state"]),
        )


DECIMALS = frozenset({"value", "weight", "share", "points", "contribution", "lost", "at_most", "taken"})


def _line_to_json(line: ComponentReading | CapLine) -> dict[str, Any]:
    data: dict[str, Any] = {key: _text(value) if key in DECIMALS else value for key, value in vars(line).items()}
    if data.get("window"):
        data["window"] = [day.isoformat() for day in data["window"]]
    return data


def _line_from_json(data: Mapping[str, Any]) -> dict[str, Any]:
    line: dict[str, Any] = {key: _decimal(value) if key in DECIMALS else value for key, value in data.items()}
    if line.get("window"):
        line["window"] = Window(*(date.fromisoformat(day) for day in line["window"]))
    return line


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _decimal(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)
