"""The rules of the supervisor; its whole life is a journey (tests/journeys/test_process_life.py)."""

import socket
import time

import pytest

from config import processes, supervisor
from config.backoffice.management.commands.run import read_port
from config.processes import Program
from config.supervisor import Child, Refused, Supervisor


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("BACKOFFICE_DATA_DIR", str(tmp_path))
    return tmp_path


def test_a_taken_port_is_refused_in_one_sentence():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Refused) as refused:
            supervisor.check_port(port)
    assert str(refused.value) == f"port {port} cannot be used (Address already in use); PORT={port + 1} takes another."


def test_a_port_that_was_just_left_is_free():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    supervisor.check_port(port)


@pytest.mark.parametrize("text", ["0", "65536", "-1", "８０００", "http", ""])
def test_a_port_that_is_no_port_is_refused(text):
    from django.core.management.base import CommandError

    with pytest.raises(CommandError, match="must be a number from 1 to 65535"):
        read_port(text)


def test_a_port():
    assert read_port("8001") == 8001


def test_two_supervisors_of_one_install_are_one_too_many():
    supervisor.take_lock(Supervisor(8005, print))
    with pytest.raises(Refused, match=r"it runs already: http://127\.0\.0\.1:8005/admin/ \(process \d+\)\."):
        supervisor.take_lock(Supervisor(8006, print))


def test_a_program_that_keeps_dying_is_restarted_with_growing_pauses(monkeypatch):
    monkeypatch.setattr(supervisor, "LONGEST_PAUSE", 0.8)
    said: list[str] = []
    child = Child(Program("worker", ("this_module_does_not_exist",), 1))
    restarts = 0
    while restarts < 3:
        restarts += child.look(said.append)
        time.sleep(0.02)
    processes.end(child.started)
    child.process.wait()
    pauses = [line.partition("again in ")[2].partition(";")[0] for line in said]
    assert pauses == ["0.5 s", "0.8 s", "0.8 s"]
    assert said[0].startswith("worker ended (exit code 1), starts again in 0.5 s; its log: ")


def test_a_program_that_dies_at_the_start_is_a_refusal_with_the_end_of_its_log(monkeypatch):
    said: list[str] = []
    running = Supervisor(8000, said.append)
    running._start(Program("web", ("this_module_does_not_exist",), 1))
    with pytest.raises(Refused, match=r"web ended at once \(exit code 1\); the end of .*web.log .*No module"):
        while True:
            running._wait_until_ready()
