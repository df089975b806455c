"""Ending processes for certain, and never the wrong ones."""

import os
import signal
import subprocess
import sys
import time

import pytest

from config import processes
from config.processes import Program, Started

# Each leaves a child in its group and says when it is ready.
HEEDS = """
import signal, subprocess
print(subprocess.Popen(["sleep", "60"]).pid, flush=True)
signal.pause()
"""
IGNORES = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)" + HEEDS


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("BACKOFFICE_DATA_DIR", str(tmp_path))
    return tmp_path


def begin(code: str, patience: float = 5) -> tuple[subprocess.Popen, Started, int]:
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True)
    child = int(process.stdout.readline())
    return process, processes.describe(Program("it", (), patience), process), child


def is_gone(pid: int) -> bool:
    for _ in range(100):
        if processes.tick_of(pid) is None:
            return True
        time.sleep(0.02)
    return False


def test_ending_takes_the_children_along():
    process, started, child = begin(HEEDS)
    processes.end(started)
    assert process.wait() == -signal.SIGTERM
    assert is_gone(child)


def test_one_that_does_not_heed_is_killed_when_patience_ends():
    process, started, child = begin(IGNORES, patience=0.3)
    began = time.monotonic()
    processes.end(started)
    assert 0.3 <= time.monotonic() - began < 3
    assert process.wait() == -signal.SIGKILL
    assert is_gone(child)


def test_children_of_a_dead_leader_are_ended_too():
    process, started, child = begin(HEEDS)
    process.kill()
    process.wait()
    processes.end(started)
    assert is_gone(child)


def test_a_later_process_of_the_same_number_is_left_alone():
    process, started, child = begin(HEEDS)
    earlier = Started(started.name, started.pid, started.tick + 1, 0)
    processes.end(earlier)
    assert process.poll() is None
    assert processes.tick_of(child) is not None
    processes.end(started)


def test_what_runs_is_remembered_for_the_next_start(data):
    process, started, _ = begin(HEEDS)
    processes.remember([started])
    assert processes.remembered() == [started]
    assert (data / "processes.json").stat().st_mode & 0o777 == 0o600
    processes.end_remembered()
    assert process.wait() == -signal.SIGTERM
    assert processes.remembered() == []


def test_a_zombie_is_dead():
    process = subprocess.Popen(["true"])
    started = processes.describe(Program("it", (), 1), process)
    time.sleep(0.2)
    assert not processes.is_alive(started)
    process.wait()


def test_this_process_is_alive():
    assert processes.is_alive(Started("me", os.getpid(), processes.tick_of(os.getpid()), 0))


def test_the_order_is_web_worker_beat():
    assert [each.name for each in processes.programs(8000)] == ["web", "worker", "beat"]


def test_stopping_all_fits_into_ten_seconds():
    """The embedded services take about one."""
    assert sum(each.patience for each in processes.programs(8000)) <= 8


def test_a_large_log_makes_way(data, monkeypatch):
    monkeypatch.setattr(processes, "LARGEST_LOG", 10)
    processes.log_file("web").write_text("more than ten characters")
    assert not processes.log_file("web").exists()
    assert (data / "logs" / "web.log.1").read_text() == "more than ten characters"
