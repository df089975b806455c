"""Stylesheets and scripts: as they are written while trying out, gathered, hashed and compressed in an installation."""

import re

import pytest
from django.conf import settings as process
from django.core.management import call_command

pytestmark = pytest.mark.django_db
CSS = "/static/backoffice/app.css"


def files_of(page: str) -> list[str]:
    return re.findall(r'(?:src|href)="(/static/[^"]+)"', page)


def test_a_fresh_clone_serves_what_is_written_and_browsers_ask_each_time(client):
    assert process.STATIC_ROOT is None
    asked = files_of(client.get("/admin/login/").content.decode())
    assert {CSS, "/static/backoffice/icon.svg"} <= set(asked)
    for address in asked:
        answer = client.get(address)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "max-age=0, public")
        assert client.get(address, headers={"If-Modified-Since": answer.headers["Last-Modified"]}).status_code == 304


def test_an_installation_serves_small_files_that_browsers_keep(client, settings, tmp_path):
    settings.STATIC_ROOT = str(tmp_path)
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": settings.GATHERED}}
    settings.WHITENOISE_USE_FINDERS = False
    not_asked_for = ["import_export", "rest_framework", "redoc"]
    call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=not_asked_for)

    asked = files_of(client.get("/admin/login/").content.decode()) + files_of(client.get("/api/docs/").content.decode())
    assert CSS not in asked
    assert any(re.fullmatch(r"/static/backoffice/app\.[0-9a-f]{12}\.css", address) for address in asked)
    for address in asked:
        answer = client.get(address, headers={"Accept-Encoding": "gzip"})
        assert (answer.status_code, "immutable" in answer.headers["Cache-Control"]) == (200, True)
        if address.endswith((".css", ".js")) and int(answer.headers["Content-Length"]) > 2000:
            assert answer.headers["Content-Encoding"] == "gzip"
