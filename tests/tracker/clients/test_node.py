"""Unmodified Node.js clients, locked in tests/clients/package-lock.json; without Node.js their tests are skipped."""

import fcntl
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

from tests.tracker.clients.conftest import EVENTS, check_stored

pytestmark = pytest.mark.clients
FOLDER = Path(settings.BASE_DIR) / "tests" / "clients"


def cannot(reason: str) -> None:
    """On a build server what is missing is a failure."""
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def node() -> str:
    """The Node.js to run the clients with; they are installed once."""
    found, npm = shutil.which("node"), shutil.which("npm")
    if not found or not npm:
        cannot("Node.js with npm is not installed")
    with (FOLDER / "package-lock.json").open() as locked:
        fcntl.flock(locked, fcntl.LOCK_EX)
        installed, wanted = FOLDER / "node_modules" / ".locked", (FOLDER / "package-lock.json").read_text()
        if not installed.exists() or installed.read_text() != wanted:
            done = subprocess.run(
                [npm, "ci", "--no-audit", "--no-fund"], check=False, cwd=FOLDER, capture_output=True, text=True
            )
            if done.returncode:
                cannot(f"npm could not install the clients: {done.stderr[-500:]}")
            installed.write_text(wanted)
    return found


@pytest.mark.parametrize(
    ("script", "library"), [("posthog.js", "posthog-node"), ("segment.js", "@segment/analytics-node")]
)
def test_node_client(node, road, product, script, library):
    command = [node, script, road.url, product.write_key, str(EVENTS)]
    done = subprocess.run(command, check=False, cwd=FOLDER, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == []
    check_stored(road, "report_opened", library)
