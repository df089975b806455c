"""The life of an install as its owner sees it: start, deaths, end. Real processes, real signals."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.journey


class Install:
    """An empty install in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        own = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "FIELD_ENCRYPTION_KEYS")
        self.environment = {name: value for name, value in os.environ.items() if name not in own}
        self.environment |= {"BACKOFFICE_DATA_DIR": str(folder / "data"), "PORT": str(self.port)}

    def command(self, *arguments: str, **options) -> subprocess.Popen:
        command = [sys.executable, *arguments]
        return subprocess.Popen(command, cwd=CHECKOUT, env=self.environment, text=True, **options)

    def start(self) -> list[str]:
        """The lines printed until it is ready."""
        self.process = self.command("manage.py", "run", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        lines = []
        for line in self.process.stdout:
            lines.append(line.rstrip())
            if line.startswith("Ready:"):
                return lines
        raise AssertionError("\n".join(lines))

    def pid_of(self, name: str) -> int:
        running = json.loads((self.folder / "data" / "processes.json").read_text())
        return next(each["pid"] for each in running if each["name"] == name)

    def status(self, path: str) -> int:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status
        except OSError:
            return 0

    def leftovers(self) -> list[str]:
        """Every living process with this install's folder in its environment or command line."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                command = (process / "cmdline").read_text(errors="replace")
                if int(process.name) != os.getpid() and str(self.folder) in command + (process / "environ").read_text(
                    errors="replace"
                ):
                    found.append(command.replace("\0", " ") or process.name)
            except OSError:
                continue
        return found


def wait_until(condition, seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def install():
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    made = Install(folder)
    yield made
    if made.process.poll() is None:
        made.process.terminate()
        made.process.wait()
    wait_until(lambda: not made.leftovers())
    made.command("-c", "from config import embedded; embedded.remove()").wait()
    shutil.rmtree(folder)


def test_a_whole_life(install):
    first = install.start()
    names = [line.split()[0] for line in first]
    assert names == ["Address", "Login", "Application", "Secret", "Write", "API", "Logs", "Ready:"]
    assert first[-1] == f"Ready: http://127.0.0.1:{install.port}/admin/"
    assert install.status("/readyz") == 200

    second = install.command("manage.py", "run", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said, _ = second.communicate(timeout=30)
    assert second.returncode == 1
    assert f"it runs already: http://127.0.0.1:{install.port}/admin/" in said

    worker = install.pid_of("worker")
    os.kill(worker, signal.SIGKILL)
    assert wait_until(lambda: install.pid_of("worker") != worker)
    postmaster = install.folder / "data" / "services" / "postgres" / "data" / "postmaster.pid"
    os.kill(int(postmaster.read_text().split()[0]), signal.SIGKILL)
    assert wait_until(lambda: install.status("/readyz") == 200)

    began = time.monotonic()
    install.process.send_signal(signal.SIGTERM)
    assert install.process.wait(timeout=10) == 0
    assert time.monotonic() - began < 10
    assert install.leftovers() == []

    assert install.start() == first  # the same login, the same keys, the same data
    install.process.send_signal(signal.SIGINT)
    assert install.process.wait(timeout=10) == 0
    assert install.leftovers() == []


def test_nothing_outlives_a_killed_supervisor(install):
    first = install.start()
    install.process.kill()
    install.process.wait()
    # At once, while the rest is being cleaned up: the next start waits for it.
    again = install.start()
    assert again[-len(first) :] == first
    install.process.kill()
    install.process.wait()
    assert wait_until(lambda: install.leftovers() == [])
