"""Process settings as an installation's environment gives them, each in a process of its own."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

INSTALLED = {
    "DATABASE_URL": "postgresql://nobody@localhost/none",
    "REDIS_URL": "redis://localhost/0",
    "SECRET_KEY": "none",
    "FIELD_ENCRYPTION_KEYS": "none",
    "PATH": os.environ["PATH"],
}


def read(*names: str, **given: str) -> list[Any]:
    code = f"import json; from config import settings; print(json.dumps([getattr(settings, name) for name in {names}]))"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**INSTALLED, **given}, check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)


HSTS = ("SECURE_HSTS_SECONDS", "SECURE_HSTS_INCLUDE_SUBDOMAINS", "SECURE_HSTS_PRELOAD")


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"HTTPS": "1"}, [0, False, False]),
        ({"HSTS_SECONDS": "3600"}, [0, False, False]),
        ({"HTTPS": "1", "HSTS_SECONDS": "3600"}, [3600, False, False]),
        ({"HTTPS": "1", "HSTS_SECONDS": "3600", "HSTS_SUBDOMAINS": "1", "HSTS_PRELOAD": "1"}, [3600, True, True]),
    ],
)
def test_strict_transport_is_a_choice_of_its_own(given, sent):
    assert read(*HSTS, **given) == sent


def test_files_are_gathered_where_the_environment_says_so():
    found, storages = read("WHITENOISE_USE_FINDERS", "STORAGES", STATIC_ROOT="/srv/static")
    assert (found, storages["staticfiles"]["BACKEND"]) == (
        False,
        "whitenoise.storage.CompressedManifestStaticFilesStorage",
    )
