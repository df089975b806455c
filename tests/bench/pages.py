"""Server time of every page people open: each list with each sort and each filter that it offers.

The addresses come from the pages themselves: every place of the navigation, every link of it that starts with `?` and
every option of its GET forms. Each address is opened once to warm up and count queries, then measured `TIMES` times;
CPU of the web process and of its PostgreSQL backend together, the best of them: other programs only ever add to it.
"""

import statistics
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from config import db
from config.backoffice import pages
from signals.models import Signal

TIMES = 3
MOST_OPTIONS = 12
LIST_MS, TODAY_MS, ORGANIZATION_MS = 150, 200, 250
# No lists, or pages that compute an answer of their own and have a figure of their own.
ELSEWHERE = {"today", "insights", "revenue", "matrix", "weekly", "settings", "digest"}
DRILLS = ("days", "months", "cohorts", "lifetime", "renewals", "scheduled", "unconverted", "discounts")
# A link that does something else than showing the same list otherwise.
NO_LIST = ("export", "cancel")


@dataclass(frozen=True)
class Measured:
    address: str
    ms: float
    web_ms: float
    queries: int


class Offered(HTMLParser):
    """The ways a page offers to see its list otherwise, each as the part of an address after the question mark."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, None] = {}
        self.is_get, self.name, self.options = False, "", 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and given.get("href", "").startswith("?"):
            self.add(given["href"][1:])
        elif tag == "form":
            self.is_get = given.get("method", "get").lower() == "get" and not given.get("action", "").startswith("/")
        elif tag == "select":
            self.name, self.options = given.get("name", "") if self.is_get else "", 0
        elif tag == "option" and self.name and given.get("value"):
            self.options += 1
            if self.options <= MOST_OPTIONS:
                self.add(urlencode({self.name: given["value"]}))
        elif tag == "input" and self.is_get and given.get("type") in ("radio", "checkbox") and given.get("value"):
            self.add(urlencode({given["name"]: given["value"]}))

    def handle_endtag(self, tag: str) -> None:
        self.name = "" if tag == "select" else self.name
        self.is_get = False if tag == "form" else self.is_get

    def add(self, query: str) -> None:
        asked = dict(parse_qsl(query))
        if asked and asked.get("p") != "…" and not any(name in asked for name in NO_LIST):
            self.found[urlencode(asked)] = None


def addresses(client: Client, address: str) -> list[str]:
    """A page and every way it offers to see its list; searches too, where it has a search."""
    page = client.get(address)
    text, offered = page.content.decode(), Offered()
    offered.feed(text)
    if 'name="q"' in text:
        offered.add("q=org-77")
    joint = "&" if urlsplit(address).query else "?"
    return [address, *(f"{address}{joint}{query}" for query in offered.found)]


def measured(client: Client, address: str) -> Measured:
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(address)
    queries, taken = len(captured), []
    assert answer.status_code == 200, (address, answer.status_code)
    for _ in range(TIMES):
        web, backend = time.process_time(), backend_ms()
        client.get(address)
        web = (time.process_time() - web) * 1000
        taken.append((web + backend_ms() - backend, web))
    return Measured(address, *min(taken), queries)


def backend_ms() -> float:
    """CPU of the PostgreSQL process behind our connection so far, without that of its parallel workers."""
    with connection.cursor() as cursor:
        pid = cursor.connection.info.backend_pid
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e6


def lists() -> Iterator[str]:
    """Every list of the navigation, and those behind the numbers of the revenue page."""
    for page in pages.all_pages():
        if page.group and page.name not in ELSEWHERE:
            yield page.url
    yield from (f"/admin/revenue/{name}/" for name in DRILLS)
    yield "/admin/backoffice/jobrun/"
    yield "/admin/tracker/price/"


def table(client: Client, title: str, goal: int, found: Iterable[str]) -> list[Measured]:
    """One line of the table: median and most of all ways to see a page; those above the goal are given back."""
    taken = [measured(client, address) for address in found]
    most = max(taken, key=lambda each: each.ms)
    middle = statistics.median(each.ms for each in taken)
    queries = max(each.queries for each in taken)
    over = [each for each in taken if each.ms > goal]
    print(
        f"{title:<34} {len(taken):4} {middle:7.0f} {most.ms:7.0f} {most.web_ms:6.0f} {queries:5} {len(over):4}  "
        f"{most.address.removeprefix(title)}",
        flush=True,
    )
    return over


def main(only: str = "") -> None:
    """The whole table, then what is above its goal; `only`: the pages whose address contains it."""
    db.run("ANALYZE")
    client = Client(headers={"host": "localhost"})
    client.force_login(get_user_model().objects.get(username="ada"))
    print(
        f"{'CPU in ms, web and PostgreSQL':<34} {'ways':>4} {'median':>7} {'most':>7} {'web':>6} {'SQL':>5} over  where"
    )
    over = []
    scopes = [f"/admin/?scope={scope}" for scope in ("mine", "team", "all")]
    if only in "today":
        over += table(client, "/admin/", TODAY_MS, scopes)
    for address in lists():
        if only in address:
            over += table(client, address, LIST_MS, addresses(client, address))
    signals = Signal.objects.order_by("-money_at_stake").values_list("organization", flat=True)[:20]
    found = [f"/admin/orgs/organization/{pk}/change/" for pk in dict.fromkeys(signals)]
    if found and only in found[0]:
        over += table(client, "page of an organization", ORGANIZATION_MS, found)
    print(f"{len(over)} above the goal ({LIST_MS} ms; Today {TODAY_MS}, organization {ORGANIZATION_MS}):")
    for each in sorted(over, key=lambda each: -each.ms):
        print(f"  {each.ms:6.0f} ms, {each.web_ms:.0f} of them web, {each.queries} queries  {each.address}")
