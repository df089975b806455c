"""Who is in the story: customers with a name and a fate, and a crowd around them.

Everything is reckoned back from the story's day, so that the demo looks the same whenever it is started.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

CROWD_WORDS = (
    "Alder Birch Cedar Dune Ember Fjord Grove Harbor Iris Juniper Kestrel Lagoon Meadow Nimbus Orchard Pine Quartz "
    "Ridge Summit Tide Umber Vale Willow Yarrow Zephyr Anchor Beacon Canyon Delta Echo Falcon Glacier Horizon "
    "Indigo Jasper Knoll Lumen Mosaic Nova Opal Prairie Quill Raven Sable Thistle Unity Vertex Wharf Zenith"
)
CROWD_ENDINGS = ("Labs", "Logistics", "GmbH", "Foods", "Health", "Systems", "Studio", "Energy", "Partners", "Retail")
PLANS = {"starter": Decimal(79), "pro": Decimal(290), "business": Decimal(890), "enterprise": Decimal(2900)}
SEGMENTS = ("Small business", "Mid-market", "Enterprise")


@dataclass(frozen=True)
class Line:
    """One subscription; days are counted back from the story's day, negative ones lie ahead."""

    product: str
    mrr: str
    started: int
    ended: int | None = None
    currency: str = "EUR"


WORKING_DAYS = (0, 1, 2, 3, 4)
EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)


@dataclass(frozen=True)
class Phase:
    """How things are from so many days ago on: shares of events and users, weekdays, kinds of events used."""

    since: int = 10_000
    events: float = 1.0
    users: float = 1.0
    weekdays: tuple[int, ...] = WORKING_DAYS
    features: int = 8


@dataclass(frozen=True)
class Usage:
    """How a customer uses the product: events and users of a day, shaped by phases, oldest first."""

    events: int
    users: int
    phases: tuple[Phase, ...] = (Phase(),)
    seen_since: int = 119
    quiet_since: int = -1

    def phase(self, days_ago: int) -> Phase:
        return next((phase for phase in reversed(self.phases) if days_ago <= phase.since), self.phases[0])

    def is_quiet(self, days_ago: int, weekday: int) -> bool:
        """No use on that day: not yet, no more, or not on this weekday."""
        is_outside = days_ago > self.seen_since or days_ago <= self.quiet_since
        return is_outside or weekday not in self.phase(days_ago).weekdays


@dataclass(frozen=True)
class Ai:
    """AI calls of a working day at full use; `size` multiplies their tokens."""

    calls: int
    size: int = 1


@dataclass(frozen=True)
class Customer:
    """One customer: `external_id` in the import, `event_id` in events when it differs."""

    external_id: str
    name: str
    lines: tuple[Line, ...] = ()
    usage: Usage | None = None
    plan: str = "pro"
    segment: str = ""
    owner: str = ""
    renewal_in: int | None = None
    event_id: str = ""
    is_imported: bool = True
    projects: int = 3
    ai: Ai | None = None

    @property
    def id_in_events(self) -> str:
        return self.event_id or self.external_id


def steady(events: int, users: int, *, weekdays: tuple[int, ...] = WORKING_DAYS, **values: int) -> Usage:
    return Usage(events, users, (Phase(weekdays=weekdays),), **values)


def fading(
    events: int,
    users: int,
    *,
    since: int,
    to: float,
    people: float,
    weekdays: tuple[int, ...] = WORKING_DAYS,
    features: int = 8,
    **values: int,
) -> Usage:
    """Full use until `since` days ago, then a share of it, perhaps on fewer weekdays and of fewer kinds."""
    return Usage(events, users, (Phase(), Phase(since, to, people, weekdays, features)), **values)


def growing(events: int, users: int, *, by: float, **values: int) -> Usage:
    """The last 30 days bring `by` times the events of the time before, by more people."""
    return Usage(events, users, (Phase(users=0.7), Phase(30, by)), **values)


NAMED = (
    Customer(
        "org-457", "Globex Corporation", (Line("enterprise", "9800.00", 700),),
        # From daily use by everybody to two people on Tuesdays.
        Usage(56, 14, (Phase(), Phase(30, 1.8, 0.15, weekdays=(1,), features=2)), quiet_since=5), "enterprise",
        "Enterprise", owner="maya", renewal_in=41, projects=14,
    ),
    Customer(
        "org-201", "Umbrella Health", (Line("business", "3300.00", 420), Line("support", "900.00", 200)),
        steady(38, 11, quiet_since=33), "business", "Mid-market", owner="maya", renewal_in=75,
    ),
    Customer(
        "org-305", "Hooli", (Line("business", "2100.00", 300),), growing(44, 14, by=1.64), "business", "Mid-market",
        owner="jonas", projects=34, ai=Ai(8, size=3),
    ),
    Customer("org-318", "Initech", (Line("pro", "580.00", 250),), fading(30, 8, since=30, to=0.6, people=0.9), "pro",
             "Small business", owner="jonas"),
    Customer("org-322", "Vandelay Industries", (Line("business", "1780.00", 180),), growing(26, 10, by=1.45),
             "business", "Mid-market", owner="maya", ai=Ai(4)),
    Customer("org-330", "Wonka Foods", (Line("enterprise", "5200.00", 610),), steady(90, 26), "enterprise",
             "Enterprise", owner="jonas", renewal_in=25, projects=21, ai=Ai(6, size=2)),
    Customer("org-344", "Stark Energy", (Line("enterprise", "7400.00", 540),), steady(120, 33), "enterprise",
             "Enterprise", owner="maya", renewal_in=160, projects=28, ai=Ai(9, size=2)),
    # Pays little and lets the assistant write whole books.
    Customer("org-366", "Tyrell Media", (Line("starter", "79.00", 200),), steady(16, 5), "starter", "Small business",
             owner="jonas", projects=8, ai=Ai(12, size=2)),
    Customer("org-351", "Soylent Retail", (Line("pro", "290.00", 90),), None, "pro", "Small business"),
    Customer("org-352", "Massive Dynamic", (Line("business", "1450.00", 60),), None, "business", "Mid-market",
             owner="jonas"),
    # The same customer under two spellings: events say org_456, the file says org-456.
    Customer("org-456", "Acme Corporation", (Line("pro", "99.00", 660),), steady(24, 6), "pro", "Small business",
             owner="maya", event_id="org_456"),
    # Seen in events, in no file.
    Customer("trial-9041", "", (), steady(9, 2, seen_since=12), "starter", is_imported=False),
    Customer("trial-9077", "", (), steady(15, 3, seen_since=20), "starter", is_imported=False),
    Customer("weyland", "", (), steady(28, 7, seen_since=70), "pro", is_imported=False),
    # Gone in the past, each after its use had faded.
    Customer("org-401", "Pied Piper", (Line("business", "1200.00", 500, 34),),
             fading(30, 9, since=95, to=0.25, people=0.3, weekdays=(1,), features=2, quiet_since=36), "business",
             "Mid-market"),
    Customer("org-402", "Cyberdyne", (Line("enterprise", "4100.00", 620, 62),),
             fading(60, 18, since=112, to=0.3, people=0.3, quiet_since=60), "enterprise", "Enterprise"),
    Customer("org-403", "Bluth Homes", (Line("pro", "240.00", 300, 12),),
             fading(18, 5, since=70, to=0.35, people=0.5, quiet_since=15), "pro", "Small business"),
    Customer("org-404", "Dunder Paper", (Line("pro", "410.00", 400, 95),), steady(14, 4, quiet_since=92), "pro",
             "Small business"),
)  # fmt: skip

CAREFUL_IDS = (
    "acme north/eu 7",
    "Größe & Söhne",
    "株式会社サンプル",
    "<b>bold</b>&co",
    "<script>alert(1)</script>",
    'o\'brien "quoted"',
    "100%_sure",
    "../../etc/passwd",
    "=SUM(A1:A9)",
    "café-crème 🍰",
    "x" * 255,
    "عميل-٧",
    "org?id=9&x=1#top",
    "tab\u00a0space",
    "-42",
    "{{ 7|add:7 }}",
    "%(id)s {0} $1",
    "a\\b\\c",
    "null-ish",
    "ID with spaces",
)


def customers(count: int, day: date) -> Iterator[Customer]:
    """The named ones, then the crowd: `count` in all, a tenth of them with an id that needs care."""
    yield from NAMED[:count]
    careful = max(count // 10, 1)
    for index in range(len(NAMED), count):
        number = index - len(NAMED)
        odd = CAREFUL_IDS[number % len(CAREFUL_IDS)] if number < careful else ""
        if odd and number >= len(CAREFUL_IDS):
            odd = f"{odd[:240]}·{number}"
        yield passer_by(number, odd or f"org-{1000 + number}", random.Random(f"{day}:{number}"))


def passer_by(number: int, external_id: str, dice: random.Random) -> Customer:
    """One of the crowd: mostly well, some on their way down, up or out."""
    plan = dice.choices(list(PLANS), weights=(40, 35, 18, 7))[0]
    price = (PLANS[plan] * Decimal(dice.choice(("0.80", "0.90", "1.00", "1.00", "1.20")))).quantize(Decimal("0.01"))
    size = {"starter": 3, "pro": 6, "business": 12, "enterprise": 24}[plan]
    users = max(1, round(size * dice.uniform(0.6, 1.3)))
    started = dice.randint(40, 720)
    fate = dice.choices(("steady", "fading", "growing", "silent", "gone"), weights=(66, 14, 9, 4, 7))[0]
    ended = dice.randint(3, 330) if fate == "gone" and started > 45 else None
    ended = min(ended, started - 30) if ended else None
    lines = (Line(plan, str(price), started, ended), *upgrade(plan, price, started, ended, dice))
    return Customer(
        external_id,
        crowd_name(number),
        lines,
        usage_of(fate, users, started, ended, dice),
        plan,
        dict(zip(PLANS, ("Small business", *SEGMENTS), strict=True))[plan],
        owner=dice.choice(("maya", "jonas", "jonas", "")),
        renewal_in=dice.choice((None, None, dice.randint(5, 360))) if ended is None else None,
        projects=dice.randint(0, 6),
        ai=Ai(dice.randint(1, 3)) if dice.random() < 0.25 else None,
    )


def crowd_name(number: int) -> str:
    words = CROWD_WORDS.split()
    lap, place = divmod(number, len(words))
    more, ending = divmod(lap, len(CROWD_ENDINGS))
    return f"{words[place]} {CROWD_ENDINGS[ending]}{f' {more + 1}' if more else ''}"


def upgrade(plan: str, price: Decimal, started: int, ended: int | None, dice: random.Random) -> tuple[Line, ...]:
    """Some bought an add-on later, which is their expansion."""
    if ended is not None or started < 90 or dice.random() > 0.25:
        return ()
    return (Line("support", str((price * Decimal("0.25")).quantize(Decimal("0.01"))), dice.randint(5, started - 30)),)


def usage_of(fate: str, users: int, started: int, ended: int | None, dice: random.Random) -> Usage:
    per_user = dice.uniform(1.0, 2.2)
    events = max(2, round(users * per_user))
    seen = min(119, started)
    if fate == "fading":
        return fading(
            events,
            users,
            since=dice.randint(16, 50),
            to=dice.uniform(0.4, 0.9),
            people=dice.uniform(0.25, 0.5),
            weekdays=dice.choice(((0, 2), (1, 3), (0, 1, 3), (2,))),
            features=dice.randint(2, 4),
            seen_since=seen,
        )
    if fate == "growing":
        return growing(events, users, by=dice.uniform(1.35, 1.8), seen_since=seen)
    if fate == "silent":
        return steady(events, users, quiet_since=dice.randint(14, 45), seen_since=seen)
    if ended is not None:
        if dice.random() < 0.3:
            return steady(events, users, quiet_since=ended, seen_since=seen)  # nothing foretold it
        going = {"since": ended + 75, "to": 0.4, "people": 0.3, "weekdays": (1,), "features": 2}
        return fading(events, users, **going, seen_since=seen, quiet_since=ended)
    weekdays = EVERY_DAY if dice.random() < 0.2 else WORKING_DAYS
    return Usage(events, users, (Phase(weekdays=weekdays, features=dice.randint(4, 9)),), seen_since=seen)


def day_before(day: date, days: int) -> date:
    return day - timedelta(days=days)
