"""Hostile and broken requests, each with every acceptable answer (tests/tracker/cases/bad_ingest_sample.json)."""

import json
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from tests.tracker.sending import Product, body
from tracker import credentials
from tracker.applications import OVERLAP, deactivate, rotate
from tracker.models import ApplicationCredential, Event

SUITE = json.loads((Path(__file__).parent / "cases" / "bad_ingest_sample.json").read_text())
PATHS = {"events": "/v1/events", "batch": "/v1/events/batch", "segment": "/v1/batch", "posthog": "/batch/"}
# Those that pause a server, kill PostgreSQL or take every connection need an install of their own.
RUN_ELSEWHERE = {"I303": "test_faults.py", "I306": "test_crashes.py", "I309": "test_faults.py"}
LEAKS = ("Traceback", "SELECT ", "INSERT ", "/site-packages/", "/work/", "psycopg")

# Where a case leaves the choice: an event without an organization is stored; the good one beside a bad one is.
CHOSEN = {"I372": 1, "I381": 1}
NEEDS_COMMITS = {"I030", "I312", "I315", "I357"}


def cases(*, that_commit: bool) -> Iterator[object]:
    for case in SUITE["cases"]:
        if (case["id"] in NEEDS_COMMITS) != that_commit:
            continue
        # Bytes for a socket: test_server.py takes all that have some.
        if case["id"] in RUN_ELSEWHERE or "raw_request" in case:
            continue
        yield pytest.param(case, id=f"{case['id']}-{case['name']}")


def set_up(case: dict, product: Product, names: dict) -> None:
    """The cases that say so in words."""
    now = timezone.now()
    if case["id"] == "I030":
        product.send(body())
        deactivate(product.application, actor=None, now=now)
    elif case["id"] == "I033":
        names["OLD_SECRET"] = product.secret
        product.secret = rotate(product.application, "secret", actor=None, now=now - 2 * OVERLAP).encode()
    elif case["id"] == "I018":
        ApplicationCredential.objects.create(
            application=product.application, kind="secret", sealed=b"", digest=b"x", hint="", created_at=now
        )
    elif case["id"] == "I294":
        Product("Other").send(body(), idempotency_key="k-3")
    elif case["id"] == "I318":
        ApplicationCredential.objects.update(sealed=b"sealed with a lost key")
    elif case["id"] == "I312":
        credentials.find(str(product.application.uuid))
        with connection.cursor() as cursor:
            cursor.execute(
                f'ALTER DATABASE "{connection.settings_dict["NAME"]}" SET default_transaction_read_only = on'
            )
    elif case["id"] == "I315":
        type(product.application).objects.update(events_per_second=2)


def make_writable() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = off")
        cursor.execute(f'ALTER DATABASE "{connection.settings_dict["NAME"]}" RESET default_transaction_read_only')


def send(case: dict, raw: bytes, names: dict, product: Product):
    sign = case["sign"]
    headers = {"x-app-uuid": names["APP_UUID"], "Content-Type": "application/json"}
    if sign == "ok":
        headers["x-signature"] = product.sign(raw)
    elif sign.startswith("py:"):
        headers["x-signature"] = eval(sign[3:], {**names, "body": raw})
    for name, value in case.get("headers", {}).items():
        headers[name] = eval(value[3:], {**names, "body": raw}) if value and value.startswith("py:") else value
    headers = {name: value for name, value in headers.items() if value is not None}
    content_type = headers.pop("Content-Type", "")
    return Client(raise_request_exception=True).generic(
        case["method"], PATHS[case["endpoint"]], raw, content_type=content_type, headers=headers
    )


def send_in_thread(*args):
    try:
        return send(*args)
    finally:
        connection.close()


def is_expected(status: int, wanted: list) -> bool:
    return any(status == each or (each == "2xx" and 200 <= status < 300) for each in wanted)


def expected_rows(case: dict, answers: list) -> int | None:
    delta = CHOSEN.get(case["id"], case["expect"]["stored_delta"])
    if isinstance(delta, str) and delta.isdigit():
        return int(delta)
    if delta == "1 if 2xx else 0":
        return sum(200 <= answer.status_code < 300 for answer in answers)
    return delta if isinstance(delta, int) else None


@pytest.mark.parametrize(("case_id", "file"), RUN_ELSEWHERE.items())
def test_what_is_not_run_here_is_run_there(case_id, file):
    journeys = Path(__file__).parent.parent / "journeys"
    assert f"Case {case_id}" in (journeys / file).read_text()


@pytest.mark.django_db
@pytest.mark.parametrize("case", list(cases(that_commit=False)))
def test_case(case):
    def send_all(*args) -> list:
        return [send(*args) for _ in range(case.get("repeat", 1))]

    run(case, send_all)


@pytest.mark.usefixtures("events_table")
@pytest.mark.parametrize("case", list(cases(that_commit=True)))
def test_case_that_commits(case):
    def send_all(*args) -> list:
        with ThreadPoolExecutor(min(case.get("concurrency", 1), 4)) as pool:
            jobs = [pool.submit(send_in_thread, *args) for _ in range(min(case.get("repeat", 1), 60))]
            return [job.result() for job in jobs]

    run(case, send_all)


def run(case: dict, send_all: Callable) -> None:
    product = Product()
    names = {
        "APP_UUID": str(product.application.uuid),
        "SECRET": product.secret,
        "WRITE_KEY": product.write_key,
        "MAX_BODY": 32_768,
        "MAX_BATCH": 10_000,
    }
    exec(SUITE["meta"]["prelude"], names)
    names["ph"].__kwdefaults__ = {"key": product.write_key}
    set_up(case, product, names)
    before = 0 if case["id"] == "I294" else Event.objects.count()
    raw = eval(case.get("body", "b''"), names)
    answers = send_all(case, raw, names, product)
    if case["id"] == "I300":
        answers.append(send(case, raw.replace(b"1767225599", b"1767225600"), names, product))
    for answer in answers:
        check_answer(case, answer)
    stored = Event.objects.count() - before
    rows = expected_rows(case, answers)
    assert stored == rows if rows is not None else stored >= 99
    check_canary(case, product)


def check_answer(case: dict, answer) -> None:
    text = answer.content.decode()
    assert is_expected(answer.status_code, case["expect"]["status"]), (answer.status_code, text)
    if answer.status_code >= 400:
        assert not [leak for leak in LEAKS if leak in text]
        wanted = case["expect"].get("error_contains_any")
        assert not wanted or any(each in text for each in wanted), text
        assert {"code", "message", "detail", "field"} == set(json.loads(text))
    if answer.status_code == 405:
        assert "POST" in answer["Allow"]


def check_canary(case: dict, product: Product) -> None:
    """Whatever came before, a good event is stored."""
    if case["id"] in ("I030", "I318", "I315"):
        return
    if case["id"] == "I312":
        make_writable()
    before = Event.objects.count()
    assert product.send(body(event_id=str(uuid.uuid4()))).status_code == 201
    assert Event.objects.count() == before + 1
